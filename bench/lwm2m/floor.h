/* SPDX-License-Identifier: Apache-2.0
 * floor.h - the least that a CoAP server can do: the message id and token back, and a code
 *
 * It keeps nothing, so that what it answers a second is what the machine allows; a real server is
 * measured as a part of that. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Starts it in a child process on core 0; *ret_port is where it listens. */
pid_t floor_start(uint16_t *ret_port);
