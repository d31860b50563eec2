/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/test.h"

/* What the line looks like on standard error. */
static void log_into(char *text, size_t room, enum mp_log_level level, const char *what,
		     const char *value)
{
	char path[] = "/tmp/mp-log-XXXXXX";
	auto_close int fd = mkstemp(path), old = dup(STDERR_FILENO);
	ssize_t n;

	(void)unlink(path);
	(void)dup2(fd, STDERR_FILENO);
	mp_log(level, what, "%s", value);
	(void)dup2(old, STDERR_FILENO);
	n = pread(fd, text, room - 1, 0);
	text[n > 0 ? n : 0] = '\0';
}

TEST(a_line_begins_with_its_priority)
{
	char text[100];

	log_into(text, sizeof(text), MP_LOG_WARNING, "disk full", "device=x");
	ASSERT_STR("<4>disk full device=x\n", text);
	log_into(text, sizeof(text), MP_LOG_INFO, "ready", "");
	ASSERT_STR("<6>ready\n", text);
}

TEST(what_is_below_the_level_is_dropped)
{
	char text[100];

	log_into(text, sizeof(text), MP_LOG_DEBUG, "detail", "");
	ASSERT_STR("", text);
	mp_log_set_level(MP_LOG_DEBUG);
	log_into(text, sizeof(text), MP_LOG_DEBUG, "detail", "");
	ASSERT_STR("<7>detail\n", text);
	mp_log_set_level(MP_LOG_INFO);
}

TEST(a_value_cannot_begin_a_line_of_its_own)
{
	char text[100];

	log_into(text, sizeof(text), MP_LOG_INFO, "said", "a\n<3>forged");
	ASSERT_STR("<6>said a <3>forged\n", text);
}

TEST(what_is_too_long_is_cut_to_one_line)
{
	char what[600], value[3000], text[5000];

	memset(what, 'w', sizeof(what) - 1);
	what[sizeof(what) - 1] = '\0';
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	log_into(text, sizeof(text), MP_LOG_INFO, what, value);
	ASSERT(strlen(text) < 1300);
	ASSERT(text[strlen(text) - 1] == '\n');
}
