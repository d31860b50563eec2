/* SPDX-License-Identifier: Apache-2.0
 * Configurations of the bootstrap server: of one device, and the default for all others. */
#include "bootstrap/bootstrap.h"

#include <errno.h>

#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"
#include "rest/ask.h"
#include "rest/rest.h"
#include "server.h"

#define SERVERS 16 /* instances of LwM2M Server that are looked for */

/* "" for /bootstrap/default. */
static const char *endpoint_of(const struct call *c)
{
	return c->args[0] ? c->args[0] : "";
}

void rest_get_bootstrap(struct call *c)
{
	auto_(mp_json) *config = NULL;
	int r = bootstrap_get(c->server, endpoint_of(c), &config);

	if (r == -ENOENT)
		call_error(c, 404, "There is no such bootstrap configuration.");
	else if (r < 0)
		call_reply(c, 500, NULL);
	else
		call_reply(c, 200, bootstrap_shown(config));
}

void rest_put_bootstrap(struct call *c)
{
	auto_(mp_json) *config = NULL;
	struct mp_err err = {""};
	int r;

	if (!call_json(c, &config))
		return;
	r = bootstrap_set(c->server, endpoint_of(c), config, &err);
	if (r < 0) {
		call_error_code(c, r, &err);
		return;
	}
	mp_reply_empty(c->rq, 204);
	call_wrote(c);
}

void rest_delete_bootstrap(struct call *c)
{
	int r = bootstrap_remove(c->server, endpoint_of(c));

	if (r == -ENOENT) {
		call_error(c, 404, "There is no such bootstrap configuration.");
	} else if (r < 0) {
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 204);
		call_wrote(c);
	}
}

/* The first instance of LwM2M Server that it has; that of the root: none. */
static struct mp_lwm2m_path trigger_of(const struct registration *r)
{
	struct mp_lwm2m_path path = {.n = 2};

	for (uint16_t i = 0; i < SERVERS; i++) {
		path = mp_lwm2m_path(1, i);
		if (registration_has(r, &path))
			return mp_lwm2m_path(1, i, 9);
	}
	return mp_lwm2m_path_root;
}

/* A device that is registered is told to ask (Bootstrap-Request Trigger, LwM2M Core 1.1, 6.1.4); with another
 * one the bootstrap server begins by itself. */
void rest_start_bootstrap(struct call *c)
{
	struct registration *r = registry_find(c->server->lwm2m->registry, c->args[0]);
	struct mp_lwm2m_path path = r ? trigger_of(r) : mp_lwm2m_path_root;
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_EXECUTE);
	struct mp_err err = {""};
	int k;

	if (path.n > 0) {
		o.asleep = LWM2M_QUEUE;
		if (!ask_options(c, &o))
			return;
		o.paths = &path;
		o.n_paths = 1;
		ask(c, r, &o, &rest_asker);
		return;
	}
	k = bootstrap_begin(c->server->bootstrap, c->args[0], &err);
	if (k == -ENOENT)
		call_error(c, 404, "%s.", err.text);
	else if (k == -EHOSTUNREACH || k == -EBUSY)
		call_error(c, 409, "%s.", err.text);
	else if (k < 0)
		call_failed(c);
	else
		mp_reply_empty(c->rq, 204);
}

void rest_get_bootstrap_sessions(struct call *c)
{
	struct mp_json *items = bootstrap_sessions_json(c->server->bootstrap);

	rest_reply_list(c, items, mp_json_size(items));
}
