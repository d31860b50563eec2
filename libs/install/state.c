/* SPDX-License-Identifier: Apache-2.0
 * state.c - STATE_DIR/update/state.json: where an installation stands, through power cuts
 */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "json/json.h"

#define MOST_BYTES 8192

static const char *const state_names[] = {
	[MP_INSTALL_IDLE] = "idle",	      [MP_INSTALL_DOWNLOADING] = "downloading",
	[MP_INSTALL_VERIFYING] = "verifying", [MP_INSTALL_DOWNLOADED] = "downloaded",
	[MP_INSTALL_INSTALLED] = "installed", [MP_INSTALL_REBOOTING] = "rebooting",
	[MP_INSTALL_PROVING] = "proving",     [MP_INSTALL_PROVEN] = "proven",
	[MP_INSTALL_FAILED] = "failed",	      [MP_INSTALL_ROLLED_BACK] = "rolled_back",
};

static const char *const step_names[] = {
	[STEP_BLOBS] = "blobs",
	[STEP_SLOT] = "slot",
	[STEP_ENTRY] = "entry",
};

#define N_STATES ((int)(sizeof(state_names) / sizeof(state_names[0])))
#define N_STEPS ((int)(sizeof(step_names) / sizeof(step_names[0])))

const char *mp_install_state_name(enum mp_install_state s)
{
	return state_names[s];
}

int install_path(char *ret, size_t room, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(ret, room, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= room ? -EFBIG : 0;
}

static int index_of(const char *name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (mp_streq(name, names[i]))
			return i;
	return 0;
}

static void get_text(const struct mp_json *doc, const char *key, char *ret, size_t room)
{
	snprintf(ret, room, "%s", mp_json_str(mp_json_get(doc, key), ""));
}

static int64_t get_count(const struct mp_json *doc, const char *key, int64_t most)
{
	int64_t v = mp_json_int(mp_json_get(doc, key), 0);

	return v < 0 || v > most ? 0 : v;
}

static void decode(const struct mp_json *doc, struct install_state *s)
{
	s->state = (enum mp_install_state)index_of(mp_json_str(mp_json_get(doc, "state"), ""),
						   state_names, N_STATES);
	s->step = (enum install_step)index_of(mp_json_str(mp_json_get(doc, "step"), ""), step_names,
					      N_STEPS);
	get_text(doc, "version", s->version, sizeof(s->version));
	get_text(doc, "reason", s->reason, sizeof(s->reason));
	get_text(doc, "note", s->note, sizeof(s->note));
	get_text(doc, "boot_id", s->boot_id, sizeof(s->boot_id));
	get_text(doc, "index_sha256", s->index_sha256, sizeof(s->index_sha256));
	s->slot = get_count(doc, "slot", 1);
	s->frames = get_count(doc, "frames", MP_PAYLOAD_FRAMES);
	s->uki_frames = get_count(doc, "uki_frames", MP_PAYLOAD_FRAMES);
}

int install_state_load(const struct mp_install_config *c, struct install_state *ret,
		       struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	MP_BUF(text, MOST_BYTES);
	char path[INSTALL_PATH];
	int r = install_path(path, sizeof(path), "%s/update/state.json", c->state_dir);

	if (r == 0)
		r = mp_medium_read_all(c->medium, path, &text);
	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &doc, NULL);
	if (r < 0 && r != -ENOENT && r != -EBADMSG && r != -EFBIG)
		return mp_err_set(err, r, "cannot read the state of the update: %s", strerror(-r));
	*ret = (struct install_state){.state = MP_INSTALL_IDLE};
	decode(doc, ret);
	/* A state about nothing is none. */
	if (!mp_version_is_valid(ret->version))
		*ret = (struct install_state){.state = MP_INSTALL_IDLE};
	return 0;
}

static int encode(const struct install_state *s, struct mp_json *doc)
{
	int r = mp_json_put_str(doc, "state", state_names[s->state]);

	if (r == 0)
		r = mp_json_put_str(doc, "step", step_names[s->step]);
	if (r == 0)
		r = mp_json_put_str(doc, "version", s->version);
	if (r == 0)
		r = mp_json_put_str(doc, "reason", s->reason);
	if (r == 0)
		r = mp_json_put_str(doc, "note", s->note);
	if (r == 0)
		r = mp_json_put_str(doc, "boot_id", s->boot_id);
	if (r == 0)
		r = mp_json_put_str(doc, "index_sha256", s->index_sha256);
	if (r == 0)
		r = mp_json_put_int(doc, "slot", s->slot);
	if (r == 0)
		r = mp_json_put_int(doc, "frames", s->frames);
	if (r == 0)
		r = mp_json_put_int(doc, "uki_frames", s->uki_frames);
	return r;
}

static int make_dir(const struct mp_install_config *c)
{
	char path[INSTALL_PATH];
	int r = install_path(path, sizeof(path), "%s/update", c->state_dir);

	if (r == 0)
		r = mp_medium_make_dir(c->medium, path);
	return r < 0 ? r : mp_medium_sync_dir(c->medium, c->state_dir);
}

int install_state_save(const struct mp_install_config *c, const struct install_state *s,
		       struct mp_err *err)
{
	auto_(mp_json) *doc = mp_json_new_object();
	MP_BUF(text, MOST_BYTES);
	char path[INSTALL_PATH];
	int r = doc ? encode(s, doc) : -ENOMEM;

	if (r == 0)
		r = mp_json_format(doc, &text);
	if (r == 0)
		r = install_path(path, sizeof(path), "%s/update/state.json", c->state_dir);
	if (r == 0)
		r = mp_medium_replace(c->medium, path, text.data, text.len);
	if (r == -ENOENT) { /* the first time on this device */
		r = make_dir(c);
		if (r == 0)
			r = mp_medium_replace(c->medium, path, text.data, text.len);
	}
	if (r < 0)
		return mp_err_set(err, r, "cannot write the state of the update: %s", strerror(-r));
	return 0;
}
