/* SPDX-License-Identifier: Apache-2.0
 * server.c - resources that ask something of an endpoint each
 *
 *     GET     hello           a few bytes
 *     any     echo            what it was given, but GET
 *     GET     large, source   20 kB from memory, 300 kB read piece by piece
 *     PUT     upload, sink    the SHA-256 of what came: put together, or taken block by block
 *     GET     time            a number that changes five times a second; can be observed
 *     GET     separate        an answer that takes half a second
 *     GET     tcp             over what we were asked: "tcp" or "udp" */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "carrier.h"
#include "crypto/hash.h"
#include "driver.h"

#define LARGE 20000
#define SOURCE 300000
#define OBSERVERS 32
#define PERIOD_MS 200
#define SEPARATE_MS 500
#define LIFETIME_S 300

struct observer {
	bool is_used;
	struct mp_coap_remote remote;
	uint8_t token[MP_COAP_TOKEN];
	size_t token_len;
};

static struct server {
	struct carrier carrier;
	struct observer observers[OBSERVERS];
	uint32_t ticks;
	struct mp_coap_later *later;
	int64_t later_ms;
	struct mp_hash *hash; /* of what goes into the sink; NULL: nobody is there */
} server;

/* The body of every long resource: byte i is i % 251. */
static int read_pattern(void *user, uint64_t offset, void *data, size_t room)
{
	uint64_t size = *(const uint64_t *)user;
	uint8_t *bytes = data;
	size_t n = 0;

	for (; n < room && offset + n < size; n++)
		bytes[n] = (uint8_t)((offset + n) % 251);
	return (int)n;
}

static void respond(const struct mp_coap_request *rq, uint8_t code, const void *payload, size_t len)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(code);

	response.format = 0;
	response.payload = payload;
	response.payload_len = len;
	mp_coap_respond(rq->reply, &response);
}

static void respond_text(const struct mp_coap_request *rq, uint8_t code, const char *text)
{
	respond(rq, code, text, strlen(text));
}

static void serve_hello(const struct mp_coap_request *rq)
{
	respond_text(rq, MP_COAP_CONTENT, "hello");
}

static void serve_echo(const struct mp_coap_request *rq)
{
	bool fetches = rq->message->code == MP_COAP_FETCH;
	struct mp_coap_response response =
		MP_COAP_RESPONSE(fetches ? MP_COAP_CONTENT : MP_COAP_CHANGED);

	response.format = rq->format;
	response.payload = rq->payload;
	response.payload_len = rq->payload_len;
	mp_coap_respond(rq->reply, &response);
}

static void serve_large(const struct mp_coap_request *rq)
{
	static uint8_t body[LARGE];
	uint64_t size = LARGE;

	respond(rq, MP_COAP_CONTENT, body, (size_t)read_pattern(&size, 0, body, sizeof(body)));
}

static void serve_source(const struct mp_coap_request *rq)
{
	static uint64_t size = SOURCE;
	struct mp_coap_source source = {.size = size, .read = read_pattern, .user = &size};
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	response.format = 42;
	response.source = &source;
	mp_coap_respond(rq->reply, &response);
}

static void serve_upload(const struct mp_coap_request *rq)
{
	char hex[65];

	mp_sha256_hex(rq->payload, rq->payload_len, hex);
	respond_text(rq, MP_COAP_CHANGED, hex);
}

static void serve_sink(const struct mp_coap_request *rq)
{
	uint8_t digest[MP_SHA256_LEN];
	char hex[65];

	if (!server.hash) { /* a body of one message does not come in blocks */
		serve_upload(rq);
		return;
	}
	mp_hash_end(server.hash, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	respond_text(rq, MP_COAP_CHANGED, hex);
}

static struct observer *find_observer(const struct mp_coap_remote *remote, const uint8_t *token,
				      size_t token_len)
{
	for (size_t i = 0; i < OBSERVERS; i++) {
		struct observer *o = &server.observers[i];

		if (o->is_used && o->token_len == token_len &&
		    memcmp(o->token, token, token_len) == 0 &&
		    mp_coap_remote_is_same(&o->remote, remote))
			return o;
	}
	return NULL;
}

static bool observe(const struct mp_coap_request *rq)
{
	const struct mp_coap_message *m = rq->message;
	struct observer *o = find_observer(rq->remote, m->token, m->token_len);

	for (size_t i = 0; !o && i < OBSERVERS; i++)
		if (!server.observers[i].is_used)
			o = &server.observers[i];
	if (!o || m->token_len > MP_COAP_TOKEN)
		return false;
	*o = (struct observer){true, *rq->remote, {0}, m->token_len};
	memcpy(o->token, m->token, m->token_len);
	return true;
}

static void serve_time(const struct mp_coap_request *rq)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);
	struct observer *o;
	char text[16];

	if (rq->observe == 0 && observe(rq))
		response.observe = server.ticks;
	if (rq->observe == 1) {
		o = find_observer(rq->remote, rq->message->token, rq->message->token_len);
		if (o)
			o->is_used = false;
	}
	snprintf(text, sizeof(text), "%u", server.ticks);
	response.format = 0;
	response.payload = text;
	response.payload_len = strlen(text);
	mp_coap_respond(rq->reply, &response);
}

