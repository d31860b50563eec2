/* SPDX-License-Identifier: Apache-2.0 */
/* mp device: what the devices do, and why. */
#include <stdio.h>

#include "api.h"
#include "base/str.h"
#include "table.h"
#include "verb.h"

struct device_options {
	struct mp_server_options server;
	bool json;
	const char *state, *release, *search, *reason;
};

static const struct mp_option ls_options[] = {
	{"state", 0, MP_TEXT, offsetof(struct device_options, state),
	 "idle|offered|unconfirmed|downloading|downloaded|verifying|installed|rebooting|proving|"
	 "proven|failed|rolled_back|unknown",
	 "only devices in this state"},
	{"release", 0, MP_TEXT, offsetof(struct device_options, release), "VERSION",
	 "only devices that run this release"},
	{"search", 's', MP_TEXT, offsetof(struct device_options, search), "TEXT",
	 "only devices whose id holds this text"},
	MP_OPTION_JSON(struct device_options, json),
	MP_OPTIONS_SERVER(struct device_options, server),
	{0},
};
static const struct mp_option device_options[] = {
	MP_OPTION_JSON(struct device_options, json),
	MP_OPTIONS_SERVER(struct device_options, server),
	{0},
};

static const struct mp_option confirm_options[] = {
	{"reason", 0, MP_TEXT, offsetof(struct device_options, reason), "TEXT",
	 "what the device's history and its reason say of it"},
	MP_OPTION_JSON(struct device_options, json),
	MP_OPTIONS_SERVER(struct device_options, server),
	{0},
};

static int add_filter(struct mp_buf *query, const char *name, const char *value)
{
	int r;

	if (!value)
		return 0;
	r = mp_buf_printf(query, "%s%s=", query->len ? "&" : "", name);
	return r < 0 ? r : mp_url_escape(query, value);
}

static void print_devices(const struct mp_json *items)
{
	struct mp_table t;

	mp_table_init(&t, "ID", "RELEASE", "TARGET", "STATE", "SEEN", "REASON");
	for (size_t i = 0; i < mp_json_size(items); i++) {
		const struct mp_json *d = mp_json_at(items, i);
		char age[32];

		mp_table_add(&t, mp_json_str(mp_json_get(d, "id"), "-"),
			     mp_json_str(mp_json_get(d, "release"), "-"),
			     mp_json_str(mp_json_get(d, "target"), "-"),
			     mp_json_str(mp_json_get(d, "state"), "-"),
			     mp_format_age(mp_json_get(d, "last_seen"), age),
			     mp_json_str(mp_json_get(d, "reason"), "-"));
	}
	mp_table_print(&t);
	mp_table_done(&t);
}

