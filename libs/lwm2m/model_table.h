/* SPDX-License-Identifier: Apache-2.0
 * model_table.h - short words for the tables of model_*.c alone
 *
 *     {"Battery Level", "0..100", "%", 9, MP_LWM2M_INTEGER, R, ONE, MAY},
 */
#pragma once

#include "lwm2m/model.h"

enum { R = MP_LWM2M_R, W = MP_LWM2M_W, RW = MP_LWM2M_RW, E = MP_LWM2M_E };
enum { ONE, MANY };
enum { MAY, MUST };

/* The rest of the built-in model, in the order in which it is asked. */
extern const struct mp_lwm2m_model mp_lwm2m_model_ipso, mp_lwm2m_model_firmware;
