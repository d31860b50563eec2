/* SPDX-License-Identifier: Apache-2.0
 * boot.c - boot entries under boot counting (Boot Loader Specification, "Boot counting")
 *
 * The ESP is FAT, where a rename that power interrupts can leave the old and the new name on the
 * same clusters. Removing one of the two would free what the other one needs. So a second name of
 * a version that stays is left alone; it goes together with the first when the version goes. Or the
 * new name is there and leads to nothing yet: systemd-boot finds no kernel image in an empty file and
 * passes it over, and so do we.
 */
#include "slots/slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define PREFIX "mp_"
#define SUFFIX ".efi"
#define PART ".part"
#define MOST_TRIES 9999

/* A decimal number at *at, below MOST_TRIES; steps over it. -1: none. */
static int number_at(const char **at)
{
	int v = 0;

	if (**at < '0' || **at > '9')
		return -1;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		v = v * 10 + (**at - '0');
		if (v > MOST_TRIES)
			return -1;
	}
	return v;
}

static int parse_counter(const char *at, struct mp_boot_entry *e)
{
	e->left = -1;
	if (*at == '+') {
		at++;
		e->left = number_at(&at);
		if (e->left < 0)
			return -EBADMSG;
		if (*at == '-') {
			at++;
			e->done = number_at(&at);
		}
		if (e->done < 0)
			return -EBADMSG;
	}
	if (!mp_str_starts_with(at, SUFFIX))
		return -EBADMSG;
	at += strlen(SUFFIX);
	e->part = mp_streq(at, PART);
	return *at == '\0' || e->part ? 0 : -EBADMSG;
}

int mp_boot_entry_parse(const char *file, struct mp_boot_entry *ret)
{
	struct mp_boot_entry e = {.left = -1};
	size_t n, len = strlen(file);
	int r;

	if (len >= sizeof(e.file) || !mp_str_starts_with(file, PREFIX))
		return -EBADMSG;
	memcpy(e.file, file, len + 1);
	file += strlen(PREFIX);
	n = strspn(file, "0123456789.");
	while (n > 0 && file[n - 1] == '.') /* that of the suffix */
		n--;
	if (n >= sizeof(e.version))
		return -EBADMSG;
	memcpy(e.version, file, n);
	if (!mp_version_is_valid(e.version))
		return -EBADMSG;
	r = parse_counter(file + n, &e);
	if (r == 0)
		*ret = e;
	return r;
}

int mp_boot_entry_format(const char *version, int left, int done, char ret[96])
{
	int n;

	if (left < 0)
		n = snprintf(ret, 96, PREFIX "%s" SUFFIX, version);
	else if (done <= 0)
		n = snprintf(ret, 96, PREFIX "%s+%d" SUFFIX, version, left);
	else
		n = snprintf(ret, 96, PREFIX "%s+%d-%d" SUFFIX, version, left, done);
	return n < 0 || n >= 96 ? -EFBIG : 0;
}

/* ESP/EFI/Linux[/FILE] */
static int path_in(const char *esp, const char *file, char *ret, size_t room)
{
	int n = snprintf(ret, room, "%s/EFI/Linux%s%s", esp, file ? "/" : "", file ? file : "");

	return n < 0 || (size_t)n >= room ? -EFBIG : 0;
}

struct collect {
	struct mp_boot_entry *at;
	unsigned n;
};

static int collect_one(void *user, const char *name)
{
	struct collect *c = user;
	struct mp_boot_entry e;

	if (mp_boot_entry_parse(name, &e) < 0)
		return 0;
	if (c->n == MP_BOOT_ENTRIES)
		return -EFBIG;
	c->at[c->n++] = e;
	return 0;
}

static bool is_empty(struct mp_medium *m, const char *esp, const struct mp_boot_entry *e)
{
	char path[256];

	return path_in(esp, e->file, path, sizeof(path)) == 0 && mp_medium_size(m, path) == 0;
}

/* Also those that are empty. */
static int list_all(struct mp_medium *m, const char *esp, struct mp_boot_entry *ret,
		    unsigned *ret_n, struct mp_err *err)
{
	struct collect c = {.at = ret};
	char dir[256];
	int r = path_in(esp, NULL, dir, sizeof(dir));

	if (r == 0)
		r = mp_medium_list(m, dir, collect_one, &c);
	if (r < 0)
		return mp_err_set(err, r, "cannot list the boot entries in %s/EFI/Linux: %s", esp,
				  strerror(-r));
	*ret_n = c.n;
	return 0;
}

int mp_boot_list(struct mp_medium *m, const char *esp, struct mp_boot_entry *ret, unsigned *ret_n,
		 struct mp_err *err)
{
	unsigned n = 0, kept = 0;
	int r = list_all(m, esp, ret, &n, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < n; i++)
		if (ret[i].part || !is_empty(m, esp, &ret[i]))
			ret[kept++] = ret[i];
	*ret_n = kept;
	return 0;
}

