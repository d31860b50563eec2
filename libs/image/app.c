/* SPDX-License-Identifier: Apache-2.0 */
/* Containers: an OCI layout is copied layer by layer, a recipe becomes two layers, packages and
 * files, each kept in PRODUCT/cache under a digest of what goes into it. All of it ends up in the
 * work folder under the target names of docs/spec/release.md. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "compose/compose.h"
#include "compose/recipe.h"
#include "crypto/hash.h"
#include "image/internal.h"
#include "oci/oci.h"
#include "release/release.h"

#define EPOCH_SECONDS 1735689600

void app_done(struct app *app)
{
	mp_compose_free(app->compose);
	free(app->services);
	*app = (struct app){0};
}

/* A layer in the work folder becomes a target and an entry of the manifest. */
static int note_layer(struct build *b, const char *file, const struct mp_oci_layer *l,
		      struct mp_release_service *s, struct mp_err *err)
{
	struct mp_release_layer *into = &s->layers[s->n_layers];
	auto_free char *to = NULL;

	if (s->n_layers == MP_RELEASE_LAYERS)
		return mp_err_set(err, -EFBIG, "service '%s' has more than %d layers", s->name,
				  MP_RELEASE_LAYERS);
	(void)snprintf(into->diff_id, sizeof(into->diff_id), "%s", l->diff_id);
	(void)snprintf(into->target, sizeof(into->target), "%s.layer", l->diff_id);
	into->size = l->size;
	s->n_layers++;
	to = mp_str_format("%s/%s", b->work, into->target);
	if (!to)
		return OOM(err);
	if (mp_file_exists(to)) /* another service has it too */
		return 0;
	if (link(file, to) < 0)
		return mp_err_set(err, -errno, "cannot place %s: %s", to, strerror(errno));
	return build_target(b, into->target, into->target, err);
}

static int note_config(struct build *b, const struct mp_buf *config, const char *image_id,
		       struct mp_release_service *s, struct mp_err *err)
{
	auto_free char *path = NULL;
	int r;

	(void)snprintf(s->image_id, sizeof(s->image_id), "%s", image_id);
	(void)snprintf(s->config_target, sizeof(s->config_target), "%s.config", image_id);
	s->config_size = config->len;
	path = mp_str_format("%s/%s", b->work, s->config_target);
	if (!path)
		return OOM(err);
	if (mp_file_exists(path))
		return 0;
	r = mp_file_write(path, config->data, config->len, 0644, err);
	return r < 0 ? r : build_target(b, s->config_target, s->config_target, err);
}

/* ---- a recipe ---- */

/* What maintainer scripts would have made, as far as programs look for it. */
static int make_skeleton(const char *root, struct mp_err *err)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
	static const char group[] = "root:x:0:\nnogroup:x:65534:\n";
	static const char *const folders[] = {"usr/bin", "usr/sbin", "usr/lib", "usr/lib64",
					      "etc",	 "dev",	     "proc",	"sys",
					      "run",	 "tmp",	     "root",	"var"};
	static const char *const links[] = {"bin", "sbin", "lib", "lib64"};
	int r = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && r == 0; i++) {
		auto_free char *path = mp_str_format("%s/%s", root, folders[i]);

		r = path ? mp_file_make_dirs(path, 0755, err) : OOM(err);
	}
	for (size_t i = 0; i < 4 && r == 0; i++) {
		auto_free char *path = mp_str_format("%s/%s", root, links[i]);
		auto_free char *to = mp_str_format("usr/%s", links[i]);

		if (!path || !to)
			r = OOM(err);
		else if (symlink(to, path) < 0)
			r = mp_err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
	}
	if (r == 0)
		r = tree_write(root, "etc/passwd", passwd, sizeof(passwd) - 1, 0644, err);
	return r < 0 ? r : tree_write(root, "etc/group", group, sizeof(group) - 1, 0644, err);
}

struct layer_source { /* what a cached layer is made of */
	const struct mp_json *group; /* packages, or */
	const char *files; /* a folder */
};

static int fill_layer(struct build *b, const struct layer_source *from, const char *part,
		      const char *sbom, struct mp_oci_layer *ret, struct mp_err *err)
{
	auto_(mp_json) *packages = mp_json_new_array();
	auto_free char *root = mp_str_format("%s.root", part);
	auto_free char *docs = mp_str_format("%s/os/packages/docs.list", b->job->source);
	LIST(remove);
	int r = root && docs ? 0 : OOM(err);

	if (r == 0 && !from->group)
		return mp_oci_layer_create(
			from->files, part,
			&(struct mp_oci_source){.epoch = EPOCH_SECONDS, .plain = true}, ret, err);
	if (r == 0)
		r = mp_file_remove_tree(root, err);
	if (r == 0)
		r = make_skeleton(root, err);
	if (r == 0)
		r = tree_unpack(&b->apt, from->group, root, err);
	if (r == 0)
		r = sbom_packages(&b->apt, from->group, root, packages, err);
	if (r == 0)
		r = sbom_write(packages, sbom, err);
	if (r == 0)
		r = list_read(docs, &remove, err);
	if (r == 0)
		r = tree_remove(root, &remove, err);
	if (r == 0)
		r = mp_oci_layer_create(
			root, part, &(struct mp_oci_source){.epoch = EPOCH_SECONDS, .plain = true},
			ret, err);
	return r < 0 ? r : mp_file_remove_tree(root, err);
}

static int layer_key(const struct layer_source *from, char hex[65], struct mp_err *err)
{
	MP_BUF(text, 16u << 20);

	if (!from->group)
		return tree_digest(from->files, hex, err);
	if (mp_buf_add_str(&text, "skeleton 2 ") < 0 || mp_json_format(from->group, &text) < 0)
		return OOM(err);
	mp_sha256_hex(text.data, text.len, hex);
	return 0;
}

