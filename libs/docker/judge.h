/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h - what Docker's answers say about a container's health; needs no engine
 *
 *     mp_docker_judge(container, &verdict);       // the answer of GET /containers/ID/json
 *     mp_docker_last_line(log, len, line, sizeof(line));
 *
 * A container has a say in both, so they are read as hostile input.
 */
#pragma once

#include <stdbool.h>

#include "docker/docker.h"
#include "json/json.h"

struct docker_verdict {
	enum mp_docker_health health;
	bool settling; /* healthy, if only it has run for long enough */
	bool wants_log; /* the last line of its log would tell more */
	unsigned restarts;
	char started_at[64];
	char reason[256]; /* without "service NAME "; "" when healthy */
};

void mp_docker_judge(const struct mp_json *container, struct docker_verdict *ret);

/* The last line that is not empty in a log of Docker's stream format (Engine API, "Attach to a
 * container"), with blanks for what is not printable; "" when there is none. */
void mp_docker_last_line(const void *log, size_t len, char *ret, size_t room);
