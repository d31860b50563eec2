/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/telemetry.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lwm2m/lwm2m.h"
#include "lwm2m/model.h"
#include "rest/rest.h"

#define DAY_MS (86400 * INT64_C(1000))

/* ?name=SECONDS, with a fraction; negative: so long before now. False: answered 400. */
static bool take_time(struct call *c, const char *name, int64_t *ret_ms)
{
	const char *text = mp_request_query(c->rq, name);
	char *end;
	double seconds;

	if (!text)
		return true;
	seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(seconds) || fabs(seconds) > 1e11) {
		call_error(c, 400, "'%s' must be a number of seconds.", name);
		return false;
	}
	*ret_ms = (int64_t)(seconds * 1000);
	if (*ret_ms < 0)
		*ret_ms += server_now() * 1000;
	return true;
}

static bool take_query(struct call *c, struct telemetry_query *query)
{
	const char *path = mp_request_query(c->rq, "path");

	if (mp_lwm2m_model_path(c->server->lwm2m->model, path, &query->path) < 0 ||
	    query->path.n < MP_LWM2M_RESOURCE) {
		call_error(c, 400, "'%.80s' is no path of a resource.", path);
		return false;
	}
	query->to = server_now() * 1000 + 1000;
	if (!take_time(c, "to", &query->to))
		return false;
	query->from = query->to - DAY_MS;
	if (!take_time(c, "from", &query->from) || !take_time(c, "step", &query->step))
		return false;
	if (query->from > query->to || query->step < 0 || query->step > 366 * DAY_MS) {
		call_error(c, 400, "'from' must not be after 'to', nor 'step' longer than a year.");
		return false;
	}
	return true;
}

void rest_get_telemetry(struct call *c)
{
	struct telemetry_query query = {.endpoint = c->args[0]};
	struct mp_json *j = NULL;
	size_t n;
	int r;

	if (!mp_request_query(c->rq, "path")) {
		r = telemetry_series(c->server, c->args[0], &j);
		n = mp_json_size(j);
		if (r < 0)
			call_reply(c, 500, NULL);
		else
			rest_reply_list(c, j, n);
		return;
	}
	if (!take_query(c, &query))
		return;
	r = telemetry_query(c->server, &query, &j);
	if (r == -ENOENT)
		call_error(c, 404, "%s has told no such values.", c->args[0]);
	else if (r < 0)
		call_reply(c, 500, NULL);
	else
		call_reply(c, 200, j);
}
