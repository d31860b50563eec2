/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/cbor.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "lwm2m/codec.h"
#include "lwm2m/number.h"
#include "lwm2m/time.h"
#include "lwm2m/utf8.h"

#define DEPTH 8

enum { BREAK = 31, FALSE_ = 20, TRUE_ = 21, NULL_ = 22, HALF = 25, SINGLE = 26, DOUBLE = 27 };
enum { TAG_TEXT_TIME = 0, TAG_TIME = 1, TAG_DECIMAL = 4 };

static uint64_t big_endian(const uint8_t *b, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | b[i];
	return v;
}

int mp_lwm2m_cbor_head(const uint8_t **at, const uint8_t *end, struct mp_lwm2m_cbor_head *ret)
{
	struct mp_lwm2m_cbor_head h = {.major = MP_LWM2M_CBOR_UNSIGNED};
	size_t more;

	if (*at == end)
		return -EBADMSG;
	h.major = (enum mp_lwm2m_cbor_major)(**at >> 5);
	h.info = **at & 31;
	more = h.info < 24 ? 0 : h.info < 28 ? (size_t)1 << (h.info - 24) : 0;
	if ((size_t)(end - *at) < 1 + more || (h.info >= 28 && h.info < BREAK))
		return -EBADMSG;
	h.value = more ? big_endian(*at + 1, more) : h.info;
	if (h.info == BREAK) {
		if (h.major < MP_LWM2M_CBOR_BYTES || h.major == MP_LWM2M_CBOR_TAG)
			return -EBADMSG;
		h.endless = true;
	}
	*at += 1 + more;
	*ret = h;
	return 0;
}

bool mp_lwm2m_cbor_break(const uint8_t **at, const uint8_t *end)
{
	if (*at == end || **at != 0xff)
		return false;
	(*at)++;
	return true;
}

/* ---- strings ---- */

static int take_bytes(const uint8_t **at, const uint8_t *end, uint64_t len, const uint8_t **ret)
{
	if (len > (uint64_t)(end - *at))
		return -EBADMSG;
	*ret = *at;
	*at += len;
	return 0;
}

/* The pieces of an endless string, each of the same kind and of known length (RFC 8949 3.2.3); their
 * bytes go to `out`, or are only counted when it is NULL. */
static int take_pieces(const uint8_t **at, const uint8_t *end, enum mp_lwm2m_cbor_major major,
		       uint8_t *out, size_t *ret_len)
{
	struct mp_lwm2m_cbor_head h;
	const uint8_t *piece;
	size_t len = 0;

	while (!mp_lwm2m_cbor_break(at, end)) {
		if (mp_lwm2m_cbor_head(at, end, &h) < 0 || h.major != major || h.endless ||
		    take_bytes(at, end, h.value, &piece) < 0)
			return -EBADMSG;
		if (out && h.value)
			memcpy(out + len, piece, (size_t)h.value);
		len += (size_t)h.value;
	}
	*ret_len = len;
	return 0;
}

static int take_string(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
		       const struct mp_lwm2m_cbor_head *h, struct mp_lwm2m_value *ret)
{
	const uint8_t *data, *start = *at;
	size_t len = (size_t)h->value;

	if (h->endless) {
		uint8_t *out;

		if (take_pieces(at, end, h->major, NULL, &len) < 0)
			return -EBADMSG;
		if (!(out = mp_lwm2m_scratch(r, len)))
			return -ENOSPC;
		take_pieces(&start, end, h->major, out, &len);
		data = out;
	} else if (take_bytes(at, end, h->value, &data) < 0) {
		return -EBADMSG;
	}
	*ret = mp_lwm2m_opaque(data, len);
	if (h->major == MP_LWM2M_CBOR_TEXT) {
		if (!mp_lwm2m_utf8_is_valid((const char *)data, len))
			return -EBADMSG;
		*ret = (struct mp_lwm2m_value){.type = MP_LWM2M_STRING,
					       .text = {(const char *)data, len}};
	}
	return 0;
}

/* ---- numbers ---- */

