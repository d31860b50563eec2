/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include "base/test.h"

TEST(a_record_comes_back_as_it_was_written)
{
	struct record in = {.install_peak_rss_kb = 21000,
			    .proving_since = 5,
			    .proving_boot = "b",
			    .sourced = "lwm2m/7"},
		      out;
	MP_BUF(b, RECORD_MOST);

	record_add(&in, "1001", "1.1.0", true, "proven");
	record_add(&in, "1002", "1.2.0", false, "a \"quoted\" reason");
	in.outcomes[0].told = true;
	ASSERT_OK(record_format(&in, &b));
	ASSERT_OK(record_parse(b.data, b.len, &out));
	ASSERT_INT(2, out.n);
	ASSERT(out.outcomes[0].success && out.outcomes[0].told);
	ASSERT_STR("a \"quoted\" reason", out.outcomes[1].details);
	ASSERT_INT(21000, out.install_peak_rss_kb);
	ASSERT_STR("b", out.proving_boot);
	ASSERT_STR("lwm2m/7", out.sourced);
	ASSERT_STR("1002", record_owed(&out)->action);
	ASSERT_STR("1.2.0", record_owed(&out)->version);
}

TEST(a_record_that_does_not_say_what_its_source_has_become_is_told_from_one_that_does)
{
	static const char before[] = "{\"outcomes\":[],\"format\":1,\"source\":\"package\"}";
	struct record in = {.source = "package"}, out;
	MP_BUF(b, RECORD_MOST);

	ASSERT_OK(record_parse(before, sizeof(before) - 1, &out));
	ASSERT_STR(RECORD_UNKNOWN, out.sourced);
	ASSERT_OK(record_format(&in, &b));
	ASSERT_OK(record_parse(b.data, b.len, &out));
	ASSERT_STR("", out.sourced);
}

TEST(what_is_owed_outlives_what_was_told)
{
	struct record r = {0};
	char action[16];

	record_add(&r, "owed", "1.1.0", false, "why");
	for (unsigned i = 0; i < 3 * RECORD_OUTCOMES; i++) {
		snprintf(action, sizeof(action), "%u", i);
		record_add(&r, action, "1.1.0", true, "proven");
		record_find(&r, action, "1.1.0")->told = true;
	}
	ASSERT_INT(RECORD_OUTCOMES, r.n);
	ASSERT(record_find(&r, "owed", "1.1.0"));
	ASSERT(record_find(&r, action, "1.1.0"));
}

TEST(an_action_keeps_its_first_outcome)
{
	struct record r = {0};

	record_add(&r, "1", "1.1.0", false, "first");
	record_add(&r, "1", "1.1.0", true, "second");
	record_add(&r, "", "1.1.0", true, "nobody asked");
	ASSERT_INT(1, r.n);
	ASSERT_STR("first", r.outcomes[0].details);
}

TEST(the_same_number_of_another_release_is_another_action)
{
	struct record r = {0};

	record_add(&r, "1", "1.1.0", true, "proven");
	ASSERT(!record_find(&r, "1", "1.2.0"));
	record_add(&r, "1", "1.2.0", false, "bad signature");
	ASSERT_INT(2, r.n);
	ASSERT(record_find(&r, "1", "1.1.0")->success);
	ASSERT(!record_find(&r, "1", "1.2.0")->success);
}

TEST(a_record_cut_anywhere_leaves_an_empty_one)
{
	struct record in = {0}, out;
	MP_BUF(b, RECORD_MOST);

	record_add(&in, "1001", "1.1.0", true, "proven");
	ASSERT_OK(record_format(&in, &b));
	for (size_t n = 0; n < b.len; n++) {
		ASSERT_ERR(-EBADMSG, record_parse(b.data, n, &out));
		ASSERT_INT(0, out.n);
	}
}

TORTURE(writing_a_record_survives_oom)
{
	struct record in = {0};
	MP_BUF(b, RECORD_MOST);

	record_add(&in, "1001", "1.1.0", true, "proven");
	return record_format(&in, &b);
}
