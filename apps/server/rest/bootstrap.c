/* SPDX-License-Identifier: Apache-2.0
 * Configurations of the bootstrap server: of one device, and the default for all others. */
#include "bootstrap/bootstrap.h"

#include <errno.h>

#include "rest/rest.h"

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

void rest_get_bootstrap_sessions(struct call *c)
{
	struct mp_json *items = bootstrap_sessions_json(c->server->bootstrap);

	rest_reply_list(c, items, mp_json_size(items));
}