/* RFC 8949 appendix D: as the bits of a single float, of which a subnormal one is a multiple of 2^-24. */
static double half_float(uint16_t half)
{
	uint32_t exponent = half >> 10 & 31, mantissa = half & 0x3ff, bits;
	float single;

	if (exponent == 0)
		return (half & 0x8000 ? -1.0 : 1.0) * mantissa / (1 << 24);
	exponent = exponent == 31 ? 255 : exponent + 127 - 15;
	bits = (uint32_t)(half & 0x8000) << 16 | exponent << 23 | mantissa << 13;
	memcpy(&single, &bits, sizeof(single));
	return (double)single;
}

static int simple(const struct mp_lwm2m_cbor_head *h, struct mp_lwm2m_value *ret)
{
	uint32_t bits = (uint32_t)h->value;
	float single;
	double v;

	if (h->info == FALSE_ || h->info == TRUE_) {
		*ret = mp_lwm2m_boolean(h->info == TRUE_);
		return 0;
	}
	if (h->info == NULL_) {
		*ret = (struct mp_lwm2m_value){.type = MP_LWM2M_NONE};
		return 0;
	}
	if (h->info == HALF) {
		v = half_float((uint16_t)h->value);
	} else if (h->info == SINGLE) {
		memcpy(&single, &bits, sizeof(single));
		v = (double)single;
	} else if (h->info == DOUBLE) {
		memcpy(&v, &h->value, sizeof(v));
	} else {
		return h->endless || (h->info == 24 && h->value < 32) ? -EBADMSG : -ENOTSUP;
	}
	if (!isfinite(v))
		return -EBADMSG;
	*ret = mp_lwm2m_float(v);
	return 0;
}

static int whole(const struct mp_lwm2m_cbor_head *h, struct mp_lwm2m_value *ret)
{
	if (h->major == MP_LWM2M_CBOR_UNSIGNED)
		*ret = h->value > INT64_MAX ? mp_lwm2m_unsigned(h->value)
					    : mp_lwm2m_integer((int64_t)h->value);
	else if (h->value > INT64_MAX)
		return -ENOTSUP;
	else
		*ret = mp_lwm2m_integer(-1 - (int64_t)h->value);
	return 0;
}

static int take_whole(const uint8_t **at, const uint8_t *end, struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_cbor_head h;

	if (mp_lwm2m_cbor_head(at, end, &h) < 0)
		return -EBADMSG;
	return h.major <= MP_LWM2M_CBOR_NEGATIVE ? whole(&h, ret) : -ENOTSUP;
}

/* [exponent, mantissa] of ten (RFC 8949 3.4.4), which SenML allows (RFC 8428 section 6). Read as the
 * decimal text that it is, so that it is rounded once. */
static int decimal(const uint8_t **at, const uint8_t *end, struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_value exponent, mantissa;
	struct mp_lwm2m_cbor_head h;
	char text[2 * MP_LWM2M_NUMBER_TEXT];
	size_t n;
	int k;

	if (mp_lwm2m_cbor_head(at, end, &h) < 0)
		return -EBADMSG;
	if (h.major != MP_LWM2M_CBOR_ARRAY || h.endless || h.value != 2)
		return -EBADMSG;
	if ((k = take_whole(at, end, &exponent)) < 0 || (k = take_whole(at, end, &mantissa)) < 0)
		return k;
	if (exponent.type != MP_LWM2M_INTEGER || mantissa.type != MP_LWM2M_INTEGER)
		return -ENOTSUP;
	n = mp_lwm2m_number_format_integer(mantissa.integer, text);
	text[n++] = 'e';
	n += mp_lwm2m_number_format_integer(exponent.integer, text + n);
	return mp_lwm2m_number_parse(text, n, true, ret);
}

/* ---- a value ---- */

static int untagged(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
		    const struct mp_lwm2m_cbor_head *h, struct mp_lwm2m_value *ret)
{
	switch (h->major) {
	case MP_LWM2M_CBOR_UNSIGNED:
	case MP_LWM2M_CBOR_NEGATIVE:
		return whole(h, ret);
	case MP_LWM2M_CBOR_BYTES:
	case MP_LWM2M_CBOR_TEXT:
		return take_string(r, at, end, h, ret);
	case MP_LWM2M_CBOR_SIMPLE:
		return simple(h, ret);
	default:
		return -ENOTSUP;
	}
}

