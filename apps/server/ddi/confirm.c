/* SPDX-License-Identifier: Apache-2.0
 * Confirmation by a user at the device: no rollout asks for it yet, so that nothing ever waits. The
 * addresses are there for clients that look. */
#include <stdio.h>

#include "ddi/handlers.h"

void ddi_get_confirmation(struct call *c)
{
	struct mp_json *j, *automatic, *links, *link;
	char base[640], href[720];
	int r;

	if (!ddi_base(c, base, sizeof(base)))
		return;
	snprintf(href, sizeof(href), "%s/confirmationBase/activateAutoConfirm", base);
	j = mp_json_new_object();
	automatic = mp_json_new_object();
	links = mp_json_new_object();
	link = mp_json_new_object();
	r = mp_json_put_bool(automatic, "active", false);
	r |= mp_json_put_str(link, "href", href);
	r |= mp_json_put(links, "activateAutoConfirm", link);
	r |= mp_json_put(j, "autoConfirm", automatic);
	r |= mp_json_put(j, "_links", links);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	ddi_reply(c, j);
}

void ddi_get_confirmation_action(struct call *c)
{
	struct ddi_action action;

	if (ddi_find_action(c, c->args[2], &action))
		mp_reply_empty(c->rq, 404);
}

void ddi_post_confirmation_feedback(struct call *c)
{
	struct ddi_action action;

	if (ddi_find_action(c, c->args[2], &action))
		mp_reply_empty(c->rq, action.state >= ACTION_FINISHED ? 410 : 404);
}

void ddi_post_auto_confirm(struct call *c)
{
	mp_reply_empty(c->rq, 200);
}
