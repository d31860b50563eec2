/* SPDX-License-Identifier: Apache-2.0
 * A record: object, instance, resource + 1 (0: the instance itself), resource instance + 1 (0: none),
 * length, each two bytes, little-endian; the type in one byte; the value. Integers are signed and
 * little-endian in 1, 2, 4 or 8 bytes. Records lie in the order of their first eight bytes' numbers. */
#include "lwm2m/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"

#define HEAD 11
#define LIMIT (64 * 1024)

struct record {
	uint64_t key;
	uint8_t type;
	size_t len;
	const uint8_t *value;
};

static uint64_t key_of(const struct mp_lwm2m_path *p)
{
	uint16_t resource = p->n > 2 ? (uint16_t)(p->id[2] + 1) : 0;
	uint16_t instance = p->n > 3 ? (uint16_t)(p->id[3] + 1) : 0;

	return (uint64_t)p->id[0] << 48 | (uint64_t)p->id[1] << 32 | (uint32_t)resource << 16 |
	       instance;
}

/* The keys at or below a path are those from its own up to this. */
static uint64_t last_key(const struct mp_lwm2m_path *p)
{
	return p->n >= 4 ? key_of(p) : key_of(p) | UINT64_MAX >> 16 * p->n;
}

static struct mp_lwm2m_path path_of(uint64_t key)
{
	struct mp_lwm2m_path p = {.n = 2};

	p.id[0] = (uint16_t)(key >> 48);
	p.id[1] = (uint16_t)(key >> 32);
	if (key & 0xffff0000) {
		p.id[2] = (uint16_t)((key >> 16) - 1);
		p.n = 3;
	}
	if (key & 0xffff) {
		p.id[3] = (uint16_t)(key - 1);
		p.n = 4;
	}
	return p;
}

static bool take(const uint8_t *data, size_t len, size_t *at, struct record *ret)
{
	const uint8_t *p;

	if (len - *at < HEAD)
		return false;
	p = data + *at;
	ret->key = (uint64_t)mp_le16(p) << 48 | (uint64_t)mp_le16(p + 2) << 32 |
		   (uint64_t)mp_le16(p + 4) << 16 | mp_le16(p + 6);
	ret->len = mp_le16(p + 8);
	ret->type = p[10];
	ret->value = p + HEAD;
	if (len - *at - HEAD < ret->len)
		return false;
	*at += HEAD + ret->len;
	return true;
}

static int64_t get_signed(const uint8_t *p, size_t len)
{
	uint64_t v = p[len - 1] & 0x80 ? UINT64_MAX : 0;

	while (len--)
		v = v << 8 | p[len];
	return (int64_t)v;
}

static struct mp_lwm2m_value value_of(const struct record *r)
{
	struct mp_lwm2m_value v = {.type = (enum mp_lwm2m_type)r->type};
	uint64_t bits;

	switch (v.type) {
	case MP_LWM2M_INTEGER:
	case MP_LWM2M_TIME:
		v.integer = get_signed(r->value, r->len);
		break;
	case MP_LWM2M_UNSIGNED:
		v.natural = mp_le64(r->value);
		break;
	case MP_LWM2M_FLOAT:
		bits = mp_le64(r->value);
		memcpy(&v.real, &bits, sizeof(v.real));
		break;
	case MP_LWM2M_BOOLEAN:
		v.boolean = r->value[0];
		break;
	case MP_LWM2M_OBJLNK:
		v.link.object = mp_le16(r->value);
		v.link.instance = mp_le16(r->value + 2);
		break;
	default:
		v.opaque.data = r->value;
		v.opaque.len = r->len;
	}
	return v;
}

static bool is_sound(const struct record *r)
{
	if (r->key >> 48 > MP_LWM2M_ID_MAX || (r->key >> 32 & 0xffff) > MP_LWM2M_ID_MAX)
		return false;
	if ((r->key >> 16 & 0xffff) == 0)
		return (r->key & 0xffff) == 0 && r->type == MP_LWM2M_NONE && r->len == 0;
	switch (r->type) {
	case MP_LWM2M_INTEGER:
	case MP_LWM2M_TIME:
		return r->len == 1 || r->len == 2 || r->len == 4 || r->len == 8;
	case MP_LWM2M_UNSIGNED:
	case MP_LWM2M_FLOAT:
		return r->len == 8;
	case MP_LWM2M_BOOLEAN:
		return r->len == 1 && r->value[0] <= 1;
	case MP_LWM2M_OBJLNK:
		return r->len == 4;
	case MP_LWM2M_STRING:
	case MP_LWM2M_OPAQUE:
	case MP_LWM2M_CORELNK:
		return true;
	default:
		return false;
	}
}

