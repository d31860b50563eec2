/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - from product.yaml to a release that boots (docs/guide/images.md)
 *
 *     struct mp_image_job job = { .product = p, .source = "/usr/share/microplatform", ... };
 *     r = mp_image_build(&job, &err);      // PRODUCT/build/VERSION/release.json and its files
 *
 * Packages come from the Debian mirror of the host's apt, are locked in PRODUCT/mp.lock and kept
 * in PRODUCT/cache, and are unpacked, never installed: no maintainer script runs, so neither root
 * nor a namespace is needed, and the same lock gives the same bytes. Tools run from a tree of
 * their own, locked in the same way. Steps whose inputs have not changed are taken from the cache.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "product/product.h"

struct mp_image_job {
	const struct mp_product *product;
	const char *source; /* this repository, or where it is installed: os/, meson.build ... */
	const char *cache; /* the user's cache: tools, sysroot, device programs */
	bool update; /* lock the newest packages again */
	/* One line for each step that takes time, when it is done; `what` is like "root image" */
	void (*step)(void *user, const char *what, double seconds);
	void (*begin)(void *user, const char *what); /* the same, when it begins; may be NULL */
	void *user;
};

/* What a build measured, for the table at its end. */
struct mp_image_figures {
	uint64_t root, verity, uki, initrd, payload; /* bytes, of the last board */
	unsigned packages;
};

/* Build every board and the application of the release. Nothing of an earlier build of the same
 * version is touched until the new one is whole. */
int mp_image_build(const struct mp_image_job *job, struct mp_image_figures *ret,
		   struct mp_err *err);
