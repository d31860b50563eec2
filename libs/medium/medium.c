/* SPDX-License-Identifier: Apache-2.0 */
#include "medium/medium.h"

#include <errno.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

ssize_t mp_medium_read(struct mp_medium *m, const char *name, uint64_t off, void *buf, size_t len)
{
	return m->ops->read(m, name, off, buf, len);
}

int mp_medium_write(struct mp_medium *m, const char *name, uint64_t off, const void *buf,
		    size_t len)
{
	return m->ops->write(m, name, off, buf, len);
}

int mp_medium_truncate(struct mp_medium *m, const char *name, uint64_t size)
{
	return m->ops->truncate(m, name, size);
}

int mp_medium_flush(struct mp_medium *m, const char *name)
{
	return m->ops->flush(m, name);
}

int mp_medium_rename(struct mp_medium *m, const char *from, const char *to)
{
	int r = m->ops->rename(m, from, to);

	return r < 0 ? r : mp_medium_flush(m, to);
}

int mp_medium_remove(struct mp_medium *m, const char *name)
{
	int r = m->ops->remove(m, name);

	return r == -ENOENT ? 0 : r;
}

int mp_medium_sync_dir(struct mp_medium *m, const char *dir)
{
	return m->ops->sync_dir(m, dir);
}

int mp_medium_list(struct mp_medium *m, const char *dir, int (*each)(void *user, const char *name),
		   void *user)
{
	return m->ops->list(m, dir, each, user);
}

int64_t mp_medium_size(struct mp_medium *m, const char *name)
{
	return m->ops->size(m, name);
}

int mp_medium_make_dir(struct mp_medium *m, const char *dir)
{
	return m->ops->make_dir(m, dir);
}

int64_t mp_medium_room(struct mp_medium *m, const char *dir)
{
	return m->ops->room(m, dir);
}

int mp_medium_read_all(struct mp_medium *m, const char *name, struct mp_buf *b)
{
	int64_t size = mp_medium_size(m, name);
	ssize_t n;
	int r;

	if (size < 0)
		return (int)size;
	if ((uint64_t)size > b->limit - b->len)
		return -EFBIG;
	r = mp_buf_reserve(b, (size_t)size);
	if (r < 0)
		return r;
	n = mp_medium_read(m, name, 0, b->data + b->len, (size_t)size);
	if (n < 0)
		return (int)n;
	b->len += (size_t)n;
	b->data[b->len] = '\0';
	return 0;
}

/* The folder of `name`, "/" for one at the top. NULL: out of memory. The caller frees it. */
static char *parent_of(const char *name)
{
	char *dir = mp_str_format("%s", name);
	char *slash = dir ? __builtin_strrchr(dir, '/') : NULL;

	if (slash)
		slash[slash == dir] = '\0';
	return dir;
}

int mp_medium_replace(struct mp_medium *m, const char *name, const void *data, size_t len)
{
	auto_free char *tmp = mp_str_format("%s.tmp", name);
	auto_free char *dir = parent_of(name);
	int r;

	if (!tmp || !dir)
		return -ENOMEM;
	/* What an interrupted call left may be longer than this. */
	r = mp_medium_remove(m, tmp);
	if (r == 0)
		r = mp_medium_write(m, tmp, 0, data, len);
	if (r == 0)
		r = mp_medium_flush(m, tmp);
	if (r == 0)
		r = mp_medium_rename(m, tmp, name);
	return r < 0 ? r : mp_medium_sync_dir(m, dir);
}
