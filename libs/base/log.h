/* log.h - one line a decision, for loops and mains; libraries never log
 *
 *     mp_log(MP_LOG_INFO, "rollout started", "rollout=%d release=%s", id, version);
 *
 * prints `<6>rollout started rollout=7 release=1.1.0` on stderr, which journald
 * reads: the number is the syslog priority (sd-daemon(3)). At a terminal the
 * priority is left out.
 */
#pragma once

enum mp_log_level { MP_LOG_ERR = 3, MP_LOG_WARNING = 4, MP_LOG_INFO = 6, MP_LOG_DEBUG = 7 };

/* Lines above this level are dropped; MP_LOG_INFO at the start. */
void mp_log_set_level(enum mp_log_level level);

void mp_log(enum mp_log_level level, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
