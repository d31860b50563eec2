/* SPDX-License-Identifier: Apache-2.0
 * Opening: what needs root or the product folder comes first (keys, ports, database), then the
 * privileges go, then everything is read into memory. All paths of our own are relative to the data
 * folder from then on, so that its parents need not be readable for the user that we became. */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "base/file.h"
#include "base/log.h"
#include "blobs.h"
#include "bootstrap/bootstrap.h"
#include "call.h"
#include "collect.h"
#include "devices.h"
#include "enrolment.h"
#include "events.h"
#include "gateway.h"
#include "leshan/leshan.h"
#include "lwm2m/campaign.h"
#include "lwm2m/credentials.h"
#include "lwm2m/interview.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/telemetry.h"
#include "metrics.h"
#include "online.h"
#include "page.h"
#include "privileges.h"
#include "product/product.h"
#include "releases.h"
#include "rest/watch.h"
#include "rollouts.h"
#include "schema.h"

#define BEAT 15 /* seconds between two signs of life on an event stream */

int64_t server_now(void)
{
	return time(NULL);
}

void server_write_failed(struct server *s)
{
	s->write_failed = true;
}

/* ---- what is in memory ---- */

static void unload(struct server *s)
{
	rollouts_free(take_ptr(s->rollouts));
	devices_free(take_ptr(s->devices));
	releases_free(take_ptr(s->releases));
	tokens_free(take_ptr(s->tokens));
	credentials_free(take_ptr(s->credentials));
}

static int load(struct server *s, struct mp_err *err)
{
	int r = releases_load(s, &s->releases, err);

	if (r == 0)
		r = devices_load(s, &s->devices, err);
	if (r == 0)
		r = rollouts_load(s, &s->rollouts, err);
	if (r == 0)
		r = tokens_load(s, &s->tokens, err);
	if (r == 0)
		r = enrolment_load(s, err);
	if (r == 0)
		r = credentials_load(s, &s->credentials, err);
	if (r == 0)
		r = lwm2m_load(s, err);
	return r;
}

/* ---- the turn ---- */

static void give_up_turn(struct server *s)
{
	static const char text[] =
		"{\"error\":\"The server could not write this down; its log says why.\"}";
	struct mp_err err = {""};
	int r;

	campaigns_reset(s->campaigns);
	interviews_reset(s->interviews);
	mp_store_rollback(s->store);
	lwm2m_give_up(s);
	telemetry_forget(s->telemetry);
	unload(s);
	r = load(s, &err);
	if (r == 0)
		r = online_reload(s, &err);
	mp_httpd_fail(s->https, 503, text);
	if (s->http)
		mp_httpd_fail(s->http, 503, text);
	s->write_failed = false;
	if (r < 0) {
		mp_log(MP_LOG_ERR, "cannot go on", "reason=\"%s\"", err.text);
		exit(1); /* nothing in memory can be trusted any more */
	}
}

void server_turn(struct server *s)
{
	struct mp_err err = {"a write failed"};

	lwm2m_write(s);
	if (!s->write_failed && mp_store_commit(s->store, &err) < 0)
		s->write_failed = true;
	if (s->write_failed) {
		mp_log(MP_LOG_ERR, "write failed", "reason=\"%s\"", err.text);
		give_up_turn(s);
		return;
	}
	mp_httpd_release(s->https);
	if (s->http)
		mp_httpd_release(s->http);
	lwm2m_release(s);
}

static void turn(void *user)
{
	server_turn(user);
}

static void every_second(void *user)
{
	static unsigned seconds;
	struct server *s = user;
	struct mp_err err;

	devices_write_seen(s, false);
	if (seconds % 60 == 0 && online_tick(s, &err) < 0) {
		mp_log(MP_LOG_ERR, "metadata not renewed", "reason=\"%s\"", err.text);
		server_write_failed(s);
	}
	collect_tick(s);
	lwm2m_tick(s);
	campaigns_tick(s);
	interviews_tick(s);
	telemetry_tick(s);
	if (++seconds % BEAT == 0) {
		events_beat(s->events);
		leshan_beat(s->leshan);
	}
	turn(s);
}

