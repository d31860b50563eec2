/* SPDX-License-Identifier: Apache-2.0
 * Releases, channels, and what they are made of: blobs and TUF metadata. */
#include "releases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "blobs.h"
#include "online.h"
#include "rest/rest.h"

#define ROTATION_ROOTS 64 /* that one request may bring */

/* ---- blobs ---- */

static bool digest_given(struct call *c)
{
	if (blobs_is_name(c->args[0]))
		return true;
	call_error(c, 400, "A blob is named by its SHA-256: 64 hexadecimal digits in lower case.");
	return false;
}

static void reply_blob(struct call *c, const struct blob *b, const char *type)
{
	char etag[70];
	int fd = blobs_open(c->server, b->sha256);

	if (fd < 0) {
		call_error(c, 404, "The bytes of blob %s are missing.", b->sha256);
		return;
	}
	snprintf(etag, sizeof(etag), "\"%s\"", b->sha256);
	mp_reply_file(c->rq, &(struct mp_reply_file){
				     .fd = fd, .size = b->size, .type = type, .etag = etag});
}

/* It will not be uploaded because it is here: let it be here when a release names it. */
static void keep_blob(struct call *c, const struct blob *blob)
{
	int r = blobs_touch(c->server, blob);

	if (r < 0)
		call_failed(c);
	else if (r > 0)
		call_wrote(c);
}

void rest_head_blob(struct call *c)
{
	struct blob blob;
	int r;

	if (!digest_given(c))
		return;
	r = blobs_find(c->server, c->args[0], &blob);
	if (r == -ENOENT) {
		call_error(c, 404, "There is no blob %s.", c->args[0]);
		return;
	}
	if (r < 0) {
		call_failed(c);
		return;
	}
	reply_blob(c, &blob, "application/octet-stream");
	if (mp_request_method(c->rq) == MP_HEAD)
		keep_blob(c, &blob);
}

static int throw_away(void *user, const void *data, size_t len)
{
	(void)user, (void)data, (void)len;
	return 0;
}

void rest_put_blob_begin(struct call *c)
{
	struct blob blob;
	int r;

	if (!digest_given(c))
		return;
	if (blobs_find(c->server, c->args[0], &blob) == 0) {
		mp_request_stream(c->rq, throw_away, NULL);
		return;
	}
	r = upload_new(c->server, &c->upload);
	if (r < 0)
		call_error(c, 507, "The blob cannot be stored: %s.", strerror(-r));
	else
		mp_request_stream(c->rq, upload_add, c->upload);
}

void rest_put_blob(struct call *c)
{
	struct blob blob;
	int r = mp_request_stream_result(c->rq);

	if (!digest_given(c))
		return;
	if (blobs_find(c->server, c->args[0], &blob) == 0) {
		mp_reply_empty(c->rq, 200);
		keep_blob(c, &blob);
		call_wrote(c); /* it may have been written in this very turn */
		return;
	}
	if (!c->upload && r == 0) /* an empty body never began */
		r = upload_new(c->server, &c->upload);
	if (r == 0)
		r = upload_end(c->upload, c->args[0]);
	upload_free(take_ptr(c->upload));
	if (r == -EBADMSG) {
		call_error(c, 400, "The bytes do not have the SHA-256 %s; the blob was not stored.",
			   c->args[0]);
	} else if (r < 0) {
		call_error(c, 507, "The blob cannot be stored: %s.", strerror(-r));
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 201);
		call_wrote(c);
	}
}

/* ---- TUF ---- */

static void rotate(struct call *c, const struct rotation *rotation)
{
	struct mp_err err;
	int r = online_rotate(c->server, rotation, &err);

	if (r < 0) {
		call_error_code(c, r, &err);
		return;
	}
	mp_reply_empty(c->rq, 201);
	call_wrote(c);
}

void rest_post_root(struct call *c)
{
	size_t len;
	const char *root = mp_request_body(c->rq, &len);

	rotate(c, &(struct rotation){.roots = &root, .n_roots = 1});
}

void rest_post_targets(struct call *c)
{
	size_t len;

	rotate(c, &(struct rotation){.targets = mp_request_body(c->rq, &len)});
}

