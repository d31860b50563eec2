/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - members that more than one answer has */
#pragma once

#include "ddi/ddi.h"
#include "json/json.h"

/* "" when there is no link. -EBADMSG: too long, or neither http nor https. */
int mp_ddi_copy_link(const struct mp_json *link, char ret[MP_DDI_URL], struct mp_err *err);
/* A string or an integer. -EBADMSG: missing, or no plain name. */
int mp_ddi_copy_id(const struct mp_json *id, char ret[MP_DDI_ID], struct mp_err *err);
