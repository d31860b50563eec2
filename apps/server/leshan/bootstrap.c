/* SPDX-License-Identifier: Apache-2.0
 * /api/bootstrap: Leshan's configurations, turned into ours and back.
 *   {"servers": {"0": {shortId, lifetime, defaultMinPeriod, notifIfDisabled, binding}},
 *    "security": {"1": {uri, bootstrapServer, securityMode, publicKeyOrId, secretKey, serverId,
 *                       clientOldOffTime}}, "toDelete": ["/0", "/1"]}
 * Keys are arrays of bytes there. They go in and do not come out. */
#include "bootstrap/bootstrap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "leshan/leshan.h"
#include "server.h"

enum kind { NUMBER, TRUTH, TEXT, BYTES, MODE };

struct member {
	const char *name;
	unsigned object, resource;
	enum kind kind;
};

static const struct member members[] = {
	{"shortId", 1, 0, NUMBER},
	{"lifetime", 1, 1, NUMBER},
	{"defaultMinPeriod", 1, 2, NUMBER},
	{"defaultMaxPeriod", 1, 3, NUMBER},
	{"notifIfDisabled", 1, 6, TRUTH},
	{"binding", 1, 7, TEXT},
	{"uri", 0, 0, TEXT},
	{"bootstrapServer", 0, 1, TRUTH},
	{"securityMode", 0, 2, MODE},
	{"publicKeyOrId", 0, 3, BYTES},
	{"serverPublicKey", 0, 4, BYTES},
	{"secretKey", 0, 5, BYTES},
	{"serverId", 0, 10, NUMBER},
	{"clientOldOffTime", 0, 11, NUMBER},
};
#define MEMBERS (sizeof(members) / sizeof(*members))

static const char *const modes[] = {"PSK", "RPK", "X509", "NO_SEC", "EST"};

/* ---- in ---- */

/* [1, -1, 255] as hexadecimal digits: Java's bytes have signs. */
static struct mp_json *bytes_in(const struct mp_json *array)
{
	size_t n = mp_json_size(array);
	auto_free char *text = malloc(2 * n + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = (uint8_t)mp_json_int(mp_json_at(array, i), 0);

		mp_hex_format(&byte, 1, text + 2 * i);
	}
	text[2 * n] = '\0';
	return mp_json_new_str(text);
}

static struct mp_json *mode_in(const struct mp_json *j)
{
	const char *name = mp_json_str(j, "");

	for (int i = 0; i < 5; i++)
		if (mp_streq(modes[i], name))
			return mp_json_new_int(i);
	return mp_json_copy(j);
}

static struct mp_json *member_in(const struct member *m, const struct mp_json *j)
{
	if (m->kind == BYTES)
		return bytes_in(j);
	return m->kind == MODE ? mode_in(j) : mp_json_copy(j);
}

static int take_instances(const struct mp_json *instances, unsigned object, struct mp_json *values)
{
	const struct mp_json *instance;
	void *iter = NULL;
	const char *id;
	char path[64];
	int r = 0;

	while (r == 0 && mp_json_next(instances, &iter, &id, &instance))
		for (size_t i = 0; i < MEMBERS && r == 0; i++) {
			const struct mp_json *j = mp_json_get(instance, members[i].name);

			if (members[i].object != object || mp_json_type(j) == MP_JSON_NULL)
				continue;
			snprintf(path, sizeof(path), "/%u/%.8s/%u", object, id,
				 members[i].resource);
			r = mp_json_put(values, path, member_in(&members[i], j));
		}
	return r;
}

static struct mp_json *config_in(const struct mp_json *body)
{
	auto_(mp_json) *j = mp_json_new_object();
	struct mp_json *values = mp_json_new_object();
	const struct mp_json *deletes = mp_json_get(body, "toDelete");
	int r = take_instances(mp_json_get(body, "security"), 0, values);

	r |= take_instances(mp_json_get(body, "servers"), 1, values);
	r |= mp_json_put(j, "values", values);
	if (deletes)
		r |= mp_json_put(j, "delete", mp_json_copy(deletes));
	return r ? NULL : take_ptr(j);
}

/* ---- out ---- */

static struct mp_json *bytes_out(const struct mp_json *j)
{
	struct mp_json *array = mp_json_new_array();
	const char *text = mp_json_str(j, "");
	uint8_t byte;
	int r = 0;

