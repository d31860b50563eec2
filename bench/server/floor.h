/* SPDX-License-Identifier: Apache-2.0
 * floor.h - the least that a libmicrohttpd server can do: the same bytes for every request */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Starts it in a child process; *ret_port is where it listens. */
pid_t floor_start(uint16_t *ret_port);
