/* SPDX-License-Identifier: Apache-2.0
 * sample.c - making the releases, and serving them
 */
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "payload/payload.h"
#include "slots/sample.h"

#define ROOT (12 * 4096u)
#define TREE (2 * 4096u)
#define UKI 24000u
#define LAYER 9000u

static const struct {
	const char *version;
	unsigned system; /* releases with the same number have the same root image */
	unsigned layer;
	bool panics, unhealthy;
} plan[] = {
	{"1.0.0", 0, 0, false, false}, {"1.1.0", 1, 1, false, false}, {"1.1.1", 1, 2, false, false},
	{"1.2.0", 2, 1, false, false}, {"1.3.0", 0, 1, false, false}, {"1.4.0", 3, 3, false, true},
	{"1.5.0", 4, 1, true, false},
};

static void fill(uint8_t *p, size_t len, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 12345;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)(i / 4096 % 2 ? x >> 24 : (uint32_t) "some text "[i % 10]);
	}
}

static int add_blob(struct sample_shop *s, const char *name, const void *data, size_t len)
{
	struct sample_blob *b = &s->blobs[s->n_blobs];

	if (sample_blob(s, name))
		return 0;
	if (s->n_blobs == SAMPLE_BLOBS)
		return -EFBIG;
	snprintf(b->name, sizeof(b->name), "%s", name);
	b->data = malloc(len);
	if (!b->data)
		return -ENOMEM;
	memcpy(b->data, data, len);
	b->len = len;
	mp_sha256_hex(data, len, b->sha256);
	s->n_blobs++;
	return 0;
}

struct sample_blob *sample_blob(struct sample_shop *s, const char *name)
{
	for (unsigned i = 0; i < s->n_blobs; i++)
		if (mp_streq(s->blobs[i].name, name))
			return &s->blobs[i];
	return NULL;
}

struct sample_release *sample_find(struct sample_shop *s, const char *version)
{
	for (unsigned i = 0; i < s->n; i++)
		if (mp_version_compare(s->releases[i].version, version) == 0)
			return &s->releases[i];
	return NULL;
}

struct sample_blob *sample_payload(struct sample_shop *s, const char *version)
{
	return sample_blob(s, sample_find(s, version)->parsed->os[0].sources[1].target);
}

/* A UKI as the boot model reads it: version, root hash, noise, and the SHA-256 of all that, which
 * stands for the signature that the firmware checks. */
static void make_uki(struct sample_release *r)
{
	memset(r->uki, 'u', UKI);
	fill(r->uki + 256, UKI - 256, r->version[2]);
	snprintf((char *)r->uki, 32, "%s", r->version);
	memcpy(r->uki + 32, r->root_hash, 65);
	(void)mp_hash_once(MP_SHA256, r->uki, UKI - 32, r->uki + UKI - 32);
}

static int make_images(struct sample_release *r, unsigned system)
{
	uint8_t salt[32] = {1}, uuid[16] = {2};

	r->root = malloc(ROOT);
	r->tree = malloc(TREE);
	r->uki = malloc(UKI);
	if (!r->root || !r->tree || !r->uki)
		return -ENOMEM;
	fill(r->root, ROOT, system);
	/* A whole frame of zeros, as file systems have them. */
	memset(r->root + SAMPLE_FRAME, 0, SAMPLE_FRAME);
	if (mp_sample_verity(r->root, ROOT, salt, uuid, r->tree, r->root_hash) < 0)
		return -ENOMEM;
	make_uki(r);
	return 0;
}

static int make_payload(struct sample_shop *s, const struct sample_release *r,
			struct mp_release_source *src)
{
	char root[96], verity[96], uki[96], out[96], sha256[65];
	const struct mp_payload_source parts[] = {{"root", root}, {"verity", verity}, {"uki", uki}};
	MP_BUF(file, 1 << 20);
	int e;

	snprintf(root, sizeof(root), "%s/root", s->dir);
	snprintf(verity, sizeof(verity), "%s/verity", s->dir);
	snprintf(uki, sizeof(uki), "%s/uki", s->dir);
	snprintf(out, sizeof(out), "%s/out", s->dir);
	e = mp_file_write(root, r->root, ROOT, 0600, NULL);
	if (e == 0)
		e = mp_file_write(verity, r->tree, TREE, 0600, NULL);
	if (e == 0)
		e = mp_file_write(uki, r->uki, UKI, 0600, NULL);
	if (e == 0)
		e = mp_payload_create_framed(parts, 3, 3, SAMPLE_FRAME, out, src->index_sha256,
					     NULL, NULL, NULL);
	if (e == 0)
		e = mp_file_read(out, &file, NULL);
	if (e < 0)
		return e;
	mp_sha256_hex(file.data, file.len, sha256);
	snprintf(src->target, sizeof(src->target), "%s.payload", sha256);
	snprintf(src->type, sizeof(src->type), "full");
	src->size = file.len;
	return add_blob(s, src->target, file.data, file.len);
}

