/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - files for install, and the supervisor's requests in between
 *
 * A payload is one long request. So that feedback and cancellation do not wait for its end, the
 * supervisor's messages are looked at after each piece, and answered over a second connection.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fetch.h"

struct transfer {
	struct fetch *f;
	uint64_t left; /* bytes that install still wants */
	bool done; /* it has all that it wanted */
};

/* install may say that it has enough; anything else from it has to wait for our RESULT. */
static int look_at_install(struct fetch *f)
{
	struct mp_msg m;
	int r = mp_pair_recv(&f->data, false, &m);

	if (r == -EAGAIN)
		return 0;
	if (r == 1 && m.type == MP_MSG_STOP)
		return -ECANCELED;
	return -ECONNRESET;
}

static int on_bytes(void *user, const void *data, size_t len)
{
	struct transfer *t = user;
	size_t n = len < t->left ? len : (size_t)t->left;
	int r = 0;

	for (size_t at = 0; r == 0 && at < n;) {
		size_t piece = n - at < MP_PAIR_DATA ? n - at : MP_PAIR_DATA;

		r = mp_pair_send(&t->f->data, &(struct mp_msg){.type = MP_MSG_DATA,
							       .data = (const char *)data + at,
							       .len = piece});
		at += piece;
		if (r == 0)
			r = look_at_install(t->f);
	}
	t->left -= n;
	if (r == 0)
		r = fetch_answer_supervisor(t->f);
	if (r == 0 && t->left == 0 && n < len) { /* a server without ranges has more */
		t->done = true;
		r = -ECANCELED;
	}
	return r;
}

static int get_file(struct fetch *f, const struct mp_msg *m, struct mp_err *err)
{
	const struct mp_ddi_artifact *a = mp_ddi_find(f->deployment, m->text[0]);
	struct transfer t = {.f = f, .left = m->num[1]};
	const char *headers[3] = {NULL};
	struct mp_http_result res;
	char url[MP_DDI_URL], range[80];
	unsigned n = 0;
	int r;

	if (!a)
		return mp_err_set(err, -ENOENT, "the deployment does not list %s", m->text[0]);
	if (t.left == 0 || m->num[0] > INT64_MAX || t.left > INT64_MAX)
		return mp_err_set(err, -EPROTO, "that is no range");
	strcpy(url, a->url); /* the deployment may be replaced meanwhile */
	r = fetch_client(f, &f->large, err);
	if (r < 0)
		return r;
	snprintf(range, sizeof(range), "Range: bytes=%llu-%llu", (unsigned long long)m->num[0],
		 (unsigned long long)(m->num[0] + t.left - 1));
	if (m->num[0] > 0 || t.left < a->size)
		headers[n++] = range;
	if (f->identity.header[0])
		headers[n++] = f->identity.header;
	r = mp_http_call(f->large,
			 &(struct mp_http_call){.method = "GET",
						.url = url,
						.headers = headers,
						.sink = on_bytes,
						.user = &t,
						.range_from = m->num[0]},
			 &res, err);
	if (t.done)
		return 0;
	if (r == 0 && (res.status < 200 || res.status > 299))
		return fetch_status_error(res.status, m->text[0], err);
	/* a server that is not ours says nothing about whether the release is: that is TUF's word */
	return r == -EKEYREJECTED ? -EREMOTEIO : r;
}

int fetch_serve(struct fetch *f, const struct mp_msg *m)
{
	struct mp_err err = {{0}};
	int r;

	if (m->type == MP_MSG_STOP)
		return 0; /* it crossed our RESULT */
	if (m->type != MP_MSG_GET)
		return -ECONNRESET;
	f->serving = true;
	r = get_file(f, m, &err);
	return mp_pair_send_result(&f->data, r, err.text);
}

static int answer(struct fetch *f, const struct mp_msg *m, struct mp_err *err)
{
	switch (m->type) {
	case MP_MSG_SEED:
		f->known = false;
		return fetch_identity_seed(f, m->text[0], m->text[1], err);
	case MP_MSG_POLL:
		return fetch_poll(f, err);
	case MP_MSG_ENROLL:
		return fetch_enlist(f, err);
	case MP_MSG_SOURCE:
		return fetch_source(f, m->text[0], err);
	case MP_MSG_FEEDBACK:
		return fetch_feedback(f, m, err);
	case MP_MSG_ATTRIBUTES:
		return fetch_attributes(f, m, err);
	default:
		return mp_err_set(err, -EPROTO, "a '%s' is not for fetch", mp_msg_name(m->type));
	}
}

int fetch_answer_supervisor(struct fetch *f)
{
	struct mp_err err = {{0}};
	struct mp_msg m;
	int r = mp_pair_recv(&f->control, false, &m);

	if (r == -EAGAIN)
		return 0;
	if (r == 1) {
		r = answer(f, &m, &err);
		r = mp_pair_send_result(&f->control, r, err.text);
		return r < 0 ? -ECONNRESET : 0;
	}
	return -ECONNRESET;
}
