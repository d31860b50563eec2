/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum mp_log_level max_level = MP_LOG_INFO;

void mp_log_set_level(enum mp_log_level level)
{
	max_level = level;
}

/* A value that came from outside may not end the line and begin another. */
static void flatten(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ')
			*s = ' ';
}

void mp_log(enum mp_log_level level, const char *what, const char *fmt, ...)
{
	char fields[1024], line[1280];
	va_list ap;
	int n;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(fields, sizeof(fields), fmt, ap);
	va_end(ap);
	flatten(fields);

	n = isatty(STDERR_FILENO) ? 0 : snprintf(line, sizeof(line), "<%d>", level);
	n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%s%s\n", what, *fields ? " " : "",
		      fields);
	if ((size_t)n >= sizeof(line)) { /* cut, but still one line */
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nobody left to tell */
}
