/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "tar/internal.h"

#define ID_MAX 07777777ULL /* what seven octal digits hold */
#define SIZE_MAX_OCTAL 077777777777ULL /* eleven */

/* `width` - 1 octal digits and a NUL. What does not fit was told in a PAX record. */
static void put_octal(char *field, size_t width, uint64_t v)
{
	for (size_t i = width - 1; i-- > 0; v >>= 3)
		field[i] = (char)('0' + (v & 7));
	field[width - 1] = '\0';
}

/* Split a long name at a "/" into prefix and name. False when no place fits. */
static bool put_name(struct tar_header *h, const char *name)
{
	size_t n = strlen(name);

	if (n <= sizeof(h->name)) {
		memcpy(h->name, name, n);
		return true;
	}
	for (size_t i = n - sizeof(h->name) - 1; i < n - 1 && i <= sizeof(h->prefix); i++) {
		if (name[i] != '/' || i == 0)
			continue;
		memcpy(h->prefix, name, i);
		memcpy(h->name, name + i + 1, n - i - 1);
		return true;
	}
	return false;
}

/* "LENGTH KEY=VALUE\n": the length counts its own digits. */
static int add_record(struct mp_buf *records, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, len = rest + 1;

	while (len != rest + (size_t)snprintf(NULL, 0, "%zu", len))
		len++;
	return mp_buf_printf(records, "%zu %s=%s\n", len, key, value);
}

static int add_number(struct mp_buf *records, const char *key, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return add_record(records, key, text);
}

static int add_header(struct mp_buf *out, struct tar_header *h)
{
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	put_octal(h->checksum, 7, mp_tar_checksum(h));
	h->checksum[7] = ' ';
	return mp_buf_add(out, h, sizeof(*h));
}

/* The PAX header that goes before `h`, when any record is there. */
static int add_pax(struct mp_buf *out, const struct mp_buf *records)
{
	static const char zeros[MP_TAR_BLOCK];
	struct tar_header h = {.name = "PaxHeader", .type = 'x'};
	int r;

	if (records->len == 0)
		return 0;
	put_octal(h.mode, sizeof(h.mode), 0644);
	put_octal(h.uid, sizeof(h.uid), 0);
	put_octal(h.gid, sizeof(h.gid), 0);
	put_octal(h.size, sizeof(h.size), records->len);
	put_octal(h.mtime, sizeof(h.mtime), 0);
	r = add_header(out, &h);
	if (r == 0)
		r = mp_buf_add(out, records->data, records->len);
	return r < 0 ? r : mp_buf_add(out, zeros, mp_tar_padding(records->len));
}

static int put_numbers(struct tar_header *h, const struct mp_tar_entry *e, struct mp_buf *records)
{
	uint64_t mtime = e->mtime < 0 ? 0 : (uint64_t)e->mtime;
	int r = 0;

	put_octal(h->mode, sizeof(h->mode), e->mode & 07777);
	put_octal(h->uid, sizeof(h->uid), e->uid);
	put_octal(h->gid, sizeof(h->gid), e->gid);
	put_octal(h->size, sizeof(h->size), e->size);
	put_octal(h->mtime, sizeof(h->mtime), mtime);
	if (e->type == MP_TAR_CHAR || e->type == MP_TAR_BLOCKDEV) {
		put_octal(h->major, sizeof(h->major), e->major);
		put_octal(h->minor, sizeof(h->minor), e->minor);
	}
	if (e->uid > ID_MAX)
		r = add_number(records, "uid", e->uid);
	if (r == 0 && e->gid > ID_MAX)
		r = add_number(records, "gid", e->gid);
	if (r == 0 && e->size > SIZE_MAX_OCTAL)
		r = add_number(records, "size", e->size);
	if (r == 0 && mtime > SIZE_MAX_OCTAL)
		r = add_number(records, "mtime", mtime);
	return r;
}

static int put_names(struct tar_header *h, const struct mp_tar_entry *e, struct mp_buf *records)
{
	bool root = mp_streq(e->path, ".");
	auto_free char *name = mp_str_format("%s%s", root ? "./" : e->path,
					     e->type == MP_TAR_DIR && !root ? "/" : "");
	int r = 0;

	if (!name)
		return -ENOMEM;
	if (!put_name(h, name)) {
		memcpy(h->name, name, sizeof(h->name));
		r = add_record(records, "path", name);
	}
	if (r < 0 || !e->link)
		return r;
	if (strlen(e->link) > sizeof(h->link))
		r = add_record(records, "linkpath", e->link);
	memcpy(h->link, e->link, strnlen(e->link, sizeof(h->link)));
	return r;
}

int mp_tar_format(const struct mp_tar_entry *e, struct mp_buf *out)
{
	MP_BUF(records, MP_TAR_EXTENDED_MAX);
	struct tar_header h = {.type = (char)e->type};
	int r = put_names(&h, e, &records);

	if (r == 0)
		r = put_numbers(&h, e, &records);
	if (r == 0 && e->pax)
		r = mp_buf_add(&records, e->pax, e->pax_len);
	if (r == 0)
		r = add_pax(out, &records);
	return r < 0 ? r : add_header(out, &h);
}
