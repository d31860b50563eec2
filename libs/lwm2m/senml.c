/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/senml.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define VERSION 10 /* RFC 8428; a lower one is a subset */

int mp_lwm2m_senml_mark(struct mp_lwm2m_senml *s, enum mp_lwm2m_senml_field field)
{
	if (s->has & field && field != MP_LWM2M_SENML_OTHER)
		return -EBADMSG;
	s->has |= field;
	return 0;
}

static int number_of(const struct mp_lwm2m_value *v, double *ret)
{
	if (v->type == MP_LWM2M_BOOLEAN || !mp_lwm2m_value_is_number(v, ret))
		return -EBADMSG;
	return 0;
}

static int take_base(struct mp_lwm2m_reader *r, const struct mp_lwm2m_senml *s)
{
	double version;

	if (s->has & MP_LWM2M_SENML_VERSION) {
		if (number_of(&s->version, &version) < 0)
			return -EBADMSG;
		if (version > VERSION)
			return -ENOTSUP;
	}
	if (s->has & MP_LWM2M_SENML_BASE_NAME) {
		if (s->base_name_len > MP_LWM2M_NAME_MAX)
			return -EBADMSG;
		if (s->base_name_len)
			memcpy(r->pack.base_name, s->base_name, s->base_name_len);
		r->pack.base_len = (uint8_t)s->base_name_len;
	}
	if (s->has & MP_LWM2M_SENML_BASE_TIME && number_of(&s->base_time, &r->pack.base_time) < 0)
		return -EBADMSG;
	if (s->has & MP_LWM2M_SENML_BASE_VALUE) {
		double unused;

		if (number_of(&s->base_value, &unused) < 0)
			return -EBADMSG;
		r->pack.base_value = s->base_value;
		r->pack.has_base_value = true;
	}
	return 0;
}

static int full_path(const struct mp_lwm2m_reader *r, const struct mp_lwm2m_senml *s,
		     struct mp_lwm2m_path *ret)
{
	char text[2 * MP_LWM2M_NAME_MAX];
	size_t len = r->pack.base_len;

	if (s->name_len > sizeof(text) - len)
		return -EBADMSG;
	memcpy(text, r->pack.base_name, len);
	if (s->name_len)
		memcpy(text + len, s->name, s->name_len);
	return mp_lwm2m_path_parse(text, len + s->name_len, ret);
}

/* The base value is added to the value (RFC 8428 section 4.1): whole numbers stay whole. */
static int add_base_value(const struct mp_lwm2m_reader *r, const struct mp_lwm2m_senml *s,
			  struct mp_lwm2m_record *ret)
{
	const struct mp_lwm2m_value *base = &r->pack.base_value;
	double a, b;

	if (!(s->has & MP_LWM2M_SENML_VALUE)) {
		ret->value = *base;
		return 0;
	}
	if (number_of(&ret->value, &a) < 0)
		return 0; /* text, bytes, links and booleans have no base */
	if (number_of(base, &b) < 0)
		return -EBADMSG;
	if (ret->value.type != MP_LWM2M_INTEGER || base->type != MP_LWM2M_INTEGER ||
	    __builtin_add_overflow(base->integer, ret->value.integer, &ret->value.integer))
		ret->value = mp_lwm2m_float(a + b);
	return ret->value.type == MP_LWM2M_FLOAT && !isfinite(ret->value.real) ? -EBADMSG : 0;
}

int mp_lwm2m_senml_resolve(struct mp_lwm2m_reader *r, const struct mp_lwm2m_senml *s,
			   struct mp_lwm2m_record *ret)
{
	bool has_value = s->has & MP_LWM2M_SENML_VALUE;
	double time = 0;
	int k = take_base(r, s);

	if (k < 0)
		return k;
	if (!(s->has & (MP_LWM2M_SENML_NAME | MP_LWM2M_SENML_VALUE)) && r->pack.base_len > 1 &&
	    r->pack.base_name[r->pack.base_len - 1] == '/')
		return 0;
	if (full_path(r, s, &ret->path) < 0)
		return -EBADMSG;
	if (s->has & MP_LWM2M_SENML_TIME && number_of(&s->time, &time) < 0)
		return -EBADMSG;
	ret->time = r->pack.base_time + time;
	ret->value = s->value;
	ret->has_value = has_value || r->pack.has_base_value;
	if (r->pack.has_base_value && (k = add_base_value(r, s, ret)) < 0)
		return k;
	return isfinite(ret->time) ? 1 : -EBADMSG;
}

/* The base of a record: "" for the root, "/3/0" where that is its whole path, else "/3/0/". */
static size_t base_of(const struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path,
		      char base[MP_LWM2M_PATH_TEXT + 1])
{
	size_t len = 0;

	if (w->base.n) {
		len = mp_lwm2m_path_format(&w->base, base);
		if (path->n > w->base.n)
			base[len++] = '/';
	}
	base[len] = '\0';
	return len;
}

void mp_lwm2m_senml_names(const struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path,
			  char base[MP_LWM2M_PATH_TEXT + 1], size_t *ret_base_len,
			  char name[MP_LWM2M_PATH_TEXT])
{
	char full[MP_LWM2M_PATH_TEXT];
	size_t len = mp_lwm2m_path_format(path, full), base_len = base_of(w, path, base);

	memcpy(name, full + base_len, len - base_len + 1);
	if (w->records && (w->last.n > w->base.n) == (path->n > w->base.n))
		base_len = 0;
	*ret_base_len = base_len;
}
