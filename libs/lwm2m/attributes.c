/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/attributes.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lwm2m/number.h"

enum kind { SECONDS, REAL, FLAG };

/* In the order of the bits. */
static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
} table[MP_LWM2M_ATTRIBUTE_COUNT] = {
	{"pmin", SECONDS, offsetof(struct mp_lwm2m_attributes, pmin)},
	{"pmax", SECONDS, offsetof(struct mp_lwm2m_attributes, pmax)},
	{"gt", REAL, offsetof(struct mp_lwm2m_attributes, gt)},
	{"lt", REAL, offsetof(struct mp_lwm2m_attributes, lt)},
	{"st", REAL, offsetof(struct mp_lwm2m_attributes, st)},
	{"epmin", SECONDS, offsetof(struct mp_lwm2m_attributes, epmin)},
	{"epmax", SECONDS, offsetof(struct mp_lwm2m_attributes, epmax)},
	{"edge", FLAG, offsetof(struct mp_lwm2m_attributes, edge)},
	{"con", FLAG, offsetof(struct mp_lwm2m_attributes, con)},
	{"hqmax", SECONDS, offsetof(struct mp_lwm2m_attributes, hqmax)},
};

static int find(const char *name, size_t len)
{
	for (int i = 0; i < MP_LWM2M_ATTRIBUTE_COUNT; i++)
		if (strlen(table[i].name) == len && !memcmp(table[i].name, name, len))
			return i;
	return -ENOENT;
}

static int set_value(struct mp_lwm2m_attributes *a, int i, const char *text, size_t len)
{
	struct mp_lwm2m_value raw = {.type = MP_LWM2M_RAW_TEXT, .text = {text, len}}, v;
	void *field = (char *)a + table[i].offset;

	if (table[i].kind == REAL) {
		if (mp_lwm2m_value_convert(&raw, MP_LWM2M_FLOAT, NULL, 0, &v) < 0)
			return -EBADMSG;
		*(double *)field = v.real;
		return 0;
	}
	if (mp_lwm2m_value_convert(&raw, MP_LWM2M_INTEGER, NULL, 0, &v) < 0 || v.integer < 0 ||
	    v.integer > (table[i].kind == FLAG ? 1 : UINT32_MAX))
		return -EBADMSG;
	if (table[i].kind == FLAG)
		*(bool *)field = v.integer;
	else
		*(uint32_t *)field = (uint32_t)v.integer;
	return 0;
}

static int add(struct mp_lwm2m_attributes *a, int i, const char *value, size_t len)
{
	uint16_t bit = (uint16_t)(1u << i);

	if ((a->set | a->clear) & bit)
		return -EBADMSG;
	if (!value) {
		a->clear |= bit;
		return 0;
	}
	if (set_value(a, i, value, len) < 0)
		return -EBADMSG;
	a->set |= bit;
	return 0;
}

int mp_lwm2m_attributes_parse(struct mp_lwm2m_attributes *a, const void *query, size_t len)
{
	const char *text = query, *equals = len ? memchr(text, '=', len) : NULL;
	size_t name_len = equals ? (size_t)(equals - text) : len;
	int i = find(text, name_len);

	if (i < 0)
		return i;
	return add(a, i, equals ? equals + 1 : NULL, equals ? len - name_len - 1 : 0);
}

static bool both(const struct mp_lwm2m_attributes *a, unsigned bits)
{
	return (a->set & bits) == bits;
}

int mp_lwm2m_attributes_check(const struct mp_lwm2m_attributes *a)
{
	double step = a->set & MP_LWM2M_ST ? a->st : 0;

	if (both(a, MP_LWM2M_EPMIN | MP_LWM2M_EPMAX) && a->epmin >= a->epmax)
		return -EPROTO;
	if (both(a, MP_LWM2M_ST) && a->st <= 0)
		return -EPROTO;
	if (both(a, MP_LWM2M_GT | MP_LWM2M_LT) && a->lt + 2 * step >= a->gt)
		return -EPROTO;
	return 0;
}

int mp_lwm2m_attributes_fit(const struct mp_lwm2m_attributes *a, const struct mp_lwm2m_path *path)
{
	unsigned deep = MP_LWM2M_GT | MP_LWM2M_LT | MP_LWM2M_ST | MP_LWM2M_EDGE;

	if (path->n == MP_LWM2M_ROOT || ((a->set | a->clear) & deep && path->n < MP_LWM2M_RESOURCE))
		return -EPROTO;
	return 0;
}

static void copy(struct mp_lwm2m_attributes *to, const struct mp_lwm2m_attributes *from,
		 unsigned bits)
{
	static const size_t sizes[] = {
		[SECONDS] = sizeof(uint32_t), [REAL] = sizeof(double), [FLAG] = sizeof(bool)};

	for (int i = 0; i < MP_LWM2M_ATTRIBUTE_COUNT; i++)
		if (bits & 1u << i)
			memcpy((char *)to + table[i].offset, (const char *)from + table[i].offset,
			       sizes[table[i].kind]);
	to->set = (uint16_t)(to->set | bits);
}

void mp_lwm2m_attributes_update(struct mp_lwm2m_attributes *kept,
				const struct mp_lwm2m_attributes *change)
{
	copy(kept, change, change->set);
	kept->set = (uint16_t)(kept->set & ~change->clear);
}

void mp_lwm2m_attributes_inherit(struct mp_lwm2m_attributes *a,
				 const struct mp_lwm2m_attributes *above)
{
	copy(a, above, above->set & ~(unsigned)a->set);
}

/* The text of its value: the length. */
static size_t value_text(const struct mp_lwm2m_attributes *a, unsigned i, char *text)
{
	const void *field = (const char *)a + table[i].offset;

	if (table[i].kind == REAL)
		return mp_lwm2m_number_format_float(*(const double *)field, text);
	if (table[i].kind == FLAG)
		return mp_lwm2m_number_format_unsigned(*(const bool *)field, text);
	return mp_lwm2m_number_format_unsigned(*(const uint32_t *)field, text);
}

size_t mp_lwm2m_attributes_format(const struct mp_lwm2m_attributes *a, unsigned i,
				  char text[MP_LWM2M_ATTRIBUTE_TEXT])
{
	size_t len;

	if (!((a->set | a->clear) & 1u << i))
		return 0;
	len = strlen(table[i].name);
	memcpy(text, table[i].name, len + 1);
	if (!(a->set & 1u << i))
		return len;
	text[len++] = '=';
	return len + value_text(a, i, text + len);
}

void mp_lwm2m_attributes_write(const struct mp_lwm2m_attributes *a, struct mp_lwm2m_link_writer *w)
{
	char text[MP_LWM2M_NUMBER_TEXT];

	for (unsigned i = 0; i < MP_LWM2M_ATTRIBUTE_COUNT; i++)
		if (a->set & 1u << i) {
			value_text(a, i, text);
			mp_lwm2m_link_add_attribute(w, table[i].name, text);
		}
}

int mp_lwm2m_attributes_read(const struct mp_lwm2m_link *link, struct mp_lwm2m_attributes *ret)
{
	struct mp_lwm2m_attributes a = {.set = 0};
	struct mp_lwm2m_link walk = *link;
	struct mp_lwm2m_attribute found;

	while (mp_lwm2m_link_attribute(&walk, &found)) {
		int i = find(found.name, found.name_len);

		if (i >= 0 && (!found.value || add(&a, i, found.value, found.value_len) < 0))
			return -EBADMSG;
	}
	*ret = a;
	return 0;
}
