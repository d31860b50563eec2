/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/rest.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "blobs.h"
#include "devices.h"
#include "enrolment.h"
#include "events.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"
#include "metrics.h"
#include "releases.h"
#include "rollouts.h"

#define API "/api/v1"
#define SMALL 65536 /* bytes of a body */
#define LARGE (16u << 20) /* targets of a repository with many releases */
#define LWM2M_BODY (1u << 20)
#define READ (MP_GET | MP_HEAD)

const struct route rest_routes[] = {
	{MP_GET, API "/status", ROLE_VIEWER, 0, rest_get_status, NULL},
	{READ, API "/blobs/*", ROLE_VIEWER, 0, rest_head_blob, NULL},
	{MP_PUT, API "/blobs/*", ROLE_OPERATOR, 0, rest_put_blob, rest_put_blob_begin},
	{MP_POST, API "/tuf/root", ROLE_OPERATOR, SMALL * 16, rest_post_root, NULL},
	{MP_POST, API "/tuf/targets", ROLE_OPERATOR, LARGE, rest_post_targets, NULL},
	{MP_POST, API "/tuf/rotation", ROLE_OPERATOR, LARGE, rest_post_rotation, NULL},
	{READ, API "/tuf/*", ROLE_VIEWER, 0, rest_get_tuf, NULL},
	{MP_GET, API "/releases", ROLE_VIEWER, 0, rest_get_releases, NULL},
	{MP_POST, API "/releases", ROLE_OPERATOR, LARGE, rest_post_release, NULL},
	{MP_GET, API "/releases/*", ROLE_VIEWER, 0, rest_get_release, NULL},
	{MP_GET, API "/channels", ROLE_VIEWER, 0, rest_get_channels, NULL},
	{MP_PUT, API "/channels/*", ROLE_OPERATOR, SMALL, rest_put_channel, NULL},
	{MP_DELETE, API "/channels/*", ROLE_OPERATOR, 0, rest_delete_channel, NULL},
	{MP_GET, API "/rollouts", ROLE_VIEWER, 0, rest_get_rollouts, NULL},
	{MP_POST, API "/rollouts", ROLE_OPERATOR, LARGE, rest_post_rollout, NULL},
	{MP_GET, API "/rollouts/*", ROLE_VIEWER, 0, rest_get_rollout, NULL},
	{MP_POST, API "/rollouts/*/pause", ROLE_OPERATOR, SMALL, rest_pause_rollout, NULL},
	{MP_POST, API "/rollouts/*/resume", ROLE_OPERATOR, SMALL, rest_resume_rollout, NULL},
	{MP_POST, API "/rollouts/*/abort", ROLE_OPERATOR, SMALL, rest_abort_rollout, NULL},
	{MP_GET, API "/devices", ROLE_VIEWER, 0, rest_get_devices, NULL},
	{MP_POST, API "/devices", ROLE_OPERATOR, SMALL, rest_post_device, NULL},
	{MP_GET, API "/devices/*", ROLE_VIEWER, 0, rest_get_device, NULL},
	{MP_DELETE, API "/devices/*", ROLE_OPERATOR, 0, rest_delete_device, NULL},
	{MP_GET, API "/devices/*/why", ROLE_VIEWER, 0, rest_get_why, NULL},
	{MP_GET, API "/devices/*/history", ROLE_VIEWER, 0, rest_get_history, NULL},
	{MP_POST, API "/devices/*/confirm", ROLE_OPERATOR, SMALL, rest_confirm_device, NULL},
	{MP_POST, API "/devices/*/deny", ROLE_OPERATOR, SMALL, rest_deny_device, NULL},
	{MP_GET, API "/lwm2m", ROLE_VIEWER, 0, rest_get_registrations, NULL},
	{MP_GET, API "/devices/*/lwm2m", ROLE_VIEWER, 0, rest_get_registration, NULL},
	{MP_GET, API "/devices/*/lwm2m/queue", ROLE_OPERATOR, 0, rest_get_queue, NULL},
	{MP_DELETE, API "/devices/*/lwm2m/queue", ROLE_OPERATOR, 0, rest_delete_queue, NULL},
	{MP_GET, API "/devices/*/lwm2m/queue/*", ROLE_OPERATOR, 0, rest_get_queued, NULL},
	{MP_DELETE, API "/devices/*/lwm2m/queue/*", ROLE_OPERATOR, 0, rest_delete_queued, NULL},
	{MP_GET, API "/devices/*/lwm2m/composite", ROLE_OPERATOR, 0, rest_lwm2m_read_composite,
	 NULL},
	{MP_PUT, API "/devices/*/lwm2m/composite", ROLE_OPERATOR, LWM2M_BODY,
	 rest_lwm2m_write_composite, NULL},
	{MP_POST, API "/devices/*/lwm2m/composite/observe", ROLE_OPERATOR, 0,
	 rest_lwm2m_observe_composite, NULL},
	{MP_DELETE, API "/devices/*/lwm2m/composite/observe", ROLE_OPERATOR, 0,
	 rest_lwm2m_unobserve_composite, NULL},
	{MP_GET, API "/devices/*/lwm2m/*/discover", ROLE_OPERATOR, 0, rest_lwm2m_discover, NULL},
	{MP_PUT, API "/devices/*/lwm2m/*/attributes", ROLE_OPERATOR, SMALL, rest_lwm2m_attributes,
	 NULL},
	{MP_POST, API "/devices/*/lwm2m/*/observe", ROLE_OPERATOR, 0, rest_lwm2m_observe, NULL},
	{MP_DELETE, API "/devices/*/lwm2m/*/observe", ROLE_OPERATOR, 0, rest_lwm2m_unobserve, NULL},
	{MP_GET, API "/devices/*/lwm2m/*/*/discover", ROLE_OPERATOR, 0, rest_lwm2m_discover, NULL},
	{MP_PUT, API "/devices/*/lwm2m/*/*/attributes", ROLE_OPERATOR, SMALL, rest_lwm2m_attributes,
	 NULL},
	{MP_POST, API "/devices/*/lwm2m/*/*/observe", ROLE_OPERATOR, 0, rest_lwm2m_observe, NULL},
	{MP_DELETE, API "/devices/*/lwm2m/*/*/observe", ROLE_OPERATOR, 0, rest_lwm2m_unobserve,
	 NULL},
	{MP_GET, API "/devices/*/lwm2m/*/*/*/discover", ROLE_OPERATOR, 0, rest_lwm2m_discover,
	 NULL},
	{MP_PUT, API "/devices/*/lwm2m/*/*/*/attributes", ROLE_OPERATOR, SMALL,
	 rest_lwm2m_attributes, NULL},
	{MP_POST, API "/devices/*/lwm2m/*/*/*/observe", ROLE_OPERATOR, 0, rest_lwm2m_observe, NULL},
	{MP_DELETE, API "/devices/*/lwm2m/*/*/*/observe", ROLE_OPERATOR, 0, rest_lwm2m_unobserve,
	 NULL},
	{MP_PUT, API "/devices/*/lwm2m/*/*/*/*/attributes", ROLE_OPERATOR, SMALL,
	 rest_lwm2m_attributes, NULL},
	{MP_POST, API "/devices/*/lwm2m/*/*/*/*/observe", ROLE_OPERATOR, 0, rest_lwm2m_observe,
	 NULL},
	{MP_DELETE, API "/devices/*/lwm2m/*/*/*/*/observe", ROLE_OPERATOR, 0, rest_lwm2m_unobserve,
	 NULL},
	{MP_GET, API "/devices/*/lwm2m/*", ROLE_OPERATOR, 0, rest_lwm2m_read, NULL},
	{MP_POST, API "/devices/*/lwm2m/*", ROLE_OPERATOR, LWM2M_BODY, rest_lwm2m_post, NULL},
	{MP_GET, API "/devices/*/lwm2m/*/*", ROLE_OPERATOR, 0, rest_lwm2m_read, NULL},
	{MP_PUT, API "/devices/*/lwm2m/*/*", ROLE_OPERATOR, LWM2M_BODY, rest_lwm2m_write, NULL},
	{MP_PATCH, API "/devices/*/lwm2m/*/*", ROLE_OPERATOR, LWM2M_BODY, rest_lwm2m_update, NULL},
	{MP_POST, API "/devices/*/lwm2m/*/*", ROLE_OPERATOR, LWM2M_BODY, rest_lwm2m_post, NULL},
	{MP_DELETE, API "/devices/*/lwm2m/*/*", ROLE_OPERATOR, 0, rest_lwm2m_delete, NULL},
	{MP_GET, API "/devices/*/lwm2m/*/*/*", ROLE_OPERATOR, 0, rest_lwm2m_read, NULL},
	{MP_PUT, API "/devices/*/lwm2m/*/*/*", ROLE_OPERATOR, LWM2M_BODY, rest_lwm2m_write, NULL},
	{MP_PATCH, API "/devices/*/lwm2m/*/*/*", ROLE_OPERATOR, LWM2M_BODY, rest_lwm2m_update,
	 NULL},
	{MP_POST, API "/devices/*/lwm2m/*/*/*", ROLE_OPERATOR, LWM2M_BODY, rest_lwm2m_post, NULL},
	{MP_GET, API "/devices/*/lwm2m/*/*/*/*", ROLE_OPERATOR, 0, rest_lwm2m_read, NULL},
	{MP_PUT, API "/devices/*/lwm2m/*/*/*/*", ROLE_OPERATOR, LWM2M_BODY, rest_lwm2m_write, NULL},
	{MP_DELETE, API "/devices/*/lwm2m/*/*/*/*", ROLE_OPERATOR, 0, rest_lwm2m_delete, NULL},
	{MP_GET, API "/devices/*/telemetry", ROLE_VIEWER, 0, rest_get_telemetry, NULL},
	{MP_GET, API "/devices/*/credentials", ROLE_ADMIN, 0, rest_get_credentials, NULL},
	{MP_PUT, API "/devices/*/credentials", ROLE_ADMIN, SMALL, rest_put_credentials, NULL},
	{MP_DELETE, API "/devices/*/credentials", ROLE_ADMIN, 0, rest_delete_credentials, NULL},
	{MP_GET, API "/devices/*/bootstrap", ROLE_ADMIN, 0, rest_get_bootstrap, NULL},
	{MP_PUT, API "/devices/*/bootstrap", ROLE_ADMIN, SMALL, rest_put_bootstrap, NULL},
	{MP_DELETE, API "/devices/*/bootstrap", ROLE_ADMIN, 0, rest_delete_bootstrap, NULL},
	{MP_POST, API "/devices/*/bootstrap", ROLE_OPERATOR, 0, rest_start_bootstrap, NULL},
	{MP_GET, API "/bootstrap/default", ROLE_ADMIN, 0, rest_get_bootstrap, NULL},
	{MP_PUT, API "/bootstrap/default", ROLE_ADMIN, SMALL, rest_put_bootstrap, NULL},
	{MP_DELETE, API "/bootstrap/default", ROLE_ADMIN, 0, rest_delete_bootstrap, NULL},
	{MP_GET, API "/bootstrap/sessions", ROLE_VIEWER, 0, rest_get_bootstrap_sessions, NULL},
	{MP_GET, API "/credentials", ROLE_ADMIN, 0, rest_list_credentials, NULL},
	{MP_POST, API "/credentials", ROLE_ADMIN, LARGE, rest_post_credentials, NULL},
	{MP_GET, API "/tokens", ROLE_ADMIN, 0, rest_get_tokens, NULL},
	{MP_POST, API "/tokens", ROLE_ADMIN, SMALL, rest_post_token, NULL},
	{MP_DELETE, API "/tokens/*", ROLE_ADMIN, 0, rest_delete_token, NULL},
	{MP_POST, API "/enroll-tokens", ROLE_ADMIN, SMALL, rest_post_enroll_token, NULL},
	{MP_GET, API "/events", ROLE_VIEWER, 0, rest_get_events, NULL},
	{MP_GET, "/metrics", ROLE_VIEWER, 0, rest_get_metrics, NULL},
	{MP_POST, "/enroll", ROLE_NONE, SMALL, rest_post_enroll, rest_enroll_begin},
	{0},
};

