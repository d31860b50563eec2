/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/parts.h"

#include <stdio.h>
#include <string.h>

#include "lwm2m/update_line.h"

#define RESULT_CONFLICT 12 /* another component is in the way: that one tells more */

/* ---- what a device says ---- */

const struct mp_lwm2m_value *parts_value(const struct lwm2m_result *result, uint16_t instance,
					 uint16_t resource)
{
	for (size_t i = 0; i < result->n_records; i++) {
		const struct mp_lwm2m_record *r = &result->records[i];

		if (r->has_value && r->path.n == 3 && r->path.id[1] == instance &&
		    r->path.id[2] == resource)
			return &r->value;
	}
	return NULL;
}

static int64_t number_of(const struct lwm2m_result *result, uint16_t instance, uint16_t resource,
			 int64_t or_else)
{
	const struct mp_lwm2m_value *v = parts_value(result, instance, resource);
	double number;

	return v && mp_lwm2m_value_is_number(v, &number) ? (int64_t)number : or_else;
}

void parts_text(const struct lwm2m_result *result, uint16_t instance, uint16_t resource, char *ret,
		size_t room)
{
	const struct mp_lwm2m_value *v = parts_value(result, instance, resource);

	snprintf(ret, room, "%.*s", v && v->type == MP_LWM2M_STRING ? (int)v->text.len : 0,
		 v && v->type == MP_LWM2M_STRING ? v->text.data : "");
}

struct mp_lwm2m_path parts_path(const struct parts *p)
{
	bool all = *p->part->firmware.component; /* their numbers are the device's own */

	return (struct mp_lwm2m_path){.id = {p->carrier->object}, .n = all ? 1 : 2};
}

/* Which instance has the name of the component? */
static bool find_instance(struct part *part, uint16_t name, const struct lwm2m_result *result)
{
	const char *component = part->firmware.component;

	for (size_t i = 0; i < result->n_records; i++) {
		const struct mp_lwm2m_record *r = &result->records[i];

		if (r->has_value && r->path.n == 3 && r->path.id[2] == name &&
		    r->value.type == MP_LWM2M_STRING && r->value.text.len == strlen(component) &&
		    memcmp(r->value.text.data, component, r->value.text.len) == 0) {
			part->instance = r->path.id[1];
			return true;
		}
	}
	return false;
}

static void read_facts(const struct carrier *c, struct part *part,
		       const struct lwm2m_result *result)
{
	struct facts *f = &part->facts;
	int phase = carrier_phase(c, number_of(result, part->instance, c->state, -1));

	part->is_there = part->is_there || phase >= 0;
	f->carrier = c;
	f->phase = phase < 0 ? PHASE_IDLE : (enum phase)phase;
	f->result = number_of(result, part->instance, c->result, 0);
	f->why[0] = '\0';
	if (c->active != CARRIER_NONE)
		f->is_active = number_of(result, part->instance, c->active, 0);
	if (c->version != CARRIER_NONE)
		parts_text(result, part->instance, c->version, f->running, sizeof(f->running));
	if (c->package_version != CARRIER_NONE)
		parts_text(result, part->instance, c->package_version, f->package,
			   sizeof(f->package));
}

const char *parts_read(struct parts *p, const struct lwm2m_result *result)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct part *part = &p->part[i];

		if (*part->firmware.component && !find_instance(part, p->carrier->name, result))
			return part->firmware.component;
		read_facts(p->carrier, part, result);
	}
	return NULL;
}

bool parts_have_failed(const struct parts *p)
{
	for (unsigned i = 0; i < p->n; i++)
		if (carrier_is_failure(p->carrier, p->part[i].facts.result))
			return true;
	return false;
}

void parts_explain(struct parts *p, const void *log, size_t len)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct facts *f = &p->part[i].facts;

		if (carrier_is_failure(p->carrier, f->result))
			(void)mp_lwm2m_update_reason(log, len, p->part[i].firmware.version, f->why,
						     sizeof(f->why));
	}
}

/* ---- whose turn it is ---- */

/* By us, in this action? What we have not seen ourselves, the device's image has to say. */
static bool was_brought(const struct part *part)
{
	const struct facts *f = &part->facts;

	if (!part->is_unseen)
		return true;
	return f->phase != PHASE_IDLE && (f->phase != PHASE_DELIVERED || !*f->package ||
					  strcmp(f->package, part->firmware.version) == 0);
}

/* How far the action had come for this one. The store tells it for all of them alone. */
static enum stage stage_of(const struct part *part, enum stage stage)
{
	return part->is_anew || (stage < STAGE_TOLD && !was_brought(part)) ? STAGE_OFFERED : stage;
}

static enum next decide(const struct part *part, enum stage stage, char *reason, size_t room)
{
	const struct so_far so_far = {.wanted = part->firmware.version,
				      .stage = stage_of(part, stage)};

	return course_next(&part->facts, &so_far, reason, room);
}

/* Who is busy is let finish first, so that a failure is told when all is said; then whatever has to be done for
 * one before all can be told to run. Who only has to come back waits for those that have not been told. */
static unsigned rank_of(const struct part *part)
{
	static const unsigned ranks[] = {
		[NEXT_PROVEN] = 0,   [NEXT_WAIT] = 1,	   [NEXT_ACTIVATE] = 2, [NEXT_UPDATE] = 3,
		[NEXT_TRANSFER] = 4, [NEXT_UNINSTALL] = 5, [NEXT_AGAIN] = 6,	[NEXT_FAILED] = 8,
	};

	if (part->next == NEXT_WAIT && part->facts.phase != PHASE_IDLE)
		return 9;
	if (part->next == NEXT_FAILED && part->facts.result == RESULT_CONFLICT)
		return 7;
	return ranks[part->next];
}

struct part *parts_next(struct parts *p, enum stage stage, char *reason, size_t room)
{
	struct part *first = p->part;
	int n = 0;

	for (unsigned i = 0; i < p->n; i++) {
		p->part[i].next = decide(&p->part[i], stage, reason, room);
		if (rank_of(&p->part[i]) > rank_of(first))
			first = &p->part[i];
	}
	if (*first->firmware.component)
		n = snprintf(reason, room, "%s: ", first->firmware.component);
	(void)decide(first, stage, reason + n, room - (size_t)n);
	return first;
}

void parts_others(const struct parts *p, const struct part *first, char *ret, size_t room)
{
	size_t len = 0;

	*ret = '\0';
	for (unsigned i = 0; i < p->n; i++)
		if (&p->part[i] != first && p->part[i].next == first->next && len < room)
			len += (size_t)snprintf(ret + len, room - len, "%s</%u/%u>",
						len ? "," : "0='", p->carrier->object,
						p->part[i].instance);
	if (len && len < room)
		snprintf(ret + len, room - len, "'");
}

int parts_percent(const struct parts *p, const struct part *at, uint64_t offset)
{
	uint64_t done = 0, all = 0;

	for (unsigned i = 0; i < p->n; i++) {
		done += &p->part[i] < at ? p->part[i].firmware.size : 0;
		all += p->part[i].firmware.size;
	}
	return all ? (int)((done + offset) * 100 / all) : 0;
}
