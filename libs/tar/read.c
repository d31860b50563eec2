/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tar/internal.h"

struct mp_tar_private {
	struct tar_header header;
	struct tar_pax pax; /* for the next entry: PAX, and GNU's long names */
	struct mp_buf text; /* of the extended header being read */
	struct mp_buf path, link; /* of the current entry, normalised */
	uint64_t left; /* bytes of the current entry not read yet */
	size_t padding; /* zeros behind them */
	unsigned entries;
};

static int open_private(struct mp_tar_reader *r)
{
	if (r->p)
		return 0;
	r->p = calloc(1, sizeof(*r->p));
	if (!r->p)
		return -ENOMEM;
	r->p->text.limit = MP_TAR_EXTENDED_MAX;
	r->p->pax.kept.limit = MP_TAR_EXTENDED_MAX;
	r->p->pax.path.limit = r->p->pax.link.limit = MP_TAR_PATH_MAX;
	r->p->path.limit = r->p->link.limit = MP_TAR_PATH_MAX;
	return 0;
}

void mp_tar_reader_done(struct mp_tar_reader *r)
{
	if (!r->p)
		return;
	mp_buf_done(&r->p->text);
	mp_buf_done(&r->p->pax.kept);
	mp_buf_done(&r->p->pax.path);
	mp_buf_done(&r->p->pax.link);
	mp_buf_done(&r->p->path);
	mp_buf_done(&r->p->link);
	free(r->p);
	r->p = NULL;
}

