/* SPDX-License-Identifier: Apache-2.0
 * fake_power.c - what is left of the world in memory after its power failed
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void mp_fake_cut_power(struct mp_fake *w, uint64_t after)
{
	w->cut_at = after;
}

void mp_fake_hold_power(struct mp_fake *w, bool hold)
{
	w->held = hold;
	if (!hold)
		mp_fake_settle(w);
}

bool mp_fake_is_off(const struct mp_fake *w)
{
	return w->off;
}

uint64_t mp_fake_changes(const struct mp_fake *w)
{
	return w->changes;
}

static uint32_t next(void *state)
{
	uint32_t *x = state; /* xorshift32 */

	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x >> 8;
}

/* The new name of a renamed file before its size and first cluster are there. */
static int add_empty(struct mp_fake *w, const char *path)
{
	struct inode *inode;
	int r = mp_fake_add_inode(w, &inode);

	return r < 0 ? r : mp_fake_add_name(&w->durable, path, inode);
}

/* Every name change of a FAT folder for itself; of a rename the new name alone, both names on the
 * same clusters, or the old one and an empty new one. */
static int survive_fat(struct mp_fake *w, const struct op *o, uint32_t *seed)
{
	bool begun = o->kind == OP_RENAME && !o->whole && !mp_fake_find(&w->durable, o->to);
	uint32_t choice = next(seed) % (begun ? 4 : 3);
	int r;

	if (choice == 0)
		return 0;
	if (choice == 3)
		return add_empty(w, o->to);
	if (o->kind != OP_RENAME || choice == 1)
		return mp_fake_apply_name(w, o);
	r = mp_fake_add_name(&w->durable, o->to, o->inode);
	if (r == 0 && mp_fake_find(&w->durable, o->name))
		o->inode->crossed = true;
	return r;
}

static int survive_data(const struct op *o, uint32_t *seed)
{
	switch (next(seed) % 3) {
	case 0:
		return 0;
	case 1:
		return mp_fake_apply_data(o, NULL, NULL);
	default:
		return mp_fake_apply_data(o, o->kind == OP_WRITE ? next : NULL, seed);
	}
}

/* How many of its pending name changes a journaled folder remembers. */
static unsigned names_kept(const struct mp_fake *w, const struct dir *d, uint32_t *seed)
{
	unsigned n = 0;

	for (const struct op *o = w->first; o; o = o->next)
		n += o->kind >= OP_ADD && mp_fake_dir_of(w, o->name) == d;
	return next(seed) % (n + 1);
}

static int survive_names(struct mp_fake *w, uint32_t *seed)
{
	int r = 0;

	for (size_t i = 0; i < w->n_dirs; i++) {
		struct dir *d = &w->dirs[i];
		unsigned kept = names_kept(w, d, seed);

		for (const struct op *o = w->first; r == 0 && o; o = o->next) {
			if (o->kind < OP_ADD || mp_fake_dir_of(w, o->name) != d)
				continue;
			if (d->kind == MP_FAKE_FAT)
				r = survive_fat(w, o, seed);
			else if (kept > 0 && kept--)
				r = mp_fake_apply_name(w, o);
		}
	}
	return r;
}

static int copy_names(struct names *to, const struct names *from)
{
	int r = 0;

	while (to->n > 0)
		mp_fake_del_name(to, to->at[0].path);
	for (size_t i = 0; r == 0 && i < from->n; i++) {
		r = mp_fake_add_name(to, from->at[i].path, from->at[i].inode);
		if (r == 0) {
			to->at[to->n - 1].off = from->at[i].off;
			to->at[to->n - 1].size = from->at[i].size;
		}
	}
	return r;
}

static int copy_bytes(struct bytes *to, const struct bytes *from)
{
	int r = mp_fake_resize(to, from->len);

	if (r == 0 && from->len > 0)
		memcpy(to->data, from->data, from->len);
	return r;
}

int mp_fake_power_on(struct mp_fake *w, uint32_t seed)
{
	int r = 0;

	seed = seed * 2654435761u + 1; /* never 0, and small seeds lie far apart */
	seed = seed ? seed : 1;
	for (const struct op *o = w->first; r == 0 && o; o = o->next)
		if (o->kind < OP_ADD)
			r = survive_data(o, &seed);
	if (r == 0)
		r = survive_names(w, &seed);
	while (w->first)
		mp_fake_drop_op(w, &w->first);
	if (r == 0)
		r = copy_names(&w->live, &w->durable);
	for (struct inode *i = w->inodes; r == 0 && i; i = i->next)
		r = copy_bytes(&i->live, &i->durable);
	w->off = false;
	w->cut_at = UINT64_MAX;
	return r;
}

void mp_fake_settle(struct mp_fake *w)
{
	while (w->first) {
		struct op *o = w->first;

		if (o->kind < OP_ADD)
			(void)mp_fake_apply_data(o, NULL, NULL);
		else
			(void)mp_fake_apply_name(w, o);
		mp_fake_drop_op(w, &w->first);
	}
}

/* The copy of an inode, made the first time that a name asks for it. */
static int clone_inode(struct mp_fake *to, const struct inode *from, struct inode **map, size_t at)
{
	struct inode *i = map[at];
	int r;

	if (i)
		return 0;
	i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	i->next = to->inodes;
	to->inodes = i;
	i->device = from->device;
	i->crossed = from->crossed;
	r = copy_bytes(&i->live, &from->live);
	if (r == 0)
		r = copy_bytes(&i->durable, &from->durable);
	map[at] = i;
	return r;
}

static size_t index_of(const struct mp_fake *w, const struct inode *inode)
{
	size_t n = 0;

	for (const struct inode *i = w->inodes; i != inode; i = i->next)
		n++;
	return n;
}

static int clone_names(struct mp_fake *to, struct names *names, const struct mp_fake *from,
		       const struct names *old, struct inode **map)
{
	int r = copy_names(names, old);

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		size_t at = index_of(from, names->at[i].inode);

		r = clone_inode(to, names->at[i].inode, map, at);
		names->at[i].inode = map[at];
	}
	return r;
}

int mp_fake_clone(const struct mp_fake *w, struct mp_fake **ret)
{
	auto_free struct inode **map = calloc(index_of(w, NULL) + 1, sizeof(struct inode *));
	auto_(mp_fake) *c = NULL;
	int r = map ? mp_fake_new(&c) : -ENOMEM;

	if (r == 0)
		r = clone_names(c, &c->live, w, &w->live, map);
	if (r == 0)
		r = clone_names(c, &c->durable, w, &w->durable, map);
	for (size_t i = 0; r == 0 && i < w->n_dirs; i++) {
		r = mp_fake_add_dir(c, w->dirs[i].path, w->dirs[i].kind);
		if (r == 0)
			c->dirs[i].room = w->dirs[i].room;
	}
	if (r < 0)
		return r;
	c->changes = w->changes;
	*ret = take_ptr(c);
	return 0;
}
