/* SPDX-License-Identifier: Apache-2.0
 * A fold begins by noting the last row of the journal, then writes each chunk that was marked at
 * some moment; when it is through, all that those rows said lies in chunks, and they are deleted. */
#include "durable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "base/buf.h"
#include "durable_state.h"
#include "journal.h"
#include "lwm2m.h"
#include "observations_edit.h"
#include "registry_edit.h"

#define PIECE_MAX ((size_t)64 << 20)
#define FOLD_BYTES ((size_t)4 << 20) /* of the journal, before a fold begins */
#define HURRY_BYTES ((size_t)8 << 20) /* from here on in larger slices */

struct durable {
	struct mp_buf piece, chunk; /* what is being written */
	uint32_t batch, links; /* number of the piece, texts of links in it */
	int64_t last; /* row of the journal */
	size_t bytes; /* in the journal */
	bool is_folding;
	int64_t fold_last; /* rows up to here go when it is through */
	size_t fold_bytes; /* of them */
	size_t fold_chunk; /* the next one */
};

int durable_new(struct durable **ret)
{
	struct durable *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->piece.limit = d->chunk.limit = PIECE_MAX;
	*ret = d;
	return 0;
}

void durable_free(struct durable *d)
{
	if (!d)
		return;
	mp_buf_done(&d->piece);
	mp_buf_done(&d->chunk);
	free(d);
}

void durable_forget(struct durable *d)
{
	mp_buf_reset(&d->piece);
	d->last = 0;
	d->bytes = 0;
	d->is_folding = false;
}

void durable_found(struct durable *d, int64_t row, size_t bytes)
{
	d->last = row;
	d->bytes += bytes;
}

size_t durable_journal_bytes(const struct durable *d)
{
	return d->bytes;
}

/* ---- entries ---- */

static int begin(struct lwm2m *l, struct mp_buf *out)
{
	if (out->len > 0)
		return 0;
	l->durable->batch++;
	l->durable->links = 0;
	return journal_begin(out, l->now_ms);
}

/* The number of its text in this piece, which is written with the first that has it. */
static int add_links(struct durable *d, struct mp_buf *out, struct object_links *links,
		     uint32_t *ret)
{
	struct journal_entry e = {.type = JOURNAL_LINKS};

	*ret = 0;
	if (!links)
		return 0;
	if (links->batch != d->batch) {
		links->batch = d->batch;
		links->number = ++d->links;
		e.links = links->number;
		e.text = (struct journal_text){links->text, links->len};
		if (journal_add(out, &e) < 0)
			return -ENOMEM;
	}
	*ret = links->number;
	return 0;
}

static int add_registration(struct durable *d, struct mp_buf *out, const struct registration *r)
{
	struct journal_entry e = {
		.type = JOURNAL_REGISTERED,
		.location = r->location,
		.registered = r->registered,
		.updated = r->updated,
		.endpoint = {r->endpoint, strlen(r->endpoint)},
		.attributes = {r->attributes, r->attributes ? strlen(r->attributes) : 0},
		.profile = {r->profile ? r->profile->id : NULL, r->profile ? r->profile->len : 0},
		.address = r->remote.address,
		.is_reliable = r->remote.is_reliable,
		.lifetime = r->lifetime,
		.version = r->version,
		.binding = r->binding,
		.is_proven = r->is_proven,
		.heard = r->heard,
	};
	int k = add_links(d, out, r->links, &e.links);

	if (r->peer) {
		e.peer_kind = r->peer->kind;
		e.identity = (struct journal_text){peer_identity(r->peer), r->peer->len};
		e.sha256 = r->peer->has_sha256 ? r->peer->sha256 : NULL;
	}
	return k < 0 ? k : journal_add(out, &e);
}

static int add_observation(struct mp_buf *out, const struct observation *o)
{
	struct journal_entry e = {
		.type = JOURNAL_OBSERVED,
		.location = o->registration->location,
		.token = o->token,
		.is_composite = o->is_composite,
		.is_stale = o->is_stale,
		.accept = o->accept,
		.n_paths = o->n,
	};

	memcpy(e.paths, o->paths, o->n * sizeof(o->paths[0]));
	return journal_add(out, &e);
}

static void check(struct lwm2m *l, int r)
{
	if (r < 0)
		server_write_failed(l->server);
}

void durable_registered(struct lwm2m *l, const struct registration *r)
{
	int k = begin(l, &l->durable->piece);

	check(l, k < 0 ? k : add_registration(l->durable, &l->durable->piece, r));
}

static void add_short(struct lwm2m *l, enum journal_type type, const struct registration *r,
		      const uint8_t *token)
{
	struct journal_entry e;
	int k = begin(l, &l->durable->piece);

	e.type = type;
	e.location = r->location;
	e.token = token;
	check(l, k < 0 ? k : journal_add(&l->durable->piece, &e));
}

