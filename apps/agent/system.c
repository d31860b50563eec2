/* SPDX-License-Identifier: Apache-2.0 */
#include "system.h"

#include <ctype.h>
#include <dirent.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cmdline.h"
#include "base/file.h"

void system_cmdline(const char *root, const char *key, char *ret, size_t room)
{
	MP_BUF(text, 16 * 1024);
	char path[512];

	*ret = '\0';
	snprintf(path, sizeof(path), "%s/proc/cmdline", root);
	if (mp_file_read(path, &text, NULL) == 0)
		(void)mp_cmdline_get(mp_buf_str(&text), key, ret, room);
}

void system_boot_id(const char *root, char *ret, size_t room)
{
	MP_BUF(text, 128);
	char path[512];

	snprintf(path, sizeof(path), "%s/proc/sys/kernel/random/boot_id", root);
	(void)mp_file_read(path, &text, NULL);
	snprintf(ret, room, "%.*s", (int)strcspn(mp_buf_str(&text), "\n"), mp_buf_str(&text));
}

int64_t system_uptime_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

unsigned system_status_kb(pid_t pid, const char *key)
{
	MP_BUF(text, 16 * 1024);
	char path[64];
	const char *at;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	else
		snprintf(path, sizeof(path), "/proc/self/status");
	(void)mp_file_read(path, &text, NULL);
	at = strstr(mp_buf_str(&text), key);
	return at ? (unsigned)strtoul(at + strlen(key), NULL, 10) : 0;
}

/* Kernel threads have no command line. */
static bool has_command_line(const char *pid)
{
	char path[300];
	FILE *f;
	int c;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	c = fgetc(f);
	fclose(f);
	return c != EOF;
}

unsigned system_processes(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	unsigned n = 0;

	while (d && (e = readdir(d)))
		n += isdigit((unsigned char)e->d_name[0]) && has_command_line(e->d_name);
	if (d)
		closedir(d);
	return n;
}

/* "0100007F" is 127.0.0.1: each group of four bytes is in the machine's order. */
static bool is_loopback(const char *hex)
{
	if (strlen(hex) == 8)
		return strcmp(hex + 6, "7F") == 0;
	return strcmp(hex, "00000000000000000000000001000000") == 0 ||
	       (strncmp(hex, "0000000000000000FFFF0000", 24) == 0 && strcmp(hex + 30, "7F") == 0);
}

/* Whole, or not at all. */
static void add_name(char *ret, size_t room, const char *address, unsigned port)
{
	size_t len = strlen(ret);
	int n = snprintf(ret + len, room - len, "%s%s:%u", len ? " " : "", address, port);

	if (n < 0 || (size_t)n >= room - len)
		ret[len] = '\0';
}

static unsigned count_listeners(const char *path, char *ret, size_t room)
{
	char line[512], address[33];
	unsigned n = 0, port, state;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x", address, &port,
			   &state) != 3)
			continue;
		if (state != 0x0A) /* TCP_LISTEN */
			continue;
		n++;
		if (!is_loopback(address))
			add_name(ret, room, address, port);
	}
	if (f)
		fclose(f);
	return n;
}

unsigned system_listeners(char *ret, size_t room)
{
	unsigned n;

	*ret = '\0';
	n = count_listeners("/proc/net/tcp", ret, room);
	return n + count_listeners("/proc/net/tcp6", ret, room);
}

static unsigned setuid_files; /* nftw() hands nothing through */

static int count_setuid(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path, (void)ftw;
	setuid_files += type == FTW_F && (st->st_mode & (S_ISUID | S_ISGID));
	return 0;
}

unsigned system_setuid(const char *root)
{
	setuid_files = 0;
	(void)nftw(*root ? root : "/", count_setuid, 16, FTW_PHYS | FTW_MOUNT);
	return setuid_files;
}

/* The last "Kernel panic - ..." line of one dump. */
static void find_panic(const char *path, char *ret, size_t room)
{
	MP_BUF(text, 64 * 1024);
	const char *at;

	if (mp_file_read(path, &text, NULL) < 0)
		return;
	at = strstr(mp_buf_str(&text), "Kernel panic");
	if (at)
		snprintf(ret, room, "%.*s", (int)strcspn(at, "\n"), at);
}

static void search(const char *dir, char *ret, size_t room)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[900];

	while (d && !*ret && (e = readdir(d))) {
		if (strncmp(e->d_name, "dmesg", 5) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		find_panic(path, ret, room);
	}
	if (d)
		closedir(d);
}

void system_last_words(const char *root, char *ret, size_t room)
{
	static const char *const dirs[] = {"/sys/fs/pstore", "/var/lib/systemd/pstore"};
	char path[512];

	*ret = '\0';
	for (unsigned i = 0; i < 2 && !*ret; i++) {
		snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		search(path, ret, room);
	}
}

void system_forget_last_words(const char *root)
{
	char path[900];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/sys/fs/pstore", root);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (strncmp(e->d_name, "dmesg", 5) == 0)
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

int system_raise_clock(int64_t floor)
{
	struct timespec now, later = {.tv_sec = floor};

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec < floor && clock_settime(CLOCK_REALTIME, &later) == 0;
}
