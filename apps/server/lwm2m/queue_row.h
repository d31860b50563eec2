/* SPDX-License-Identifier: Apache-2.0
 * queue_row.h - one row of the queue: an operation as columns, and back */
#pragma once

#include "base/buf.h"
#include "lwm2m/queue.h"
#include "lwm2m/registry.h"
#include "store/store.h"

/* "/3/0/9,/1/0/1" */
int queue_write_paths(const struct lwm2m_operation *o, struct mp_buf *out);
/* Of WRITE_ATTRIBUTES: "pmin=10&gt"; EXECUTE's are its payload. */
int queue_write_arguments(const struct lwm2m_operation *o, struct mp_buf *out);

#define QUEUE_OPERATION "id, kind, path, format, accept, payload, arguments, timeout"
struct queue_operation {
	struct lwm2m_operation operation;
	struct mp_lwm2m_path paths[32];
	struct mp_lwm2m_attributes attributes;
};
/* Borrows from the row. -EINVAL: it makes no sense; -ENOENT: what was to be cancelled is gone. */
int queue_read_operation(const struct mp_query *q, const struct registration *r,
			 struct queue_operation *ret);

#define QUEUE_ENTRY                                                                                \
	"id, endpoint, kind, path, state, created, expires, ended, outcome, code,"                 \
	" answer_format, answer, diagnostic"
void queue_read_entry(const struct mp_query *q, struct queue_entry *ret);
