/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <errno.h>
#include <string.h>

#include "base/le.h"
#include "profiles.h"

#define VERSION 1
#define HEADER 9 /* version, time */

enum { /* bits of a registration's flags */
       FLAG_IPV4 = 1,
       FLAG_RELIABLE = 2,
       FLAG_PEER = 4,
       FLAG_SHA256 = 8,
       FLAG_PROVEN = 16,
       FLAG_HEARD = 32,
       FLAG_PROFILE = 64,
       FLAGS = 127
};

/* ---- writing ---- */

/* The longest entry but its texts is put together here. */
struct out {
	uint8_t data[4096];
	size_t len;
};

static void put(struct out *o, const void *data, size_t len)
{
	memcpy(o->data + o->len, data, len);
	o->len += len;
}

static void put_byte(struct out *o, unsigned v)
{
	o->data[o->len++] = (uint8_t)v;
}

static void put_number(struct out *o, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		put_byte(o, (unsigned)(v & 0x7f) | 0x80);
	put_byte(o, (unsigned)v);
}

static void put_location(struct out *o, uint64_t v)
{
	mp_put_le64(o->data + o->len, v);
	o->len += 8;
}

static int put_text(struct out *o, const struct journal_text *t, size_t max)
{
	if (t->len > max)
		return -EFBIG;
	put_number(o, t->len);
	if (t->len > 0)
		put(o, t->data, t->len);
	return 0;
}

static void put_address(struct out *o, const struct mp_net_address *a, bool is_ipv4)
{
	if (is_ipv4)
		put(o, a->ip + 12, 4);
	else
		put(o, a->ip, 16);
	mp_put_le16(o->data + o->len, a->port);
	o->len += 2;
}

static bool is_ipv4(const struct mp_net_address *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}

static int put_registration(struct out *o, const struct journal_entry *e, int64_t now)
{
	unsigned flags = (is_ipv4(&e->address) ? FLAG_IPV4 : 0) |
			 (e->is_reliable ? FLAG_RELIABLE : 0) | (e->peer_kind ? FLAG_PEER : 0) |
			 (e->sha256 ? FLAG_SHA256 : 0) | (e->is_proven ? FLAG_PROVEN : 0) |
			 (e->heard ? FLAG_HEARD : 0) | (e->profile.len ? FLAG_PROFILE : 0);
	int r;

	put_byte(o, flags);
	put_byte(o, e->binding);
	mp_put_le16(o->data + o->len, e->version);
	o->len += 2;
	put_number(o, e->lifetime);
	/* Zigzag: a clock may have been set back. */
	put_number(o,
		   (uint64_t)(now - e->registered) << 1 ^ (uint64_t)((now - e->registered) >> 63));
	put_number(o, (uint64_t)(now - e->updated) << 1 ^ (uint64_t)((now - e->updated) >> 63));
	put_number(o, e->links);
	put_address(o, &e->address, flags & FLAG_IPV4);
	r = put_text(o, &e->endpoint, 255);
	if (r == 0 && e->peer_kind) {
		put_byte(o, e->peer_kind);
		r = put_text(o, &e->identity, 255);
	}
	if (r == 0 && e->sha256)
		put(o, e->sha256, 32);
	if (r == 0)
		r = put_text(o, &e->attributes, 1024);
	if (r == 0 && e->heard)
		put_number(o, e->heard);
	if (r == 0 && e->profile.len)
		r = put_text(o, &e->profile, PROFILE_ID_MAX);
	return r;
}

static void put_move(struct out *o, const struct journal_entry *e)
{
	unsigned flags =
		(is_ipv4(&e->address) ? FLAG_IPV4 : 0) | (e->is_reliable ? FLAG_RELIABLE : 0);

	put_byte(o, flags);
	put_address(o, &e->address, flags & FLAG_IPV4);
}

static int put_observation(struct out *o, const struct journal_entry *e)
{
	if (e->n_paths > JOURNAL_PATHS)
		return -EFBIG;
	put(o, e->token, MP_COAP_TOKEN);
	put_byte(o, (e->is_composite ? 1u : 0) | (e->is_stale ? 2u : 0));
	put_number(o, (uint32_t)(e->accept + 1));
	put_byte(o, e->n_paths);
	for (unsigned i = 0; i < e->n_paths; i++) {
		put_byte(o, e->paths[i].n);
		for (unsigned k = 0; k < e->paths[i].n; k++)
			put_number(o, e->paths[i].id[k]);
	}
	return 0;
}

