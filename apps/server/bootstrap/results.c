/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/results.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "events.h"
#include "server.h"

#define RESULTS 256

struct result {
	size_t place;
	char endpoint[65], message[192];
	const char *state; /* NULL: nobody's */
	int64_t time; /* seconds since 1970 */
	struct mp_json *found; /* {"discovered": [...], "read": [...]}; NULL: nothing */
};

struct results {
	struct result ring[RESULTS];
	size_t n; /* ever */
};

struct results *results_new(void)
{
	return calloc(1, sizeof(struct results));
}

void results_free(struct results *t)
{
	for (size_t i = 0; t && i < RESULTS; i++)
		mp_json_free(t->ring[i].found);
	free(t);
}

size_t results_begin(struct results *t, const char *endpoint)
{
	struct result *r = &t->ring[t->n % RESULTS];

	mp_json_free(r->found);
	*r = (struct result){.place = t->n, .state = "running"};
	snprintf(r->endpoint, sizeof(r->endpoint), "%s", endpoint);
	return t->n++;
}

static struct result *at(struct results *t, size_t place)
{
	struct result *r = &t->ring[place % RESULTS];

	return r->place == place ? r : NULL;
}

static struct mp_json *result_json(const struct result *r)
{
	auto_(mp_json) *j = r->found ? mp_json_copy(r->found) : mp_json_new_object();
	int n = mp_json_put_str(j, "device", r->endpoint);

	n |= mp_json_put_int(j, "time", r->time);
	n |= mp_json_put_str(j, "state", r->state);
	n |= mp_json_put_str(j, "message", r->message);
	return n ? NULL : take_ptr(j);
}

void results_say(struct server *s, struct results *t, size_t place, const char *state,
		 const char *message)
{
	struct result *r = at(t, place);

	if (!r)
		return;
	snprintf(r->message, sizeof(r->message), "%s", message);
	r->state = state;
	r->time = server_now();
	if (events_wanted(s->events, EVENT_BOOTSTRAP, r->endpoint))
		events_add(s->events, EVENT_BOOTSTRAP, r->endpoint, result_json(r));
}

void results_add_found(struct results *t, size_t place, const char *name, struct mp_json *items)
{
	struct result *r = at(t, place);
	struct mp_json *all;
	size_t n = mp_json_size(items);

	if (!r || (!r->found && !(r->found = mp_json_new_object()))) {
		mp_json_free(items);
		return;
	}
	all = mp_json_copy(mp_json_get(r->found, name));
	if (!all)
		all = mp_json_new_array();
	for (size_t i = 0; i < n; i++)
		(void)mp_json_append(all, mp_json_copy(mp_json_at(items, i)));
	(void)mp_json_put(r->found, name, all);
	mp_json_free(items);
}

struct mp_json *results_json(const struct results *t)
{
	auto_(mp_json) *items = mp_json_new_array();

	for (size_t i = t ? t->n : 0; i > 0 && i + RESULTS > t->n; i--)
		if (mp_json_append(items, result_json(&t->ring[(i - 1) % RESULTS])) < 0)
			return NULL;
	return take_ptr(items);
}
