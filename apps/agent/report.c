/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - what we say about ourselves: to the server, and to whoever asks on the device */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "json/json.h"
#include "supervisor.h"
#include "system.h"

#define VALUE_MOST 128 /* hawkBit refuses all attributes when the value of one is longer */

static int put_number(struct mp_json *j, const char *key, int64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)v);
	return mp_json_put_str(j, key, text);
}

static int put_seconds(struct mp_json *j, const char *key, int64_t ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld.%lld", (long long)(ms / 1000),
		 (long long)(ms % 1000 / 100));
	return mp_json_put_str(j, key, text);
}

static int put_what(const struct supervisor *s, struct mp_json *j)
{
	const char slot[2] = {s->machine.setup.slot, '\0'};
	struct utsname u;
	int r = mp_json_put_str(j, "product", s->product.name);

	if (r == 0)
		r = mp_json_put_str(j, "board", s->product.board);
	if (r == 0)
		r = mp_json_put_str(j, "release", s->release);
	if (r == 0)
		r = mp_json_put_str(j, "root_hash", s->root_hash);
	if (r == 0)
		r = mp_json_put_str(j, "slot", slot);
	if (r == 0)
		r = mp_json_put_str(j, "agent_version", MP_VERSION);
	return r < 0 || uname(&u) < 0 ? r : mp_json_put_str(j, "kernel", u.release);
}

/* Of those that stay: this process, and mp-lwm2m. */
static unsigned idle_rss_kb(struct supervisor *s)
{
	const struct child *c = child_find(s, ROLE_LWM2M, JOBS);

	return system_status_kb(0, "VmRSS:") + (c ? system_status_kb(c->pid, "VmRSS:") : 0);
}

static int put_figures(struct supervisor *s, struct mp_json *j)
{
	char listeners[VALUE_MOST + 1];
	int r = put_seconds(j, "boot_seconds", s->online_ms);

	if (r == 0)
		r = put_number(j, "agent_idle_rss_kb", idle_rss_kb(s));
	if (r == 0 && s->record.install_peak_rss_kb)
		r = put_number(j, "install_peak_rss_kb", s->record.install_peak_rss_kb);
	if (r == 0)
		r = put_number(j, "processes", system_processes());
	if (r == 0)
		r = put_number(j, "listeners", system_listeners(listeners, sizeof(listeners)));
	if (r == 0)
		r = mp_json_put_str(j, "listeners_routed", listeners);
	return r < 0 ? r : put_number(j, "setuid", system_setuid(s->options->root));
}

int report_attributes(struct supervisor *s, struct mp_buf *out)
{
	auto_(mp_json) *j = mp_json_new_object();
	int r = j ? put_what(s, j) : -ENOMEM;

	if (r == 0)
		r = put_figures(s, j);
	return r < 0 ? r : mp_json_format(j, out);
}

static int put_state(const struct supervisor *s, struct mp_json *j)
{
	const struct machine *m = &s->machine;
	int r = mp_json_put_str(j, "state", update_state_name(m->state));

	if (r == 0)
		r = mp_json_put_str(j, "target", m->version);
	if (r == 0)
		r = mp_json_put_str(j, "action", m->action);
	if (r == 0)
		r = mp_json_put_str(j, "reason", m->reason);
	if (r == 0)
		r = mp_json_put_str(j, "waiting", m->waiting);
	if (r == 0)
		r = mp_json_put_str(j, "doubt", m->proof.doubt);
	if (r == 0)
		r = mp_json_put_int(j, "progress", m->percent);
	if (r == 0)
		r = mp_json_put_bool(j, "online", m->online);
	if (r == 0)
		r = mp_json_put_bool(j, "registered", m->registered);
	return r < 0 ? r : mp_json_put_bool(j, "containers", m->apps_up);
}

static int format_status(const struct supervisor *s, struct mp_buf *out)
{
	auto_(mp_json) *j = mp_json_new_object();
	int r = j ? mp_json_put_str(j, "device", s->device_id) : -ENOMEM;

	if (r == 0)
		r = put_what(s, j);
	if (r == 0)
		r = put_state(s, j);
	if (r == 0)
		r = mp_json_put_str(j, "server_error", s->last_error);
	return r < 0 ? r : mp_json_format_pretty(j, out);
}

/* On a file system in memory: no harm when it cannot be written. */
void report_status(struct supervisor *s)
{
	MP_BUF(text, 16 * 1024);
	char path[512];

	snprintf(path, sizeof(path), "%s" AGENT_RUN "/agent.json", s->options->root);
	if (format_status(s, &text) == 0 && mp_buf_add_str(&text, "\n") == 0)
		(void)mp_file_write(path, text.data, text.len, 0644, NULL);
}
