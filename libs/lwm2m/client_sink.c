/* SPDX-License-Identifier: Apache-2.0
 * A body that comes block by block belongs to the endpoint, which may drop it long after the client is
 * gone. So between the two stands a sink of ours, which knows whether there is still a client. */
#include "lwm2m/client_internal.h"

#include <stdlib.h>

struct open_sink {
	struct open_sink *next;
	struct mp_lwm2m_client *client; /* NULL: gone */
	struct mp_coap_sink inner;
};

static void unlink_sink(struct open_sink *s)
{
	struct open_sink **at = &s->client->sinks;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	s->client = NULL;
}

static int sink_write(void *user, uint64_t offset, const void *data, size_t len, bool more)
{
	struct open_sink *s = user;
	struct mp_lwm2m_client *c = s->client;
	int r;

	if (!c)
		return MP_COAP_UNAVAILABLE;
	mp_lwm2m_client_enter(c);
	mp_lwm2m_client_touch(c);
	r = s->inner.write(s->inner.user, offset, data, len, more);
	mp_lwm2m_client_settle(c);
	return r;
}

static void sink_done(void *user, bool whole)
{
	struct open_sink *s = user;
	struct mp_lwm2m_client *c = s->client;

	if (c) {
		mp_lwm2m_client_enter(c);
		unlink_sink(s);
		if (s->inner.done)
			s->inner.done(s->inner.user, whole);
		mp_lwm2m_client_settle(c);
	}
	free(s);
}

void mp_lwm2m_sinks_end(struct mp_lwm2m_client *c)
{
	struct open_sink *s;

	while ((s = c->sinks)) {
		unlink_sink(s);
		if (s->inner.done)
			s->inner.done(s->inner.user, false);
	}
}

/* The class that takes it; NULL: none does. */
static const struct mp_lwm2m_class *class_of(struct mp_lwm2m_client *c,
					     const struct mp_coap_request *first,
					     struct mp_lwm2m_path *path)
{
	struct account *a = mp_lwm2m_account_of(c, first->remote);
	const struct mp_lwm2m_class *class;
	bool is_bs;

	if (!a || !a->short_id || first->message->code != MP_COAP_PUT ||
	    first->format != MP_LWM2M_FORMAT_OPAQUE ||
	    mp_lwm2m_request_path(first, path, &is_bs) < 0 || path->n != 3)
		return NULL;
	class = mp_lwm2m_client_class(c, path->id[0]);
	if (!class || !class->sink || !mp_lwm2m_client_has(c, class, path->id[1]) ||
	    !mp_lwm2m_access(c, a, path->id[0], path->id[1], ACCESS_WRITE))
		return NULL;
	return class;
}

bool mp_lwm2m_client_sink(struct mp_lwm2m_client *c, const struct mp_coap_request *first,
			  struct mp_coap_sink *ret)
{
	struct mp_lwm2m_path path;
	const struct mp_lwm2m_class *class = class_of(c, first, &path);
	struct open_sink *s = class ? calloc(1, sizeof(*s)) : NULL;
	int r;

	if (!s)
		return false;
	mp_lwm2m_client_enter(c);
	mp_lwm2m_client_touch(c);
	r = class->sink(mp_lwm2m_client_state(c, class), path.id[1], path.id[2], &s->inner);
	if (r == 0) {
		s->client = c;
		s->next = c->sinks;
		c->sinks = s;
		*ret = (struct mp_coap_sink){sink_write, sink_done, s};
	} else {
		free(s);
	}
	mp_lwm2m_client_settle(c);
	return r == 0;
}
