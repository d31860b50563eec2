/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "fetch.h"
#include "json/json.h"

#define STALL_SECONDS 30
#define STALL_RATE 256 /* bytes a second: slower is as good as dead */

int fetch_client(struct fetch *f, struct mp_http_client **client, struct mp_err *err)
{
	bool with_cert = f->identity.cert[0] && mp_file_exists(f->identity.cert);

	if (*client)
		return 0;
	return mp_http_client_new(
		&(struct mp_http_client_config){.ca_file = f->config.ca[0] ? f->config.ca : NULL,
						.cert_file = with_cert ? f->identity.cert : NULL,
						.key_file = with_cert ? f->identity.key : NULL,
						.user_agent = "mp-fetch",
						.stall_timeout = STALL_SECONDS,
						.stall_rate = STALL_RATE},
		client, err);
}

static int code_of(int status)
{
	switch (status) {
	case 401:
	case 403:
		return -EPERM;
	case 404:
	case 410:
		return -ENOENT;
	case 409:
		return -EEXIST;
	case 408:
	case 429:
		return -EREMOTEIO;
	default:
		return status >= 500 ? -EREMOTEIO : -EPROTO;
	}
}

int fetch_status_error(int status, const char *what, struct mp_err *err)
{
	int r = code_of(status);

	if (r == -EPERM)
		return mp_err_set(err, r, "the server does not let this device in (%d): %s", status,
				  what);
	if (r == -EREMOTEIO)
		return mp_err_set(err, r, "the server cannot answer now (%d): %s", status, what);
	return mp_err_set(err, r, "the server answered %d: %s", status, what);
}

/* What the server says about its refusal: {"error": ...} of ours, {"message": ...} of hawkBit. */
static void say_why(const struct mp_buf *body, const char *url, char *ret, size_t room)
{
	auto_(mp_json) *doc = NULL;
	const char *why = "";

	if (body->len && mp_json_parse(body->data, body->len, &doc, NULL) == 0) {
		why = mp_json_str(mp_json_get(doc, "error"), "");
		if (!*why)
			why = mp_json_str(mp_json_get(doc, "message"), "");
	}
	snprintf(ret, room, "%s", *why ? why : url);
}

int fetch_request(struct fetch *f, const struct fetch_request *q, struct mp_buf *out,
		  struct mp_err *err)
{
	const char *headers[4] = {"Accept: application/hal+json, application/json, */*"};
	struct mp_http_result res;
	char type[80], why[300];
	unsigned n = 1;
	int r = fetch_client(f, &f->small, err);

	if (r < 0)
		return r;
	if (q->authorization || f->identity.header[0])
		headers[n++] = q->authorization ? q->authorization : f->identity.header;
	snprintf(type, sizeof(type), "Content-Type: %s",
		 q->content_type ? q->content_type : "application/json");
	if (q->body)
		headers[n++] = type;
	r = mp_http_call(f->small,
			 &(struct mp_http_call){.method = q->method,
						.url = q->url,
						.headers = headers,
						.body = q->body,
						.body_len = q->body ? strlen(q->body) : 0,
						.into = out},
			 &res, err);
	if (r < 0 || (res.status >= 200 && res.status < 300))
		return r;
	say_why(out, q->url, why, sizeof(why));
	return fetch_status_error(res.status, why, err);
}
