/* SPDX-License-Identifier: Apache-2.0
 * bench-server - what mp-server can do, beside a bare libmicrohttpd answer in the same run
 *
 *     bench-server [--json] [--seconds N] [BUILD-FOLDER]
 *
 * 10,000 devices poll over plain HTTP on loopback with kept connections, each with its own token; then a
 * rollout is started and each polls once more until all have their offer; then they report, where
 * every answer waits for its commit. Load and server share the machine's cores. */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "floor.h"
#include "load.h"
#include "world.h"

#define CONNECTIONS 64
#define ROUNDS 3 /* of the bare server and ours in turn */

struct figures {
	double floor, polls, feedback, start, rollout, offered;
	long rss;
};

static const char *give_poll(void *user, unsigned i, size_t *ret_len)
{
	static char text[512];
	const struct world *w = user;

	i %= DEVICES;
	*ret_len = (size_t)snprintf(
		text, sizeof(text),
		"GET /DEFAULT/controller/v1/bench-%05u HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		"Authorization: TargetToken %s\r\nAccept: application/json\r\n\r\n",
		i, w->port, w->tokens[i]);
	return text;
}

static const char *give_feedback(void *user, unsigned i, size_t *ret_len)
{
	static char text[1024];
	static const char *const words[] = {"downloading 50 %", "verifying", "installed",
					    "rebooting"};
	const struct world *w = user;
	char body[256];
	unsigned d = i % DEVICES;
	int n = snprintf(body, sizeof(body),
			 "{\"id\":\"%u\",\"status\":{\"execution\":\"proceeding\",\"result\":{"
			 "\"finished\":\"none\"},"
			 "\"details\":[\"%s\"]}}",
			 w->actions[d], words[i / DEVICES % 4]);

	*ret_len = (size_t)snprintf(
		text, sizeof(text),
		"POST /DEFAULT/controller/v1/bench-%05u/deploymentBase/%u/feedback HTTP/1.1\r\n"
		"Host: 127.0.0.1:%u\r\nAuthorization: TargetToken %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		d, w->actions[d], w->port, w->tokens[d], n, body);
	return text;
}

static void take_offer(void *user, unsigned i, int status, const char *body, size_t len)
{
	struct world *w = user;
	const char *link = strstr(body, "/deploymentBase/");

	(void)len;
	if (status != 200 || !link)
		errx(1, "device %u got no offer: %d %s", i, status, body);
	w->actions[i] = (unsigned)strtoul(link + strlen("/deploymentBase/"), NULL, 10);
}

static double run(struct world *w, uint16_t port, double seconds,
		  const char *(*request)(void *user, unsigned i, size_t *ret_len))
{
	struct load l = {.port = port,
			 .connections = CONNECTIONS,
			 .seconds = seconds,
			 .request = request,
			 .user = w};
	double rate = load_run(&l);

	if (l.failed)
		errx(1, "%u of %u answers were no success", l.failed, l.done);
	return rate;
}

static double best(double a, double b)
{
	return a > b ? a : b;
}

static void measure(struct world *w, double seconds, struct figures *ret)
{
	struct load offers = {.port = w->port,
			      .connections = CONNECTIONS,
			      .requests = DEVICES,
			      .request = give_poll,
			      .answer = take_offer,
			      .user = w};
	uint16_t floor_port;
	pid_t bare = floor_start(&floor_port);

	run(w, w->port, 1, give_poll); /* answers are made once */
	for (int i = 0; i < ROUNDS; i++) {
		ret->floor = best(ret->floor, run(w, floor_port, seconds, give_poll));
		ret->polls = best(ret->polls, run(w, w->port, seconds, give_poll));
	}
	kill(bare, SIGKILL);
	waitpid(bare, NULL, 0);
	world_publish(w, "1.0.0");
	ret->offered = load_clock();
	world_start_rollout(w, "1.0.0");
	ret->rollout = load_clock() - ret->offered;
	load_run(&offers);
	ret->offered = load_clock() - ret->offered;
	ret->feedback = run(w, w->port, seconds, give_feedback);
	ret->rss = world_rss_kb(w);
	world_stop_server(w);
	ret->start = world_start_server(w);
}

static void print(const struct figures *f, bool json)
{
	if (json) {
		printf("{\"polls_per_second\":%.0f,\"polls_of_floor\":%.2f,\"floor_per_second\":%."
		       "0f,"
		       "\"feedback_per_second\":%.0f,\"rollout_seconds\":%.3f,\"offered_seconds\":%"
		       ".2f,\"start_seconds\":%."
		       "3f,"
		       "\"rss_kb\":%ld}\n",
		       f->polls, f->polls / f->floor, f->floor, f->feedback, f->rollout, f->offered,
		       f->start, f->rss);
		return;
	}
	printf("%-44s %10s %10s\n", "10,000 devices, kept connections", "measured", "bar");
	printf("%-44s %10.0f\n", "bare libmicrohttpd, answers per second", f->floor);
	printf("%-44s %10.0f\n", "polls per second", f->polls);
	printf("%-44s %10.2f %10s\n", "polls, of the bare answer", f->polls / f->floor, ">= 0.35");
	printf("%-44s %10.0f %10s\n", "durable feedback per second", f->feedback, ">= 5000");
	printf("%-44s %10.3f %10s\n", "rollout of all started, s", f->rollout, "<= 0.1");
	printf("%-44s %10.2f %10s\n", "rollout started until all are offered, s", f->offered,
	       "<= 0.5");
	printf("%-44s %10.3f %10s\n", "start to first answer, s", f->start, "<= 0.2");
	printf("%-44s %10ld %10s\n", "resident memory after the load, KB", f->rss, "<= 65536");
}

int main(int argc, char *argv[])
{
	static struct world w;
	const char *build = MP_BUILD_DIR;
	struct figures f = {0};
	double seconds = 3;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
			seconds = atof(argv[++i]);
		else if (argv[i][0] != '-')
			build = argv[i];
		else
			errx(2, "usage: bench-server [--json] [--seconds N] [BUILD-FOLDER]");
	}
	world_make(&w, build);
	world_add_devices(&w);
	measure(&w, seconds, &f);
	world_stop_server(&w);
	world_remove(&w);
	print(&f, json);
	return 0;
}