static int device_ls(int argc, char *argv[])
{
	struct device_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *list = NULL;
	MP_BUF(query, 4096);
	int status = mp_api_begin(ls_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (add_filter(&query, "state", o.state) < 0 ||
	    add_filter(&query, "release", o.release) < 0 || add_filter(&query, "q", o.search) < 0)
		return mp_fail_usage("that text to search for is too long");
	if (mp_api_list(api, "devices", mp_buf_str(&query), &list, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(list);
	if (mp_json_size(mp_json_get(list, "items")) == 0)
		mp_warn("no device%s", query.len ? " is like that" : " has enrolled yet");
	else
		print_devices(mp_json_get(list, "items"));
	return EXIT_SUCCESS;
}

static void print_field(const char *name, const char *value)
{
	printf("%-14s %s\n", name, value && *value ? value : "-");
}

static void print_device(const struct mp_json *d)
{
	static const char *const fields[] = {"id",     "product", "board", "release",
					     "target", "state",	  "reason"};
	const struct mp_json *value;
	char text[64], age[32], number[64];
	const char *key;
	void *iter = NULL;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		print_field(fields[i], mp_json_str(mp_json_get(d, fields[i]), "-"));
	print_field("progress", mp_format_value(mp_json_get(d, "progress"), number));
	snprintf(text, sizeof(text), "%s ago", mp_format_age(mp_json_get(d, "last_seen"), age));
	print_field("seen", mp_json_get(d, "last_seen") ? text : "never");
	while (mp_json_next(mp_json_get(d, "attributes"), &iter, &key, &value))
		print_field(key, mp_json_str(value, mp_format_value(value, number)));
}

/* GET devices/ID[/what]: the way of all verbs about one device. MP_GO_ON with the answer. */
static int get_one(int argc, char *argv[], const char *what, struct device_options *o,
		   struct mp_json **ret)
{
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	MP_BUF(path, 1024);
	int status = mp_api_begin(device_options, o, &o->server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_buf_add_str(&path, "devices/") < 0 || mp_url_escape(&path, argv[0]) < 0 ||
	    mp_buf_add_str(&path, what) < 0)
		return mp_fail_usage("that is no device's id");
	return mp_api_get(api, mp_buf_str(&path), ret, &err) < 0 ? mp_fail(&err) : MP_GO_ON;
}

static int device_show(int argc, char *argv[])
{
	struct device_options o = {0};
	auto_(mp_json) *device = NULL;
	int status = get_one(argc, argv, "", &o, &device);

	if (status != MP_GO_ON)
		return status;
	if (o.json)
		return mp_print_json(device);
	print_device(device);
	return EXIT_SUCCESS;
}

static int device_why(int argc, char *argv[])
{
	struct device_options o = {0};
	auto_(mp_json) *why = NULL;
	int status = get_one(argc, argv, "/why", &o, &why);

	if (status != MP_GO_ON)
		return status;
	if (o.json)
		return mp_print_json(why);
	puts(mp_json_str(mp_json_get(why, "reason"), "no reason is known"));
	return EXIT_SUCCESS;
}

static int device_history(int argc, char *argv[])
{
	struct device_options o = {0};
	auto_(mp_json) *list = NULL;
	const struct mp_json *items;
	struct mp_table t;
	int status = get_one(argc, argv, "/history?limit=500", &o, &list);

	if (status != MP_GO_ON)
		return status;
	if (o.json)
		return mp_print_json(list);
	items = mp_json_get(list, "items");
	mp_table_init(&t, "TIME", "WHAT", "DETAILS");
	for (size_t i = 0; i < mp_json_size(items); i++) {
		const struct mp_json *e = mp_json_at(items, i);
		char time[32];

		mp_table_add(&t, mp_format_time(mp_json_get(e, "time"), time),
			     mp_json_str(mp_json_get(e, "what"), "-"),
			     mp_json_str(mp_json_get(e, "details"), "-"));
	}
	mp_table_print(&t);
	mp_table_done(&t);
	return EXIT_SUCCESS;
}

static int device_add(int argc, char *argv[])
{
	struct device_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *body = mp_json_new_object(), *answer = NULL;
	int status = mp_api_begin(device_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (!mp_str_is_name(argv[0], 64))
		return mp_fail_usage("'%s' is no device's id: use at most 64 of A-Z, a-z, 0-9, "
				     "'.', '_' and '-'",
				     argv[0]);
	(void)mp_json_put_str(body, "id", argv[0]);
	if (mp_api_send(api, "POST", "devices", body, &answer, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(answer);
	mp_step("%s may enroll with this token, which is shown only now:", argv[0]);
	puts(mp_json_str(mp_json_get(answer, "token"), ""));
	return EXIT_SUCCESS;
}

static int device_rm(int argc, char *argv[])
{
	struct device_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	MP_BUF(path, 1024);
	int status = mp_api_begin(device_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_buf_add_str(&path, "devices/") < 0 || mp_url_escape(&path, argv[0]) < 0)
		return mp_fail_usage("that is no device's id");
	if (mp_api_send(api, "DELETE", mp_buf_str(&path), NULL, NULL, &err) < 0)
		return mp_fail(&err);
	mp_step("%s is no longer known; its certificate is refused", argv[0]);
	return EXIT_SUCCESS;
}

static int answer(int argc, char *argv[], const char *what, const char *done)
{
	struct device_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *body = mp_json_new_object(), *device = NULL;
	MP_BUF(path, 1024);
	int status = mp_api_begin(confirm_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_buf_add_str(&path, "devices/") < 0 || mp_url_escape(&path, argv[0]) < 0 ||
	    mp_buf_add_str(&path, what) < 0)
		return mp_fail_usage("that is no device's id");
	(void)mp_json_put_str(body, "reason", o.reason ? o.reason : "");
	if (mp_api_send(api, "POST", mp_buf_str(&path), body, &device, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(device);
	mp_step("%s %s", argv[0], done);
	return EXIT_SUCCESS;
}

static int device_confirm(int argc, char *argv[])
{
	return answer(argc, argv, "/confirm", "may take its update");
}

static int device_deny(int argc, char *argv[])
{
	return answer(argc, argv, "/deny", "stays as it is until the update is confirmed");
}

const struct mp_verb mp_verbs_device[] = {
	{"ls", NULL, "list devices with release, state and reason", NULL, ls_options, device_ls,
	 NULL},
	{"show", "ID", "show all that is known of a device", NULL, device_options, device_show,
	 NULL},
	{"why", "ID", "say in a sentence why a device is (not) updating", NULL, device_options,
	 device_why, NULL},
	{"history", "ID", "list what happened to a device", NULL, device_options, device_history,
	 NULL},
	{"confirm", "ID", "let the update that waits for it go on",
	 "For a rollout that was started with --confirm: a device does not get the update before "
	 "somebody has agreed, at the device or with this.",
	 confirm_options, device_confirm, NULL},
	{"deny", "ID", "say that the update that waits is not welcome now",
	 "It goes on waiting, and may be confirmed later.", confirm_options, device_deny, NULL},
	{"add", "ID", "let a device enroll under this id",
	 "Prints the token with which this one "
	 "device may enroll, once.",
	 device_options, device_add, NULL},
	{"rm", "ID", "forget a device and refuse its certificate", NULL, device_options, device_rm,
	 NULL},
	{0},
};
