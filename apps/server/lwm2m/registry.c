/* SPDX-License-Identifier: Apache-2.0
 * Two hashes of slots (by endpoint; by security identity or address) and a wheel of seconds. A
 * location carries its slot, so that it needs no hash of its own: 36 random bits, then 24 of the
 * slot.
 *
 * The wheel is lazy: a registration that was heard stays in its bucket, and goes on to the right
 * one when that bucket's turn comes. */
#include "registry_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/siphash.h"

#define BUCKETS 4096

struct chunk {
	bool dirty;
	unsigned used;
	struct registration slots[CHUNK];
};

struct registry {
	struct chunk **chunks;
	size_t n_chunks, n;
	uint32_t *names, *whos; /* slots plus 1 */
	size_t n_hash; /* of each; a power of two */
	uint32_t *free; /* slots to be used next, the last one first */
	size_t n_free, free_room;
	uint32_t due[BUCKETS]; /* slots plus 1 */
	int64_t second; /* the next one that the wheel has to look at; 0: none yet */
	uint32_t due_at; /* the slot plus 1 that it stands at in that bucket */
	bool is_in_bucket;
	struct object_links_table links;
	struct profiles profiles;
	uint64_t random[64];
	unsigned n_random;
};

struct object_links_table *registry_links(struct registry *g)
{
	return &g->links;
}

struct profiles *registry_profiles(struct registry *g)
{
	return &g->profiles;
}

static struct registration *at(const struct registry *g, uint32_t slot)
{
	return &g->chunks[slot / CHUNK]->slots[slot % CHUNK];
}

static struct registration *at_link(const struct registry *g, uint32_t link)
{
	return link ? at(g, link - 1) : NULL;
}

void registry_touch(struct registry *g, const struct registration *r)
{
	g->chunks[r->slot / CHUNK]->dirty = true;
}

/* ---- hashes ---- */

/* Nobody can choose names or addresses of one chain. */
static size_t hash_of(const struct registry *g, const void *data, size_t len)
{
	return (size_t)mp_hash(data, len) & (g->n_hash - 1);
}

static size_t hash_of_who(const struct registry *g, const char *identity,
			  const struct mp_net_address *a)
{
	uint8_t bytes[sizeof(a->ip) + sizeof(a->port)];

	if (identity)
		return hash_of(g, identity, strlen(identity));
	memcpy(bytes, a->ip, sizeof(a->ip));
	memcpy(bytes + sizeof(a->ip), &a->port, sizeof(a->port));
	return hash_of(g, bytes, sizeof(bytes));
}

static size_t who_of(const struct registry *g, const struct registration *r)
{
	return hash_of_who(g, r->peer ? r->peer->text : NULL, &r->remote.address);
}

static void link_name(struct registry *g, struct registration *r)
{
	uint32_t *chain = &g->names[hash_of(g, r->endpoint, strlen(r->endpoint))];

	r->next_name = *chain;
	*chain = r->slot + 1;
}

/* A gateway's whole crowd may have one address, so leaving its chain must not need a walk. */
static void link_who(struct registry *g, struct registration *r)
{
	uint32_t *chain = &g->whos[who_of(g, r)];
	struct registration *next = at_link(g, *chain);

	r->before_who = 0;
	r->next_who = *chain;
	if (next)
		next->before_who = r->slot + 1;
	*chain = r->slot + 1;
}

static void unlink_name(struct registry *g, const struct registration *r)
{
	uint32_t *link = &g->names[hash_of(g, r->endpoint, strlen(r->endpoint))];

	while (*link != r->slot + 1)
		link = &at_link(g, *link)->next_name;
	*link = r->next_name;
}

static void unlink_who(struct registry *g, const struct registration *r)
{
	struct registration *before = at_link(g, r->before_who), *next = at_link(g, r->next_who);

	if (before)
		before->next_who = r->next_who;
	else
		g->whos[who_of(g, r)] = r->next_who;
	if (next)
		next->before_who = r->before_who;
}

