/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - object 20, Event Log: what happened lately, a line each: "TIME TEXT"
 *
 * It is kept in lwm2m/log, so that what went before a reboot can be read after it: starts with their
 * release, registrations, updates with their reasons, faults.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lwm2m/update_line.h"
#include "worker.h"

#define FILE_NAME "log"

void log_open(struct worker *w)
{
	MP_BUF(file, MP_LWM2M_LOG_SIZE);
	char line[80];

	if (kept_read(w, FILE_NAME, &file) == 0 && file.len && file.data[file.len - 1] == '\n') {
		memcpy(w->log.text, file.data, file.len);
		w->log.len = (uint16_t)file.len;
	}
	snprintf(line, sizeof(line), "started: release %s", w->config.release);
	log_add(w, line);
}

void log_add(struct worker *w, const char *text)
{
	time_t now = time(NULL);
	char line[400], when[32] = "";
	struct tm tm;

	if (!w->log.running)
		return;
	if (gmtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(line, sizeof(line), "%s %.300s", when, text);
	mp_lwm2m_log_add(&w->log, line);
	(void)kept_write(w, FILE_NAME, w->log.text, w->log.len);
}

void log_update(struct worker *w, const char *state, const char *version, const char *sentence)
{
	char line[320];

	mp_lwm2m_update_line(line, sizeof(line), state, version, sentence);
	log_add(w, line);
}
