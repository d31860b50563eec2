/* SPDX-License-Identifier: Apache-2.0
 * driver.c - libs/compose, oci, docker and http at the command line, for the tests beside it
 *
 *     test-apps compose FILE                     the normalised services, as JSON
 *     test-apps layer PATH OUT [plain]           make a layer; prints it as JSON
 *     test-apps make FILE VERSION OUT            OUT/manifest.json and blobs of a compose file; images
 *                                                are layouts, or recipes of files alone
 *     test-apps load|apply|check|have|prune SOCKET OUT...     of the services in OUT/manifest.json
 *     test-apps stop SOCKET */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "compose/compose.h"
#include "compose/recipe.h"
#include "docker/docker.h"
#include "oci/oci.h"

#define EPOCH 1700000000

static int print(const struct mp_json *j)
{
	MP_BUF(text, 1 << 20);
	int r = mp_json_format(j, &text);

	if (r == 0)
		puts(mp_buf_str(&text));
	return r;
}

static int do_compose(char *argv[], struct mp_err *err)
{
	auto_(mp_compose) *c = NULL;
	int r = mp_compose_load(argv[0], &c, err);

	for (unsigned i = 0; r == 0 && i < c->n_services; i++)
		r = print(c->services[i].spec);
	return r;
}

static int do_layer(char *argv[], struct mp_err *err)
{
	const struct mp_oci_source source = {.epoch = EPOCH, .plain = argv[2] != NULL};
	struct mp_oci_layer l;
	int r = mp_oci_layer_create(argv[0], argv[1], &source, &l, err);

	if (r == 0)
		printf("{\"diff_id\":\"%s\",\"sha256\":\"%s\",\"size\":%" PRIu64 "}\n", l.diff_id,
		       l.sha256, l.size);
	return r;
}

/* ---- make: what `mp build` does to an application, without packages ---- */

static int place_layer(const char *out, const char *tmp, const struct mp_oci_layer *l,
		       struct mp_release_service *s, struct mp_err *err)
{
	struct mp_release_layer *to = &s->layers[s->n_layers++];
	auto_free char *path = mp_str_format("%s/%s.layer", out, l->diff_id);

	snprintf(to->diff_id, sizeof(to->diff_id), "%s", l->diff_id);
	snprintf(to->target, sizeof(to->target), "%s.layer", l->diff_id);
	to->size = l->size;
	return rename(tmp, path) < 0 ? mp_err_set(err, -errno, "cannot place %s", path) : 0;
}

static int place_config(const char *out, const struct mp_buf *config, struct mp_release_service *s,
			struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s.config", out, s->image_id);

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	snprintf(s->config_target, sizeof(s->config_target), "%s", path + strlen(out) + 1);
	s->config_size = config->len;
	return mp_file_write(path, config->data, config->len, 0644, err);
}

static int make_layout(const char *dir, const char *out, const char *tmp,
		       struct mp_release_service *s, struct mp_err *err)
{
	auto_(mp_oci_image) *image = NULL;
	int r = mp_oci_layout_open(dir, "amd64", &image, err);

	for (unsigned i = 0; r == 0 && i < image->n_layers; i++) {
		struct mp_oci_layer l;

		r = mp_oci_layout_layer(image, i, tmp, &l, err);
		if (r == 0)
			r = place_layer(out, tmp, &l, s, err);
	}
	if (r < 0)
		return r;
	snprintf(s->image_id, sizeof(s->image_id), "%s", image->image_id);
	return place_config(out, &image->config, s, err);
}

static int make_recipe(const char *dir, const char *out, const char *tmp,
		       struct mp_release_service *s, struct mp_err *err)
{
	const struct mp_oci_source source = {.epoch = EPOCH, .plain = true};
	auto_(mp_recipe) *recipe = NULL;
	struct mp_oci_layer l;
	MP_BUF(config, 1 << 20);
	int r = mp_recipe_load(dir, &recipe, err);

	if (r == 0)
		r = mp_oci_layer_create(recipe->files, tmp, &source, &l, err);
	if (r == 0)
		r = place_layer(out, tmp, &l, s, err);
	if (r == 0)
		r = mp_oci_config_create(recipe->config, "amd64", EPOCH, &l, 1, &config,
					 s->image_id, err);
	return r < 0 ? r : place_config(out, &config, s, err);
}

static void fill_os(struct mp_release_os *os, const char *version)
{
	memset(os, 0, sizeof(*os));
	snprintf(os->board, sizeof(os->board), "none");
	memset(os->root_hash, '0', 64);
	memset(os->root_sha256, '0', 64);
	memset(os->verity_sha256, '0', 64);
	memset(os->uki_sha256, '0', 64);
	memset(os->sources[0].index_sha256, '0', 64);
	os->root_size = os->verity_size = os->uki_size = 4096;
	snprintf(os->uki_name, sizeof(os->uki_name), "mp_%s.efi", version);
	os->n_sources = 1;
	os->sources[0].size = 4096;
	snprintf(os->sources[0].type, sizeof(os->sources[0].type), "full");
	snprintf(os->sources[0].target, sizeof(os->sources[0].target), "0.payload");
}

