/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - the header block, and PAX records, as the two halves of this module share them */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tar/tar.h"

/* POSIX.1-2017, pax, "ustar Interchange Format" */
struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link[100], magic[6], version[2], uname[32], gname[32], major[8], minor[8];
	char prefix[155], unused[12];
};
_Static_assert(sizeof(struct tar_header) == MP_TAR_BLOCK, "a header is one block");

unsigned mp_tar_checksum(const struct tar_header *h);

/* What a PAX header says about the entry after it. */
struct tar_pax {
	struct mp_buf path, link; /* empty: not said */
	struct mp_buf kept; /* records of extended attributes, as they came */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size, uid, gid;
	int64_t mtime;
};

/* Read the records of one PAX header into `pax`. 0, -EBADMSG, -ENOTSUP (sparse), -ENOMEM. */
int mp_tar_pax_parse(const char *text, size_t len, struct tar_pax *pax);