static int tagged(struct mp_lwm2m_reader *r, uint64_t tag, const uint8_t **at, const uint8_t *end,
		  struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_cbor_head h;
	int64_t seconds;
	int k;

	if (tag == TAG_DECIMAL)
		return decimal(at, end, ret);
	if (tag > TAG_TIME)
		return -ENOTSUP;
	if (mp_lwm2m_cbor_head(at, end, &h) < 0)
		return -EBADMSG;
	if ((k = untagged(r, at, end, &h, ret)) < 0)
		return k == -ENOTSUP ? -EBADMSG : k;
	if (tag == TAG_TIME)
		return ret->type == MP_LWM2M_INTEGER || ret->type == MP_LWM2M_FLOAT
			       ? mp_lwm2m_value_convert(ret, MP_LWM2M_TIME, NULL, 0, ret)
			       : -EBADMSG;
	if (ret->type != MP_LWM2M_STRING ||
	    mp_lwm2m_time_parse(ret->text.data, ret->text.len, &seconds) < 0)
		return -EBADMSG;
	*ret = mp_lwm2m_time(seconds);
	return 0;
}

int mp_lwm2m_cbor_value(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
			struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_cbor_head h;

	if (mp_lwm2m_cbor_head(at, end, &h) < 0)
		return -EBADMSG;
	if (h.major == MP_LWM2M_CBOR_TAG)
		return tagged(r, h.value, at, end, ret);
	return untagged(r, at, end, &h, ret);
}

/* ---- skipping ---- */

struct level {
	uint64_t left; /* items until its end */
	bool endless, map;
};

/* One head and what belongs to it; sets a level when there are items within. */
static int skip_one(const uint8_t **at, const uint8_t *end, struct level *ret)
{
	struct mp_lwm2m_cbor_head h;
	const uint8_t *unused;
	size_t len;

	ret->left = 0;
	ret->endless = ret->map = false;
	if (mp_lwm2m_cbor_head(at, end, &h) < 0)
		return -EBADMSG;
	if (h.major == MP_LWM2M_CBOR_BYTES || h.major == MP_LWM2M_CBOR_TEXT)
		return h.endless ? take_pieces(at, end, h.major, NULL, &len)
				 : take_bytes(at, end, h.value, &unused);
	if (h.major == MP_LWM2M_CBOR_SIMPLE)
		return h.endless || (h.info == 24 && h.value < 32) ? -EBADMSG : 0;
	if (h.major < MP_LWM2M_CBOR_ARRAY)
		return 0;
	/* More items than bytes that are left cannot be; so the count does not overflow either. */
	if (!h.endless && h.major != MP_LWM2M_CBOR_TAG && h.value > (uint64_t)(end - *at))
		return -EBADMSG;
	ret->map = h.major == MP_LWM2M_CBOR_MAP;
	ret->endless = h.endless;
	ret->left = h.major == MP_LWM2M_CBOR_TAG ? 1 : ret->map ? h.value * 2 : h.value;
	if (h.endless)
		ret->left = 0;
	return 0;
}

int mp_lwm2m_cbor_skip(const uint8_t **at, const uint8_t *end)
{
	struct level level[DEPTH + 1] = {{.left = 1}};
	unsigned depth = 0;

	for (;;) {
		struct level *l = &level[depth];
		struct level within;

		if (l->endless && mp_lwm2m_cbor_break(at, end)) {
			if (l->map && l->left % 2)
				return -EBADMSG;
			l->endless = false;
			l->left = 0;
		}
		if (!l->endless && l->left == 0) {
			if (depth-- == 0)
				return 0;
			continue;
		}
		l->left += l->endless ? 1 : UINT64_MAX; /* counts up, or down */
		if (skip_one(at, end, &within) < 0)
			return -EBADMSG;
		if (within.left == 0 && !within.endless)
			continue;
		if (depth == DEPTH)
			return -ENOTSUP;
		level[++depth] = within;
	}
}

/* ---- writing ---- */