static bool is_better(const struct mp_boot_entry *a, const struct mp_boot_entry *b)
{
	if (a->left < 0 || b->left < 0)
		return a->left < b->left;
	return a->left > b->left;
}

int mp_boot_find(struct mp_medium *m, const char *esp, const char *version,
		 struct mp_boot_entry *ret, struct mp_err *err)
{
	struct mp_boot_entry all[MP_BOOT_ENTRIES], *best = NULL;
	unsigned n = 0;
	int r = mp_boot_list(m, esp, all, &n, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < n; i++)
		if (!all[i].part && mp_version_compare(all[i].version, version) == 0 &&
		    (!best || is_better(&all[i], best)))
			best = &all[i];
	if (!best)
		return mp_err_set(err, -ENOENT, "release %s has no boot entry on %s", version, esp);
	*ret = *best;
	return 0;
}

static int rename_entry(struct mp_medium *m, const char *esp, const char *from, const char *to,
			struct mp_err *err)
{
	char a[256], b[256], dir[256];
	int r = path_in(esp, from, a, sizeof(a));

	if (r == 0)
		r = path_in(esp, to, b, sizeof(b));
	if (r == 0)
		r = path_in(esp, NULL, dir, sizeof(dir));
	if (r == 0)
		r = mp_medium_rename(m, a, b);
	if (r == 0)
		r = mp_medium_sync_dir(m, dir);
	if (r < 0)
		return mp_err_set(err, r, "cannot rename the boot entry %s to %s: %s", from, to,
				  strerror(-r));
	return 0;
}

int mp_boot_bless(struct mp_medium *m, const char *esp, const char *version, struct mp_err *err)
{
	struct mp_boot_entry e;
	char file[96];
	int r = mp_boot_find(m, esp, version, &e, err);

	if (r < 0 || e.left < 0)
		return r;
	r = mp_boot_entry_format(e.version, -1, 0, file);
	return r < 0 ? r : rename_entry(m, esp, e.file, file, err);
}

static bool is_taken(const struct mp_boot_entry *all, unsigned n, const char *file)
{
	for (unsigned i = 0; i < n; i++)
		if (mp_streq(all[i].file, file))
			return true;
	return false;
}

int mp_boot_condemn(struct mp_medium *m, const char *esp, const char *version, struct mp_err *err)
{
	struct mp_boot_entry all[MP_BOOT_ENTRIES];
	unsigned n = 0;
	int r = mp_boot_list(m, esp, all, &n, err);

	for (unsigned i = 0; r == 0 && i < n; i++) {
		int done = all[i].done > 0 ? all[i].done : 1;
		char file[96];

		if (all[i].part || all[i].left == 0 ||
		    mp_version_compare(all[i].version, version) != 0)
			continue;
		/* Not over another name of the same clusters. */
		do
			r = mp_boot_entry_format(all[i].version, 0, done++, file);
		while (r == 0 && is_taken(all, n, file));
		if (r == 0)
			r = rename_entry(m, esp, all[i].file, file, err);
		memcpy(all[i].file, file, sizeof(file));
	}
	return r;
}

int mp_boot_remove_others(struct mp_medium *m, const char *esp, const char *keep,
			  struct mp_err *err)
{
	struct mp_boot_entry all[MP_BOOT_ENTRIES];
	char path[256];
	unsigned n = 0;
	int r = list_all(m, esp, all, &n, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; r == 0 && i < n; i++) {
		if (mp_version_compare(all[i].version, keep) == 0 &&
		    (all[i].part || !is_empty(m, esp, &all[i])))
			continue;
		r = path_in(esp, all[i].file, path, sizeof(path));
		if (r == 0)
			r = mp_medium_remove(m, path);
	}
	if (r == 0)
		r = path_in(esp, NULL, path, sizeof(path));
	if (r == 0)
		r = mp_medium_sync_dir(m, path);
	if (r < 0)
		return mp_err_set(err, r, "cannot remove old boot entries from %s: %s", esp,
				  strerror(-r));
	return 0;
}

int mp_boot_part_path(const char *esp, const char *version, char *ret, size_t room)
{
	int n = snprintf(ret, room, "%s/EFI/Linux/" PREFIX "%s" SUFFIX PART, esp, version);

	return n < 0 || (size_t)n >= room ? -EFBIG : 0;
}

int mp_boot_commit(struct mp_medium *m, const char *esp, const char *version, int tries,
		   struct mp_err *err)
{
	char part[96], file[96];
	int n = snprintf(part, sizeof(part), PREFIX "%s" SUFFIX PART, version);
	int r = mp_boot_entry_format(version, tries, 0, file);

	if (r < 0 || n < 0 || (size_t)n >= sizeof(part))
		return mp_err_set(err, -EFBIG, "the version '%s' is too long", version);
	return rename_entry(m, esp, part, file, err);
}
