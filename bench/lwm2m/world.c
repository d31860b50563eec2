/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/proc.h"
#include "json/json.h"
#include "place.h"

#define ITEMS 1000 /* credentials of one call */

static void die_if(int r, const struct mp_err *e)
{
	if (r < 0)
		errx(1, "%s", e->text);
}

/* ---- one HTTP request ---- */

static int dial(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "port %u", port);
	return fd;
}

void world_call(struct world *w, const char *method, const char *path, const struct mp_buf *body,
		struct mp_buf *answer)
{
	MP_BUF(text, 1u << 20);
	int fd = dial(w->http_port);
	ssize_t n;

	mp_buf_printf(&text,
		      "%s %s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n"
		      "Content-Type: application/json\r\nConnection: close\r\n"
		      "Content-Length: %zu\r\n\r\n",
		      method, path, w->admin, body ? body->len : 0);
	if (body)
		mp_buf_add(&text, body->data, body->len);
	for (size_t at = 0; at < text.len; at += (size_t)n)
		if ((n = send(fd, text.data + at, text.len - at, MSG_NOSIGNAL)) <= 0)
			err(1, "send");
	do {
		mp_buf_reserve(answer, 65536);
		n = recv(fd, answer->data + answer->len, 65536, 0);
		answer->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	answer->data[answer->len] = '\0';
	close(fd);
	if (strncmp(answer->data, "HTTP/1.1 2", 10) != 0)
		errx(1, "%s %s: %.200s", method, path, answer->data);
}

/* ---- the server ---- */

static void run_server(const struct world *w)
{
	char program[4096], data[128], product[128], http[8], coap[8], coaps[8];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	place_on(0);
	snprintf(program, sizeof(program), "%s/mp-server", w->build);
	snprintf(data, sizeof(data), "%s/data", w->dir);
	snprintf(product, sizeof(product), "%s/product", w->dir);
	snprintf(http, sizeof(http), "%u", w->http_port);
	snprintf(coap, sizeof(coap), "%u", w->coap_port);
	snprintf(coaps, sizeof(coaps), "%u", w->coaps_port);
	execl(program, "mp-server", "--data", data, "--product-dir", product, "--port", "0",
	      "--http-port", http, "--coap-port", coap, "--coaps-port", coaps,
	      "--open-registration", NULL);
	err(1, "%s", program);
}

/* GET /.well-known/core, again and again, until somebody answers. */
static void await_answer(struct world *w)
{
	static const uint8_t get[] = "\x40\x01\x12\x34\xbb.well-known\x04"
				     "core";
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons(w->coap_port)};
	struct pollfd p = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .events = POLLIN};
	uint8_t answer[256];

	if (p.fd < 0 || connect(p.fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "socket");
	for (;;) {
		(void)send(p.fd, get, sizeof(get) - 1, 0);
		if (poll(&p, 1, 2) > 0 && recv(p.fd, answer, sizeof(answer), 0) > 0)
			break;
		if (waitpid(w->server, NULL, WNOHANG) == w->server)
			errx(1, "the server ended by itself");
		usleep(1000);
	}
	close(p.fd);
}

/* Also when we end for want of something: its change of user has made it forget whose child it is. */
static struct world *ours;

static void clean_up(void)
{
	if (ours->server > 0)
		kill(ours->server, SIGKILL);
	(void)mp_file_remove_tree(ours->dir, NULL);
}

double world_start_server(struct world *w)
{
	double began = place_clock();

	w->server = fork();
	if (w->server == 0)
		run_server(w);
	await_answer(w);
	return place_clock() - began;
}

void world_stop_server(struct world *w, int signal)
{
	kill(w->server, signal);
	waitpid(w->server, NULL, 0);
	w->server = 0;
}

/* Firmware alone: a release of it needs no packages. */
static void write_product(const struct world *w, unsigned image_kb)
{
	static const char text[] =
		"product: bench\nversion: 1.0.0\n"
		"server: { url: \"https://127.0.0.1:8443\", names: [127.0.0.1] }\n"
		"firmware: { thermometer: { file: thermometer.bin, version: 1.1.0, transfer: push "
		"} }\n";
	size_t size = (size_t)image_kb * 1024;
	auto_free char *image = calloc(1, size);
	char path[128];
	struct mp_err e;

	if (!image)
		errx(1, "memory is out");
	strcpy(image, "mp-sim 1.1.0\n");

	snprintf(path, sizeof(path), "%s/product/product.yaml", w->dir);
	die_if(mp_file_write(path, text, sizeof(text) - 1, 0644, &e), &e);
	snprintf(path, sizeof(path), "%s/product/thermometer.bin", w->dir);
	die_if(mp_file_write(path, image, size, 0644, &e), &e);
}

