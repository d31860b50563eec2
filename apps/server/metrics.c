/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include "devices.h"
#include "events.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/telemetry.h"
#include "lwm2m/lwm2m.h"
#include "releases.h"
#include "rollouts.h"
#include "server.h"

static int counter(struct mp_buf *out, const char *name, const char *help, uint64_t value)
{
	return mp_buf_printf(out, "# HELP mp_%s %s\n# TYPE mp_%s counter\nmp_%s %llu\n", name, help,
			     name, name, (unsigned long long)value);
}

static int gauge(struct mp_buf *out, const char *name, const char *help, uint64_t value)
{
	return mp_buf_printf(out, "# HELP mp_%s %s\n# TYPE mp_%s gauge\nmp_%s %llu\n", name, help,
			     name, name, (unsigned long long)value);
}

static int device_states(struct server *s, struct mp_buf *out)
{
	int r = mp_buf_add_str(out,
			       "# HELP mp_devices Devices by state\n# TYPE mp_devices gauge\n");

	for (int i = 0; r == 0 && i < DEVICE_STATES; i++)
		r = mp_buf_printf(out, "mp_devices{state=\"%s\"} %zu\n",
				  device_state_name((enum device_state)i),
				  devices_in_state(s->devices, (enum device_state)i));
	return r;
}

static int rollout_states(struct server *s, struct mp_buf *out)
{
	int r = mp_buf_add_str(out, "# HELP mp_rollout_devices Devices of rollouts that run or are"
				    " paused\n# TYPE mp_rollout_devices gauge\n");
	const struct rollout *one;

	for (size_t i = 0; r == 0 && (one = rollouts_open_at(s->rollouts, i)); i++)
		for (int m = 0; r == 0 && m < MEMBER_STATES; m++)
			r = mp_buf_printf(out,
					  "mp_rollout_devices{rollout=\"%lld\",release=\"%s\","
					  "state=\"%s\"} %zu\n",
					  (long long)one->id, one->release,
					  member_state_name((enum member_state)m), one->count[m]);
	return r;
}

int metrics_format(struct server *s, struct mp_buf *out)
{
	const struct metrics *m = s->metrics;
	int r = 0;

	r |= counter(out, "requests_total", "Requests answered", m->requests);
	r |= counter(out, "polls_total", "Polls of devices", m->polls);
	r |= counter(out, "feedback_total", "Feedback taken from devices", m->feedback);
	r |= counter(out, "downloads_total", "Artifact requests of devices", m->downloads);
	r |= counter(out, "enrolled_total", "Certificates issued", m->enrolled);
	r |= counter(out, "refused_total", "Requests refused for want of authentication",
		     m->refused);
	r |= counter(out, "commits_total", "Transactions on disk", mp_store_commits(s->store));
	r |= gauge(out, "connections", "Open connections",
		   mp_httpd_connections(s->https) + (s->http ? mp_httpd_connections(s->http) : 0));
	r |= gauge(out, "event_streams", "Open event streams", events_streams(s->events));
	r |= gauge(out, "releases", "Published releases", releases_count(s->releases));
	r |= gauge(out, "start_time_seconds", "When the server started", (uint64_t)m->started);
	if (r == 0)
		r = device_states(s, out);
	if (r == 0)
		r = rollout_states(s, out);
	if (r == 0)
		r = lwm2m_metrics(s, out);
	if (r == 0)
		r = telemetry_metrics(s, out);
	return r;
}
