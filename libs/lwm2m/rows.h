/* SPDX-License-Identifier: Apache-2.0
 * rows.h - instances of objects that are nothing but stored values, in one block of bytes
 *
 *     struct mp_lwm2m_rows rows = {.limit = 16 * 1024};
 *     r = mp_lwm2m_rows_set(&rows, &mp_lwm2m_path(1, 0, 1), &(struct mp_lwm2m_value)...);
 *     if (mp_lwm2m_rows_get(&rows, &mp_lwm2m_path(1, 0, 1), &v)) ... v.integer
 *     save(rows.data, rows.len);          // the block itself is what is stored
 *
 * Each value costs 11 bytes and itself. They lie in the order of paths; a walk over all of a device
 * is a few hundred bytes. An instance without values is there as a record of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/path.h"
#include "lwm2m/value.h"

struct mp_lwm2m_rows { /* all zero is empty */
	uint8_t *data;
	size_t len, room;
	size_t limit; /* most bytes; 0: 64 KiB */
};
void mp_lwm2m_rows_done(struct mp_lwm2m_rows *rows);

/* Set the value of a resource (path.n 3) or resource instance (4); its instance comes to be.
 * 0, -ENOMEM, -ENOSPC: the limit; -EINVAL: a raw value or another path. */
int mp_lwm2m_rows_set(struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
		      const struct mp_lwm2m_value *value);
/* The instance (path.n 2) is there from now on. */
int mp_lwm2m_rows_add(struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path);
/* Take away what is at or below the path. How many records. */
size_t mp_lwm2m_rows_remove(struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path);
/* Borrowed until the next change. */
bool mp_lwm2m_rows_get(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
		       struct mp_lwm2m_value *ret);
/* Numbers (INTEGER, UNSIGNED, BOOLEAN, TIME) with a default. */
int64_t mp_lwm2m_rows_number(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
			     int64_t otherwise);
bool mp_lwm2m_rows_has(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path);
/* The first instance of `object` after this one (-1: the first), or -1. */
int32_t mp_lwm2m_rows_next(const struct mp_lwm2m_rows *rows, uint16_t object, int32_t after);

/* Walk the values at or below `top`: at = 0; while (next(rows, top, &at, &path, &value)). */
bool mp_lwm2m_rows_walk(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *top,
			size_t *at, struct mp_lwm2m_path *ret_path,
			struct mp_lwm2m_value *ret_value);

/* Take bytes that were stored. 0, -EBADMSG (nothing changes then), -ENOSPC, -ENOMEM. */
int mp_lwm2m_rows_load(struct mp_lwm2m_rows *rows, const void *data, size_t len);
