/* SPDX-License-Identifier: Apache-2.0
 * What a device is to install: one chunk with every file that it needs, TUF metadata included. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "base/buf.h"
#include "base/str.h"
#include "ddi/handlers.h"
#include "releases.h"

int ddi_put_link(struct mp_json *links, const char *name, const char *href)
{
	struct mp_json *link = mp_json_new_object();
	int r = mp_json_put_str(link, "href", href);

	return r < 0 ? (mp_json_free(link), r) : mp_json_put(links, name, link);
}

/* A file name as part of a URL. */
static int escape(const char *name, struct mp_buf *out)
{
	int r = 0;

	for (; r == 0 && *name; name++)
		if (isalnum((unsigned char)*name) || strchr("._-~", *name))
			r = mp_buf_add(out, name, 1);
		else
			r = mp_buf_printf(out, "%%%02X", (unsigned char)*name);
	return r;
}

/* download-http always, whatever the scheme: the only link that Zephyr reads. */
static struct mp_json *links_json(struct call *c, const char *base, int64_t module,
				  const char *name)
{
	auto_(mp_json) *links = mp_json_new_object();
	MP_BUF(href, 2048);
	int r = mp_buf_printf(&href, "%s/softwaremodules/%lld/artifacts/", base, (long long)module);

	if (r == 0)
		r = escape(name, &href);
	if (r == 0 && mp_request_is_tls(c->rq))
		r = ddi_put_link(links, "download", mp_buf_str(&href));
	if (r == 0)
		r = ddi_put_link(links, "download-http", mp_buf_str(&href));
	if (r == 0)
		r = mp_buf_add_str(&href, ".MD5SUM");
	if (r == 0 && mp_request_is_tls(c->rq))
		r = ddi_put_link(links, "md5sum", mp_buf_str(&href));
	if (r == 0)
		r = ddi_put_link(links, "md5sum-http", mp_buf_str(&href));
	return r < 0 ? NULL : take_ptr(links);
}

static struct mp_json *artifact_json(struct call *c, const char *base, int64_t module,
				     const struct mp_query *q)
{
	auto_(mp_json) *j = mp_json_new_object();
	struct mp_json *hashes = mp_json_new_object();
	int r = mp_json_put_str(hashes, "sha1", mp_query_text(q, 3));

	r |= mp_json_put_str(hashes, "md5", mp_query_text(q, 4));
	r |= mp_json_put_str(hashes, "sha256", mp_query_text(q, 1));
	r |= mp_json_put_str(j, "filename", mp_query_text(q, 0));
	r |= mp_json_put(j, "hashes", hashes);
	r |= mp_json_put_int(j, "size", mp_query_int(q, 2));
	r |= mp_json_put(j, "_links", links_json(c, base, module, mp_query_text(q, 0)));
	return r ? NULL : take_ptr(j);
}

int ddi_artifacts_json(struct call *c, const struct release *release, struct mp_json **ret)
{
	auto_(mp_json) *list = mp_json_new_array();
	auto_(mp_query) *q = NULL;
	char base[640];
	int r;

	if (!ddi_base(c, base, sizeof(base)))
		return -EBADMSG;
	r = release_files(c->server, release, c->device->board, &q);
	while (r == 0 && (r = mp_query_next(q)) > 0)
		r = mp_json_append(list, artifact_json(c, base, release->id, q));
	if (r < 0 || !list)
		return r < 0 ? r : -ENOMEM;
	*ret = take_ptr(list);
	return 0;
}

static struct mp_json *chunk_json(const struct release *release, struct mp_json *artifacts)
{
	auto_(mp_json) *chunk = mp_json_new_object();
	int r = mp_json_put_str(chunk, "part", "os");

	r |= mp_json_put_str(chunk, "version", release->version);
	r |= mp_json_put_str(chunk, "name", release->product);
	r |= mp_json_put(chunk, "artifacts", artifacts);
	return r ? NULL : take_ptr(chunk);
}

/* {"status": ..., "messages": [newest first]} */
static int history_json(struct call *c, int64_t action, uint64_t most, struct mp_json **ret)
{
	auto_(mp_json) *j = mp_json_new_object(), *messages = mp_json_new_array();
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(c->server->store,
			       "SELECT what, details FROM history WHERE device = ? AND action = ?"
			       " ORDER BY id DESC LIMIT ?",
			       &q, MP_INT(c->device->row), MP_INT(action), MP_INT((int64_t)most));

	while (r == 0 && (r = mp_query_next(q)) > 0) {
		const char *details = mp_query_text(q, 1);

		r = mp_json_append(messages,
				   mp_json_new_str(*details ? details : mp_query_text(q, 0)));
	}
	if (r == 0)
		r = mp_json_put_str(j, "status",
				    c->device->action != action ? "FINISHED"
				    : c->device->action_state == ACTION_UNCONFIRMED
					    ? "WAIT_FOR_CONFIRMATION"
					    : "RUNNING");
	if (r == 0)
		r = mp_json_put(j, "messages", take_ptr(messages));
	if (r < 0)
		return r;
	*ret = take_ptr(j);
	return 0;
}

