/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/update_line.h"

#include "base/test.h"

#define TIME "2026-11-24T10:20:30Z "

static int reason(const char *log, const char *version, char *text, size_t room)
{
	return mp_lwm2m_update_reason(log, strlen(log), version, text, room);
}

TEST(update_line_tells_state_version_and_sentence)
{
	char line[64];

	mp_lwm2m_update_line(line, sizeof(line), "failed", "1.1.0", "the disk is full");
	ASSERT_STR("update failed 1.1.0: the disk is full", line);
	mp_lwm2m_update_line(line, sizeof(line), "proving", "1.1.0", "");
	ASSERT_STR("update proving 1.1.0", line);
	mp_lwm2m_update_line(line, sizeof(line), "failed", "", "two\nlines");
	ASSERT_STR("update failed: two lines", line);
	mp_lwm2m_update_line(line, 12, "failed", "1.1.0", "");
	ASSERT_STR("update fail", line);
}

TEST(update_reason_is_that_of_the_newest_line)
{
	static const char log[] =
		TIME "started: release 1.0.0\n" TIME "update failed 1.1.0: an old reason\n" TIME
		     "update rolled_back 1.1.0: web: unhealthy\n" TIME "server 1: registered\n";
	char text[64] = "as it was";

	ASSERT_OK(reason(log, "1.1.0", text, sizeof(text)));
	ASSERT_STR("web: unhealthy", text);
	ASSERT_OK(reason(TIME "update failed: it is busy\n", "1.1.0", text, sizeof(text)));
	ASSERT_STR("it is busy", text);
}

TEST(update_reason_is_not_that_of_another_update)
{
	static const char *const none[] = {
		"",
		"\n\n",
		TIME "update rolled_back 1.1.0: no line yet",
		TIME "update failed 1.1.0: before\n" TIME "update downloading 1.1.0\n",
		TIME "update failed 1.1: another version\n",
		TIME "update failed 1.1.0.1: another version\n",
		TIME "update failed 1.1.0\n",
		TIME "update failed 1.1.0: \n",
		TIME "update\n",
		"update failed 1.1.0: a line without its time\n",
	};
	char text[64] = "as it was";

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		ASSERT_ERR(-ENOENT, reason(none[i], "1.1.0", text, sizeof(text)));
	ASSERT_STR("as it was", text);
}

TEST(update_reason_is_text)
{
	char text[64] = "as it was", small[4];

	ASSERT_ERR(-EBADMSG, reason(TIME "update failed: \xff\xff\xff\xff\n", "1", text, 64));
	ASSERT_STR("as it was", text);
	ASSERT_OK(reason(TIME "update failed: caf\xc3\n", "1", text, sizeof(text)));
	ASSERT_STR("caf", text);
	ASSERT_OK(reason(TIME "update failed: a\tb\n", "1", text, sizeof(text)));
	ASSERT_STR("a b", text);
	ASSERT_OK(reason(TIME "update failed: ab\xc3\xa9\n", "1", small, sizeof(small)));
	ASSERT_STR("ab", small);
}

TEST(update_reason_of_a_log_that_was_cut_anywhere)
{
	static const char log[] = TIME "update failed 1.0.9: before\n" TIME
				       "update rolled_back 1.1.0: web: unhealthy\n";
	char text[64];

	EACH_CUT(cut, n, log, sizeof(log) - 2)
		ASSERT_ERR(-ENOENT, mp_lwm2m_update_reason(cut, n, "1.1.0", text, sizeof(text)));
}
