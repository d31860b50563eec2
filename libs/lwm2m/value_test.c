/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/test.h"
#include "lwm2m/value.h"

static struct mp_lwm2m_value raw_text(const char *text)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_RAW_TEXT, .text = {text, strlen(text)}};
}

static struct mp_lwm2m_value raw_tlv(const char *bytes, size_t len)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_RAW_TLV,
				       .opaque = {(const uint8_t *)bytes, len}};
}

/* Does it become `want`? With want.type NONE: is it refused as `type`? */
static bool becomes(struct mp_lwm2m_value from, struct mp_lwm2m_value want)
{
	uint8_t scratch[16];
	struct mp_lwm2m_value v;

	return mp_lwm2m_value_convert(&from, want.type, scratch, sizeof(scratch), &v) == 0 &&
	       mp_lwm2m_value_equal(&v, &want);
}

static bool refused(struct mp_lwm2m_value from, enum mp_lwm2m_type type)
{
	struct mp_lwm2m_value v;
	uint8_t scratch[16];

	return mp_lwm2m_value_convert(&from, type, scratch, sizeof(scratch), &v) == -EBADMSG;
}

TEST(value_reads_plain_text_as_its_type)
{
	ASSERT(becomes(raw_text("42"), mp_lwm2m_integer(42)));
	ASSERT(becomes(raw_text("-9223372036854775808"), mp_lwm2m_integer(INT64_MIN)));
	ASSERT(becomes(raw_text("+007"), mp_lwm2m_integer(7)));
	ASSERT(becomes(raw_text("18446744073709551615"), mp_lwm2m_unsigned(UINT64_MAX)));
	ASSERT(becomes(raw_text("22.4"), mp_lwm2m_float(22.4)));
	ASSERT(becomes(raw_text("1e3"), mp_lwm2m_float(1000)));
	ASSERT(becomes(raw_text("1"), mp_lwm2m_boolean(true)));
	ASSERT(becomes(raw_text("0"), mp_lwm2m_boolean(false)));
	ASSERT(becomes(raw_text("1367491215"), mp_lwm2m_time(1367491215)));
	ASSERT(becomes(raw_text("3:0"), mp_lwm2m_objlnk(3, 0)));
	ASSERT(becomes(raw_text("65535:65535"), mp_lwm2m_objlnk(65535, 65535)));
	ASSERT(becomes(raw_text("AQL/"), mp_lwm2m_opaque("\x01\x02\xff", 3)));
	ASSERT(becomes(raw_text("42"), mp_lwm2m_string("42")));
	ASSERT(becomes(raw_text(""), mp_lwm2m_string("")));
}

