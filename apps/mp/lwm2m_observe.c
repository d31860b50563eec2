/* SPDX-License-Identifier: Apache-2.0 */
/* mp lwm2m observe: the server's event stream, line by line. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "lwm2m.h"

#define LINE_MAX_BYTES 65536

struct watch {
	struct mp_buf line;
	bool is_notification, json;
	const char *path; /* as the device's answer named it: values below it are shown */
};

static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 && (!path[len] || path[len] == '/');
}

static void show_values(const struct mp_json *values, const char *top)
{
	const struct mp_json *v;
	char clock[16] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	for (size_t i = 0; (v = mp_json_at(values, i)); i++) {
		const char *path = mp_json_str(mp_json_get(v, "path"), "");
		const char *name = mp_json_str(mp_json_get(v, "name"), "?");
		const char *units = mp_json_str(mp_json_get(v, "units"), "");
		const struct mp_json *value = mp_json_get(v, "value");
		char text[64];

		if (is_below(path, top))
			printf("%s  %s/%s  %s  %s %s\n", clock,
			       mp_json_str(mp_json_get(v, "object"), "?"), name, path,
			       mp_json_str(value, mp_format_value(value, text)), units);
	}
	fflush(stdout);
}

static void take_data(struct watch *w, const char *text)
{
	auto_(mp_json) *event = NULL;

	if (mp_json_parse(text, strlen(text), &event, NULL) < 0)
		return;
	if (w->json) {
		puts(text);
		fflush(stdout);
	} else {
		show_values(mp_json_get(event, "values"), w->path);
	}
}

static void take_line(struct watch *w, const char *line)
{
	if (mp_str_starts_with(line, "event: "))
		w->is_notification = mp_streq(line + 7, "notification");
	else if (mp_str_starts_with(line, "data: ") && w->is_notification)
		take_data(w, line + 6);
}

static int take(void *user, const void *data, size_t len)
{
	struct watch *w = user;
	const char *at = data;

	for (size_t i = 0; i < len; i++) {
		int r = 0;

		if (at[i] == '\n') {
			take_line(w, mp_buf_str(&w->line));
			mp_buf_reset(&w->line);
		} else {
			r = mp_buf_add(&w->line, &at[i], 1);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static void stop(int signal)
{
	(void)signal;
	_exit(0); /* every line has been flushed */
}

static int begin(struct lwm2m_options *o, int *argc, char ***argv, struct mp_api **ret_api,
		 struct mp_buf *url)
{
	int status = mp_api_begin(lwm2m_options, o, &o->server, argc, argv, ret_api);

	if (status == MP_GO_ON && lwm2m_url(url, (*argv)[0], (*argv)[1], "observe", o) < 0)
		return mp_fail_usage("that is no device's id, or no path");
	return status;
}

/* What was asked for by name has numbers in the answer: the part that all values have in common. */
static char *common_path(const struct mp_json *values)
{
	char *path = strdup(mp_json_str(mp_json_get(mp_json_at(values, 0), "path"), ""));
	const struct mp_json *v;

	for (size_t i = 1; path && (v = mp_json_at(values, i)); i++)
		while (*path && !is_below(mp_json_str(mp_json_get(v, "path"), ""), path))
			*strrchr(path, '/') = '\0';
	return path;
}

int lwm2m_observe(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *now = NULL;
	auto_free char *path = NULL;
	struct watch w = {.line = {.limit = LINE_MAX_BYTES}};
	MP_BUF(url, 1024);
	MP_BUF(events, 512);
	int status = begin(&o, &argc, &argv, &api, &url);

	if (status != MP_GO_ON)
		return status;
	if (mp_buf_add_str(&events, "events?kinds=notification&device=") < 0 ||
	    mp_url_escape(&events, argv[0]) < 0)
		return mp_fail_usage("that is no device's id");
	if (mp_api_send(api, "POST", mp_buf_str(&url), NULL, &now, &err) < 0)
		return mp_fail(&err);
	path = common_path(mp_json_get(now, "values"));
	w.json = o.json;
	w.path = path ? path : "";
	if (!o.json)
		show_values(mp_json_get(now, "values"), w.path);
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	status = mp_api_stream(api, mp_buf_str(&events), UINT64_MAX, take, &w, &err);
	mp_buf_done(&w.line);
	return status < 0 ? mp_fail(&err) : EXIT_SUCCESS;
}

int lwm2m_unobserve(int argc, char *argv[])
{
	struct lwm2m_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	MP_BUF(url, 1024);
	int status = begin(&o, &argc, &argv, &api, &url);

	if (status != MP_GO_ON)
		return status;
	if (mp_api_send(api, "DELETE", mp_buf_str(&url), NULL, NULL, &err) < 0)
		return mp_fail(&err);
	return EXIT_SUCCESS;
}
