/* SPDX-License-Identifier: Apache-2.0 */
#include "rollouts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "devices.h"
#include "releases.h"
#include "rest/rest.h"

/* NULL: answered 404. */
static struct rollout *find(struct call *c)
{
	struct rollout *r = NULL;
	uint64_t id;

	if (mp_str_parse_u64(c->args[0], INT64_MAX, &id) == 0)
		r = rollouts_find(c->server->rollouts, (int64_t)id);
	if (!r)
		call_error(c, 404, "There is no rollout %s.", c->args[0]);
	return r;
}

void rest_get_rollouts(struct call *c)
{
	const char *name = mp_request_query(c->rq, "state");
	int state = name && *name ? rollout_state_parse(name) : -1;
	auto_(mp_json) *items = mp_json_new_array();
	struct rest_window window;
	const struct rollout *one;
	uint64_t total = 0;
	int r = items ? 0 : -ENOMEM;

	if (name && *name && state < 0) {
		call_error(c, 400, "'%.40s' is no state of a rollout.", name);
		return;
	}
	if (!rest_window(c, &window))
		return;
	for (size_t i = 0; r == 0 && (one = rollouts_at(c->server->rollouts, i)); i++) {
		if (state >= 0 && (int)one->state != state)
			continue;
		if (total >= window.offset && total - window.offset < window.limit)
			r = mp_json_append(items, rollout_json(one));
		total++;
	}
	if (r < 0)
		call_reply(c, 500, NULL);
	else
		rest_reply_list(c, take_ptr(items), total);
}

void rest_get_rollout(struct call *c)
{
	const struct rollout *r = find(c);

	if (r)
		call_reply(c, 200, rollout_json(r));
}

/* ---- starting one ---- */

static int read_percent(const struct mp_json *body, const char *key, int or_else, int *ret,
			struct mp_err *err)
{
	int64_t value = or_else;
	int r = mp_json_get(body, key) ? mp_json_read_int(body, key, 0, 100, &value, err) : 0;

	*ret = (int)value;
	return r;
}

/* "release", or what "channel" points to. */
static int read_release(struct call *c, const struct mp_json *body, char ret[32],
			struct mp_err *err)
{
	const char *name;
	int r;

	if (mp_json_get(body, "channel")) {
		r = mp_json_read_str(body, "channel", &name, err);
		if (r == 0)
			r = channels_find(c->server, name, ret);
		return r == -ENOENT ? mp_err_set(err, r, "there is no channel %s", name) : r;
	}
	r = mp_json_read_str(body, "release", &name, err);
	if (r < 0)
		return r;
	if (!releases_find(c->server->releases, name))
		return mp_err_set(err, -ENOENT, "there is no release %s", name);
	snprintf(ret, 32, "%s", name);
	return 0;
}

static int read_devices(struct call *c, const struct mp_json *body, struct device ***ret,
			size_t *ret_n, struct mp_err *err)
{
	const struct mp_json *list = NULL;
	struct device **devices;
	int r;

	*ret_n = 0;
	if (!mp_json_get(body, "devices"))
		return 0;
	r = mp_json_read_array(body, "devices", &list, err);
	if (r < 0)
		return r;
	devices = calloc(mp_json_size(list) + 1, sizeof(*devices));
	if (!devices)
		return mp_err_set(err, -ENOMEM, "memory is out");
	*ret = devices;
	for (size_t i = 0; i < mp_json_size(list); i++) {
		const char *id = mp_json_str(mp_json_at(list, i), "");

		devices[i] = devices_find(c->server->devices, id);
		if (!devices[i])
			return mp_err_set(err, -ENOENT, "there is no device %s", id);
		(*ret_n)++;
	}
	return 0;
}

void rest_post_rollout(struct call *c)
{
	auto_(mp_json) *body = NULL;
	auto_free struct device **devices = NULL;
	struct rollout_config config = {0};
	struct rollout *rollout;
	char release[32];
	struct mp_err err;
	int r;

	if (!call_json(c, &body))
		return;
	r = read_release(c, body, release, &err);
	if (r == 0)
		r = read_devices(c, body, &devices, &config.n, &err);
	if (r == 0)
		r = read_percent(body, "success_threshold", 100, &config.success_threshold, &err);
	if (r == 0)
		r = read_percent(body, "error_threshold", 50, &config.error_threshold, &err);
	config.release = release;
	config.devices = devices;
	config.board = mp_json_str(mp_json_get(body, "board"), "");
	config.confirm = mp_json_bool(mp_json_get(body, "confirm"), false);
	config.download_only = mp_json_bool(mp_json_get(body, "download_only"), false);
	config.everyone = mp_json_bool(mp_json_get(body, "all"), false) || *config.board;
	if (r == 0)
		r = rollouts_start(c->server, &config, &rollout, &err);
	if (r < 0) {
		call_error_code(c, r, &err);
		return;
	}
	call_reply(c, 201, rollout_json(rollout));
	call_wrote(c);
}

/* ---- steering one ---- */

static void steer(struct call *c,
		  int (*how)(struct server *s, struct rollout *r, struct mp_err *err))
{
	struct rollout *rollout = find(c);
	struct mp_err err = {"the rollout could not be written"};
	int r;

	if (!rollout)
		return;
	r = how(c->server, rollout, &err);
	if (r < 0) {
		call_error_code(c, r, &err);
		return;
	}
	call_reply(c, 200, rollout_json(rollout));
	call_wrote(c);
}

void rest_pause_rollout(struct call *c)
{
	steer(c, rollouts_pause);
}

void rest_resume_rollout(struct call *c)
{
	steer(c, rollouts_resume);
}

void rest_abort_rollout(struct call *c)
{
	steer(c, rollouts_abort);
}
