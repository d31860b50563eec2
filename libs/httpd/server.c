/* SPDX-License-Identifier: Apache-2.0
 * The server: libmicrohttpd's epoll descriptor lies in the loop. One run serves every connection
 * that is ready, then the owner's turn() commits, then the answers that waited for it go out in
 * the next run. A timer of one second lets silent connections time out.
 *
 * A request lives from its first line to its last byte:
 *     begin -> (body: collected, streamed or refused) -> serve -> [held] -> queued -> end
 */
#include "internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SPARES 256 /* requests kept for reuse */
#define DRAINS 8 /* runs: resume, answer, send, and some for what comes in meanwhile */

/* ---- requests ---- */

static struct mp_request *request_new(struct mp_httpd *h)
{
	struct mp_request *rq = h->spare;

	if (rq) {
		h->spare = rq->next;
		h->spares--;
	} else {
		rq = malloc(sizeof(*rq));
		if (!rq)
			return NULL;
	}
	memset(rq, 0, offsetof(struct mp_request, uri));
	rq->h = h;
	rq->next = h->live;
	rq->prev = &h->live;
	if (rq->next)
		rq->next->prev = &rq->next;
	h->live = rq;
	return rq;
}

static void request_free(struct mp_request *rq)
{
	struct mp_httpd *h = rq->h;

	*rq->prev = rq->next;
	if (rq->next)
		rq->next->prev = rq->prev;
	mp_request_drop_answer(rq);
	mp_buf_done(&rq->body);
	if (h->spares == SPARES) {
		free(rq);
		return;
	}
	rq->next = h->spare;
	h->spare = rq;
	h->spares++;
}

/* Called with the first line of a request, before the URI is decoded. */
static void *on_uri(void *user, const char *uri, struct MHD_Connection *connection)
{
	struct mp_httpd *h = user;
	struct mp_request *rq = request_new(h);
	size_t len = strlen(uri);

	h->moved = true;

	if (!rq)
		return NULL;
	rq->connection = connection;
	rq->uri_too_long = len >= sizeof(rq->uri);
	if (rq->uri_too_long)
		len = 0;
	memcpy(rq->uri, uri, len);
	rq->uri[len] = '\0';
	return rq;
}

static enum mp_method method_of(const char *name)
{
	static const struct {
		const char *name;
		enum mp_method method;
	} known[] = {{"GET", MP_GET},	{"POST", MP_POST},     {"PUT", MP_PUT},
		     {"HEAD", MP_HEAD}, {"DELETE", MP_DELETE}, {"PATCH", MP_PATCH}};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].method;
	return MP_OTHER;
}

/* Hand the answer over, or put the connection to rest while it is held. */
static enum MHD_Result finish(struct mp_request *rq)
{
	enum MHD_Result ok;

	if (rq->held || rq->later) {
		assert(!rq->shared);
		MHD_suspend_connection(rq->connection);
		return MHD_YES;
	}
	if (!rq->response)
		return MHD_NO; /* memory is out, or a handler forgot to answer */
	ok = MHD_queue_response(rq->connection, rq->status, rq->response);
	mp_request_drop_answer(rq);
	return ok;
}

static enum MHD_Result serve(struct mp_request *rq)
{
	if (!rq->served) {
		rq->served = true;
		if (!rq->response)
			rq->h->config.serve(rq->h->config.user, rq);
	}
	return finish(rq);
}

static enum MHD_Result begin(struct mp_request *rq, const char *method)
{
	uint64_t len = mp_request_body_len(rq);

	rq->begun = true;
	mp_waiting_end(mp_connection_of(rq->connection));
	rq->method = method_of(method);
	if (rq->uri_too_long)
		mp_reply_text(rq, 414, "The address is too long.\n");
	else if (rq->h->config.begin)
		rq->h->config.begin(rq->h->config.user, rq);
	/* An answer to the first call would cost the connection; another call follows at once. */
	if (len == 0)
		return MHD_YES;
	if (!rq->response && rq->mode == BODY_NONE)
		mp_reply_text(rq, 413, "No body is expected here.\n");
	else if (!rq->response && rq->mode == BODY_COLLECT && len != UINT64_MAX &&
		 len > rq->body.limit)
		mp_reply_text(rq, 413, "The body is too long.\n");
	return rq->response ? finish(rq) : MHD_YES;
}

static enum MHD_Result take_body(struct mp_request *rq, const char *data, size_t len)
{
	if (rq->mode == BODY_COLLECT) {
		int r = mp_buf_add(&rq->body, data, len);

		if (r == -EFBIG)
			return MHD_NO; /* it came without a length and has no end */
		return r < 0 ? MHD_NO : MHD_YES;
	}
	if (rq->mode == BODY_STREAM && rq->sink_result >= 0)
		rq->sink_result = rq->sink(rq->sink_user, data, len);
	return MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **context)
{
	struct mp_request *rq = *context;
	size_t n = *len;

	((struct mp_httpd *)user)->moved = true;
	(void)connection, (void)url, (void)version;
	if (!rq)
		return MHD_NO;
	if (!rq->begun)
		return begin(rq, method);
	if (n > 0) {
		*len = 0;
		return take_body(rq, data, n);
	}
	return serve(rq);
}