bool rest_is_path(const struct mp_path *p)
{
	return p->n >= 1 && strcmp(p->part[0], "api") == 0;
}

bool rest_window(struct call *c, struct rest_window *ret)
{
	const char *offset = mp_request_query(c->rq, "offset");
	const char *limit = mp_request_query(c->rq, "limit");

	*ret = (struct rest_window){0, 100};
	if ((offset && mp_str_parse_u64(offset, INT32_MAX, &ret->offset) < 0) ||
	    (limit && mp_str_parse_u64(limit, INT32_MAX, &ret->limit) < 0)) {
		call_error(c, 400, "'offset' and 'limit' must be numbers.");
		return false;
	}
	if (ret->limit == 0 || ret->limit > 500)
		ret->limit = 500;
	return true;
}

void rest_reply_list(struct call *c, struct mp_json *items, uint64_t total)
{
	struct mp_json *j = mp_json_new_object();
	int r = mp_json_put(j, "items", items);

	r |= mp_json_put_int(j, "total", (int64_t)total);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 200, j);
}

/* How many are there: they polled lately, or are registered over LwM2M. */
static int64_t count_online(const struct server *s)
{
	int64_t patience = s->poll_seconds * 3 > 60 ? s->poll_seconds * 3 : 60;
	int64_t since = server_now() - patience, n = (int64_t)registry_count(s->lwm2m->registry);
	const struct device *d;

	for (size_t i = 0; (d = devices_at(s->devices, i)); i++)
		n += d->last_seen > since && !registry_find(s->lwm2m->registry, d->name);
	return n;
}

