/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of definitions: "0..100", "0-100", "16,32,48", "1..64 bytes". What is not of this form says nothing
 * that a program could check. */
#include "lwm2m/model.h"

#include <string.h>

#include "lwm2m/number.h"

static void skip_blanks(const char **at)
{
	while (**at == ' ')
		(*at)++;
}

static bool take_number(const char **at, double *ret)
{
	const char *start = *at;
	struct mp_lwm2m_value v;

	if (**at == '-' || **at == '+')
		(*at)++;
	*at += strspn(*at, "0123456789");
	if (**at == '.' && (*at)[1] != '.') {
		(*at)++;
		*at += strspn(*at, "0123456789");
	}
	return mp_lwm2m_number_parse(start, (size_t)(*at - start), false, &v) == 0 &&
	       mp_lwm2m_value_is_number(&v, ret);
}

/* "a", "a..b" or "a-b". */
static bool take_item(const char **at, double *ret_low, double *ret_high)
{
	skip_blanks(at);
	if (!take_number(at, ret_low))
		return false;
	*ret_high = *ret_low;
	skip_blanks(at);
	if (!strncmp(*at, "..", 2))
		*at += 2;
	else if (**at == '-')
		(*at)++;
	else
		return true;
	skip_blanks(at);
	return take_number(at, ret_high);
}

/* What the range is about: the number, or the length of text and bytes. */
static bool measure(const struct mp_lwm2m_value *v, double *ret)
{
	if (v->type == MP_LWM2M_STRING)
		*ret = (double)v->text.len;
	else if (v->type == MP_LWM2M_OPAQUE)
		*ret = (double)v->opaque.len;
	else
		return v->type != MP_LWM2M_BOOLEAN && mp_lwm2m_value_is_number(v, ret);
	return true;
}

bool mp_lwm2m_resource_allows(const struct mp_lwm2m_resource *r, const struct mp_lwm2m_value *v)
{
	const char *at = r->range;
	bool fits = false;
	double x, low, high;

	if (!at || !measure(v, &x))
		return true;
	for (;;) {
		if (!take_item(&at, &low, &high))
			return true;
		fits = fits || (x >= low && x <= high);
		skip_blanks(&at);
		if (*at != ',')
			break;
		at++;
	}
	return fits || (*at && strcmp(at, "bytes") != 0);
}