static void on_end(void *user, struct MHD_Connection *connection, void **context,
		   enum MHD_RequestTerminationCode how)
{
	struct mp_request *rq = *context;

	((struct mp_httpd *)user)->moved = true;
	(void)how;
	*context = NULL;
	if (!rq)
		return;
	mp_waiting_begin(mp_connection_of(connection), &rq->h->idle);
	if (rq->begun && rq->h->config.end)
		rq->h->config.end(rq->h->config.user, rq);
	request_free(rq);
}

struct connection *mp_connection_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct mp_httpd *h = user;
	struct connection *c = *context;

	h->moved = true;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = c = calloc(1, sizeof(*c));
		if (c)
			c->connection = connection;
		h->n++;
		if (h->tls)
			mp_peer_expect(connection);
		mp_waiting_begin(c, &h->fresh);
		mp_waiting_make_room(h);
	} else {
		h->n--;
		mp_waiting_end(c);
		free(c);
		*context = NULL;
	}
}

/* ---- the loop ---- */

void mp_httpd_kick(struct mp_httpd *h)
{
	(void)sd_event_source_set_enabled(h->again, SD_EVENT_ONESHOT);
}

static uint64_t us_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* libmicrohttpd takes a connection in the middle of its TLS handshake for one that is ready, for as
 * long as the client keeps it waiting. One such client would keep the loop busy and everything else
 * in it out. So when nothing came of a run, the next is put off by a multiple of what it took. */
static void run_again(struct mp_httpd *h, uint64_t took)
{
	uint64_t wait = took * 4 < 1000 ? 1000 : took * 4;

	if (h->moved || !h->tls || h->fresh.n == 0) {
		mp_httpd_kick(h);
		return;
	}
	(void)sd_event_source_set_time_relative(h->later, wait);
	(void)sd_event_source_set_enabled(h->later, SD_EVENT_ONESHOT);
}

static int run(struct mp_httpd *h)
{
	MHD_UNSIGNED_LONG_LONG wait;
	uint64_t start = us_now();

	h->moved = false;
	MHD_run(h->daemon);
	if (h->config.turn)
		h->config.turn(h->config.user);
	if (MHD_get_timeout(h->daemon, &wait) == MHD_YES && wait == 0)
		run_again(h, us_now() - start);
	return 0;
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *user)
{
	(void)source, (void)fd, (void)events;
	return run(user);
}

static int on_later(sd_event_source *source, uint64_t now, void *user)
{
	(void)source, (void)now;
	return run(user);
}

static int on_again(sd_event_source *source, void *user)
{
	(void)source;
	return run(user);
}

static int on_second(sd_event_source *source, uint64_t now, void *user)
{
	(void)now;
	mp_waiting_sweep(user);
	sd_event_source_set_time_relative(source, 1000000);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return run(user);
}

static int watch(struct mp_httpd *h, sd_event *event)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	if (!info)
		return -ENOTSUP;
	r = sd_event_add_io(event, &h->io, info->epoll_fd, EPOLLIN, on_ready, h);
	if (r >= 0)
		r = sd_event_add_defer(event, &h->again, on_again, h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->again, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &h->later, CLOCK_MONOTONIC, 0, 500, on_later,
					       h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->later, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &h->second, CLOCK_MONOTONIC, 1000000, 200000,
					       on_second, h);
	return r;
}

/* ---- opening and closing ---- */

static int make_address(const struct mp_httpd_config *c, struct sockaddr_storage *ret,
			socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, c->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(c->port);
		*len = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, c->address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(c->port);
		*len = sizeof(*v6);
		return 0;
	}
	return -EBADMSG;
}

static int listen_on(struct mp_httpd *h, const struct mp_httpd_config *c, struct mp_err *err)
{
	struct sockaddr_storage address;
	socklen_t len;
	int on = 1, r = make_address(c, &address, &len);

	if (r < 0)
		return mp_err_set(err, r, "'%s' is no IP address to listen on", c->address);
	h->listen_fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (h->listen_fd < 0)
		return mp_err_set(err, -errno, "no socket: %s", strerror(errno));
	(void)setsockopt(h->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(h->listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(h->listen_fd, (struct sockaddr *)&address, len) < 0 ||
	    listen(h->listen_fd, SOMAXCONN) < 0 ||
	    getsockname(h->listen_fd, (struct sockaddr *)&address, &len) < 0)
		return mp_err_set(err, -errno, "cannot listen on %s port %u: %s", c->address,
				  c->port, strerror(errno));
	h->port =
		ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
						   : ((struct sockaddr_in6 *)&address)->sin6_port);
	return 0;
}

