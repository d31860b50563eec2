/* SPDX-License-Identifier: Apache-2.0 */
/* setup.c - at every start: where things stand, and what the ESP brings to a new device */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "worker.h"

#define SEEDS WORKER_ESP "/microplatform"

static const struct {
	const char *fact, *file;
	bool secret; /* goes from the ESP once it is stored */
} seeds[] = {
	{"seed-id", SEEDS "/device-id", false},
	{"seed-token", SEEDS "/enroll-token", true},
	{"seed-target-token", SEEDS "/target-token", true},
	{"seed-lwm2m-psk", SEEDS "/lwm2m.psk", true},
	{"channels", SEEDS "/update-channels", false},
};

static int fact(struct worker *w, const char *name, const char *value)
{
	return mp_pair_send(&w->control,
			    &(struct mp_msg){.type = MP_MSG_FACT, .text = {name, value}});
}

static int send_seed(struct worker *w, const char *name, const char *file)
{
	MP_BUF(text, 1000);
	int r = mp_medium_read_all(w->medium, file, &text);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return r;
	text.data[strcspn(mp_buf_str(&text), " \t\r\n")] = '\0';
	return text.data[0] ? fact(w, name, text.data) : 0;
}

static int send_status(struct worker *w, const struct mp_install_status *s)
{
	const char slot[2] = {s->slot, '\0'};
	int r = fact(w, "state", mp_install_state_name(s->state));

	if (r == 0)
		r = fact(w, "version", s->version);
	if (r == 0)
		r = fact(w, "reason", s->reason);
	if (r == 0)
		r = fact(w, "action", s->note);
	if (r == 0)
		r = fact(w, "trial", s->trial ? "yes" : "no");
	return r < 0 ? r : fact(w, "slot", slot);
}

/* A machine without a clock learns from signed metadata how late it is at least. */
static int send_floor(struct worker *w, int64_t floor)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)floor);
	return fact(w, "time-floor", text);
}

int worker_setup(struct worker *w, struct mp_err *err)
{
	struct mp_install_status status;
	auto_(mp_tuf_client) *tuf = NULL;
	int r = mp_install_status(&w->config, &status, err);

	if (r == 0)
		r = send_status(w, &status);
	for (size_t i = 0; r == 0 && i < sizeof(seeds) / sizeof(*seeds); i++) {
		r = send_seed(w, seeds[i].fact, seeds[i].file);
		if (r < 0)
			return mp_err_set(err, r, "cannot read %s", seeds[i].file);
	}
	if (r == 0)
		r = worker_tuf_open(w, &tuf, err);
	return r < 0 ? r : send_floor(w, mp_tuf_time_floor(tuf));
}

/* A file of the ESP may lie there readable for anybody who takes the disk out. */
int worker_seeded(struct worker *w, struct mp_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(seeds) / sizeof(*seeds); i++)
		if (seeds[i].secret)
			r = mp_medium_remove(w->medium, seeds[i].file);
	if (r == 0)
		r = mp_medium_sync_dir(w->medium, SEEDS);
	return r < 0 && r != -ENOENT ? mp_err_set(err, r, "cannot remove the token from the ESP")
				     : 0;
}
