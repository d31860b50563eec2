/* SPDX-License-Identifier: Apache-2.0 */
/* mp token: who may use the server's API, and with what a device enrolls. */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "base/file.h"
#include "base/str.h"
#include "table.h"
#include "verb.h"

struct token_options {
	struct mp_server_options server;
	bool json;
	const char *role, *out;
};

#define OUT_OPTION                                                                                 \
	{                                                                                          \
		"out", 'o', MP_TEXT, offsetof(struct token_options, out), "FILE",                  \
			"write the token to this file, readable by you alone, not to stdout"       \
	}

static const struct mp_option token_options[] = {
	MP_OPTION_JSON(struct token_options, json),
	MP_OPTIONS_SERVER(struct token_options, server),
	{0},
};
static const struct mp_option add_options[] = {
	{"role", 0, MP_TEXT, offsetof(struct token_options, role), "admin|operator|viewer",
	 "what the token allows; default viewer"},
	OUT_OPTION,
	MP_OPTION_JSON(struct token_options, json),
	MP_OPTIONS_SERVER(struct token_options, server),
	{0},
};
static const struct mp_option enroll_options[] = {
	OUT_OPTION,
	MP_OPTION_JSON(struct token_options, json),
	MP_OPTIONS_SERVER(struct token_options, server),
	{0},
};

/* A token is shown once: to a file, as JSON, or on stdout. */
static int show_token(const struct token_options *o, const struct mp_json *answer)
{
	const char *token = mp_json_str(mp_json_get(answer, "token"), "");
	struct mp_err err = {0};

	if (o->out) {
		auto_free char *line = mp_str_format("%s\n", token);

		if (!line || mp_file_write(o->out, line, strlen(line), 0600, &err) < 0)
			return mp_fail(&err);
		mp_step("the token is in %s", o->out);
		return EXIT_SUCCESS;
	}
	if (o->json)
		return mp_print_json(answer);
	puts(token);
	return EXIT_SUCCESS;
}

static int token_add(int argc, char *argv[])
{
	struct token_options o = {.role = "viewer"};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *body = mp_json_new_object(), *answer = NULL;
	int status = mp_api_begin(add_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	(void)mp_json_put_str(body, "name", argv[0]);
	(void)mp_json_put_str(body, "role", o.role);
	if (mp_api_send(api, "POST", "tokens", body, &answer, &err) < 0)
		return mp_fail(&err);
	return show_token(&o, answer);
}

static int token_enroll(int argc, char *argv[])
{
	struct token_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *body = mp_json_new_object(), *answer = NULL;
	int status = mp_api_begin(enroll_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_api_send(api, "POST", "enroll-tokens", body, &answer, &err) < 0)
		return mp_fail(&err);
	return show_token(&o, answer);
}

static int token_ls(int argc, char *argv[])
{
	struct token_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *list = NULL;
	const struct mp_json *items;
	struct mp_table t;
	int status = mp_api_begin(token_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_api_list(api, "tokens", "", &list, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(list);
	items = mp_json_get(list, "items");
	mp_table_init(&t, "NAME", "ROLE");
	for (size_t i = 0; i < mp_json_size(items); i++)
		mp_table_add(&t, mp_json_str(mp_json_get(mp_json_at(items, i), "name"), "-"),
			     mp_json_str(mp_json_get(mp_json_at(items, i), "role"), "-"));
	mp_table_print(&t);
	mp_table_done(&t);
	return EXIT_SUCCESS;
}

static int token_rm(int argc, char *argv[])
{
	struct token_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	MP_BUF(path, 1024);
	int status = mp_api_begin(token_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_buf_add_str(&path, "tokens/") < 0 || mp_url_escape(&path, argv[0]) < 0)
		return mp_fail_usage("that is no token's name");
	if (mp_api_send(api, "DELETE", mp_buf_str(&path), NULL, NULL, &err) < 0)
		return mp_fail(&err);
	mp_step("the token %s opens nothing any more", argv[0]);
	return EXIT_SUCCESS;
}

const struct mp_verb mp_verbs_token[] = {
	{"add", "NAME", "make an API token for a person or a script",
	 "The token is shown once; the server keeps only its hash.", add_options, token_add, NULL},
	{"ls", NULL, "list API tokens", NULL, token_options, token_ls, NULL},
	{"rm", "NAME", "withdraw an API token", NULL, token_options, token_rm, NULL},
	{"enroll", NULL, "make a token with which devices may enroll", NULL, enroll_options,
	 token_enroll, NULL},
	{0},
};