static int put_big_endian(struct mp_lwm2m_writer *w, uint8_t first, uint64_t v, unsigned bytes)
{
	uint8_t b[9] = {first};

	for (unsigned i = 0; i < bytes; i++)
		b[1 + i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
	return mp_lwm2m_put(w, b, 1 + bytes);
}

int mp_lwm2m_cbor_put_head(struct mp_lwm2m_writer *w, enum mp_lwm2m_cbor_major major,
			   uint64_t value)
{
	uint8_t first = (uint8_t)(major << 5);

	if (value < 24)
		return put_big_endian(w, (uint8_t)(first | value), 0, 0);
	if (value <= 0xff)
		return put_big_endian(w, first | 24, value, 1);
	if (value <= 0xffff)
		return put_big_endian(w, first | 25, value, 2);
	if (value <= 0xffffffff)
		return put_big_endian(w, first | 26, value, 4);
	return put_big_endian(w, first | 27, value, 8);
}

int mp_lwm2m_cbor_put_integer(struct mp_lwm2m_writer *w, int64_t v)
{
	if (v >= 0)
		return mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_UNSIGNED, (uint64_t)v);
	return mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_NEGATIVE, (uint64_t)(-1 - v));
}

int mp_lwm2m_cbor_put_float(struct mp_lwm2m_writer *w, double v)
{
	float single = (float)v;
	uint32_t half;
	uint64_t bits;

	if ((double)single == v) {
		memcpy(&half, &single, sizeof(half));
		return put_big_endian(w, MP_LWM2M_CBOR_SIMPLE << 5 | SINGLE, half, 4);
	}
	memcpy(&bits, &v, sizeof(bits));
	return put_big_endian(w, MP_LWM2M_CBOR_SIMPLE << 5 | DOUBLE, bits, 8);
}

static int put_string(struct mp_lwm2m_writer *w, enum mp_lwm2m_cbor_major major, const void *data,
		      size_t len)
{
	int r = mp_lwm2m_cbor_put_head(w, major, len);

	return r == 0 ? mp_lwm2m_put(w, data, len) : r;
}

int mp_lwm2m_cbor_put_text(struct mp_lwm2m_writer *w, const char *text, size_t len)
{
	return put_string(w, MP_LWM2M_CBOR_TEXT, text, len);
}

int mp_lwm2m_cbor_put_value(struct mp_lwm2m_writer *w, const struct mp_lwm2m_value *v, bool tags)
{
	char text[MP_LWM2M_NUMBER_TEXT];
	int n;

	switch (v->type) {
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
		return mp_lwm2m_cbor_put_text(w, v->text.data, v->text.len);
	case MP_LWM2M_OPAQUE:
		return put_string(w, MP_LWM2M_CBOR_BYTES, v->opaque.data, v->opaque.len);
	case MP_LWM2M_TIME:
		n = tags ? mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_TAG, TAG_TIME) : 0;
		return n < 0 ? n : mp_lwm2m_cbor_put_integer(w, v->integer);
	case MP_LWM2M_INTEGER:
		return mp_lwm2m_cbor_put_integer(w, v->integer);
	case MP_LWM2M_UNSIGNED:
		return mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_UNSIGNED, v->natural);
	case MP_LWM2M_FLOAT:
		return mp_lwm2m_cbor_put_float(w, v->real);
	case MP_LWM2M_BOOLEAN:
		return mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_SIMPLE, v->boolean ? TRUE_ : FALSE_);
	case MP_LWM2M_OBJLNK:
		n = mp_lwm2m_value_format(v, text, sizeof(text));
		return n < 0 ? n : mp_lwm2m_cbor_put_text(w, text, (size_t)n);
	default:
		return -EINVAL;
	}
}

int mp_lwm2m_cbor_put_count(struct mp_lwm2m_writer *w, size_t at, enum mp_lwm2m_cbor_major major,
			    uint64_t count)
{
	size_t end = w->len, more = count < 24 ? 0 : count <= 0xff ? 1 : count <= 0xffff ? 2 : 4;
	int r;

	if (count > 0xffffffff)
		return -EINVAL;
	if (more && (r = mp_lwm2m_put_gap(w, at + 1, more)) < 0)
		return r;
	w->len = at;
	r = mp_lwm2m_cbor_put_head(w, major, count);
	w->len = end + more;
	return r;
}