void world_make(struct world *w, const char *build, unsigned image_kb)
{
	char mp[4096], path[128];
	const char *argv[] = {mp, "init", path, "--product", "bench", NULL};
	MP_BUF(token, 256);
	struct mp_err e;

	w->build = build;
	w->http_port = (uint16_t)(10000 + getpid() % 1500 * 3);
	w->coap_port = (uint16_t)(w->http_port + 1);
	w->coaps_port = (uint16_t)(w->http_port + 2);
	strcpy(w->dir, "/tmp/bench-lwm2m-XXXXXX");
	if (!mkdtemp(w->dir))
		err(1, "%s", w->dir);
	ours = w;
	if (atexit(clean_up) != 0)
		errx(1, "memory is out");
	snprintf(w->locations, sizeof(w->locations), "%s/locations", w->dir);
	snprintf(mp, sizeof(mp), "%s/mp", build);
	snprintf(path, sizeof(path), "%s/product", w->dir);
	die_if(mp_proc_run(&(struct mp_proc){.argv = argv}, &e), &e);
	write_product(w, image_kb);
	world_start_server(w);
	snprintf(path, sizeof(path), "%s/product/server/admin.token", w->dir);
	die_if(mp_file_read(path, &token, &e), &e);
	snprintf(w->admin, sizeof(w->admin), "%.*s", (int)strcspn(token.data, "\n"), token.data);
}

bool world_await_devices(struct world *w, unsigned n)
{
	char line[64];

	snprintf(line, sizeof(line), "mp_devices{state=\"unknown\"} %u\n", n);
	for (unsigned i = 0; i < 150; i++) {
		MP_BUF(answer, 1u << 22);

		world_call(w, "GET", "/metrics", NULL, &answer);
		if (strstr(answer.data, line))
			return true;
		sleep(1);
	}
	return false;
}

/* ---- mp-sim ---- */

static double number(const struct mp_json *j, const char *name)
{
	return mp_json_real(mp_json_get(j, name), 0);
}

void world_load(struct world *w, struct load *l)
{
	char program[4096], server[64], endpoints[16], operations[16], in_flight[16], watched[16];
	const char *argv[] = {program,
			      "load",
			      l->kind,
			      "--json",
			      "--server",
			      server,
			      "--endpoints",
			      endpoints,
			      "--in-flight",
			      in_flight,
			      "--operations",
			      operations,
			      "--locations",
			      w->locations,
			      l->server ? "--watch" : NULL,
			      watched,
			      NULL};
	auto_(mp_json) *j = NULL;
	MP_BUF(out, 65536);
	struct mp_err e;

	snprintf(program, sizeof(program), "%s/mp-sim", w->build);
	snprintf(server, sizeof(server), "coap%s://127.0.0.1:%u", l->secure ? "s" : "", l->port);
	snprintf(endpoints, sizeof(endpoints), "%u", l->endpoints);
	snprintf(operations, sizeof(operations), "%u", l->operations);
	snprintf(in_flight, sizeof(in_flight), "%u", l->in_flight);
	snprintf(watched, sizeof(watched), "%d", (int)l->server);
	place_on(1); /* inherited */
	die_if(mp_proc_run(&(struct mp_proc){.argv = argv, .output = &out}, &e), &e);
	die_if(mp_json_parse(out.data, out.len, &j, &e), &e);
	l->per_second = number(j, "per_second");
	l->p99_ms = number(j, "p99_ms");
	l->own_us = number(j, "cpu_us_per_operation");
	l->server_us = number(j, "watched_us_per_operation");
	l->failed = (unsigned)number(j, "failed");
}

/* ---- keys ---- */

static void read_keys(struct world *w, unsigned n, struct mp_buf *out)
{
	char program[4096], endpoints[16];
	const char *argv[] = {program, "load", "keys", "--endpoints", endpoints, NULL};
	struct mp_err e;

	snprintf(program, sizeof(program), "%s/mp-sim", w->build);
	snprintf(endpoints, sizeof(endpoints), "%u", n);
	die_if(mp_proc_run(&(struct mp_proc){.argv = argv, .output = out}, &e), &e);
}

static void put_keys(struct world *w, char **at, unsigned n)
{
	MP_BUF(body, 1u << 20);
	MP_BUF(answer, 1u << 20);

	mp_buf_add_str(&body, "{\"items\":[");
	for (unsigned i = 0; i < n && **at; i++) {
		char *line = strsep(at, "\n"), *name = strsep(&line, " "),
		     *identity = strsep(&line, " ");

		mp_buf_printf(&body,
			      "%s{\"endpoint\":\"%s\",\"psk\":{\"identity\":\"%s\","
			      "\"key\":\"%s\"}}",
			      i ? "," : "", name, identity, line);
	}
	mp_buf_add_str(&body, "]}");
	world_call(w, "POST", "/api/v1/credentials", &body, &answer);
	if (!strstr(answer.data, "\"refused\":[]"))
		errx(1, "keys were refused: %.300s", answer.data);
}

double world_provision(struct world *w, unsigned endpoints)
{
	MP_BUF(keys, 1u << 26);
	char *at;
	double began;

	read_keys(w, endpoints, &keys);
	at = keys.data;
	began = place_clock();
	for (unsigned i = 0; i < endpoints; i += ITEMS)
		put_keys(w, &at, ITEMS);
	return place_clock() - began;
}
