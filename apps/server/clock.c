/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static void say(int64_t seconds, char ret[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(ret, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		strcpy(ret, "no time");
}

void clock_add(struct clock_evidence *e, int64_t time, const char *role)
{
	if (time > e->time)
		*e = (struct clock_evidence){time, role};
}

/* The two online roles have one clock, so that both are wrong when one is. */
static const char *to_rotate(const char *role)
{
	return strcmp(role, "root") == 0 || strcmp(role, "targets") == 0 ? role
									 : "snapshot timestamp";
}

int clock_check(int64_t now, const struct clock_evidence *newest, struct mp_err *err)
{
	char is[32], was[32];

	if (newest->time == 0)
		return 0;
	say(now, is);
	say(newest->time, was);
	if (now - newest->time > CLOCK_AHEAD)
		return mp_err_set(
			err, -EPROTO,
			"the clock says %s, more than a year after the newest signature, of "
			"the %s at %s. Set the clock right; if it is, 'mp publish' or 'mp key "
			"rotate targets --publish' bears witness to it",
			is, newest->role, was);
	if (newest->time - now > CLOCK_BEHIND)
		return mp_err_set(
			err, -EPROTO,
			"the clock says %s, before the signature of the %s at %s. Set the "
			"clock right; if it is, and that signature's was wrong, run 'mp key "
			"rotate %s' and start the server again",
			is, newest->role, was, to_rotate(newest->role));
	return 0;
}
