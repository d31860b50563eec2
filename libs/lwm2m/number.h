/* SPDX-License-Identifier: Apache-2.0
 * number.h - numbers as decimal text, the same in every text format
 *
 *     n = mp_lwm2m_number_format_float(22.4, text);      // "22.4"
 *     r = mp_lwm2m_number_parse("22.4", 4, true, &v);    // v.type == MP_LWM2M_FLOAT
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/value.h"

#define MP_LWM2M_NUMBER_TEXT 32

/* A whole number is an INTEGER, or UNSIGNED beyond INT64_MAX; one with a fraction or an exponent, or
 * beyond 64 bits, is a FLOAT. `json`: RFC 8259 section 6 to the letter; else a leading '+' and leading
 * zeros are fine as well. At most 127 characters. 0; -EBADMSG: no number, or infinite. */
int mp_lwm2m_number_parse(const char *text, size_t len, bool json, struct mp_lwm2m_value *ret);

/* The shortest text that reads back as the same number; it is a number of JSON. Their length. */
size_t mp_lwm2m_number_format_float(double v, char text[MP_LWM2M_NUMBER_TEXT]);
size_t mp_lwm2m_number_format_integer(int64_t v, char text[MP_LWM2M_NUMBER_TEXT]);
size_t mp_lwm2m_number_format_unsigned(uint64_t v, char text[MP_LWM2M_NUMBER_TEXT]);
