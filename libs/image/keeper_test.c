/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "image/internal.h"

/* A shell that stands for QEMU: it greets, answers, and counts its starts in $1. */
#define QEMU                                                                                       \
	"echo start >>\"$1\"; starts=$(wc -l <\"$1\");"                                            \
	" echo '{\"QMP\": {}}' >&9; read x <&9; echo '{\"return\": {}}' >&9;"
#define SHUTDOWN(reason)                                                                           \
	"echo '{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"" reason "\"}}' >&9;"

struct bed {
	char dir[32];
	char *starts;
	int lock, log, ready;
	pid_t pid;
};

static void bed_done(struct bed *b)
{
	if (b->pid > 0)
		(void)kill(b->pid, SIGKILL);
	(void)close(b->lock);
	(void)close(b->log);
	(void)close(b->ready);
	(void)mp_file_remove_tree(b->dir, NULL);
	free(b->starts);
}
#define BED(b) __attribute__((cleanup(bed_done))) struct bed b = {.ready = -1}

static int start(struct bed *b, const char *script)
{
	char lock[64];

	strcpy(b->dir, "/tmp/mp-keeper-XXXXXX");
	if (!mkdtemp(b->dir))
		return -errno;
	(void)snprintf(lock, sizeof(lock), "%s/lock", b->dir);
	b->starts = mp_str_format("%s/starts", b->dir);
	b->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	b->log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (!b->starts || b->lock < 0 || b->log < 0 || flock(b->lock, LOCK_EX | LOCK_NB) < 0)
		return -EIO;
	return keeper_start(&(struct keeper){.argv = (char *[]){"sh", "-c", (char *)(size_t)script,
								"sh", b->starts, NULL},
					     .log = b->log,
					     .lock = b->lock},
			    &b->pid, &b->ready);
}

/* 1: QEMU runs; 0: it ended without; -1: neither within 10 s. */
static int wait_ready(const struct bed *b)
{
	struct pollfd p = {.fd = b->ready, .events = POLLIN};
	char byte;

	return poll(&p, 1, 10000) == 1 ? (int)read(b->ready, &byte, 1) : -1;
}

static int end_of(struct bed *b)
{
	int status = keeper_wait(b->pid);

	b->pid = 0;
	return status;
}

static long starts(const struct bed *b)
{
	MP_BUF(text, 4096);

	return mp_file_read(b->starts, &text, NULL) < 0 ? 0 : (long)(text.len / strlen("start\n"));
}

TEST(a_reset_starts_qemu_again_until_the_guest_powers_off)
{
	BED(b);

	ASSERT_OK(start(&b, QEMU "if [ $starts -lt 3 ]; then " SHUTDOWN(
				    "guest-reset") "else " SHUTDOWN("guest-shutdown") "fi"));
	ASSERT_INT(1, wait_ready(&b));
	ASSERT_INT(0, end_of(&b));
	ASSERT_INT(3, starts(&b));
}

TEST(a_qemu_that_fails_is_not_started_again)
{
	BED(b);

	ASSERT_OK(start(&b, QEMU SHUTDOWN("guest-reset") "exit 3"));
	ASSERT_INT(1, wait_ready(&b));
	ASSERT_INT(3, end_of(&b));
	ASSERT_INT(1, starts(&b));
}

TEST(arguments_that_qemu_refuses_are_told_by_its_status)
{
	BED(b);

	ASSERT_OK(start(&b, "echo '{\"QMP\": {}}' >&9; exit 1"));
	ASSERT_INT(0, wait_ready(&b));
	ASSERT_INT(1, end_of(&b));
}

TEST(a_signal_to_the_keeper_ends_qemu)
{
	BED(b);

	ASSERT_OK(start(&b, QEMU "exec sleep 30"));
	ASSERT_INT(1, wait_ready(&b));
	ASSERT_OK(kill(b.pid, SIGTERM));
	ASSERT_INT(128 + SIGTERM, end_of(&b));
	ASSERT_INT(1, starts(&b));
}

/* The power cut: when the lock is free again, QEMU is gone. */
TEST(qemu_dies_with_its_keeper)
{
	char lock[64];
	int r = -1;
	BED(b);

	ASSERT_OK(start(&b, QEMU "exec sleep 30"));
	ASSERT_INT(1, wait_ready(&b));
	(void)close(b.lock); /* flock(2): free when the last that holds it open is gone */
	ASSERT_OK(kill(b.pid, SIGKILL));
	ASSERT_INT(128 + SIGKILL, end_of(&b));
	(void)snprintf(lock, sizeof(lock), "%s/lock", b.dir);
	b.lock = open(lock, O_RDWR | O_CLOEXEC);
	for (int ms = 0; ms < 10000 && r < 0; ms++) {
		r = flock(b.lock, LOCK_EX | LOCK_NB);
		(void)usleep(1000);
	}
	ASSERT_OK(r);
}
