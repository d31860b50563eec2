/* SPDX-License-Identifier: Apache-2.0
 * node.h - values as Leshan's nodes, in both dialects and both directions
 *
 *     j = node_json(l, registration, &path, records, n, DIALECT_LESHAN);
 *     r = node_parse(l, registration, &path, body, &set, &err);
 *
 * 2.x names the kind of a node and the type of its values, and writes numbers as strings; 1.x does
 * neither. Coming in both are understood wherever they come, and the object model says what a node
 * does not say of itself.
 */
#pragma once

#include "base/err.h"
#include "call.h"
#include "lwm2m/values.h"

/* The records below `path` as one node; a JSON null when there are none. NULL: memory is out. */
struct mp_json *node_json(const struct lwm2m *l, const struct registration *r,
			  const struct mp_lwm2m_path *path, const struct mp_lwm2m_record *records,
			  size_t n, enum dialect dialect);
/* {path: node} of those that have records. NULL: memory is out. */
struct mp_json *nodes_json(const struct lwm2m *l, const struct registration *r,
			   const struct mp_lwm2m_path *paths, size_t n,
			   const struct mp_lwm2m_record *records, size_t n_records,
			   enum dialect dialect);

/* A node that is to be written to `path`. A path of an object with an instance node: the instance is the
 * node's id, MP_LWM2M_ID_NONE without one. Borrows from `body`. -EBADMSG with a sentence, -ENOMEM. */
int node_parse(const struct lwm2m *l, const struct registration *r,
	       const struct mp_lwm2m_path *path, const struct mp_json *body, struct value_set *set,
	       struct mp_err *err);
/* Text of a resource, as its type in the model reads it. */
int node_parse_text(const struct lwm2m *l, const struct registration *r,
		    const struct mp_lwm2m_path *path, const char *text, size_t len,
		    struct value_set *set, struct mp_err *err);
