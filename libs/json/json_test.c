/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "base/test.h"

static struct mp_json *parsed(const char *text)
{
	struct mp_json *j = NULL;

	return mp_json_parse(text, strlen(text), &j, NULL) < 0 ? NULL : j;
}

static int refuse(const char *text, struct mp_err *err)
{
	auto_(mp_json) *j = NULL;

	return mp_json_parse(text, strlen(text), &j, err);
}

TEST(members_are_read_by_type)
{
	auto_(mp_json) *j = parsed("{\"s\":\"x\",\"i\":-7,\"r\":1.5,\"b\":true,\"n\":null,"
				   "\"a\":[1,\"two\"],\"o\":{\"k\":1}}");

	ASSERT(j);
	ASSERT_STR("x", mp_json_str(mp_json_get(j, "s"), NULL));
	ASSERT_INT(-7, mp_json_int(mp_json_get(j, "i"), 0));
	ASSERT(mp_json_real(mp_json_get(j, "r"), 0) > 1.4);
	ASSERT(mp_json_real(mp_json_get(j, "i"), 0) < -6.9);
	ASSERT(mp_json_bool(mp_json_get(j, "b"), false));
	ASSERT_INT(MP_JSON_NULL, mp_json_type(mp_json_get(j, "n")));
	ASSERT_INT(2, mp_json_size(mp_json_get(j, "a")));
	ASSERT_STR("two", mp_json_str(mp_json_at(mp_json_get(j, "a"), 1), NULL));
	ASSERT(!mp_json_at(mp_json_get(j, "a"), 2));
	ASSERT_INT(7, mp_json_size(j));
	ASSERT_INT(MP_JSON_OBJECT, mp_json_type(mp_json_get(j, "o")));
}

TEST(looking_at_nothing_or_at_another_type_gives_the_default)
{
	auto_(mp_json) *j = parsed("[1]");

	ASSERT(!mp_json_get(NULL, "k"));
	ASSERT(!mp_json_get(j, "k"));
	ASSERT_STR("d", mp_json_str(NULL, "d"));
	ASSERT_STR("d", mp_json_str(j, "d"));
	ASSERT_INT(5, mp_json_int(mp_json_get(j, "k"), 5));
	ASSERT_INT(0, mp_json_size(NULL));
	ASSERT_INT(MP_JSON_NULL, mp_json_type(NULL));
	ASSERT(mp_json_bool(j, true));
}

TEST(malformed_text_is_refused_with_its_place)
{
	struct mp_err err = {0};

	ASSERT_ERR(-EBADMSG, refuse("{\n\"a\": x}", &err));
	ASSERT(strstr(err.text, "line 2, column"));
	ASSERT_ERR(-EBADMSG, refuse("", &err));
	ASSERT_ERR(-EBADMSG, refuse("{} {}", &err));
	ASSERT_ERR(-EBADMSG, refuse("{\"a\":1,\"a\":2}", &err));
	ASSERT(strstr(err.text, "duplicate"));
	ASSERT_ERR(-EBADMSG, refuse("[\"\xff\"]", &err));
	ASSERT_ERR(-EBADMSG, refuse("[\"\\ud800\"]", &err));
	ASSERT_ERR(-EBADMSG, refuse("[99999999999999999999]", &err));
	ASSERT_ERR(-EBADMSG, refuse("[1e999]", &err));
	ASSERT_ERR(-EBADMSG, refuse("[NaN]", &err));
}

TEST(a_string_never_hides_a_nul)
{
	auto_(mp_json) *j = NULL;

	ASSERT_ERR(-EBADMSG, refuse("[\"a\\u0000b\"]", NULL));
	ASSERT_ERR(-EBADMSG, refuse("{\"a\\u0000b\":1}", NULL));
	ASSERT_ERR(-EBADMSG, mp_json_parse("[\"a\0b\"]", 7, &j, NULL));
}

static int parse_nested(size_t levels, struct mp_err *err)
{
	char text[200000];

	memset(text, '[', levels);
	memset(text + levels, ']', levels);
	text[2 * levels] = '\0';
	return refuse(text, err);
}

