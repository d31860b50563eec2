/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - object 20, Event Log: what happened lately, a line each: "TIME TEXT" */
#include <stdio.h>
#include <time.h>

#include "worker.h"

void log_add(struct worker *w, const char *text)
{
	time_t now = time(NULL);
	char line[400], when[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(line, sizeof(line), "%s %.300s", when, text);
	mp_lwm2m_log_add(&w->log, line);
}
