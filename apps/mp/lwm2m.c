/* SPDX-License-Identifier: Apache-2.0 */
/* mp lwm2m: devices that are registered over LwM2M, with the names of the object model. */
#include "lwm2m.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "table.h"

#define MP_OPTION_TIMEOUT                                                                          \
	{                                                                                          \
		"timeout", 't', MP_TEXT, offsetof(struct lwm2m_options, timeout), "SECONDS",       \
			"how long the device may take to answer; default 30"                       \
	}

static const struct mp_option ls_options[] = {
	{"search", 's', MP_TEXT, offsetof(struct lwm2m_options, search), "TEXT",
	 "only devices whose id holds this text"},
	MP_OPTION_JSON(struct lwm2m_options, json),
	MP_OPTIONS_SERVER(struct lwm2m_options, server),
	{0},
};
const struct mp_option lwm2m_options[] = {
	MP_OPTION_TIMEOUT,
	MP_OPTION_JSON(struct lwm2m_options, json),
	MP_OPTIONS_SERVER(struct lwm2m_options, server),
	{0},
};

/* ---- addresses ---- */

static int add_parts(struct mp_buf *url, const char *path)
{
	int r = 0;

	while (r == 0 && *path) {
		size_t len = strcspn(path, "/");
		auto_free char *part = strndup(path, len);

		if (!part)
			return -ENOMEM;
		if (len > 0)
			r = mp_buf_add_str(url, "/");
		if (r == 0)
			r = mp_url_escape(url, part);
		path += len + (path[len] == '/');
	}
	return r;
}

int lwm2m_url(struct mp_buf *url, const char *endpoint, const char *path, const char *word,
	      const struct lwm2m_options *o)
{
	int r = mp_buf_add_str(url, "devices/");

	if (r == 0)
		r = mp_url_escape(url, endpoint);
	if (r == 0)
		r = mp_buf_add_str(url, "/lwm2m");
	if (r == 0 && path)
		r = add_parts(url, path);
	if (r == 0 && word)
		r = mp_buf_printf(url, "/%s", word);
	if (r == 0 && o->timeout) {
		r = mp_buf_add_str(url, "?timeout=");
		if (r == 0)
			r = mp_url_escape(url, o->timeout);
	}
	return r;
}

/* ---- values ---- */

static const char *value_text(const struct mp_json *v, char number[64], char time[32])
{
	const struct mp_json *value = mp_json_get(v, "value");

	if (mp_json_type(value) == MP_JSON_STR)
		return mp_json_str(value, "");
	if (mp_json_type(value) == MP_JSON_BOOL)
		return mp_json_bool(value, false) ? "true" : "false";
	if (mp_streq(mp_json_str(mp_json_get(v, "type"), ""), "time"))
		return mp_format_time(value, time);
	return mp_format_value(value, number);
}

static void add_value(struct mp_table *t, const struct mp_json *v)
{
	const char *object = mp_json_str(mp_json_get(v, "object"), NULL);
	const char *resource = mp_json_str(mp_json_get(v, "name"), NULL);
	const char *units = mp_json_str(mp_json_get(v, "units"), "");
	char number[64], time[32];
	auto_free char *name =
		mp_str_format("%s/%s", object ? object : "?", resource ? resource : "?");
	auto_free char *value =
		mp_str_format("%s%s%s", value_text(v, number, time), *units ? " " : "", units);

	mp_table_add(t, name, mp_json_str(mp_json_get(v, "path"), "-"), value);
}

void lwm2m_print_values(const struct mp_json *values)
{
	struct mp_table t;

	mp_table_init(&t, "NAME", "PATH", "VALUE");
	for (size_t i = 0; i < mp_json_size(values); i++)
		add_value(&t, mp_json_at(values, i));
	mp_table_print(&t);
	mp_table_done(&t);
}

/* ---- who is there ---- */

