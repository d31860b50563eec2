/* SPDX-License-Identifier: Apache-2.0
 * fake.c - the operations of the world in memory
 *
 * Every inode and the table of names exist twice: live, as the running system sees them, and
 * durable, as they would be found after a cut. Between the two stands the list of operations that
 * have not been flushed.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static struct mp_fake *fake_of(struct mp_medium *m)
{
	return (struct mp_fake *)m;
}

/* ---- tables ---- */

struct name *mp_fake_find(const struct names *t, const char *path)
{
	for (size_t i = 0; i < t->n; i++)
		if (mp_streq(t->at[i].path, path))
			return &t->at[i];
	return NULL;
}

int mp_fake_add_name(struct names *t, const char *path, struct inode *inode)
{
	struct name *at = mp_fake_find(t, path);
	char *copy;

	if (at) {
		at->inode = inode;
		return 0;
	}
	at = realloc(t->at, (t->n + 1) * sizeof(*at));
	if (!at)
		return -ENOMEM;
	t->at = at;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	t->at[t->n++] = (struct name){.path = copy, .inode = inode};
	return 0;
}

void mp_fake_del_name(struct names *t, const char *path)
{
	struct name *at = mp_fake_find(t, path);

	if (!at)
		return;
	free(at->path);
	*at = t->at[--t->n];
}

static bool lies_in(const char *path, const char *dir, bool directly)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) != 0 || path[n] != '/')
		return false;
	return !directly || !strchr(path + n + 1, '/');
}

struct dir *mp_fake_dir_of(const struct mp_fake *w, const char *path)
{
	for (size_t i = 0; i < w->n_dirs; i++)
		if (lies_in(path, w->dirs[i].path, true))
			return &w->dirs[i];
	return NULL;
}

static struct dir *find_dir(const struct mp_fake *w, const char *path)
{
	for (size_t i = 0; i < w->n_dirs; i++)
		if (mp_streq(w->dirs[i].path, path))
			return &w->dirs[i];
	return NULL;
}

int mp_fake_resize(struct bytes *b, size_t len)
{
	uint8_t *data = realloc(b->data, len ? len : 1);

	if (!data)
		return -ENOMEM;
	if (len > b->len)
		memset(data + b->len, 0, len - b->len);
	b->data = data;
	b->len = len;
	return 0;
}

int mp_fake_add_inode(struct mp_fake *w, struct inode **ret)
{
	struct inode *i = calloc(1, sizeof(*i));

	if (!i)
		return -ENOMEM;
	i->next = w->inodes;
	w->inodes = i;
	*ret = i;
	return 0;
}

/* ---- what is not durable yet ---- */

static void free_op(struct op *o)
{
	free(o->name);
	free(o->to);
	free(o->bytes.data);
	free(o);
}

static int add_op(struct mp_fake *w, const struct op *like, const void *bytes)
{
	struct op *o = malloc(sizeof(*o));

	if (!o)
		return -ENOMEM;
	*o = *like;
	o->next = NULL;
	o->name = strdup(like->name);
	o->to = like->to ? strdup(like->to) : NULL;
	o->bytes.data = malloc(o->bytes.len + 1);
	if (!o->name || !o->bytes.data || (like->to && !o->to)) {
		free_op(o);
		return -ENOMEM;
	}
	if (bytes)
		memcpy(o->bytes.data, bytes, o->bytes.len);
	*w->last = o;
	w->last = &o->next;
	return 0;
}

void mp_fake_drop_op(struct mp_fake *w, struct op **at)
{
	struct op *o = *at;

	*at = o->next;
	if (w->last == &o->next)
		w->last = at;
	free_op(o);
}

/* Count a change. 1: go on; 0: this is the one during which power fails: it is begun, and no
 * more; -EIO: power is off. */
static int change(struct mp_fake *w)
{
	if (w->off)
		return -EIO;
	if (w->held)
		return 1;
	w->changes++;
	if (w->cut_at == 0) {
		w->off = true;
		return 0;
	}
	if (w->cut_at != UINT64_MAX)
		w->cut_at--;
	return 1;
}

/* ---- the operations ---- */

static ssize_t fake_read(struct mp_medium *m, const char *name, uint64_t off, void *buf, size_t len)
{
	struct mp_fake *w = fake_of(m);
	struct name *at = mp_fake_find(&w->live, name);
	uint64_t size;

	if (w->off)
		return -EIO;
	if (!at)
		return -ENOENT;
	size = at->inode->device ? at->size : at->inode->live.len;
	if (off >= size)
		return 0;
	if (len > size - off)
		len = (size_t)(size - off);
	memcpy(buf, at->inode->live.data + at->off + off, len);
	return (ssize_t)len;
}