static int do_make(char *argv[], struct mp_err *err)
{
	static struct mp_release_service services[MP_RELEASE_SERVICES];
	struct mp_release_os os;
	struct mp_release release = {.product = "test", .os = &os, .n_os = 1, .services = services};
	auto_free char *tmp = mp_str_format("%s/tmp", argv[2]);
	auto_free char *path = mp_str_format("%s/manifest.json", argv[2]);
	auto_(mp_compose) *c = NULL;
	MP_BUF(text, 1 << 20);
	int r = mp_compose_load(argv[0], &c, err);

	fill_os(&os, argv[1]);
	snprintf(release.version, sizeof(release.version), "%s", argv[1]);
	for (unsigned i = 0; r == 0 && i < c->n_services; i++) {
		struct mp_release_service *s = &services[release.n_services++];

		snprintf(s->name, sizeof(s->name), "%s", c->services[i].name);
		s->spec = c->services[i].spec;
		r = c->services[i].image ? make_layout(c->services[i].image, argv[2], tmp, s, err)
					 : make_recipe(c->services[i].build, argv[2], tmp, s, err);
	}
	if (r == 0)
		r = mp_release_format(&release, &text);
	return r < 0 ? r : mp_file_write(path, text.data, text.len, 0644, err);
}

/* ---- Docker ---- */

static int read_release(const char *dir, struct mp_release **ret, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/manifest.json", dir);
	MP_BUF(text, 1 << 20);
	int r = mp_file_read(path, &text, err);

	return r < 0 ? r : mp_release_parse(text.data, text.len, ret, err);
}

static int open_blob(void *user, const char *target, uint64_t size)
{
	auto_free char *path = mp_str_format("%s/%s", (const char *)user, target);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)size;
	return fd < 0 ? -errno : fd;
}

static int do_have(struct mp_docker *d, const struct mp_release_service *s, char *dir,
		   struct mp_err *err)
{
	unsigned layers;
	int image, r = mp_docker_have_layers(d, s, &layers, &image, err);

	(void)dir;
	if (r == 0)
		printf("%s %u %d\n", s->name, layers, image);
	return r;
}

static void show_progress(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	if (done == total)
		printf("sent %" PRIu64 "\n", total);
}

static int do_load(struct mp_docker *d, const struct mp_release_service *s, char *dir,
		   struct mp_err *err)
{
	const struct mp_docker_blobs blobs = {
		.open = open_blob, .user = dir, .progress = show_progress};

	return mp_docker_load(d, s, &blobs, err);
}

/* Until it is known, for at most 20 seconds. */
static int do_check(struct mp_docker *d, const struct mp_release_service *s, char *dir,
		    struct mp_err *err)
{
	static const char *const names[] = {"starting", "healthy", "unhealthy"};
	struct mp_docker_state state = {0};
	int r = 0;

	(void)dir;
	for (int i = 0; r == 0 && i < 40 && state.health == MP_DOCKER_STARTING; i++) {
		if (i > 0)
			usleep(500000);
		r = mp_docker_check(d, s, &state, err);
	}
	if (r == 0)
		printf("%s %u %s\n", names[state.health], state.restarts, state.reason);
	return r;
}

static int each(struct mp_docker *d, char *dir, struct mp_err *err,
		int (*what)(struct mp_docker *, const struct mp_release_service *, char *,
			    struct mp_err *))
{
	auto_(mp_release) *release = NULL;
	int r = read_release(dir, &release, err);

	for (unsigned i = 0; r == 0 && i < release->n_services; i++)
		r = what(d, &release->services[i], dir, err);
	return r;
}

static int do_apply(struct mp_docker *d, char *dir, struct mp_err *err)
{
	auto_(mp_release) *release = NULL;
	int r = read_release(dir, &release, err);

	if (r == 0)
		r = mp_docker_apply(d, release->version, release->services, release->n_services,
				    err);
	return r;
}

static int do_prune(struct mp_docker *d, char *dirs[], struct mp_err *err)
{
	const struct mp_release_service *keep[4 * MP_RELEASE_SERVICES];
	struct mp_release *releases[4] = {0};
	unsigned n = 0;
	int r = 0;

	for (unsigned k = 0; r == 0 && k < 4 && dirs[k]; k++) {
		r = read_release(dirs[k], &releases[k], err);
		for (unsigned i = 0; r == 0 && i < releases[k]->n_services; i++)
			keep[n++] = &releases[k]->services[i];
	}
	if (r == 0)
		r = mp_docker_prune(d, keep, n, err);
	for (unsigned k = 0; k < 4; k++)
		mp_release_free(releases[k]);
	return r;
}

static int with_docker(const char *verb, char *argv[], struct mp_err *err)
{
	auto_(mp_docker) *d = NULL;
	int r = mp_docker_new(argv[0], &d, err);

	if (r < 0)
		return r;
	if (mp_streq(verb, "stop"))
		return mp_docker_stop(d, err);
	if (mp_streq(verb, "apply"))
		return do_apply(d, argv[1], err);
	if (mp_streq(verb, "prune"))
		return do_prune(d, argv + 1, err);
	return each(d, argv[1], err,
		    mp_streq(verb, "load")   ? do_load
		    : mp_streq(verb, "have") ? do_have
					     : do_check);
}

int main(int argc, char *argv[])
{
	struct mp_err err = {0};
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		return fputs("usage: test-apps VERB ARGUMENT...\n", stderr), 2;
	if (mp_streq(argv[1], "compose"))
		r = do_compose(argv + 2, &err);
	else if (mp_streq(argv[1], "layer"))
		r = do_layer(argv + 2, &err);
	else if (mp_streq(argv[1], "make"))
		r = do_make(argv + 2, &err);
	else
		r = with_docker(argv[1], argv + 2, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text[0] ? err.text : strerror(-r));
	return r < 0;
}
