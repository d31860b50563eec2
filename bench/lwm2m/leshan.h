/* SPDX-License-Identifier: Apache-2.0
 * leshan.h - Leshan's demo server beside ours, when one runs
 *
 *     if (leshan_is_there())
 *             leshan_measure(&w, 10000, &ours, &theirs);
 *
 * MP_PEER_LESHAN says that one runs and MP_PEER_LESHAN_COAP, ADDRESS:PORT in 127.0.0.0/8, where, as for
 * tests/leshan. It may use both cores; it writes nothing down.
 */
#pragma once

#include <stdbool.h>

#include "world.h"

bool leshan_is_there(void);
/* Registrations of so many endpoints at both in turn, once both are warm: the best rounds, of each with as
 * many in flight as suit it. */
void leshan_measure(struct world *w, unsigned endpoints, struct load *ours, struct load *theirs);
