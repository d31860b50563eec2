/* SPDX-License-Identifier: Apache-2.0 */
/* mp rollout: bring devices to a release, and watch it happen. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "base/str.h"
#include "table.h"
#include "verb.h"

struct rollout_options {
	struct mp_server_options server;
	bool json, wait, confirm, download_only;
	const char *channel, *board;
	struct mp_list devices;
	uint64_t success, error, timeout;
};

static const struct mp_option rollout_options[] = {
	MP_OPTION_JSON(struct rollout_options, json),
	MP_OPTIONS_SERVER(struct rollout_options, server),
	{0},
};
#define WAIT_OPTIONS                                                                               \
	{                                                                                          \
		"timeout", 0, MP_NUMBER, offsetof(struct rollout_options, timeout), "SECONDS",     \
			"stop waiting after this time; default never"                              \
	}
static const struct mp_option wait_options[] = {
	WAIT_OPTIONS,
	MP_OPTION_JSON(struct rollout_options, json),
	MP_OPTIONS_SERVER(struct rollout_options, server),
	{0},
};
static const struct mp_option start_options[] = {
	{"channel", 0, MP_TEXT, offsetof(struct rollout_options, channel), "NAME",
	 "the release that this channel points to, in place of VERSION"},
	{"device", 'd', MP_LIST, offsetof(struct rollout_options, devices), "ID",
	 "only this device; may be given several times; default all devices"},
	{"board", 0, MP_TEXT, offsetof(struct rollout_options, board), "NAME",
	 "only devices of this board"},
	{"success", 0, MP_NUMBER, offsetof(struct rollout_options, success), "PERCENT",
	 "finish when so many devices are proven; default 100"},
	{"error", 0, MP_NUMBER, offsetof(struct rollout_options, error), "PERCENT",
	 "stop when so many devices have failed; default 50"},
	{"confirm", 0, MP_SWITCH, offsetof(struct rollout_options, confirm), NULL,
	 "each device waits until somebody agrees: at the device, or by mp device confirm"},
	{"download-only", 0, MP_SWITCH, offsetof(struct rollout_options, download_only), NULL,
	 "devices fetch the release and do not install it; a later rollout does"},
	{"wait", 'w', MP_SWITCH, offsetof(struct rollout_options, wait), NULL,
	 "show the progress until the rollout has ended; status 1 unless it finished"},
	WAIT_OPTIONS,
	MP_OPTION_JSON(struct rollout_options, json),
	MP_OPTIONS_SERVER(struct rollout_options, server),
	{0},
};

static const char *const states[] = {"waiting",	    "unconfirmed", "offered",
				     "downloading", "downloaded",  "installing",
				     "proving",	    "proven",	   "failed"};
#define N_STATES (sizeof(states) / sizeof(*states))

/* "2 proven, 1 downloading": what is not zero. */
static void describe(const struct mp_json *rollout, char *text, size_t len)
{
	const struct mp_json *counts = mp_json_get(rollout, "counts");
	size_t at = 0;

	snprintf(text, len, "no devices");
	for (size_t i = 0; i < N_STATES && at < len; i++) {
		long long n = (long long)mp_json_int(mp_json_get(counts, states[i]), 0);

		if (n > 0)
			at += (size_t)snprintf(text + at, len - at, "%s%lld %s", at ? ", " : "", n,
					       states[i]);
	}
}

static int rollout_path(struct mp_buf *path, const char *id, const char *what)
{
	int r = mp_buf_add_str(path, "rollouts/");

	if (r == 0)
		r = mp_url_escape(path, id);
	if (r == 0 && what)
		r = mp_buf_printf(path, "/%s", what);
	return r;
}

/* ---- waiting ---- */

struct watch {
	char shown[256]; /* what the last line said */
	bool drawn; /* at a terminal: that line is still open */
};

/* At a terminal one line that is drawn anew, elsewhere a line for each change. */
static void show_progress(struct watch *w, const struct mp_json *rollout)
{
	char text[256], counts[200];

	describe(rollout, counts, sizeof(counts));
	snprintf(text, sizeof(text), "%s: %s", mp_json_str(mp_json_get(rollout, "state"), "?"),
		 counts);
	if (mp_streq(text, w->shown))
		return;
	snprintf(w->shown, sizeof(w->shown), "%s", text);
	if (mp_is_terminal(STDERR_FILENO)) {
		fprintf(stderr, "\r%s\033[K", text);
		w->drawn = true;
	} else {
		fprintf(stderr, "%s\n", text);
	}
}

static bool has_ended(const struct mp_json *rollout)
{
	const char *state = mp_json_str(mp_json_get(rollout, "state"), "");

	return mp_streq(state, "finished") || mp_streq(state, "stopped") ||
	       mp_streq(state, "aborted");
}

static int64_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

#define PATIENCE 30 /* seconds for which the server may be away, to start anew */

static bool is_away(int r)
{
	return r == -ECONNREFUSED || r == -ECONNRESET || r == -ETIMEDOUT || r == -EHOSTUNREACH;
}

