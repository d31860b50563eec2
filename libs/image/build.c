/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "image/internal.h"

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void build_begin(struct build *b, const char *what)
{
	b->began = now();
	if (b->job->begin)
		b->job->begin(b->job->user, what);
}

void build_end(struct build *b, const char *what)
{
	if (b->job->step)
		b->job->step(b->job->user, what, now() - b->began);
}

int build_read(const char *dir, const char *name, struct mp_buf *out, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", dir, name);

	return path ? mp_file_read(path, out, err) : OOM(err);
}

int build_target(struct build *b, const char *path, const char *file, struct mp_err *err)
{
	auto_free char *full = mp_str_format("%s/%s", b->work, file);
	auto_(mp_json) *j = mp_json_new_object();
	char sha256[65];
	uint64_t size;
	int r = full ? mp_sha256_file(full, sha256, &size) : -ENOMEM;

	if (r < 0)
		return mp_err_set(err, r, "cannot read %s: %s", file, strerror(-r));
	r = mp_json_put_str(j, "path", path);
	if (r == 0)
		r = mp_json_put_str(j, "file", file);
	if (r == 0)
		r = mp_json_put_int(j, "length", (int64_t)size);
	if (r == 0)
		r = mp_json_put_str(j, "sha256", sha256);
	if (r == 0)
		r = mp_json_append(b->targets, take_ptr(j));
	return r < 0 ? OOM(err) : 0;
}

int build_group(struct build *b, struct apt *apt, const char *group, const struct list *wishes,
		const struct mp_json **ret, struct mp_err *err)
{
	const struct mp_json *packages = b->job->update ? NULL : lock_get(&b->lock, group, wishes);
	struct mp_json *resolved;
	int r;

	if (!packages) {
		build_begin(b, "packages locked");
		r = apt_resolve(apt, wishes, &resolved, err);
		if (r < 0)
			return mp_err_wrap(err, r, "cannot lock the packages of %s", group);
		if (lock_put(&b->lock, group, wishes, resolved) < 0)
			return OOM(err);
		r = lock_save(&b->lock, err);
		if (r < 0)
			return r;
		packages = lock_get(&b->lock, group, wishes);
		build_end(b, "packages locked");
	}
	r = apt_fetch(apt, packages, err);
	if (r == 0)
		*ret = packages;
	return r;
}

struct shared {
	const char *name; /* of its list, os/packages/NAME.list */
	const char *group; /* of the lock */
	const char *more; /* one more package; NULL: none */
	struct apt *apt;
};

static int shared_group(struct build *b, const struct shared *s, const struct mp_json **ret,
			struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/os/packages/%s.list", b->job->source, s->name);
	LIST(wishes);
	int r = path ? list_read(path, &wishes, err) : OOM(err);

	if (r == 0 && s->more && list_add(&wishes, s->more) < 0)
		r = OOM(err);
	return r < 0 ? r : build_group(b, s->apt, s->group, &wishes, ret, err);
}

/* CACHE/NAME-DIGEST, a tree of its packages */
static int shared_tree(struct build *b, const struct shared *s, char **ret, struct mp_err *err)
{
	auto_free char *dir = NULL, *part = NULL;
	const struct mp_json *group;
	const char *name = s->name;
	MP_BUF(text, 16u << 20);
	char hex[65];
	int r = shared_group(b, s, &group, err);

	if (r < 0)
		return r;
	if (mp_json_format(group, &text) < 0)
		return OOM(err);
	mp_sha256_hex(text.data, text.len, hex);
	dir = mp_str_format("%s/%s-%.16s", b->job->cache, name, hex);
	part = mp_str_format("%s/%s-%.16s.%d", b->job->cache, name, hex, (int)getpid());
	if (!dir || !part)
		return OOM(err);
	if (!mp_file_exists(dir)) {
		build_begin(b, name);
		r = tree_unpack(s->apt, group, part, err);
		/* Another build may have been faster: its tree is the same. */
		if (r == 0 && rename(part, dir) < 0 && !mp_file_exists(dir))
			r = mp_err_set(err, -errno, "cannot rename %s: %s", part, strerror(errno));
		(void)mp_file_remove_tree(part, NULL);
		if (r == 0)
			build_end(b, name);
	}
	if (r == 0)
		*ret = take_ptr(dir);
	return r;
}

