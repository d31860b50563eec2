/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - HTTP requests over TCP or a UNIX socket, one at a time (wraps libcurl)
 *
 *     auto_(mp_http_client) *c = NULL;
 *     r = mp_http_client_new(&(struct mp_http_client_config){ .ca_file = ca }, &c, &err);
 *     MP_BUF(body, 1 << 20);
 *     r = mp_http_call(c, &(struct mp_http_call){ .method = "GET", .url = url, .into = &body }, &res, &err);
 *
 * Connections are kept alive between calls. Redirects are not followed. Only http and https.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

struct mp_http_client_config { /* all borrowed during _new; NULL or 0: none, or the default */
	const char *ca_file; /* trust these alone; NULL: the system's */
	const char *cert_file, *key_file; /* our client certificate, PEM */
	const char *unix_socket; /* connect here whatever the URL's host is */
	const char *user_agent;
	unsigned connect_timeout; /* seconds; 10 */
	unsigned stall_timeout; /* seconds at less than stall_rate bytes a second; 30 */
	unsigned stall_rate; /* 1 */
};

struct mp_http_client;
int mp_http_client_new(const struct mp_http_client_config *config, struct mp_http_client **ret,
		       struct mp_err *err);
void mp_http_client_free(struct mp_http_client *c);
DEFINE_AUTO(mp_http_client)

struct mp_http_call {
	const char *method, *url;
	const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
	const void *body; /* request body in memory ... */
	size_t body_len;
	int body_fd; /* ... or, when > 0, from this file: `body_len` bytes from its position ... */
	/* ... or, when set, made as it goes: up to `len` of the `body_len` bytes; 0 or negative ends the call */
	ssize_t (*source)(void *user, void *data, size_t len);
	struct mp_buf *into; /* the response body, up to its limit ... */
	/* ... or, when set, each piece of a 2xx body as it comes; a negative return ends the call.
	 * Of another status' body `into` then gets what it has room for. */
	int (*sink)(void *user, const void *data, size_t len);
	void *user; /* for sink and progress */
	uint64_t range_from; /* hand on the body from this byte on, whether or not the server can */
	uint64_t most; /* give up (-EFBIG) past so many of these bytes; 0: no limit but `into`'s */
	void (*progress)(void *user, uint64_t done, uint64_t total); /* both ways; may be NULL */
};

struct mp_http_result {
	int status; /* 200 ... */
	uint64_t body_len; /* bytes handed on in this call */
	uint64_t range_from; /* as asked for, when the server sent just that (206); else 0 */
	unsigned retry_after; /* seconds; 0: not said */
	char etag[96];
	char content_type[96];
};

/* 0 whenever an answer came whole, whatever its status. -ECONNREFUSED, -ETIMEDOUT (connecting, or
 * stalled), -EHOSTUNREACH (no such host), -EKEYREJECTED (TLS: not the server that we trust, or it
 * does not trust us), -ECONNRESET (cut short), -EPROTO (not HTTP, or another range), -EINVAL (no such
 * kind of URL), -ENOENT (certificate files), -EFBIG, or what `sink` returned. */
int mp_http_call(struct mp_http_client *c, const struct mp_http_call *call,
		 struct mp_http_result *ret, struct mp_err *err);
