/* SPDX-License-Identifier: Apache-2.0 */
#include "system.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/test.h"

struct root {
	char path[64];
};

static void root_done(struct root *r)
{
	(void)mp_file_remove_tree(r->path, NULL);
}

static int root_make(struct root *r, const char *dir, const char *name, const char *text)
{
	char path[256];

	strcpy(r->path, "/tmp/mp-system.XXXXXX");
	if (!mkdtemp(r->path))
		return -errno;
	snprintf(path, sizeof(path), "%s%s", r->path, dir);
	if (mp_file_make_dirs(path, 0755, NULL) < 0)
		return -EIO;
	snprintf(path, sizeof(path), "%s%s/%s", r->path, dir, name);
	return mp_file_write(path, text, strlen(text), 0644, NULL);
}

#define ROOT(r, dir, name, text)                                                                   \
	__attribute__((cleanup(root_done))) struct root r;                                         \
	ASSERT_OK(root_make(&r, dir, name, text))

TEST(the_command_line_gives_whole_words_only)
{
	ROOT(r, "/proc", "cmdline", "ro no.mp.release=9.9 mp.release=1.2.0 roothash=ab\n");
	char v[32];

	system_cmdline(r.path, "mp.release", v, sizeof(v));
	ASSERT_STR("1.2.0", v);
	system_cmdline(r.path, "roothash", v, sizeof(v));
	ASSERT_STR("ab", v);
	system_cmdline(r.path, "quiet", v, sizeof(v));
	ASSERT_STR("", v);
	system_cmdline(r.path, "mp.release", v, 4); /* too long is as good as none */
	ASSERT_STR("", v);
}

TEST(the_last_words_of_a_kernel_are_its_panic_line)
{
	ROOT(r, "/sys/fs/pstore", "dmesg-efi-1",
	     "<4>[ 1.0] foo\n<0>[ 2.0] Kernel panic - not syncing: bar\n<0> more\n");
	char w[100];

	system_last_words(r.path, w, sizeof(w));
	ASSERT_STR("Kernel panic - not syncing: bar", w);
	system_forget_last_words(r.path);
	system_last_words(r.path, w, sizeof(w));
	ASSERT_STR("", w);
	system_last_words("/nowhere", w, sizeof(w));
	ASSERT_STR("", w);
	system_forget_last_words("/nowhere");
}

static int listen_on(uint32_t address, unsigned *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	*ret_port = ntohs(a.sin_port);
	return fd;
}

TEST(files_that_lend_their_rights_are_counted)
{
	char dir[] = "/tmp/mp-setuid-XXXXXX", path[64];

	ASSERT(mkdtemp(dir));
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		ASSERT_OK(mp_file_write(path, "", 0, i ? 04755 : 0755, NULL));
	}
	ASSERT_INT(2, system_setuid(dir));
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
}

TEST(a_listener_on_loopback_is_counted_and_not_named)
{
	unsigned port = 0;
	auto_close int fd = listen_on(INADDR_LOOPBACK, &port);
	char names[4096], mine[16];

	ASSERT(fd >= 0);
	ASSERT(system_listeners(names, sizeof(names)) >= 1);
	snprintf(mine, sizeof(mine), ":%u", port);
	ASSERT(!strstr(names, mine));
}

TEST(of_the_listeners_as_many_are_named_as_there_is_room_for)
{
	unsigned ports[3] = {0};
	auto_close int a = listen_on(INADDR_ANY, &ports[0]), b = listen_on(INADDR_ANY, &ports[1]),
		       c = listen_on(INADDR_ANY, &ports[2]);
	char names[31];
	size_t len;

	ASSERT(a >= 0 && b >= 0 && c >= 0);
	ASSERT(system_listeners(names, sizeof(names)) >= 3);
	len = strlen(names);
	ASSERT(len >= 10 && len < sizeof(names));
	for (const char *at = names; at; at = strchr(at, ' '), at = at ? at + 1 : NULL)
		ASSERT(strcspn(at, ":") == 8 && strcspn(at, " ") > 9); /* none is cut */
}

TEST(figures_of_this_process_can_be_read)
{
	ASSERT(system_status_kb(0, "VmRSS:") > 100);
	ASSERT(system_status_kb(getpid(), "VmHWM:") >= system_status_kb(0, "VmRSS:") / 2);
	ASSERT_INT(0, system_status_kb(0, "NoSuchThing:"));
	ASSERT(system_processes() >= 1);
	ASSERT(system_uptime_ms() > 0);
}

TEST(a_clock_that_is_not_behind_is_left_alone)
{
	ASSERT_INT(0, system_raise_clock(1));
}
