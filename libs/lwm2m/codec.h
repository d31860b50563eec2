/* SPDX-License-Identifier: Apache-2.0
 * codec.h - what one format does, for format.c and the files format_*.c alone
 *
 *     const struct mp_lwm2m_codec mp_lwm2m_codec_opaque = {.next = next, .record = record};
 */
#pragma once

#include "lwm2m/format.h"

struct mp_lwm2m_codec {
	int (*begin)(struct mp_lwm2m_reader *r); /* before the first record; may be NULL */
	int (*next)(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret);
	int (*open)(struct mp_lwm2m_writer *w); /* may be NULL */
	int (*record)(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record);
	int (*close)(struct mp_lwm2m_writer *w); /* may be NULL */
};
extern const struct mp_lwm2m_codec mp_lwm2m_codec_text, mp_lwm2m_codec_opaque, mp_lwm2m_codec_cbor,
	mp_lwm2m_codec_senml_json, mp_lwm2m_codec_senml_cbor, mp_lwm2m_codec_tlv,
	mp_lwm2m_codec_json, mp_lwm2m_codec_lwm2m_cbor;

/* The one value of text, opaque and CBOR stands at the base, which must be a resource or one instance
 * of it. 1, or -EPROTO. */
int mp_lwm2m_single_record(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret);
/* May this be the only record? 0, -EINVAL. */
int mp_lwm2m_single_value(const struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record);

/* Room for `len` more bytes of a decoded string, before the next record; never NULL for none.
 * NULL: -ENOSPC. */
void *mp_lwm2m_scratch(struct mp_lwm2m_reader *r, size_t len);

/* Append. 0, -ENOSPC. */
int mp_lwm2m_put(struct mp_lwm2m_writer *w, const void *bytes, size_t len);
int mp_lwm2m_put_text(struct mp_lwm2m_writer *w, const char *text);
/* Open a gap of `len` bytes at `at`, whose contents are undefined. 0, -ENOSPC. */
int mp_lwm2m_put_gap(struct mp_lwm2m_writer *w, size_t at, size_t len);
