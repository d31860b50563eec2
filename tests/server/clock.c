/* SPDX-License-Identifier: Apache-2.0
 * Preloaded into a server, it makes time() differ from the truth by $CLOCK_OFFSET seconds. Timers,
 * which run by the monotonic clock, go on as they are. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

time_t time(time_t *ret)
{
	const char *offset = getenv("CLOCK_OFFSET");
	struct timespec now;

	if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) < 0)
		abort();
	now.tv_sec += offset ? atol(offset) : 0;
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
