/* SPDX-License-Identifier: Apache-2.0
 * Object 20, Event Log: one instance, whose lines are read as opaque text. */
#include "lwm2m/objects.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

enum { CLASS = 4010, START, STOP, STATUS, DATA, FORMAT };
#define IS_STOPPED 1 /* bits of the status */
#define HAS_DATA 2
#define TEXT_FORMAT 0 /* of the application's own kind */

void mp_lwm2m_log_add(struct mp_lwm2m_log *l, const char *line)
{
	size_t len = strlen(line), drop;
	char *end;

	if (!l->running || len + 1 > sizeof(l->text))
		return;
	while (l->len + len + 1 > sizeof(l->text)) {
		end = memchr(l->text, '\n', l->len);
		drop = end ? (size_t)(end - l->text) + 1 : l->len;
		memmove(l->text, l->text + drop, l->len - drop);
		l->len = (uint16_t)(l->len - drop);
	}
	memcpy(l->text + l->len, line, len);
	l->len = (uint16_t)(l->len + len);
	l->text[l->len++] = '\n';
	if (l->client)
		mp_lwm2m_client_changed(l->client, &mp_lwm2m_path(20, 0, DATA));
}

static int log_read(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct mp_lwm2m_log *l = user;

	(void)instance;
	switch (resource) {
	case CLASS:
		return mp_lwm2m_give(out, mp_lwm2m_integer(l->log_class));
	case STATUS:
		return mp_lwm2m_give(out, mp_lwm2m_integer((l->running ? 0 : IS_STOPPED) |
							   (l->len ? HAS_DATA : 0)));
	case DATA:
		return mp_lwm2m_give(out, mp_lwm2m_opaque(l->text, l->len));
	case FORMAT:
		return mp_lwm2m_give(out, mp_lwm2m_integer(TEXT_FORMAT));
	default:
		return -ENOENT;
	}
}

static int log_check(void *user, const struct mp_lwm2m_path *path,
		     const struct mp_lwm2m_value *value)
{
	(void)user;
	return path->id[2] == CLASS || value->integer == TEXT_FORMAT ? 0 : -ERANGE;
}

static int log_write(void *user, const struct mp_lwm2m_path *path,
		     const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_log *l = user;

	if (path->id[2] == CLASS)
		l->log_class = value->integer;
	return 0;
}

static int log_execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
		       size_t len)
{
	struct mp_lwm2m_log *l = user;

	(void)instance;
	(void)len;
	l->running = resource == START;
	/* 0='1' turns around what becomes of the lines: Start empties, Stop keeps them */
	if ((resource == START) != mp_streq(arguments, "0='1'"))
		l->len = 0;
	return 0;
}

const struct mp_lwm2m_class mp_lwm2m_log_class = {
	.id = 20,
	.read = log_read,
	.check = log_check,
	.write = log_write,
	.execute = log_execute,
};
