/* SPDX-License-Identifier: Apache-2.0
 * report.h - what a device reports over DDI, as a server reads it
 *
 *     r = mp_ddi_report_parse(body, len, &report, &err);
 *     if (report.execution == MP_DDI_CLOSED && report.finished != MP_DDI_FAILURE) ...
 *
 * All kinds of body are those of hawkBit's DDI; members that we do not know are ignored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "json/json.h"

#define MP_DDI_DETAILS 50 /* messages of one feedback; more are refused with -EDQUOT */

enum mp_ddi_execution {
	MP_DDI_CLOSED,
	MP_DDI_PROCEEDING,
	MP_DDI_CANCELED,
	MP_DDI_SCHEDULED,
	MP_DDI_REJECTED,
	MP_DDI_RESUMED,
	MP_DDI_DOWNLOAD,
	MP_DDI_DOWNLOADED
};
enum mp_ddi_finished { MP_DDI_NONE, MP_DDI_SUCCESS, MP_DDI_FAILURE };

struct mp_ddi_report {
	enum mp_ddi_execution execution;
	enum mp_ddi_finished finished;
	int percent; /* from progress.cnt and .of, -1 when not said */
	char details[1024]; /* all messages, joined by "; " and cut; no control characters */
};

const char *mp_ddi_execution_name(enum mp_ddi_execution e);

/* -EBADMSG: no such feedback; -EDQUOT: too many messages; -ENOMEM. */
int mp_ddi_report_parse(const void *text, size_t len, struct mp_ddi_report *ret,
			struct mp_err *err);

struct mp_ddi_confirmation {
	bool is_welcome;
	char details[1024]; /* as above */
};

/* -EBADMSG: no such answer, or too many messages; -ENOMEM. */
int mp_ddi_confirmation_parse(const void *text, size_t len, struct mp_ddi_confirmation *ret,
			      struct mp_err *err);

enum mp_ddi_mode { MP_DDI_MERGE, MP_DDI_REPLACE, MP_DDI_REMOVE };
/* The body of PUT configData: its mode and its non-empty object of plain values, borrowed from *ret_doc. */
int mp_ddi_config_parse(const void *text, size_t len, struct mp_json **ret_doc,
			enum mp_ddi_mode *ret_mode, const struct mp_json **ret_data,
			struct mp_err *err);