static int add_history(struct call *c, int64_t action, struct mp_json *to)
{
	const char *text = mp_request_query(c->rq, "actionHistory");
	struct mp_json *history = NULL;
	uint64_t most;
	int r;

	if (!text)
		return 0;
	/* -1 is "all" in hawkBit. */
	if (mp_str_parse_u64(text, 1000, &most) < 0)
		most = strcmp(text, "-1") == 0 ? 1000 : 0;
	if (most == 0)
		return 0;
	r = history_json(c, action, most, &history);
	return r < 0 ? r : mp_json_put(to, "actionHistory", history);
}

static struct mp_json *action_json(struct call *c, const struct ddi_action *action,
				   const struct release *release, struct mp_json *artifacts,
				   const char *name)
{
	auto_(mp_json) *j = mp_json_new_object();
	struct mp_json *deployment = mp_json_new_object(), *chunks = mp_json_new_array();
	char id[24];
	int r = mp_json_put_str(deployment, "download", "forced");

	snprintf(id, sizeof(id), "%lld", (long long)action->id);
	r |= mp_json_put_str(deployment, "update", action->download_only ? "skip" : "forced");
	r |= mp_json_append(chunks, chunk_json(release, artifacts));
	r |= mp_json_put(deployment, "chunks", chunks);
	r |= mp_json_put_str(j, "id", id);
	r |= mp_json_put(j, name, deployment);
	r |= add_history(c, action->id, j);
	return r ? NULL : take_ptr(j);
}

void ddi_reply_action(struct call *c, const struct ddi_action *action, const char *name)
{
	const struct release *release = releases_find(c->server->releases, action->release);
	struct mp_json *artifacts = NULL;

	if (!release) {
		mp_reply_empty(c->rq, 404);
		return;
	}
	if (ddi_artifacts_json(c, release, &artifacts) < 0) {
		if (!mp_request_is_answered(c->rq))
			mp_reply_empty(c->rq, 500);
		return;
	}
	ddi_reply(c, action_json(c, action, release, artifacts, name));
}

void ddi_get_deployment(struct call *c)
{
	struct ddi_action action;

	devices_seen(c->server, c->device);
	if (!ddi_find_action(c, c->args[2], &action))
		return;
	if (action.state == ACTION_CANCELING || action.state == ACTION_CANCELED ||
	    action.state == ACTION_UNCONFIRMED) {
		mp_reply_empty(c->rq, 404);
		return;
	}
	if (action.state == ACTION_OPEN && actions_fetched(c->server, c->device) < 0) {
		call_failed(c);
		return;
	}
	ddi_reply_action(c, &action, "deployment");
}

void ddi_get_installed(struct call *c)
{
	struct ddi_action action;

	if (!ddi_find_action(c, c->args[2], &action))
		return;
	if (action.state != ACTION_FINISHED)
		mp_reply_empty(c->rq, 404);
	else
		ddi_reply_action(c, &action, "deployment");
}

/* hawkBit's experimental report of what was installed by other means. */
void ddi_put_installed(struct call *c)
{
	auto_(mp_json) *body = NULL;
	const char *name, *version, *text;
	size_t len;

	if (ddi_is_not_json(c))
		return;
	text = mp_request_body(c->rq, &len);
	if (mp_json_parse(text, len, &body, NULL) < 0 ||
	    mp_json_read_str(body, "name", &name, NULL) < 0 ||
	    mp_json_read_str(body, "version", &version, NULL) < 0) {
		ddi_not_readable(c);
		return;
	}
	if (!releases_find(c->server->releases, version)) {
		ddi_error(c, 404, "hawkbit.server.error.repo.entityNotFound",
			  "org.eclipse.hawkbit.repository.exception.EntityNotFoundException",
			  "There is no release %.40s %.40s.", name, version);
		return;
	}
	if (devices_set_release(c->server, c->device, version) < 0) {
		call_failed(c);
		return;
	}
	mp_reply_empty(c->rq, 200);
	call_wrote(c);
}
