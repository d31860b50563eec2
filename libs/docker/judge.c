/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "docker/judge.h"

#define RESTARTS_MAX 5 /* a container that ended so often at its start is given up */
#define FRAME 8 /* bytes before each piece of a log: stream, 0, 0, 0, length (big endian) */

static const char *text(const struct mp_json *obj, const char *key)
{
	return mp_json_str(mp_json_get(obj, key), "");
}

/* One line for a sentence: the last that is not empty, without what is not printable. */
static void copy_line(const char *s, size_t len, char *ret, size_t room)
{
	size_t start, n = 0;

	while (len > 0 && (unsigned char)s[len - 1] <= ' ')
		len--;
	start = len;
	while (start > 0 && s[start - 1] != '\n' && s[start - 1] != '\r')
		start--;
	while (start < len && n + 1 < room) {
		unsigned char c = (unsigned char)s[start++];

		ret[n++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
	ret[n] = '\0';
}

void mp_docker_last_line(const void *log, size_t len, char *ret, size_t room)
{
	const unsigned char *p = log, *end = p + len;

	ret[0] = '\0';
	while (end - p >= FRAME) {
		size_t n = (size_t)p[4] << 24 | (size_t)p[5] << 16 | (size_t)p[6] << 8 | p[7];
		char line[200];

		p += FRAME;
		n = n < (size_t)(end - p) ? n : (size_t)(end - p);
		copy_line((const char *)p, n, line, sizeof(line));
		if (line[0])
			snprintf(ret, room, "%s", line);
		p += n;
	}
}

/* "probe exited 1: wget: connection refused", from the newest entry of the health log. */
static void tell_probe(const struct mp_json *health, char *ret, size_t room)
{
	const struct mp_json *log = mp_json_get(health, "Log");
	const struct mp_json *last =
		mp_json_size(log) ? mp_json_at(log, mp_json_size(log) - 1) : NULL;
	const char *output = text(last, "Output");
	char line[160];

	if (!last) {
		snprintf(ret, room, "no probe has ended yet");
		return;
	}
	copy_line(output, strlen(output), line, sizeof(line));
	snprintf(ret, room, "probe exited %lld%s%s",
		 (long long)mp_json_int(mp_json_get(last, "ExitCode"), -1), line[0] ? ": " : "",
		 line);
}

/* It runs: its health check decides, or time. */
static void judge_running(const struct mp_json *state, struct docker_verdict *v)
{
	const struct mp_json *health = mp_json_get(state, "Health");
	const char *status = text(health, "Status");
	char probe[200];

	if (!*status || mp_streq(status, "none")) {
		v->settling = true;
		snprintf(v->reason, sizeof(v->reason), "has not run for long enough yet");
		return;
	}
	if (mp_streq(status, "healthy")) {
		v->health = MP_DOCKER_HEALTHY;
		return;
	}
	tell_probe(health, probe, sizeof(probe));
	if (mp_streq(status, "unhealthy"))
		v->health = MP_DOCKER_UNHEALTHY;
	snprintf(v->reason, sizeof(v->reason), "is %s: %s",
		 v->health == MP_DOCKER_UNHEALTHY ? "unhealthy" : "starting", probe);
}

static void judge_stopped(const struct mp_json *state, const char *status, struct docker_verdict *v)
{
	long long code = mp_json_int(mp_json_get(state, "ExitCode"), -1);
	const char *error = text(state, "Error");
	bool oom = mp_json_bool(mp_json_get(state, "OOMKilled"), false);

	v->wants_log = !*error;
	if (mp_streq(status, "restarting")) {
		if (v->restarts >= RESTARTS_MAX)
			v->health = MP_DOCKER_UNHEALTHY;
		snprintf(v->reason, sizeof(v->reason),
			 "keeps ending (%u restarts), last with code %lld", v->restarts, code);
		return;
	}
	v->health = MP_DOCKER_UNHEALTHY;
	if (*error) {
		char line[160];

		copy_line(error, strlen(error), line, sizeof(line));
		snprintf(v->reason, sizeof(v->reason), "could not be started: %s", line);
	} else if (mp_streq(status, "exited")) {
		snprintf(v->reason, sizeof(v->reason), "has ended with code %lld%s", code,
			 oom ? ", out of memory" : "");
	} else {
		snprintf(v->reason, sizeof(v->reason), "does not run (%.40s)", status);
	}
}

void mp_docker_judge(const struct mp_json *container, struct docker_verdict *ret)
{
	const struct mp_json *state = mp_json_get(container, "State");
	const char *status = text(state, "Status");
	int64_t restarts = mp_json_int(mp_json_get(container, "RestartCount"), 0);

	*ret = (struct docker_verdict){.health = MP_DOCKER_STARTING};
	ret->restarts = restarts < 0 || restarts > 1000000 ? 1000000 : (unsigned)restarts;
	snprintf(ret->started_at, sizeof(ret->started_at), "%.63s", text(state, "StartedAt"));
	if (mp_streq(status, "running"))
		judge_running(state, ret);
	else
		judge_stopped(state, status, ret);
}
