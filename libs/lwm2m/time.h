/* SPDX-License-Identifier: Apache-2.0
 * time.h - seconds since 1970 as RFC 3339 text; it knows no clock
 *
 *     n = mp_lwm2m_time_format(1367491215, text);      // "2013-05-02T10:40:15Z"
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MP_LWM2M_TIME_TEXT sizeof("2013-05-02T10:40:15Z")

/* Years 0000 to 9999. The length, or -EBADMSG: beyond them. */
int mp_lwm2m_time_format(int64_t seconds, char text[MP_LWM2M_TIME_TEXT]);

/* RFC 3339 section 5.6: "2013-05-02T10:40:15Z", "…15.25+02:00" (the fraction is dropped; a leap second
 * counts as the second after it). 0, -EBADMSG. */
int mp_lwm2m_time_parse(const char *text, size_t len, int64_t *ret);
