/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "actions.h"
#include "bootstrap/bootstrap.h"
#include "decide.h"
#include "lwm2m/credentials.h"
#include "lwm2m/telemetry.h"
#include "releases.h"
#include "rest/rest.h"
#include "rollouts.h"

#define REASON_MAX 1000

/* NULL: answered 404. */
static struct device *find(struct call *c)
{
	struct device *d = devices_find(c->server->devices, c->args[0]);

	if (!d)
		call_error(c, 404, "There is no device %s.", c->args[0]);
	return d;
}

struct filter {
	int state; /* -1: any */
	const char *release, *text; /* NULL: any */
};

static bool fits(const struct device *d, const struct filter *f)
{
	if (f->state >= 0 && (int)d->state != f->state)
		return false;
	if (f->release && strcmp(d->release, f->release) != 0)
		return false;
	return !f->text || strcasestr(d->name, f->text) || strcasestr(d->board, f->text);
}

void rest_get_devices(struct call *c)
{
	const char *state = mp_request_query(c->rq, "state");
	struct filter filter = {.state = state && *state ? device_state_parse(state) : -1,
				.release = mp_request_query(c->rq, "release"),
				.text = mp_request_query(c->rq, "q")};
	auto_(mp_json) *items = mp_json_new_array();
	struct rest_window window;
	const struct device *d;
	uint64_t total = 0;
	int r = items ? 0 : -ENOMEM;

	if (state && *state && filter.state < 0) {
		call_error(c, 400, "'%s' is no state of a device.", state);
		return;
	}
	if (filter.release && !*filter.release)
		filter.release = NULL;
	if (!rest_window(c, &window))
		return;
	for (size_t i = 0; r == 0 && (d = devices_at(c->server->devices, i)); i++) {
		if (!fits(d, &filter))
			continue;
		if (total >= window.offset && total - window.offset < window.limit)
			r = mp_json_append(items, device_json(c->server, d, false));
		total++;
	}
	if (r < 0)
		call_reply(c, 500, NULL);
	else
		rest_reply_list(c, take_ptr(items), total);
}

void rest_get_device(struct call *c)
{
	const struct device *d = find(c);

	if (d)
		call_reply(c, 200, device_json(c->server, d, true));
}

static void reply_token(struct call *c, const char *id, const char *token)
{
	struct mp_json *j = mp_json_new_object();
	int r = mp_json_put_str(j, "id", id);

	r |= mp_json_put_str(j, "token", token);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 201, j);
	call_wrote(c);
}

void rest_post_device(struct call *c)
{
	auto_(mp_json) *body = NULL;
	char token[DEVICE_TOKEN_LEN + 1];
	struct device *d;
	struct mp_err err;
	const char *id;
	uint8_t hash[32];
	int r;

	if (!call_json(c, &body))
		return;
	r = mp_json_read_str(body, "id", &id, &err);
	if (r < 0) {
		call_error(c, 400, "%s", err.text);
		return;
	}
	if (!device_name_is_valid(id)) {
		call_error(c, 400,
			   "An id has letters, digits and . _ - : and at most 64 characters.");
		return;
	}
	r = actions_register(c->server, id, &d);
	if (r == -EEXIST) {
		call_error(c, 409, "Device %s exists already.", id);
		return;
	}
	device_token_make(token);
	token_hash(token, hash);
	if (r == 0)
		r = devices_set_token(c->server, d, hash);
	if (r < 0)
		call_failed(c);
	else
		reply_token(c, id, token);
}

/* What it told and by what it was known over LwM2M goes with it. */
static int remove_lwm2m(struct server *s, const char *name)
{
	int r = telemetry_remove(s, name);

	if (r == 0)
		r = credentials_remove(s, name);
	if (r == 0 || r == -ENOENT)
		r = bootstrap_remove(s, name);
	return r == -ENOENT ? 0 : r;
}