static int make_layer(struct sample_shop *s, unsigned number, struct mp_release_layer *l)
{
	uint8_t bytes[LAYER];

	fill(bytes, sizeof(bytes), 100 + number);
	memset(l->diff_id, 'a' + (int)number, 64);
	snprintf(l->target, sizeof(l->target), "%s.layer", l->diff_id);
	l->size = sizeof(bytes);
	return add_blob(s, l->target, bytes, sizeof(bytes));
}

static int make_service(struct sample_shop *s, unsigned layer, struct mp_release_service *web)
{
	char config[64];
	int n = snprintf(config, sizeof(config), "{\"image with layer\":%u}", layer);
	int r;

	snprintf(web->name, sizeof(web->name), "web");
	mp_sha256_hex(config, (size_t)n, web->image_id);
	snprintf(web->config_target, sizeof(web->config_target), "%s.config", web->image_id);
	web->config_size = (uint64_t)n;
	web->n_layers = 2; /* one of its own, one that all have */
	r = add_blob(s, web->config_target, config, (size_t)n);
	if (r == 0)
		r = make_layer(s, 5, &web->layers[0]);
	if (r == 0)
		r = make_layer(s, layer, &web->layers[1]);
	return r;
}

static int make_manifest(struct sample_shop *s, struct sample_release *r, unsigned layer)
{
	struct mp_release_service web = {.spec = NULL};
	struct mp_release_os os = {.board = "test",
				   .n_sources = 2,
				   .root_size = ROOT,
				   .verity_size = TREE,
				   .uki_size = UKI};
	struct mp_release rel = {
		.product = "demo", .n_os = 1, .os = &os, .n_services = 1, .services = &web};
	int e = make_service(s, layer, &web);

	snprintf(rel.version, sizeof(rel.version), "%s", r->version);
	snprintf(os.uki_name, sizeof(os.uki_name), "mp_%s.efi", r->version);
	memcpy(os.root_hash, r->root_hash, 65);
	mp_sha256_hex(r->root, ROOT, os.root_sha256);
	mp_sha256_hex(r->tree, TREE, os.verity_sha256);
	mp_sha256_hex(r->uki, UKI, os.uki_sha256);
	if (e == 0)
		e = make_payload(s, r, &os.sources[1]);
	os.sources[0] = os.sources[1]; /* in front of it one that no device knows yet */
	snprintf(os.sources[0].type, sizeof(os.sources[0].type), "hologram");
	r->manifest.limit = 1 << 16;
	if (e == 0)
		e = mp_release_format(&rel, &r->manifest);
	return e < 0 ? e : mp_release_parse(r->manifest.data, r->manifest.len, &r->parsed, NULL);
}

int sample_shop_new(struct sample_shop **ret)
{
	auto_(sample_shop) *s = calloc(1, sizeof(*s));
	int e = 0;

	if (!s)
		return -ENOMEM;
	snprintf(s->dir, sizeof(s->dir), "/tmp/install-XXXXXX");
	if (!mkdtemp(s->dir))
		return -errno;
	for (size_t i = 0; e == 0 && i < sizeof(plan) / sizeof(plan[0]); i++) {
		struct sample_release *r = &s->releases[s->n++];

		snprintf(r->version, sizeof(r->version), "%s", plan[i].version);
		r->panics = plan[i].panics;
		r->unhealthy = plan[i].unhealthy;
		e = make_images(r, plan[i].system);
		if (e == 0)
			e = make_manifest(s, r, plan[i].layer);
	}
	if (e < 0)
		return e;
	*ret = take_ptr(s);
	return 0;
}

void sample_shop_free(struct sample_shop *s)
{
	if (!s)
		return;
	(void)mp_file_remove_tree(s->dir, NULL);
	for (unsigned i = 0; i < s->n; i++) {
		struct sample_release *r = &s->releases[i];

		free(r->root);
		free(r->tree);
		free(r->uki);
		mp_buf_done(&r->manifest);
		mp_release_free(r->parsed);
	}
	for (unsigned i = 0; i < s->n_blobs; i++)
		free(s->blobs[i].data);
	free(s);
}