void rest_post_rotation(struct call *c)
{
	auto_(mp_json) *body = NULL;
	const char *roots[ROTATION_ROOTS];
	struct rotation rotation = {.roots = roots};
	const struct mp_json *list;
	struct mp_err err;
	int r;

	if (!call_json(c, &body))
		return;
	list = mp_json_get(body, "roots");
	rotation.n_roots = mp_json_size(list);
	r = rotation.n_roots > 0 && rotation.n_roots <= ROTATION_ROOTS ? 0 : -EBADMSG;
	for (size_t i = 0; r == 0 && i < rotation.n_roots; i++)
		if (!(roots[i] = mp_json_str(mp_json_at(list, i), NULL)))
			r = -EBADMSG;
	if (r < 0) {
		call_error(c, 400, "'roots' must be a list of 1 to %d texts.", ROTATION_ROOTS);
		return;
	}
	if (mp_json_get(body, "targets"))
		r = mp_json_read_str(body, "targets", &rotation.targets, &err);
	if (r < 0)
		call_error_code(c, r, &err);
	else
		rotate(c, &rotation);
}

void rest_get_tuf(struct call *c)
{
	struct blob blob;
	char sha256[65];

	if (online_find(c->server, c->args[0], sha256) < 0 ||
	    blobs_find(c->server, sha256, &blob) < 0)
		call_error(c, 404, "There is no metadata file %s.", c->args[0]);
	else
		reply_blob(c, &blob, "application/json");
}

/* ---- releases ---- */

static void reply_release(struct call *c, int status, const struct release *release)
{
	struct mp_json *j = NULL;

	(void)release_json(c->server, release, &j);
	call_reply(c, status, j);
}

void rest_post_release(struct call *c)
{
	auto_(mp_json) *body = NULL;
	const char *manifest, *targets;
	struct release *release;
	struct mp_err err;
	int r;

	if (!call_json(c, &body))
		return;
	r = mp_json_read_str(body, "manifest", &manifest, &err);
	if (r == 0)
		r = mp_json_read_str(body, "targets", &targets, &err);
	if (r == 0)
		r = releases_publish(c->server, manifest, targets, &release, &err);
	if (r == -ENOENT)
		r = -EBADMSG; /* not the release is missing, but a part of it */
	if (r < 0) {
		call_error_code(c, r, &err);
		return;
	}
	reply_release(c, 201, release);
	call_wrote(c);
}

void rest_get_releases(struct call *c)
{
	auto_(mp_json) *items = mp_json_new_array();
	struct rest_window window;
	const struct release *release;
	int r = items ? 0 : -ENOMEM;

	if (!rest_window(c, &window))
		return;
	for (size_t i = window.offset; r == 0 && i < window.offset + window.limit &&
				       (release = releases_at(c->server->releases, i));
	     i++) {
		struct mp_json *j = NULL;

		r = release_json(c->server, release, &j);
		if (r == 0)
			r = mp_json_append(items, j);
	}
	if (r < 0)
		call_reply(c, 500, NULL);
	else
		rest_reply_list(c, take_ptr(items), releases_count(c->server->releases));
}

void rest_get_release(struct call *c)
{
	const struct release *release = releases_find(c->server->releases, c->args[0]);

	if (release)
		reply_release(c, 200, release);
	else
		call_error(c, 404, "There is no release %s.", c->args[0]);
}

/* ---- channels ---- */

void rest_get_channels(struct call *c)
{
	struct mp_json *items = NULL;
	struct rest_window window;
	uint64_t total = 0;

	if (!rest_window(c, &window))
		return;
	if (channels_json(c->server, window.offset, window.limit, &items, &total) < 0)
		call_reply(c, 500, NULL);
	else
		rest_reply_list(c, items, total);
}

void rest_put_channel(struct call *c)
{
	auto_(mp_json) *body = NULL;
	const char *release;
	struct mp_err err;
	struct mp_json *j;
	int r;

	if (!mp_str_is_name(c->args[0], 64)) {
		call_error(c, 400, "'%s' is no name for a channel.", c->args[0]);
		return;
	}
	if (!call_json(c, &body))
		return;
	if (mp_json_read_str(body, "release", &release, &err) < 0) {
		call_error(c, 400, "%s", err.text);
		return;
	}
	if (!releases_find(c->server->releases, release)) {
		call_error(c, 404, "There is no release %s.", release);
		return;
	}
	if (channels_set(c->server, c->args[0], release) < 0) {
		call_failed(c);
		return;
	}
	j = mp_json_new_object();
	r = mp_json_put_str(j, "name", c->args[0]);
	r |= mp_json_put_str(j, "release", release);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 200, j);
	call_wrote(c);
}

void rest_delete_channel(struct call *c)
{
	int r = channels_remove(c->server, c->args[0]);

	if (r == -ENOENT) {
		call_error(c, 404, "There is no channel %s.", c->args[0]);
	} else if (r < 0) {
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 204);
		call_wrote(c);
	}
}