void rest_delete_device(struct call *c)
{
	struct device *d = find(c);

	if (!d)
		return;
	if (remove_lwm2m(c->server, c->args[0]) < 0 || actions_remove(c->server, d) < 0) {
		call_failed(c);
		return;
	}
	mp_reply_empty(c->rq, 204);
	call_wrote(c);
}

void rest_get_why(struct call *c)
{
	const struct device *d = find(c);
	struct mp_json *j;
	char reason[1536];

	if (!d)
		return;
	decide(d, d->rollout ? releases_find(c->server->releases, d->rollout->release) : NULL,
	       server_now(), device_last_seen(c->server, d), reason, sizeof(reason));
	j = mp_json_new_object();
	if (mp_json_put_str(j, "reason", reason) < 0) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 200, j);
}

/* ---- the update that waits for somebody's word ---- */

/* "reason" of a body that may be left out. False: answered. */
static bool read_reason(struct call *c, struct mp_json **ret_body, const char **ret)
{
	struct mp_err err;
	size_t len;

	(void)mp_request_body(c->rq, &len);
	if (len == 0)
		return true;
	if (!call_json(c, ret_body))
		return false;
	if (!mp_json_get(*ret_body, "reason") ||
	    (mp_json_read_str(*ret_body, "reason", ret, &err) == 0 && strlen(*ret) <= REASON_MAX))
		return true;
	call_error(c, 400, "'reason' must be a text of at most %d bytes.", REASON_MAX);
	return false;
}

static void confirm(struct call *c, bool is_welcome)
{
	auto_(mp_json) *body = NULL;
	struct device *d = find(c);
	const char *reason = "";
	int r;

	if (!d || !read_reason(c, &body, &reason))
		return;
	r = actions_confirm(c->server, d, is_welcome, reason);
	if (r == -EPROTO) {
		call_error(c, 409, "No update of %s waits to be confirmed.", d->name);
	} else if (r == -EDQUOT) {
		call_error(c, 409, "The update of %s was denied often enough.", d->name);
	} else if (r < 0) {
		call_failed(c);
	} else {
		call_reply(c, 200, device_json(c->server, d, false));
		call_wrote(c);
	}
}

void rest_confirm_device(struct call *c)
{
	confirm(c, true);
}

void rest_deny_device(struct call *c)
{
	confirm(c, false);
}

/* ---- history ---- */

static const char select_history[] =
	"SELECT time, what, details, action FROM history WHERE device = ?"
	" ORDER BY id DESC LIMIT ? OFFSET ?";

void rest_get_history(struct call *c)
{
	const struct device *d = find(c);
	auto_(mp_json) *items = mp_json_new_array();
	auto_(mp_query) *q = NULL, *count = NULL;
	struct rest_window window;
	int64_t total = 0;
	int r;

	if (!d || !rest_window(c, &window))
		return;
	r = mp_store_query(c->server->store, "SELECT count(*) FROM history WHERE device = ?",
			   &count, MP_INT(d->row));
	if (r == 0 && mp_query_next(count) > 0)
		total = mp_query_int(count, 0);
	if (r == 0)
		r = mp_store_query(c->server->store, select_history, &q, MP_INT(d->row),
				   MP_INT((int64_t)window.limit), MP_INT((int64_t)window.offset));
	while (r == 0 && (r = mp_query_next(q)) > 0) {
		struct mp_json *j = mp_json_new_object();

		r = mp_json_put_int(j, "time", mp_query_int(q, 0));
		r |= mp_json_put_str(j, "what", mp_query_text(q, 1));
		r |= mp_json_put_str(j, "details", mp_query_text(q, 2));
		if (!mp_query_is_null(q, 3))
			r |= mp_json_put_int(j, "action", mp_query_int(q, 3));
		r |= mp_json_append(items, j);
	}
	if (r < 0)
		call_reply(c, 500, NULL);
	else
		rest_reply_list(c, take_ptr(items), (uint64_t)total);
}
