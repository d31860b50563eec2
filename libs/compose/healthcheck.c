/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "compose/internal.h"

/* A text is a shell command; a list begins with how it is run, as in Docker. */
static int read_test(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *list = NULL;
	auto_free char *text = NULL;
	const char *how;
	size_t size;
	int r;

	if (mp_yaml_type(n) == MP_YAML_SCALAR) {
		r = mp_compose_read_text(n, DOLLAR_COMPOSE, &text, err);
		if (r < 0)
			return r;
		list = mp_json_new_array();
		if (!list || mp_json_append(list, mp_json_new_str("CMD-SHELL")) < 0 ||
		    mp_json_append(list, mp_json_new_str(text)) < 0)
			return mp_compose_oom(err);
		*ret = take_ptr(list);
		return 0;
	}
	r = mp_compose_read_list(n, DOLLAR_COMPOSE, &list, err);
	if (r < 0)
		return r;
	how = mp_json_str(mp_json_at(list, 0), "");
	size = mp_json_size(list);
	if (!(mp_streq(how, "CMD") && size > 1) && !(mp_streq(how, "CMD-SHELL") && size == 2) &&
	    !(mp_streq(how, "NONE") && size == 1))
		return mp_yaml_err(
			n, err, -EBADMSG,
			"a test is [CMD, PROGRAM, ARGUMENT ...], [CMD-SHELL, \"...\"] or "
			"[NONE]");
	*ret = take_ptr(list);
	return 0;
}

static int read_seconds(const struct mp_yaml *map, const char *key, uint64_t or_else,
			uint64_t least, struct mp_json *into, const char *name, struct mp_err *err)
{
	const struct mp_yaml *n = mp_yaml_get(map, key);
	uint64_t seconds = or_else;
	int r = n ? mp_yaml_read_duration(n, &seconds, err) : 0;

	if (r < 0)
		return r;
	if (seconds < least || seconds > 86400)
		return mp_yaml_err(n, err, -EBADMSG, "'%s' must be %s and at most a day", key,
				   least ? "at least 1s" : "a time");
	return mp_json_put_int(into, name, (int64_t)seconds) < 0 ? mp_compose_oom(err) : 0;
}

static int read_retries(const struct mp_yaml *map, struct mp_json *into, struct mp_err *err)
{
	const struct mp_yaml *n = mp_yaml_get(map, "retries");
	uint64_t retries = 3;
	int r = n ? mp_yaml_read_u64(n, 1000, &retries, err) : 0;

	if (r < 0)
		return r;
	if (retries == 0)
		return mp_yaml_err(n, err, -EBADMSG, "'retries' must be at least 1");
	return mp_json_put_int(into, "retries", (int64_t)retries) < 0 ? mp_compose_oom(err) : 0;
}

/* No check, not even one that the image brings. */
static int make_none(struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *h = mp_json_new_object();
	auto_(mp_json) *test = mp_json_new_array();

	if (!h || !test || mp_json_append(test, mp_json_new_str("NONE")) < 0 ||
	    mp_json_put(h, "test", take_ptr(test)) < 0)
		return mp_compose_oom(err);
	*ret = take_ptr(h);
	return 0;
}

static int read_disable(const struct mp_yaml *map, bool *ret, struct mp_err *err)
{
	const struct mp_yaml *n = mp_yaml_get(map, "disable");

	return n ? mp_yaml_read_bool(n, ret, err) : 0;
}

/* Everything but the test, with the defaults of Docker written out. */
static int read_times(const struct mp_yaml *n, struct mp_json *into, struct mp_err *err)
{
	int r = read_seconds(n, "interval", 30, 1, into, "interval_s", err);

	if (r == 0)
		r = read_seconds(n, "timeout", 30, 1, into, "timeout_s", err);
	if (r == 0)
		r = read_retries(n, into, err);
	if (r == 0)
		r = read_seconds(n, "start_period", 0, 0, into, "start_period_s", err);
	if (r == 0 && mp_yaml_get(n, "start_interval"))
		r = read_seconds(n, "start_interval", 0, 1, into, "start_interval_s", err);
	return r;
}

int mp_compose_read_healthcheck(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	static const char *const keys[] = {"test",	   "interval",	     "timeout", "retries",
					   "start_period", "start_interval", "disable", NULL};
	auto_(mp_json) *h = mp_json_new_object();
	auto_(mp_json) *test = NULL;
	bool disable = false;
	int r = h ? mp_compose_check_keys(n, keys, err) : mp_compose_oom(err);

	if (r == 0)
		r = read_disable(n, &disable, err);
	if (r < 0)
		return r;
	if (disable)
		return make_none(ret, err);
	if (!mp_yaml_get(n, "test"))
		return mp_yaml_err(n, err, -EBADMSG, "'test' is missing");
	r = read_test(mp_yaml_get(n, "test"), &test, err);
	if (r < 0)
		return r;
	if (mp_streq(mp_json_str(mp_json_at(test, 0), ""), "NONE"))
		return make_none(ret, err);
	if (mp_json_put(h, "test", take_ptr(test)) < 0)
		return mp_compose_oom(err);
	r = read_times(n, h, err);
	if (r == 0)
		*ret = take_ptr(h);
	return r;
}
