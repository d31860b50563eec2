/* SPDX-License-Identifier: Apache-2.0 */
#include "release/release.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define MOST_BYTES (1u << 20)
#define MOST_BOARDS 64
#define MOST_SIZE (INT64_C(1) << 40)
#define BLOCK 4096 /* of dm-verity */

static bool is_digest(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static bool is_version(const char *s)
{
	return strlen(s) < 32 && mp_version_is_valid(s);
}

static bool is_target(const char *s)
{
	return mp_str_is_name(s, 199);
}

static bool is_short_name(const char *s)
{
	return mp_str_is_name(s, 63);
}

/* A required string of this kind, copied into `ret`, which has room for the longest of its kind. */
static int read_text(const struct mp_json *obj, const char *key, bool (*check)(const char *),
		     const char *kind, char *ret, struct mp_err *err)
{
	const char *s;
	int r = mp_json_read_str(obj, key, &s, err);

	if (r < 0)
		return r;
	if (!check(s))
		return mp_err_set(err, -EBADMSG, "'%s' is not %s", key, kind);
	memcpy(ret, s, strlen(s) + 1);
	return 0;
}

static int read_digest(const struct mp_json *obj, const char *key, char ret[65], struct mp_err *err)
{
	return read_text(obj, key, is_digest, "a SHA-256 in lower-case hexadecimal", ret, err);
}

static int read_target(const struct mp_json *obj, const char *key, char ret[200],
		       struct mp_err *err)
{
	return read_text(obj, key, is_target, "the name of a target", ret, err);
}

static int read_size(const struct mp_json *obj, uint64_t *ret, struct mp_err *err)
{
	int64_t size;
	int r = mp_json_read_int(obj, "size", 1, MOST_SIZE, &size, err);

	if (r == 0)
		*ret = (uint64_t)size;
	return r;
}

/* {"size": N, "sha256": "..."} under `key`. */
static int read_part(const struct mp_json *os, const char *key, uint64_t *ret_size,
		     char ret_sha256[65], struct mp_err *err)
{
	const struct mp_json *part;
	int r = mp_json_read_object(os, key, &part, err);

	if (r < 0)
		return r;
	r = read_size(part, ret_size, err);
	if (r == 0)
		r = read_digest(part, "sha256", ret_sha256, err);
	return r < 0 ? mp_err_wrap(err, r, "'%s'", key) : 0;
}

static int parse_source(const struct mp_json *j, struct mp_release_source *s, struct mp_err *err)
{
	const char *type;
	int r = mp_json_read_str(j, "type", &type, err);

	if (r < 0)
		return r;
	if (!mp_str_is_name(type, sizeof(s->type) - 1))
		return mp_err_set(err, -EBADMSG, "'type' is not the name of a kind of source");
	memcpy(s->type, type, strlen(type) + 1);
	if (!mp_streq(type, "full"))
		return 0; /* whatever it needs, we do not know it */
	r = read_target(j, "target", s->target, err);
	if (r == 0)
		r = read_size(j, &s->size, err);
	if (r == 0)
		r = read_digest(j, "index_sha256", s->index_sha256, err);
	return r;
}

static int parse_sources(const struct mp_json *os, struct mp_release_os *ret, struct mp_err *err)
{
	const struct mp_json *sources;
	int r = mp_json_read_array(os, "sources", &sources, err);
	size_t n;

	if (r < 0)
		return r;
	n = mp_json_size(sources);
	if (n > MP_RELEASE_SOURCES)
		return mp_err_set(err, -EFBIG, "more than %d sources", MP_RELEASE_SOURCES);
	for (size_t i = 0; i < n; i++) {
		r = parse_source(mp_json_at(sources, i), &ret->sources[i], err);
		if (r < 0)
			return mp_err_wrap(err, r, "source %zu", i + 1);
	}
	ret->n_sources = (unsigned)n;
	return 0;
}

static int parse_uki(const struct mp_json *os, const char *version, struct mp_release_os *ret,
		     struct mp_err *err)
{
	char want[sizeof(ret->uki_name)];
	int r = read_part(os, "uki", &ret->uki_size, ret->uki_sha256, err);

	if (r < 0)
		return r;
	r = read_text(mp_json_get(os, "uki"), "name", is_short_name, "a file name", ret->uki_name,
		      err);
	if (r < 0)
		return r;
	snprintf(want, sizeof(want), "mp_%s.efi", version);
	if (!mp_streq(ret->uki_name, want))
		return mp_err_set(err, -EBADMSG, "the UKI is named %s instead of %s", ret->uki_name,
				  want);
	return 0;
}

static int parse_os(const struct mp_json *os, const char *version, struct mp_release_os *ret,
		    struct mp_err *err)
{
	int r = read_digest(os, "root_hash", ret->root_hash, err);

	if (r == 0)
		r = read_part(os, "root", &ret->root_size, ret->root_sha256, err);
	if (r == 0)
		r = read_part(os, "verity", &ret->verity_size, ret->verity_sha256, err);
	if (r == 0 && (ret->root_size % BLOCK || ret->verity_size % BLOCK))
		r = mp_err_set(err, -EBADMSG, "the size of root or verity is no multiple of %d",
			       BLOCK);
	if (r == 0)
		r = parse_uki(os, version, ret, err);
	if (r == 0)
		r = parse_sources(os, ret, err);
	return r;
}

const char *mp_release_object_name(enum mp_release_object o)
{
	static const char *const names[] = {"firmware", "software", "advanced"};

	return names[o];
}

int mp_release_object_parse(const char *name)
{
	for (int o = MP_RELEASE_FIRMWARE; o <= MP_RELEASE_ADVANCED; o++)
		if (mp_streq(name, mp_release_object_name((enum mp_release_object)o)))
			return o;
	return -EBADMSG;
}

static bool is_object(const char *s)
{
	return mp_release_object_parse(s) >= 0;
}

static bool is_transfer(const char *s)
{
	return mp_streq(s, "push") || mp_streq(s, "pull");
}

static int parse_firmware(const struct mp_json *j, struct mp_release_firmware *ret,
			  struct mp_err *err)
{
	char object[64], transfer[64];
	int r = read_text(j, "version", is_short_name, "a version", ret->version, err);

	if (r == 0)
		r = read_target(j, "target", ret->target, err);
	if (r == 0)
		r = read_size(j, &ret->size, err);
	if (r == 0)
		r = read_digest(j, "sha256", ret->sha256, err);
	if (r == 0)
		r = read_text(j, "object", is_object, "firmware, software or advanced", object,
			      err);
	if (r == 0)
		r = read_text(j, "transfer", is_transfer, "push or pull", transfer, err);
	if (r < 0)
		return r;
	ret->object = (enum mp_release_object)mp_release_object_parse(object);
	ret->pull = mp_streq(transfer, "pull");
	return 0;
}

bool mp_release_is_component(const char *name)
{
	size_t n = 0;

	while (name[n] >= ' ' && name[n] <= '~')
		n++;
	return n > 0 && n <= MP_RELEASE_COMPONENT && !name[n];
}

static int parse_component(const struct mp_json *j, struct mp_release_firmware *ret,
			   struct mp_err *err)
{
	int r = read_text(j, "name", mp_release_is_component, "the name of a component",
			  ret->component, err);

	if (r == 0)
		r = parse_firmware(j, ret, err);
	if (r == 0 && ret->object != MP_RELEASE_ADVANCED)
		r = mp_err_set(err, -EBADMSG,
			       "'object' is not advanced, which alone has components");
	return r;
}

static struct mp_release_firmware *add_firmware(struct mp_release *rel, const char *board)
{
	struct mp_release_firmware *f = &rel->firmware[rel->n_firmware++];

	memcpy(f->board, board, strlen(board) + 1);
	return f;
}

static int parse_components(const char *board, const struct mp_json *j, struct mp_release *rel,
			    struct mp_err *err)
{
	const struct mp_json *all;
	unsigned first = rel->n_firmware;
	int r = mp_json_read_array(j, "components", &all, err);

	if (r == 0 && (mp_json_size(all) == 0 || mp_json_size(all) > MP_RELEASE_COMPONENTS))
		r = mp_err_set(err, -EBADMSG, "a board has 1 to %d components",
			       MP_RELEASE_COMPONENTS);
	for (size_t i = 0; r == 0 && i < mp_json_size(all); i++) {
		struct mp_release_firmware *f = add_firmware(rel, board);

		r = parse_component(mp_json_at(all, i), f, err);
		for (unsigned k = first; r == 0 && &rel->firmware[k] < f; k++)
			if (mp_streq(rel->firmware[k].component, f->component))
				r = mp_err_set(err, -EBADMSG, "'%s' is there twice", f->component);
		if (r < 0)
			r = mp_err_wrap(err, r, "component %zu", i + 1);
	}
	return r;
}

/* A board is a computer with an operating system, or a microcontroller with its firmware. */
static int parse_board(const char *name, const struct mp_json *board, struct mp_release *rel,
		       struct mp_err *err)
{
	const struct mp_json *part;
	int r;

	if (!is_short_name(name))
		return mp_err_set(err, -EBADMSG, "'%.80s' is not the name of a board", name);
	if (mp_json_get(board, "components")) {
		r = parse_components(name, board, rel, err);
	} else if (mp_json_get(board, "firmware")) {
		r = mp_json_read_object(board, "firmware", &part, err);
		if (r == 0)
			r = parse_firmware(part, add_firmware(rel, name), err);
	} else {
		struct mp_release_os *at = &rel->os[rel->n_os++];

		memcpy(at->board, name, strlen(name) + 1);
		r = mp_json_read_object(board, "os", &part, err);
		if (r == 0)
			r = parse_os(part, rel->version, at, err);
	}
	return r < 0 ? mp_err_wrap(err, r, "board %s", name) : 0;
}

/* Room for all that there may be. */
static size_t count_firmware(const struct mp_json *boards)
{
	const struct mp_json *board;
	const char *name;
	void *iter = NULL;
	size_t n = 0, more;

	while (mp_json_next(boards, &iter, &name, &board)) {
		more = mp_json_size(mp_json_get(board, "components"));
		n += more > MP_RELEASE_COMPONENTS ? MP_RELEASE_COMPONENTS : more > 0 ? more : 1;
	}
	return n;
}

static int parse_boards(const struct mp_json *doc, struct mp_release *rel, struct mp_err *err)
{
	const struct mp_json *boards, *board;
	const char *name;
	void *iter = NULL;
	int r = mp_json_read_object(doc, "boards", &boards, err);

	if (r < 0)
		return r;
	if (mp_json_size(boards) == 0 || mp_json_size(boards) > MOST_BOARDS)
		return mp_err_set(err, -EBADMSG, "a release is for 1 to %d boards", MOST_BOARDS);
	rel->os = calloc(mp_json_size(boards), sizeof(*rel->os));
	rel->firmware = calloc(count_firmware(boards), sizeof(*rel->firmware));
	if (!rel->os || !rel->firmware)
		return mp_err_set(err, -ENOMEM, "out of memory");
	while (r == 0 && mp_json_next(boards, &iter, &name, &board))
		r = parse_board(name, board, rel, err);
	return r;
}

static int parse_layers(const struct mp_json *image, struct mp_release_service *s,
			struct mp_err *err)
{
	const struct mp_json *layers;
	int r = mp_json_read_array(image, "layers", &layers, err);
	size_t n;

	if (r < 0)
		return r;
	n = mp_json_size(layers);
	if (n == 0 || n > MP_RELEASE_LAYERS)
		return mp_err_set(err, -EFBIG, "an image has 1 to %d layers", MP_RELEASE_LAYERS);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct mp_json *j = mp_json_at(layers, i);
		struct mp_release_layer *l = &s->layers[i];

		r = read_digest(j, "diff_id", l->diff_id, err);
		if (r == 0)
			r = read_target(j, "target", l->target, err);
		if (r == 0)
			r = read_size(j, &l->size, err);
	}
	s->n_layers = (unsigned)n;
	return r;
}

