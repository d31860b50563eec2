/* SPDX-License-Identifier: Apache-2.0
 * Answers from memory, answers given often, and streams without an end. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void mp_request_drop_answer(struct mp_request *rq)
{
	if (rq->response && !rq->shared)
		MHD_destroy_response(rq->response);
	rq->response = NULL;
	rq->shared = false;
}

void mp_request_answer(struct mp_request *rq, int status, struct MHD_Response *response)
{
	mp_request_drop_answer(rq);
	rq->response = response;
	rq->status = (unsigned)status;
}

bool mp_request_is_answered(const struct mp_request *rq)
{
	return rq->response != NULL;
}

void mp_reply(struct mp_request *rq, int status, const char *type, const void *body, size_t len)
{
	/* libmicrohttpd copies, and asks for a pointer without const. */
	struct MHD_Response *r = MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
								 MHD_RESPMEM_MUST_COPY);

	mp_request_answer(rq, status, r);
	if (r && type)
		(void)MHD_add_response_header(r, "Content-Type", type);
}

void mp_reply_text(struct mp_request *rq, int status, const char *text)
{
	mp_reply(rq, status, "text/plain; charset=utf-8", text, strlen(text));
}

void mp_reply_empty(struct mp_request *rq, int status)
{
	mp_reply(rq, status, NULL, "", 0);
}

void mp_reply_header(struct mp_request *rq, const char *name, const char *value)
{
	if (rq->response)
		(void)MHD_add_response_header(rq->response, name, value);
}

/* ---- given often: both forms are made once and counted by libmicrohttpd ---- */

struct mp_answer {
	struct MHD_Response *full, *unchanged; /* the second for 304; NULL without an entity tag */
	unsigned status;
	char etag[80];
};

int mp_answer_new(int status, const char *type, const char *etag, const void *body, size_t len,
		  struct mp_answer **ret)
{
	auto_(mp_answer) *a = calloc(1, sizeof(*a));

	if (!a || strlen(etag ? etag : "") >= sizeof(a->etag))
		return a ? -EFBIG : -ENOMEM;
	a->status = (unsigned)status;
	a->full = MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
						  MHD_RESPMEM_MUST_COPY);
	if (!a->full ||
	    (type && MHD_add_response_header(a->full, "Content-Type", type) != MHD_YES) ||
	    (etag && MHD_add_response_header(a->full, "ETag", etag) != MHD_YES))
		return -ENOMEM;
	if (etag)
		strcpy(a->etag, etag);
	*ret = take_ptr(a);
	return 0;
}

int mp_answer_header(struct mp_answer *a, const char *name, const char *value)
{
	return MHD_add_response_header(a->full, name, value) == MHD_YES ? 0 : -ENOMEM;
}

void mp_answer_free(struct mp_answer *a)
{
	if (!a)
		return;
	if (a->full)
		MHD_destroy_response(a->full);
	if (a->unchanged)
		MHD_destroy_response(a->unchanged);
	free(a);
}

static struct MHD_Response *unchanged(struct mp_answer *a)
{
	if (a->unchanged)
		return a->unchanged;
	a->unchanged =
		MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
	if (a->unchanged)
		(void)MHD_add_response_header(a->unchanged, "ETag", a->etag);
	return a->unchanged;
}

void mp_reply_answer(struct mp_request *rq, struct mp_answer *a)
{
	struct MHD_Response *r = a->full;
	unsigned status = a->status;

	if (a->etag[0] && mp_request_has_etag(rq, a->etag)) {
		r = unchanged(a);
		status = 304;
	}
	mp_request_answer(rq, (int)status, r);
	rq->shared = true;
}

/* ---- streams ---- */

static ssize_t on_read(void *user, uint64_t at, char *data, size_t room)
{
	struct mp_request *rq = user;
	int n = rq->read(rq->read_user, data, room < INT32_MAX ? room : INT32_MAX);

	(void)at;
	if (n > 0)
		return n;
	if (n < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	rq->resting = true;
	MHD_suspend_connection(rq->connection);
	return 0;
}

void mp_reply_stream(struct mp_request *rq, const char *type,
		     int (*read)(void *user, char *data, size_t room), void *user)
{
	struct MHD_Response *r =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, on_read, rq, NULL);

	rq->read = read;
	rq->read_user = user;
	mp_request_answer(rq, 200, r);
	if (r)
		(void)MHD_add_response_header(r, "Content-Type", type);
}

void mp_reply_wake(struct mp_request *rq)
{
	if (!rq->resting)
		return;
	rq->resting = false;
	MHD_resume_connection(rq->connection);
	mp_httpd_kick(rq->h);
}