/* One look at it. 1: it has ended, and `ret` is how. */
static int look(struct mp_api *api, const char *path, struct watch *watch, struct mp_json **ret,
		struct mp_err *err)
{
	auto_(mp_json) *rollout = NULL;
	int r = mp_api_get(api, path, &rollout, err);

	if (r < 0)
		return r;
	show_progress(watch, rollout);
	if (!has_ended(rollout))
		return 0;
	*ret = take_ptr(rollout);
	return 1;
}

/* Ask each half second until it has ended. 0, -ETIMEDOUT, or the server's trouble. */
static int wait_for_end(struct mp_api *api, const char *id, uint64_t timeout, struct mp_json **ret,
			struct mp_err *err)
{
	int64_t end = timeout ? seconds() + (int64_t)timeout : INT64_MAX, seen = seconds();
	struct watch watch = {.drawn = false};
	MP_BUF(path, 1024);
	int r = rollout_path(&path, id, NULL);

	while (r == 0) {
		r = look(api, mp_buf_str(&path), &watch, ret, err);
		if (r >= 0)
			seen = seconds();
		else if (is_away(r) && seconds() - seen < PATIENCE)
			r = 0;
		if (r == 0 && seconds() >= end)
			r = mp_err_set(err, -ETIMEDOUT, "rollout %s has not ended after %llu s: %s",
				       id, (unsigned long long)timeout, watch.shown);
		if (r == 0)
			usleep(500000);
	}
	if (watch.drawn)
		fputc('\n', stderr);
	return r < 0 ? r : 0;
}

static int say_end(const struct mp_json *rollout, const char *id, bool json)
{
	const char *state = mp_json_str(mp_json_get(rollout, "state"), "");
	const char *reason = mp_json_str(mp_json_get(rollout, "reason"), "");
	int status = mp_streq(state, "finished") ? EXIT_SUCCESS : EXIT_FAILURE;

	if (json)
		return mp_print_json(rollout) == EXIT_SUCCESS ? status : EXIT_FAILURE;
	if (status == EXIT_SUCCESS)
		mp_step("rollout %s of %s is finished", id,
			mp_json_str(mp_json_get(rollout, "release"), "?"));
	else
		mp_warn("rollout %s was %s%s%s", id, state, *reason ? ": " : "", reason);
	return status;
}

/* ---- verbs ---- */

static struct mp_json *start_body(const struct rollout_options *o, const char *version)
{
	auto_(mp_json) *body = mp_json_new_object();
	struct mp_json *ids = mp_json_new_array();
	int r = mp_json_put_str(body, o->channel ? "channel" : "release",
				o->channel ? o->channel : version);

	for (size_t i = 0; i < o->devices.n && r == 0; i++)
		r = mp_json_append(ids, mp_json_new_str(o->devices.items[i]));
	if (r == 0 && o->devices.n == 0)
		r = mp_json_put_bool(body, "all", true);
	if (r == 0 && o->board)
		r = mp_json_put_str(body, "board", o->board);
	if (r == 0 && o->devices.n > 0)
		r = mp_json_put(body, "devices", mp_json_copy(ids));
	if (r == 0 && o->confirm)
		r = mp_json_put_bool(body, "confirm", true);
	if (r == 0 && o->download_only)
		r = mp_json_put_bool(body, "download_only", true);
	if (r == 0)
		r = mp_json_put_int(body, "success_threshold", (int64_t)o->success);
	if (r == 0)
		r = mp_json_put_int(body, "error_threshold", (int64_t)o->error);
	mp_json_free(ids);
	return r < 0 ? NULL : take_ptr(body);
}

static int check_start(const struct rollout_options *o, int argc)
{
	if ((argc == 1) == (o->channel != NULL))
		return mp_fail_usage("name one release: VERSION, or --channel NAME");
	if (o->board && o->devices.n > 0)
		return mp_fail_usage("choose devices by --board or by --device, not by both");
	if (o->success < 1 || o->success > 100 || o->error < 1 || o->error > 100)
		return mp_fail_usage("--success and --error are percentages from 1 to 100");
	return MP_GO_ON;
}

static int rollout_start(int argc, char *argv[])
{
	struct rollout_options o = {.success = 100, .error = 50};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *body = NULL, *rollout = NULL, *end = NULL;
	char id[64];
	int status = mp_api_begin(start_options, &o, &o.server, &argc, &argv, &api);

	if (status == MP_GO_ON)
		status = check_start(&o, argc);
	if (status != MP_GO_ON)
		return status;
	body = start_body(&o, argv[0]);
	if (mp_api_send(api, "POST", "rollouts", body, &rollout, &err) < 0)
		return mp_fail(&err);
	mp_format_value(mp_json_get(rollout, "id"), id);
	if (!o.json || o.wait)
		mp_step("rollout %s of %s has started", id,
			mp_json_str(mp_json_get(rollout, "release"), "?"));
	if (!o.wait)
		return o.json ? mp_print_json(rollout) : EXIT_SUCCESS;
	if (wait_for_end(api, id, o.timeout, &end, &err) < 0)
		return mp_fail(&err);
	return say_end(end, id, o.json);
}

