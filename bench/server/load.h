/* SPDX-License-Identifier: Apache-2.0
 * load.h - many HTTP requests over a few kept connections, one thread
 *
 *     struct load l = { .port = port, .connections = 64, .seconds = 3, .request = make, .user = w };
 *     per_second = load_run(&l);
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct load {
	uint16_t port; /* on the loopback address */
	unsigned connections;
	unsigned requests; /* stop after so many; 0: after `seconds` */
	double seconds;
	/* Request number `i`; the bytes are borrowed until the next call for the same connection. */
	const char *(*request)(void *user, unsigned i, size_t *ret_len);
	/* Its answer; may be NULL. `body` ends in a NUL. */
	void (*answer)(void *user, unsigned i, int status, const char *body, size_t len);
	void *user;
	unsigned done, failed; /* answers; of them not 2xx */
	double took; /* seconds */
};

/* Answers per second; the process ends with a sentence when a connection breaks. */
double load_run(struct load *l);

/* Seconds on a clock that only goes up. */
double load_clock(void);
/* -1: nobody listens. */
int load_dial(uint16_t port);
