/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - polls and feedback: hawkBit's Direct Device Integration, nothing added */
#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "fetch.h"

static void base_url(const struct fetch *f, char *ret, size_t room)
{
	snprintf(ret, room, "%s/DEFAULT/controller/v1/%s", f->config.server, f->identity.id);
}

static int get(struct fetch *f, const char *url, struct mp_buf *body, struct mp_err *err)
{
	return fetch_request(f, &(struct fetch_request){.method = "GET", .url = url}, body, err);
}

static int report_cancel(struct fetch *f, const char *url, struct mp_err *err)
{
	MP_BUF(body, 64 * 1024);
	char id[MP_DDI_ID];
	int r = get(f, url, &body, err);

	if (r == -ENOENT)
		return 0; /* no longer */
	if (r == 0)
		r = mp_ddi_cancel_parse(body.data, body.len, id, err);
	if (r < 0)
		return r;
	return mp_pair_send(&f->control, &(struct mp_msg){.type = MP_MSG_CANCEL, .text = {id}});
}

static int offer(struct fetch *f, const struct mp_buf *body, struct mp_err *err)
{
	struct mp_ddi_deployment *d = NULL;
	int r = mp_ddi_deployment_parse(body->data, body->len, &d, err);

	if (r < 0)
		return r;
	mp_ddi_deployment_free(f->deployment);
	f->deployment = d;
	return mp_pair_send(&f->control, &(struct mp_msg){.type = MP_MSG_OFFER,
							  .num = {d->now},
							  .text = {d->id, d->version, d->name}});
}

static int report_offer(struct fetch *f, const char *url, struct mp_err *err)
{
	MP_BUF(body, MP_DDI_BODY);
	int r = get(f, url, &body, err);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : offer(f, &body, err);
}

int fetch_source(struct fetch *f, const char *source, struct mp_err *err)
{
	MP_BUF(body, MP_DDI_BODY);
	char path[FETCH_PATH];
	int r = fetch_identity_load(f, err);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/var/lib/microplatform/lwm2m/package.json", f->config.root);
	if (mp_streq(source, "package"))
		r = mp_file_read(path, &body, err);
	else if (mp_str_starts_with(source, "https://"))
		r = get(f, source, &body, err);
	else
		r = mp_err_set(err, -ENOENT, "'%s' is not an https address", source);
	if (r == -EBADMSG || r == -EINVAL)
		r = -ENOENT; /* it is the address: no body has been looked at yet */
	if (r == 0)
		r = offer(f, &body, err);
	f->pinned = r == 0;
	return r;
}

int fetch_enlist(struct fetch *f, struct mp_err *err)
{
	int r = fetch_identity_load(f, err);

	if (r < 0)
		return r;
	return mp_pair_send(&f->control,
			    &(struct mp_msg){.type = MP_MSG_IDENTITY, .text = {f->identity.id}});
}

int fetch_poll(struct fetch *f, struct mp_err *err)
{
	MP_BUF(body, MP_DDI_BODY);
	struct mp_ddi_poll poll;
	char url[FETCH_PATH];
	int r = fetch_enlist(f, err);

	if (r < 0)
		return r;
	base_url(f, url, sizeof(url));
	r = get(f, url, &body, err);
	if (r == 0)
		r = mp_ddi_poll_parse(body.data, body.len, &poll, err);
	if (r < 0)
		return r;
	r = mp_pair_send(&f->control, &(struct mp_msg){.type = MP_MSG_SLEEP, .num = {poll.sleep}});
	if (r == 0 && poll.config_data[0])
		r = mp_pair_send(&f->control, &(struct mp_msg){.type = MP_MSG_WANTED});
	if (r == 0 && poll.cancel[0])
		r = report_cancel(f, poll.cancel, err);
	if (r == 0 && poll.deployment[0] && !f->serving && !f->pinned)
		r = report_offer(f, poll.deployment, err);
	return r;
}

/* 410 and 404 mean that the server has closed the action already: nothing left to say. */
int fetch_feedback(struct fetch *f, const struct mp_msg *m, struct mp_err *err)
{
	const char *kind = mp_streq(m->text[0], "cancel") ? "cancelAction" : "deploymentBase";
	MP_BUF(body, 64 * 1024);
	MP_BUF(answer, 64 * 1024);
	char base[FETCH_PATH], url[FETCH_PATH + 80];
	int r = fetch_identity_load(f, err);

	if (r < 0)
		return r;
	if (!mp_str_is_name(m->text[1], MP_DDI_ID - 1))
		return mp_err_set(err, -EPROTO, "'%s' is no action", m->text[1]);
	base_url(f, base, sizeof(base));
	snprintf(url, sizeof(url), "%s/%s/%s/feedback", base, kind, m->text[1]);
	r = mp_ddi_feedback_format(m->text[1], m->text[2], m->text[3], m->text[4], &body);
	if (r < 0)
		return mp_err_set(err, r, "cannot write the feedback");
	r = fetch_request(
		f, &(struct fetch_request){.method = "POST", .url = url, .body = mp_buf_str(&body)},
		&answer, err);
	return r == -ENOENT ? 0 : r;
}

int fetch_attributes(struct fetch *f, const struct mp_msg *m, struct mp_err *err)
{
	MP_BUF(body, 64 * 1024);
	MP_BUF(answer, 64 * 1024);
	char base[FETCH_PATH], url[FETCH_PATH + 80];
	int r = fetch_identity_load(f, err);

	if (r == 0)
		r = mp_ddi_attributes_format(m->data, m->len, &body);
	if (r < 0)
		return r;
	base_url(f, base, sizeof(base));
	snprintf(url, sizeof(url), "%s/configData", base);
	return fetch_request(
		f, &(struct fetch_request){.method = "PUT", .url = url, .body = mp_buf_str(&body)},
		&answer, err);
}
