/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "oci/internal.h"
#include "tar/tar.h"

int mp_oci_tar_err(const char *path, int code, struct mp_err *err)
{
	switch (code) {
	case -EBADMSG:
		return mp_err_set(err, code,
				  "%s is not a sound tar archive: it is malformed, cut short, or "
				  "holds a name that leaves the root",
				  path);
	case -EFBIG:
		return mp_err_set(err, code, "%s holds too many entries or too long a name", path);
	case -ENOTSUP:
		return mp_err_set(err, code,
				  "%s holds a sparse file or another kind of entry that "
				  "layers cannot have",
				  path);
	default:
		return mp_err_set(err, code, "cannot read %s: %s", path, strerror(-code));
	}
}

bool mp_oci_is_left_out(const char *path, const char *const *without)
{
	for (; without && *without; without++) {
		size_t n = strlen(*without);

		if (strncmp(path, *without, n) == 0 && (path[n] == '\0' || path[n] == '/'))
			return true;
	}
	return false;
}

void mp_oci_settle(struct mp_tar_entry *e, const struct mp_oci_source *source)
{
	if (e->mtime > source->epoch)
		e->mtime = source->epoch;
	if (!source->plain)
		return;
	e->uid = e->gid = 0;
	if (e->type == MP_TAR_DIR && (e->mode & 01002) == 01002)
		e->mode = 01777; /* like /tmp */
	else
		e->mode = e->type == MP_TAR_DIR || (e->mode & 0111) ? 0755 : 0644;
	if (e->type == MP_TAR_SYMLINK)
		e->mode = 0777;
}

int mp_oci_add_header(struct oci_out *o, const struct mp_tar_entry *e, struct mp_err *err)
{
	MP_BUF(b, MP_TAR_EXTENDED_MAX + 4 * MP_TAR_BLOCK);
	int r = mp_tar_format(e, &b);

	if (r < 0)
		return mp_err_set(err, r, "cannot write the entry %s: %s", e->path, strerror(-r));
	return mp_oci_out_add(o, b.data, b.len, err);
}

int mp_oci_add_zeros(struct oci_out *o, size_t len, struct mp_err *err)
{
	static const char zeros[MP_TAR_END];

	return len == 0 ? 0 : mp_oci_out_add(o, zeros, len, err);
}

int mp_oci_layer_create(const char *path, const char *out, const struct mp_oci_source *source,
			struct mp_oci_layer *ret, struct mp_err *err)
{
	__attribute__((cleanup(oci_out_autofree))) struct oci_out *o = NULL;
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return mp_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	r = mp_oci_out_open(out, source->level, &o, err);
	if (r < 0)
		return r;
	r = S_ISDIR(st.st_mode) ? mp_oci_add_folder(o, path, source, err)
				: mp_oci_add_archive(o, path, source, err);
	if (r == 0)
		r = mp_oci_add_zeros(o, MP_TAR_END, err);
	return r < 0 ? r : mp_oci_out_end(o, ret, err);
}