static size_t put_signed(int64_t v, uint8_t out[8])
{
	size_t len = v == (int8_t)v ? 1 : v == (int16_t)v ? 2 : v == (int32_t)v ? 4 : 8;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)((uint64_t)v >> 8 * i);
	return len;
}

/* The bytes of a value: in `scratch`, or where they lie. -EINVAL: raw. */
static int encode(const struct mp_lwm2m_value *v, uint8_t scratch[8], const void **ret,
		  size_t *ret_len)
{
	uint64_t bits = v->natural;

	*ret = scratch;
	*ret_len = 8;
	switch (v->type) {
	case MP_LWM2M_INTEGER:
	case MP_LWM2M_TIME:
		*ret_len = put_signed(v->integer, scratch);
		return 0;
	case MP_LWM2M_FLOAT:
		memcpy(&bits, &v->real, sizeof(bits));
		mp_put_le64(scratch, bits);
		return 0;
	case MP_LWM2M_UNSIGNED:
		mp_put_le64(scratch, bits);
		return 0;
	case MP_LWM2M_BOOLEAN:
		scratch[0] = v->boolean;
		*ret_len = 1;
		return 0;
	case MP_LWM2M_OBJLNK:
		mp_put_le16(scratch, v->link.object);
		mp_put_le16(scratch + 2, v->link.instance);
		*ret_len = 4;
		return 0;
	case MP_LWM2M_STRING:
	case MP_LWM2M_OPAQUE:
	case MP_LWM2M_CORELNK:
		*ret = v->opaque.data;
		*ret_len = v->opaque.len;
		return *ret_len <= UINT16_MAX ? 0 : -ENOSPC;
	default:
		return -EINVAL;
	}
}

void mp_lwm2m_rows_done(struct mp_lwm2m_rows *rows)
{
	free(rows->data);
	rows->data = NULL;
	rows->len = rows->room = 0;
}

/* Where the key stands or would stand; its record's size, 0: not there. */
static size_t find(const struct mp_lwm2m_rows *rows, uint64_t key, size_t *ret_size)
{
	size_t at = 0, next = 0;
	struct record r;

	*ret_size = 0;
	while (take(rows->data, rows->len, &next, &r) && r.key <= key) {
		if (r.key == key) {
			*ret_size = next - at;
			return at;
		}
		at = next;
	}
	return at;
}

static int reserve(struct mp_lwm2m_rows *rows, size_t len)
{
	size_t limit = rows->limit ? rows->limit : LIMIT;
	size_t room = rows->room ? rows->room : 64;
	uint8_t *data;

	if (len > limit)
		return -ENOSPC;
	if (len <= rows->room)
		return 0;
	while (room < len)
		room += room / 2;
	data = realloc(rows->data, room);
	if (!data)
		return -ENOMEM;
	rows->data = data;
	rows->room = room;
	return 0;
}

static int put(struct mp_lwm2m_rows *rows, uint64_t key, uint8_t type, const void *value,
	       size_t len)
{
	size_t before, at = find(rows, key, &before), size = HEAD + len;
	uint8_t *p;
	int r = reserve(rows, rows->len - before + size);

	if (r < 0)
		return r;
	p = rows->data + at;
	memmove(p + size, p + before, rows->len - at - before);
	rows->len = rows->len - before + size;
	mp_put_le16(p, (uint16_t)(key >> 48));
	mp_put_le16(p + 2, (uint16_t)(key >> 32));
	mp_put_le16(p + 4, (uint16_t)(key >> 16));
	mp_put_le16(p + 6, (uint16_t)key);
	mp_put_le16(p + 8, (uint16_t)len);
	p[10] = type;
	if (len)
		memcpy(p + HEAD, value, len);
	return 0;
}

int mp_lwm2m_rows_add(struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path)
{
	struct mp_lwm2m_path top = mp_lwm2m_path_top(path, 2);

	return mp_lwm2m_rows_has(rows, &top) ? 0 : put(rows, key_of(&top), MP_LWM2M_NONE, NULL, 0);
}