/* "DIFF_ID SHA256 SIZE" beside a cached layer */
static int read_facts(const char *path, struct mp_oci_layer *ret)
{
	MP_BUF(text, 1024);
	unsigned long long size;

	if (mp_file_read(path, &text, NULL) < 0 ||
	    sscanf(mp_buf_str(&text), "%64s %64s %llu", ret->diff_id, ret->sha256, &size) != 3)
		return -ENOENT;
	ret->size = size;
	return 0;
}

static int write_facts(const char *path, const struct mp_oci_layer *l, struct mp_err *err)
{
	MP_BUF(text, 1024);

	if (mp_buf_printf(&text, "%s %s %llu\n", l->diff_id, l->sha256,
			  (unsigned long long)l->size) < 0)
		return OOM(err);
	return mp_file_write(path, text.data, text.len, 0644, err);
}

static int make_layer(struct build *b, const struct layer_source *from,
		      struct mp_release_service *s, struct mp_err *err)
{
	auto_free char *path = NULL, *facts = NULL, *part = NULL, *sbom = NULL;
	struct mp_oci_layer layer;
	char hex[65];
	int r = layer_key(from, hex, err);

	if (r < 0)
		return r;
	path = mp_str_format("%s/layer-%.16s", b->cache, hex);
	facts = mp_str_format("%s/layer-%.16s.facts", b->cache, hex);
	part = mp_str_format("%s/layer-%.16s.part", b->cache, hex);
	sbom = mp_str_format("%s/layer-%.16s.sbom", b->cache, hex);
	if (!path || !facts || !part || !sbom)
		return OOM(err);
	if (read_facts(facts, &layer) < 0 || !mp_file_exists(path)) {
		r = fill_layer(b, from, part, sbom, &layer, err);
		if (r == 0 && rename(part, path) < 0)
			r = mp_err_set(err, -errno, "cannot rename %s: %s", part, strerror(errno));
		if (r == 0)
			r = write_facts(facts, &layer, err);
	}
	if (r == 0 && from->group)
		r = sbom_add(sbom, b->sbom, err);
	return r < 0 ? r : note_layer(b, path, &layer, s, err);
}

static int lock_recipe(struct build *b, const struct mp_recipe *recipe, const char *service,
		       const struct mp_json **ret, struct mp_err *err)
{
	auto_free char *group = mp_str_format("app/%s", service);
	LIST(wishes);
	int r = group ? 0 : -ENOMEM;

	for (unsigned i = 0; i < recipe->n_packages && r == 0; i++)
		r = list_add(&wishes, recipe->packages[i]);
	return r < 0 ? OOM(err) : build_group(b, &b->apt, group, &wishes, ret, err);
}

static int build_recipe(struct build *b, const char *dir, struct mp_release_service *s,
			struct mp_err *err)
{
	auto_(mp_recipe) *recipe = NULL;
	struct mp_oci_layer layers[2];
	MP_BUF(config, 1u << 20);
	struct layer_source from = {0};
	char image_id[65];
	int r = mp_recipe_load(dir, &recipe, err);

	if (r == 0)
		r = lock_recipe(b, recipe, s->name, &from.group, err);
	if (r == 0)
		r = make_layer(b, &from, s, err);
	if (r == 0 && recipe->files)
		r = make_layer(b, &(struct layer_source){.files = recipe->files}, s, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < s->n_layers; i++)
		(void)snprintf(layers[i].diff_id, sizeof(layers[i].diff_id), "%s",
			       s->layers[i].diff_id);
	r = mp_oci_config_create(recipe->config, b->apt.architecture, EPOCH_SECONDS, layers,
				 s->n_layers, &config, image_id, err);
	return r < 0 ? r : note_config(b, &config, image_id, s, err);
}

/* ---- somebody else's image ---- */

static int copy_image(struct build *b, const char *dir, struct mp_release_service *s,
		      struct mp_err *err)
{
	auto_(mp_oci_image) *image = NULL;
	int r = mp_oci_layout_open(dir, b->apt.architecture, &image, err);

	for (unsigned i = 0; r == 0 && i < image->n_layers; i++) {
		auto_free char *part = mp_str_format("%s/%u.layer.part", b->work, i);
		struct mp_oci_layer layer;

		r = part ? mp_oci_layout_layer(image, i, part, &layer, err) : OOM(err);
		if (r == 0)
			r = note_layer(b, part, &layer, s, err);
		if (r == 0 && unlink(part) < 0)
			r = mp_err_set(err, -errno, "cannot remove %s", part);
	}
	return r < 0 ? r : note_config(b, &image->config, image->image_id, s, err);
}

int app_build(struct build *b, struct app *app, struct mp_err *err)
{
	auto_free char *path = NULL;
	int r;

	if (!b->product->app[0])
		return 0;
	path = mp_product_path(b->product, b->product->app);
	r = path ? mp_compose_load(path, &app->compose, err) : OOM(err);
	if (r < 0)
		return r;
	app->services = calloc(app->compose->n_services, sizeof(*app->services));
	if (!app->services)
		return OOM(err);
	build_begin(b, "application");
	for (unsigned i = 0; i < app->compose->n_services && r == 0; i++) {
		const struct mp_compose_service *from = &app->compose->services[i];
		struct mp_release_service *s = &app->services[app->n++];

		(void)snprintf(s->name, sizeof(s->name), "%s", from->name);
		s->spec = from->spec;
		r = from->image ? copy_image(b, from->image, s, err)
				: build_recipe(b, from->build, s, err);
		if (r < 0)
			r = mp_err_wrap(err, r, "service '%s'", from->name);
	}
	if (r == 0)
		build_end(b, "application");
	return r;
}