static void drop_log(void *user, const char *fmt, va_list ap)
{
	(void)user, (void)fmt, (void)ap;
}

static int start(struct mp_httpd *h, const struct mp_httpd_config *c, struct mp_err *err)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)c->cert_pem},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)c->key_pem},
		{MHD_OPTION_HTTPS_PRIORITIES, 0,
		 (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
		/* No authority, no question: the list ends here. */
		{c->client_ca_pem ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		 (void *)(uintptr_t)c->client_ca_pem},
		{MHD_OPTION_END, 0, NULL},
	};

	flags |= c->cert_pem ? MHD_USE_TLS : MHD_USE_TURBO;
	h->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, drop_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, h->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		h->config.connections, MHD_OPTION_CONNECTION_TIMEOUT, h->config.idle_seconds,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_URI_LOG_CALLBACK, on_uri,
		h, MHD_OPTION_NOTIFY_COMPLETED, on_end, h, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_ARRAY, c->cert_pem ? tls : &tls[4], MHD_OPTION_END);
	if (!h->daemon)
		return mp_err_set(err, -EPROTO, "the HTTP%s server did not start%s",
				  c->cert_pem ? "S" : "",
				  c->cert_pem ? "; check the certificate and its key" : "");
	h->listen_fd = -1; /* the daemon closes it */
	return 0;
}

int mp_httpd_open(struct mp_loop *loop, const struct mp_httpd_config *config, struct mp_httpd **ret,
		  struct mp_err *err)
{
	auto_(mp_httpd) *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return mp_err_set(err, -ENOMEM, "memory is out");
	h->config = *config;
	h->tls = config->cert_pem != NULL;
	h->config.connections = config->connections ? config->connections : 1024;
	h->config.idle_seconds = config->idle_seconds ? config->idle_seconds : 120;
	h->config.header_seconds = config->header_seconds ? config->header_seconds : 15;
	h->listen_fd = -1;
	r = listen_on(h, config, err);
	if (r == 0)
		r = start(h, config, err);
	if (r < 0)
		return r;
	r = watch(h, mp_loop_event(loop));
	if (r < 0)
		return mp_err_set(err, r, "the event loop refused: %s", strerror(-r));
	*ret = take_ptr(h);
	return 0;
}

/* libmicrohttpd will not stop while connections rest. */
static void wake_all(struct mp_httpd *h)
{
	for (struct mp_request *rq = h->live; rq; rq = rq->next)
		if (rq->held || rq->later || rq->resting)
			MHD_resume_connection(rq->connection);
}

void mp_httpd_free(struct mp_httpd *h)
{
	if (!h)
		return;
	sd_event_source_disable_unref(h->io);
	sd_event_source_disable_unref(h->again);
	sd_event_source_disable_unref(h->later);
	sd_event_source_disable_unref(h->second);
	if (h->daemon) {
		wake_all(h);
		MHD_stop_daemon(h->daemon);
	}
	if (h->listen_fd >= 0)
		close(h->listen_fd);
	while (h->spare) {
		struct mp_request *rq = h->spare;

		h->spare = rq->next;
		free(rq);
	}
	free(h);
}

uint16_t mp_httpd_port(const struct mp_httpd *h)
{
	return h->port;
}

void mp_httpd_drain(struct mp_httpd *h)
{
	int fd = MHD_quiesce_daemon(h->daemon);

	for (int i = 0; i < DRAINS; i++)
		run(h);
	if (fd >= 0)
		close(fd);
}

unsigned mp_httpd_connections(const struct mp_httpd *h)
{
	return h->n;
}

/* ---- answers that wait: for what they are about, for a commit ---- */

void mp_reply_later(struct mp_request *rq)
{
	rq->later = true;
}

void mp_reply_now(struct mp_request *rq)
{
	assert(rq->later && rq->response);
	rq->later = false;
	mp_reply_hold(rq);
}

void mp_reply_hold(struct mp_request *rq)
{
	if (rq->held)
		return;
	rq->held = true;
	rq->next_held = rq->h->held;
	rq->h->held = rq;
}

bool mp_httpd_is_holding(const struct mp_httpd *h)
{
	return h->held != NULL;
}

void mp_httpd_release(struct mp_httpd *h)
{
	struct mp_request *rq = h->held;

	if (!rq)
		return;
	h->held = NULL;
	while (rq) {
		struct mp_request *next = rq->next_held;

		rq->held = false;
		MHD_resume_connection(rq->connection);
		rq = next;
	}
	mp_httpd_kick(h);
}

void mp_httpd_fail(struct mp_httpd *h, int status, const char *text)
{
	for (struct mp_request *rq = h->held; rq; rq = rq->next_held)
		mp_reply_text(rq, status, text);
	mp_httpd_release(h);
}