static int prepare_programs(struct build *b, const struct board *board, struct mp_err *err)
{
	const struct shared wanted = {.name = "sysroot", .group = "sysroot", .apt = &b->apt};
	auto_free char *sysroot = NULL;
	bool cached;
	int r = shared_tree(b, &wanted, &sysroot, err);

	if (r < 0)
		return r;
	build_begin(b, "device programs");
	r = device_build(b->job->source,
			 &(struct target){.sysroot = sysroot, .triplet = board->triplet},
			 b->job->cache, &b->programs, &cached, err);
	if (r == 0 && !cached)
		build_end(b, "device programs");
	return r;
}

static int prepare_tools(struct build *b, struct mp_err *err)
{
	bool same = mp_streq(b->apt.architecture, TOOLS_ARCHITECTURE);
	const struct shared wanted = {
		.name = "tools", .group = "tools", .apt = same ? &b->apt : &b->apt_tools};
	auto_free char *dir = NULL;
	int r = 0;

	if (!same)
		r = apt_open(b->cache, b->job->cache, TOOLS_ARCHITECTURE, &b->apt_tools, err);
	if (r == 0)
		r = shared_tree(b, &wanted, &dir, err);
	if (r == 0 && tools_open(dir, &b->tools) < 0)
		r = OOM(err);
	return r;
}

/* Boot loader and firmware. */
static int prepare_boot(struct build *b, struct os_image *os, struct mp_err *err)
{
	auto_free char *group = mp_str_format("%s/boot", os->board.name);
	const struct shared wanted = {
		.name = "boot", .group = group, .more = os->board.firmware.package, .apt = &b->apt};

	return group ? shared_tree(b, &wanted, &os->boot, err) : OOM(err);
}

static int prepare_boards(struct build *b, struct os_image *os, struct mp_err *err)
{
	int r = apt_open(b->cache, b->job->cache, os[0].board.architecture, &b->apt, err);

	if (r == 0)
		r = prepare_tools(b, err);
	for (size_t i = 0; i < b->product->n_boards && r == 0; i++)
		r = prepare_boot(b, &os[i], err);
	return r < 0 ? r : prepare_programs(b, &os[0].board, err);
}

static int prepare(struct build *b, struct os_image *os, struct mp_err *err)
{
	auto_free char *lock = mp_product_path(b->product, "mp.lock");
	int r = lock && b->cache && b->work ? mp_file_make_dirs(b->cache, 0755, err) : OOM(err);

	if (r == 0)
		r = mp_file_make_dirs(b->job->cache, 0755, err);
	if (r == 0)
		r = mp_file_remove_tree(b->work, err);
	if (r == 0)
		r = mp_file_make_dirs(b->work, 0755, err);
	if (r == 0 && b->product->n_boards == 0)
		return 0; /* nothing comes from Debian */
	if (r == 0)
		r = lock_open(lock, &b->lock, err);
	return r < 0 ? r : prepare_boards(b, os, err);
}

static int write_release(struct build *b, struct mp_err *err)
{
	auto_(mp_json) *j = mp_json_new_object();
	auto_free char *path = mp_str_format("%s/release.json", b->work);
	auto_free char *manifest = mp_str_format("%s.manifest.json", b->product->version);
	MP_BUF(text, 16u << 20);
	int r = path && manifest ? mp_json_put_str(j, "version", b->product->version) : -ENOMEM;

	if (r == 0)
		r = mp_json_put_str(j, "manifest", manifest);
	if (r == 0)
		r = mp_json_put(j, "targets", take_ptr(b->targets));
	if (r == 0)
		r = mp_json_put(j, "boards", take_ptr(b->boards));
	if (r == 0)
		r = mp_json_format_pretty(j, &text);
	if (r == 0)
		r = mp_buf_add_str(&text, "\n");
	return r < 0 ? OOM(err) : mp_file_write(path, text.data, text.len, 0644, err);
}

/* Put the new build in the place of the old one. */
static int publish(struct build *b, struct mp_err *err)
{
	auto_free char *to = mp_str_format("%s/build/%s", b->product->dir, b->product->version);
	int r = to ? mp_file_remove_tree(to, err) : OOM(err);

	if (r == 0 && rename(b->work, to) < 0)
		r = mp_err_set(err, -errno, "cannot rename %s: %s", b->work, strerror(errno));
	return r;
}

