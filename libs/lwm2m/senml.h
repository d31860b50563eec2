/* SPDX-License-Identifier: Apache-2.0
 * senml.h - what a record of SenML means, in either encoding (RFC 8428; LwM2M Core 7.4.5, 7.4.6)
 *
 *     struct mp_lwm2m_senml s = {0};
 *     s.has |= MP_LWM2M_SENML_NAME; s.name = …; s.name_len = …;
 *     k = mp_lwm2m_senml_resolve(reader, &s, &record);     // 1, 0: base fields alone, <0
 *
 * LwM2M's own JSON (1.0) has base names and times as well, and uses this too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lwm2m/format.h"

enum mp_lwm2m_senml_field {
	MP_LWM2M_SENML_BASE_NAME = 1 << 0,
	MP_LWM2M_SENML_BASE_TIME = 1 << 1,
	MP_LWM2M_SENML_BASE_VALUE = 1 << 2,
	MP_LWM2M_SENML_NAME = 1 << 3,
	MP_LWM2M_SENML_TIME = 1 << 4,
	MP_LWM2M_SENML_VALUE = 1 << 5, /* v, vs, vb, vd or vlo */
	MP_LWM2M_SENML_VERSION = 1 << 6,
	MP_LWM2M_SENML_OTHER = 1 << 7, /* known, without a meaning here: units, update time */
};

struct mp_lwm2m_senml { /* the fields of one record */
	unsigned has;
	const char *base_name, *name;
	size_t base_name_len, name_len;
	struct mp_lwm2m_value base_time, time, base_value, value, version; /* numbers */
};

/* Mark a field, which may come once only: 0, -EBADMSG. */
int mp_lwm2m_senml_mark(struct mp_lwm2m_senml *s, enum mp_lwm2m_senml_field field);

/* Take base fields over into the reader and make the record. 1; 0: it has base fields alone and a base
 * name that is no path by itself; -EBADMSG, -ENOTSUP (another version). */
int mp_lwm2m_senml_resolve(struct mp_lwm2m_reader *r, const struct mp_lwm2m_senml *s,
			   struct mp_lwm2m_record *ret);

/* Base name and name of a record to be written: the base is told once, and again only when it
 * changes. `*ret_base_len` is 0 where it goes without saying, `*ret_name` is "" for none. Both texts
 * are short enough for `base` and `name`. */
void mp_lwm2m_senml_names(const struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path,
			  char base[MP_LWM2M_PATH_TEXT + 1], size_t *ret_base_len,
			  char name[MP_LWM2M_PATH_TEXT]);
