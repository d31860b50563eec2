/* SPDX-License-Identifier: Apache-2.0
 * coap_endpoint.c - datagrams and time against an endpoint that has work of its own
 *
 * The input is a row of records: who (2 bits), whether it answers what was sent to it last (bit 2),
 * how long before it nothing came (bits 3 to 7, as a power of two in ms), a length, and that many bytes. Of an
 * answer the first byte is its type and the second its code; message id and token are put in. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coap/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REMOTES 4
#define BODIES_MAX 20000

static uint8_t last[REMOTES][1500];
static size_t last_len[REMOTES];
static uint8_t counter;
static int asked, answered, begun, ended;
static struct mp_coap_later *later;
static char body[3000];

static void keep_last(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	(void)user;
	if (len > sizeof(last[0]))
		abort();
	memcpy(last[to->address.port], data, len);
	last_len[to->address.port] = len;
}

static void count_up(void *user, void *data, size_t len)
{
	(void)user;
	memset(data, counter++, len);
}

static int read_body(void *user, uint64_t offset, void *data, size_t room)
{
	(void)user;
	(void)offset;
	memset(data, 'x', room);
	return (int)room;
}

static void count_end(void *user)
{
	(void)user;
	ended++;
}

static const struct mp_coap_source source = {5000, read_body, count_end, NULL};

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	(void)user;
	if (rq->payload_len > 0 && rq->payload[0] == 'l') {
		if (later)
			mp_coap_respond_later(later, &response);
		later = mp_coap_defer(rq->reply);
		return;
	}
	if (rq->payload_len == 0 && rq->accept == 0) {
		begun++;
		response.source = &source;
	}
	response.payload = body;
	response.payload_len = rq->format > 0 ? (size_t)rq->format % sizeof(body) : 0;
	mp_coap_respond(rq->reply, &response);
}

static int sink_write(void *user, uint64_t offset, const void *data, size_t len, bool more)
{
	(void)user;
	(void)offset;
	(void)more;
	return len > 0 && *(const uint8_t *)data == 'e' ? MP_COAP_FORBIDDEN : 0;
}

static void sink_done(void *user, bool whole)
{
	(void)whole;
	count_end(user);
}

static bool sink(void *user, const struct mp_coap_request *first, struct mp_coap_sink *ret)
{
	(void)user;
	if (first->payload_len == 0 || first->payload[0] != 's')
		return false;
	begun++;
	*ret = (struct mp_coap_sink){sink_write, sink_done, NULL};
	return true;
}

static bool notified(void *user, const struct mp_coap_answer *a)
{
	(void)user;
	return a->observe != 3;
}

static bool observed(void *user, const struct mp_coap_remote *from, const uint8_t *token,
		     size_t token_len, struct mp_coap_ask *ret)
{
	(void)user;
	(void)from;
	(void)token;
	ret->path = "a";
	return token_len != 3;
}

static struct mp_coap_remote remote(int i)
{
	struct mp_coap_remote r = {.address = {.ip = {1}, .port = (uint16_t)i}};

	if (i >= 2) {
		r.session = last[i];
		r.identity = i == 3 ? "three" : NULL;
	}
	return r;
}

static void ask(struct mp_coap *c, int to, uint8_t code, size_t len,
		const struct mp_coap_source *s);

static void count_answer(void *user, const struct mp_coap_answer *a)
{
	answered++;
	if (asked < 200 && a->outcome == MP_COAP_ANSWERED)
		ask(*(struct mp_coap **)user, a->remote->address.port % REMOTES, MP_COAP_GET, 0,
		    NULL);
}

static struct mp_coap *endpoint;

static void ask(struct mp_coap *c, int to, uint8_t code, size_t len, const struct mp_coap_source *s)
{
	struct mp_coap_remote r = remote(to);
	struct mp_coap_ask a = MP_COAP_ASK(code, "a");

	a.payload = body;
	a.payload_len = len;
	a.source = s;
	a.handler = count_answer;
	a.user = &endpoint;
	a.observe = code == MP_COAP_FETCH ? 0 : -1;
	if (mp_coap_send(c, &r, &a, NULL) == 0) {
		asked++;
		begun += s != NULL;
	}
}

static void begin(void)
{
	for (int i = 0; i < REMOTES; i++) {
		struct mp_coap_remote r = remote(i);
		struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

		ask(endpoint, i, MP_COAP_GET, 0, NULL);
		ask(endpoint, i, MP_COAP_PUT, sizeof(body), NULL);
		ask(endpoint, i, MP_COAP_FETCH, 10, NULL);
		ask(endpoint, i, MP_COAP_POST, 0, &source);
		response.observe = 1;
		response.payload = body;
		response.payload_len = 2000;
		(void)mp_coap_notify(endpoint, &r, (const uint8_t *)"n", 1, i & 1, &response, NULL,
				     NULL);
	}
}

/* The header of what was sent to it last, turned round. */
static size_t turn_round(int who, const uint8_t *data, size_t len, uint8_t *out)
{
	size_t token = last_len[who] > 0 ? last[who][0] & 15 : 0;

	if (len < 2 || token > 8 || last_len[who] < 4 + token)
		return 0;
	out[0] = (uint8_t)(0x40 | (data[0] & 3) << 4 | token);
	out[1] = data[1];
	memcpy(out + 2, last[who] + 2, 2 + token);
	memcpy(out + 4 + token, data + 2, len - 2);
	return len + 2 + token;
}

static void play(const uint8_t *data, size_t size)
{
	struct mp_coap_stats stats;
	int64_t now = 0;

	while (size >= 3) {
		int who = data[0] & 3;
		size_t len = (size_t)(data[1] | (data[2] & 7) << 8);
		struct mp_coap_remote r = remote(who);
		uint8_t *exact;

		len = len < size - 3 ? len : size - 3;
		exact = malloc(len + 16);
		if (!exact)
			return;
		now += (data[0] >> 3) ? 1 << (data[0] >> 3) % 18 : 0;
		mp_coap_tick(endpoint, now);
		if (data[0] & 4) {
			size_t n = turn_round(who, data + 3, len, exact);

			mp_coap_receive(endpoint, &r, exact, n);
		} else {
			memcpy(exact + 16, data + 3, len);
			mp_coap_receive(endpoint, &r, exact + 16, len);
		}
		free(exact);
		mp_coap_stats(endpoint, &stats);
		if (stats.body_bytes > BODIES_MAX + 8192 || stats.exchanges_open > 4 * 64)
			abort();
		data += 3 + len;
		size -= 3 + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_coap_config config = {.send = keep_last,
					.serve = serve,
					.sink = sink,
					.notified = notified,
					.observed = observed,
					.random = count_up,
					.body_max = 4000,
					.bodies_max = BODIES_MAX,
					.replies_max = 64};

	counter = 0;
	asked = answered = begun = ended = 0;
	later = NULL;
	memset(last_len, 0, sizeof(last_len));
	config.want_echo = size > 0 && data[0] & 1;
	if (mp_coap_new(&config, &endpoint) < 0)
		return 0;
	begin();
	if (size > 0)
		play(data + 1, size - 1);
	mp_coap_session_gone(endpoint, last[2]);
	mp_coap_free(endpoint);
	if (later)
		mp_coap_respond_later(later, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
	if (asked != answered || begun != ended) /* each handler once, each body's end once */
		abort();
	return 0;
}
