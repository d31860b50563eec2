/* SPDX-License-Identifier: Apache-2.0
 * Reading the store: chunks first, then the journal over them, in its order. A chunk may be newer
 * than the rows that follow, since it was written during a fold that did not end; what those rows
 * undo is done again by later ones, so entries that no longer fit are passed over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "durable.h"
#include "durable_state.h"
#include "journal.h"
#include "lwm2m.h"
#include "observations_edit.h"
#include "registry_edit.h"

struct load {
	struct lwm2m *l;
	struct journal_text *links; /* texts of this piece, by their number minus 1 */
	size_t n_links, links_room;
};

static int add_links(struct load *in, const struct journal_entry *e)
{
	if (e->links != in->n_links + 1)
		return -EBADMSG;
	if (in->n_links == in->links_room) {
		size_t room = in->links_room ? 2 * in->links_room : 64;
		struct journal_text *links = realloc(in->links, room * sizeof(*links));

		if (!links)
			return -ENOMEM;
		in->links = links;
		in->links_room = room;
	}
	in->links[in->n_links++] = e->text;
	return 0;
}

static void evict(struct lwm2m *l, struct registration *r)
{
	observations_drop_all(l->observations, r);
	registry_remove(l->registry, r);
}

/* Whoever has its slot, or its endpoint elsewhere, is of another time. */
static void make_room(struct lwm2m *l, const struct journal_entry *e)
{
	struct registration *there = registry_in_slot_of(l->registry, e->location);
	char endpoint[256];
	struct registration *same;

	memcpy(endpoint, e->endpoint.data, e->endpoint.len);
	endpoint[e->endpoint.len] = '\0';
	if (there && strcmp(there->endpoint, endpoint) != 0)
		evict(l, there);
	same = registry_find(l->registry, endpoint);
	if (same && same != registry_in_slot_of(l->registry, e->location))
		evict(l, same);
}

static int take_links(struct load *in, uint32_t number, struct object_links **ret)
{
	*ret = NULL;
	if (number == 0)
		return 0;
	if (number > in->n_links)
		return -EBADMSG;
	return object_links_take(registry_links(in->l->registry), in->links[number - 1].data,
				 in->links[number - 1].len, ret);
}

/* What registrations have told is learnt again. `links` are dropped on failure. */
static int take_profile(struct load *in, const struct journal_entry *e, struct object_links *links,
			struct profile **ret)
{
	struct registry *g = in->l->registry;
	int r = 0;

	if (links && e->profile.len)
		r = profiles_learn(registry_profiles(g), registry_links(g), e->profile.data,
				   e->profile.len, e->peer_kind, links, ret);
	if (r < 0)
		object_links_drop(registry_links(g), links);
	return r;
}

static int add_registration(struct load *in, const struct journal_entry *e)
{
	struct mp_coap_remote remote = {.address = e->address, .is_reliable = e->is_reliable};
	struct registration_facts f = {
		.endpoint = e->endpoint.data,
		.endpoint_len = e->endpoint.len,
		.remote = &remote,
		.attributes = e->attributes.data,
		.attributes_len = e->attributes.len,
		.location = e->location,
		.registered = e->registered,
		.updated = e->updated,
		.lifetime = e->lifetime,
		.version = e->version,
		.binding = e->binding,
		.is_proven = e->is_proven,
		.heard = e->heard,
	};
	struct registration *r;
	bool replaced;
	int k = take_links(in, e->links, &f.links);

	if (k == 0)
		k = take_profile(in, e, f.links, &f.profile);
	if (k < 0)
		return k;
	make_room(in->l, e);
	if (e->peer_kind) {
		f.peer = peer_new((enum credential_kind)e->peer_kind, e->identity.data,
				  e->identity.len, e->sha256);
		if (!f.peer) {
			profiles_drop(registry_profiles(in->l->registry),
				      registry_links(in->l->registry), f.profile);
			object_links_drop(registry_links(in->l->registry), f.links);
			return -ENOMEM;
		}
	}
	k = registry_put(in->l->registry, &f, &r, &replaced);
	peer_unref(f.peer);
	return k;
}

/* One too many is in a row older than its chunk, which has those that came after it: a later row ends it. */
static int add_observation(struct lwm2m *l, struct registration *r, const struct journal_entry *e)
{
	const struct observation_facts f = {
		.token = e->token,
		.paths = e->paths,
		.n = e->n_paths,
		.accept = e->accept,
		.is_composite = e->is_composite,
		.is_stale = e->is_stale || r->remote.is_reliable, /* its connection was lost */
	};
	struct observation *o;
	int k = observations_add(l->observations, r, &f, &o);

	return k == -ENOSPC ? 0 : k;
}

static void move(struct lwm2m *l, struct registration *r, const struct journal_entry *e)
{
	struct mp_coap_remote remote = {.address = e->address, .is_reliable = e->is_reliable};

	r->is_proven = false; /* until a later entry says so */
	registry_set_remote(l->registry, r, &remote);
}

static int apply(struct load *in, const struct journal_entry *e, int64_t time)
{
	struct lwm2m *l = in->l;
	struct registration *r;
	struct observation *o;

	if (e->type == JOURNAL_LINKS)
		return add_links(in, e);
	if (e->type == JOURNAL_REGISTERED)
		return add_registration(in, e);
	r = registry_in_slot_of(l->registry, e->location);
	if (!r || r->location != e->location)
		return 0;
	if (e->type == JOURNAL_OBSERVED)
		return add_observation(l, r, e);
	if (e->type == JOURNAL_MOVED)
		move(l, r, e);
	if (e->type == JOURNAL_HEARD || e->type == JOURNAL_MOVED)
		registry_heard(l->registry, r, time);
	else if (e->type == JOURNAL_PROVEN)
		registry_set_proven(l->registry, r);
	else if (e->type == JOURNAL_ENDED)
		evict(l, r);
	else if ((o = observations_by_token(l->observations, e->token, MP_COAP_TOKEN)))
		observations_drop(l->observations, o);
	return 0;
}

static int load_piece(struct load *in, const void *data, size_t len)
{
	struct journal_entry e = {0};
	struct journal_reader reader;
	int r = journal_read(&reader, data, len);

	in->n_links = 0;
	while (r == 0 && (r = journal_next(&reader, &e)) > 0)
		r = apply(in, &e, reader.time);
	return r;
}

static int load_rows(struct load *in, const char *sql, bool are_chunks)
{
	struct durable *d = in->l->durable;
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(in->l->server->store, sql, &q, MP_NOTHING);

	while (r == 0 && (r = mp_query_next(q)) > 0) {
		int64_t id = mp_query_int(q, 0);
		size_t len;
		const void *data = mp_query_bytes(q, 1, &len);

		r = load_piece(in, data, len);
		if (are_chunks && id >= 0 && (uint64_t)id < registry_chunks(in->l->registry))
			(void)registry_take_dirty(in->l->registry, (size_t)id);
		if (!are_chunks)
			durable_found(d, id, len);
	}
	return r;
}

int durable_load(struct lwm2m *l, struct mp_err *err)
{
	struct load in = {.l = l};
	int r;

	durable_forget(l->durable);
	r = load_rows(&in, "SELECT id, data FROM lwm2m_chunk ORDER BY id", true);
	if (r == 0)
		r = load_rows(&in, "SELECT id, data FROM lwm2m_journal ORDER BY id", false);
	free(in.links);
	return r < 0 ? mp_err_set(err, r, "the registrations could not be read: %s", strerror(-r))
		     : 0;
}
