/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "docker/internal.h"

/* Docker 25 and later speak it; those before cannot load layers that zstd compressed. */
#define API "http://docker/v1.44"

int mp_docker_new(const char *socket, struct mp_docker **ret, struct mp_err *err)
{
	auto_(mp_docker) *d = calloc(1, sizeof(*d));
	struct mp_http_client_config config = {.unix_socket = socket,
					       .user_agent = "microplatform",
					       .connect_timeout = 5,
					       .stall_timeout = 60,
					       .stall_rate = 1};
	int r;

	if (!d)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = mp_http_client_new(&config, &d->http, err);
	config.stall_timeout = 900;
	if (r == 0)
		r = mp_http_client_new(&config, &d->slow, err);
	if (r == 0)
		*ret = take_ptr(d);
	return r;
}

void mp_docker_free(struct mp_docker *d)
{
	if (!d)
		return;
	mp_http_client_free(d->http);
	mp_http_client_free(d->slow);
	free(d);
}

static int say_not_running(int code, struct mp_err *err)
{
	struct mp_err inner = {0};

	if (err)
		inner = *err;
	switch (code) {
	case -ENOENT:
	case -ECONNREFUSED:
	case -EHOSTUNREACH:
		return mp_err_set(err, code, "Docker does not run: %s", inner.text);
	case -ETIMEDOUT:
		return mp_err_set(err, code, "Docker does not answer in time: %s", inner.text);
	default:
		return code;
	}
}

int mp_docker_request(struct mp_docker *d, const struct mp_http_call *call, const char *path,
		      struct mp_buf *into, int *ret_status, struct mp_err *err)
{
	auto_free char *url = mp_str_format(API "%s", path);
	struct mp_http_call full = *call;
	struct mp_http_result result;
	int r;

	if (!url)
		return mp_err_set(err, -ENOMEM, "out of memory");
	full.url = url;
	full.into = into;
	r = mp_http_call(call->source ? d->slow : d->http, &full, &result, err);
	if (r < 0)
		return say_not_running(r, err);
	*ret_status = result.status;
	return 0;
}

int mp_docker_refused(const struct mp_buf *answer, int status, const char *what, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	const char *reason = NULL;

	if (mp_json_parse(mp_buf_str(answer), answer->len, &doc, NULL) == 0)
		reason = mp_json_str(mp_json_get(doc, "message"), NULL);
	if (reason)
		return mp_err_set(err, -EREMOTEIO, "Docker refused to %s: %s", what, reason);
	return mp_err_set(err, -EREMOTEIO, "Docker refused to %s: status %d", what, status);
}

static int parse_answer(const struct mp_buf *answer, const char *what, struct mp_json **ret,
			struct mp_err *err)
{
	int r;

	if (!ret)
		return 0;
	r = mp_json_parse(mp_buf_str(answer), answer->len, ret, err);
	return r < 0 ? mp_err_wrap(err, r, "Docker's answer when asked to %s", what) : 0;
}

int mp_docker_call(struct mp_docker *d, const char *method, const char *path,
		   const struct mp_json *body, int also, const char *what, struct mp_json **ret,
		   struct mp_err *err)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	struct mp_http_call call = {.method = method, .headers = headers};
	MP_BUF(sent, DOCKER_ANSWER_MAX);
	MP_BUF(answer, DOCKER_ANSWER_MAX);
	int status = 0, r = 0;

	if (body) {
		r = mp_json_format(body, &sent);
		call.body = sent.data;
		call.body_len = sent.len;
	}
	if (r < 0)
		return mp_err_set(err, r, "cannot write the request to %s", what);
	r = mp_docker_request(d, &call, path, &answer, &status, err);
	if (r < 0)
		return r;
	if (status == also || status == 304)
		return status;
	if (status / 100 != 2)
		return mp_docker_refused(&answer, status, what, err);
	return parse_answer(&answer, what, ret, err);
}

int mp_docker_ping(struct mp_docker *d, char ret_version[32], struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	const char *version;
	int r = mp_docker_call(d, "GET", "/version", NULL, 0, "tell its version", &doc, err);

	if (r == 0)
		r = mp_json_read_str(doc, "Version", &version, err);
	if (r < 0)
		return r;
	snprintf(ret_version, 32, "%.31s", version);
	return 0;
}