static int parse_image(const struct mp_json *service, struct mp_release_service *s,
		       struct mp_err *err)
{
	const struct mp_json *image, *config;
	int r = mp_json_read_object(service, "image", &image, err);

	if (r == 0)
		r = read_digest(image, "id", s->image_id, err);
	if (r == 0)
		r = mp_json_read_object(image, "config", &config, err);
	if (r == 0)
		r = read_target(config, "target", s->config_target, err);
	if (r == 0)
		r = read_size(config, &s->config_size, err);
	return r < 0 ? r : parse_layers(image, s, err);
}

static int parse_services(const struct mp_json *doc, struct mp_release *rel, struct mp_err *err)
{
	const struct mp_json *app = mp_json_get(doc, "app"), *services;
	size_t n;
	int r;

	if (!app)
		return 0;
	r = mp_json_read_array(app, "services", &services, err);
	if (r < 0)
		return r;
	n = mp_json_size(services);
	if (n > MP_RELEASE_SERVICES)
		return mp_err_set(err, -EFBIG, "more than %d services", MP_RELEASE_SERVICES);
	rel->services = calloc(n + 1, sizeof(*rel->services));
	if (!rel->services)
		return mp_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct mp_release_service *s = &rel->services[rel->n_services++];
		const struct mp_json *j = mp_json_at(services, i);

		r = read_text(j, "name", is_short_name, "a name", s->name, err);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (mp_streq(rel->services[k].name, s->name))
				r = mp_err_set(err, -EBADMSG, "'%s' is there twice", s->name);
		if (r == 0)
			r = parse_image(j, s, err);
		if (r == 0)
			r = mp_json_read_object(j, "spec", &s->spec, err);
		if (r < 0)
			return mp_err_wrap(err, r, "service %zu", i + 1);
	}
	return 0;
}

