/* SPDX-License-Identifier: Apache-2.0
 * The release has one firmware of 1 MB, which the server pushes block by block to every device. */
#include "campaign.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/proc.h"
#include "base/str.h"
#include "json/json.h"
#include "place.h"

#define PAGE 500 /* devices of one answer */
#define SECONDS_MAX 600
#define COMING_MAX 120 /* seconds until all are known by their model */

static void run_mp(const struct world *w, const char *verb)
{
	char mp[4096], product[96];
	const char *argv[] = {mp, "-C", product, verb, NULL};
	struct mp_err e;

	snprintf(mp, sizeof(mp), "%s/mp", w->build);
	snprintf(product, sizeof(product), "%s/product", w->dir);
	if (mp_proc_run(&(struct mp_proc){.argv = argv}, &e) < 0)
		errx(1, "%s", e.text);
}

static void publish(const struct world *w)
{
	char server[64];

	snprintf(server, sizeof(server), "http://127.0.0.1:%u", w->http_port);
	setenv("MP_SERVER", server, 1);
	run_mp(w, "build");
	run_mp(w, "publish");
}

static pid_t start_devices(const struct world *w, unsigned n)
{
	char program[4096], server[64], devices[16];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	place_on(1);
	snprintf(program, sizeof(program), "%s/mp-sim", w->build);
	snprintf(server, sizeof(server), "coap://127.0.0.1:%u", w->coap_port);
	snprintf(devices, sizeof(devices), "%u", n);
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(1);
	execl(program, "mp-sim", "--server", server, "--devices", devices, "--profile",
	      "thermometer", "--loss", "1", "--firmware-seconds", "2", "--rate", "500", NULL);
	err(1, "%s", program);
}

static struct mp_json *get(struct world *w, const char *path)
{
	MP_BUF(answer, 1u << 22);
	struct mp_json *j;
	struct mp_err e;
	const char *body;

	world_call(w, "GET", path, NULL, &answer);
	body = strstr(answer.data, "\r\n\r\n");
	if (!body || mp_json_parse(body + 4, strlen(body + 4), &j, &e) < 0)
		errx(1, "GET %s: %.200s", path, answer.data);
	return j;
}

/* The states of those of the campaign; how many they are. */
static unsigned look(struct world *w, struct campaign *c)
{
	unsigned n = 0;

	c->proven = c->explained = 0;
	for (unsigned at = 0; at < c->devices; at += PAGE) {
		auto_(mp_json) *j = NULL;
		const struct mp_json *items;
		char path[96];

		snprintf(path, sizeof(path), "/api/v1/devices?q=sensor-&limit=%u&offset=%u", PAGE,
			 at);
		j = get(w, path);
		items = mp_json_get(j, "items");
		for (size_t i = 0; i < mp_json_size(items); i++) {
			const struct mp_json *d = mp_json_at(items, i);
			const char *state = mp_json_str(mp_json_get(d, "state"), "");
			const char *reason = mp_json_str(mp_json_get(d, "reason"), "");

			n += mp_streq(mp_json_str(mp_json_get(d, "board"), ""), "thermometer");
			c->proven += mp_streq(state, "proven");
			if ((mp_streq(state, "failed") || mp_streq(state, "rolled_back")) &&
			    strchr(reason, ' ')) {
				c->explained++;
				snprintf(c->reason, sizeof(c->reason), "%s", reason);
			}
		}
	}
	return n;
}

static void start_rollout(struct world *w)
{
	MP_BUF(body, 256);
	MP_BUF(answer, 65536);

	mp_buf_add_str(&body, "{\"release\":\"1.0.0\",\"board\":\"thermometer\","
			      "\"success_threshold\":1,\"error_threshold\":100}");
	world_call(w, "POST", "/api/v1/rollouts", &body, &answer);
}

/* The server has asked each of them what it is. */
static void await_devices(struct world *w, struct campaign *c)
{
	double began = place_clock();
	unsigned n;

	while ((n = look(w, c)) < c->devices) {
		if (place_clock() - began > COMING_MAX)
			errx(1, "campaign: after %d s %u of %u simulated devices are known",
			     COMING_MAX, n, c->devices);
		sleep(1);
	}
}

void campaign_run(struct world *w, struct campaign *c)
{
	pid_t devices;
	double began;
	long before;

	publish(w);
	devices = start_devices(w, c->devices);
	await_devices(w, c);
	before = place_rss_kb(w->server);
	began = place_clock();
	start_rollout(w);
	do {
		long now;

		sleep(1);
		(void)look(w, c);
		now = place_rss_kb(w->server) - before;
		c->growth_kb = now > c->growth_kb ? now : c->growth_kb;
		c->seconds = place_clock() - began;
	} while (c->proven + c->explained < c->devices && c->seconds < SECONDS_MAX);
	kill(devices, SIGKILL);
	waitpid(devices, NULL, 0);
}
