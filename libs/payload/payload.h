/* SPDX-License-Identifier: Apache-2.0 */
/* payload.h - a slot image on the wire: independently verified frames (docs/spec/payload.md)
 *
 * A payload carries named parts ("root", "verity", "uki"). Each frame holds at most 1 MiB of one
 * part, is compressed by itself (zstd) and has its SHA-256 in the index, which stands in front and
 * is itself pinned by the release's manifest. So a device verifies each frame before it writes a
 * byte of it, writes it straight into the slot, and resumes at any frame with a Range request.
 * The index stays borrowed from the caller's bytes. Reading does no I/O and needs no clock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

#define MP_PAYLOAD_FRAME (1u << 20) /* most uncompressed bytes of one frame */
#define MP_PAYLOAD_PARTS 8 /* most parts */
#define MP_PAYLOAD_FRAMES 65536 /* most frames: a slot of 64 GiB */
#define MP_PAYLOAD_HEADER 16 /* bytes to read first: magic, version, index size */

struct mp_payload_part {
	char name[16];
	uint64_t size; /* uncompressed bytes */
};

/* How a frame stands in the payload. More may be added (a copy from the old slot, a delta): a
 * device that does not know one refuses the index with -ENOTSUP before it has written a byte. */
enum mp_payload_encoding {
	MP_PAYLOAD_RAW, /* as it is */
	MP_PAYLOAD_ZSTD, /* one zstd frame */
	MP_PAYLOAD_ZERO, /* all zero bytes: takes no room */
};

struct mp_payload_frame {
	enum mp_payload_encoding encoding;
	unsigned part; /* index into the parts */
	uint64_t part_offset; /* where its first byte goes in the part */
	uint32_t raw_len; /* uncompressed bytes */
	uint64_t offset; /* where it stands in the payload file */
	uint32_t len; /* bytes in the file */
	uint8_t sha256[32]; /* of the uncompressed bytes */
};

struct mp_payload_index {
	const uint8_t *bytes; /* header and index, borrowed */
	size_t len;
	unsigned n_parts, n_frames;
	struct mp_payload_part parts[MP_PAYLOAD_PARTS];
	uint64_t total; /* bytes of the whole payload file */
};

/* From the first 16 bytes: how many bytes header and index take together. -EBADMSG, -EFBIG,
 * -ENOTSUP: another version of the format. */
int mp_payload_index_size(const uint8_t header[MP_PAYLOAD_HEADER], uint32_t *ret);
/* Check header and index as a whole: parts and frames are complete, in order, without overlap.
 * -EBADMSG; -ENOTSUP: made by a later version. */
int mp_payload_index_decode(const void *bytes, size_t len, struct mp_payload_index *ret,
			    struct mp_err *err);
/* i < n_frames */
void mp_payload_frame_get(const struct mp_payload_index *ix, unsigned i,
			  struct mp_payload_frame *ret);
/* The part of this name, an index into `parts`; -ENOENT. */
int mp_payload_find_part(const struct mp_payload_index *ix, const char *name);

/* Uncompress and verify one frame. `raw` has room for MP_PAYLOAD_FRAME bytes. -EBADMSG: not what
 * the index promises. `decoder` is made once and reused (its memory is bounded by the frame). */
struct mp_payload_decoder;
int mp_payload_decoder_new(struct mp_payload_decoder **ret);
void mp_payload_decoder_free(struct mp_payload_decoder *d);
DEFINE_AUTO(mp_payload_decoder)
int mp_payload_frame_decode(struct mp_payload_decoder *d, const struct mp_payload_frame *f,
			    const void *bytes, size_t len, uint8_t *raw, struct mp_err *err);

/* ---- making one (build machine) ---- */
struct mp_payload_source {
	const char *name; /* part name */
	const char *path; /* file to read */
};
/* Write the payload file `out`; same inputs give the same bytes. `level`: zstd level 1..19.
 * `index_sha256`: hex digest of header and index, for the manifest. Nothing is left on failure. */
int mp_payload_create(const struct mp_payload_source *sources, unsigned n, int level,
		      const char *out, char index_sha256[65],
		      void (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		      struct mp_err *err);
/* The same with smaller frames, of `frame` bytes at most. */
int mp_payload_create_framed(const struct mp_payload_source *sources, unsigned n, int level,
			     uint32_t frame, const char *out, char index_sha256[65],
			     void (*progress)(void *user, uint64_t done, uint64_t total),
			     void *user, struct mp_err *err);