/* A member that may be missing; `ret` stays "" then. */
static int read_optional(const struct mp_json *doc, const char *key, bool (*check)(const char *),
			 const char *kind, char *ret, struct mp_err *err)
{
	return mp_json_get(doc, key) ? read_text(doc, key, check, kind, ret, err) : 0;
}

static int parse_head(const struct mp_json *doc, struct mp_release *rel, struct mp_err *err)
{
	int64_t format;
	int r = mp_json_read_int(doc, "format", 1, INT32_MAX, &format, err);

	if (r < 0)
		return r;
	if (format != 1)
		return mp_err_set(err, -ENOTSUP, "its format is %d; this program knows format 1",
				  (int)format);
	r = read_text(doc, "product", is_short_name, "the name of a product", rel->product, err);
	if (r == 0)
		r = read_text(doc, "version", is_version, "a version", rel->version, err);
	if (r == 0)
		r = read_optional(doc, "minimum_version", is_version, "a version",
				  rel->minimum_version, err);
	if (r == 0)
		r = read_optional(doc, "sbom", is_target, "the name of a target", rel->sbom_target,
				  err);
	rel->notes = "";
	if (r == 0 && mp_json_get(doc, "notes"))
		r = mp_json_read_str(doc, "notes", &rel->notes, err);
	return r;
}

