/* SPDX-License-Identifier: Apache-2.0
 * test_dump.h - payloads as one line of text, for the tests of this folder
 *
 *     ASSERT_STR("/3/0/9 integer 95; end", dump(MP_LWM2M_FORMAT_JSON, "/3/0", json, len));
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lwm2m/format.h"

static const char *dump_error(int r)
{
	return r == 0	       ? "end"
	       : r == -EBADMSG ? "EBADMSG"
	       : r == -EPROTO  ? "EPROTO"
	       : r == -ENOTSUP ? "ENOTSUP"
	       : r == -ENOSPC  ? "ENOSPC"
			       : "?";
}

static size_t dump_record(const struct mp_lwm2m_record *record, char *out, size_t room)
{
	char path[MP_LWM2M_PATH_TEXT], value[512] = "?";
	size_t n;

	mp_lwm2m_path_format(&record->path, path);
	n = (size_t)snprintf(out, room, "%s", path);
	if (record->has_value) {
		mp_lwm2m_value_format(&record->value, value, sizeof(value));
		n += (size_t)snprintf(out + n, room - n, " %s %s",
				      mp_lwm2m_type_name(record->value.type), value);
	}
	if (record->time != 0)
		n += (size_t)snprintf(out + n, room - n, " @%.15g", record->time);
	return n + (size_t)snprintf(out + n, room - n, "; ");
}

/* The records, and "end" or the error that ended them. The text stands until the next call. */
static const char *dump(unsigned format, const char *base, const void *data, size_t len)
{
	static char text[8192];
	static uint8_t scratch[4096];
	struct mp_lwm2m_reader r;
	struct mp_lwm2m_record record;
	struct mp_lwm2m_path path;
	size_t n = 0;
	int k;

	if (mp_lwm2m_path_parse(base, strlen(base), &path) < 0)
		return "bad base";
	/* The length of the payload is always enough. */
	k = mp_lwm2m_read(&r, format, &path, data, len, scratch,
			  len < sizeof(scratch) ? len : sizeof(scratch));
	while (k == 0 && (k = mp_lwm2m_read_next(&r, &record)) > 0 && n < sizeof(text) / 2) {
		n += dump_record(&record, text + n, sizeof(text) - n);
		k = 0;
	}
	snprintf(text + n, sizeof(text) - n, "%s", dump_error(k));
	return text;
}
