/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - what the supervisor must not forget: how each action ended, and what the server has
 * been told of it (docs/spec/agent.md)
 *
 * Where an update stands is libs/install's to remember. This is the other half: the answers that
 * are still owed to the server, kept until it has acknowledged them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define RECORD_OUTCOMES 16
#define RECORD_UNKNOWN "?" /* `sourced` of a release that did not write it */
#define RECORD_MOST (32u << 10) /* bytes of the file */

struct outcome {
	char action[32], version[64];
	bool success;
	char details[512]; /* a sentence */
	bool told; /* the server has acknowledged it */
};

struct record {
	unsigned n;
	struct outcome outcomes[RECORD_OUTCOMES]; /* oldest first */
	char proving_boot[64]; /* boot id in which proving began ... */
	int64_t proving_since; /* ... and when, milliseconds since that boot */
	/* LwM2M: where the deployment under way comes from, a URL or "package", "" for none; and what
	 * object 5 says of one that came to nothing (mp_lwm2m_update_result), 0 for nothing */
	char source[256];
	/* the action that the source has become, once it is downloaded; "" before, so that what lies
	 * on disk is not taken for it */
	char sourced[32];
	unsigned result;
	unsigned
		install_peak_rss_kb; /* of the last update: install and fetch together; 0: none yet */
};

/* NULL when there is none. An action is its id and its release: another server, or one that was set
 * up anew, counts its actions from the start again. */
struct outcome *record_find(struct record *r, const char *action, const char *version);
/* The first that the server does not know yet. NULL: it knows all. */
struct outcome *record_owed(struct record *r);
/* Add one; the oldest goes when there is no room, one that the server knows before one that it does
 * not. An action that has an outcome keeps it. */
void record_add(struct record *r, const char *action, const char *version, bool success,
		const char *details);

/* The file's text. Unknown members are ignored; a text that cannot be read leaves `r` empty. */
int record_format(const struct record *r, struct mp_buf *out);
int record_parse(const char *text, size_t len, struct record *r);
