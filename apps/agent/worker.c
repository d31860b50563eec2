/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - mp-lwm2m, the worker that stays: started when it is missing, told where things stand
 *
 * Like fetch it speaks for the network and is not believed. It may name a deployment, say that one
 * shall boot that install has verified, and ask for what an operator may ask for over LwM2M: a
 * reboot and the factory's state.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "json/json.h"
#include "supervisor.h"
#include "system.h"

#define MANIFEST_MOST (1u << 20)
#define FIRST_MS 1000 /* from its end to its next start, doubled each time ... */
#define LAST_MS (5 * 60 * 1000)
#define STABLE_MS (60 * 1000) /* ... until it has lived so long */
#define REBOOT_MS 3000 /* so that the answer leaves first */

/* The services of the release that runs: the manifest is not for the network's workers to read. */
static void read_apps(struct supervisor *s)
{
	MP_BUF(text, MANIFEST_MOST);
	auto_(mp_json) *doc = NULL;
	const struct mp_json *list, *j;
	char path[128];

	snprintf(path, sizeof(path), AGENT_STATE "/releases/%s/manifest.json", s->release);
	if (s->n_apps || mp_medium_read_all(s->medium, path, &text) < 0 ||
	    mp_json_parse(text.data, text.len, &doc, NULL) < 0)
		return;
	list = mp_json_get(mp_json_get(doc, "app"), "services");
	while (s->n_apps < APPS && (j = mp_json_at(list, s->n_apps))) {
		struct app *app = &s->apps[s->n_apps++];

		snprintf(app->name, sizeof(app->name), "%s",
			 mp_json_str(mp_json_get(j, "name"), ""));
		snprintf(app->image, sizeof(app->image), "%.12s",
			 mp_json_str(mp_json_get(mp_json_get(j, "image"), "id"), ""));
	}
}

static void tell_app(const struct child *c, const struct app *app)
{
	(void)mp_pair_send(&c->pair, &(struct mp_msg){.type = MP_MSG_FACT,
						      .num = {app->healthy},
						      .text = {app->name, app->image}});
}

void worker_health(struct supervisor *s, const char *service, bool healthy)
{
	const struct child *c = child_find(s, ROLE_LWM2M, JOBS);

	for (unsigned i = 0; i < s->n_apps; i++) {
		struct app *app = &s->apps[i];

		if (app->healthy == healthy || !mp_streq(app->name, service))
			continue;
		app->healthy = healthy;
		if (c)
			tell_app(c, app);
	}
}

int64_t worker_keep(struct supervisor *s)
{
	int64_t now = system_uptime_ms();
	struct child *c;

	if (!s->product.lwm2m || !s->machine.ready || child_find(s, ROLE_LWM2M, JOBS))
		return -1;
	if (now < s->lwm2m_at)
		return s->lwm2m_at - now;
	s->lwm2m_at = now + STABLE_MS;
	s->lwm2m_seen = 0;
	c = child_start(s, ROLE_LWM2M, JOBS, -1, NULL);
	read_apps(s);
	for (unsigned i = 0; c && i < s->n_apps; i++)
		tell_app(c, &s->apps[i]);
	if (!c)
		worker_gone(s);
	worker_tell(s);
	return 0;
}

void worker_gone(struct supervisor *s)
{
	int64_t now = system_uptime_ms(), ms = FIRST_MS;

	if (now >= s->lwm2m_at)
		s->lwm2m_tries = 0;
	for (unsigned i = 0; i < s->lwm2m_tries && ms < LAST_MS; i++)
		ms *= 2;
	s->lwm2m_tries++;
	s->lwm2m_at = now + (ms < LAST_MS ? ms : LAST_MS);
	machine_reached(&s->machine, false);
}

void worker_tell(struct supervisor *s)
{
	struct child *c = child_find(s, ROLE_LWM2M, JOBS);
	const struct machine *m = &s->machine;

	if (!c || !m->ready)
		return;
	(void)mp_pair_send(
		&c->pair,
		&(struct mp_msg){.type = MP_MSG_STATE,
				 .num = {machine_result(m), s->lwm2m_seen},
				 .text = {update_state_name(m->state), m->version, m->action,
					  *m->waiting ? m->waiting : m->reason, s->record.source}});
}

static void reboot_soon(struct supervisor *s)
{
	mp_log(MP_LOG_INFO, "reboot asked for", "by=lwm2m");
	s->machine.reboot_at = system_uptime_ms() + REBOOT_MS;
}

/* Done by `mp-agent reset` at the next start, before anything else uses what goes. */
static void reset(struct supervisor *s, bool identity)
{
	const char *what = identity ? RESET_ALL : RESET_KEEP;
	int r = mp_medium_replace(s->medium, RESET_FILE, what, strlen(what));

	mp_log(MP_LOG_INFO, "factory reset asked for", "by=lwm2m identity=%s result=\"%s\"",
	       identity ? "goes" : "stays", r < 0 ? strerror(-r) : "noted");
	if (r == 0)
		reboot_soon(s);
}

static void update(struct supervisor *s, const char *source)
{
	int r = machine_source(&s->machine, source);

	mp_log(MP_LOG_INFO, "update named", "by=lwm2m source=\"%s\" result=\"%s\"", source,
	       r < 0 ? strerror(-r) : "taken up");
}

bool worker_said(struct supervisor *s, const struct mp_msg *m)
{
	s->lwm2m_seen++;
	switch (m->type) {
	case MP_MSG_REACHED:
		machine_reached(&s->machine, m->num[0] == 1);
		break;
	case MP_MSG_UPDATE:
		update(s, m->text[0]);
		break;
	case MP_MSG_DROP:
		machine_drop(&s->machine);
		break;
	case MP_MSG_COMMIT:
		(void)machine_commit(&s->machine);
		break;
	case MP_MSG_REBOOT:
		reboot_soon(s);
		break;
	case MP_MSG_RESET:
		reset(s, m->num[0] == 1);
		break;
	default:
		return false;
	}
	worker_tell(s);
	return true;
}