int mp_lwm2m_rows_set(struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
		      const struct mp_lwm2m_value *value)
{
	uint8_t scratch[8];
	const void *data;
	size_t len;
	int r = path->n < 3 ? -EINVAL : encode(value, scratch, &data, &len);

	if (r == 0)
		r = mp_lwm2m_rows_add(rows, path);
	return r < 0 ? r : put(rows, key_of(path), (uint8_t)value->type, data, len);
}

size_t mp_lwm2m_rows_remove(struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path)
{
	uint64_t first = path->n ? key_of(path) : 0, last = last_key(path);
	size_t at = 0, next = 0, begin = 0, count = 0;
	struct record r;

	while (take(rows->data, rows->len, &next, &r) && r.key <= last) {
		if (r.key < first)
			begin = next;
		else
			count++;
		at = next;
	}
	if (count) {
		memmove(rows->data + begin, rows->data + at, rows->len - at);
		rows->len -= at - begin;
	}
	return count;
}

bool mp_lwm2m_rows_walk(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *top,
			size_t *at, struct mp_lwm2m_path *ret_path,
			struct mp_lwm2m_value *ret_value)
{
	uint64_t first = top->n ? key_of(top) : 0, last = last_key(top);
	struct record r;

	while (take(rows->data, rows->len, at, &r) && r.key <= last) {
		if (r.key < first || r.type == MP_LWM2M_NONE)
			continue;
		*ret_path = path_of(r.key);
		*ret_value = value_of(&r);
		return true;
	}
	return false;
}

bool mp_lwm2m_rows_get(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
		       struct mp_lwm2m_value *ret)
{
	size_t size, at = path->n < 3 ? 0 : find(rows, key_of(path), &size);
	struct record r;

	if (path->n < 3 || !size || !take(rows->data, rows->len, &at, &r))
		return false;
	*ret = value_of(&r);
	return true;
}

int64_t mp_lwm2m_rows_number(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
			     int64_t otherwise)
{
	struct mp_lwm2m_value v;

	if (!mp_lwm2m_rows_get(rows, path, &v))
		return otherwise;
	switch (v.type) {
	case MP_LWM2M_INTEGER:
	case MP_LWM2M_TIME:
		return v.integer;
	case MP_LWM2M_UNSIGNED:
		return v.natural <= INT64_MAX ? (int64_t)v.natural : INT64_MAX;
	case MP_LWM2M_BOOLEAN:
		return v.boolean;
	default:
		return otherwise;
	}
}

bool mp_lwm2m_rows_has(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path)
{
	uint64_t first = path->n ? key_of(path) : 0, last = last_key(path);
	size_t at = 0;
	struct record r;

	while (take(rows->data, rows->len, &at, &r) && r.key <= last)
		if (r.key >= first)
			return true;
	return false;
}

int32_t mp_lwm2m_rows_next(const struct mp_lwm2m_rows *rows, uint16_t object, int32_t after)
{
	uint64_t first = (uint64_t)object << 48 | (uint64_t)(uint32_t)(after + 1) << 32;
	size_t at = 0;
	struct record r;

	while (take(rows->data, rows->len, &at, &r))
		if (r.key >= first)
			return r.key >> 48 == object ? (int32_t)(r.key >> 32 & 0xffff) : -1;
	return -1;
}

int mp_lwm2m_rows_load(struct mp_lwm2m_rows *rows, const void *data, size_t len)
{
	struct mp_lwm2m_rows fresh = {.limit = rows->limit};
	uint64_t instance = UINT64_MAX;
	struct record r = {0};
	size_t at = 0;
	int result;

	for (uint64_t last = 0; at < len; last = r.key + 1) {
		if (!take(data, len, &at, &r) || r.key < last || !is_sound(&r))
			return -EBADMSG;
		if (r.type == MP_LWM2M_NONE)
			instance = r.key >> 32;
		else if (r.key >> 32 != instance)
			return -EBADMSG;
	}
	result = len ? reserve(&fresh, len) : 0;
	if (result < 0)
		return result;
	if (len)
		memcpy(fresh.data, data, len);
	fresh.len = len;
	mp_lwm2m_rows_done(rows);
	*rows = fresh;
	return 0;
}
