/* SPDX-License-Identifier: Apache-2.0
 * json_scan.h - JSON piece by piece (RFC 8259), for JSON and SenML JSON of LwM2M
 *
 *     r = mp_lwm2m_json_begin(&at, end, '{');             // 1: it has members, 0: it is empty
 *     while (r > 0) {
 *         r = mp_lwm2m_json_name(reader, &at, end, &name);
 *         r = mp_lwm2m_json_value(reader, &at, end, &v);
 *         r = mp_lwm2m_json_more(&at, end, '}');          // 1: another, 0: it was the last
 *     }
 *
 * Nothing is nested here but by mp_lwm2m_json_skip(), which goes to a fixed depth. Text that has
 * escapes goes to the reader's scratch, all other text is borrowed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lwm2m/format.h"

struct mp_lwm2m_json_text {
	const char *data;
	size_t len;
};

void mp_lwm2m_json_blanks(const uint8_t **at, const uint8_t *end);
/* '{' or '['. 1, 0, -EBADMSG. */
int mp_lwm2m_json_begin(const uint8_t **at, const uint8_t *end, char open);
/* ',' or the closing bracket. 1, 0, -EBADMSG. */
int mp_lwm2m_json_more(const uint8_t **at, const uint8_t *end, char close);
/* A string. 0, -EBADMSG, -ENOSPC: scratch. */
int mp_lwm2m_json_string(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
			 struct mp_lwm2m_json_text *ret);
/* The name of a member and its colon. */
int mp_lwm2m_json_name(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
		       struct mp_lwm2m_json_text *ret);
/* A string, a number, true or false; null has the type MP_LWM2M_NONE. -EBADMSG: anything else. */
int mp_lwm2m_json_value(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
			struct mp_lwm2m_value *ret);
/* Any value, checked, at most 8 levels deep (-ENOTSUP). */
int mp_lwm2m_json_skip(const uint8_t **at, const uint8_t *end);

/* Append a string with its quotes and escapes. 0, -ENOSPC. */
int mp_lwm2m_json_put_string(struct mp_lwm2m_writer *w, const char *text, size_t len);
/* Append a number, true, false, or a string of text, "3:0" or Base64. 0, -ENOSPC. */
int mp_lwm2m_json_put_value(struct mp_lwm2m_writer *w, const struct mp_lwm2m_value *v, bool url);
