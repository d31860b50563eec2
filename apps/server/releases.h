/* SPDX-License-Identifier: Apache-2.0
 * releases.h - what has been published, and channels that point to it */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/json.h"
#include "release/release.h"
#include "store/store.h"

struct server;

#define RELEASE_BOARDS 32
#define RELEASE_NO_BOARD "-" /* of a file that no device needs */

struct release {
	int64_t id, published;
	const char *version, *minimum_version, *product; /* interned; minimum "" when any will do */
	unsigned n_boards;
	const char *boards[RELEASE_BOARDS]; /* interned */
	const char *firmware[RELEASE_BOARDS]; /* its version, interned; NULL: the board has an OS */
};

struct releases;
int releases_load(struct server *s, struct releases **ret, struct mp_err *err);
void releases_free(struct releases *t);
size_t releases_count(const struct releases *t);
struct release *releases_at(const struct releases *t, size_t i); /* the newest first */
struct release *releases_find(const struct releases *t, const char *version); /* NULL: not there */
struct release *releases_find_id(const struct releases *t, int64_t id);

/* Is there something in it for this board? "" stands for the only board of a release. */
bool release_fits(const struct release *r, const char *board);

/* -ENOMEM. */
int release_add_board(struct release *r, const char *board, const char *firmware);
/* What the manifest says of the firmware for this board, read from its blob: *ret_n images, yours to free.
 * -ENOENT: the board takes none. */
int release_firmware(struct server *s, const struct release *r, const char *board,
		     struct mp_release_firmware **ret, unsigned *ret_n);

/* The version of the firmware for this board, or of its first component; NULL: it has none for it. */
const char *release_firmware_version(const struct release *r, const char *board);

/* Put one into the catalogue (taken on success). */
int releases_insert(struct releases *t, struct release *r);

/* Check signature, version, manifest and blobs, write everything and sign new metadata.
 * -EEXIST, -EPROTO (a version goes down), -EBADMSG, -EKEYREJECTED, -ENOENT (a blob is missing). */
int releases_publish(struct server *s, const char *manifest, const char *targets,
		     struct release **ret, struct mp_err *err);
/* Does this N.targets.json list all files of all published releases as they are? -EBADMSG. */
int releases_check_targets(struct server *s, const struct mp_json *targets, struct mp_err *err);
int release_json(struct server *s, const struct release *r, struct mp_json **ret);

/* The files that a device with this board needs, metadata first: name, sha256, size, sha1, md5. */
int release_files(struct server *s, const struct release *r, const char *board,
		  struct mp_query **ret);

int channels_set(struct server *s, const char *name, const char *release);
int channels_remove(struct server *s, const char *name); /* -ENOENT */
int channels_find(struct server *s, const char *name, char ret_release[32]); /* -ENOENT */
/* Some of them by name, and how many there are. */
int channels_json(struct server *s, uint64_t offset, uint64_t limit, struct mp_json **ret_items,
		  uint64_t *ret_total);