static int lwm2m_ls(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *list = NULL;
	MP_BUF(query, 1024);
	struct mp_table t;
	int status = mp_api_begin(ls_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (o.search && (mp_buf_add_str(&query, "q=") < 0 || mp_url_escape(&query, o.search) < 0))
		return mp_fail_usage("that text to search for is too long");
	if (mp_api_list(api, "lwm2m", mp_buf_str(&query), &list, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(list);
	mp_table_init(&t, "ID", "LWM2M", "STATE", "SECURE", "SEEN", "ADDRESS", "PROFILE");
	for (size_t i = 0; i < mp_json_size(mp_json_get(list, "items")); i++) {
		const struct mp_json *d = mp_json_at(mp_json_get(list, "items"), i);
		char age[32];

		mp_table_add(&t, mp_json_str(mp_json_get(d, "endpoint"), "-"),
			     mp_json_str(mp_json_get(d, "version"), "-"),
			     mp_json_bool(mp_json_get(d, "sleeping"), false) ? "asleep" : "awake",
			     mp_json_bool(mp_json_get(d, "secure"), false) ? "yes" : "no",
			     mp_format_age(mp_json_get(d, "updated"), age),
			     mp_json_str(mp_json_get(d, "address"), "-"),
			     mp_json_str(mp_json_get(d, "profile"), "-"));
	}
	mp_table_print(&t);
	mp_table_done(&t);
	return EXIT_SUCCESS;
}

/* Read one object of the tree; what the device refuses is said, and the rest goes on. */
static int add_object(struct mp_api *api, const char *endpoint, const struct mp_json *object,
		      const struct lwm2m_options *o, struct mp_json *all)
{
	int64_t id = mp_json_int(mp_json_get(object, "id"), 0);
	auto_free char *path = mp_str_format("%lld", (long long)id);
	auto_(mp_json) *answer = NULL;
	const struct mp_json *value;
	struct mp_err err = {0};
	MP_BUF(url, 1024);
	int r = path ? lwm2m_url(&url, endpoint, path, NULL, o) : -ENOMEM;

	if (r == 0)
		r = mp_api_get(api, mp_buf_str(&url), &answer, &err);
	if (r < 0) {
		mp_warn("/%lld: %s", (long long)id, err.text);
		return 0;
	}
	for (size_t i = 0; (value = mp_json_at(mp_json_get(answer, "values"), i)); i++)
		if (mp_json_append(all, mp_json_copy(value)) < 0)
			return -ENOMEM;
	return 0;
}

static int lwm2m_tree(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *one = NULL, *all = mp_json_new_array();
	const struct mp_json *object;
	MP_BUF(url, 1024);
	int status = mp_api_begin(lwm2m_options, &o, &o.server, &argc, &argv, &api);
	struct lwm2m_options plain = {0};

	if (status != MP_GO_ON)
		return status;
	if (lwm2m_url(&url, argv[0], NULL, NULL, &plain) < 0)
		return mp_fail_usage("that is no device's id");
	if (mp_api_get(api, mp_buf_str(&url), &one, &err) < 0)
		return mp_fail(&err);
	for (size_t i = 0; (object = mp_json_at(mp_json_get(one, "objects"), i)); i++)
		if (mp_json_int(mp_json_get(object, "id"), 0) != 0 && /* keys: never shown */
		    add_object(api, argv[0], object, &o, all) < 0)
			return mp_fail_usage("out of memory");
	if (o.json)
		return mp_print_json(all);
	lwm2m_print_values(all);
	return EXIT_SUCCESS;
}

/* ---- operations ---- */

/* METHOD on EP PATH: the way of all of them. The exit status. */
static int operate(struct mp_api *api, const char *method, const char *const *ep_path,
		   const struct mp_json *body, const struct lwm2m_options *o)
{
	auto_(mp_json) *answer = NULL;
	struct mp_err err = {0};
	MP_BUF(url, 1024);

	if (lwm2m_url(&url, ep_path[0], ep_path[1], NULL, o) < 0)
		return mp_fail_usage("that is no device's id, or no path");
	if (mp_api_send(api, method, mp_buf_str(&url), body, &answer, &err) < 0)
		return mp_fail(&err);
	if (o->json)
		return mp_print_json(answer);
	if (mp_json_get(answer, "request"))
		mp_step("%s is asleep: request %lld waits for it", ep_path[0],
			(long long)mp_json_int(mp_json_get(answer, "request"), 0));
	if (mp_json_get(answer, "values"))
		lwm2m_print_values(mp_json_get(answer, "values"));
	return EXIT_SUCCESS;
}

static int lwm2m_read(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	auto_(mp_api) *api = NULL;
	int status = mp_api_begin(lwm2m_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	return operate(api, "GET", (const char *const *)argv, NULL, &o);
}

static int lwm2m_write(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	auto_(mp_json) *body = mp_json_new_object();
	auto_(mp_api) *api = NULL;
	int status = mp_api_begin(lwm2m_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	/* As text: the server knows the type, and reads numbers and times out of it. */
	(void)mp_json_put_str(body, "value", argv[2]);
	return operate(api, "PUT", (const char *const *)argv, body, &o);
}

static int lwm2m_exec(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	auto_(mp_json) *body = mp_json_new_object();
	auto_(mp_api) *api = NULL;
	int status = mp_api_begin(lwm2m_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (argc > 2)
		(void)mp_json_put_str(body, "arguments", argv[2]);
	return operate(api, "POST", (const char *const *)argv, body, &o);
}

static void print_queue(const struct mp_json *items)
{
	struct mp_table t;

	mp_table_init(&t, "REQUEST", "KIND", "PATH", "STATE", "MADE", "RESULT");
	for (size_t i = 0; i < mp_json_size(items); i++) {
		const struct mp_json *q = mp_json_at(items, i);
		const char *code = mp_json_str(mp_json_get(q, "code"), NULL);
		char number[64], time[32];

		mp_table_add(&t, mp_format_value(mp_json_get(q, "request"), number),
			     mp_json_str(mp_json_get(q, "kind"), "-"),
			     mp_json_str(mp_json_get(q, "path"), "-"),
			     mp_json_str(mp_json_get(q, "state"), "-"),
			     mp_format_time(mp_json_get(q, "created"), time),
			     code ? code : mp_json_str(mp_json_get(q, "outcome"), "-"));
	}
	mp_table_print(&t);
	mp_table_done(&t);
}

static int lwm2m_queue(int argc, char *argv[])
{
	struct lwm2m_options o = {0}, plain = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *list = NULL;
	MP_BUF(url, 1024);
	int status = mp_api_begin(lwm2m_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (lwm2m_url(&url, argv[0], NULL, "queue", &plain) < 0)
		return mp_fail_usage("that is no device's id");
	if (mp_api_get(api, mp_buf_str(&url), &list, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(list);
	print_queue(mp_json_get(list, "items"));
	return EXIT_SUCCESS;
}

const struct mp_verb mp_verbs_lwm2m[] = {
	{"ls", NULL, "list devices that are registered over LwM2M", NULL, ls_options, lwm2m_ls,
	 NULL},
	{"tree", "ID", "read everything that a device has", NULL, lwm2m_options, lwm2m_tree, NULL},
	{"read", "ID PATH", "read an object, an instance or a resource",
	 "PATH has numbers or names of the object model: 3/0/9, Device/0/Battery\\ Level, or "
	 "Device/battery-level for the only instance.",
	 lwm2m_options, lwm2m_read, NULL},
	{"write", "ID PATH VALUE", "write a resource",
	 "Numbers, true and false, times as 2026-11-24T10:20:30Z, opaque bytes in hexadecimal "
	 "digits, links as 3:0. A device that sleeps gets it when it wakes.",
	 lwm2m_options, lwm2m_write, NULL},
	{"exec", "ID PATH [ARGUMENTS]", "execute a resource, such as Device/Reboot", NULL,
	 lwm2m_options, lwm2m_exec, NULL},
	{"observe", "ID PATH", "show values as the device reports them",
	 "Goes on until Ctrl-C. The device keeps reporting to the server, which keeps the values; "
	 "'mp lwm2m unobserve' ends that.",
	 lwm2m_options, lwm2m_observe, NULL},
	{"unobserve", "ID PATH", "let a device stop reporting", NULL, lwm2m_options,
	 lwm2m_unobserve, NULL},
	{"queue", "ID", "list requests that wait for a device, and their results", NULL,
	 lwm2m_options, lwm2m_queue, NULL},
	{"bootstrap", "ls|show|set|rm|start [ID] [FILE]",
	 "say what devices get from the bootstrap server",
	 "'set ID FILE' takes JSON: {\"delete\": [\"/0\", \"/1\"], \"values\": {\"/1/0/1\": 300}}, "
	 "with paths or names of the object model, \"discover\": true and \"read\": [\"/1\"]; "
	 "the ID 'default' stands for all devices without one of their own. 'ls' lists who "
	 "bootstrapped lately; 'start' has a device do it again.",
	 lwm2m_options, lwm2m_bootstrap, NULL},
	{"psk", "add|rm ID", "give a device a pre-shared key, or take it away",
	 "'add' makes a key of 16 random bytes, writes it to a file that only you can read, and "
	 "gives it to the server. From then on the device can't register without security.",
	 lwm2m_psk_options, lwm2m_psk, NULL},
	{0},
};
