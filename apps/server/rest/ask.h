/* SPDX-License-Identifier: Apache-2.0
 * ask.h - requests of HTTP whose answer a device gives
 *
 *     struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_READ);
 *     if (!ask_options(c, &o)) return;                    // ?timeout, ?format, ?queue, ?expiry
 *     ask(c, registration, &o, &asker);
 *
 * The connection rests until the device has answered or its time is over; then the asker says what
 * becomes of it. A client that hangs up takes its request back.
 */
#pragma once

#include "call.h"
#include "lwm2m/requests.h"

struct registration;

struct asker { /* how a dialect of HTTP tells it; each answers the call */
	void (*answered)(struct call *c, const struct lwm2m_result *result);
	void (*queued)(struct call *c, int64_t id);
	/* -EHOSTDOWN, -EINVAL, -ENOTSUP, -ENOBUFS, -ENOMEM of lwm2m_ask() */
	void (*refused)(struct call *c, int code);
};

void ask(struct call *c, struct registration *r, const struct lwm2m_operation *o,
	 const struct asker *how);
/* The call ends, whatever it waits for. */
void ask_end(struct call *c);

#define ASK_SECONDS 30 /* that an answer may take, unless ?timeout says otherwise */
#define ASK_SECONDS_MAX 300
/* "2.5" seconds as ms. -EBADMSG. */
int ask_timeout_parse(const char *text, unsigned *ret_ms);
/* ?timeout=SECONDS ?format=NAME ?queue=yes|no|replace ?expiry=SECONDS. False: answered 400. */
bool ask_options(struct call *c, struct lwm2m_operation *o);

/* The asker of /api/v1: {"code": "2.05", "values": [...]}, links of a discovery, a location. */
extern const struct asker rest_asker;
/* {"code", "values" | "links", "location"} of a result that is a success. NULL: memory is out. */
struct mp_json *result_json(struct server *s, const struct registration *r,
			    const struct lwm2m_result *result);