static int rollout_wait(int argc, char *argv[])
{
	struct rollout_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *end = NULL;
	int status = mp_api_begin(wait_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (wait_for_end(api, argv[0], o.timeout, &end, &err) < 0)
		return mp_fail(&err);
	return say_end(end, argv[0], o.json);
}

static int rollout_ls(int argc, char *argv[])
{
	struct rollout_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *list = NULL;
	const struct mp_json *items;
	struct mp_table t;
	int status = mp_api_begin(rollout_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (mp_api_list(api, "rollouts", "", &list, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(list);
	items = mp_json_get(list, "items");
	mp_table_init(&t, "ID", "RELEASE", "STATE", "STARTED", "DEVICES");
	for (size_t i = 0; i < mp_json_size(items); i++) {
		const struct mp_json *r = mp_json_at(items, i);
		char id[64], time[32], counts[256];

		describe(r, counts, sizeof(counts));
		mp_table_add(&t, mp_format_value(mp_json_get(r, "id"), id),
			     mp_json_str(mp_json_get(r, "release"), "-"),
			     mp_json_str(mp_json_get(r, "state"), "-"),
			     mp_format_time(mp_json_get(r, "started"), time), counts);
	}
	mp_table_print(&t);
	mp_table_done(&t);
	return EXIT_SUCCESS;
}

static void print_rollout(const struct mp_json *r)
{
	const char *reason = mp_json_str(mp_json_get(r, "reason"), "");
	char value[64], time[32], counts[256];

	describe(r, counts, sizeof(counts));
	printf("%-18s %s\n", "id", mp_format_value(mp_json_get(r, "id"), value));
	printf("%-18s %s\n", "release", mp_json_str(mp_json_get(r, "release"), "-"));
	printf("%-18s %s\n", "state", mp_json_str(mp_json_get(r, "state"), "-"));
	printf("%-18s %s\n", "reason", *reason ? reason : "-");
	printf("%-18s %s\n", "devices", counts);
	printf("%-18s %s\n", "started", mp_format_time(mp_json_get(r, "started"), time));
	printf("%-18s %s\n", "ended", mp_format_time(mp_json_get(r, "ended"), time));
	printf("%-18s %s %%\n", "success threshold",
	       mp_format_value(mp_json_get(r, "success_threshold"), value));
	printf("%-18s %s %%\n", "error threshold",
	       mp_format_value(mp_json_get(r, "error_threshold"), value));
}

static int rollout_show(int argc, char *argv[])
{
	struct rollout_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *rollout = NULL;
	MP_BUF(path, 1024);
	int status = mp_api_begin(rollout_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (rollout_path(&path, argv[0], NULL) < 0)
		return mp_fail_usage("that is no rollout's id");
	if (mp_api_get(api, mp_buf_str(&path), &rollout, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(rollout);
	print_rollout(rollout);
	return EXIT_SUCCESS;
}

static int change(int argc, char *argv[], const char *what, const char *done)
{
	struct rollout_options o = {0};
	struct mp_err err = {0};
	auto_(mp_api) *api = NULL;
	auto_(mp_json) *rollout = NULL;
	MP_BUF(path, 1024);
	int status = mp_api_begin(rollout_options, &o, &o.server, &argc, &argv, &api);

	if (status != MP_GO_ON)
		return status;
	if (rollout_path(&path, argv[0], what) < 0)
		return mp_fail_usage("that is no rollout's id");
	if (mp_api_send(api, "POST", mp_buf_str(&path), NULL, &rollout, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(rollout);
	mp_step("rollout %s %s", argv[0], done);
	return EXIT_SUCCESS;
}

static int rollout_pause(int argc, char *argv[])
{
	return change(argc, argv, "pause", "is paused: no further device gets an offer");
}

static int rollout_resume(int argc, char *argv[])
{
	return change(argc, argv, "resume", "goes on");
}

static int rollout_abort(int argc, char *argv[])
{
	return change(argc, argv, "abort", "is aborted: devices that began finish by themselves");
}

const struct mp_verb mp_verbs_rollout[] = {
	{"start", "[VERSION]", "start bringing devices to a release",
	 "Devices get the release at their next poll and count only when proven: after their "
	 "reboot, healthy, with the server reached.",
	 start_options, rollout_start, NULL},
	{"wait", "ID", "show a rollout's progress until it has ended",
	 "Exit status 0 when it finished, 1 when it was stopped or aborted.", wait_options,
	 rollout_wait, NULL},
	{"ls", NULL, "list rollouts", NULL, rollout_options, rollout_ls, NULL},
	{"show", "ID", "show a rollout", NULL, rollout_options, rollout_show, NULL},
	{"pause", "ID", "offer it to no further device for now", NULL, rollout_options,
	 rollout_pause, NULL},
	{"resume", "ID", "go on after a pause", NULL, rollout_options, rollout_resume, NULL},
	{"abort", "ID", "end it early", NULL, rollout_options, rollout_abort, NULL},
	{0},
};
