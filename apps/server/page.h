/* SPDX-License-Identifier: Apache-2.0
 * page.h - the web page: files of apps/server/page/, built into the program by tools/embed
 *
 * No authentication: they say nothing. The page asks for a token and uses the REST API with it.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct call;

struct page_file { /* made by tools/embed */
	const char *name; /* below the folder: "index.html" */
	const unsigned char *data;
	size_t len;
};
extern const struct page_file page_files[]; /* ends in a NULL name */

struct page;
int page_new(struct page **ret, struct mp_err *err);
void page_free(struct page *p);
/* The file at the call's path ("/" is index.html), or 404. */
void page_serve(struct call *c);
