/* SPDX-License-Identifier: Apache-2.0
 * testbed_ask.h - the one device of testbed.h is asked something, and what came of it
 *
 *     auto_bed *b = bed_open();
 *     struct lwm2m_operation o = on(LWM2M_READ, &battery);
 *     ASSERT_INT(0, ask(b, &o, &g)); ... g.value
 */
#pragma once

#include "testbed.h"

#define LINKS "</>;rt=\"oma.lwm2m\",</1/0>,</3/0>;ver=1.1,</5/0>,</3303/0>"
#define CODE(class, detail) MP_COAP_CODE(class, detail)

static inline void close_bed(struct bed **b)
{
	bed_close(*b);
}
#define auto_bed __attribute__((cleanup(close_bed))) struct bed

static inline struct registration *find(struct bed *b, const char *endpoint)
{
	return registry_find(b->s.lwm2m->registry, endpoint);
}

struct got { /* what a handler was told */
	unsigned calls;
	enum lwm2m_outcome outcome;
	uint8_t code;
	size_t n;
	double value;
	char text[128], location[32];
	bool observed;
};

static inline void take(void *user, const struct lwm2m_result *r)
{
	struct got *g = user;

	g->calls++;
	g->outcome = r->outcome;
	g->code = r->code;
	g->n = r->n_records;
	g->observed = r->observation;
	if (r->n_records > 0) {
		if (!mp_lwm2m_value_is_number(&r->records[0].value, &g->value))
			g->value = -1;
		if (mp_lwm2m_value_format(&r->records[0].value, g->text, sizeof(g->text)) < 0)
			g->text[0] = '\0';
	}
	if (r->links)
		snprintf(g->text, sizeof(g->text), "%.*s", (int)r->links_len, r->links);
	if (*r->diagnostic)
		snprintf(g->text, sizeof(g->text), "%s", r->diagnostic);
	snprintf(g->location, sizeof(g->location), "%s", r->location);
}

static inline int ask(struct bed *b, const struct lwm2m_operation *o, struct got *g)
{
	int r;

	*g = (struct got){0};
	r = lwm2m_ask(&b->s, find(b, "a"), o, take, g, NULL, NULL);
	bed_run(b);
	return r;
}

static inline struct lwm2m_operation on(enum lwm2m_kind kind, const struct mp_lwm2m_path *path)
{
	struct lwm2m_operation o = LWM2M_OPERATION(kind);

	o.paths = path;
	o.n_paths = 1;
	return o;
}

static const struct mp_lwm2m_path battery = {{3, 0, 9}, 3}, lifetime = {{1, 0, 1}, 3},
				  reboot = {{3, 0, 4}, 3}, device = {{3, 0}, 2},
				  sensors = {{3303}, 1}, sensor = {{3303, 0}, 2};