int mp_release_parse(const void *text, size_t len, struct mp_release **ret, struct mp_err *err)
{
	auto_(mp_release) *rel = calloc(1, sizeof(*rel));
	int r;

	if (!rel)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (len > MOST_BYTES)
		return mp_err_set(err, -EFBIG, "the manifest is larger than %u bytes", MOST_BYTES);
	r = mp_json_parse(text, len, &rel->doc, err);
	if (r == 0 && mp_json_type(rel->doc) != MP_JSON_OBJECT)
		r = mp_err_set(err, -EBADMSG, "it is no JSON object");
	if (r == 0)
		r = parse_head(rel->doc, rel, err);
	if (r == 0)
		r = parse_boards(rel->doc, rel, err);
	if (r == 0)
		r = parse_services(rel->doc, rel, err);
	if (r < 0)
		return mp_err_wrap(err, r, "the manifest of the release is not good");
	*ret = take_ptr(rel);
	return 0;
}

void mp_release_free(struct mp_release *r)
{
	if (!r)
		return;
	mp_json_free(r->doc);
	free(r->os);
	free(r->firmware);
	free(r->services);
	free(r);
}

const struct mp_release_os *mp_release_find_os(const struct mp_release *r, const char *board)
{
	for (unsigned i = 0; i < r->n_os; i++)
		if (mp_streq(r->os[i].board, board))
			return &r->os[i];
	return NULL;
}

const struct mp_release_firmware *mp_release_find_firmware(const struct mp_release *r,
							   const char *board, unsigned *ret_n)
{
	unsigned i = 0, n = 0;

	while (i < r->n_firmware && !mp_streq(r->firmware[i].board, board))
		i++;
	while (i + n < r->n_firmware && mp_streq(r->firmware[i + n].board, board))
		n++;
	*ret_n = n;
	return n > 0 ? &r->firmware[i] : NULL;
}
