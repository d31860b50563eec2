/* SPDX-License-Identifier: Apache-2.0
 * A line is "TIME update STATE[ VERSION][: SENTENCE]", of which the log itself sets the time before. */
#include "lwm2m/update_line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "lwm2m/utf8.h"

void mp_lwm2m_update_line(char *ret, size_t room, const char *state, const char *version,
			  const char *sentence)
{
	snprintf(ret, room, "update %s%s%s%s%s", state, *version ? " " : "", version,
		 *sentence ? ": " : "", sentence);
	for (char *p = ret; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
}

/* What is left of a line is looked at from its front. */
struct rest {
	const char *at, *end;
};

static bool take(struct rest *r, const char *what, size_t len)
{
	if ((size_t)(r->end - r->at) < len || memcmp(r->at, what, len) != 0)
		return false;
	r->at += len;
	return true;
}

static bool take_text(struct rest *r, const char *what)
{
	return take(r, what, strlen(what));
}

/* The time, and that it is about an update. */
static bool take_head(struct rest *r)
{
	const char *blank = memchr(r->at, ' ', (size_t)(r->end - r->at));

	if (!blank)
		return false;
	r->at = blank;
	return take_text(r, " update ");
}

/* A sentence that was cut in the middle of a character loses the rest of it. */
static int copy(const struct rest *r, char *ret, size_t room)
{
	size_t len = (size_t)(r->end - r->at), least;

	if (len > room - 1)
		len = room - 1;
	least = len < 3 ? 0 : len - 3;
	while (len > least && !mp_lwm2m_utf8_is_valid(r->at, len))
		len--;
	if (!mp_lwm2m_utf8_is_valid(r->at, len))
		return -EBADMSG;
	if (!len)
		return -ENOENT;
	for (size_t i = 0; i < len; i++)
		ret[i] = (char)((unsigned char)r->at[i] < ' ' ? ' ' : r->at[i]);
	ret[len] = '\0';
	return 0;
}

static int reason_of(struct rest r, const char *version, char *ret, size_t room)
{
	if (!take_text(&r, "failed") && !take_text(&r, "rolled_back"))
		return -ENOENT;
	if (!take_text(&r, ": ")) {
		if (!take_text(&r, " ") || !take_text(&r, version) || !take_text(&r, ": "))
			return -ENOENT;
	}
	return copy(&r, ret, room);
}

int mp_lwm2m_update_reason(const void *log, size_t len, const char *version, char *ret, size_t room)
{
	const char *text = log, *end, *begin;

	for (end = len ? memrchr(text, '\n', len) : NULL; end; end = begin) {
		struct rest line = {.end = end};

		begin = memrchr(text, '\n', (size_t)(end - text));
		line.at = begin ? begin + 1 : text;
		if (take_head(&line))
			return reason_of(line, version, ret, room);
	}
	return -ENOENT;
}
