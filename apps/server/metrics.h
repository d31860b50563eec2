/* SPDX-License-Identifier: Apache-2.0
 * metrics.h - counters, in the text format of Prometheus */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct server;

struct metrics {
	uint64_t polls, feedback, downloads, enrolled, refused, requests, events;
	int64_t started;
};

int metrics_format(struct server *s, struct mp_buf *out);
