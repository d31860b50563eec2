/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "json/json.h"

struct outcome *record_find(struct record *r, const char *action, const char *version)
{
	for (unsigned i = 0; i < r->n; i++)
		if (mp_streq(r->outcomes[i].action, action) &&
		    mp_streq(r->outcomes[i].version, version))
			return &r->outcomes[i];
	return NULL;
}

struct outcome *record_owed(struct record *r)
{
	for (unsigned i = 0; i < r->n; i++)
		if (!r->outcomes[i].told)
			return &r->outcomes[i];
	return NULL;
}

static void make_room(struct record *r)
{
	unsigned out = 0;

	if (r->n < RECORD_OUTCOMES)
		return;
	while (out < r->n && !r->outcomes[out].told)
		out++;
	if (out == r->n)
		out = 0;
	memmove(&r->outcomes[out], &r->outcomes[out + 1], (r->n - out - 1) * sizeof(*r->outcomes));
	r->n--;
}

void record_add(struct record *r, const char *action, const char *version, bool success,
		const char *details)
{
	struct outcome *o;

	if (!*action || record_find(r, action, version))
		return;
	make_room(r);
	o = &r->outcomes[r->n++];
	*o = (struct outcome){.success = success};
	snprintf(o->action, sizeof(o->action), "%s", action);
	snprintf(o->version, sizeof(o->version), "%s", version);
	snprintf(o->details, sizeof(o->details), "%s", details);
}

static int format_outcomes(const struct record *r, struct mp_json *list)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct outcome *o = &r->outcomes[i];
		struct mp_json *j = mp_json_new_object();
		int e = mp_json_put_str(j, "action", o->action);

		if (e == 0)
			e = mp_json_put_str(j, "version", o->version);
		if (e == 0)
			e = mp_json_put_bool(j, "success", o->success);
		if (e == 0)
			e = mp_json_put_str(j, "details", o->details);
		if (e == 0)
			e = mp_json_put_bool(j, "told", o->told);
		if (mp_json_append(list, j) < 0 || e < 0) /* takes `j` in either case */
			return -ENOMEM;
	}
	return 0;
}

int record_format(const struct record *r, struct mp_buf *out)
{
	auto_(mp_json) *doc = mp_json_new_object();
	struct mp_json *list = mp_json_new_array();
	int e = list ? format_outcomes(r, list) : -ENOMEM;

	if (mp_json_put(doc, "outcomes", list) < 0)
		e = -ENOMEM;
	if (e == 0)
		e = mp_json_put_int(doc, "format", 1);
	if (e == 0)
		e = mp_json_put_str(doc, "proving_boot", r->proving_boot);
	if (e == 0)
		e = mp_json_put_int(doc, "proving_since", r->proving_since);
	if (e == 0)
		e = mp_json_put_str(doc, "source", r->source);
	if (e == 0)
		e = mp_json_put_str(doc, "sourced", r->sourced);
	if (e == 0)
		e = mp_json_put_int(doc, "result", r->result);
	if (e == 0)
		e = mp_json_put_int(doc, "install_peak_rss_kb", r->install_peak_rss_kb);
	return e < 0 ? e : mp_json_format(doc, out);
}

static void copy(char *to, size_t room, const struct mp_json *obj, const char *key)
{
	snprintf(to, room, "%s", mp_json_str(mp_json_get(obj, key), ""));
}

int record_parse(const char *text, size_t len, struct record *r)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *list;
	int e = mp_json_parse(text, len, &doc, NULL);

	*r = (struct record){0};
	if (e < 0)
		return e;
	list = mp_json_get(doc, "outcomes");
	for (size_t i = 0; i < mp_json_size(list) && i < RECORD_OUTCOMES; i++) {
		const struct mp_json *j = mp_json_at(list, i);
		struct outcome *o = &r->outcomes[r->n++];

		copy(o->action, sizeof(o->action), j, "action");
		copy(o->version, sizeof(o->version), j, "version");
		copy(o->details, sizeof(o->details), j, "details");
		o->success = mp_json_bool(mp_json_get(j, "success"), false);
		o->told = mp_json_bool(mp_json_get(j, "told"), false);
	}
	copy(r->proving_boot, sizeof(r->proving_boot), doc, "proving_boot");
	copy(r->source, sizeof(r->source), doc, "source");
	snprintf(r->sourced, sizeof(r->sourced), "%s",
		 mp_json_str(mp_json_get(doc, "sourced"), RECORD_UNKNOWN));
	r->result = (unsigned)mp_json_int(mp_json_get(doc, "result"), 0);
	r->proving_since = mp_json_int(mp_json_get(doc, "proving_since"), 0);
	r->install_peak_rss_kb = (unsigned)mp_json_int(mp_json_get(doc, "install_peak_rss_kb"), 0);
	return 0;
}
