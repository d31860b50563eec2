/* SPDX-License-Identifier: Apache-2.0 */
#include "verb.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

static char who[64] = "mp";

void mp_say_who(const char *path)
{
	snprintf(who, sizeof(who), "%s", path);
}

const char *mp_who(void)
{
	return who;
}

int mp_fail(const struct mp_err *err)
{
	fprintf(stderr, "%s: %s\n", who, err->text[0] ? err->text : "failed");
	return EXIT_FAILURE;
}

int mp_fail_usage(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", who);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (see '%s --help')\n", who);
	return EXIT_USAGE;
}

void mp_warn(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", who);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void mp_step(const char *fmt, ...)
{
	va_list ap;

	fputs(mp_has_colour(STDERR_FILENO) ? "\033[1m==>\033[0m " : "==> ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int mp_print_json(const struct mp_json *j)
{
	MP_BUF(text, 64u << 20);
	int r = mp_json_format_pretty(j, &text);

	if (r < 0) {
		mp_warn("cannot show the answer: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	puts(mp_buf_str(&text)); /* main() looks whether it arrived */
	return EXIT_SUCCESS;
}

const char *mp_format_bytes(uint64_t bytes, char ret[16])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double v = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(ret, 16, "%u B", (unsigned)bytes);
		return ret;
	}
	for (; v >= 999.95 && unit < 3; unit++)
		v /= 1000;
	snprintf(ret, 16, "%.1f %s", v, units[unit]);
	return ret;
}

bool mp_is_terminal(int fd)
{
	return isatty(fd) == 1;
}

bool mp_has_colour(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return mp_is_terminal(fd) && !(no && *no) && term && !mp_streq(term, "dumb");
}

static int64_t milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void draw(const struct mp_progress *p, uint64_t done, uint64_t total)
{
	char bar[31], text[16], of[16];
	size_t filled = total ? (size_t)(30.0 * (double)done / (double)total) : 0;

	if (total == 0) {
		fprintf(stderr, "\r%s: %s\033[K", p->what, mp_format_bytes(done, text));
		fflush(stderr);
		return;
	}
	memset(bar, '.', 30);
	memset(bar, '#', filled > 30 ? 30 : filled);
	bar[30] = '\0';
	fprintf(stderr, "\r%s [%s] %s of %s\033[K", p->what, bar, mp_format_bytes(done, text),
		mp_format_bytes(total, of));
	fflush(stderr);
}

void mp_progress_update(void *user, uint64_t done, uint64_t total)
{
	struct mp_progress *p = user;
	int64_t now = milliseconds();

	if (!p->started)
		p->started = now;
	p->done = p->base + done;
	if (!mp_is_terminal(STDERR_FILENO) || now - p->drawn < 100)
		return;
	p->drawn = now;
	draw(p, p->done, p->whole ? p->whole : total);
}

void mp_progress_end(struct mp_progress *p, bool good)
{
	double seconds = p->started ? (double)(milliseconds() - p->started) / 1000 : 0;
	char text[16];

	if (p->drawn)
		fputs("\r\033[K", stderr);
	if (good)
		mp_step("%s: %s in %.1f s", p->what, mp_format_bytes(p->done, text), seconds);
}