static void serve_separate(const struct mp_coap_request *rq)
{
	if (server.later) {
		respond_text(rq, MP_COAP_UNAVAILABLE, "one at a time");
		return;
	}
	server.later = mp_coap_defer(rq->reply);
	server.later_ms = carrier_now_ms() + SEPARATE_MS;
}

static void serve_tcp(const struct mp_coap_request *rq)
{
	respond_text(rq, MP_COAP_CONTENT, rq->remote->is_reliable ? "tcp" : "udp");
}

static void serve_core(const struct mp_coap_request *rq)
{
	static const char links[] = "</hello>,</large>;sz=20000,</time>;obs";
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	response.format = 40;
	response.payload = links;
	response.payload_len = sizeof(links) - 1;
	mp_coap_respond(rq->reply, &response);
}

enum { GET = 1 << MP_COAP_GET, ANY = 0xff & ~GET };

static const struct resource {
	const char *path;
	unsigned methods;
	void (*serve)(const struct mp_coap_request *rq);
} resources[] = {
	{"hello", GET, serve_hello},   {"echo", ANY, serve_echo},
	{"large", GET, serve_large},   {"source", GET, serve_source},
	{"upload", ANY, serve_upload}, {"sink", ANY, serve_sink},
	{"time", GET, serve_time},     {"separate", GET, serve_separate},
	{"tcp", GET, serve_tcp},       {".well-known/core", GET, serve_core},
};

static void serve(void *user, const struct mp_coap_request *rq)
{
	(void)user;
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
		if (mp_coap_path_is(rq->message, resources[i].path)) {
			if (resources[i].methods >> rq->message->code & 1)
				resources[i].serve(rq);
			else
				respond_text(rq, MP_COAP_METHOD_NOT_ALLOWED, "");
			return;
		}
}

static int write_sink(void *user, uint64_t offset, const void *data, size_t len, bool more)
{
	(void)user, (void)offset, (void)more;
	mp_hash_add(server.hash, data, len);
	return 0;
}

static void end_sink(void *user, bool whole)
{
	(void)user, (void)whole;
	mp_hash_free(take_ptr(server.hash));
}

static bool offer_sink(void *user, const struct mp_coap_request *first, struct mp_coap_sink *ret)
{
	(void)user;
	if (!mp_coap_path_is(first->message, "sink") || server.hash ||
	    mp_hash_new(MP_SHA256, &server.hash) < 0)
		return false;
	*ret = (struct mp_coap_sink){.write = write_sink, .done = end_sink};
	return true;
}

static void forget_observer(void *user, enum mp_coap_outcome outcome)
{
	if (outcome != MP_COAP_ANSWERED)
		((struct observer *)user)->is_used = false;
}

static void notify_all(void)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);
	char text[16];

	snprintf(text, sizeof(text), "%u", ++server.ticks);
	response.format = 0;
	response.observe = server.ticks;
	response.payload = text;
	response.payload_len = strlen(text);
	for (size_t i = 0; i < OBSERVERS; i++) {
		struct observer *o = &server.observers[i];

		if (o->is_used &&
		    mp_coap_notify(server.carrier.coap, &o->remote, o->token, o->token_len,
				   server.ticks % 4 == 0, &response, forget_observer, o) < 0)
			o->is_used = false;
	}
}

static void answer_later(void)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	response.format = 0;
	response.payload = "late";
	response.payload_len = 4;
	mp_coap_respond_later(take_ptr(server.later), &response);
}

static int run(void)
{
	int64_t next = carrier_now_ms();
	int r = 0;

	while (r == 0) {
		int64_t now = carrier_now_ms();

		if (now >= next) {
			notify_all();
			next = now + PERIOD_MS;
		}
		if (server.later && now >= server.later_ms)
			answer_later();
		r = carrier_step(&server.carrier, PERIOD_MS / 4);
	}
	return r;
}

/* Serves until it is ended, for five minutes at most. */
int do_server(char *argv[])
{
	struct mp_coap_config config = {.serve = serve, .sink = offer_sink};
	struct mp_net_address address, udp, tcp;
	struct mp_err err;

	(void)argv;
	alarm(LIFETIME_S);
	if (mp_net_address_parse("127.0.0.1:0", 0, &address) < 0 ||
	    carrier_open(&server.carrier, &config, &address, &address, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	mp_udp_local(server.carrier.udp, &udp);
	mp_tcp_listener_local(server.carrier.listener, &tcp);
	printf("%u %u\n", udp.port, tcp.port);
	fflush(stdout);
	return run() < 0;
}