TEST(sixty_four_levels_are_enough)
{
	struct mp_err err = {0};

	ASSERT_OK(parse_nested(64, &err));
	ASSERT_ERR(-EBADMSG, parse_nested(65, &err));
	ASSERT_STR("JSON nests deeper than 64 levels", err.text);
	ASSERT_ERR(-EBADMSG, parse_nested(90000, &err));
	ASSERT_OK(refuse(
		"[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"\"]",
		&err));
}

TEST(required_members_say_what_is_wrong)
{
	auto_(mp_json) *j = parsed("{\"n\":3,\"s\":\"x\"}");
	const struct mp_json *array = NULL;
	struct mp_err err = {0};
	const char *s = "untouched";
	int64_t n = 9;

	ASSERT_ERR(-EBADMSG, mp_json_read_str(j, "version", &s, &err));
	ASSERT_STR("'version' is missing", err.text);
	ASSERT_ERR(-EBADMSG, mp_json_read_str(j, "n", &s, &err));
	ASSERT_STR("'n' must be a string", err.text);
	ASSERT_STR("untouched", s);
	ASSERT_ERR(-EBADMSG, mp_json_read_int(j, "n", 4, 10, &n, &err));
	ASSERT_STR("'n' must be a whole number from 4 to 10", err.text);
	ASSERT_INT(9, n);
	ASSERT_OK(mp_json_read_int(j, "n", 0, 10, &n, &err));
	ASSERT_INT(3, n);
	ASSERT_ERR(-EBADMSG, mp_json_read_array(j, "s", &array, &err));
	ASSERT_STR("'s' must be a list", err.text);
	ASSERT_ERR(-EBADMSG, mp_json_read_object(j, "s", &array, &err));
	ASSERT_ERR(-EBADMSG, mp_json_read_str(NULL, "s", &s, &err));
}

static int build(struct mp_json **ret)
{
	auto_(mp_json) *j = mp_json_new_object();
	struct mp_json *list = mp_json_new_array();
	int r = j ? 0 : -ENOMEM;

	r = r ? r : mp_json_put_str(j, "z", "q\"\\\n\xc3\xa9");
	r = r ? r : mp_json_put_int(j, "a", 1);
	r = r ? r : mp_json_append(list, mp_json_new_bool(true));
	r = r ? r : mp_json_append(list, mp_json_new_null());
	r = mp_json_put(j, "list", list) || r ? -ENOMEM : 0;
	r = r ? r : mp_json_put_str(j, "none", NULL);
	if (r == 0)
		*ret = take_ptr(j);
	return r;
}

TEST(text_keeps_the_order_and_canonical_text_sorts)
{
	auto_(mp_json) *j = NULL;
	MP_BUF(b, 1000);

	ASSERT_OK(build(&j));
	ASSERT_OK(mp_json_format(j, &b));
	ASSERT_STR("{\"z\":\"q\\\"\\\\\\n\xc3\xa9\",\"a\":1,\"list\":[true,null],\"none\":null}",
		   mp_buf_str(&b));
	mp_buf_reset(&b);
	ASSERT_OK(mp_json_format_canonical(j, &b));
	ASSERT_STR("{\"a\":1,\"list\":[true,null],\"none\":null,\"z\":\"q\\\"\\\\\n\xc3\xa9\"}",
		   mp_buf_str(&b));
	mp_buf_reset(&b);
	ASSERT_OK(mp_json_remove(j, "list"));
	ASSERT_OK(mp_json_remove(j, "z"));
	ASSERT_ERR(-ENOENT, mp_json_remove(j, "z"));
	ASSERT_OK(mp_json_format_pretty(j, &b));
	ASSERT_STR("{\n  \"a\": 1,\n  \"none\": null\n}", mp_buf_str(&b));
}

