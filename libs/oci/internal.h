/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - the two ends of a layer: a compressed file being written, a blob being read */
#pragma once

#include <sys/types.h>

#include "oci/oci.h"

#define OCI_LAYER_MAX (16ULL << 30) /* bytes of an uncompressed layer */

/* A layer file on its way: what is added is hashed, compressed, hashed again and written. */
struct oci_out;
int mp_oci_out_open(const char *path, int level, struct oci_out **ret, struct mp_err *err);
int mp_oci_out_add(struct oci_out *o, const void *data, size_t len, struct mp_err *err);
/* Finish and put the file in its place. */
int mp_oci_out_end(struct oci_out *o, struct mp_oci_layer *ret, struct mp_err *err);
void mp_oci_out_free(struct oci_out *o); /* an unfinished file goes */
static inline void oci_out_autofree(struct oci_out **o)
{
	mp_oci_out_free(*o);
}

/* A file read through its decompression; both sides are counted, the file is hashed. */
enum oci_packing { OCI_PLAIN, OCI_GZIP, OCI_ZSTD };
struct oci_in;
int mp_oci_in_open(const char *path, enum oci_packing packing, struct oci_in **ret,
		   struct mp_err *err);
/* Uncompressed bytes: how many, 0 at the end, -EBADMSG when the compression is broken. */
ssize_t mp_oci_in_read(struct oci_in *in, void *data, size_t len);
/* Size and SHA-256 of the file, once all of it was read. */
void mp_oci_in_end(struct oci_in *in, uint64_t *ret_size, char ret_sha256[65]);
void mp_oci_in_free(struct oci_in *in);
static inline void oci_in_autofree(struct oci_in **in)
{
	mp_oci_in_free(*in);
}

/* A sentence for what the tar reader returned. */
int mp_oci_tar_err(const char *path, int code, struct mp_err *err);

/* The entries of a folder, as a tar would have them (folder.c); and of a tar (rewrite.c). */
int mp_oci_add_folder(struct oci_out *o, const char *path, const struct mp_oci_source *source,
		      struct mp_err *err);
int mp_oci_add_archive(struct oci_out *o, const char *path, const struct mp_oci_source *source,
		       struct mp_err *err);

struct mp_tar_entry;
/* Is the entry to be left out? */
bool mp_oci_is_left_out(const char *path, const char *const *without);
/* Make the entry's facts those of the layer. */
void mp_oci_settle(struct mp_tar_entry *e, const struct mp_oci_source *source);
int mp_oci_add_header(struct oci_out *o, const struct mp_tar_entry *e, struct mp_err *err);
int mp_oci_add_zeros(struct oci_out *o, size_t len, struct mp_err *err);