static uint64_t used_below(const struct mp_fake *w, const char *dir)
{
	uint64_t used = 0;

	for (size_t i = 0; i < w->live.n; i++)
		if (!w->live.at[i].inode->device && lies_in(w->live.at[i].path, dir, false))
			used += w->live.at[i].inode->live.len;
	return used;
}

static uint64_t room_at(const struct mp_fake *w, const char *path)
{
	uint64_t room = INT64_MAX;

	for (size_t i = 0; i < w->n_dirs; i++) {
		const struct dir *d = &w->dirs[i];
		uint64_t used;

		if (!mp_streq(d->path, path) && !lies_in(path, d->path, false))
			continue;
		used = used_below(w, d->path);
		if (d->room < used)
			return 0;
		if (d->room - used < room)
			room = d->room - used;
	}
	return room;
}

static int create(struct mp_fake *w, const char *name, struct name **ret)
{
	struct inode *inode;
	int r;

	if (!mp_fake_dir_of(w, name) || find_dir(w, name))
		return -ENOENT;
	r = mp_fake_add_inode(w, &inode);
	if (r == 0)
		r = mp_fake_resize(&inode->live, 0);
	if (r == 0)
		r = mp_fake_add_name(&w->live, name, inode);
	if (r == 0)
		r = add_op(w, &(struct op){.kind = OP_ADD, .name = (char *)name, .inode = inode},
			   NULL);
	*ret = mp_fake_find(&w->live, name);
	return r;
}

static int grow(struct mp_fake *w, const char *name, struct inode *inode, uint64_t size)
{
	if (size <= inode->live.len)
		return 0;
	if (size - inode->live.len > room_at(w, name))
		return -ENOSPC;
	return mp_fake_resize(&inode->live, (size_t)size);
}

static int fake_write(struct mp_medium *m, const char *name, uint64_t off, const void *buf,
		      size_t len)
{
	struct mp_fake *w = fake_of(m);
	struct name *at = mp_fake_find(&w->live, name);
	int c = change(w), r = 0;

	if (c < 0)
		return c;
	if (!at)
		r = create(w, name, &at);
	if (r == 0 && at->inode->device && (off > at->size || len > at->size - off))
		r = -ENOSPC;
	if (r == 0 && !at->inode->device)
		r = grow(w, name, at->inode, off + len);
	if (r < 0)
		return r;
	if (len > 0)
		memcpy(at->inode->live.data + at->off + off, buf, len);
	r = add_op(w,
		   &(struct op){.kind = OP_WRITE,
				.name = (char *)name,
				.inode = at->inode,
				.off = at->off + off,
				.bytes.len = len},
		   buf);
	return r < 0 ? r : c ? 0 : -EIO;
}

static int fake_truncate(struct mp_medium *m, const char *name, uint64_t size)
{
	struct mp_fake *w = fake_of(m);
	struct name *at = mp_fake_find(&w->live, name);
	int c = change(w), r = 0;

	if (c < 0)
		return c;
	if (!at)
		r = create(w, name, &at);
	if (r == 0)
		r = at->inode->device ? -EINVAL : grow(w, name, at->inode, size);
	if (r == 0)
		r = mp_fake_resize(&at->inode->live, (size_t)size);
	if (r == 0)
		r = add_op(w,
			   &(struct op){.kind = OP_TRUNCATE,
					.name = (char *)name,
					.inode = at->inode,
					.off = size},
			   NULL);
	return r < 0 ? r : c ? 0 : -EIO;
}

int mp_fake_apply_data(const struct op *o, uint32_t (*pick)(void *), void *user)
{
	struct bytes *b = &o->inode->durable;
	uint64_t end = o->off + o->bytes.len;
	int r = 0;

	if (o->kind == OP_TRUNCATE)
		return mp_fake_resize(b, (size_t)o->off);
	if (end > b->len)
		r = mp_fake_resize(b, (size_t)end);
	for (uint64_t at = o->off; r == 0 && at < end;) {
		uint64_t next = (at / FAKE_SECTOR + 1) * FAKE_SECTOR;

		if (next > end)
			next = end;
		if (!pick || pick(user) % 2)
			memcpy(b->data + at, o->bytes.data + (at - o->off), (size_t)(next - at));
		at = next;
	}
	return r;
}

