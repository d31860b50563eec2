/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "worker.h"

void supervisor_say(struct worker *w, const struct mp_msg *m)
{
	w->update.sent++;
	(void)mp_pair_send(&w->control, m); /* its end is seen when we listen */
}

static void take_state(struct worker *w, const struct mp_msg *m)
{
	struct update *u = &w->update;
	bool is_new = !mp_streq(u->state, m->text[0]) || !mp_streq(u->version, m->text[1]);

	snprintf(u->state, sizeof(u->state), "%s", m->text[0]);
	snprintf(u->version, sizeof(u->version), "%s", m->text[1]);
	snprintf(u->action, sizeof(u->action), "%s", m->text[2]);
	snprintf(u->sentence, sizeof(u->sentence), "%.255s", m->text[3]);
	if (is_new)
		log_update(w, u->state, u->version, u->sentence);
	/* What it said before it had heard us is out of date. */
	if (m->num[1] >= u->sent)
		update_show(w, (unsigned)m->num[0]);
	if (is_new && w->client)
		device_look_for_errors(w);
}

int supervisor_listen(struct worker *w)
{
	struct mp_msg m;
	int r;

	while ((r = mp_pair_recv(&w->control, false, &m)) == 1)
		if (m.type == MP_MSG_STATE)
			take_state(w, &m);
		else if (m.type == MP_MSG_FACT)
			service_tell(w, m.text[0], m.text[1], m.num[0] == 1);
	return r == -EAGAIN ? 0 : -ECONNRESET;
}
