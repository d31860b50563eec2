/* SPDX-License-Identifier: Apache-2.0 */
/* release.h - the manifest of a release (docs/spec/release.md)
 *
 * A release is a set of TUF targets: `VERSION.manifest.json` and the content-addressed blobs that
 * it names. This module reads and writes the manifest; TUF has verified its bytes before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

#define MP_RELEASE_SERVICES 32
#define MP_RELEASE_LAYERS 64
#define MP_RELEASE_SOURCES 8
#define MP_RELEASE_COMPONENTS 16 /* of a board */
#define MP_RELEASE_COMPONENT 63 /* bytes of a name */

struct mp_release_source {
	char type
		[16]; /* "full"; unknown types are skipped by devices, so that others can be added */
	char target[200]; /* TUF target path of the payload */
	uint64_t size; /* bytes of the payload file */
	char index_sha256[65]; /* of its header and index */
};

struct mp_release_os { /* one board's operating system */
	char board[64];
	char root_hash[65]; /* dm-verity root hash, hex; also gives both partition UUIDs */
	uint64_t root_size, verity_size, uki_size; /* bytes */
	char root_sha256[65], verity_sha256[65], uki_sha256[65];
	char uki_name[64]; /* file name on the ESP without tries: "mp_1.1.0.efi" */
	unsigned n_sources;
	struct mp_release_source sources[MP_RELEASE_SOURCES];
};

enum mp_release_object { /* of LwM2M, through which a device takes its firmware */
			 MP_RELEASE_FIRMWARE, /* object 5 */
			 MP_RELEASE_SOFTWARE, /* object 9 */
			 MP_RELEASE_ADVANCED, /* our advanced firmware update */
};

struct mp_release_firmware { /* one board that is a microcontroller, managed over LwM2M, or a component of it */
	char board[64];
	char component[MP_RELEASE_COMPONENT + 1]; /* "": the board is one whole */
	char version[64]; /* as the device reports it when it runs */
	char target[200]; /* TUF target path of the image */
	uint64_t size;
	char sha256[65];
	enum mp_release_object object;
	bool pull; /* the device fetches it by URI; else the server writes it to the device */
};

struct mp_release_layer {
	char diff_id[65]; /* SHA-256 of the uncompressed tar, hex */
	char target[200]; /* TUF target path of the compressed blob */
	uint64_t size; /* bytes of the blob */
};

struct mp_release_service {
	char name[64];
	char image_id[65]; /* SHA-256 of the image configuration, hex: Docker's image id */
	char config_target[200]; /* TUF target path of the image configuration */
	uint64_t config_size;
	unsigned n_layers;
	struct mp_release_layer layers[MP_RELEASE_LAYERS];
	const struct mp_json
		*spec; /* the service as normalised from docker-compose.yml; borrowed */
};

struct mp_release {
	char product[64], version[32], minimum_version[32]; /* minimum "" when any will do */
	const char *notes; /* borrowed; "" when none */
	char sbom_target[200]; /* "" when none */
	unsigned n_os, n_firmware, n_services;
	struct mp_release_os *os;
	struct mp_release_firmware *firmware; /* components of one board follow each other */
	struct mp_release_service *services;
	struct mp_json *doc; /* what everything above borrows from */
};

/* Everything is checked: names, sizes, digests, versions; unknown members are ignored, and so is
 * all but the type of a source of an unknown type. -EBADMSG, -EFBIG (more than the limits above, or
 * more than 1 MiB), -ENOTSUP: another format; -ENOMEM. */
int mp_release_parse(const void *text, size_t len, struct mp_release **ret, struct mp_err *err);
void mp_release_free(struct mp_release *r);
DEFINE_AUTO(mp_release)

/* The manifest's JSON text. */
int mp_release_format(const struct mp_release *r, struct mp_buf *out);
/* NULL when the release has nothing for this board. */
const struct mp_release_os *mp_release_find_os(const struct mp_release *r, const char *board);
/* The first of *ret_n, one for each component; more than one is of object advanced. */
const struct mp_release_firmware *mp_release_find_firmware(const struct mp_release *r,
							   const char *board, unsigned *ret_n);
/* A component's name, as the device has it: printable ASCII. */
bool mp_release_is_component(const char *name);
const char *mp_release_object_name(enum mp_release_object o); /* "firmware", ... */
int mp_release_object_parse(const char *name); /* -EBADMSG */
