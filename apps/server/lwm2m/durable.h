/* SPDX-License-Identifier: Apache-2.0
 * durable.h - the registry and its observations in the store: journal and chunks
 *
 *     durable_heard(l, registration);          // in the turn: into the piece that is being written
 *     durable_write(l);                        // before the commit: the piece becomes a row
 *     durable_fold(l, 64);                     // now and then: up to 64 chunks, then old rows go
 *
 * docs/spec/lwm2m-store.md has the encoding and says why any mix of old and new chunks and the
 * journal's rows gives the right state.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "lwm2m/observations.h"

struct lwm2m;
struct durable;

int durable_new(struct durable **ret);
void durable_free(struct durable *d);
int durable_load(struct lwm2m *l, struct mp_err *err); /* into an empty registry */

/* A failure is told to the server, which gives the turn up. */
void durable_registered(struct lwm2m *l, const struct registration *r);
void durable_heard(struct lwm2m *l, const struct registration *r);
/* As heard, and from another address. */
void durable_moved(struct lwm2m *l, const struct registration *r);
void durable_proven(struct lwm2m *l, const struct registration *r);
void durable_ended(struct lwm2m *l, const struct registration *r);
void durable_observed(struct lwm2m *l, const struct observation *o);
void durable_forgotten(struct lwm2m *l, const struct observation *o);

void durable_write(struct lwm2m *l);
/* Is there enough in the journal? Then write some chunks, and drop rows once all have been written. */
void durable_fold(struct lwm2m *l, size_t chunks);
/* The same, whatever there is. */
void durable_fold_slice(struct lwm2m *l, size_t chunks);
/* Everything, at a clean stop. */
void durable_fold_all(struct lwm2m *l);
size_t durable_journal_bytes(const struct durable *d);
