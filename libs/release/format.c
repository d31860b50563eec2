/* SPDX-License-Identifier: Apache-2.0 */
#include "release/release.h"

#include <errno.h>

#include "base/str.h"

/* Building stops at the first thing that memory is missing for: `r` remembers. */
static struct mp_json *add(int *r, struct mp_json *to, const char *key, struct mp_json *value)
{
	int put = key ? mp_json_put(to, key, value) : mp_json_append(to, value);

	if (put < 0)
		*r = put;
	return put < 0 ? NULL : value;
}

static void add_str(int *r, struct mp_json *to, const char *key, const char *s)
{
	if (*r == 0)
		(void)add(r, to, key, mp_json_new_str(s));
}

static void add_size(int *r, struct mp_json *to, uint64_t size)
{
	if (*r == 0)
		(void)add(r, to, "size", mp_json_new_int((int64_t)size));
}

/* An empty object or array in its place; NULL once something has failed. */
static struct mp_json *add_object(int *r, struct mp_json *to, const char *key)
{
	return *r == 0 ? add(r, to, key, mp_json_new_object()) : NULL;
}

static struct mp_json *add_array(int *r, struct mp_json *to, const char *key)
{
	return *r == 0 ? add(r, to, key, mp_json_new_array()) : NULL;
}

static struct mp_json *add_part(int *r, struct mp_json *os, const char *key, uint64_t size,
				const char *sha256)
{
	struct mp_json *part = add_object(r, os, key);

	add_size(r, part, size);
	add_str(r, part, "sha256", sha256);
	return part;
}

static void add_os(int *r, struct mp_json *boards, const struct mp_release_os *os)
{
	struct mp_json *j = add_object(r, add_object(r, boards, os->board), "os");
	struct mp_json *sources;

	add_str(r, j, "root_hash", os->root_hash);
	(void)add_part(r, j, "root", os->root_size, os->root_sha256);
	(void)add_part(r, j, "verity", os->verity_size, os->verity_sha256);
	add_str(r, add_part(r, j, "uki", os->uki_size, os->uki_sha256), "name", os->uki_name);
	sources = add_array(r, j, "sources");
	for (unsigned i = 0; i < os->n_sources; i++) {
		struct mp_json *s = add_object(r, sources, NULL);

		add_str(r, s, "type", os->sources[i].type);
		add_str(r, s, "target", os->sources[i].target);
		add_size(r, s, os->sources[i].size);
		add_str(r, s, "index_sha256", os->sources[i].index_sha256);
	}
}

static void add_image(int *r, struct mp_json *j, const struct mp_release_firmware *f)
{
	add_str(r, j, "version", f->version);
	add_str(r, j, "target", f->target);
	add_size(r, j, f->size);
	add_str(r, j, "sha256", f->sha256);
	add_str(r, j, "object", mp_release_object_name(f->object));
	add_str(r, j, "transfer", f->pull ? "pull" : "push");
}

/* Those of one board, from the first on; how many they were. */
static unsigned add_firmware(int *r, struct mp_json *boards, const struct mp_release_firmware *f,
			     unsigned n)
{
	struct mp_json *board = add_object(r, boards, f->board), *all, *one;
	unsigned i = 0;

	if (!*f->component) {
		add_image(r, add_object(r, board, "firmware"), f);
		return 1;
	}
	all = add_array(r, board, "components");
	for (; i < n && mp_streq(f[i].board, f->board); i++) {
		one = add_object(r, all, NULL);
		add_str(r, one, "name", f[i].component);
		add_image(r, one, &f[i]);
	}
	return i;
}

static void add_service(int *r, struct mp_json *services, const struct mp_release_service *s)
{
	struct mp_json *j = add_object(r, services, NULL), *image, *config, *layers;

	add_str(r, j, "name", s->name);
	image = add_object(r, j, "image");
	add_str(r, image, "id", s->image_id);
	config = add_object(r, image, "config");
	add_str(r, config, "target", s->config_target);
	add_size(r, config, s->config_size);
	layers = add_array(r, image, "layers");
	for (unsigned i = 0; i < s->n_layers; i++) {
		struct mp_json *l = add_object(r, layers, NULL);

		add_str(r, l, "diff_id", s->layers[i].diff_id);
		add_str(r, l, "target", s->layers[i].target);
		add_size(r, l, s->layers[i].size);
	}
	if (*r == 0)
		(void)add(r, j, "spec", s->spec ? mp_json_copy(s->spec) : mp_json_new_object());
}

static int build(struct mp_json *doc, const struct mp_release *rel)
{
	struct mp_json *boards, *services;
	int r = mp_json_put_int(doc, "format", 1);

	add_str(&r, doc, "product", rel->product);
	add_str(&r, doc, "version", rel->version);
	if (rel->minimum_version[0])
		add_str(&r, doc, "minimum_version", rel->minimum_version);
	if (rel->notes && rel->notes[0])
		add_str(&r, doc, "notes", rel->notes);
	if (rel->sbom_target[0])
		add_str(&r, doc, "sbom", rel->sbom_target);
	boards = add_object(&r, doc, "boards");
	for (unsigned i = 0; i < rel->n_os; i++)
		add_os(&r, boards, &rel->os[i]);
	for (unsigned i = 0; i < rel->n_firmware;)
		i += add_firmware(&r, boards, &rel->firmware[i], rel->n_firmware - i);
	services = add_array(&r, add_object(&r, doc, "app"), "services");
	for (unsigned i = 0; i < rel->n_services; i++)
		add_service(&r, services, &rel->services[i]);
	return r;
}

int mp_release_format(const struct mp_release *rel, struct mp_buf *out)
{
	auto_(mp_json) *doc = mp_json_new_object();
	int r = doc ? build(doc, rel) : -ENOMEM;

	return r < 0 ? r : mp_json_format_pretty(doc, out);
}
