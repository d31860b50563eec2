/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/test.h"

static int sh(const char *script, struct mp_buf *out, struct mp_err *err)
{
	const char *argv[] = {"sh", "-c", script, NULL};

	return mp_proc_run(&(struct mp_proc){.argv = argv, .output = out}, err);
}

TEST(output_is_collected_and_input_is_handed_over)
{
	const char *argv[] = {"cat", NULL};
	MP_BUF(out, 1 << 20);
	static char big[300000];

	memset(big, 'x', sizeof(big));
	ASSERT_OK(mp_proc_run(
		&(struct mp_proc){
			.argv = argv, .output = &out, .input = big, .input_len = sizeof(big)},
		NULL));
	ASSERT_INT(sizeof(big), out.len);
	ASSERT_INT(0, memcmp(big, out.data, sizeof(big)));
}

TEST(input_that_nobody_reads_does_no_harm)
{
	const char *argv[] = {"true", NULL};
	static char big[300000];

	ASSERT_OK(mp_proc_run(
		&(struct mp_proc){.argv = argv, .input = big, .input_len = sizeof(big)}, NULL));
}

TEST(a_failure_carries_status_and_the_last_line_of_standard_error)
{
	struct mp_err err = {0};

	ASSERT_ERR(-EREMOTEIO, sh("echo first >&2; echo no space left >&2; exit 3", NULL, &err));
	ASSERT_STR("sh failed with exit status 3: no space left", err.text);
	ASSERT_ERR(-EREMOTEIO, sh("exit 4", NULL, &err));
	ASSERT_STR("sh failed with exit status 4", err.text);
	ASSERT_ERR(-EREMOTEIO, sh("kill -9 $$", NULL, &err));
	ASSERT_STR("sh was ended by signal 9 (Killed)", err.text);
}

TEST(a_missing_program_is_named)
{
	const char *argv[] = {"no-such-program", NULL};
	const char *with_path[] = {"/no/such/program", NULL};
	struct mp_err err = {0};

	ASSERT_ERR(-ENOENT, mp_proc_run(&(struct mp_proc){.argv = argv}, &err));
	ASSERT_STR("cannot run no-such-program: it is not installed", err.text);
	ASSERT_ERR(-ENOENT, mp_proc_run(&(struct mp_proc){.argv = with_path}, &err));
	ASSERT(!mp_proc_find("no-such-program"));
	ASSERT(mp_proc_find("sh"));
	ASSERT(mp_proc_find("/bin/sh"));
}

TEST(a_missing_folder_is_a_clear_error)
{
	const char *argv[] = {"true", NULL};
	struct mp_err err = {0};

	ASSERT_ERR(-ENOENT, mp_proc_run(&(struct mp_proc){.argv = argv, .dir = "/no/such"}, &err));
	ASSERT_STR("cannot run true: No such file or directory", err.text);
}

TEST(too_much_output_ends_the_child)
{
	struct mp_err err = {0};
	MP_BUF(out, 1000);

	ASSERT_ERR(-EFBIG, sh("yes", &out, &err));
	ASSERT_STR("sh wrote more than 1000 bytes", err.text);
}

TEST(environment_and_folder_are_the_childs_own)
{
	const char *argv[] = {"sh", "-c", "echo $GREETING; pwd; echo ${HOME:+home}", NULL};
	const char *env[] = {"GREETING=hello", NULL};
	MP_BUF(out, 1000);

	setenv("GREETING", "old", 1);
	ASSERT_OK(mp_proc_run(
		&(struct mp_proc){.argv = argv, .env = env, .dir = "/usr", .output = &out}, NULL));
	ASSERT_STR("hello\n/usr\nhome\n", mp_buf_str(&out));
	ASSERT_STR("old", getenv("GREETING"));
}

static void collect(void *user, const char *line)
{
	(void)mp_buf_printf(user, "[%s]", line);
}

TEST(each_line_of_standard_error_is_handed_on)
{
	const char *argv[] = {"sh", "-c", "printf 'a\\n\\nb' >&2; echo out", NULL};
	MP_BUF(lines, 1000);

	ASSERT_OK(mp_proc_run(&(struct mp_proc){.argv = argv, .line = collect, .user = &lines},
			      NULL));
	ASSERT_STR("[a][][b]", mp_buf_str(&lines));
}

TEST(output_may_go_to_a_file)
{
	const char *argv[] = {"echo", "text", NULL};
	char path[] = "/tmp/mp-proc-XXXXXX";
	auto_close int fd = mkstemp(path);
	char got[10] = "";

	ASSERT_OK(mp_proc_run(&(struct mp_proc){.argv = argv, .output_fd = fd}, NULL));
	ASSERT_INT(5, pread(fd, got, sizeof(got), 0));
	ASSERT_STR("text\n", got);
	unlink(path);
}

TEST(a_grandchild_that_keeps_the_pipes_does_not_hold_us_up)
{
	MP_BUF(out, 1000);
	pid_t pid;

	alarm(60);
	ASSERT_OK(sh("sleep 300 & echo $!", &out, NULL));
	alarm(0);
	pid = (pid_t)strtol(mp_buf_str(&out), NULL, 10);
	ASSERT(pid > 1);
	ASSERT_INT(0, kill(pid, SIGKILL));
}

TORTURE(a_run_survives_the_end_of_memory)
{
	const char *argv[] = {"echo", "text", NULL};
	MP_BUF(out, 1000);

	return mp_proc_run(&(struct mp_proc){.argv = argv, .output = &out}, NULL);
}
