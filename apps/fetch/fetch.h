/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - the network's worker: it talks to the server and can do nothing else
 *
 * Started by the supervisor with two pairs: `control` carries its requests (poll, feedback), `data`
 * the files that `install` asks for. What comes from the server is handed on as it is; whether it
 * is to be believed is decided by `install`, which knows the keys.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "ddi/ddi.h"
#include "http/client.h"
#include "pair/pair.h"

#define FETCH_PATH 512

struct fetch_config {
	char root[256]; /* prefix of all paths */
	char server[256]; /* "https://HOST:PORT", without a slash at the end */
	char product[64];
	char ca[FETCH_PATH]; /* "" : the system's authorities */
};
/* Read product.json; `server` overrides what it says, NULL: does not. */
int fetch_config_read(struct fetch_config *c, const char *root, const char *server,
		      struct mp_err *err);

struct fetch_identity {
	char dir[FETCH_PATH], key[FETCH_PATH],
		cert[FETCH_PATH]; /* paths; the last two "" when unused */
	char id[65]; /* what the server knows us by */
	char header[160]; /* "Authorization: TargetToken ...", or "" */
};

struct fetch {
	struct fetch_config config;
	struct fetch_identity identity;
	bool known; /* the identity is there, and the server has accepted it once */
	struct mp_pair control, data; /* data.fd is -1 once install is gone */
	bool pinned; /* the deployment is that of a SOURCE: polls do not look for another */
	bool serving; /* install has asked for a file: the deployment stays as it is */
	struct mp_http_client *small, *large; /* for control requests; for files */
	struct mp_ddi_deployment *deployment; /* the one offered; NULL: none */
};

/* ---- identity.c ---- */
/* Read or make id, key and certificate; enroll when there is none. The sentence of a failure says
 * what to do. */
int fetch_identity_load(struct fetch *f, struct mp_err *err);
/* Keep what the ESP brought: "id", "token" (for enrollment) or "target-token" (hawkBit's). */
int fetch_identity_seed(struct fetch *f, const char *what, const char *value, struct mp_err *err);

/* ---- enroll.c ---- */
int fetch_enroll(struct fetch *f, struct mp_err *err);

/* ---- request.c: one small request to the server ---- */
struct fetch_request {
	const char *method, *url;
	const char *body; /* NULL: none */
	const char *content_type;
	const char *authorization; /* a whole header; NULL: that of the identity */
};
/* 0 for 2xx, with the body in `out`. Else a sentence; -ENOENT 404 and 410, -EPERM 401 and 403,
 * -EREMOTEIO 429 and 5xx, -EPROTO other answers, or an error of the network. */
int fetch_request(struct fetch *f, const struct fetch_request *q, struct mp_buf *out,
		  struct mp_err *err);
/* The sentence of a status that is not a success. */
int fetch_status_error(int status, const char *what, struct mp_err *err);
int fetch_client(struct fetch *f, struct mp_http_client **client, struct mp_err *err);

/* ---- server.c: what the supervisor asks for ---- */
int fetch_poll(struct fetch *f, struct mp_err *err);
/* Be known to the server, and to the supervisor. */
int fetch_enlist(struct fetch *f, struct mp_err *err);
/* Offer what another channel names: an https URL of a deployment, or "package": one that lwm2m has
 * put into its folder. -ENOENT: there is none; -EBADMSG: it is none. */
int fetch_source(struct fetch *f, const char *source, struct mp_err *err);
int fetch_feedback(struct fetch *f, const struct mp_msg *m, struct mp_err *err);
int fetch_attributes(struct fetch *f, const struct mp_msg *m, struct mp_err *err);

/* ---- serve.c ---- */
/* Answer one message of install's; -ECONNRESET: it is gone. */
int fetch_serve(struct fetch *f, const struct mp_msg *m);
/* Answer the supervisor's messages that are there; -ECONNRESET: it is gone, or broke the rules. */
int fetch_answer_supervisor(struct fetch *f);
