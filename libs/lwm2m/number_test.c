/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/test.h"
#include "lwm2m/number.h"

static uint64_t seed = 1;

static uint64_t dice(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed ^ seed >> 29;
}

TEST(number_text_reads_back_as_the_same_float)
{
	for (int i = 0; i < 200000; i++) {
		char text[MP_LWM2M_NUMBER_TEXT];
		struct mp_lwm2m_value v;
		uint64_t bits = dice();
		size_t len;
		double x, y;

		memcpy(&x, &bits, sizeof(x));
		if (!isfinite(x))
			continue;
		len = mp_lwm2m_number_format_float(x, text);
		ASSERT(len == strlen(text) && len < sizeof(text));
		ASSERT_OK(mp_lwm2m_number_parse(text, len, true, &v));
		ASSERT(mp_lwm2m_value_is_number(&v, &y) && x == y);
	}
}

TEST(number_text_is_short)
{
	char text[MP_LWM2M_NUMBER_TEXT];

	mp_lwm2m_number_format_float(22.4, text);
	ASSERT_STR("22.4", text);
	mp_lwm2m_number_format_float(-0.0, text);
	ASSERT_STR("-0", text);
	mp_lwm2m_number_format_float(5e-324, text);
	ASSERT_STR("4.94065645841247e-324", text);
	mp_lwm2m_number_format_integer(INT64_MIN, text);
	ASSERT_STR("-9223372036854775808", text);
	mp_lwm2m_number_format_unsigned(UINT64_MAX, text);
	ASSERT_STR("18446744073709551615", text);
}

static enum mp_lwm2m_type type_of(const char *text, bool json)
{
	struct mp_lwm2m_value v;

	return mp_lwm2m_number_parse(text, strlen(text), json, &v) < 0 ? MP_LWM2M_NONE : v.type;
}

TEST(number_is_as_exact_as_its_text)
{
	ASSERT_INT(MP_LWM2M_INTEGER, type_of("9223372036854775807", true));
	ASSERT_INT(MP_LWM2M_UNSIGNED, type_of("9223372036854775808", true));
	ASSERT_INT(MP_LWM2M_UNSIGNED, type_of("18446744073709551615", true));
	ASSERT_INT(MP_LWM2M_FLOAT, type_of("18446744073709551616", true));
	ASSERT_INT(MP_LWM2M_INTEGER, type_of("-9223372036854775808", true));
	ASSERT_INT(MP_LWM2M_FLOAT, type_of("-9223372036854775809", true));
	ASSERT_INT(MP_LWM2M_FLOAT, type_of("1.0", true));
	ASSERT_INT(MP_LWM2M_FLOAT, type_of("1E5", true));
	ASSERT_INT(MP_LWM2M_INTEGER, type_of("-0", true));
}

TEST(number_of_json_has_one_form)
{
	static const char *const loose[] = {"+1", "01", "-01", "00.5"};
	static const char *const bad[] = {"",	 "-",	 ".5",	"5.", "1e",
					  "1e+", "1.e5", "0x1", "1 ", "١"};
	char digits[129];

	for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
		ASSERT_INT(MP_LWM2M_NONE, type_of(loose[i], true));
		ASSERT(type_of(loose[i], false) != MP_LWM2M_NONE);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_INT(MP_LWM2M_NONE, type_of(bad[i], false));
	memset(digits, '1', 128);
	digits[128] = '\0';
	ASSERT_INT(MP_LWM2M_NONE, type_of(digits, true));
	ASSERT_INT(MP_LWM2M_FLOAT, type_of(digits + 1, true));
}
