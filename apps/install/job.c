/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - one release: its metadata verified, then libs/install with what TUF vouches for */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "worker.h"

#define MANIFEST_MOST (4u << 20)

struct job {
	struct worker *w;
	struct mp_tuf_client *tuf;
	struct mp_tuf_fetcher fetcher;
	struct mp_buf manifest;
	struct mp_release *release;
	char (*have)[65]; /* diff ids that Docker has */
	size_t n_have;
	unsigned percent; /* told last */
	enum mp_install_state state;
	bool hold;
};

static void job_done(struct job *j)
{
	mp_buf_done(&j->manifest);
	mp_release_free(j->release);
	mp_tuf_client_free(j->tuf);
	free(j->have);
}

static int to_buf(void *user, const void *data, size_t len)
{
	return mp_buf_add(user, data, len);
}

static int load_release(struct job *j, const char *version, struct mp_err *err)
{
	struct mp_tuf_target t;
	char path[100];
	int r;

	if (!mp_version_is_valid(version))
		return mp_err_set(err, -EBADMSG, "'%s' is no version of a release", version);
	snprintf(path, sizeof(path), "%s.manifest.json", version);
	r = mp_tuf_find(j->tuf, &j->fetcher, path, &t, err);
	if (r == 0)
		r = mp_tuf_download(j->tuf, &j->fetcher, &t, to_buf, &j->manifest, err);
	if (r == 0)
		r = mp_release_parse(j->manifest.data, j->manifest.len, &j->release, err);
	if (r < 0)
		return mp_err_wrap(err, r, "release %s", version);
	if (!mp_streq(j->release->version, version))
		return mp_err_set(err, -EPROTO, "the manifest of release %s is that of %s", version,
				  j->release->version);
	return 0;
}

static int find(void *user, const char *target, uint64_t *ret_size, char ret_sha256[65],
		struct mp_err *err)
{
	struct job *j = user;
	struct mp_tuf_target t;
	int r = mp_tuf_find(j->tuf, &j->fetcher, target, &t, err);

	if (r < 0)
		return r;
	if (!t.sha256[0])
		return mp_err_set(err, -ENOTSUP, "the metadata gives no SHA-256 for %s", target);
	*ret_size = t.length;
	memcpy(ret_sha256, t.sha256, 65);
	return 0;
}

static int read_target(void *user, const char *target, uint64_t off, uint64_t len,
		       mp_install_sink sink, void *sink_user, struct mp_err *err)
{
	struct job *j = user;
	struct mp_tuf_target t;
	uint64_t got;
	int r = mp_tuf_find(j->tuf, &j->fetcher, target, &t, err);

	if (r == 0)
		r = worker_get(j->w, t.file, off, len, sink, sink_user, &got, err);
	if (r == 0 && got < len)
		return mp_err_set(err, -ECONNRESET, "%s ended early", target);
	return r;
}

static bool have_layer(void *user, const char *diff_id)
{
	const struct job *j = user;

	for (size_t i = 0; i < j->n_have; i++)
		if (mp_streq(j->have[i], diff_id))
			return true;
	return false;
}

/* How many layers of this service Docker has, by way of supervisor and containers. */
static unsigned ask_docker(struct worker *w, const struct mp_release_service *s)
{
	char ids[MP_RELEASE_LAYERS * 64];
	struct mp_msg m;

	for (unsigned i = 0; i < s->n_layers; i++)
		memcpy(ids + 64 * i, s->layers[i].diff_id, 64);
	if (mp_pair_send(&w->control, &(struct mp_msg){.type = MP_MSG_HAVE,
						       .text = {s->image_id},
						       .data = ids,
						       .len = 64 * s->n_layers}) < 0)
		return 0;
	if (mp_pair_recv(&w->control, true, &m) != 1 || m.type != MP_MSG_RESULT ||
	    m.verdict != MP_OK)
		return 0;
	return m.num[0] < s->n_layers ? (unsigned)m.num[0] : s->n_layers;
}

