/* SPDX-License-Identifier: Apache-2.0 */
/* system.h - what the running system says of itself, mostly in /proc; nothing here fails: what
 * cannot be read is "" or 0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The value of `key` ("mp.release") on the kernel's command line. */
void system_cmdline(const char *root, const char *key, char *ret, size_t room);
void system_boot_id(const char *root, char *ret, size_t room);
int64_t system_uptime_ms(void); /* CLOCK_BOOTTIME */
/* A figure of /proc/PID/status in kB: "VmRSS:", "VmHWM:"; pid 0: our own. */
unsigned system_status_kb(pid_t pid, const char *key);
unsigned system_processes(void); /* without kernel threads */
/* How many sockets listen, and "ADDRESS:PORT ..." of those on no loopback address, TCP over IPv4
 * and IPv6. */
unsigned system_listeners(char *ret, size_t room);
/* Files of `root`'s own file system that run with another's rights. */
unsigned system_setuid(const char *root);
/* The last words of a kernel that died, from pstore: its panic line. */
void system_last_words(const char *root, char *ret, size_t room);
/* Firmware has little room for them: they go once they have been read. */
void system_forget_last_words(const char *root);
/* Raise the clock to `floor` (seconds since 1970) if it is behind. 1: done; 0: it was not. */
int system_raise_clock(int64_t floor);
