/* SPDX-License-Identifier: Apache-2.0
 * main.c - what the CoAP endpoint costs beside the handler and the kernel: nothing is sent
 *
 *     bench-coap [--json] [--messages N]
 *
 * Each line is the time of this process for one message, with few and with 100,000 remotes. */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "coap/endpoint.h"

#define MANY 100000

static uint8_t sent[2048];
static size_t answered;
static uint32_t messages = 1000000; /* a line */

static void keep(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	(void)user;
	(void)to;
	memcpy(sent, data, len);
}

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CREATED);

	(void)user;
	response.location = "rd/5a3f17";
	mp_coap_respond(rq->reply, &response);
}

static void count(void *user, const struct mp_coap_answer *a)
{
	(void)user;
	answered += a->outcome == MP_COAP_ANSWERED;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct mp_coap_remote remote(uint32_t i)
{
	struct mp_coap_remote r = {.address = {.ip = {10}, .port = 5683}};

	memcpy(r.address.ip + 12, &i, sizeof(i));
	return r;
}

static struct mp_coap *endpoint(void)
{
	struct mp_coap *c;

	if (mp_coap_new(&(struct mp_coap_config){.send = keep, .serve = serve}, &c) < 0)
		errx(1, "memory is out");
	return c;
}

/* A registration as a device sends it. */
static size_t registration(uint8_t out[256], uint32_t i)
{
	static const char links[] = "</1/0>,</3/0>,</4/0>,</5/0>,</3303/0>";
	struct mp_coap_writer w;

	mp_coap_write(&w, out, 256,
		      &(struct mp_coap_header){MP_COAP_CON, MP_COAP_POST, (uint16_t)i,
					       (const uint8_t *)&i, sizeof(i)});
	mp_coap_add_path(&w, MP_COAP_URI_PATH, "rd");
	mp_coap_add_uint(&w, MP_COAP_CONTENT_FORMAT, 40);
	mp_coap_add_text(&w, MP_COAP_URI_QUERY, "ep=urn:dev:mac:0011223344556677");
	mp_coap_add_text(&w, MP_COAP_URI_QUERY, "lt=86400");
	mp_coap_add_text(&w, MP_COAP_URI_QUERY, "lwm2m=1.1");
	mp_coap_add_text(&w, MP_COAP_URI_QUERY, "b=U");
	mp_coap_add_payload(&w, links, sizeof(links) - 1);
	return (size_t)mp_coap_end(&w);
}

static double serving(uint32_t remotes)
{
	struct mp_coap *c = endpoint();
	uint8_t message[256];
	double begin;

	begin = seconds();
	for (uint32_t i = 0; i < messages; i++) {
		struct mp_coap_remote r = remote(i % remotes);
		size_t len = registration(message, i);

		mp_coap_receive(c, &r, message, len);
	}
	begin = seconds() - begin;
	mp_coap_free(c);
	return begin / messages * 1e9;
}

static double writing(void)
{
	uint8_t message[256];
	double begin = seconds();

	for (uint32_t i = 0; i < messages; i++) {
		struct mp_coap_remote r = remote(i);

		sent[r.address.ip[12]] = message[registration(message, i) - 1];
	}
	return (seconds() - begin) / messages * 1e9;
}

static void ask(struct mp_coap *c, uint32_t i)
{
	struct mp_coap_remote r = remote(i);
	struct mp_coap_ask a = MP_COAP_ASK(MP_COAP_GET, "3/0/13");

	a.handler = count;
	if (mp_coap_send(c, &r, &a, NULL) < 0)
		errx(1, "cannot ask");
}

/* A request and its response, while so many other exchanges are open. */
static double asking(uint32_t open)
{
	struct mp_coap *c = endpoint();
	struct mp_coap_remote r = remote(UINT32_MAX);
	double begin;

	for (uint32_t i = 0; i < open; i++)
		ask(c, i);
	answered = 0;
	begin = seconds();
	for (uint32_t i = 0; i < messages; i++) {
		ask(c, UINT32_MAX);
		sent[0] = (uint8_t)(0x60 | (sent[0] & 15));
		sent[1] = MP_COAP_CONTENT;
		mp_coap_receive(c, &r, sent, 12);
	}
	begin = seconds() - begin;
	if (answered != messages)
		errx(1, "%zu of %u exchanges were answered", answered, messages);
	mp_coap_free(c);
	return begin / messages * 1e9;
}

static void parse(int argc, char *argv[], bool *ret_json)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			*ret_json = true;
		else if (strcmp(argv[i], "--messages") == 0 && i + 1 < argc)
			messages = (uint32_t)strtoul(argv[++i], NULL, 10);
		else
			errx(2, "usage: bench-coap [--json] [--messages N]");
	}
	if (!messages)
		errx(2, "--messages: 1 or more");
}

static void print(bool json)
{
	double write = writing();
	const struct {
		const char *name, *text;
		double ns;
	} lines[] = {
		{"serve_ns", "serve a registration", serving(1) - write},
		{"serve_many_ns", "the same of 100,000 remotes", serving(MANY) - write},
		{"ask_ns", "ask and be answered", asking(0)},
		{"ask_many_ns", "the same with 100,000 exchanges open", asking(MANY)},
	};
	size_t n = sizeof(lines) / sizeof(lines[0]);

	for (size_t i = 0; i < n; i++) {
		if (json)
			printf("%s\"%s\": %.0f%s", i ? ", " : "{", lines[i].name, lines[i].ns,
			       i + 1 < n ? "" : "}\n");
		else
			printf("%-40s %6.0f ns\n", lines[i].text, lines[i].ns);
	}
}

int main(int argc, char *argv[])
{
	bool json = false;

	parse(argc, argv, &json);
	print(json);
	return 0;
}
