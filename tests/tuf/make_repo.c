/* SPDX-License-Identifier: Apache-2.0
 * make_repo.c - write a repository with libs/tuf, for other clients to read
 *
 *     tuf-make-repo DIR ed25519|ecdsa|rsa
 *
 * DIR/metadata and DIR/targets, as a web server shows them. Two roots: the first wants 2 of 3 root
 * keys, the second has other keys throughout. Two targets, one of them in a folder. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "tuf/repo.h"

#define DAY 86400

struct repo {
	const char *dir;
	enum mp_sign_scheme scheme;
	struct mp_sign_key *root[3], *online[3]; /* online: targets, snapshot, timestamp */
	int64_t now;
};

static void must(int r, const struct mp_err *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "tuf-make-repo: %s\n", err->text);
	exit(1);
}

static void make_keys(struct repo *r)
{
	struct mp_err err = {0};

	for (int i = 0; i < 3; i++) {
		must(mp_sign_key_generate(r->scheme, &r->root[i], &err), &err);
		must(mp_sign_key_generate(r->scheme, &r->online[i], &err), &err);
	}
}

static void drop_keys(struct repo *r)
{
	for (int i = 0; i < 3; i++) {
		mp_sign_key_free(r->root[i]);
		mp_sign_key_free(r->online[i]);
	}
}

static void put(const struct repo *r, const char *name, const void *data, size_t len)
{
	auto_free char *path = mp_str_format("%s/%s", r->dir, name);
	struct mp_err err = {0};

	if (!path)
		abort();
	must(mp_file_write(path, data, len, 0644, &err), &err);
}

/* Sign and write; the bytes stay in `out`. Takes `doc`. */
static void publish(const struct repo *r, struct mp_json *doc, struct mp_sign_key *const *keys,
		    size_t n, const char *name, struct mp_buf *out)
{
	struct mp_err err = {0};

	must(mp_tuf_sign(doc, (const struct mp_sign_key *const *)keys, n, out, &err), &err);
	put(r, name, out->data, out->len);
	mp_json_free(doc);
}

static struct mp_json *root_of(const struct repo *r, int64_t version)
{
	const struct mp_sign_key *const *root = (const struct mp_sign_key *const *)r->root;
	const struct mp_sign_key *const *online = (const struct mp_sign_key *const *)r->online;
	struct mp_tuf_root_config config = {version,	    r->now + 365 * DAY, {root, 3, 2},
					    {online, 1, 1}, {online + 1, 1, 1}, {online + 2, 1, 1}};
	struct mp_json *doc = NULL;
	struct mp_err err = {0};

	must(mp_tuf_root_create(&config, &doc, &err), &err);
	return doc;
}

static void put_roots(struct repo *r)
{
	struct mp_sign_key *signers[4];
	struct repo old;
	MP_BUF(first, 1 << 20);
	MP_BUF(second, 1 << 20);

	make_keys(r);
	publish(r, root_of(r, 1), r->root, 2, "metadata/1.root.json", &first);
	old = *r;
	make_keys(r);
	memcpy(signers, r->root, 2 * sizeof(signers[0]));
	memcpy(signers + 2, old.root + 1, 2 * sizeof(signers[0]));
	publish(r, root_of(r, 2), signers, 4, "metadata/2.root.json", &second);
	drop_keys(&old);
}

static void put_target(const struct repo *r, struct mp_json *targets, const char *folder,
		       const char *name, const char *content)
{
	auto_(mp_json) *custom = mp_json_new_object();
	auto_free char *path = mp_str_format("%s%s", folder, name), *file = NULL;
	struct mp_err err = {0};
	char hex[65];

	mp_sha256_hex(content, strlen(content), hex);
	file = mp_str_format("targets/%s%s.%s", folder, hex, name);
	if (!custom || !path || !file)
		abort();
	must(mp_json_put_str(custom, "kind", "test"), &err);
	must(mp_tuf_targets_add(targets, path, strlen(content), hex, custom, &err), &err);
	put(r, file, content, strlen(content));
}

static void put_roles(struct repo *r)
{
	struct mp_json *targets = NULL, *snapshot = NULL, *timestamp = NULL;
	int64_t expires = r->now + 30 * DAY;
	struct mp_err err = {0};
	MP_BUF(targets_file, 1 << 20);
	MP_BUF(snapshot_file, 1 << 20);
	MP_BUF(timestamp_file, 1 << 20);

	must(mp_tuf_targets_create(1, expires, &targets, &err), &err);
	put_target(r, targets, "", "app", "an application");
	put_target(r, targets, "tools/", "tool", "a tool");
	must(mp_tuf_bump(targets, expires, &err), &err);
	publish(r, targets, r->online, 1, "metadata/2.targets.json", &targets_file);
	must(mp_tuf_snapshot_create(5, expires, targets_file.data, targets_file.len, &snapshot,
				    &err),
	     &err);
	publish(r, snapshot, r->online + 1, 1, "metadata/5.snapshot.json", &snapshot_file);
	must(mp_tuf_timestamp_create(7, expires, snapshot_file.data, snapshot_file.len, &timestamp,
				     &err),
	     &err);
	publish(r, timestamp, r->online + 2, 1, "metadata/timestamp.json", &timestamp_file);
}

static void make_folder(const struct repo *r, const char *name)
{
	auto_free char *path = mp_str_format("%s/%s", r->dir, name);
	struct mp_err err = {0};

	if (!path)
		abort();
	must(mp_file_make_dirs(path, 0755, &err), &err);
}

int main(int argc, char *argv[])
{
	static const char *const names[] = {"ed25519", "ecdsa", "rsa"};
	struct repo r = {.now = time(NULL)};

	for (int i = 0; argc == 3 && i < 3; i++) {
		if (strcmp(argv[2], names[i]) == 0) {
			r.dir = argv[1];
			r.scheme = (enum mp_sign_scheme)i;
		}
	}
	if (!r.dir) {
		fprintf(stderr, "usage: tuf-make-repo DIR ed25519|ecdsa|rsa\n");
		return 2;
	}
	make_folder(&r, "metadata");
	make_folder(&r, "targets/tools");
	put_roots(&r);
	put_roles(&r);
	drop_keys(&r);
	return 0;
}
