/* SPDX-License-Identifier: Apache-2.0 */
/* built.h - build/VERSION/release.json: what `mp build` made, as publish and verify read it
 *
 * {"version","manifest":"VERSION.manifest.json","targets":[{"path","file","length","sha256"}],
 *  "boards":{...}}; `file` is relative to build/VERSION/.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"
#include "json/json.h"
#include "product/product.h"
#include "release/release.h"
#include "verb.h"

struct mp_built_file { /* borrowed from the document, but `file` */
	const char *path; /* TUF target path */
	char *file; /* where it lies */
	uint64_t length;
	const char *sha256;
};

struct mp_built {
	char *dir; /* PRODUCT/build/VERSION */
	const char *version, *manifest;
	struct mp_built_file *files;
	size_t n_files;
	uint64_t total; /* bytes of all files */
	struct mp_json *doc;
};

/* `version` NULL: product.yaml's. -ENOENT: not built, with the sentence that says so. */
int mp_built_read(const struct mp_product *p, const char *version, struct mp_built **ret,
		  struct mp_err *err);
void mp_built_free(struct mp_built *b);
DEFINE_AUTO(mp_built)

const struct mp_built_file *mp_built_find(const struct mp_built *b, const char *path);
/* Length and digest of every file. -EBADMSG names the first that is not as it was built. */
int mp_built_check(const struct mp_built *b, struct mp_progress *progress, struct mp_err *err);
/* The manifest, which must be of this product and version and name only files that are there. */
int mp_built_manifest(const struct mp_built *b, const struct mp_product *p, struct mp_release **ret,
		      struct mp_err *err);
/* Put other notes into the manifest; release.json follows. `b` is stale afterwards. */
int mp_built_set_notes(const struct mp_built *b, const char *notes, struct mp_err *err);
