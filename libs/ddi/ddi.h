/* SPDX-License-Identifier: Apache-2.0 */
/* ddi.h - hawkBit's Direct Device Integration as a device sees it: answers read, bodies written
 *
 *     r = mp_ddi_poll_parse(body, len, &poll, &err);
 *     if (poll.deployment[0]) GET it, then mp_ddi_deployment_parse(body, len, &d, &err);
 *     a = mp_ddi_find(d, "timestamp.json");             // its URL
 *     r = mp_ddi_feedback_format("1001", "closed", "failure", "no room on data", &body);
 *
 * No I/O. The server is not trusted: everything has its limit, ids and file names are plain names,
 * links are http or https. Members that we do not know are ignored, as the protocol wants.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

#define MP_DDI_ID 32 /* room for an action's id and its NUL */
#define MP_DDI_URL 1024 /* room for a link */
#define MP_DDI_ARTIFACTS 4096 /* most artifacts of one deployment */
#define MP_DDI_BODY (4u << 20) /* most bytes of an answer that is worth reading */

struct mp_ddi_poll { /* links are "" when absent */
	unsigned sleep; /* seconds until the next poll; 0: not said */
	char deployment[MP_DDI_URL], cancel[MP_DDI_URL], config_data[MP_DDI_URL];
};
/* -EBADMSG with a sentence. */
int mp_ddi_poll_parse(const void *text, size_t len, struct mp_ddi_poll *ret, struct mp_err *err);

/* "HH:MM:SS" in seconds; 0 when it is anything else. */
unsigned mp_ddi_sleep_parse(const char *text);

/* The id of the action that shall be cancelled. -EBADMSG. */
int mp_ddi_cancel_parse(const void *text, size_t len, char ret[MP_DDI_ID], struct mp_err *err);

struct mp_ddi_artifact {
	char *name, *url;
	uint64_t size;
};

struct mp_ddi_deployment {
	char id[MP_DDI_ID];
	char version[64], name[128]; /* of the chunk with part "os", else of the first */
	bool now; /* false: it may not be installed yet (maintenance window, download only) */
	unsigned n;
	struct mp_ddi_artifact *artifacts; /* of all chunks */
};
/* -EBADMSG, -EFBIG: too many artifacts; -ENOMEM. */
int mp_ddi_deployment_parse(const void *text, size_t len, struct mp_ddi_deployment **ret,
			    struct mp_err *err);
void mp_ddi_deployment_free(struct mp_ddi_deployment *d);
DEFINE_AUTO(mp_ddi_deployment)

/* NULL: not listed. */
const struct mp_ddi_artifact *mp_ddi_find(const struct mp_ddi_deployment *d, const char *name);

/* Bodies, appended to `out`. `details` "" or NULL: none. -ENOMEM, -EFBIG. */
int mp_ddi_feedback_format(const char *id, const char *execution, const char *finished,
			   const char *details, struct mp_buf *out);
/* `object`: the text of a JSON object of strings. -EBADMSG when it is not. */
int mp_ddi_attributes_format(const char *object, size_t len, struct mp_buf *out);
