/* SPDX-License-Identifier: Apache-2.0 */
/* Values out of the server's answers as a person reads them. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api.h"

/* Seconds since 1970; 0 when there is no time. */
static int64_t seconds_of(const struct mp_json *time)
{
	const char *text = mp_json_str(time, NULL);
	struct tm tm = {0};

	if (!text)
		return (int64_t)mp_json_real(time, 0);
	return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? (int64_t)timegm(&tm) : 0;
}

const char *mp_format_time(const struct mp_json *json, char ret[32])
{
	time_t t = (time_t)seconds_of(json);
	struct tm tm;

	if (t <= 0 || !localtime_r(&t, &tm) || strftime(ret, 32, "%F %T", &tm) == 0)
		return "-";
	return ret;
}

const char *mp_format_age(const struct mp_json *json, char ret[32])
{
	int64_t then = seconds_of(json), age = (int64_t)time(NULL) - then;

	if (then <= 0)
		return "-";
	if (age < 0)
		age = 0;
	if (age < 120)
		snprintf(ret, 32, "%d s", (int)age);
	else if (age < 7200)
		snprintf(ret, 32, "%d min", (int)(age / 60));
	else if (age < 172800)
		snprintf(ret, 32, "%d h", (int)(age / 3600));
	else
		snprintf(ret, 32, "%lld d", (long long)(age / 86400));
	return ret;
}

const char *mp_format_value(const struct mp_json *value, char ret[64])
{
	switch (mp_json_type(value)) {
	case MP_JSON_STR:
		snprintf(ret, 64, "%s", mp_json_str(value, ""));
		break;
	case MP_JSON_INT:
		snprintf(ret, 64, "%lld", (long long)mp_json_int(value, 0));
		break;
	case MP_JSON_REAL:
		snprintf(ret, 64, "%.15g", mp_json_real(value, 0));
		break;
	case MP_JSON_BOOL:
		snprintf(ret, 64, "%s", mp_json_bool(value, false) ? "yes" : "no");
		break;
	default:
		snprintf(ret, 64, "-");
	}
	return ret;
}
