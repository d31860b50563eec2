/* SPDX-License-Identifier: Apache-2.0 */
#include "hooks.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

struct folder {
	char path[64];
};

static void folder_done(struct folder *f)
{
	(void)mp_file_remove_tree(f->path, NULL);
}

static int folder_make(struct folder *f)
{
	strcpy(f->path, "/tmp/mp-hooks.XXXXXX");
	return mkdtemp(f->path) ? 0 : -errno;
}

static int put(const struct folder *f, const char *name, const char *script, mode_t mode)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	return mp_file_write(path, script, strlen(script), mode, NULL);
}

#define FOLDER(f)                                                                                  \
	__attribute__((cleanup(folder_done))) struct folder f;                                     \
	ASSERT_OK(folder_make(&f))

TEST(no_folder_and_no_hooks_are_fine)
{
	FOLDER(f);
	struct mp_err err;

	ASSERT_OK(hooks_run("/nowhere/at/all", &err));
	ASSERT_OK(hooks_run(f.path, &err));
}

TEST(a_hook_that_fails_gives_its_last_line_as_the_reason)
{
	FOLDER(f);
	struct mp_err err;

	ASSERT_OK(put(&f, "10-good", "#!/bin/sh\necho fine\n", 0755));
	ASSERT_OK(put(&f, "20-battery",
		      "#!/bin/sh\necho looking\necho 'battery at 9 %' >&2\nexit 3\n", 0755));
	ASSERT_OK(put(&f, "30-never", "#!/bin/sh\necho not reached; exit 1\n", 0755));
	ASSERT_ERR(-EAGAIN, hooks_run(f.path, &err));
	ASSERT_STR("20-battery: battery at 9 %", err.text);
}

TEST(a_hook_that_says_nothing_still_has_a_reason)
{
	FOLDER(f);
	struct mp_err err;

	ASSERT_OK(put(&f, "a", "#!/bin/sh\nexit 1\n", 0755));
	ASSERT_ERR(-EAGAIN, hooks_run(f.path, &err));
	ASSERT_STR("a: it failed without a word", err.text);
}

TEST(a_file_that_is_no_program_is_passed_over)
{
	FOLDER(f);
	struct mp_err err;

	ASSERT_OK(put(&f, "README", "not a program", 0644));
	ASSERT_OK(put(&f, ".hidden", "#!/bin/sh\nexit 1\n", 0755));
	ASSERT_OK(hooks_run(f.path, &err));
}

TEST(a_hook_that_talks_without_end_keeps_its_last_words)
{
	FOLDER(f);
	struct mp_err err;

	ASSERT_OK(put(&f, "a",
		      "#!/bin/sh\ni=0\nwhile [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done\n"
		      "echo the end\nexit 1\n",
		      0755));
	ASSERT_ERR(-EAGAIN, hooks_run(f.path, &err));
	ASSERT_STR("a: the end", err.text);
}

TEST(a_hook_does_not_outlive_who_runs_it)
{
	FOLDER(f);
	char script[256], fifo[160];
	int status, fd;
	pid_t pid;

	snprintf(fifo, sizeof(fifo), "%s/fifo", f.path);
	ASSERT_OK(mkfifo(fifo, 0600));
	snprintf(script, sizeof(script), "#!/bin/sh\nexec sleep 60 >%s\n", fifo);
	ASSERT_OK(put(&f, "10-long", script, 0755));
	pid = fork();
	if (pid == 0)
		_exit(hooks_run(f.path, NULL) < 0);
	fd = open(fifo, O_RDONLY | O_CLOEXEC); /* it runs */
	ASSERT(fd >= 0);
	ASSERT_OK(kill(pid, SIGKILL));
	ASSERT_INT(pid, waitpid(pid, &status, 0));
	alarm(10);
	ASSERT_INT(0, read(fd, script, 1)); /* no one writes any more */
	alarm(0);
	(void)close(fd);
}
