/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void place_on(unsigned core)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core < (unsigned long)cores ? core : (unsigned)cores - 1, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void read_line(const char *path, const char *begins, char *line, int room)
{
	FILE *f = fopen(path, "re");

	line[0] = '\0';
	while (f && fgets(line, room, f) && strncmp(line, begins, strlen(begins)) != 0)
		line[0] = '\0';
	if (f)
		fclose(f);
}

long place_rss_kb(pid_t pid)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	read_line(path, "VmRSS:", line, sizeof(line));
	return line[0] ? strtol(line + 6, NULL, 10) : -1;
}

double place_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
