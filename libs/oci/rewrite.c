/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "oci/internal.h"
#include "tar/tar.h"

static ssize_t from_in(void *user, void *data, size_t len)
{
	return mp_oci_in_read(user, data, len);
}

static bool has_place(const struct mp_tar_entry *e, const struct mp_oci_source *source)
{
	if (e->type == MP_TAR_CHAR || e->type == MP_TAR_BLOCKDEV || e->type == MP_TAR_FIFO)
		return false;
	/* The root itself is Docker's: a temporary folder's 0700 must not become the container's.
	 */
	return strcmp(e->path, ".") != 0 && !mp_oci_is_left_out(e->path, source->without);
}

static int copy_data(struct mp_tar_reader *reader, uint64_t size, struct oci_out *o,
		     const char *path, struct mp_err *err)
{
	char chunk[65536];
	ssize_t n;

	while ((n = mp_tar_data(reader, chunk, sizeof(chunk))) > 0) {
		int r = mp_oci_out_add(o, chunk, (size_t)n, err);

		if (r < 0)
			return r;
	}
	if (n < 0)
		return mp_oci_tar_err(path, (int)n, err);
	return mp_oci_add_zeros(o, mp_tar_padding(size), err);
}

static int copy_entry(struct mp_tar_reader *reader, struct mp_tar_entry *e, struct oci_out *o,
		      const char *path, const struct mp_oci_source *source, struct mp_err *err)
{
	int r;

	if (!has_place(e, source))
		return 0;
	if (e->type == MP_TAR_HARDLINK && mp_oci_is_left_out(e->link, source->without))
		return mp_err_set(err, -EBADMSG,
				  "%s: %s is a hard link to %s, which is to be left out", path,
				  e->path, e->link);
	mp_oci_settle(e, source);
	r = mp_oci_add_header(o, e, err);
	return r < 0 ? r : copy_data(reader, e->size, o, path, err);
}

int mp_oci_add_archive(struct oci_out *o, const char *path, const struct mp_oci_source *source,
		       struct mp_err *err)
{
	__attribute__((cleanup(oci_in_autofree))) struct oci_in *in = NULL;
	struct mp_tar_reader reader = {.read = from_in};
	struct mp_tar_entry e;
	int r = mp_oci_in_open(path, OCI_PLAIN, &in, err), n;

	if (r < 0)
		return r;
	reader.user = in;
	while ((n = mp_tar_next(&reader, &e)) > 0) {
		r = copy_entry(&reader, &e, o, path, source, err);
		if (r < 0)
			break;
	}
	if (n < 0)
		r = mp_oci_tar_err(path, n, err);
	mp_tar_reader_done(&reader);
	return r;
}
