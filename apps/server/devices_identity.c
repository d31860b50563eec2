/* SPDX-License-Identifier: Apache-2.0
 * What a device proves itself with, and what it says of itself. */
#include "devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "intern.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"
#include "server.h"

#define ATTRIBUTES_MAX 16384 /* bytes of one device's attributes as JSON */

int devices_set_certificate(struct server *s, struct device *d, const char *fingerprint_hex,
			    const char *key_id)
{
	uint8_t fingerprint[32];
	int r = mp_hex_parse(fingerprint_hex, fingerprint, sizeof(fingerprint));

	if (r == 0)
		r = mp_store_run(s->store,
				 "UPDATE device SET fingerprint = ?, key_id = ? WHERE id = ?",
				 MP_TEXT(fingerprint_hex), MP_TEXT(key_id), MP_INT(d->row));
	if (r < 0)
		return r;
	memcpy(d->fingerprint, fingerprint, sizeof(fingerprint));
	d->has_certificate = true;
	return 0;
}

int devices_set_token(struct server *s, struct device *d, const uint8_t hash[32])
{
	int r = mp_store_run(s->store, "UPDATE device SET token = ? WHERE id = ?",
			     MP_BYTES(hash, 32), MP_INT(d->row));

	if (r < 0)
		return r;
	memcpy(d->token, hash, 32);
	d->has_token = true;
	return 0;
}

int devices_key_id(struct server *s, const struct device *d, char ret[65])
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store, "SELECT key_id FROM device WHERE id = ?", &q,
			       MP_INT(d->row));

	if (r == 0)
		r = mp_query_next(q);
	if (r < 0)
		return r;
	snprintf(ret, 65, "%s", r > 0 ? mp_query_text(q, 0) : "");
	return 0;
}

int devices_set_auto_confirm(struct server *s, struct device *d, const struct auto_confirm *how)
{
	int r = mp_store_run(s->store,
			     "UPDATE device SET auto_confirm = ?, auto_confirm_initiator = ?,"
			     " auto_confirm_remark = ? WHERE id = ?",
			     MP_INT(how->since), MP_TEXT(how->initiator), MP_TEXT(how->remark),
			     MP_INT(d->row));

	if (r < 0)
		return r;
	d->auto_confirm = how->since;
	return 0;
}

int devices_auto_confirm(struct server *s, const struct device *d, struct auto_confirm *ret)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT auto_confirm_initiator, auto_confirm_remark FROM device"
			       " WHERE id = ?",
			       &q, MP_INT(d->row));

	if (r == 0)
		r = mp_query_next(q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	ret->since = d->auto_confirm;
	snprintf(ret->initiator, sizeof(ret->initiator), "%s", mp_query_text(q, 0));
	snprintf(ret->remark, sizeof(ret->remark), "%s", mp_query_text(q, 1));
	return 0;
}

int devices_attributes(struct server *s, const struct device *d, struct mp_json **ret)
{
	auto_(mp_query) *q = NULL;
	const char *text = "{}";
	int r = mp_store_query(s->store, "SELECT attributes FROM device WHERE id = ?", &q,
			       MP_INT(d->row));

	if (r == 0)
		r = mp_query_next(q);
	if (r < 0)
		return r;
	if (r > 0)
		text = mp_query_text(q, 0);
	return mp_json_parse(text, strlen(text), ret, NULL);
}

/* Numbers and booleans are kept as the text that they are; anything deeper is no attribute. */
static int apply(struct mp_json *to, enum attribute_mode mode, const struct mp_json *data)
{
	const struct mp_json *value;
	const char *key;
	void *iter = NULL;
	int r = 0;

	while (r == 0 && mp_json_next(data, &iter, &key, &value)) {
		MP_BUF(text, 1024);

		if (mode == ATTRIBUTES_REMOVE) {
			r = mp_json_remove(to, key);
			if (r == -ENOENT)
				r = 0;
		} else if (mp_json_type(value) == MP_JSON_STR) {
			r = mp_json_put_str(to, key, mp_json_str(value, ""));
		} else if (mp_json_type(value) < MP_JSON_STR) {
			r = mp_json_format(value, &text);
			if (r == 0)
				r = mp_json_put_str(to, key, mp_buf_str(&text));
		} else {
			r = -EBADMSG;
		}
	}
	return r;
}

static void remember(const char **field, const struct mp_json *attributes, const char *key)
{
	const char *text = mp_json_str(mp_json_get(attributes, key), "");
	const char *name = strlen(text) < 64 ? intern_word(text) : NULL;

	if (name && *name)
		*field = name;
}

int devices_set_attributes(struct server *s, struct device *d, enum attribute_mode mode,
			   const struct mp_json *data)
{
	auto_(mp_json) *all = NULL;
	MP_BUF(text, ATTRIBUTES_MAX);
	int r = 0;

	if (mode == ATTRIBUTES_REPLACE)
		all = mp_json_new_object();
	else
		r = devices_attributes(s, d, &all);
	if (r == 0 && !all)
		r = -ENOMEM;
	if (r == 0)
		r = apply(all, mode, data);
	if (r == 0)
		r = mp_json_format(all, &text);
	if (r < 0)
		return r;
	remember(&d->product, all, "product");
	remember(&d->board, all, "board");
	r = mp_store_run(s->store,
			 "UPDATE device SET attributes = ?, product = ?, board = ?,"
			 " wants_config = 0 WHERE id = ?",
			 MP_TEXT(mp_buf_str(&text)), MP_TEXT(d->product), MP_TEXT(d->board),
			 MP_INT(d->row));
	if (r < 0)
		return r;
	d->wants_config = false;
	device_forget_poll(d);
	return 0;
}

static const struct registration *registration_of(const struct server *s, const struct device *d)
{
	return s->lwm2m ? registry_find(s->lwm2m->registry, d->name) : NULL;
}

/* By DDI or by LwM2M, whatever was later. */
static int64_t heard(const struct registration *r, const struct device *d)
{
	return r && registration_seen(r) > d->last_seen ? registration_seen(r) : d->last_seen;
}

int64_t device_last_seen(const struct server *s, const struct device *d)
{
	return heard(registration_of(s, d), d);
}

struct mp_json *device_json(struct server *s, const struct device *d, bool with_attributes)
{
	const struct registration *lwm2m = registration_of(s, d);
	auto_(mp_json) *j = mp_json_new_object();
	struct mp_json *attributes = NULL;
	int r = 0;

	r |= mp_json_put_str(j, "id", d->name);
	r |= mp_json_put_str(j, "product", d->product);
	r |= mp_json_put_str(j, "board", d->board);
	r |= mp_json_put_str(j, "release", d->release);
	r |= mp_json_put_str(j, "target", d->target);
	r |= mp_json_put_str(j, "state", device_state_name(d->state));
	r |= mp_json_put_int(j, "progress", d->progress);
	r |= mp_json_put_str(j, "reason", d->reason ? d->reason : "");
	r |= mp_json_put_int(j, "last_seen", heard(lwm2m, d));
	r |= mp_json_put_int(j, "created", d->created);
	r |= mp_json_put_bool(j, "auto_confirm", d->auto_confirm != 0);
	if (lwm2m)
		r |= mp_json_put_str(j, "lwm2m", registration_is_awake(lwm2m) ? "awake" : "asleep");
	if (with_attributes && devices_attributes(s, d, &attributes) == 0)
		r |= mp_json_put(j, "attributes", attributes);
	return r ? NULL : take_ptr(j);
}