/* ---- opening ---- */

static int read_product(struct server *s, struct mp_err *err)
{
	auto_(mp_product) *p = NULL;
	int r = mp_product_load(s->options.product, &p, err);

	if (r < 0)
		return r;
	snprintf(s->product_name, sizeof(s->product_name), "%s", p->name);
	snprintf(s->product_url, sizeof(s->product_url), "%s", p->server.url);
	s->poll_seconds =
		s->options.poll_seconds ? s->options.poll_seconds : (unsigned)p->update.poll;
	if (s->poll_seconds == 0 || s->poll_seconds >= 86400)
		s->poll_seconds = 300;
	return 0;
}

int server_read_pem(struct server *s, const char *name, struct mp_buf *out, struct mp_err *err)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/keys/%s", s->options.product, name);
	return mp_file_read(path, out, err);
}

/* Every connection is a descriptor. */
static unsigned raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 512;
	limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > 512 ? (unsigned)limit.rlim_cur - 256 : 256;
}

static int open_ports(struct server *s, struct mp_err *err)
{
	MP_BUF(cert, 65536);
	MP_BUF(key, 65536);
	struct mp_httpd_config config = {
		.address = s->options.listen,
		.port = s->options.port,
		.client_ca_pem = enrolment_authority(s->enrolment),
		.connections = raise_limit() / 2,
		.begin = call_begin,
		.serve = call_serve,
		.end = call_end,
		.turn = turn,
		.user = s,
	};
	int r = server_read_pem(s, "server.crt", &cert, err);

	if (r == 0)
		r = server_read_pem(s, "server.pem", &key, err);
	if (r < 0)
		return r;
	config.cert_pem = cert.data;
	config.key_pem = key.data;
	r = mp_httpd_open(s->loop, &config, &s->https, err);
	explicit_bzero(key.data, key.len);
	if (r < 0 || !s->options.http_port)
		return r;
	config.cert_pem = config.key_pem = config.client_ca_pem = NULL;
	config.address = "127.0.0.1";
	config.port = s->options.http_port;
	return mp_httpd_open(s->loop, &config, &s->http, err);
}

static int enter_data(struct server *s, const struct account *account, struct mp_err *err)
{
	int r = mp_file_make_dirs(s->options.data, 0700, err);

	if (r == 0)
		r = privileges_give(account, s->options.data, err);
	if (r == 0 && chdir(s->options.data) < 0)
		r = mp_err_set(err, -errno, "cannot enter %s: %s", s->options.data,
			       strerror(errno));
	return r;
}

/* Paths on the command line are relative to where we were started, which we are about to leave. */
static int find_product(struct server *s, struct mp_err *err)
{
	s->product_dir = realpath(s->options.product, NULL);
	if (!s->product_dir)
		return mp_err_set(err, -errno, "%s: %s", s->options.product, strerror(errno));
	s->options.product = s->product_dir;
	return 0;
}

/* Who listens to the devices of LwM2M. */
static int open_listeners(struct server *s, struct mp_err *err)
{
	int r = telemetry_new(s, &s->telemetry);

	if (r == 0)
		r = watch_new(s, &s->watch);
	if (r == 0 && (s->options.leshan_prefix || s->options.leshan1_prefix))
		r = leshan_new(s, &s->leshan);
	return r < 0 ? mp_err_set(err, r, "memory is out") : 0;
}

