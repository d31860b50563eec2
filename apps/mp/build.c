/* SPDX-License-Identifier: Apache-2.0 */
/* mp build: product.yaml to build/VERSION. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "image/image.h"
#include "share.h"
#include "verb.h"

struct build_options {
	bool json, update;
	const char *source;
};

const struct mp_option mp_options_build[] = {
	{"update", 'u', MP_SWITCH, offsetof(struct build_options, update), NULL,
	 "lock the newest packages of the mirror in mp.lock, in place of those named there"},
	{"source", 0, MP_TEXT, offsetof(struct build_options, source), "DIR",
	 "the source tree of microPlatform; default $MP_SOURCE, else where mp was built"},
	MP_OPTION_JSON(struct build_options, json),
	{0},
};

static void say_step(void *user, const char *what, double seconds)
{
	(void)user;
	fprintf(stderr, "    %-24s %6.1f s\n", what, seconds);
}

static void say_begin(void *user, const char *what)
{
	(void)user;
	if (mp_is_terminal(2))
		fprintf(stderr, "    %s ...\r", what);
}

/* $XDG_CACHE_HOME/microplatform, ~/.cache/microplatform */
static char *cache_dir(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return mp_str_format("%s/microplatform", xdg);
	return mp_str_format("%s/.cache/microplatform", home && *home ? home : "/root");
}

static int print_json(const struct mp_product *p, const struct mp_image_figures *f)
{
	auto_(mp_json) *j = mp_json_new_object();
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {{"root_bytes", f->root},
		    {"verity_bytes", f->verity},
		    {"uki_bytes", f->uki},
		    {"initrd_bytes", f->initrd},
		    {"payload_bytes", f->payload},
		    {"packages", f->packages},
		    {"slot_bytes", f->root + f->verity + f->uki}};
	int r = mp_json_put_str(j, "version", p->version);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && r == 0; i++)
		r = mp_json_put_int(j, rows[i].key, (int64_t)rows[i].value);
	return r < 0 ? EXIT_FAILURE : mp_print_json(j);
}

static void print_table(const struct mp_product *p, const struct mp_image_figures *f)
{
	const struct {
		const char *what;
		uint64_t value;
	} rows[] = {{"root file system", f->root},
		    {"its verity tree", f->verity},
		    {"kernel image", f->uki},
		    {"  the initrd in it", f->initrd},
		    {"one slot, all of it", f->root + f->verity + f->uki},
		    {"payload", f->payload}};
	char text[16];

	if (p->n_boards == 0) {
		printf("built %s %s in build/%s, %zu firmware image%s\n", p->name, p->version,
		       p->version, p->n_firmware, p->n_firmware == 1 ? "" : "s");
		return;
	}
	printf("built %s %s in build/%s, %u Debian packages\n", p->name, p->version, p->version,
	       f->packages);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		printf("    %-24s %10s\n", rows[i].what, mp_format_bytes(rows[i].value, text));
}

int mp_verb_build(int argc, char *argv[])
{
	struct build_options o = {0};
	auto_(mp_product) *p = NULL;
	auto_free char *cache = cache_dir();
	struct mp_image_figures figures;
	struct mp_err err = {""};
	int status = mp_options_parse(mp_options_build, &o, &argc, &argv), r;

	if (status != MP_GO_ON)
		return status;
	r = mp_here(&p, &err);
	if (r < 0)
		return mp_fail(&err);
	mp_step("building %s %s", p->name, p->version);
	r = mp_image_build(&(struct mp_image_job){.product = p,
						  .source = mp_source(o.source),
						  .cache = cache ? cache : "/tmp",
						  .update = o.update,
						  .begin = say_begin,
						  .step = say_step},
			   &figures, &err);
	if (r < 0)
		return mp_fail(&err);
	if (o.json)
		return print_json(p, &figures);
	print_table(p, &figures);
	return EXIT_SUCCESS;
}
