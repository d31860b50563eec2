/* SPDX-License-Identifier: Apache-2.0
 * world.h - a product folder, a real mp-server on it, its devices and a release */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define DEVICES 10000

struct world {
	char dir[64]; /* temporary; removed at the end */
	const char *build; /* where mp and mp-server are */
	char admin[64]; /* token */
	uint16_t port; /* plain HTTP */
	pid_t server;
	char tokens[DEVICES][33];
	unsigned actions[DEVICES];
};

void world_make(struct world *w, const char *build); /* with its server running */
void world_add_devices(struct world *w);
void world_publish(struct world *w, const char *version);
void world_start_rollout(struct world *w, const char *version);
/* Start the server; seconds from exec to the first answer. */
double world_start_server(struct world *w);
void world_stop_server(struct world *w);
long world_rss_kb(const struct world *w);
void world_remove(struct world *w);