static int open_as_started(struct server *s, struct mp_err *err)
{
	struct account account;
	int r = find_product(s, err);

	if (r == 0)
		r = read_product(s, err);
	if (r == 0)
		r = privileges_choose(&s->options, &account, err);
	if (r == 0)
		r = gateway_read(s->options.gateway_token_file, s->gateway, err);
	if (r == 0)
		r = enter_data(s, &account, err);
	if (r == 0)
		r = mp_store_open("server.db", server_migrations, &s->store, err);
	if (r == 0)
		r = blobs_new(s, &s->blobs, err);
	if (r == 0)
		r = enrolment_new(s, &s->enrolment, err);
	if (r == 0)
		r = online_new(s, &s->online, err);
	if (r == 0)
		r = lwm2m_open(s, &s->lwm2m, err);
	if (r == 0 && (interviews_new(&s->interviews) < 0 || campaigns_new(s, &s->campaigns) < 0))
		r = mp_err_set(err, -ENOMEM, "memory is out");
	if (r == 0)
		r = open_listeners(s, err);
	if (r == 0 && (s->options.bootstrap_port || s->options.bootstrap_coap_port))
		r = bootstrap_open(s, &s->bootstrap, err);
	leshan_watch_bootstrap(s);
	if (r == 0)
		r = load(s, err);
	if (r == 0)
		r = admin_token_ensure(s, err);
	if (r == 0)
		r = open_ports(s, err);
	if (r == 0)
		r = privileges_give(&account, ".", err);
	return r < 0 ? r : privileges_drop(&account, err);
}

static int start(struct server *s, struct mp_err *err)
{
	int r = mp_loop_new(&s->loop);

	s->events = events_new(event_kinds, false);
	s->metrics = calloc(1, sizeof(*s->metrics));
	s->gateway = calloc(1, sizeof(*s->gateway));
	s->collector = collect_new();
	if (r < 0 || !s->events || !s->metrics || !s->gateway || !s->collector)
		return mp_err_set(err, -ENOMEM, "memory is out");
	s->metrics->started = server_now();
	r = page_new(&s->page, err);
	if (r == 0)
		r = open_as_started(s, err);
	if (r == 0)
		r = online_start(s, err);
	if (r == 0)
		lwm2m_restore(s);
	if (r == 0)
		r = mp_store_commit(s->store, err);
	if (r == 0 && mp_loop_every(s->loop, 1000, every_second, s) < 0)
		r = mp_err_set(err, -ENOMEM, "memory is out");
	return r;
}

/* ---- ending ---- */

static void finish(struct server *s)
{
	events_end(s->events);
	leshan_end(s->leshan);
	if (s->devices) {
		devices_write_seen(s, true);
		lwm2m_finish(s);
		turn(s);
		mp_httpd_drain(s->https);
		if (s->http)
			mp_httpd_drain(s->http);
	}
	mp_httpd_free(s->http);
	mp_httpd_free(s->https);
}

static void release(struct server *s)
{
	campaigns_free(s->campaigns);
	interviews_free(s->interviews);
	lwm2m_free(s->lwm2m);
	bootstrap_free(s->bootstrap);
	telemetry_free(s->telemetry);
	watch_free(s->watch);
	leshan_free(s->leshan);
	unload(s);
	online_free(s->online);
	enrolment_free(s->enrolment);
	blobs_free(s->blobs);
	mp_store_free(s->store);
	page_free(s->page);
	events_free(s->events);
	free(s->metrics);
	free(s->product_dir);
	free(s->gateway);
	collect_free(s->collector);
	mp_loop_free(s->loop);
}

int server_run(const struct options *options)
{
	struct server s = {.options = *options};
	struct mp_err err = {""};
	int r;

	umask(077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk, not the end */
	r = start(&s, &err);
	if (r < 0) {
		mp_log(MP_LOG_ERR, "cannot start", "reason=\"%s\"", err.text);
	} else {
		mp_log(MP_LOG_INFO, "listening",
		       "address=%s port=%u http_port=%u coaps_port=%u coap_port=%u "
		       "coap_tcp_port=%u coaps_tcp_port=%u product=%s devices=%zu",
		       s.options.listen, mp_httpd_port(s.https), s.http ? mp_httpd_port(s.http) : 0,
		       lwm2m_port(s.lwm2m, true, false), lwm2m_port(s.lwm2m, false, false),
		       lwm2m_port(s.lwm2m, false, true), lwm2m_port(s.lwm2m, true, true),
		       s.product_name, devices_count(s.devices));
		mp_loop_ready();
		r = mp_loop_run(s.loop);
	}
	if (s.https)
		finish(&s);
	release(&s);
	return r < 0 ? 1 : 0;
}
