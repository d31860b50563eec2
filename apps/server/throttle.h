/* SPDX-License-Identifier: Apache-2.0
 * throttle.h - addresses that keep failing to authenticate wait */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_BURST 30 /* failures in a row before an address waits */

/* Has this address failed too often? One failure is forgiven every second. */
bool throttle_is_closed(const uint8_t address[16], int64_t now);
void throttle_failed(const uint8_t address[16], int64_t now);
