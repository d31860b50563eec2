/* SPDX-License-Identifier: Apache-2.0
 * format.h - values of a device as bytes, in every format of LwM2M (Core section 7.4)
 *
 *     mp_lwm2m_read(&r, MP_LWM2M_FORMAT_TLV, &base, payload, len, scratch, sizeof(scratch));
 *     while ((k = mp_lwm2m_read_next(&r, &record)) > 0)
 *         if (mp_lwm2m_read_as(&r, &record, type_in_the_model) < 0) ...
 *
 *     mp_lwm2m_write(&w, MP_LWM2M_FORMAT_SENML_CBOR, &base, out, sizeof(out));
 *     mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 9), mp_lwm2m_integer(95));
 *     n = mp_lwm2m_write_end(&w);
 *
 * A payload is a sequence of records, in either direction; nothing is kept of it as a whole.
 * No clock, no memory, no I/O: what is read points into the payload, or (unescaped JSON text,
 * decoded Base64, CBOR strings in pieces) into the caller's scratch until the next record.
 * Links and Discover have a header of their own, link.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/path.h"
#include "lwm2m/value.h"

/* The numbers are CoAP's content formats. */
enum mp_lwm2m_format {
	MP_LWM2M_FORMAT_TEXT = 0,
	MP_LWM2M_FORMAT_LINK = 40,
	MP_LWM2M_FORMAT_OPAQUE = 42,
	MP_LWM2M_FORMAT_CBOR = 60,
	MP_LWM2M_FORMAT_SENML_JSON = 110,
	MP_LWM2M_FORMAT_SENML_CBOR = 112,
	MP_LWM2M_FORMAT_SENML_ETCH_JSON = 320,
	MP_LWM2M_FORMAT_SENML_ETCH_CBOR = 322,
	MP_LWM2M_FORMAT_OLD_TLV = 1542, /* before LwM2M 1.0 was final: read as TLV, JSON */
	MP_LWM2M_FORMAT_OLD_JSON = 1543,
	MP_LWM2M_FORMAT_TLV = 11542,
	MP_LWM2M_FORMAT_JSON = 11543, /* LwM2M 1.0 */
	MP_LWM2M_FORMAT_LWM2M_CBOR = 11544, /* LwM2M 1.2 */
};
/* "TLV", "SENML_JSON", …: Leshan's names, which ours are too; NULL: not ours. */
const char *mp_lwm2m_format_name(unsigned format);
/* Case is ignored. 0, -ENOENT. */
int mp_lwm2m_format_parse(const char *name, unsigned *ret);
/* Can the format carry more than one value (an instance, a whole object)? Text, opaque and CBOR cannot. */
bool mp_lwm2m_format_is_structured(unsigned format);
/* Can it carry paths that have no common object (composite operations, Send)? SenML and LwM2M CBOR. */
bool mp_lwm2m_format_is_composite(unsigned format);

struct mp_lwm2m_record {
	struct mp_lwm2m_path path;
	bool has_value; /* false: a path alone (what to read), or an empty instance or resource */
	struct mp_lwm2m_value value;
	double time; /* seconds; absolute, or relative to now below 2^28 (RFC 8428 4.5.3); 0: none */
};

/* ---- reading ---- */

#define MP_LWM2M_NAME_MAX 64 /* most bytes of a SenML name or base name that we take */

struct mp_lwm2m_codec;
struct mp_lwm2m_reader { /* placed by the caller, filled by mp_lwm2m_read() */
	const struct mp_lwm2m_codec *codec;
	struct mp_lwm2m_path base;
	const uint8_t *at, *end;
	uint8_t *scratch;
	size_t scratch_room;
	size_t scratch_used; /* by the record that was read last */
	int error; /* kept: an end or a failure is final */
	bool begun, ended;
	bool done; /* formats of one value: it was read */
	union {
		struct { /* instances and resources that are open */
			const uint8_t *end[3];
			struct mp_lwm2m_path path[3];
			uint8_t depth;
		} tlv;
		struct { /* JSON, SenML */
			char base_name[MP_LWM2M_NAME_MAX];
			uint8_t base_len;
			double base_time;
			struct mp_lwm2m_value base_value;
			bool has_base_name, has_base_value;
			uint64_t left; /* records; of JSON: is there another one? */
			bool endless; /* a CBOR array that a break ends */
		} pack;
		struct { /* LwM2M CBOR: maps that are open */
			struct mp_lwm2m_path path[5];
			uint64_t left[5];
			bool endless[5];
			uint8_t depth;
		} tree;
	};
};

/* `base`: the path of the request. Absolute paths in the payload must lie below it (-EPROTO).
 * Composite operations and Send have the root. `scratch` may be NULL with 0 (then -ENOSPC comes where
 * it is needed); the length of the payload is always enough.
 * 0, or -ENOTSUP: a format that this cannot read. */
int mp_lwm2m_read(struct mp_lwm2m_reader *r, unsigned format, const struct mp_lwm2m_path *base,
		  const void *data, size_t len, void *scratch, size_t room);

/* 1: a record; 0: the end, after which nothing was left over; -EBADMSG: malformed; -EPROTO: a path
 * that is not below the base; -ENOTSUP: well-formed, but beyond what we take (nesting, a SenML sum or
 * another field that must be understood); -ENOSPC: scratch. Values of TLV and text are raw. Records
 * come as they are met: whoever must write all or nothing reads the payload twice. */
int mp_lwm2m_read_next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret);

/* Convert the value of the record that was read last to the type of the model (value.h), with the
 * reader's scratch. */
int mp_lwm2m_read_as(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *record,
		     enum mp_lwm2m_type type);

/* ---- writing ---- */

struct mp_lwm2m_writer { /* placed by the caller, filled by mp_lwm2m_write() */
	const struct mp_lwm2m_codec *codec;
	struct mp_lwm2m_path base;
	uint8_t *out;
	size_t room, len;
	struct mp_lwm2m_path last; /* path of the record before */
	unsigned records;
	int error; /* the first one, told again by mp_lwm2m_write_end() */
	struct {
		size_t at; /* where its header stands */
		uint32_t records; /* within it */
	} open[5]; /* TLV, LwM2M CBOR */
	uint8_t depth;
};

/* `base`: the path of the request, or the root for composite operations and Send.
 * 0, or -ENOTSUP: a format that this cannot write. */
int mp_lwm2m_write(struct mp_lwm2m_writer *w, unsigned format, const struct mp_lwm2m_path *base,
		   void *out, size_t room);

/* One record, below the base, in the order of paths (mp_lwm2m_path_compare) where the format
 * nests (TLV, LwM2M CBOR). A record without a value is a path to be read (composite formats), or an
 * empty instance or multiple resource.
 * 0, -ENOSPC, -EINVAL: not below the base, not in order, a second value where the format has one,
 * or a value that the format cannot carry (NaN, a resource instance without its resource). */
int mp_lwm2m_write_record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record);
int mp_lwm2m_write_value(struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path,
			 struct mp_lwm2m_value value);
int mp_lwm2m_write_path(struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path);

/* Its length, or the first error of all that was added. */
int mp_lwm2m_write_end(struct mp_lwm2m_writer *w);