/* Exactly `len` bytes: an archive that ends before is cut short. */
static int read_all(struct mp_tar_reader *r, void *data, size_t len)
{
	char *p = data;

	while (len > 0) {
		ssize_t n = r->read(r->user, p, len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EBADMSG;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t mp_tar_data(struct mp_tar_reader *r, void *data, size_t len)
{
	char zeros[MP_TAR_BLOCK];
	ssize_t n;

	if (!r->p || (r->p->left == 0 && r->p->padding == 0) || len == 0)
		return 0;
	if (r->p->left > 0) {
		n = r->read(r->user, data, len < r->p->left ? len : (size_t)r->p->left);
		if (n <= 0)
			return n < 0 ? n : -EBADMSG;
		r->p->left -= (uint64_t)n;
		return n;
	}
	n = read_all(r, zeros, r->p->padding);
	r->p->padding = 0;
	return n;
}

static int skip(struct mp_tar_reader *r)
{
	char chunk[16384];
	ssize_t n;

	do
		n = mp_tar_data(r, chunk, sizeof(chunk));
	while (n > 0);
	return (int)n;
}

/* Octal digits between blanks, or GNU's base 256 for what does not fit. */
static int parse_number(const char *field, size_t len, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	if ((unsigned char)field[0] == 0x80) {
		for (i = 1; i < len; i++) {
			if (v >> 55)
				return -EBADMSG;
			v = v << 8 | (unsigned char)field[i];
		}
		*ret = v;
		return 0;
	}
	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(field[i] - '0');
	for (; i < len; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return -EBADMSG;
	*ret = v;
	return 0;
}

static bool is_zero(const struct tar_header *h)
{
	const char *p = (const char *)h;

	return p[0] == 0 && memcmp(p, p + 1, sizeof(*h) - 1) == 0;
}

unsigned mp_tar_checksum(const struct tar_header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	size_t from = offsetof(struct tar_header, checksum), to = from + sizeof(h->checksum);
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(*h); i++)
		sum += i >= from && i < to ? ' ' : p[i];
	return sum;
}

/* Leave the name as its plain components: no leading or double "/", no "."; none may be "..". */
static int normalise(const char *name, struct mp_buf *into)
{
	mp_buf_reset(into);
	while (*name) {
		size_t n = strcspn(name, "/");
		int r = 0;

		if (n == 2 && name[0] == '.' && name[1] == '.')
			return -EBADMSG;
		if (n > 0 && !(n == 1 && name[0] == '.')) {
			if (into->len > 0)
				r = mp_buf_add(into, "/", 1);
			if (r == 0)
				r = mp_buf_add(into, name, n);
		}
		if (r < 0)
			return r;
		name += n + (name[n] == '/');
	}
	return into->len > 0 ? 0 : mp_buf_add(into, ".", 1);
}

/* A fixed-size field need not end in a NUL. */
static int add_field(struct mp_buf *b, const char *field, size_t len)
{
	return mp_buf_add(b, field, strnlen(field, len));
}

static int header_path(struct mp_tar_private *p, struct mp_buf *into)
{
	const struct tar_header *h = &p->header;
	int r = 0;

	/* GNU's "ustar  " uses the place of the prefix for times. */
	if (h->prefix[0] && memcmp(h->magic, "ustar", 6) == 0) {
		r = add_field(into, h->prefix, sizeof(h->prefix));
		if (r == 0)
			r = mp_buf_add(into, "/", 1);
	}
	return r < 0 ? r : add_field(into, h->name, sizeof(h->name));
}

static int take_path(struct mp_tar_private *p, bool *ret_slash)
{
	MP_BUF(raw, MP_TAR_PATH_MAX);
	const char *name = mp_buf_str(&p->pax.path);

	if (p->pax.path.len == 0) {
		int r = header_path(p, &raw);

		if (r < 0)
			return r;
		name = mp_buf_str(&raw);
	}
	if (!*name)
		return -EBADMSG;
	*ret_slash = name[strlen(name) - 1] == '/';
	return normalise(name, &p->path);
}

static int take_link(struct mp_tar_private *p, enum mp_tar_type type)
{
	MP_BUF(raw, MP_TAR_PATH_MAX);
	const char *name = mp_buf_str(&p->pax.link);
	int r = 0;

	mp_buf_reset(&p->link);
	if (type != MP_TAR_HARDLINK && type != MP_TAR_SYMLINK)
		return 0;
	if (p->pax.link.len == 0) {
		r = add_field(&raw, p->header.link, sizeof(p->header.link));
		name = mp_buf_str(&raw);
	}
	if (r < 0)
		return r;
	if (!*name)
		return -EBADMSG;
	return type == MP_TAR_HARDLINK ? normalise(name, &p->link) : mp_buf_add_str(&p->link, name);
}

static int take_numbers(const struct mp_tar_private *p, struct mp_tar_entry *e)
{
	const struct tar_header *h = &p->header;
	uint64_t mode, mtime, major = 0, minor = 0;

	if (parse_number(h->mode, sizeof(h->mode), &mode) < 0 ||
	    parse_number(h->uid, sizeof(h->uid), &e->uid) < 0 ||
	    parse_number(h->gid, sizeof(h->gid), &e->gid) < 0)
		return -EBADMSG;
	if ((unsigned char)h->mtime[0] == 0xff)
		mtime = 0; /* before 1970 */
	else if (parse_number(h->mtime, sizeof(h->mtime), &mtime) < 0 || mtime > INT64_MAX)
		return -EBADMSG;
	if ((e->type == MP_TAR_CHAR || e->type == MP_TAR_BLOCKDEV) &&
	    (parse_number(h->major, sizeof(h->major), &major) < 0 ||
	     parse_number(h->minor, sizeof(h->minor), &minor) < 0))
		return -EBADMSG;
	e->mode = (uint32_t)(mode & 07777);
	e->major = (uint32_t)major;
	e->minor = (uint32_t)minor;
	e->uid = p->pax.has_uid ? p->pax.uid : e->uid;
	e->gid = p->pax.has_gid ? p->pax.gid : e->gid;
	e->mtime = p->pax.has_mtime ? p->pax.mtime : (int64_t)mtime;
	return 0;
}

static int take_type(char type, enum mp_tar_type *ret)
{
	switch (type) {
	case '\0':
	case '7': /* contiguous */
		*ret = MP_TAR_FILE;
		return 0;
	case MP_TAR_FILE:
	case MP_TAR_HARDLINK:
	case MP_TAR_SYMLINK:
	case MP_TAR_CHAR:
	case MP_TAR_BLOCKDEV:
	case MP_TAR_DIR:
	case MP_TAR_FIFO:
		*ret = (enum mp_tar_type)type;
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int take_entry(struct mp_tar_private *p, uint64_t size, struct mp_tar_entry *ret)
{
	struct mp_tar_entry e = {0};
	bool slash;
	int r = take_type(p->header.type, &e.type);

	if (r == 0)
		r = take_path(p, &slash);
	if (r == 0 && e.type == MP_TAR_FILE && slash)
		e.type = MP_TAR_DIR; /* before 1988 */
	if (r == 0)
		r = take_link(p, e.type);
	if (r == 0)
		r = take_numbers(p, &e);
	if (r < 0)
		return r;
	if (p->pax.has_size)
		size = p->pax.size;
	if (e.type != MP_TAR_FILE)
		size = 0;
	p->left = e.size = size;
	p->padding = mp_tar_padding(size);
	e.path = mp_buf_str(&p->path);
	e.link = mp_buf_str(&p->link);
	e.pax = p->pax.kept.len ? mp_buf_str(&p->pax.kept) : NULL;
	e.pax_len = p->pax.kept.len;
	*ret = e;
	return 1;
}

/* The body of an extended header, whole. */
static int read_text(struct mp_tar_reader *r, uint64_t size)
{
	char zeros[MP_TAR_BLOCK];
	int e;

	if (size > MP_TAR_EXTENDED_MAX)
		return -EFBIG;
	mp_buf_reset(&r->p->text);
	e = mp_buf_reserve(&r->p->text, (size_t)size);
	if (e == 0)
		e = read_all(r, r->p->text.data, (size_t)size);
	if (e < 0)
		return e;
	r->p->text.len = (size_t)size;
	r->p->text.data[size] = '\0';
	return read_all(r, zeros, mp_tar_padding(size));
}

static int take_extended(struct mp_tar_reader *r, uint64_t size)
{
	struct mp_tar_private *p = r->p;
	struct mp_buf *name = p->header.type == 'L' ? &p->pax.path : &p->pax.link;
	int e = read_text(r, size);

	if (e < 0 || p->header.type == 'g') /* a global comment, as git writes */
		return e;
	if (p->header.type == 'x')
		return mp_tar_pax_parse(mp_buf_str(&p->text), p->text.len, &p->pax);
	mp_buf_reset(name);
	return mp_buf_add(name, mp_buf_str(&p->text), strlen(mp_buf_str(&p->text)));
}

static void forget_pax(struct tar_pax *pax)
{
	mp_buf_reset(&pax->path);
	mp_buf_reset(&pax->link);
	mp_buf_reset(&pax->kept);
	pax->has_size = pax->has_uid = pax->has_gid = pax->has_mtime = false;
}

/* One header block: its size, 1 when there is one and 0 at the end. */
static int next_header(struct mp_tar_reader *r, uint64_t *ret_size)
{
	struct tar_header *h = &r->p->header;
	uint64_t sum;
	int e = read_all(r, h, sizeof(*h));

	if (e < 0)
		return e;
	if (is_zero(h))
		return 0;
	if (parse_number(h->checksum, sizeof(h->checksum), &sum) < 0 || sum != mp_tar_checksum(h) ||
	    parse_number(h->size, sizeof(h->size), ret_size) < 0)
		return -EBADMSG;
	return ++r->p->entries > MP_TAR_ENTRIES_MAX ? -EFBIG : 1;
}

int mp_tar_next(struct mp_tar_reader *r, struct mp_tar_entry *ret)
{
	uint64_t size;
	int e = open_private(r);

	if (e == 0)
		e = skip(r);
	if (e < 0)
		return e;
	forget_pax(&r->p->pax);
	while ((e = next_header(r, &size)) > 0) {
		if (!r->p->header.type || !strchr("xgLK", r->p->header.type))
			return take_entry(r->p, size, ret);
		e = take_extended(r, size);
		if (e < 0)
			return e;
	}
	return e;
}
