/* SPDX-License-Identifier: Apache-2.0
 * json.c - what parses must format, parse again and be the same */
#include <stdlib.h>
#include <errno.h>

#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_real(const struct mp_json *j)
{
	const struct mp_json *value;
	const char *key;
	void *iter = NULL;

	if (mp_json_type(j) == MP_JSON_REAL)
		return true;
	for (size_t i = 0; mp_json_type(j) == MP_JSON_ARRAY && i < mp_json_size(j); i++)
		if (has_real(mp_json_at(j, i)))
			return true;
	while (mp_json_type(j) == MP_JSON_OBJECT && mp_json_next(j, &iter, &key, &value))
		if (has_real(value))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(mp_json) *j = NULL, *again = NULL, *copy = NULL;
	MP_BUF(text, 16 << 20);
	MP_BUF(canonical, 16 << 20);
	bool real;

	if (mp_json_parse(data, size, &j, NULL) < 0)
		return 0;
	real = has_real(j);
	if (mp_json_format(j, &text) < 0 || mp_json_parse(text.data, text.len, &again, NULL) < 0)
		abort();
	if (!real && !mp_json_equal(j, again)) /* reals lose digits */
		abort();
	if (mp_json_format_canonical(j, &canonical) != (real ? -EINVAL : 0))
		abort();
	copy = mp_json_copy(j);
	if (!copy || !mp_json_equal(j, copy))
		abort();
	return 0;
}
