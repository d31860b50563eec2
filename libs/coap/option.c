/* SPDX-License-Identifier: Apache-2.0
 * option.c - reading options (RFC 7252 sections 3.1 and 5.10) */
#include <string.h>

#include "coap/internal.h"

int mp_coap_option_decode(struct mp_coap_options *walk, struct mp_coap_option *ret)
{
	const uint8_t *at = walk->at, *end = walk->end;
	uint32_t delta, len;
	unsigned first;

	if (at == end)
		return -EBADMSG;
	first = *at++;
	if (mp_coap_extended_decode(&at, end, first >> 4, &delta) < 0 ||
	    mp_coap_extended_decode(&at, end, first & 15, &len) < 0 || (size_t)(end - at) < len ||
	    delta > UINT16_MAX - walk->number)
		return -EBADMSG;
	walk->number += delta;
	walk->at = at + len;
	*ret = (struct mp_coap_option){walk->number, at, len};
	return 0;
}

bool mp_coap_option_next(struct mp_coap_options *walk, struct mp_coap_option *ret)
{
	return mp_coap_option_decode(walk, ret) == 0;
}

bool mp_coap_find(const struct mp_coap_message *m, unsigned number, struct mp_coap_option *ret)
{
	MP_COAP_EACH_OPTION(o, m)
	{
		if (o.number > number)
			return false;
		if (o.number == number) {
			*ret = o;
			return true;
		}
	}
	return false;
}

int mp_coap_option_uint(const struct mp_coap_option *o, uint32_t *ret)
{
	uint32_t value = 0;

	if (o->len > sizeof(value))
		return -EBADMSG;
	for (size_t i = 0; i < o->len; i++)
		value = value << 8 | o->value[i];
	*ret = value;
	return 0;
}

int mp_coap_find_uint(const struct mp_coap_message *m, unsigned number, uint32_t *ret)
{
	struct mp_coap_option o;
	int r;

	if (!mp_coap_find(m, number, &o))
		return 0;
	r = mp_coap_option_uint(&o, ret);
	return r < 0 ? r : 1;
}

static const struct {
	uint16_t number, least, most;
} lengths[] = {
	{MP_COAP_IF_MATCH, 0, 8},
	{MP_COAP_URI_HOST, 1, 255},
	{MP_COAP_ETAG, 1, 8},
	{MP_COAP_IF_NONE_MATCH, 0, 0},
	{MP_COAP_OBSERVE, 0, 3},
	{MP_COAP_URI_PORT, 0, 2},
	{MP_COAP_LOCATION_PATH, 0, 255},
	{MP_COAP_URI_PATH, 0, 255},
	{MP_COAP_CONTENT_FORMAT, 0, 2},
	{MP_COAP_MAX_AGE, 0, 4},
	{MP_COAP_URI_QUERY, 0, 255},
	{MP_COAP_HOP_LIMIT, 1, 1},
	{MP_COAP_ACCEPT, 0, 2},
	{MP_COAP_LOCATION_QUERY, 0, 255},
	{MP_COAP_BLOCK2, 0, 3},
	{MP_COAP_BLOCK1, 0, 3},
	{MP_COAP_SIZE2, 0, 4},
	{MP_COAP_PROXY_URI, 1, 1034},
	{MP_COAP_PROXY_SCHEME, 1, 255},
	{MP_COAP_SIZE1, 0, 4},
	{MP_COAP_ECHO, 1, 40},
	{MP_COAP_REQUEST_TAG, 0, 8},
};

bool mp_coap_option_is_sound(const struct mp_coap_option *o)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (lengths[i].number == o->number)
			return o->len >= lengths[i].least && o->len <= lengths[i].most;
	return true;
}

bool mp_coap_path_is(const struct mp_coap_message *m, const char *path)
{
	const char *rest = *path ? path : NULL; /* NULL: no segment is left */

	MP_COAP_EACH_OPTION(o, m)
	{
		size_t len;

		if (o.number != MP_COAP_URI_PATH)
			continue;
		if (!rest)
			return false;
		len = strcspn(rest, "/");
		if (len != o.len || memcmp(rest, o.value, len) != 0)
			return false;
		rest = rest[len] ? rest + len + 1 : NULL;
	}
	return !rest;
}