static int fake_flush(struct mp_medium *m, const char *name)
{
	struct mp_fake *w = fake_of(m);
	struct name *at = mp_fake_find(&w->live, name);
	struct op **o = &w->first;
	int c = change(w), r = 0;

	if (c <= 0)
		return -EIO;
	if (!at)
		return -ENOENT;
	while (r == 0 && *o) {
		bool data = (*o)->kind == OP_WRITE || (*o)->kind == OP_TRUNCATE;
		/* A file may have got another name since; a device is flushed name by name. */
		bool mine = (*o)->inode == at->inode &&
			    (!at->inode->device || mp_streq((*o)->name, name));

		(*o)->whole = (*o)->whole || mine;
		if (data && mine) {
			r = mp_fake_apply_data(*o, NULL, NULL);
			mp_fake_drop_op(w, o);
		} else {
			o = &(*o)->next;
		}
	}
	return r;
}

/* Removing one of two names on the same FAT clusters frees what the other one reads. */
static void free_clusters(const struct mp_fake *w, const char *gone, struct inode *inode)
{
	for (size_t i = 0; inode->crossed && i < w->live.n; i++) {
		if (w->live.at[i].inode != inode || mp_streq(w->live.at[i].path, gone))
			continue;
		memset(inode->live.data, 0xdb, inode->live.len);
		memset(inode->durable.data, 0xdb, inode->durable.len);
	}
}

static int fake_rename(struct mp_medium *m, const char *from, const char *to)
{
	struct mp_fake *w = fake_of(m);
	struct name *at = mp_fake_find(&w->live, from);
	struct name *over = mp_fake_find(&w->live, to);
	struct inode *inode;
	int c = change(w), r;

	if (c < 0)
		return c;
	if (!at || mp_fake_dir_of(w, from) != mp_fake_dir_of(w, to))
		return at ? -EXDEV : -ENOENT;
	if (over)
		free_clusters(w, to, over->inode);
	inode = at->inode;
	r = add_op(
		w,
		&(struct op){
			.kind = OP_RENAME, .name = (char *)from, .to = (char *)to, .inode = inode},
		NULL);
	if (r == 0)
		r = mp_fake_add_name(&w->live, to, inode);
	if (r == 0)
		mp_fake_del_name(&w->live, from);
	return r < 0 ? r : c ? 0 : -EIO;
}

static int remove_dir(struct mp_fake *w, struct dir *d)
{
	for (size_t i = 0; i < w->live.n; i++)
		if (lies_in(w->live.at[i].path, d->path, true))
			return -ENOTEMPTY;
	free(d->path);
	*d = w->dirs[--w->n_dirs];
	return 0;
}

static int fake_remove(struct mp_medium *m, const char *name)
{
	struct mp_fake *w = fake_of(m);
	struct name *at = mp_fake_find(&w->live, name);
	struct dir *d = find_dir(w, name);
	int c = change(w), r;

	if (c < 0)
		return c;
	if (!at && !d)
		return -ENOENT;
	if (!at)
		return c ? remove_dir(w, d) : -EIO;
	if (at->inode->device)
		return -EPERM;
	free_clusters(w, name, at->inode);
	r = add_op(w, &(struct op){.kind = OP_DEL, .name = (char *)name, .inode = at->inode}, NULL);
	if (r == 0)
		mp_fake_del_name(&w->live, name);
	return r < 0 ? r : c ? 0 : -EIO;
}

int mp_fake_apply_name(struct mp_fake *w, const struct op *o)
{
	int r = 0;

	if (o->kind == OP_ADD)
		return mp_fake_add_name(&w->durable, o->name, o->inode);
	if (o->kind == OP_RENAME)
		r = mp_fake_add_name(&w->durable, o->to, o->inode);
	if (r == 0)
		mp_fake_del_name(&w->durable, o->name);
	return r;
}

static int fake_sync_dir(struct mp_medium *m, const char *dir)
{
	struct mp_fake *w = fake_of(m);
	struct op **o = &w->first;
	int c = change(w), r = 0;

	if (c <= 0)
		return -EIO;
	if (!find_dir(w, dir))
		return -ENOENT;
	while (r == 0 && *o) {
		bool names = (*o)->kind >= OP_ADD;

		if (names && lies_in((*o)->name, dir, true)) {
			r = mp_fake_apply_name(w, *o);
			mp_fake_drop_op(w, o);
		} else {
			o = &(*o)->next;
		}
	}
	return r;
}