static int grow_hashes(struct registry *g)
{
	size_t n = g->n_hash ? g->n_hash * 2 : 1024;
	uint32_t *names, *whos;

	if (g->n < g->n_hash)
		return 0;
	names = calloc(n, sizeof(*names));
	whos = calloc(n, sizeof(*whos));
	if (!names || !whos) {
		free(names);
		free(whos);
		return -ENOMEM;
	}
	free(g->names);
	free(g->whos);
	g->names = names;
	g->whos = whos;
	g->n_hash = n;
	for (struct registration *r = registry_first(g); r; r = registry_next(g, r)) {
		link_name(g, r);
		link_who(g, r);
	}
	return 0;
}

/* ---- looking ---- */

static struct registration *find(const struct registry *g, const char *endpoint, size_t len)
{
	struct registration *r = g->n_hash ? at_link(g, g->names[hash_of(g, endpoint, len)]) : NULL;

	while (r && (strncmp(r->endpoint, endpoint, len) != 0 || r->endpoint[len]))
		r = at_link(g, r->next_name);
	return r;
}

struct registration *registry_find(const struct registry *g, const char *endpoint)
{
	return find(g, endpoint, strlen(endpoint));
}

static bool is_of(const struct registration *r, const struct mp_coap_remote *remote)
{
	if (r->peer || remote->identity)
		return r->peer && remote->identity && strcmp(r->peer->text, remote->identity) == 0;
	return mp_net_address_is_equal(&r->remote.address, &remote->address);
}

static struct registration *first_of(const struct registry *g, uint32_t link,
				     const struct mp_coap_remote *remote)
{
	struct registration *r = at_link(g, link);

	while (r && !is_of(r, remote))
		r = at_link(g, r->next_who);
	return r;
}

struct registration *registry_of_remote(const struct registry *g,
					const struct mp_coap_remote *remote)
{
	return g->n_hash ? first_of(g, g->whos[hash_of_who(g, remote->identity, &remote->address)],
				    remote)
			 : NULL;
}

struct registration *registry_next_of_remote(const struct registry *g, const struct registration *r,
					     const struct mp_coap_remote *remote)
{
	return first_of(g, r->next_who, remote);
}

size_t registry_count(const struct registry *g)
{
	return g->n;
}

static struct registration *from(const struct registry *g, size_t slot)
{
	for (; slot < g->n_chunks * CHUNK; slot++) {
		const struct chunk *c = g->chunks[slot / CHUNK];

		if (!c || c->used == 0)
			slot |= CHUNK - 1;
		else if (c->slots[slot % CHUNK].endpoint)
			return at(g, (uint32_t)slot);
	}
	return NULL;
}

struct registration *registry_from(const struct registry *g, uint32_t slot)
{
	return from(g, slot);
}

struct registration *registry_first(const struct registry *g)
{
	return from(g, 0);
}

struct registration *registry_next(const struct registry *g, const struct registration *r)
{
	return from(g, (size_t)r->slot + 1);
}

struct registration *registry_after(const struct registry *g, uint32_t slot)
{
	return from(g, (size_t)slot + 1);
}

/* ---- locations ---- */

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

void registration_location(const struct registration *r, char text[REGISTRATION_LOCATION])
{
	for (unsigned i = 0; i < 12; i++)
		text[i] = digits[r->location >> (55 - 5 * i) & 31];
	text[12] = '\0';
}

struct registration *registry_at_location(const struct registry *g, const void *id, size_t len)
{
	const char *text = id, *digit;
	uint64_t location = 0;
	struct registration *r;

	if (len != 12)
		return NULL;
	for (unsigned i = 0; i < 12; i++) {
		digit = text[i] ? strchr(digits, text[i]) : NULL;
		if (!digit)
			return NULL;
		location = location << 5 | (uint64_t)(digit - digits);
	}
	if ((location & (SLOTS_MAX - 1)) >= g->n_chunks * CHUNK ||
	    !g->chunks[(location & (SLOTS_MAX - 1)) / CHUNK])
		return NULL;
	r = at(g, location & (SLOTS_MAX - 1));
	return r->endpoint && r->location == location ? r : NULL;
}

static uint64_t random_number(struct registry *g)
{
	if (g->n_random == 0) {
		if (getrandom(g->random, sizeof(g->random), 0) != sizeof(g->random))
			abort(); /* no such kernel is supported */
		g->n_random = sizeof(g->random) / sizeof(g->random[0]);
	}
	return g->random[--g->n_random];
}

