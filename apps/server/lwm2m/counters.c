/* SPDX-License-Identifier: Apache-2.0
 * What /metrics says of LwM2M. */
#include "coap/endpoint.h"
#include "dtls/dtls.h"
#include "durable.h"
#include "lwm2m.h"
#include "observations.h"
#include "queue.h"
#include "registry.h"
#include "server.h"
#include "transport.h"

struct line {
	const char *name, *help;
	uint64_t value;
};

static int write_lines(struct mp_buf *out, const char *type, const struct line *lines, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = mp_buf_printf(out, "# HELP mp_%s %s\n# TYPE mp_%s %s\nmp_%s %llu\n",
				  lines[i].name, lines[i].help, lines[i].name, type, lines[i].name,
				  (unsigned long long)lines[i].value);
	return r;
}

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static int of_registry(struct server *s, struct mp_buf *out)
{
	const struct lwm2m_counters *c = &s->lwm2m->counters;
	const struct line lines[] = {
		{"lwm2m_registrations_total", "Registrations taken", c->registrations},
		{"lwm2m_updates_total", "Registration updates", c->updates},
		{"lwm2m_deregistrations_total", "Registrations that devices ended",
		 c->deregistrations},
		{"lwm2m_expired_total", "Registrations that ran out", c->expired},
		{"lwm2m_malformed_total", "Requests and values that could not be read",
		 c->malformed},
		{"lwm2m_notifications_total", "Notifications taken", c->notifications},
		{"lwm2m_unknown_notifications_total", "Notifications answered by RST",
		 c->unknown_notifications},
		{"lwm2m_lost_observations_total", "Observations that a device did not take again",
		 c->lost_observations},
		{"lwm2m_sends_total", "Send operations of devices", c->sends},
		{"lwm2m_requests_total", "Requests to devices", c->requests},
		{"lwm2m_firmware_reads_total", "Firmware requested over CoAP", c->firmware_reads},
	};

	return write_lines(out, "counter", lines, COUNT(lines));
}

static int of_refusals(struct server *s, struct mp_buf *out)
{
	const struct lwm2m_counters *c = &s->lwm2m->counters;
	const struct line lines[] = {
		{"endpoint", "", c->refused_endpoint},	 {"identity", "", c->refused_identity},
		{"unsecured", "", c->refused_unsecured}, {"unknown", "", c->refused_unknown},
		{"version", "", c->refused_version},	 {"full", "", c->refused_full},
		{"profile", "", c->refused_profile},
	};
	int r = mp_buf_add_str(out, "# HELP mp_lwm2m_refused_total Registrations refused\n"
				    "# TYPE mp_lwm2m_refused_total counter\n");

	for (size_t i = 0; r == 0 && i < COUNT(lines); i++)
		r = mp_buf_printf(out, "mp_lwm2m_refused_total{reason=\"%s\"} %llu\n",
				  lines[i].name, (unsigned long long)lines[i].value);
	return r;
}

static int of_coap(struct server *s, struct mp_buf *out)
{
	struct mp_coap_stats c;

	mp_coap_stats(s->lwm2m->coap, &c);
	const struct line lines[] = {
		{"coap_received_total", "CoAP messages received", c.received},
		{"coap_sent_total", "CoAP messages sent", c.sent},
		{"coap_malformed_total", "CoAP messages that could not be read", c.malformed},
		{"coap_duplicates_total", "CoAP messages that came again", c.duplicates},
		{"coap_retransmitted_total", "CoAP messages sent again", c.retransmitted},
		{"coap_timed_out_total", "CoAP exchanges without an answer", c.timed_out},
		{"coap_resets_total", "CoAP resets received", c.resets},
		{"coap_rejected_options_total", "CoAP requests with unknown critical options",
		 c.rejected_options},
		{"coap_unknown_responses_total", "CoAP responses that nobody asked for",
		 c.unknown_responses},
		{"coap_bodies_dropped_total", "CoAP transfers given up unfinished",
		 c.bodies_dropped},
		{"coap_tls_sessions_total", "TLS handshakes over TCP that succeeded",
		 s->lwm2m->counters.tls_sessions},
		{"coap_tls_failed_total", "TLS handshakes over TCP that failed or took too long",
		 s->lwm2m->counters.tls_failed},
	};

	return write_lines(out, "counter", lines, COUNT(lines));
}

static int of_dtls(struct server *s, struct mp_buf *out)
{
	struct mp_dtls_counters c = {0};
	int r;

	transport_dtls_counters(s->lwm2m->transport, &c);
	const struct line lines[] = {
		{"dtls_cookies_total", "DTLS cookies sent", c.cookies},
		{"dtls_handshakes_started_total", "DTLS handshakes begun", c.handshakes_started},
		{"dtls_handshakes_finished_total", "DTLS handshakes that succeeded",
		 c.handshakes_finished},
		{"dtls_dropped_total", "DTLS datagrams dropped", c.dropped},
		{"dtls_replayed_total", "DTLS records that came again", c.replayed},
		{"dtls_refused_total", "DTLS handshakes refused for want of room", c.refused},
		{"dtls_moved_total", "DTLS sessions that changed their address", c.moved},
	};
	const struct line now[] = {
		{"dtls_sessions", "DTLS sessions", c.sessions_now},
		{"dtls_sessions_parked", "DTLS sessions kept as bytes", c.parked_now},
		{"dtls_handshakes", "DTLS handshakes under way", c.handshakes_now},
	};

	r = write_lines(out, "counter", lines, COUNT(lines));
	if (r == 0)
		r = write_lines(out, "gauge", now, COUNT(now));
	if (r == 0)
		r = mp_buf_add_str(out, "# HELP mp_dtls_ended_total DTLS sessions and handshakes"
					" that ended\n# TYPE mp_dtls_ended_total counter\n");
	for (int i = 0; r == 0 && i < MP_DTLS_REASONS; i++)
		r = mp_buf_printf(out, "mp_dtls_ended_total{reason=\"%s\"} %llu\n",
				  mp_dtls_reason_text((enum mp_dtls_reason)i),
				  (unsigned long long)c.ended[i]);
	return r;
}

static int of_now(struct server *s, struct mp_buf *out)
{
	struct mp_coap_stats c;

	mp_coap_stats(s->lwm2m->coap, &c);
	const struct line lines[] = {
		{"lwm2m_registered", "Devices registered", registry_count(s->lwm2m->registry)},
		{"lwm2m_observations", "Observations", observations_count(s)},
		{"lwm2m_queue_length", "Requests that wait for sleeping devices", queue_length(s)},
		{"lwm2m_journal_bytes", "Journal of registrations, not yet folded",
		 durable_journal_bytes(s->lwm2m->durable)},
		{"coap_exchanges", "CoAP exchanges under way", c.exchanges_open},
		{"coap_bodies", "CoAP transfers under way", c.bodies},
		{"coap_body_bytes", "Bytes of CoAP transfers under way", c.body_bytes},
	};

	return write_lines(out, "gauge", lines, COUNT(lines));
}

int lwm2m_metrics(struct server *s, struct mp_buf *out)
{
	int r = of_registry(s, out);

	if (r == 0)
		r = of_refusals(s, out);
	if (r == 0)
		r = of_coap(s, out);
	if (r == 0)
		r = of_now(s, out);
	if (r == 0 && lwm2m_port(s->lwm2m, true, false))
		r = of_dtls(s, out);
	return r;
}
