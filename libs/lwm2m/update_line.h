/* SPDX-License-Identifier: Apache-2.0
 * update_line.h - what an Event Log (object 20) says of updates: a line each (docs/spec/lwm2m.md)
 *
 *     mp_lwm2m_update_line(line, sizeof(line), "failed", "1.1.0", "the disk is full");
 *     ... later, at the other end, in all lines of the log:
 *     if (mp_lwm2m_update_reason(log, len, "1.1.0", text, sizeof(text)) == 0) ...
 */
#pragma once

#include <stddef.h>

/* "update failed 1.1.0: the disk is full"; `version` and `sentence` may be "". One line, cut to `room`. */
void mp_lwm2m_update_line(char *ret, size_t room, const char *state, const char *version,
			  const char *sentence);
/* Why did the update to `version` end? What the newest of those lines tells, when it is of that version or
 * of none, and its state failed or rolled_back; cut to `room`. -ENOENT: it does not tell; -EBADMSG: not in
 * UTF-8. */
int mp_lwm2m_update_reason(const void *log, size_t len, const char *version, char *ret,
			   size_t room);