TEST(canonical_text_has_no_place_for_reals)
{
	auto_(mp_json) *j = parsed("[1,1.5]");
	MP_BUF(b, 100);

	ASSERT_OK(mp_buf_add_str(&b, "before"));
	ASSERT_ERR(-EINVAL, mp_json_format_canonical(j, &b));
	ASSERT_STR("before", mp_buf_str(&b));
	ASSERT_OK(mp_json_format(j, &b));
	ASSERT_STR("before[1,1.5]", mp_buf_str(&b));
}

TEST(reals_read_well)
{
	auto_(mp_json) *j = mp_json_new_real(0.1);
	MP_BUF(b, 100);

	ASSERT_OK(mp_json_format(j, &b));
	ASSERT_STR("0.1", mp_buf_str(&b));
}

TEST(text_that_does_not_fit_leaves_the_buffer_as_it_was)
{
	auto_(mp_json) *j = parsed("[\"0123456789\"]");
	MP_BUF(b, 8);

	ASSERT_OK(mp_buf_add_str(&b, "ab"));
	ASSERT_ERR(-EFBIG, mp_json_format(j, &b));
	ASSERT_STR("ab", mp_buf_str(&b));
	ASSERT_ERR(-EFBIG, mp_json_format_canonical(j, &b));
	ASSERT_STR("ab", mp_buf_str(&b));
}

TEST(bytes_that_are_no_utf8_are_replaced)
{
	auto_(mp_json) *j = mp_json_new_str("a\xff\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80\xe2\x82");
	auto_(mp_json) *list = mp_json_new_array();
	auto_(mp_json) *again = NULL;
	MP_BUF(b, 100);

	ASSERT_STR("a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80"
		   "\xef\xbf\xbd\xef\xbf\xbd",
		   mp_json_str(j, ""));
	ASSERT_OK(mp_json_append(list, take_ptr(j)));
	ASSERT_OK(mp_json_format(list, &b));
	ASSERT_OK(mp_json_parse(b.data, b.len, &again, NULL));
	ASSERT(mp_json_equal(list, again));
}

TEST(every_cut_of_a_document_is_refused)
{
	static const char text[] = "{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\\"x\"],\"b\":{}}";

	EACH_CUT(cut, n, text, sizeof(text) - 1) {
		auto_(mp_json) *j = NULL;

		ASSERT_ERR(-EBADMSG, mp_json_parse(cut, n, &j, NULL));
	}
}

TEST(an_object_is_stepped_through_in_order)
{
	auto_(mp_json) *j = parsed("{\"b\":1,\"a\":2}");
	const struct mp_json *value;
	void *iter = NULL;
	const char *key;
	MP_BUF(b, 100);

	while (mp_json_next(j, &iter, &key, &value))
		ASSERT_OK(mp_buf_printf(&b, "%s%d", key, (int)mp_json_int(value, 0)));
	ASSERT_STR("b1a2", mp_buf_str(&b));
	iter = NULL;
	ASSERT(!mp_json_next(NULL, &iter, &key, &value));
}

TORTURE(parsing_copying_and_formatting_survive_the_end_of_memory)
{
	static const char text[] = "{\"a\":[1,2.5,\"x\"],\"b\":{\"c\":null}}";
	auto_(mp_json) *j = NULL, *copy = NULL;
	MP_BUF(b, 1000);
	int r = mp_json_parse(text, strlen(text), &j, NULL);

	if (r < 0)
		return r;
	copy = mp_json_copy(j);
	if (!copy)
		return -ENOMEM;
	r = mp_json_format(copy, &b);
	return r < 0 ? r : mp_json_equal(j, copy) ? 0 : -EBADMSG;
}

TORTURE(building_survives_the_end_of_memory)
{
	auto_(mp_json) *j = NULL;
	MP_BUF(b, 1000);
	int r = build(&j);

	return r < 0 ? r : mp_json_format_canonical(j, &b);
}

TORTURE(repairing_a_string_survives_the_end_of_memory)
{
	auto_(mp_json) *j = mp_json_new_str("\xff");

	return j ? 0 : -ENOMEM;
}
