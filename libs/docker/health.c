/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "docker/internal.h"

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Has this very run been going on for long enough? A restart begins another run. */
static bool has_settled(struct mp_docker *d, const char *service, const char *started_at)
{
	struct seen *free_one = NULL;

	for (size_t i = 0; i < MP_RELEASE_SERVICES; i++) {
		struct seen *s = &d->seen[i];

		if (!s->service[0] && !free_one)
			free_one = s;
		if (!mp_streq(s->service, service))
			continue;
		if (mp_streq(s->started_at, started_at))
			return now_ms() - s->since_ms >= MP_DOCKER_SETTLE * 1000;
		free_one = s;
		break;
	}
	if (free_one) {
		snprintf(free_one->service, sizeof(free_one->service), "%.63s", service);
		snprintf(free_one->started_at, sizeof(free_one->started_at), "%.63s", started_at);
		free_one->since_ms = now_ms();
	}
	return false;
}

/* The log is a help, not a need: whatever goes wrong leaves `ret` empty. */
static void read_last_line(struct mp_docker *d, const char *service, char *ret, size_t room)
{
	auto_free char *path =
		mp_str_format("/containers/mp_%s/logs?stdout=1&stderr=1&tail=5", service);
	MP_BUF(log, 256 * 1024);
	int status = 0;

	ret[0] = '\0';
	if (path &&
	    mp_docker_request(d, &(struct mp_http_call){.method = "GET"}, path, &log, &status,
			      NULL) == 0 &&
	    status == 200)
		mp_docker_last_line(mp_buf_str(&log), log.len, ret, room);
}

static void tell(struct mp_docker *d, const char *service, const struct docker_verdict *v,
		 struct mp_docker_state *ret)
{
	char line[120] = "";

	if (v->wants_log)
		read_last_line(d, service, line, sizeof(line));
	snprintf(ret->reason, sizeof(ret->reason), "service %.63s %s%s%s", service, v->reason,
		 line[0] ? ": " : "", line);
}

int mp_docker_check(struct mp_docker *d, const struct mp_release_service *service,
		    struct mp_docker_state *ret, struct mp_err *err)
{
	auto_free char *path = mp_str_format("/containers/mp_%s/json", service->name);
	auto_(mp_json) *container = NULL;
	struct docker_verdict v;
	int r = path ? mp_docker_call(d, "GET", path, NULL, 404, "show a container", &container,
				      err)
		     : mp_err_set(err, -ENOMEM, "out of memory");

	if (r < 0)
		return r;
	*ret = (struct mp_docker_state){.health = MP_DOCKER_UNHEALTHY};
	if (!container) {
		snprintf(ret->reason, sizeof(ret->reason), "service %s has no container",
			 service->name);
		return 0;
	}
	mp_docker_judge(container, &v);
	if (v.settling && has_settled(d, service->name, v.started_at))
		v.health = MP_DOCKER_HEALTHY;
	ret->health = v.health;
	ret->restarts = v.restarts;
	if (v.health != MP_DOCKER_HEALTHY)
		tell(d, service->name, &v, ret);
	return 0;
}
