/* SPDX-License-Identifier: Apache-2.0 */
#include "ddi/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const executions[] = {
	[MP_DDI_CLOSED] = "closed",	[MP_DDI_PROCEEDING] = "proceeding",
	[MP_DDI_CANCELED] = "canceled", [MP_DDI_SCHEDULED] = "scheduled",
	[MP_DDI_REJECTED] = "rejected", [MP_DDI_RESUMED] = "resumed",
	[MP_DDI_DOWNLOAD] = "download", [MP_DDI_DOWNLOADED] = "downloaded",
};
static const char *const finishes[] = {
	[MP_DDI_NONE] = "none", [MP_DDI_SUCCESS] = "success", [MP_DDI_FAILURE] = "failure"};
static const char *const answers[] = {"denied", "confirmed"};
static const char *const modes[] = {
	[MP_DDI_MERGE] = "merge", [MP_DDI_REPLACE] = "replace", [MP_DDI_REMOVE] = "remove"};

const char *mp_ddi_execution_name(enum mp_ddi_execution e)
{
	return executions[e];
}

static int index_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -EBADMSG;
}

static int read_enum(const struct mp_json *obj, const char *key, const char *const *names, size_t n,
		     struct mp_err *err)
{
	const char *name;
	int r = mp_json_read_str(obj, key, &name, err);

	if (r < 0)
		return r;
	r = index_of(name, names, n);
	return r < 0 ? mp_err_set(err, r, "'%s' cannot be '%.40s'", key, name) : r;
}

static void add_text(char *to, size_t room, size_t *at, const char *text)
{
	while (*text && *at + 1 < room) {
		unsigned char c = (unsigned char)*text++;

		to[(*at)++] = (char)(c < ' ' || c == 0x7f ? ' ' : c);
	}
	/* Cut no character in half: drop its first bytes. */
	if (*text && ((unsigned char)*text & 0xc0) == 0x80) {
		while (*at > 0 && ((unsigned char)to[*at - 1] & 0xc0) == 0x80)
			(*at)--;
		if (*at > 0)
			(*at)--;
	}
	to[*at] = '\0';
}

static int read_details(const struct mp_json *from, char *ret, size_t room, struct mp_err *err)
{
	const struct mp_json *details = mp_json_get(from, "details");
	size_t n = mp_json_size(details), at = 0;

	*ret = '\0';
	if (details && mp_json_type(details) != MP_JSON_ARRAY &&
	    mp_json_type(details) != MP_JSON_NULL)
		return mp_err_set(err, -EBADMSG, "'details' must be an array");
	if (n > MP_DDI_DETAILS)
		return mp_err_set(err, -EDQUOT, "at most %d details are taken", MP_DDI_DETAILS);
	for (size_t i = 0; i < n; i++) {
		const char *text = mp_json_str(mp_json_at(details, i), NULL);

		if (!text)
			return mp_err_set(err, -EBADMSG, "'details' must hold strings");
		if (at > 0)
			add_text(ret, room, &at, "; ");
		add_text(ret, room, &at, text);
	}
	return 0;
}

static int percent_of(const struct mp_json *progress)
{
	double count = mp_json_real(mp_json_get(progress, "cnt"), -1);
	double of = mp_json_real(mp_json_get(progress, "of"), 0);

	if (count < 0 || of <= 0)
		return -1;
	return count >= of ? 100 : (int)(count * 100 / of);
}

int mp_ddi_report_parse(const void *text, size_t len, struct mp_ddi_report *ret, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *status = NULL, *result = NULL;
	int r = mp_json_parse(text, len, &doc, err), execution, finished;

	if (r == 0)
		r = mp_json_read_object(doc, "status", &status, err);
	if (r == 0)
		r = mp_json_read_object(status, "result", &result, err);
	if (r < 0)
		return r;
	execution = read_enum(status, "execution", executions, 8, err);
	if (execution < 0)
		return execution;
	finished = read_enum(result, "finished", finishes, 3, err);
	if (finished < 0)
		return finished;
	r = read_details(status, ret->details, sizeof(ret->details), err);
	if (r < 0)
		return r;
	ret->execution = (enum mp_ddi_execution)execution;
	ret->finished = (enum mp_ddi_finished)finished;
	ret->percent = percent_of(mp_json_get(result, "progress"));
	return 0;
}

int mp_ddi_confirmation_parse(const void *text, size_t len, struct mp_ddi_confirmation *ret,
			      struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	int r = mp_json_parse(text, len, &doc, err), answer;

	if (r < 0)
		return r;
	answer = read_enum(doc, "confirmation", answers, 2, err);
	if (answer < 0)
		return answer;
	r = read_details(doc, ret->details, sizeof(ret->details), err);
	if (r < 0)
		return r == -EDQUOT ? -EBADMSG : r;
	ret->is_welcome = answer;
	return 0;
}

int mp_ddi_config_parse(const void *text, size_t len, struct mp_json **ret_doc,
			enum mp_ddi_mode *ret_mode, const struct mp_json **ret_data,
			struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *data = NULL, *value;
	const char *key;
	void *iter = NULL;
	int r = mp_json_parse(text, len, &doc, err), mode = MP_DDI_MERGE;

	if (r == 0)
		r = mp_json_read_object(doc, "data", &data, err);
	if (r < 0)
		return r;
	if (mp_json_size(data) == 0)
		return mp_err_set(err, -EBADMSG, "'data' is empty");
	while (mp_json_next(data, &iter, &key, &value))
		if (!*key || mp_json_type(value) > MP_JSON_STR)
			return mp_err_set(err, -EBADMSG, "'data' must hold plain values");
	if (mp_json_get(doc, "mode") && mp_json_type(mp_json_get(doc, "mode")) != MP_JSON_NULL)
		mode = read_enum(doc, "mode", modes, 3, err);
	if (mode < 0)
		return mode;
	*ret_mode = (enum mp_ddi_mode)mode;
	*ret_data = data;
	*ret_doc = take_ptr(doc);
	return 0;
}
