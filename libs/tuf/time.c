/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t days(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : lengths[month - 1];
}

static int number(const char *s, int digits)
{
	int v = 0;

	for (int i = 0; i < digits; i++)
		v = v * 10 + (s[i] - '0');
	return v;
}

int mp_tuf_time_parse(const char *text, int64_t *ret)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	int year, month, day, hour, minute, second;

	if (strlen(text) != sizeof(form) - 1)
		return -EBADMSG;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return -EBADMSG;

	year = number(text, 4);
	month = number(text + 5, 2);
	day = number(text + 8, 2);
	hour = number(text + 11, 2);
	minute = number(text + 14, 2);
	second = number(text + 17, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_length(year, month))
		return -EBADMSG;
	if (hour > 23 || minute > 59 || second > 59)
		return -EBADMSG;

	*ret = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return 0;
}

void mp_tuf_time_format(int64_t t, char text[21])
{
	time_t when = t;
	struct tm tm = {0};

	(void)gmtime_r(&when, &tm);
	(void)snprintf(text, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		       (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		       (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
		       (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}