void registry_random(struct registry *g, void *data, size_t len)
{
	for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
		uint64_t v = random_number(g);
		size_t n = len - at < sizeof(v) ? len - at : sizeof(v);

		memcpy((uint8_t *)data + at, &v, n);
	}
}

static uint64_t fresh_location(struct registry *g, uint32_t slot)
{
	return (random_number(g) & ((1ull << 36) - 1)) << 24 | slot;
}

/* ---- slots ---- */

static int have_chunk(struct registry *g, size_t chunk)
{
	if (chunk >= g->n_chunks) {
		size_t n = chunk + 64;
		struct chunk **chunks = realloc(g->chunks, n * sizeof(struct chunk *));

		if (!chunks)
			return -ENOMEM;
		memset(chunks + g->n_chunks, 0, (n - g->n_chunks) * sizeof(struct chunk *));
		g->chunks = chunks;
		g->n_chunks = n;
	}
	if (!g->chunks[chunk])
		g->chunks[chunk] = calloc(1, sizeof(struct chunk));
	return g->chunks[chunk] ? 0 : -ENOMEM;
}

static int push_free(struct registry *g, uint32_t slot)
{
	if (g->n_free == g->free_room) {
		size_t room = g->free_room ? g->free_room * 2 : CHUNK;
		uint32_t *list = realloc(g->free, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		g->free = list;
		g->free_room = room;
	}
	g->free[g->n_free++] = slot;
	return 0;
}

/* A new chunk's slots; the lowest is to be used first. */
static int more_slots(struct registry *g)
{
	size_t chunk = 0;
	int r;

	while (chunk < g->n_chunks && g->chunks[chunk])
		chunk++;
	if ((chunk + 1) * CHUNK > SLOTS_MAX)
		return -ENOSPC;
	r = have_chunk(g, chunk);
	for (unsigned i = CHUNK; r == 0 && i-- > 0;)
		r = push_free(g, (uint32_t)(chunk * CHUNK + i));
	return r;
}

/* Slots that a location took are still in the list of the free ones: they are skipped here. */
static int take_slot(struct registry *g, uint32_t *ret)
{
	for (;;) {
		int r = g->n_free == 0 ? more_slots(g) : 0;

		if (r < 0)
			return r;
		*ret = g->free[--g->n_free];
		if (!at(g, *ret)->endpoint)
			return 0;
	}
}

/* The slot of a stored location, emptied. */
static int take_this_slot(struct registry *g, uint32_t slot)
{
	size_t chunk = slot / CHUNK;
	bool is_new = chunk >= g->n_chunks || !g->chunks[chunk];
	int r = have_chunk(g, chunk);

	for (unsigned i = CHUNK; is_new && r == 0 && i-- > 0;)
		r = push_free(g, (uint32_t)(chunk * CHUNK + i));
	if (r == 0 && at(g, slot)->endpoint)
		registry_remove(g, at(g, slot));
	return r;
}

/* ---- expiry ---- */

static void unlink_due(struct registry *g, struct registration *r)
{
	struct registration *next = at_link(g, r->next_due), *before = at_link(g, r->before_due);

	if (g->due_at == r->slot + 1)
		g->due_at = r->next_due;
	if (before)
		before->next_due = r->next_due;
	else
		g->due[r->due] = r->next_due;
	if (next)
		next->before_due = r->before_due;
}

static void link_due(struct registry *g, struct registration *r)
{
	int64_t first =
		g->second + g->is_in_bucket; /* that the wheel will look at from its beginning */
	int64_t when = r->expires > first ? r->expires : first;
	struct registration *next;

	r->due = (uint16_t)(when % BUCKETS);
	r->before_due = 0;
	r->next_due = g->due[r->due];
	next = at_link(g, r->next_due);
	if (next)
		next->before_due = r->slot + 1;
	g->due[r->due] = r->slot + 1;
}

static void set_expires(struct registration *r)
{
	r->expires = r->updated / 1000 + r->lifetime + 1;
}

int64_t registration_expires(const struct registration *r)
{
	return r->updated + (int64_t)r->lifetime * 1000;
}

void registry_heard(struct registry *g, struct registration *r, int64_t ms)
{
	bool back = ms < r->updated; /* the clock was set back */

	r->updated = ms;
	set_expires(r);
	registry_touch(g, r);
	if (back) {
		unlink_due(g, r);
		link_due(g, r);
	}
}

#define SEEN_EVERY 60 /* seconds: as exact is what a restart remembers */

void registry_seen(struct registry *g, struct registration *r, int64_t ms)
{
	uint32_t now = (uint32_t)(ms / 1000);

	if (now / SEEN_EVERY != r->heard / SEEN_EVERY)
		registry_touch(g, r); /* is written with its chunk, whenever that is */
	r->heard = now;
}

int64_t registration_seen(const struct registration *r)
{
	return r->heard > r->updated / 1000 ? r->heard : r->updated / 1000;
}

void registry_set_proven(struct registry *g, struct registration *r)
{
	r->is_proven = true;
	registry_touch(g, r);
}

void registry_set_lifetime(struct registry *g, struct registration *r, uint32_t lifetime)
{
	r->lifetime = lifetime;
	set_expires(r);
	unlink_due(g, r);
	link_due(g, r);
	registry_touch(g, r);
}

struct registration *registry_due(struct registry *g, int64_t now_ms)
{
	int64_t now = now_ms / 1000;

	if (g->second == 0 || now - g->second > BUCKETS)
		g->second = now > BUCKETS ? now - BUCKETS : 1; /* once around finds everything */
	for (; g->second <= now; g->second++, g->is_in_bucket = false) {
		if (!g->is_in_bucket)
			g->due_at = g->due[g->second % BUCKETS];
		g->is_in_bucket = true;
		while (g->due_at) {
			struct registration *r = at_link(g, g->due_at);

			g->due_at = r->next_due;
			if (r->expires <= now)
				return r;
			if (r->expires % BUCKETS != r->due) {
				unlink_due(g, r);
				link_due(g, r);
			}
		}
	}
	return NULL;
}

/* ---- changing ---- */

int registry_new(struct registry **ret)
{
	struct registry *g = calloc(1, sizeof(*g));

	if (!g || object_links_init(&g->links) < 0 || profiles_init(&g->profiles) < 0) {
		registry_free(g);
		return -ENOMEM;
	}
	*ret = g;
	return 0;
}

static void drop_links(struct registry *g, struct object_links *links, struct profile *profile)
{
	object_links_drop(&g->links, links);
	profiles_drop(&g->profiles, &g->links, profile);
}

static void empty(struct registry *g, struct registration *r)
{
	uint32_t slot = r->slot;

	free(r->endpoint);
	free(r->attributes);
	peer_unref(r->peer);
	drop_links(g, r->links, r->profile);
	*r = (struct registration){.slot = slot};
}

void registry_free(struct registry *g)
{
	if (!g)
		return;
	for (struct registration *r = registry_first(g); r; r = registry_next(g, r))
		empty(g, r);
	for (size_t i = 0; i < g->n_chunks; i++)
		free(g->chunks[i]);
	free(g->chunks);
	free(g->names);
	free(g->whos);
	free(g->free);
	profiles_done(&g->profiles);
	object_links_done(&g->links);
	free(g);
}

void registry_remove(struct registry *g, struct registration *r)
{
	struct chunk *c = g->chunks[r->slot / CHUNK];

	unlink_name(g, r);
	unlink_who(g, r);
	unlink_due(g, r);
	c->used--;
	c->dirty = true;
	g->n--;
	empty(g, r);
	(void)push_free(g, r->slot); /* without memory the slot rests until the next start */
}

static char *copy_text(const char *text, size_t len)
{
	return len > 0 ? strndup(text, len) : NULL;
}

static void set_facts(struct registration *r, const struct registration_facts *f)
{
	r->peer = peer_ref(f->peer);
	r->links = f->links;
	r->profile = f->profile;
	r->remote = *f->remote;
	r->remote.identity = r->peer ? r->peer->text : NULL;
	r->registered = f->registered;
	r->updated = f->updated;
	r->lifetime = f->lifetime;
	r->version = f->version;
	r->binding = f->binding;
	r->is_proven = f->is_proven;
	r->heard = f->heard;
	set_expires(r);
}

static int replace(struct registry *g, struct registration *r, const struct registration_facts *f)
{
	char *attributes = copy_text(f->attributes, f->attributes_len);
	struct peer *peer = r->peer;

	if (!attributes && f->attributes_len > 0)
		return -ENOMEM;
	unlink_who(g, r);
	unlink_due(g, r);
	free(r->attributes);
	r->attributes = attributes;
	drop_links(g, r->links, r->profile);
	set_facts(r, f);
	peer_unref(peer);
	r->location = f->location ? f->location : fresh_location(g, r->slot);
	link_who(g, r);
	link_due(g, r);
	registry_touch(g, r);
	return 0;
}

static int add(struct registry *g, const struct registration_facts *f, struct registration **ret)
{
	struct registration *r;
	uint32_t slot = f->location & (SLOTS_MAX - 1);
	int k = f->location ? take_this_slot(g, slot) : take_slot(g, &slot);

	if (k == 0)
		k = grow_hashes(g);
	if (k < 0)
		return k;
	r = at(g, slot);
	r->slot = slot;
	r->endpoint = strndup(f->endpoint, f->endpoint_len);
	r->attributes = copy_text(f->attributes, f->attributes_len);
	if (!r->endpoint || (!r->attributes && f->attributes_len > 0)) {
		empty(g, r);
		(void)push_free(g, slot);
		return -ENOMEM;
	}
	set_facts(r, f);
	r->location = f->location ? f->location : fresh_location(g, slot);
	g->chunks[slot / CHUNK]->used++;
	g->n++;
	link_name(g, r);
	link_who(g, r);
	link_due(g, r);
	registry_touch(g, r);
	*ret = r;
	return 0;
}

int registry_put(struct registry *g, const struct registration_facts *f, struct registration **ret,
		 bool *ret_replaced)
{
	struct registration *r = find(g, f->endpoint, f->endpoint_len);
	int k;

	/* A stored location in another slot: the older one is of a chunk that had not been written again. */
	if (r && f->location && (f->location & (SLOTS_MAX - 1)) != r->slot) {
		registry_remove(g, r);
		r = NULL;
	}
	*ret_replaced = r;
	k = r ? replace(g, r, f) : add(g, f, &r);
	if (k < 0) {
		drop_links(g, f->links, f->profile);
		return k;
	}
	*ret = r;
	return 0;
}

void registry_set_remote(struct registry *g, struct registration *r,
			 const struct mp_coap_remote *remote)
{
	if (!r->peer)
		unlink_who(g, r);
	if (!mp_net_address_is_equal(&r->remote.address, &remote->address))
		r->is_proven = false;
	r->remote = *remote;
	r->remote.identity = r->peer ? r->peer->text : NULL;
	if (!r->peer)
		link_who(g, r);
	registry_touch(g, r);
}

void registry_set_links(struct registry *g, struct registration *r, struct object_links *links,
			struct profile *profile)
{
	drop_links(g, r->links, r->profile);
	r->links = links;
	r->profile = profile;
	registry_touch(g, r);
}

int registry_set_attributes(struct registry *g, struct registration *r, const char *text,
			    size_t len)
{
	char *copy = copy_text(text, len);

	if (!copy && len > 0)
		return -ENOMEM;
	free(r->attributes);
	r->attributes = copy;
	registry_touch(g, r);
	return 0;
}

/* ---- chunks ---- */

struct registration *registry_in_slot_of(const struct registry *g, uint64_t location)
{
	uint32_t slot = location & (SLOTS_MAX - 1);

	if (slot / CHUNK >= g->n_chunks || !g->chunks[slot / CHUNK])
		return NULL;
	return at(g, slot)->endpoint ? at(g, slot) : NULL;
}

size_t registry_chunks(const struct registry *g)
{
	return g->n_chunks;
}

bool registry_take_dirty(struct registry *g, size_t chunk)
{
	bool dirty = g->chunks[chunk] && g->chunks[chunk]->dirty;

	if (dirty)
		g->chunks[chunk]->dirty = false;
	return dirty;
}

struct registration *registry_in_chunk(const struct registry *g, size_t chunk,
				       const struct registration *r)
{
	struct registration *next = from(g, r ? (size_t)r->slot + 1 : chunk * CHUNK);

	return next && next->slot / CHUNK == chunk ? next : NULL;
}