int journal_begin(struct mp_buf *out, int64_t now_ms)
{
	uint8_t head[HEADER] = {VERSION};

	mp_put_le64(head + 1, (uint64_t)now_ms);
	mp_buf_reset(out);
	return mp_buf_add(out, head, sizeof(head));
}

static int64_t time_of(const struct mp_buf *b)
{
	return (int64_t)mp_le64(b->data + 1);
}

int journal_add(struct mp_buf *out, const struct journal_entry *e)
{
	struct out o;
	int r = 0;

	o.len = 0;
	put_byte(&o, e->type);
	if (e->type == JOURNAL_LINKS) {
		put_number(&o, e->links);
		put_number(&o, e->text.len);
		r = mp_buf_add(out, o.data, o.len);
		return r < 0 ? r : mp_buf_add(out, e->text.data, e->text.len);
	}
	put_location(&o, e->location);
	if (e->type == JOURNAL_REGISTERED)
		r = put_registration(&o, e, time_of(out));
	else if (e->type == JOURNAL_OBSERVED)
		r = put_observation(&o, e);
	else if (e->type == JOURNAL_MOVED)
		put_move(&o, e);
	else if (e->type == JOURNAL_FORGOTTEN)
		put(&o, e->token, MP_COAP_TOKEN);
	return r < 0 ? r : mp_buf_add(out, o.data, o.len);
}

/* ---- reading: `at` becomes NULL with the first thing that is not there ---- */

static const uint8_t *get(struct journal_reader *r, size_t len)
{
	const uint8_t *p = r->at;

	if (!p || (size_t)(r->end - p) < len) {
		r->at = NULL;
		return NULL;
	}
	r->at = p + len;
	return p;
}

static unsigned get_byte(struct journal_reader *r)
{
	const uint8_t *p = get(r, 1);

	return p ? *p : 0;
}

static uint64_t get_number(struct journal_reader *r, uint64_t max)
{
	uint64_t v = 0;
	unsigned byte = 0x80;

	for (unsigned shift = 0; r->at && byte & 0x80; shift += 7) {
		byte = get_byte(r);
		if (shift == 63 && byte > 1)
			r->at = NULL;
		else
			v |= (uint64_t)(byte & 0x7f) << shift;
		if (shift == 63)
			break;
	}
	if (v > max)
		r->at = NULL;
	return r->at ? v : 0;
}

static void get_text(struct journal_reader *r, size_t max, struct journal_text *ret)
{
	size_t len = (size_t)get_number(r, max);

	*ret = (struct journal_text){(const char *)get(r, len), len};
}

static int64_t get_time(struct journal_reader *r)
{
	uint64_t v = get_number(r, UINT64_MAX);

	return (int64_t)((uint64_t)r->time - (v >> 1 ^ (0 - (v & 1))));
}

static void get_address(struct journal_reader *r, bool ipv4, struct mp_net_address *ret)
{
	size_t len = ipv4 ? 4 : 16;
	const uint8_t *p = get(r, len + 2);

	if (!p)
		return;
	memset(ret->ip, 0, 10);
	memset(ret->ip + 10, 0xff, 2);
	memcpy(ret->ip + 16 - len, p, len);
	ret->port = mp_le16(p + len);
}

static void get_profile(struct journal_reader *r, unsigned flags, struct journal_text *ret)
{
	*ret = (struct journal_text){NULL, 0};
	if (!(flags & FLAG_PROFILE))
		return;
	get_text(r, PROFILE_ID_MAX, ret);
	if (r->at && (ret->len == 0 || memchr(ret->data, 0, ret->len)))
		r->at = NULL;
}

