/* SPDX-License-Identifier: Apache-2.0
 * routes.h - hawkBit's Direct Device Integration: what devices call
 *
 * Paths begin with /TENANT/controller/v1/CONTROLLER. There is one tenant, DEFAULT in any case.
 */
#pragma once

#include <stdbool.h>

#include "call.h"

extern const struct route ddi_routes[];
bool ddi_is_path(const struct mp_path *p);
bool is_ddi_route(const struct route *r);

/* Who calls is the controller of the path: certificate, target token or gateway token. On success
 * call->device is set; a gateway may have registered it just now. False: answered. */
bool ddi_authorize(struct call *c);
