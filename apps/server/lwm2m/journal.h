/* SPDX-License-Identifier: Apache-2.0
 * journal.h - registrations and observations as bytes (docs/spec/lwm2m-store.md)
 *
 *     journal_begin(&buf, now_ms);
 *     journal_add(&buf, &(struct journal_entry){ .type = JOURNAL_HEARD, .location = r->location });
 *
 *     journal_read(&reader, data, len);
 *     while ((k = journal_next(&reader, &entry)) > 0) ...
 *
 * One piece is what changed in one turn, or all of one chunk of the registry. No I/O here; what is
 * read points into the bytes that were given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "coap/message.h"
#include "lwm2m/path.h"
#include "net/address.h"

enum journal_type { /* stored: append only */
		    JOURNAL_LINKS = 1, /* a text that registrations of this piece refer to */
		    JOURNAL_REGISTERED,
		    JOURNAL_HEARD, /* an update that changed nothing but the time */
		    JOURNAL_ENDED,
		    JOURNAL_OBSERVED,
		    JOURNAL_FORGOTTEN,
		    JOURNAL_MOVED, /* an update that changed the time and the address */
		    JOURNAL_PROVEN, /* it answered where it says that it is */
		    JOURNAL_TYPES
};

struct journal_text {
	const char *data;
	size_t len;
};

#define JOURNAL_PATHS 32

struct journal_entry {
	enum journal_type type;
	uint64_t location; /* all but LINKS */
	/* LINKS, and which one a registration has: from 1 up, 0: none */
	uint32_t links;
	struct journal_text text; /* LINKS */
	/* REGISTERED: all of it; takes the place of what there was of this endpoint */
	int64_t registered, updated; /* ms since 1970 */
	struct journal_text endpoint, identity, attributes, profile;
	uint8_t peer_kind; /* enum credential_kind */
	const uint8_t *sha256; /* NULL: none */
	struct mp_net_address address; /* MOVED too */
	bool is_reliable; /* MOVED too */
	uint32_t lifetime;
	uint16_t version;
	uint8_t binding;
	bool is_proven; /* its address */
	uint32_t heard; /* seconds since 1970; 0: not known */
	/* OBSERVED, FORGOTTEN */
	const uint8_t *token; /* MP_COAP_TOKEN bytes */
	bool is_composite, is_stale;
	int32_t accept;
	uint8_t n_paths;
	struct mp_lwm2m_path paths[JOURNAL_PATHS];
};

/* -ENOMEM, -EFBIG past the buffer's limit: the piece is not to be used then. */
int journal_begin(struct mp_buf *out, int64_t now_ms);
int journal_add(struct mp_buf *out, const struct journal_entry *e);

struct journal_reader {
	const uint8_t *at, *end;
	int64_t time; /* of the piece: ms since 1970 */
};
/* -EBADMSG; -ENOTSUP: written by a newer program. */
int journal_read(struct journal_reader *r, const void *data, size_t len);
/* 1: an entry; 0: the end; -EBADMSG. */
int journal_next(struct journal_reader *r, struct journal_entry *ret);