TEST(value_refuses_plain_text_of_another_type)
{
	static const char *const bad[] = {"",
					  "x",
					  "1.5",
					  "0x10",
					  " 1",
					  "1 ",
					  "--1",
					  "1e",
					  "NaN",
					  "inf",
					  "9223372036854775808"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT(refused(raw_text(bad[i]), MP_LWM2M_INTEGER));
	ASSERT(refused(raw_text("-1"), MP_LWM2M_UNSIGNED));
	ASSERT(refused(raw_text("18446744073709551616"), MP_LWM2M_UNSIGNED));
	ASSERT(refused(raw_text("1e400"), MP_LWM2M_FLOAT));
	ASSERT(refused(raw_text("nan"), MP_LWM2M_FLOAT));
	ASSERT(refused(raw_text("2"), MP_LWM2M_BOOLEAN));
	ASSERT(refused(raw_text("3"), MP_LWM2M_OBJLNK));
	ASSERT(refused(raw_text("3:"), MP_LWM2M_OBJLNK));
	ASSERT(refused(raw_text("3:65536"), MP_LWM2M_OBJLNK));
	ASSERT(refused(raw_text("3:0:1"), MP_LWM2M_OBJLNK));
	ASSERT(refused(raw_text("A"), MP_LWM2M_OPAQUE));
	ASSERT(refused(raw_text("AB=="), MP_LWM2M_OPAQUE)); /* bits that stand for nothing */
	ASSERT(refused(raw_text("\xc0\x80"), MP_LWM2M_STRING));
	ASSERT(refused(raw_text("\xed\xa0\x80"), MP_LWM2M_STRING));
}

TEST(value_reads_tlv_as_its_type)
{
	ASSERT(becomes(raw_tlv("\xff", 1), mp_lwm2m_integer(-1)));
	ASSERT(becomes(raw_tlv("\xff", 1), mp_lwm2m_unsigned(255)));
	ASSERT(becomes(raw_tlv("\x80\x00", 2), mp_lwm2m_integer(-32768)));
	ASSERT(becomes(raw_tlv("\x00\x01\x00\x00", 4), mp_lwm2m_integer(65536)));
	ASSERT(becomes(raw_tlv("\x80\x00\x00\x00\x00\x00\x00\x00", 8),
		       mp_lwm2m_integer(INT64_MIN)));
	ASSERT(becomes(raw_tlv("\x3f\x80\x00\x00", 4), mp_lwm2m_float(1)));
	ASSERT(becomes(raw_tlv("\xbf\xf8\x00\x00\x00\x00\x00\x00", 8), mp_lwm2m_float(-1.5)));
	ASSERT(becomes(raw_tlv("\x01", 1), mp_lwm2m_boolean(true)));
	ASSERT(becomes(raw_tlv("\x00\x03\x00\x01", 4), mp_lwm2m_objlnk(3, 1)));
	ASSERT(becomes(raw_tlv("ab", 2), mp_lwm2m_string("ab")));
	ASSERT(becomes(raw_tlv("ab", 2), mp_lwm2m_opaque("ab", 2)));
	ASSERT(refused(raw_tlv("", 0), MP_LWM2M_INTEGER));
	ASSERT(refused(raw_tlv("\x01\x02\x03", 3), MP_LWM2M_INTEGER));
	ASSERT(refused(raw_tlv("\x01\x02", 2), MP_LWM2M_FLOAT));
	ASSERT(refused(raw_tlv("\x7f\x80\x00\x00", 4), MP_LWM2M_FLOAT)); /* infinite */
	ASSERT(refused(raw_tlv("\x7f\xf8\x00\x00\x00\x00\x00\x00", 8), MP_LWM2M_FLOAT));
	ASSERT(refused(raw_tlv("\x02", 1), MP_LWM2M_BOOLEAN));
	ASSERT(refused(raw_tlv("\x00\x03", 2), MP_LWM2M_OBJLNK));
	ASSERT(refused(raw_tlv("\xff", 1), MP_LWM2M_STRING));
}

TEST(value_changes_numbers_only_when_nothing_is_lost)
{
	ASSERT(becomes(mp_lwm2m_float(5), mp_lwm2m_integer(5)));
	ASSERT(becomes(mp_lwm2m_float(9007199254740992.0), mp_lwm2m_integer(1LL << 53)));
	ASSERT(refused(mp_lwm2m_float(9007199254740994.0), MP_LWM2M_INTEGER));
	ASSERT(refused(mp_lwm2m_float(5.5), MP_LWM2M_INTEGER));
	ASSERT(refused(mp_lwm2m_float(-1), MP_LWM2M_UNSIGNED));
	ASSERT(refused(mp_lwm2m_integer(-1), MP_LWM2M_UNSIGNED));
	ASSERT(refused(mp_lwm2m_unsigned(UINT64_MAX), MP_LWM2M_INTEGER));
	ASSERT(becomes(mp_lwm2m_integer(7), mp_lwm2m_float(7)));
	ASSERT(becomes(mp_lwm2m_float(7.9), mp_lwm2m_time(7)));
	ASSERT(becomes(mp_lwm2m_float(-0.5), mp_lwm2m_time(-1)));
	ASSERT(refused(mp_lwm2m_float(NAN), MP_LWM2M_INTEGER));
	ASSERT(refused(mp_lwm2m_float(NAN), MP_LWM2M_FLOAT));
	ASSERT(refused(mp_lwm2m_float(INFINITY), MP_LWM2M_TIME));
	ASSERT(refused(mp_lwm2m_string("1"), MP_LWM2M_INTEGER));
	ASSERT(refused(mp_lwm2m_opaque("a", 1), MP_LWM2M_STRING));
	ASSERT(refused(mp_lwm2m_boolean(true), MP_LWM2M_INTEGER));
	ASSERT(becomes(mp_lwm2m_string("3:7"), mp_lwm2m_objlnk(3, 7)));
}

TEST(value_says_when_its_scratch_is_too_small)
{
	struct mp_lwm2m_value from = mp_lwm2m_string("AQIDBA=="), v;
	uint8_t scratch[4];

	for (size_t room = 0; room < 4; room++)
		ASSERT_ERR(-ENOSPC,
			   mp_lwm2m_value_convert(&from, MP_LWM2M_OPAQUE, scratch, room, &v));
	ASSERT_OK(mp_lwm2m_value_convert(&from, MP_LWM2M_OPAQUE, scratch, 4, &v));
	ASSERT_INT(4, (long long)v.opaque.len);
}

static bool reads_as(struct mp_lwm2m_value v, const char *want)
{
	char text[64];
	uint8_t scratch[32];
	struct mp_lwm2m_value back;
	int n = mp_lwm2m_value_format(&v, text, sizeof(text));

	return n == (int)strlen(want) && !strcmp(text, want) &&
	       mp_lwm2m_value_parse(text, (size_t)n, v.type, scratch, sizeof(scratch), &back) ==
		       0 &&
	       mp_lwm2m_value_equal(&v, &back);
}

TEST(value_has_text_for_people)
{
	ASSERT(reads_as(mp_lwm2m_integer(INT64_MIN), "-9223372036854775808"));
	ASSERT(reads_as(mp_lwm2m_unsigned(UINT64_MAX), "18446744073709551615"));
	ASSERT(reads_as(mp_lwm2m_float(22.4), "22.4"));
	ASSERT(reads_as(mp_lwm2m_float(0.1 + 0.2), "0.30000000000000004"));
	ASSERT(reads_as(mp_lwm2m_float(1e300), "1e+300"));
	ASSERT(reads_as(mp_lwm2m_float(5), "5"));
	ASSERT(reads_as(mp_lwm2m_boolean(true), "true"));
	ASSERT(reads_as(mp_lwm2m_time(1367491215), "2013-05-02T10:40:15Z"));
	ASSERT(reads_as(mp_lwm2m_time(0), "1970-01-01T00:00:00Z"));
	ASSERT(reads_as(mp_lwm2m_time(-1), "1969-12-31T23:59:59Z"));
	ASSERT(reads_as(mp_lwm2m_time(951782400), "2000-02-29T00:00:00Z"));
	ASSERT(reads_as(mp_lwm2m_time(253402300799), "9999-12-31T23:59:59Z"));
	ASSERT(reads_as(mp_lwm2m_time(253402300800), "253402300800"));
	ASSERT(reads_as(mp_lwm2m_opaque("\x01\x02\xff", 3), "0102ff"));
	ASSERT(reads_as(mp_lwm2m_opaque("", 0), ""));
	ASSERT(reads_as(mp_lwm2m_objlnk(3, 0), "3:0"));
	ASSERT(reads_as(mp_lwm2m_string("abc"), "abc"));
}

TEST(value_says_when_its_text_does_not_fit)
{
	struct mp_lwm2m_value v = mp_lwm2m_string("abc");
	char text[4];

	for (size_t room = 0; room < 4; room++)
		ASSERT_ERR(-ENOSPC, mp_lwm2m_value_format(&v, text, room));
	ASSERT_INT(3, mp_lwm2m_value_format(&v, text, 4));
	v = mp_lwm2m_opaque("ab", 2);
	ASSERT_ERR(-ENOSPC, mp_lwm2m_value_format(&v, text, 4));
}

static int64_t time_of(const char *text)
{
	struct mp_lwm2m_value v = mp_lwm2m_time(0);

	return mp_lwm2m_value_parse(text, strlen(text), MP_LWM2M_TIME, NULL, 0, &v) == 0 ? v.integer
											 : -77;
}

TEST(value_takes_times_in_several_forms)
{
	ASSERT_INT(1367491215, time_of("1367491215"));
	ASSERT_INT(1367491215, time_of("2013-05-02T12:40:15+02:00"));
	ASSERT_INT(1367491215, time_of("2013-05-02t10:40:15.75z"));
	ASSERT_INT(1367491215, time_of("2013-05-02 05:10:15-05:30"));
	ASSERT_INT(1483228800, time_of("2016-12-31T23:59:60Z"));
	ASSERT_INT(-77, time_of("2013-02-29T00:00:00Z"));
	ASSERT_INT(-77, time_of("2013-13-01T00:00:00Z"));
	ASSERT_INT(-77, time_of("2013-01-00T00:00:00Z"));
	ASSERT_INT(-77, time_of("2013-01-01T24:00:00Z"));
	ASSERT_INT(-77, time_of("2013-01-01T00:00:00"));
	ASSERT_INT(-77, time_of("2013-01-01T00:00:00+1:00"));
	ASSERT_INT(-77, time_of("2013-01-01T00:00:00.Z"));
	ASSERT_INT(-77, time_of("2013-01-01"));
	ASSERT_INT(-77, time_of(""));
}

TEST(value_types_have_names)
{
	static const struct {
		const char *name;
		enum mp_lwm2m_type type;
	} good[] = {{"STRING", MP_LWM2M_STRING},
		    {"unsigned", MP_LWM2M_UNSIGNED},
		    {"UNSIGNED_INTEGER", MP_LWM2M_UNSIGNED},
		    {"Unsigned Integer", MP_LWM2M_UNSIGNED},
		    {"Objlnk", MP_LWM2M_OBJLNK},
		    {"CORELINK", MP_LWM2M_CORELNK},
		    {"none", MP_LWM2M_NONE}};
	enum mp_lwm2m_type type;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ASSERT_OK(mp_lwm2m_type_parse(good[i].name, &type));
		ASSERT_INT(good[i].type, type);
	}
	ASSERT_ERR(-ENOENT, mp_lwm2m_type_parse("raw tlv", &type));
	ASSERT_STR("time", mp_lwm2m_type_name(MP_LWM2M_TIME));
}
