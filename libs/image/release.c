/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "image/internal.h"
#include "payload/payload.h"
#include "release/release.h"

#define LEVEL 1 /* of zstd: what a payload carries is compressed already */

int payload_build(struct build *b, struct os_image *os, struct mp_err *err)
{
	auto_free char *root = mp_str_format("%s/root.img", os->dir);
	auto_free char *verity = mp_str_format("%s/verity.img", os->dir);
	auto_free char *part = mp_str_format("%s/%s.payload.part", b->work, os->board.name);
	const struct mp_payload_source sources[] = {
		{"root", root}, {"verity", verity}, {"uki", os->uki}};
	auto_free char *to = NULL, *name = NULL;
	int r;

	if (!root || !verity || !part)
		return OOM(err);
	build_begin(b, "payload");
	r = mp_payload_create(sources, 3, LEVEL, part, os->index_sha256, NULL, NULL, err);
	if (r < 0)
		return r;
	r = mp_sha256_file(part, os->payload, &os->payload_size);
	if (r < 0)
		return mp_err_set(err, r, "cannot read %s: %s", part, strerror(-r));
	name = mp_str_format("%s.payload", os->payload);
	to = name ? mp_str_format("%s/%s", b->work, name) : NULL;
	if (!to)
		return OOM(err);
	if (rename(part, to) < 0)
		return mp_err_set(err, -errno, "cannot rename %s: %s", part, strerror(errno));
	r = build_target(b, name, name, err);
	b->figures.payload = os->payload_size;
	if (r == 0)
		build_end(b, "payload");
	return r;
}

static int describe_file(const char *dir, const char *name, uint64_t *ret_size, char sha256[65],
			 struct mp_err *err)
{
	auto_free char *path = dir ? mp_str_format("%s/%s", dir, name) : strdup(name);
	int r = path ? mp_sha256_file(path, sha256, ret_size) : -ENOMEM;

	return r < 0 ? mp_err_set(err, r, "cannot read %s: %s", name, strerror(-r)) : 0;
}

static int describe_os(struct build *b, const struct os_image *from, struct mp_release_os *to,
		       struct mp_err *err)
{
	struct mp_release_source *source = &to->sources[0];
	int r;

	(void)snprintf(to->board, sizeof(to->board), "%s", from->board.name);
	(void)snprintf(to->root_hash, sizeof(to->root_hash), "%s", from->root_hash);
	(void)snprintf(to->uki_name, sizeof(to->uki_name), "%s", from->uki_name);
	r = describe_file(from->dir, "root.img", &to->root_size, to->root_sha256, err);
	if (r == 0)
		r = describe_file(from->dir, "verity.img", &to->verity_size, to->verity_sha256,
				  err);
	if (r == 0)
		r = describe_file(NULL, from->uki, &to->uki_size, to->uki_sha256, err);
	(void)snprintf(source->type, sizeof(source->type), "full");
	(void)snprintf(source->target, sizeof(source->target), "%s.payload", from->payload);
	(void)snprintf(source->index_sha256, sizeof(source->index_sha256), "%s",
		       from->index_sha256);
	source->size = from->payload_size;
	to->n_sources = 1;
	b->figures.root = to->root_size;
	b->figures.verity = to->verity_size;
	b->figures.uki = to->uki_size;
	return r;
}

static int write_target(struct build *b, const char *name, const struct mp_buf *text,
			struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", b->work, name);
	int r = path ? mp_file_write(path, text->data, text->len, 0644, err) : OOM(err);

	return r < 0 ? r : build_target(b, name, name, err);
}

/* The image of a microcontroller is taken as it is. */
static int firmware_build(struct build *b, const struct mp_product_firmware *from,
			  struct mp_release_firmware *to, struct mp_err *err)
{
	auto_free char *path = mp_product_path(b->product, from->file), *file = NULL;
	int r = path ? describe_file(NULL, path, &to->size, to->sha256, err) : OOM(err);

	if (r < 0)
		return r;
	if (to->size == 0)
		return mp_err_set(err, -EBADMSG, "the firmware %s is empty", from->file);
	(void)snprintf(to->board, sizeof(to->board), "%s", from->board);
	(void)snprintf(to->component, sizeof(to->component), "%s", from->component);
	(void)snprintf(to->version, sizeof(to->version), "%s", from->version);
	(void)snprintf(to->target, sizeof(to->target), "%s.firmware", to->sha256);
	to->object = (enum mp_release_object)mp_release_object_parse(from->object);
	to->pull = mp_streq(from->transfer, "pull");
	file = mp_str_format("%s/%s", b->work, to->target);
	if (!file)
		return OOM(err);
	if (mp_file_exists(file)) /* another board or component has the same */
		return 0;
	r = file_copy(path, file, err);
	return r < 0 ? r : build_target(b, to->target, to->target, err);
}

int manifest_build(struct build *b, const struct os_image *os, unsigned n, const struct app *app,
		   struct mp_err *err)
{
	const struct mp_product *p = b->product;
	struct mp_release_os boards[MP_PRODUCT_BOARDS] = {0};
	struct mp_release_firmware firmware[MP_PRODUCT_FIRMWARE] = {0};
	struct mp_release release = {.notes = p->notes,
				     .n_os = n,
				     .n_firmware = (unsigned)p->n_firmware,
				     .firmware = firmware,
				     .n_services = app->n,
				     .os = boards,
				     .services = app->services};
	MP_BUF(sbom, 64u << 20);
	MP_BUF(manifest, 16u << 20);
	char name[64];
	int r = 0;

	(void)snprintf(release.product, sizeof(release.product), "%s", p->name);
	(void)snprintf(release.version, sizeof(release.version), "%s", p->version);
	(void)snprintf(release.minimum_version, sizeof(release.minimum_version), "%s",
		       p->minimum_version);
	(void)snprintf(release.sbom_target, sizeof(release.sbom_target), "%s.sbom.json",
		       p->version);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = describe_os(b, &os[i], &boards[i], err);
	for (size_t i = 0; i < p->n_firmware && r == 0; i++)
		r = firmware_build(b, &p->firmware[i], &firmware[i], err);
	if (r == 0 &&
	    (sbom_format(p, b->sbom, &sbom) < 0 || mp_release_format(&release, &manifest) < 0))
		r = OOM(err);
	if (r == 0)
		r = write_target(b, release.sbom_target, &sbom, err);
	(void)snprintf(name, sizeof(name), "%s.manifest.json", p->version);
	return r < 0 ? r : write_target(b, name, &manifest, err);
}