	for (; r == 0 && text[0] && text[1]; text += 2) {
		char pair[3] = {text[0], text[1], '\0'};

		if (mp_hex_parse(pair, &byte, 1) == 0)
			r = mp_json_append(array, mp_json_new_int(byte));
	}
	return array;
}

static struct mp_json *member_out(const struct member *m, const struct mp_json *j)
{
	int64_t mode = mp_json_int(j, 3);

	if (m->kind == BYTES)
		return bytes_out(j);
	if (m->kind == MODE && mode >= 0 && mode < 5)
		return mp_json_new_str(modes[mode]);
	return mp_json_copy(j);
}

static struct mp_json *instance_out(const struct mp_json *values, unsigned object, unsigned id)
{
	auto_(mp_json) *j = mp_json_new_object();
	char path[64];

	for (size_t i = 0; i < MEMBERS; i++) {
		const struct mp_json *value;

		snprintf(path, sizeof(path), "/%u/%u/%u", object, id, members[i].resource);
		value = members[i].object == object ? mp_json_get(values, path) : NULL;
		if (value && mp_json_put(j, members[i].name, member_out(&members[i], value)) < 0)
			return NULL;
	}
	return take_ptr(j);
}

/* The first sixteen instances: nobody bootstraps with more. */
static struct mp_json *instances_out(const struct mp_json *values, unsigned object)
{
	auto_(mp_json) *j = mp_json_new_object();
	char key[8];

	for (unsigned id = 0; id < 16; id++) {
		struct mp_json *one = instance_out(values, object, id);

		if (mp_json_size(one) == 0) {
			mp_json_free(one);
			continue;
		}
		snprintf(key, sizeof(key), "%u", id);
		if (mp_json_put(j, key, one) < 0)
			return NULL;
	}
	return take_ptr(j);
}

static struct mp_json *config_out(const struct mp_json *config)
{
	const struct mp_json *values = mp_json_get(config, "values");
	const struct mp_json *deletes = mp_json_get(config, "delete");
	auto_(mp_json) *j = mp_json_new_object();
	int r = mp_json_put(j, "servers", instances_out(values, 1));

	r |= mp_json_put(j, "security", instances_out(values, 0));
	r |= mp_json_put(j, "oscore", mp_json_new_object());
	r |= mp_json_put(j, "toDelete", deletes ? mp_json_copy(deletes) : mp_json_new_array());
	return r ? NULL : take_ptr(j);
}

/* ---- requests ---- */

void leshan_get_bootstrap(struct call *c)
{
	auto_(mp_json) *list = NULL, *all = mp_json_new_object();
	const char *endpoint;
	int r = bootstrap_list(c->server, &list);

	for (size_t i = 0; r == 0 && (endpoint = mp_json_str(mp_json_at(list, i), NULL)); i++) {
		auto_(mp_json) *config = NULL, *shown = NULL;

		r = bootstrap_get(c->server, endpoint, &config);
		shown = bootstrap_shown(config);
		if (r == 0 && *endpoint)
			r = mp_json_put(all, endpoint, config_out(shown));
	}
	call_reply(c, 200, r < 0 ? NULL : take_ptr(all));
}

void leshan_post_bootstrap(struct call *c)
{
	auto_(mp_json) *body = NULL, *config = NULL;
	struct mp_err err = {""};
	size_t len;
	const char *text = mp_request_body(c->rq, &len);
	int r = mp_json_parse(text, len, &body, &err);

	if (r == 0) {
		config = config_in(body);
		r = config ? bootstrap_set(c->server, c->args[0], config, &err) : -ENOMEM;
	}
	if (r == -EBADMSG || r == -EFBIG) {
		leshan_text(c, 400, "Invalid request: %s",
			    r == -EFBIG ? "this is more than a device can be given" : err.text);
	} else if (r < 0) {
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 204);
		call_wrote(c);
	}
}

void leshan_delete_bootstrap(struct call *c)
{
	int r = bootstrap_remove(c->server, c->args[0]);

	if (r == -ENOENT) {
		mp_reply_empty(c->rq, 404);
	} else if (r < 0) {
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 204);
		call_wrote(c);
	}
}
