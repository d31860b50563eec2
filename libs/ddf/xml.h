/* SPDX-License-Identifier: Apache-2.0
 * xml.h - one file of objects, for ddf.c alone
 *
 *     struct mp_ddf_file f = {.name = "3303.xml"};
 *     f.last_text = &f.texts;
 *     r = mp_ddf_xml(&f, xml, len, err);
 */
#pragma once

#include "ddf/ddf.h"

struct mp_ddf_text { /* a string that an object borrows */
	struct mp_ddf_text *next;
	char data[];
};

struct mp_ddf_file {
	const char *name;
	struct mp_lwm2m_object *objects; /* their resources are allocated */
	size_t n;
	struct mp_ddf_text *texts, **last_text;
};

/* Read the file. What was read until a failure stays in `f`; the caller frees it in any case. */
int mp_ddf_xml(struct mp_ddf_file *f, const void *xml, size_t len, struct mp_err *err);