void durable_heard(struct lwm2m *l, const struct registration *r)
{
	add_short(l, JOURNAL_HEARD, r, NULL);
}

void durable_moved(struct lwm2m *l, const struct registration *r)
{
	struct journal_entry e;
	int k = begin(l, &l->durable->piece);

	e.type = JOURNAL_MOVED;
	e.location = r->location;
	e.address = r->remote.address;
	e.is_reliable = r->remote.is_reliable;
	check(l, k < 0 ? k : journal_add(&l->durable->piece, &e));
}

void durable_proven(struct lwm2m *l, const struct registration *r)
{
	add_short(l, JOURNAL_PROVEN, r, NULL);
}

void durable_ended(struct lwm2m *l, const struct registration *r)
{
	add_short(l, JOURNAL_ENDED, r, NULL);
}

void durable_observed(struct lwm2m *l, const struct observation *o)
{
	int k = begin(l, &l->durable->piece);

	registry_touch(l->registry, o->registration);
	check(l, k < 0 ? k : add_observation(&l->durable->piece, o));
}

void durable_forgotten(struct lwm2m *l, const struct observation *o)
{
	registry_touch(l->registry, o->registration);
	add_short(l, JOURNAL_FORGOTTEN, o->registration, o->token);
}

void durable_write(struct lwm2m *l)
{
	struct durable *d = l->durable;

	if (d->piece.len == 0)
		return;
	check(l,
	      mp_store_run(l->server->store, "INSERT INTO lwm2m_journal (id, data) VALUES (?, ?)",
			   MP_INT(d->last + 1), MP_BYTES(d->piece.data, d->piece.len)));
	d->last++;
	d->bytes += d->piece.len;
	mp_buf_reset(&d->piece);
	if (d->piece.room > (1 << 20))
		mp_buf_done(&d->piece); /* after a burst */
}

/* ---- folding ---- */

static int encode_chunk(struct lwm2m *l, size_t chunk)
{
	struct mp_buf *out = &l->durable->chunk;
	struct registration *r = registry_in_chunk(l->registry, chunk, NULL);
	int k;

	mp_buf_reset(out);
	k = begin(l, out);
	for (; k == 0 && r; r = registry_in_chunk(l->registry, chunk, r)) {
		k = add_registration(l->durable, out, r);
		for (const struct observation *o = r->observations; k == 0 && o; o = o->next)
			k = add_observation(out, o);
	}
	return k;
}

/* The turn's own piece must have been written: the numbers of links begin anew here. */
static int write_chunk(struct lwm2m *l, size_t chunk)
{
	struct durable *d = l->durable;
	int r = encode_chunk(l, chunk);

	if (r == 0)
		r = mp_store_run(l->server->store,
				 "INSERT OR REPLACE INTO lwm2m_chunk (id, data) VALUES (?, ?)",
				 MP_INT((int64_t)chunk), MP_BYTES(d->chunk.data, d->chunk.len));
	return r < 0 ? r : 0;
}

static int end_fold(struct lwm2m *l)
{
	struct durable *d = l->durable;
	int r = mp_store_run(l->server->store, "DELETE FROM lwm2m_journal WHERE id <= ?",
			     MP_INT(d->fold_last));

	d->is_folding = false;
	d->bytes -= d->fold_bytes;
	mp_buf_done(&d->chunk);
	return r < 0 ? r : 0;
}

static int fold(struct lwm2m *l, size_t chunks)
{
	struct durable *d = l->durable;
	int r = 0;

	if (!d->is_folding) {
		d->is_folding = true;
		d->fold_last = d->last;
		d->fold_bytes = d->bytes;
		d->fold_chunk = 0;
	}
	for (; r == 0 && chunks > 0 && d->fold_chunk < registry_chunks(l->registry);
	     d->fold_chunk++)
		if (registry_take_dirty(l->registry, d->fold_chunk)) {
			r = write_chunk(l, d->fold_chunk);
			chunks--;
		}
	if (r == 0 && d->fold_chunk >= registry_chunks(l->registry))
		r = end_fold(l);
	return r;
}

void durable_fold_slice(struct lwm2m *l, size_t chunks)
{
	durable_write(l);
	check(l, fold(l, chunks));
}

void durable_fold(struct lwm2m *l, size_t chunks)
{
	struct durable *d = l->durable;

	if (d->is_folding || d->bytes >= FOLD_BYTES)
		durable_fold_slice(l, d->bytes > HURRY_BYTES ? 4 * chunks : chunks);
}

void durable_fold_all(struct lwm2m *l)
{
	durable_write(l);
	l->durable->is_folding = false;
	check(l, fold(l, SIZE_MAX));
}
