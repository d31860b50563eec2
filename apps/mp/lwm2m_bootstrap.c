/* SPDX-License-Identifier: Apache-2.0 */
/* mp lwm2m bootstrap: what the bootstrap server gives to devices. */
#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "lwm2m.h"
#include "table.h"

#define CONFIG_MAX 65536

/* devices/ID/bootstrap, or bootstrap/default for the id "default". */
static int config_url(struct mp_buf *url, const char *endpoint)
{
	int r;

	if (mp_streq(endpoint, "default"))
		return mp_buf_add_str(url, "bootstrap/default");
	r = mp_buf_add_str(url, "devices/");
	if (r == 0)
		r = mp_url_escape(url, endpoint);
	return r < 0 ? r : mp_buf_add_str(url, "/bootstrap");
}

static int show(struct mp_api *api, const char *url)
{
	auto_(mp_json) *config = NULL;
	struct mp_err err = {0};

	if (mp_api_get(api, url, &config, &err) < 0)
		return mp_fail(&err);
	return mp_print_json(config);
}

static int set(struct mp_api *api, const char *url, const char *file)
{
	auto_(mp_json) *config = NULL;
	struct mp_err err = {0};
	MP_BUF(text, CONFIG_MAX);

	if (mp_file_read(file, &text, &err) < 0 ||
	    mp_json_parse(text.data, text.len, &config, &err) < 0 ||
	    mp_api_send(api, "PUT", url, config, NULL, &err) < 0)
		return mp_fail(&err);
	return EXIT_SUCCESS;
}

static int take_away(struct mp_api *api, const char *url)
{
	struct mp_err err = {0};

	return mp_api_send(api, "DELETE", url, NULL, NULL, &err) < 0 ? mp_fail(&err) : EXIT_SUCCESS;
}

static int start(struct mp_api *api, const char *url)
{
	struct mp_err err = {0};

	return mp_api_send(api, "POST", url, NULL, NULL, &err) < 0 ? mp_fail(&err) : EXIT_SUCCESS;
}

static int list_sessions(struct mp_api *api, bool json)
{
	auto_(mp_json) *list = NULL;
	struct mp_err err = {0};
	const struct mp_json *one;
	struct mp_table t;

	if (mp_api_get(api, "bootstrap/sessions", &list, &err) < 0)
		return mp_fail(&err);
	if (json)
		return mp_print_json(list);
	mp_table_init(&t, "TIME", "ID", "STATE", "MESSAGE");
	for (size_t i = 0; (one = mp_json_at(mp_json_get(list, "items"), i)); i++) {
		char time[32];

		mp_table_add(&t, mp_format_time(mp_json_get(one, "time"), time),
			     mp_json_str(mp_json_get(one, "device"), "-"),
			     mp_json_str(mp_json_get(one, "state"), "-"),
			     mp_json_str(mp_json_get(one, "message"), "-"));
	}
	mp_table_print(&t);
	mp_table_done(&t);
	return EXIT_SUCCESS;
}

int lwm2m_bootstrap(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	auto_(mp_api) *api = NULL;
	MP_BUF(url, 1024);
	int status = mp_api_begin(lwm2m_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_streq(argv[0], "ls") && argc == 1)
		return list_sessions(api, o.json);
	if (argc < 2 || config_url(&url, argv[1]) < 0)
		return mp_fail_usage("say which device, or default");
	if (mp_streq(argv[0], "show"))
		return show(api, mp_buf_str(&url));
	if (mp_streq(argv[0], "set") && argc == 3)
		return set(api, mp_buf_str(&url), argv[2]);
	if (mp_streq(argv[0], "rm"))
		return take_away(api, mp_buf_str(&url));
	if (mp_streq(argv[0], "start") && !mp_streq(argv[1], "default"))
		return start(api, mp_buf_str(&url));
	return mp_fail_usage("'%s' is none of ls, show, set, rm and start", argv[0]);
}