/* Device programs and containers are one for all boards of a release. */
static int load_board(const struct build *b, struct os_image *os, size_t i, struct mp_err *err)
{
	const char *name = b->product->boards[i];
	int r = board_load(b->job->source, name, &os[i].board, err);

	if (r < 0 || mp_streq(os[i].board.architecture, os[0].board.architecture))
		return r;
	return mp_err_set(err, -ENOTSUP,
			  "board %s is %s and board %s is %s: a product's boards are of one "
			  "architecture, since its containers are; make two products",
			  os[0].board.name, os[0].board.architecture, name,
			  os[i].board.architecture);
}

/* What product.yaml names must be there, before anything takes time. */
static int check_inputs(const struct build *b, struct os_image *os, struct mp_err *err)
{
	const struct mp_product *p = b->product;
	auto_free char *overlay = mp_product_path(p, p->os.overlay);
	auto_free char *app = mp_product_path(p, p->app);
	int r = overlay && app ? 0 : OOM(err);

	for (size_t i = 0; i < p->n_boards && r == 0; i++)
		r = load_board(b, os, i, err);
	if (r == 0 && p->os.overlay[0] && !mp_file_exists(overlay))
		r = mp_err_set(err, -ENOENT,
			       "the overlay %s of product.yaml is not there: make the folder, or "
			       "remove the key",
			       overlay);
	if (r == 0 && p->app[0] && !mp_file_exists(app))
		r = mp_err_set(err, -ENOENT,
			       "%s, the 'app' of product.yaml, is not there: write it, or remove "
			       "the key",
			       app);
	for (size_t i = 0; i < p->n_firmware && r == 0; i++) {
		auto_free char *file = mp_product_path(p, p->firmware[i].file);

		if (!file || !mp_file_exists(file))
			r = mp_err_set(err, -ENOENT,
				       "%s, the firmware of %s in product.yaml, is not there",
				       p->firmware[i].file, p->firmware[i].board);
	}
	return r;
}

static int build_boards(struct build *b, struct os_image *os, const struct app *app,
			struct mp_err *err)
{
	const struct mp_product *p = b->product;
	int r = 0;

	for (size_t i = 0; i < p->n_boards && r == 0; i++) {
		r = root_build(b, &os[i], err);
		if (r == 0)
			r = uki_build(b, &os[i], err);
		if (r == 0)
			r = payload_build(b, &os[i], err);
	}
	if (r == 0)
		r = manifest_build(b, os, (unsigned)p->n_boards, app, err);
	for (size_t i = 0; i < p->n_boards && r == 0; i++)
		r = disk_build(b, &os[i], app, err);
	return r;
}

#define KEEP 8 /* of each kind of finished step */
static int tidy(const struct build *b, struct mp_err *err)
{
	int r = prune(b->cache, "root-", KEEP * b->product->n_boards, err);

	return r < 0 ? r : prune(b->cache, "base-", 2 * b->product->n_boards, err);
}

static void build_done(struct build *b)
{
	lock_done(&b->lock);
	apt_done(&b->apt);
	apt_done(&b->apt_tools);
	tools_done(&b->tools);
	free(b->cache);
	free(b->work);
	free(b->programs);
	mp_json_free(b->sbom);
	mp_json_free(b->targets);
	mp_json_free(b->boards);
}

int mp_image_build(const struct mp_image_job *job, struct mp_image_figures *ret, struct mp_err *err)
{
	const struct mp_product *p = job->product;
	__attribute__((cleanup(build_done))) struct build b = {
		.job = job,
		.product = p,
		.cache = mp_product_path(p, "cache"),
		.work = mp_str_format("%s/build/.%s.part", p->dir, p->version),
		.sbom = mp_json_new_array(),
		.targets = mp_json_new_array(),
		.boards = mp_json_new_object()};
	__attribute__((cleanup(app_done))) struct app app = {0};
	struct os_image os[MP_PRODUCT_BOARDS] = {0};
	int r = check_inputs(&b, os, err);

	if (r == 0)
		r = prepare(&b, os, err);
	if (r == 0)
		r = app_build(&b, &app, err);
	if (r == 0)
		r = build_boards(&b, os, &app, err);
	if (r == 0)
		r = write_release(&b, err);
	if (r == 0)
		r = publish(&b, err);
	if (r == 0)
		r = tidy(&b, err);
	if (r == 0 && ret)
		*ret = b.figures;
	for (int i = 0; i < MP_PRODUCT_BOARDS; i++)
		os_image_done(&os[i]);
	return r;
}
