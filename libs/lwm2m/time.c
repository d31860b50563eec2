/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/time.h"

#include <errno.h>
#include <stdbool.h>

#define DAY 86400
#define FIRST (-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST 253402300799 /* 9999-12-31T23:59:59Z */

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 0000-01-01 to the first day of the year, in the proleptic Gregorian calendar. */
static int64_t days_before(int64_t year)
{
	int64_t y = year - 1;

	return year == 0 ? 0 : year * 365 + y / 4 - y / 100 + y / 400 + 1;
}

static void put(char *at, int64_t v, int digits)
{
	while (digits--) {
		at[digits] = (char)('0' + v % 10);
		v /= 10;
	}
}

int mp_lwm2m_time_format(int64_t seconds, char text[MP_LWM2M_TIME_TEXT])
{
	int64_t days, year, second;
	int month = 1;

	if (seconds < FIRST || seconds > LAST)
		return -EBADMSG;
	days = (seconds - FIRST) / DAY;
	second = (seconds - FIRST) % DAY;
	year = days / 366;
	while (days_before(year + 1) <= days)
		year++;
	days -= days_before(year);
	for (; days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	__builtin_memcpy(text, "0000-00-00T00:00:00Z", MP_LWM2M_TIME_TEXT);
	put(text, year, 4);
	put(text + 5, month, 2);
	put(text + 8, days + 1, 2);
	put(text + 11, second / 3600, 2);
	put(text + 14, second / 60 % 60, 2);
	put(text + 17, second % 60, 2);
	return MP_LWM2M_TIME_TEXT - 1;
}

/* Read by a picture: '0' is a digit of the next number, anything else stands for itself. */
static bool take(const char **at, const char *end, const char *picture, int *ret)
{
	for (; *picture; picture++, (*at)++) {
		if (*at == end)
			return false;
		if (*picture == '0') {
			if (**at < '0' || **at > '9')
				return false;
			*ret = *ret * 10 + (**at - '0');
			if (picture[1] != '0')
				ret++;
		} else if (*picture != **at) {
			return false;
		}
	}
	return true;
}

/* "Z", "+02:00", in seconds. */
static bool take_offset(const char *at, const char *end, int *ret)
{
	int v[2] = {0};
	bool east;

	if (at == end)
		return false;
	if (*at == 'Z' || *at == 'z') {
		*ret = 0;
		return at + 1 == end;
	}
	east = *at == '+';
	if ((!east && *at != '-') || !(at++, take(&at, end, "00:00", v)) || at != end ||
	    v[0] > 23 || v[1] > 59)
		return false;
	*ret = (v[0] * 3600 + v[1] * 60) * (east ? 1 : -1);
	return true;
}

int mp_lwm2m_time_parse(const char *text, size_t len, int64_t *ret)
{
	const char *at = text, *end = text + len;
	int d[3] = {0}, t[3] = {0}, offset;
	int64_t days;

	if (!take(&at, end, "0000-00-00", d) || at == end ||
	    (*at != 'T' && *at != 't' && *at != ' ') || !(at++, take(&at, end, "00:00:00", t)))
		return -EBADMSG;
	if (at < end && *at == '.') {
		const char *digits = ++at;

		while (at < end && *at >= '0' && *at <= '9')
			at++;
		if (at == digits)
			return -EBADMSG;
	}
	if (!take_offset(at, end, &offset) || d[1] < 1 || d[1] > 12 || d[2] < 1 ||
	    d[2] > days_of_month(d[0], d[1]) || t[0] > 23 || t[1] > 59 || t[2] > 60)
		return -EBADMSG;
	days = days_before(d[0]) + d[2] - 1;
	for (int month = 1; month < d[1]; month++)
		days += days_of_month(d[0], month);
	*ret = FIRST + days * DAY + t[0] * 3600 + t[1] * 60 + t[2] - offset;
	return 0;
}