static int fake_list(struct mp_medium *m, const char *dir,
		     int (*each)(void *user, const char *name), void *user)
{
	struct mp_fake *w = fake_of(m);
	int r = 0;

	if (w->off)
		return -EIO;
	if (!find_dir(w, dir))
		return -ENOENT;
	for (size_t i = 0; r >= 0 && i < w->live.n; i++)
		if (lies_in(w->live.at[i].path, dir, true))
			r = each(user, w->live.at[i].path + strlen(dir) + 1);
	for (size_t i = 0; r >= 0 && i < w->n_dirs; i++)
		if (lies_in(w->dirs[i].path, dir, true))
			r = each(user, w->dirs[i].path + strlen(dir) + 1);
	return r < 0 ? r : 0;
}

static int64_t fake_size(struct mp_medium *m, const char *name)
{
	struct mp_fake *w = fake_of(m);
	struct name *at = mp_fake_find(&w->live, name);

	if (w->off)
		return -EIO;
	if (!at)
		return -ENOENT;
	return (int64_t)(at->inode->device ? at->size : at->inode->live.len);
}

static int fake_make_dir(struct mp_medium *m, const char *dir)
{
	struct mp_fake *w = fake_of(m);
	struct dir *parent = mp_fake_dir_of(w, dir);
	int c = change(w);

	if (c <= 0)
		return -EIO;
	if (find_dir(w, dir))
		return 0;
	return parent ? mp_fake_add_dir(w, dir, parent->kind) : -ENOENT;
}

static int64_t fake_room(struct mp_medium *m, const char *dir)
{
	return (int64_t)room_at(fake_of(m), dir);
}

static const struct mp_medium_ops fake_ops = {
	.read = fake_read,
	.write = fake_write,
	.truncate = fake_truncate,
	.flush = fake_flush,
	.rename = fake_rename,
	.remove = fake_remove,
	.sync_dir = fake_sync_dir,
	.list = fake_list,
	.size = fake_size,
	.make_dir = fake_make_dir,
	.room = fake_room,
};

/* ---- making worlds ---- */

int mp_fake_new(struct mp_fake **ret)
{
	struct mp_fake *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->medium.ops = &fake_ops;
	w->last = &w->first;
	w->cut_at = UINT64_MAX;
	*ret = w;
	return 0;
}

static void free_names(struct names *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->at[i].path);
	free(t->at);
}

void mp_fake_free(struct mp_fake *w)
{
	struct inode *next;

	if (!w)
		return;
	while (w->first)
		mp_fake_drop_op(w, &w->first);
	for (struct inode *i = w->inodes; i; i = next) {
		next = i->next;
		free(i->live.data);
		free(i->durable.data);
		free(i);
	}
	free_names(&w->live);
	free_names(&w->durable);
	for (size_t i = 0; i < w->n_dirs; i++)
		free(w->dirs[i].path);
	free(w->dirs);
	free(w);
}

struct mp_medium *mp_fake_medium(struct mp_fake *w)
{
	return &w->medium;
}

static int name_device(struct mp_fake *w, const char *name, struct inode *inode, uint64_t off,
		       uint64_t size)
{
	struct names *tables[] = {&w->live, &w->durable};
	int r = 0;

	for (int i = 0; r == 0 && i < 2; i++) {
		r = mp_fake_add_name(tables[i], name, inode);
		if (r == 0) {
			struct name *at = mp_fake_find(tables[i], name);

			at->off = off;
			at->size = size;
		}
	}
	return r;
}

int mp_fake_add_device(struct mp_fake *w, const char *name, uint64_t size)
{
	struct inode *inode;
	int r = mp_fake_add_inode(w, &inode);

	if (r == 0)
		r = mp_fake_resize(&inode->live, (size_t)size);
	if (r == 0)
		r = mp_fake_resize(&inode->durable, (size_t)size);
	if (r < 0)
		return r;
	inode->device = true;
	return name_device(w, name, inode, 0, size);
}

int mp_fake_add_partition(struct mp_fake *w, const char *name, const char *device, uint64_t off,
			  uint64_t size)
{
	struct name *at = mp_fake_find(&w->live, device);

	return at ? name_device(w, name, at->inode, off, size) : -ENOENT;
}

int mp_fake_add_dir(struct mp_fake *w, const char *name, enum mp_fake_kind kind)
{
	struct dir *dirs = realloc(w->dirs, (w->n_dirs + 1) * sizeof(*dirs));
	char *path = strdup(name);

	if (dirs)
		w->dirs = dirs;
	if (!dirs || !path) {
		free(path);
		return -ENOMEM;
	}
	w->dirs[w->n_dirs++] = (struct dir){.path = path, .kind = kind, .room = INT64_MAX};
	return 0;
}

int mp_fake_set_room(struct mp_fake *w, const char *dir, uint64_t bytes)
{
	struct dir *d = find_dir(w, dir);

	if (!d)
		return -ENOENT;
	d->room = bytes;
	return 0;
}