/* Devices by state, and how many are there. */
static int put_fleet(struct server *s, struct mp_json *j)
{
	struct mp_json *states = mp_json_new_object();
	int r = 0;

	for (int i = 0; i < DEVICE_STATES; i++)
		r |= mp_json_put_int(states, device_state_name((enum device_state)i),
				     (int64_t)devices_in_state(s->devices, (enum device_state)i));
	r |= mp_json_put_int(j, "online", count_online(s));
	return r | mp_json_put(j, "states", states);
}

static int put_rollouts(struct server *s, struct mp_json *j)
{
	struct mp_json *states = mp_json_new_object();
	int64_t running = 0, paused = 0;
	const struct rollout *one;
	int r = 0;

	for (size_t i = 0; (one = rollouts_open_at(s->rollouts, i)); i++) {
		running += one->state == ROLLOUT_RUNNING;
		paused += one->state == ROLLOUT_PAUSED;
	}
	r |= mp_json_put_int(states, rollout_state_name(ROLLOUT_RUNNING), running);
	r |= mp_json_put_int(states, rollout_state_name(ROLLOUT_PAUSED), paused);
	return r | mp_json_put(j, "rollouts", states);
}

void rest_get_status(struct call *c)
{
	struct server *s = c->server;
	enum role role = tokens_role(s->tokens, mp_request_header(c->rq, "Authorization"));
	struct mp_json *j = mp_json_new_object();
	int r = mp_json_put_str(j, "product", s->product_name);

	r |= mp_json_put_str(j, "version", MP_VERSION);
	r |= mp_json_put_str(j, "role", role_name(role));
	r |= mp_json_put_int(j, "time", server_now());
	r |= mp_json_put_int(j, "devices", (int64_t)devices_count(s->devices));
	r |= mp_json_put_int(j, "releases", (int64_t)releases_count(s->releases));
	r |= put_fleet(s, j);
	r |= put_rollouts(s, j);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 200, j);
}

