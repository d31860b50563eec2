/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h - tell the service manager how we are (sd_notify(3)'s protocol) */
#pragma once

#include <stdint.h>

/* "READY=1", "WATCHDOG=1", "STATUS=...". Nothing happens outside a service. */
void notify(const char *what);
/* Half of the service's WatchdogSec in milliseconds; 0: it has none. */
int64_t notify_watchdog_ms(void);
