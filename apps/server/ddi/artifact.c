/* SPDX-License-Identifier: Apache-2.0
 * Downloads: blobs by the names that the deployment lists. A software module is a release. As in
 * hawkBit they are there for as long as the action is open. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "blobs.h"
#include "ddi/handlers.h"
#include "metrics.h"
#include "online.h"
#include "releases.h"

static const struct release *release_of(struct call *c)
{
	const struct device *d = c->device;
	const struct release *r;
	uint64_t id;

	if (mp_str_parse_u64(c->args[2], INT64_MAX, &id) < 0)
		return NULL;
	r = releases_find_id(c->server->releases, (int64_t)id);
	return r && d->action && strcmp(d->target, r->version) == 0 ? r : NULL;
}

static void not_assigned(struct call *c)
{
	ddi_error(c, 404, "hawkbit.server.error.repo.entityNotFound",
		  "org.eclipse.hawkbit.repository.exception."
		  "SoftwareModuleNotAssignedToTargetException",
		  "No assignment found for SoftwareModule with id {%s} to Target with id {%s}.",
		  c->args[2], c->device->name);
}

void ddi_get_artifacts(struct call *c)
{
	const struct release *release = release_of(c);
	struct mp_json *list = NULL;

	if (!release)
		not_assigned(c);
	else if (ddi_artifacts_json(c, release, &list) == 0)
		ddi_reply(c, list);
	else if (!mp_request_is_answered(c->rq))
		mp_reply_empty(c->rq, 500);
}

/* 0, -ENOENT. Metadata of earlier versions stays: a device may be in the middle of it. */
static int find_file(struct call *c, const struct release *release, const char *name,
		     struct blob *ret)
{
	auto_(mp_query) *q = NULL;
	char sha256[65];
	int r = mp_store_query(c->server->store,
			       "SELECT sha256 FROM release_file WHERE release = ? AND name = ?", &q,
			       MP_INT(release->id), MP_TEXT(name));

	if (r == 0)
		r = mp_query_next(q);
	if (r > 0)
		return blobs_find(c->server, mp_query_text(q, 0), ret);
	if (r == 0)
		r = online_find(c->server, name, sha256);
	return r < 0 ? r : blobs_find(c->server, sha256, ret);
}

static void reply_blob(struct call *c, const char *name, const struct blob *b)
{
	char etag[48], disposition[300];
	int fd = blobs_open(c->server, b->sha256);

	if (fd < 0) {
		mp_reply_empty(c->rq, 404);
		return;
	}
	c->server->metrics->downloads++;
	snprintf(etag, sizeof(etag), "\"%s\"", b->sha1);
	snprintf(disposition, sizeof(disposition), "attachment;filename=%s", name);
	mp_reply_file(c->rq, &(struct mp_reply_file){.fd = fd,
						     .size = b->size,
						     .type = "application/octet-stream",
						     .etag = etag,
						     .modified = b->created,
						     .disposition = disposition});
}

static void reply_md5sum(struct call *c, const char *name, const struct blob *b)
{
	char text[400];
	int n = snprintf(text, sizeof(text), "%s  %s", b->md5, name);

	mp_reply(c->rq, 200, "text/plain", text, (size_t)n);
}

void ddi_get_artifact(struct call *c)
{
	const struct release *release = release_of(c);
	const char *name = c->args[3];
	struct blob blob;
	char plain[256];
	size_t len = strlen(name);

	devices_seen(c->server, c->device);
	if (!release) {
		not_assigned(c);
	} else if (len >= sizeof(plain)) {
		mp_reply_empty(c->rq, 404);
	} else if (find_file(c, release, name, &blob) == 0) {
		reply_blob(c, name, &blob);
	} else if (mp_str_ends_with(name, ".MD5SUM")) {
		snprintf(plain, sizeof(plain), "%.*s", (int)(len - strlen(".MD5SUM")), name);
		if (find_file(c, release, plain, &blob) == 0)
			reply_md5sum(c, plain, &blob);
		else
			mp_reply_empty(c->rq, 404);
	} else {
		mp_reply_empty(c->rq, 404);
	}
}