void rest_get_metrics(struct call *c)
{
	MP_BUF(text, 1u << 20);

	if (metrics_format(c->server, &text) < 0)
		call_error(c, 500, "The metrics do not fit.");
	else
		mp_reply(c->rq, 200, "text/plain; version=0.0.4; charset=utf-8", text.data,
			 text.len);
}

void rest_get_events(struct call *c)
{
	const char *kinds = mp_request_query(c->rq, "kinds");
	struct event_choice choice = {.device = mp_request_query(c->rq, "device")};

	if (kinds && events_parse_kinds(event_kinds, kinds, &choice.kinds) < 0)
		call_error(c, 400, "'%.80s' are no kinds of events.", kinds);
	else
		events_open(c->server->events, c->rq, &choice);
}

/* ---- enrolment ---- */

void rest_enroll_begin(struct call *c)
{
	if (call_is_throttled(c))
		return;
	c->token = authorization_of(mp_request_header(c->rq, "Authorization"), "EnrollToken");
	if (c->token && enrolment_knows(c->server, c->token)) {
		mp_request_collect(c->rq, c->route->body);
		return;
	}
	call_refused(c);
	call_error(c, 401,
		   "Enrolment needs a token that is good: Authorization: EnrollToken <token>.");
}

void rest_post_enroll(struct call *c)
{
	MP_BUF(cert, 65536);
	struct mp_err err;
	size_t len;
	const char *csr = mp_request_body(c->rq, &len);
	int r;

	if (len == 0) {
		call_error(c, 400, "The body must be a certificate request in PEM.");
		return;
	}
	r = enrolment_issue(c->server, c->token, csr, len, &cert, &err);
	if (r == -EACCES)
		call_refused(c);
	if (r < 0) {
		call_error_code(c, r, &err);
		return;
	}
	mp_reply(c->rq, 200, "application/x-pem-file", cert.data, cert.len);
	call_wrote(c);
}
