/* SPDX-License-Identifier: Apache-2.0
 * link.h - links of registration and Discover (RFC 6690 as LwM2M Core 6.2.1 and 6.3.2 use it)
 *
 *     mp_lwm2m_links(&walk, payload, len);
 *     while ((k = mp_lwm2m_link_next(&walk, &link)) > 0)
 *         while (mp_lwm2m_link_attribute(&link, &a)) ...
 *
 *     mp_lwm2m_link_write(&w, out, sizeof(out));
 *     mp_lwm2m_link_add(&w, &mp_lwm2m_path(3, 0));
 *     mp_lwm2m_link_add_attribute(&w, "ver", "1.1");
 *     n = mp_lwm2m_link_end(&w);
 *
 * No clock, no memory, no I/O: what is read points into the text that was given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/path.h"

struct mp_lwm2m_link {
	const char *target; /* what stands between < and > */
	size_t target_len;
	bool has_path; /* the target, without the alternate root, is a path of LwM2M */
	struct mp_lwm2m_path path;
	const char *at, *end; /* the attributes that are left */
};
struct mp_lwm2m_attribute {
	const char *name;
	size_t name_len;
	const char *value; /* NULL: none; without its quotes, escapes still in it */
	size_t value_len;
	bool quoted;
};
struct mp_lwm2m_links { /* a walk */
	const char *at, *end;
	const char *root; /* the alternate path of rt="oma.lwm2m" ("/lwm2m"), without a final '/' */
	size_t root_len;
	bool begun;
};

/* The alternate root is looked for first, in the whole text. */
void mp_lwm2m_links(struct mp_lwm2m_links *walk, const void *text, size_t len);
/* 1: a link, whose attributes are all sound; 0: the end; -EBADMSG. */
int mp_lwm2m_link_next(struct mp_lwm2m_links *walk, struct mp_lwm2m_link *ret);
/* The next attribute of it; false after the last one. */
bool mp_lwm2m_link_attribute(struct mp_lwm2m_link *link, struct mp_lwm2m_attribute *ret);
/* The first attribute of this name. Does not move the walk. */
bool mp_lwm2m_link_find(const struct mp_lwm2m_link *link, const char *name,
			struct mp_lwm2m_attribute *ret);

struct mp_lwm2m_link_writer {
	char *out;
	size_t room, len;
	const char *root; /* set it to "/lwm2m" for an alternate path; NULL: none */
	int error;
};
/* Errors are kept and told at the end. */
void mp_lwm2m_link_write(struct mp_lwm2m_link_writer *w, void *out, size_t room);
void mp_lwm2m_link_add(struct mp_lwm2m_link_writer *w, const struct mp_lwm2m_path *path);
/* Attributes of the link that was added last: ;ver=1.1 or ;rt="oma.lwm2m" or, without a value, ;edge */
void mp_lwm2m_link_add_attribute(struct mp_lwm2m_link_writer *w, const char *name,
				 const char *value);
void mp_lwm2m_link_add_quoted(struct mp_lwm2m_link_writer *w, const char *name, const char *value);
/* The length, without a final NUL; -ENOSPC, -EINVAL. */
int mp_lwm2m_link_end(struct mp_lwm2m_link_writer *w);
