/* SPDX-License-Identifier: Apache-2.0 */
/* mp channel: named pointers to releases. */
#include <stdio.h>

#include "api.h"
#include "base/str.h"
#include "table.h"
#include "verb.h"

struct channel_options {
	struct mp_server_options server;
	bool json;
};

static const struct mp_option channel_options[] = {
	MP_OPTION_JSON(struct channel_options, json),
	MP_OPTIONS_SERVER(struct channel_options, server),
	{0},
};

static int channel_ls(int argc, char *argv[])
{
	struct channel_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *list = NULL;
	const struct mp_json *items;
	struct mp_table t;
	int status = mp_api_begin(channel_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_api_list(api, "channels", "", &list, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(list);
	items = mp_json_get(list, "items");
	if (mp_json_size(items) == 0)
		mp_warn("there is no channel yet: make one with 'mp channel set NAME VERSION'");
	mp_table_init(&t, "NAME", "RELEASE");
	for (size_t i = 0; i < mp_json_size(items); i++)
		mp_table_add(&t, mp_json_str(mp_json_get(mp_json_at(items, i), "name"), "-"),
			     mp_json_str(mp_json_get(mp_json_at(items, i), "release"), "-"));
	if (t.rows > 1)
		mp_table_print(&t);
	mp_table_done(&t);
	return EXIT_SUCCESS;
}

/* "channels/NAME", or a complaint about the name. */
static int channel_path(const char *name, char ret[128])
{
	if (!mp_str_is_name(name, 64))
		return mp_fail_usage("'%s' is no channel's name: use at most 64 of A-Z, a-z, 0-9, "
				     "'.', '_' and '-'",
				     name);
	snprintf(ret, 128, "channels/%s", name);
	return MP_GO_ON;
}

static int channel_set(int argc, char *argv[])
{
	struct channel_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *body = mp_json_new_object();
	char path[128];
	int status = mp_api_begin(channel_options, &o, &o.server, &argc, &argv, &api);

	if (status == MP_GO_ON)
		status = channel_path(argv[0], path);
	if (status != MP_GO_ON)
		return status;
	(void)mp_json_put_str(body, "release", argv[1]);
	if (mp_api_send(api, "PUT", path, body, NULL, &err) < 0)
		return mp_fail(&err);
	mp_step("channel %s is at release %s", argv[0], argv[1]);
	return EXIT_SUCCESS;
}

static int channel_rm(int argc, char *argv[])
{
	struct channel_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	char path[128];
	int status = mp_api_begin(channel_options, &o, &o.server, &argc, &argv, &api);

	if (status == MP_GO_ON)
		status = channel_path(argv[0], path);
	if (status != MP_GO_ON)
		return status;
	if (mp_api_send(api, "DELETE", path, NULL, NULL, &err) < 0)
		return mp_fail(&err);
	mp_step("channel %s is gone; its release stays", argv[0]);
	return EXIT_SUCCESS;
}

const struct mp_verb mp_verbs_channel[] = {
	{"ls", NULL, "list channels and the releases they point to", NULL, channel_options,
	 channel_ls, NULL},
	{"set", "NAME VERSION", "point a channel to a release", NULL, channel_options, channel_set,
	 NULL},
	{"rm", "NAME", "remove a channel", NULL, channel_options, channel_rm, NULL},
	{0},
};
