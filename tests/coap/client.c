/* SPDX-License-Identifier: Apache-2.0
 * client.c - one request, or one observation, whose answers are printed as lines of JSON:
 *     {"outcome":"answered","code":"2.05","format":0,"observe":-1,"payload":"68656c6c6f"} */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "carrier.h"
#include "driver.h"

#define MOST ((size_t)4 << 20)
#define LIFETIME_S 60

static struct client {
	struct carrier carrier;
	struct mp_coap_remote remote;
	uint8_t token[MP_COAP_TOKEN];
	size_t token_len;
	const char *query; /* NULL: none */
	int wanted; /* notifications still to come */
	bool is_done, is_observing;
} client;

static const char *const outcomes[] = {
	[MP_COAP_ANSWERED] = "answered", [MP_COAP_TIMED_OUT] = "timed out",
	[MP_COAP_WAS_RESET] = "reset",	 [MP_COAP_BROKEN] = "broken",
	[MP_COAP_CANCELED] = "canceled",
};

static void print_answer(const struct mp_coap_answer *a)
{
	char code[5];

	mp_coap_code_format(a->code, code);
	printf("{\"outcome\":\"%s\",\"code\":\"%s\",\"format\":%d,\"observe\":%lld,\"payload\":\"",
	       outcomes[a->outcome], code, a->format, (long long)a->observe);
	for (size_t i = 0; i < a->payload_len; i++)
		printf("%02x", a->payload[i]);
	puts("\"}");
	fflush(stdout);
}

static void answered(void *user, const struct mp_coap_answer *a)
{
	(void)user;
	print_answer(a);
	client.is_done = !client.is_observing || a->outcome != MP_COAP_ANSWERED || a->observe < 0;
}

static bool notified(void *user, const struct mp_coap_answer *a)
{
	const struct mp_coap_message *m = a->message;

	(void)user;
	if (!client.is_observing || m->token_len != client.token_len ||
	    memcmp(m->token, client.token, client.token_len) != 0)
		return false;
	print_answer(a);
	client.wanted--;
	return true;
}

static int read_stdin(struct mp_buf *b)
{
	char bytes[4096];
	size_t n;
	int r = 0;

	while (r == 0 && (n = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
		r = mp_buf_add(b, bytes, n);
	return r;
}

static int method(const char *name)
{
	for (uint8_t code = 1; code < 32; code++)
		if (strcmp(mp_coap_code_name(code), name) == 0)
			return code;
	return -EINVAL;
}

static int ask(uint8_t code, const char *path, int observe, const struct mp_buf *body)
{
	struct mp_coap_ask a = MP_COAP_ASK(code, path);
	const char *const queries[] = {client.query, NULL};
	struct mp_coap_exchange *x;
	const uint8_t *token;
	int r;

	a.queries = client.query ? queries : NULL;
	a.observe = observe;
	a.token = client.token;
	a.token_len = client.token_len;
	if (client.token_len == 0)
		a.token = NULL;
	if (body && body->len > 0) {
		a.format = 42;
		a.payload = body->data;
		a.payload_len = body->len;
	}
	a.limit = MOST;
	a.timeout_ms = LIFETIME_S * 1000;
	a.handler = answered;
	client.is_done = false;
	r = mp_coap_send(client.carrier.coap, &client.remote, &a, &x);
	if (r < 0)
		return r;
	token = mp_coap_exchange_token(x, &client.token_len);
	memcpy(client.token, token, client.token_len);
	return 0;
}

static int run(uint8_t code, const char *path, const struct mp_buf *body)
{
	int r = ask(code, path, client.wanted > 0 ? 0 : -1, body);

	client.is_observing = client.wanted > 0;
	while (r == 0 && !client.is_done && (!client.is_observing || client.wanted > 0))
		r = carrier_step(&client.carrier, 1000);
	if (r < 0 || !client.is_observing || client.is_done)
		return r;
	client.is_observing = false;
	r = ask(code, path, 1, NULL); /* cancel, with the same token */
	while (r == 0 && !client.is_done)
		r = carrier_step(&client.carrier, 1000);
	return r;
}

/* Cut a path in two at its '?'; the query, or NULL. */
static const char *cut_query(char *path)
{
	char *mark = strchr(path, '?');

	if (!mark)
		return NULL;
	*mark = '\0';
	return mark + 1;
}

/* udp|tcp ADDRESS METHOD PATH[?QUERY] [NOTIFICATIONS]; the request's body is what stdin has. */
int do_client(char *argv[])
{
	struct mp_coap_config config = {.notified = notified};
	struct mp_net_address any, to;
	struct mp_err err = {""};
	MP_BUF(body, MOST);
	int code = method(argv[2]), r;

	alarm(LIFETIME_S);
	client.query = cut_query(argv[3]);
	client.wanted = argv[4] ? atoi(argv[4]) : 0;
	if (code < 0 || mp_net_address_parse("0.0.0.0:0", 0, &any) < 0 ||
	    mp_net_address_parse(argv[1], 5683, &to) < 0 || read_stdin(&body) < 0)
		return 2;
	r = carrier_open(&client.carrier, &config, &any, NULL, &err);
	client.remote.address = to;
	if (r == 0 && strcmp(argv[0], "tcp") == 0)
		r = carrier_connect(&client.carrier, &to, &client.remote, &err);
	if (r == 0)
		r = run((uint8_t)code, argv[3], &body);
	if (r < 0)
		fprintf(stderr, "%s %s\n", strerror(-r), err.text);
	carrier_close(&client.carrier);
	return r < 0;
}
