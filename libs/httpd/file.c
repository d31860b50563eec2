/* SPDX-License-Identifier: Apache-2.0
 * Files: whole, one range, or several as multipart/byteranges (RFC 9110, sections 13 and 14). */
#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "httpd/range.h"

#define BOUNDARY "THIS_STRING_SEPARATES"

static void http_date(int64_t seconds, char *ret, size_t room)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(ret, room, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void add_headers(struct mp_request *rq, const struct mp_reply_file *f, const char *type)
{
	char date[64];

	mp_reply_header(rq, "Accept-Ranges", "bytes");
	mp_reply_header(rq, "ETag", f->etag);
	if (type)
		mp_reply_header(rq, "Content-Type", type);
	if (f->disposition)
		mp_reply_header(rq, "Content-Disposition", f->disposition);
	if (f->modified) {
		http_date(f->modified, date, sizeof(date));
		mp_reply_header(rq, "Last-Modified", date);
	}
}

/* hawkBit compares the tag without its quotes, RFC 9110 with them: both are right here. */
static bool is_tag(const char *given, const char *etag)
{
	size_t len = strlen(etag);

	if (strcmp(given, "*") == 0 || strcmp(given, etag) == 0)
		return true;
	return len >= 2 && strlen(given) == len - 2 && memcmp(given, etag + 1, len - 2) == 0;
}

/* ---- several ranges ---- */

struct part {
	struct mp_range range;
	char head[192];
	size_t head_len;
	uint64_t at; /* where its head begins in the body */
};

struct parts {
	int fd;
	size_t n;
	uint64_t total;
	struct part part[];
};

static const char tail[] = "\r\n--" BOUNDARY "--\r\n";

static void parts_free(void *user)
{
	struct parts *p = user;

	close(p->fd);
	free(p);
}

static uint64_t range_len(const struct mp_range *r)
{
	return r->last - r->first + 1;
}

static struct parts *parts_new(const struct mp_reply_file *f, const struct mp_range *ranges,
			       size_t n)
{
	struct parts *p = calloc(1, sizeof(*p) + n * sizeof(p->part[0]));

	if (!p)
		return NULL;
	p->fd = f->fd;
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		struct part *one = &p->part[i];
		int len = snprintf(
			one->head, sizeof(one->head),
			"%s--" BOUNDARY "\r\nContent-Type: %.64s\r\n"
			"Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
			i ? "\r\n" : "", f->type, ranges[i].first, ranges[i].last, f->size);

		one->range = ranges[i];
		one->head_len = (size_t)len;
		one->at = p->total;
		p->total += one->head_len + range_len(&ranges[i]);
	}
	p->total += sizeof(tail) - 1;
	return p;
}

static ssize_t from_memory(const char *text, size_t len, uint64_t skip, char *data, size_t room)
{
	size_t left = len - (size_t)skip, n = left < room ? left : room;

	memcpy(data, text + skip, n);
	return (ssize_t)n;
}

static ssize_t read_parts(void *user, uint64_t at, char *data, size_t room)
{
	struct parts *p = user;
	size_t i = p->n - 1;
	struct part *one;
	uint64_t in, left;
	ssize_t n;

	while (i > 0 && p->part[i].at > at)
		i--;
	one = &p->part[i];
	in = at - one->at;
	if (in < one->head_len)
		return from_memory(one->head, one->head_len, in, data, room);
	in -= one->head_len;
	if (in >= range_len(&one->range)) {
		in -= range_len(&one->range);
		return from_memory(tail, sizeof(tail) - 1, in, data, room);
	}
	left = range_len(&one->range) - in;
	n = pread(p->fd, data, left < room ? left : room, (off_t)(one->range.first + in));
	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void reply_parts(struct mp_request *rq, const struct mp_reply_file *f,
			const struct mp_range *ranges, size_t n)
{
	struct parts *p = parts_new(f, ranges, n);
	struct MHD_Response *r;

	if (!p) {
		close(f->fd);
		mp_reply_empty(rq, 503);
		return;
	}
	r = MHD_create_response_from_callback(p->total, 65536, read_parts, p, parts_free);
	if (!r)
		parts_free(p);
	mp_request_answer(rq, 206, r);
	add_headers(rq, f, "multipart/byteranges; boundary=" BOUNDARY);
}

/* ---- one range, or all ---- */

static void reply_part(struct mp_request *rq, int status, const struct mp_reply_file *f,
		       uint64_t first, uint64_t len)
{
	struct MHD_Response *r;

	if (len == 0) {
		close(f->fd);
		mp_reply_empty(rq, status);
	} else {
		r = MHD_create_response_from_fd_at_offset64(len, f->fd, first);
		if (!r)
			close(f->fd);
		mp_request_answer(rq, status, r);
	}
	add_headers(rq, f, f->type);
}

static void refuse(struct mp_request *rq, int status, const struct mp_reply_file *f)
{
	close(f->fd);
	mp_reply_empty(rq, status);
	add_headers(rq, f, NULL);
}

void mp_reply_file(struct mp_request *rq, const struct mp_reply_file *f)
{
	const char *match = mp_request_header(rq, "If-Match");
	const char *if_range = mp_request_header(rq, "If-Range");
	struct mp_range ranges[MP_RANGES];
	char text[96];
	int n = 0;

	if (match && !is_tag(match, f->etag)) {
		refuse(rq, 412, f);
		return;
	}
	if (mp_request_has_etag(rq, f->etag)) {
		refuse(rq, 304, f);
		return;
	}
	if (!if_range || is_tag(if_range, f->etag))
		n = mp_range_parse(mp_request_header(rq, "Range"), f->size, ranges, MP_RANGES);
	if (n == 0) {
		reply_part(rq, 200, f, 0, f->size);
	} else if (n == 1) {
		reply_part(rq, 206, f, ranges[0].first, range_len(&ranges[0]));
		snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
			 ranges[0].first, ranges[0].last, f->size);
		mp_reply_header(rq, "Content-Range", text);
	} else if (n > 1) {
		reply_parts(rq, f, ranges, (size_t)n);
	} else {
		refuse(rq, 416, f);
		snprintf(text, sizeof(text), "bytes */%" PRIu64, f->size);
		mp_reply_header(rq, "Content-Range", text);
	}
}
