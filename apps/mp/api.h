/* SPDX-License-Identifier: Apache-2.0 */
/* api.h - the server's REST API, as the verbs of mp speak it (docs/api/openapi.yaml)
 *
 *     auto_(mp_api) *api = NULL;
 *     r = mp_api_open(&o.server, &api, &err);                 // inside a product folder, or with --server
 *     r = mp_api_get(api, "devices?limit=500", &answer, &err);
 *
 * Answers that are no 2xx become the server's own sentence. The token is read from a file, never
 * from the command line.
 */
#pragma once

#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"
#include "json/json.h"
#include "product/product.h"
#include "verb.h"

struct mp_api;

/* Address: --server, $MP_SERVER, or the first loopback name and the port of product.yaml's server.
 * Token: --token-file, $MP_TOKEN_FILE, or PRODUCT/server/admin.token. CA: --ca, or
 * PRODUCT/keys/server-ca.crt. Makes no request. */
int mp_api_open(const struct mp_server_options *o, struct mp_api **ret, struct mp_err *err);
void mp_api_free(struct mp_api *a);
DEFINE_AUTO(mp_api)
/* How a verb that asks the server begins: mp_options_parse(), then mp_api_open() with `server`,
 * which lies inside `into`. MP_GO_ON or the exit status. */
int mp_api_begin(const struct mp_option *options, void *into,
		 const struct mp_server_options *server, int *argc, char ***argv,
		 struct mp_api **ret);
const char *mp_api_url(const struct mp_api *a); /* "https://127.0.0.1:8443" */

/* `path` is below /api/v1/. -ECONNREFUSED and friends say how to start the server; -EPERM: 401 or
 * 403; -ENOENT: 404; -EEXIST: 409; -EREMOTEIO: any other refusal. `ret` may be NULL. */
int mp_api_get(struct mp_api *a, const char *path, struct mp_json **ret, struct mp_err *err);
int mp_api_send(struct mp_api *a, const char *method, const char *path, const struct mp_json *body,
		struct mp_json **ret, struct mp_err *err);
/* All pages of a list: an object with "items". `query` is "" or "state=failed&...". */
int mp_api_list(struct mp_api *a, const char *path, const char *query, struct mp_json **ret,
		struct mp_err *err);
/* A file as it lies there: GET into `into`. */
int mp_api_get_file(struct mp_api *a, const char *path, struct mp_buf *into, struct mp_err *err);
/* The same, piece by piece, at most `most` bytes. What `sink` returns ends it. */
int mp_api_stream(struct mp_api *a, const char *path, uint64_t most,
		  int (*sink)(void *user, const void *data, size_t len), void *user,
		  struct mp_err *err);
/* 1: the server has this blob; 0: not. */
int mp_api_has_blob(struct mp_api *a, const char *sha256, struct mp_err *err);
int mp_api_put_blob(struct mp_api *a, const char *sha256, const char *file, uint64_t size,
		    struct mp_progress *progress, struct mp_err *err);

/* A time in an answer (seconds since 1970 or RFC 3339 text) as "2026-11-24 10:20:30", local, or as
 * "12 s" ago; "-" when there is none. */
const char *mp_format_time(const struct mp_json *time, char ret[32]);
const char *mp_format_age(const struct mp_json *time, char ret[32]);
/* A number or text as text. */
const char *mp_format_value(const struct mp_json *value, char ret[64]);

/* Append `text` to a URL with everything but letters, digits and "-._~" escaped. */
int mp_url_escape(struct mp_buf *b, const char *text);
