/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - object 20, Event Log: what happened lately, a line each, "TIME TEXT\n" as text */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "worker.h"

enum { DATA = 4014, FORMAT = 4015, FORMAT_TEXT = 100 /* the first of one's own */ };

void log_add(struct worker *w, const char *text)
{
	struct event *e = &w->events[w->n_events++ % EVENTS];

	e->time = (int64_t)time(NULL);
	snprintf(e->text, sizeof(e->text), "%s", text);
	if (w->client)
		mp_lwm2m_client_changed(w->client, &mp_lwm2m_path(20, 0, DATA));
}

static int give_lines(const struct worker *w, struct mp_lwm2m_out *out)
{
	unsigned first = w->n_events > EVENTS ? w->n_events - EVENTS : 0;
	MP_BUF(text, EVENTS * 160);

	for (unsigned i = first; i < w->n_events; i++) {
		const struct event *e = &w->events[i % EVENTS];
		time_t t = (time_t)e->time;
		char when[32] = "";
		struct tm tm;

		if (gmtime_r(&t, &tm))
			(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
		if (mp_buf_printf(&text, "%s %s\n", when, e->text) < 0)
			return -ENOMEM;
	}
	return mp_lwm2m_give(out, mp_lwm2m_opaque(text.data, text.len));
}

static int read_log(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	(void)instance;
	switch (resource) {
	case DATA:
		return give_lines(user, out);
	case FORMAT:
		return mp_lwm2m_give(out, mp_lwm2m_integer(FORMAT_TEXT));
	default:
		return -ENOENT;
	}
}

static const uint16_t resources[] = {DATA, FORMAT};

const struct mp_lwm2m_class log_class = {
	.id = 20, .resources = resources, .n_resources = 2, .read = read_log};