static int ask_for_layers(struct job *j, struct mp_err *err)
{
	for (unsigned i = 0; i < j->release->n_services; i++) {
		const struct mp_release_service *s = &j->release->services[i];
		unsigned n = ask_docker(j->w, s);
		void *more = realloc(j->have, (j->n_have + n + 1) * sizeof(*j->have));

		if (!more)
			return mp_err_set(err, -ENOMEM, "out of memory");
		j->have = more;
		for (unsigned k = 0; k < n; k++)
			memcpy(j->have[j->n_have++], s->layers[k].diff_id, 65);
	}
	return 0;
}

/* Told when the per cent changes; the supervisor's end of the pair says whether to go on. */
static int progress(void *user, enum mp_install_state state, uint64_t done, uint64_t total)
{
	struct job *j = user;
	unsigned percent = total ? (unsigned)(done * 100 / total) : 0;

	if (state == j->state && percent == j->percent)
		return 0;
	j->state = state;
	j->percent = percent;
	return mp_pair_send(&j->w->control,
			    &(struct mp_msg){.type = MP_MSG_PROGRESS,
					     .num = {done, total},
					     .text = {mp_install_state_name(state)}});
}

static void resumed(void *user, unsigned frame, unsigned frames)
{
	struct job *j = user;
	char text[64];

	snprintf(text, sizeof(text), "resumed at frame %u of %u", frame, frames);
	(void)mp_pair_send(&j->w->control,
			   &(struct mp_msg){.type = MP_MSG_PROGRESS, .text = {text}});
}

/* Before libs/install knows of the release, nobody but us can note that it came to nothing. */
static int run(struct job *j, const char *version, const char *action, struct mp_err *err)
{
	struct mp_err ignored;
	int r = worker_tuf_open(j->w, &j->tuf, err);

	if (r == 0)
		r = mp_tuf_refresh(j->tuf, &j->fetcher, (int64_t)time(NULL), err);
	if (r == 0)
		r = load_release(j, version, err);
	if (r == 0)
		r = ask_for_layers(j, err);
	if (r < 0) {
		if (!mp_install_is_transient(r))
			(void)mp_install_fail(&j->w->config, version, action, err->text, &ignored);
		return r;
	}
	return mp_install_run(&j->w->config,
			      &(struct mp_install_hooks){.find = find,
							 .read = read_target,
							 .have_layer = have_layer,
							 .progress = progress,
							 .resumed = resumed,
							 .user = j},
			      &(struct mp_install_job){.release = j->release,
						       .manifest = j->manifest.data,
						       .manifest_len = j->manifest.len,
						       .note = action,
						       .hold = j->hold},
			      err);
}

/* The entry is in place and decides at the next start. That the state lags behind it, because the
 * data partition is full, is no failure of the release, which boots all the same. */
static void note_reboot(struct worker *w)
{
	struct mp_install_status s;
	struct mp_err err;
	int r = mp_install_rebooting(&w->config, &err);

	if (r == -EPERM) /* it lags: the entry is asked, and the state written once more */
		r = mp_install_status(&w->config, &s, &err);
	if (r < 0)
		mp_log(MP_LOG_WARNING, "what boots next could not be noted", "reason=\"%s\"",
		       err.text);
}

int worker_install(struct worker *w, const char *version, const char *action, bool hold,
		   struct mp_err *err)
{
	struct job j = {.w = w, .manifest.limit = MANIFEST_MOST, .percent = 101, .hold = hold};
	int r;

	if (w->data.fd < 0)
		return mp_err_set(err, -EINVAL, "there is no pair to get files from");
	j.fetcher = worker_fetcher(w);
	r = run(&j, version, action, err);
	job_done(&j);
	if (r == 0 && !hold)
		note_reboot(w);
	return r;
}

int worker_commit(struct worker *w, struct mp_err *err)
{
	int r = mp_install_commit(&w->config, err);

	if (r == 0)
		note_reboot(w);
	return r;
}
