/* SPDX-License-Identifier: Apache-2.0
 * leshan.h - the REST and event stream of Leshan's demo server, for the scripts that speak it
 *
 *     mp-server --leshan-prefix /leshan --leshan1-prefix /leshan1
 *
 * Under the first prefix lies the subset of 2.x that docs/reference/leshan.md names, under the
 * second the same with the numbers and dates of 1.x. There is no authentication in that API: it is
 * served to the loopback address without a token, and to everybody else with one.
 */
#pragma once

#include "call.h"
#include "lwm2m/format.h"

struct registration;
struct lwm2m_event;
struct lwm2m_result;

struct leshan;
int leshan_new(struct server *s, struct leshan **ret); /* 0, -ENOMEM */
void leshan_free(struct leshan *l);
void leshan_beat(struct leshan *l);
void leshan_end(struct leshan *l);
void leshan_close(struct leshan *l, struct mp_request *rq);
/* Once there is a bootstrap server. */
void leshan_watch_bootstrap(struct server *s);

/* Is this address below a prefix? Then the path is that behind the prefix from now on. */
bool leshan_take_path(struct call *c);
extern const struct route leshan_routes[];
bool is_leshan_route(const struct route *r);
bool leshan_authorize(struct call *c);

/* ---- for the handlers ---- */
void leshan_text(struct call *c, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The registration of the first argument; NULL: answered 400. */
struct registration *leshan_client(struct call *c);
/* {"status", "valid", "success", "failure", "content" | "objectLinks" | "location"}; `paths` as asked for. */
struct mp_json *leshan_result_json(struct server *s, enum dialect dialect,
				   const struct registration *r, const struct mp_lwm2m_path *paths,
				   size_t n, bool is_composite, const struct lwm2m_result *result);
/* Of LWM2M_TRACED: {"timestamp", "incoming", "type", "code", "mId", "token", "options", "payload", "ep"}. */
struct mp_json *leshan_message_json(const struct lwm2m_event *e);
struct mp_json *leshan_registration_json(const struct registration *r, enum dialect dialect);
/* "2026-11-24T07:54:54Z", or ms since 1970 for 2.x. */
struct mp_json *leshan_time_json(int64_t ms, enum dialect dialect);

void leshan_get_clients(struct call *c);
void leshan_get_client(struct call *c);
void leshan_read(struct call *c);
void leshan_discover(struct call *c);
void leshan_write(struct call *c);
void leshan_attributes(struct call *c);
void leshan_post(struct call *c);
void leshan_delete(struct call *c);
void leshan_observe(struct call *c);
void leshan_unobserve(struct call *c);
void leshan_read_composite(struct call *c);
void leshan_write_composite(struct call *c);
void leshan_observe_composite(struct call *c);
void leshan_unobserve_composite(struct call *c);
void leshan_get_events(struct call *c);
void leshan_get_specs(struct call *c);
void leshan_get_security(struct call *c);
void leshan_put_security(struct call *c);
void leshan_delete_security(struct call *c);
void leshan_bad_security(struct call *c);
void leshan_get_endpoints(struct call *c);
void leshan_get_server_security(struct call *c);
void leshan_get_bootstrap(struct call *c);
void leshan_post_bootstrap(struct call *c);
void leshan_delete_bootstrap(struct call *c);
