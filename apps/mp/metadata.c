/* SPDX-License-Identifier: Apache-2.0 */
/* The signed files in PRODUCT/tuf: which is the newest, and may it still be relied on? */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/str.h"
#include "keyring.h"
#include "tuf/repo.h"

/* N of "N.KIND.json", 0 when the name is another. */
static int64_t version_of(const char *name, const char *kind)
{
	char number[24], wanted[64];
	size_t digits = strspn(name, "0123456789");
	uint64_t n;

	if (digits == 0 || digits >= sizeof(number))
		return 0;
	memcpy(number, name, digits);
	number[digits] = '\0';
	snprintf(wanted, sizeof(wanted), ".%s.json", kind);
	if (!mp_streq(name + digits, wanted) || mp_str_parse_u64(number, INT64_MAX, &n) < 0)
		return 0;
	return (int64_t)n;
}

int mp_tuf_newest(const struct mp_product *p, const char *kind, int64_t *ret_version,
		  struct mp_buf *text, struct mp_err *err)
{
	auto_free char *dir = mp_product_path(p, "tuf"), *path = NULL;
	DIR *d = dir ? opendir(dir) : NULL;
	const struct dirent *entry;
	int64_t newest = 0;
	int r;

	if (!d)
		return mp_err_set(err, -ENOENT, "%s/tuf is missing: restore it from your copy",
				  p->dir);
	while ((entry = readdir(d))) {
		int64_t version = version_of(entry->d_name, kind);

		newest = version > newest ? version : newest;
	}
	closedir(d);
	if (newest > 0) {
		path = mp_str_format("%s/%lld.%s.json", dir, (long long)newest, kind);
		r = path ? mp_file_read(path, text, err) : -ENOMEM;
		if (r < 0)
			return r;
	}
	*ret_version = newest;
	return 0;
}

int mp_tuf_expires(const struct mp_json *file, int64_t *ret, struct mp_err *err)
{
	const char *text = NULL;
	struct tm tm = {0};
	int r = mp_json_read_str(mp_json_get(file, "signed"), "expires", &text, err);

	if (r < 0)
		return r;
	if (!strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return mp_err_set(err, -EBADMSG, "'%s' is no time", text);
	*ret = (int64_t)timegm(&tm);
	return 0;
}

int mp_tuf_read_root(const struct mp_product *p, struct mp_buf *text, int64_t *ret_version,
		     struct mp_err *err)
{
	auto_(mp_json) *root = NULL;
	int64_t version, expires;
	int r = mp_tuf_newest(p, "root", &version, text, err);

	if (r == 0 && version == 0)
		r = mp_err_set(err, -ENOENT, "%s/tuf has no root: restore it from your copy",
			       p->dir);
	if (r < 0)
		return r;
	r = mp_tuf_check(mp_buf_str(text), text->len, "root", mp_buf_str(text), text->len, &root,
			 err);
	if (r == 0)
		r = mp_tuf_expires(root, &expires, err);
	if (r < 0)
		return mp_err_wrap(err, r, "tuf/%lld.root.json", (long long)version);
	if (expires <= time(NULL))
		return mp_err_set(err, -ESTALE,
				  "tuf/%lld.root.json has expired, so no device would believe what "
				  "it signs: renew it with 'mp key rotate root'",
				  (long long)version);
	*ret_version = version;
	return 0;
}