static void get_registration(struct journal_reader *r, struct journal_entry *e)
{
	unsigned flags = get_byte(r);
	const uint8_t *version;

	if (flags & ~(unsigned)FLAGS)
		r->at = NULL;
	e->is_reliable = flags & FLAG_RELIABLE;
	e->binding = (uint8_t)get_byte(r);
	version = get(r, 2);
	e->version = version ? mp_le16(version) : 0;
	e->lifetime = (uint32_t)get_number(r, UINT32_MAX);
	e->registered = get_time(r);
	e->updated = get_time(r);
	e->links = (uint32_t)get_number(r, UINT32_MAX);
	get_address(r, flags & FLAG_IPV4, &e->address);
	get_text(r, 255, &e->endpoint);
	if (flags & FLAG_PEER) {
		e->peer_kind = (uint8_t)get_byte(r);
		get_text(r, 255, &e->identity);
		if (e->peer_kind < 1 || e->peer_kind > 3)
			r->at = NULL;
	}
	e->sha256 = flags & FLAG_SHA256 ? get(r, 32) : NULL;
	get_text(r, 1024, &e->attributes);
	e->is_proven = flags & FLAG_PROVEN;
	e->heard = flags & FLAG_HEARD ? (uint32_t)get_number(r, UINT32_MAX) : 0;
	get_profile(r, flags, &e->profile);
	if (r->at && (e->endpoint.len == 0 || memchr(e->endpoint.data, 0, e->endpoint.len) ||
		      (e->attributes.len && memchr(e->attributes.data, 0, e->attributes.len))))
		r->at = NULL;
}

static void get_move(struct journal_reader *r, struct journal_entry *e)
{
	unsigned flags = get_byte(r);

	if (flags & ~(unsigned)(FLAG_IPV4 | FLAG_RELIABLE))
		r->at = NULL;
	e->is_reliable = flags & FLAG_RELIABLE;
	get_address(r, flags & FLAG_IPV4, &e->address);
}

static void get_observation(struct journal_reader *r, struct journal_entry *e)
{
	unsigned flags;

	e->token = get(r, MP_COAP_TOKEN);
	flags = get_byte(r);
	e->is_composite = flags & 1;
	e->is_stale = flags & 2;
	e->accept = (int32_t)get_number(r, 65536) - 1;
	e->n_paths = (uint8_t)get_byte(r);
	if (flags > 3 || e->n_paths == 0 || e->n_paths > JOURNAL_PATHS)
		r->at = NULL;
	for (unsigned i = 0; r->at && i < e->n_paths; i++) {
		e->paths[i] = (struct mp_lwm2m_path){.n = (uint8_t)get_byte(r)};
		if (e->paths[i].n > 4)
			r->at = NULL;
		for (unsigned k = 0; r->at && k < e->paths[i].n; k++)
			e->paths[i].id[k] = (uint16_t)get_number(r, MP_LWM2M_ID_MAX);
	}
}

int journal_read(struct journal_reader *r, const void *data, size_t len)
{
	const uint8_t *p = data;

	if (len < HEADER)
		return -EBADMSG;
	if (p[0] != VERSION)
		return -ENOTSUP;
	*r = (struct journal_reader){p + HEADER, p + len, (int64_t)mp_le64(p + 1)};
	return 0;
}

int journal_next(struct journal_reader *r, struct journal_entry *e)
{
	const uint8_t *location;

	if (!r->at)
		return -EBADMSG;
	if (r->at == r->end)
		return 0;
	e->type = (enum journal_type)get_byte(r);
	if (e->type == JOURNAL_LINKS) {
		e->links = (uint32_t)get_number(r, UINT32_MAX);
		get_text(r, 65535, &e->text);
		return r->at ? 1 : -EBADMSG;
	}
	location = get(r, 8);
	e->location = location ? mp_le64(location) : 0;
	if (e->type == JOURNAL_REGISTERED)
		get_registration(r, e);
	else if (e->type == JOURNAL_OBSERVED)
		get_observation(r, e);
	else if (e->type == JOURNAL_MOVED)
		get_move(r, e);
	else if (e->type == JOURNAL_FORGOTTEN)
		e->token = get(r, MP_COAP_TOKEN);
	else if (e->type != JOURNAL_HEARD && e->type != JOURNAL_ENDED && e->type != JOURNAL_PROVEN)
		r->at = NULL;
	return r->at ? 1 : -EBADMSG;
}
