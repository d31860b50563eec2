/* SPDX-License-Identifier: Apache-2.0 */
/* A root image is made in two stages, each kept in PRODUCT/cache under a digest of all that goes
 * into it: `base-…` is the packages unpacked and trimmed; `root-…` is base with os/tree, os/services,
 * the board's tree, our programs, the product's facts and its overlay, as erofs with its verity
 * tree, and the initrd that opens it. No release version is inside, so that releases share it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "image/internal.h"

#define STAGE "1" /* count up when the code below makes other bytes of the same inputs */
#define INITRD_MAX (64u << 20)

void os_image_done(struct os_image *os)
{
	board_done(&os->board);
	free(os->boot);
	free(os->base);
	free(os->dir);
	free(os->uki);
	*os = (struct os_image){0};
}

static int read_lists(const struct build *b, const char *const *names, struct list *ret,
		      struct mp_err *err)
{
	int r = 0;

	for (; *names && r == 0; names++) {
		auto_free char *path = mp_str_format("%s/os/%s", b->job->source, *names);

		r = path ? list_read(path, ret, err) : OOM(err);
	}
	return r;
}

/* ---- base ---- */

struct base {
	const struct mp_json *os, *extra; /* packages of ours; beside them those of the product */
	struct list remove, docs, modules;
};

static void base_done(struct base *base)
{
	list_done(&base->remove);
	list_done(&base->docs);
	list_done(&base->modules);
}

static int lock_packages(struct build *b, const struct board *board, struct base *base,
			 struct mp_err *err)
{
	static const char *const names[] = {"packages/base.list", NULL};
	auto_free char *os = mp_str_format("%s/os", board->name);
	auto_free char *all = mp_str_format("%s/product", board->name);
	LIST(ours);
	LIST(wishes);
	int r = os && all ? read_lists(b, names, &ours, err) : OOM(err);

	if (r == 0 && list_add(&ours, board->kernel) < 0)
		r = OOM(err);
	if (r == 0)
		r = build_group(b, &b->apt, os, &ours, &base->os, err);
	if (r < 0 || b->product->os.n_packages == 0)
		return r;
	for (size_t i = 0; i < ours.n && r == 0; i++)
		r = list_add(&wishes, ours.items[i]);
	for (size_t i = 0; i < b->product->os.n_packages && r == 0; i++)
		r = list_add(&wishes, b->product->os.packages[i]);
	r = r < 0 ? OOM(err) : build_group(b, &b->apt, all, &wishes, &base->extra, err);
	if (r == 0) /* locking the second group moved the first in memory */
		base->os = lock_get(&b->lock, os, &ours);
	return r;
}

/* Packages of `all` that `os` does not have. */
static int subtract(const struct mp_json *all, const struct mp_json *os, struct mp_json **ret)
{
	auto_(mp_json) *rest = mp_json_new_array();

	for (size_t i = 0; i < mp_json_size(all); i++) {
		const struct mp_json *p = mp_json_at(all, i);
		bool known = false;

		for (size_t k = 0; k < mp_json_size(os) && !known; k++)
			known = mp_json_equal(mp_json_at(os, k), p);
		if (!known && mp_json_append(rest, mp_json_copy(p)) < 0)
			return -ENOMEM;
	}
	*ret = take_ptr(rest);
	return 0;
}

static int save_sbom(struct build *b, const struct mp_json *group, const char *root,
		     struct mp_json *packages, struct mp_err *err)
{
	return group ? sbom_packages(&b->apt, group, root, packages, err) : 0;
}

static int keep_kernel(const char *root, const char *part, struct mp_err *err)
{
	auto_free char *from = NULL, *to = mp_str_format("%s/vmlinuz", part);
	char version[128];
	int r = kmod_version(root, version, err);

	if (r < 0)
		return r;
	from = mp_str_format("%s/usr/lib/modules/%s/vmlinuz", root, version);
	return from && to ? file_copy(from, to, err) : OOM(err);
}

/* Unpack, note what it is, trim. */
static int fill_base(struct build *b, const struct base *base, const char *part, struct mp_err *err)
{
	auto_free char *root = mp_str_format("%s/root", part);
	auto_free char *sbom = mp_str_format("%s/sbom.json", part);
	auto_(mp_json) *extra = NULL, *packages = mp_json_new_array();
	int r = root && sbom && packages ? tree_unpack(&b->apt, base->os, root, err) : OOM(err);

	if (r == 0)
		r = keep_kernel(root, part, err);
	if (r == 0)
		r = save_sbom(b, base->os, root, packages, err);
	if (r == 0)
		r = kmod_trim(&b->tools, root, &base->modules, err);
	if (r == 0)
		r = tree_remove(root, &base->remove, err);
	if (r == 0 && base->extra) {
		r = subtract(base->extra, base->os, &extra) < 0 ? OOM(err) : 0;
		if (r == 0)
			r = tree_unpack(&b->apt, extra, root, err);
		if (r == 0)
			r = save_sbom(b, extra, root, packages, err);
	}
	if (r == 0)
		r = tree_remove(root, &base->docs, err);
	if (r == 0)
		r = tree_settle(root, err);
	return r < 0 ? r : sbom_write(packages, sbom, err);
}

static int add_list(struct mp_buf *out, const struct list *l)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++)
		r = mp_buf_printf(out, "%s\n", l->items[i]);
	return r;
}

/* Caches are named after what is in them; where they lie must not matter. */
static const char *name_in(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* PRODUCT/cache/base-DIGEST, of everything that decides what is in it. */
static char *base_dir(struct build *b, const struct base *base)
{
	MP_BUF(all, 16u << 20);
	char hex[65];
	int r = mp_buf_printf(&all, "%s %s\n", STAGE, name_in(b->tools.dir));

	if (r == 0)
		r = mp_json_format(base->os, &all);
	if (r == 0 && base->extra)
		r = mp_json_format(base->extra, &all);
	if (r == 0)
		r = add_list(&all, &base->remove);
	if (r == 0)
		r = add_list(&all, &base->docs);
	if (r == 0)
		r = add_list(&all, &base->modules);
	if (r < 0)
		return NULL;
	mp_sha256_hex(all.data, all.len, hex);
	return mp_str_format("%s/base-%.16s", b->cache, hex);
}

/* Fill DIR.part and rename it to DIR, unless DIR is there. */
static int make_once(struct build *b, const char *dir, const char *what, void *user,
		     int (*fill)(struct build *b, void *user, const char *part, struct mp_err *err),
		     struct mp_err *err)
{
	auto_free char *part = mp_str_format("%s.part", dir);
	int r;

	if (mp_file_exists(dir)) {
		prune_used(dir);
		return 0;
	}
	if (!part)
		return OOM(err);
	build_begin(b, what);
	r = mp_file_remove_tree(part, err);
	if (r == 0)
		r = mp_file_make_dirs(part, 0755, err);
	if (r == 0)
		r = fill(b, user, part, err);
	if (r == 0 && rename(part, dir) < 0)
		r = mp_err_set(err, -errno, "cannot rename %s: %s", part, strerror(errno));
	if (r == 0)
		build_end(b, what);
	return r;
}

static int fill_base_once(struct build *b, void *user, const char *part, struct mp_err *err)
{
	return fill_base(b, user, part, err);
}

static int build_base(struct build *b, struct os_image *os, struct mp_err *err)
{
	static const char *const remove[] = {"packages/remove.list", NULL},
				 *const docs[] = {"packages/docs.list", NULL};
	__attribute__((cleanup(base_done))) struct base base = {0};
	auto_free char *modules = mp_str_format("%s/modules.list", os->board.dir);
	int r = modules ? lock_packages(b, &os->board, &base, err) : OOM(err);

	if (r == 0)
		r = read_lists(b, remove, &base.remove, err);
	if (r == 0)
		r = read_lists(b, docs, &base.docs, err);
	if (r == 0)
		r = list_read(modules, &base.modules, err);
	if (r < 0)
		return r;
	b->figures.packages = (unsigned)mp_json_size(base.extra ? base.extra : base.os);
	os->base = base_dir(b, &base);
	return os->base ? make_once(b, os->base, "packages unpacked", &base, fill_base_once, err)
			: OOM(err);
}

/* ---- the product's own ---- */

static int channels(const struct mp_product *p, struct mp_json *j)
{
	struct mp_json *list = mp_json_new_array();
	int r = 0;

	for (size_t i = 0; i < p->update.n_channels && r == 0; i++)
		r = mp_json_append(list, mp_json_new_str(p->update.channels[i]));
	return mp_json_put(j, "channels", list) < 0 ? -ENOMEM : r;
}

static int facts(const struct build *b, const struct board *board, struct mp_buf *out)
{
	auto_(mp_json) *j = mp_json_new_object(), *server = mp_json_new_object();
	const struct mp_product *p = b->product;
	int r = mp_json_put_str(j, "product", p->name);

	if (r == 0)
		r = mp_json_put_str(j, "board", board->name);
	if (r == 0)
		r = mp_json_put_str(server, "url", p->server.url);
	if (r == 0 && *p->server.lwm2m.url)
		r = mp_json_put_str(server, "lwm2m", p->server.lwm2m.url);
	if (r == 0)
		r = channels(p, j);
	if (r == 0)
		r = mp_json_put(j, "server", take_ptr(server));
	if (r == 0)
		r = mp_json_put_int(j, "poll_seconds", (int64_t)p->update.poll);
	if (r == 0)
		r = mp_json_put_int(j, "proof_timeout_seconds", (int64_t)p->update.proof_timeout);
	if (r == 0)
		r = mp_json_put_int(j, "grace_seconds", (int64_t)p->update.grace);
	return r < 0 ? r : mp_json_format_pretty(j, out);
}

/* The newest PRODUCT/tuf/N.root.json */
static int read_tuf_root(const struct mp_product *p, struct mp_buf *out, struct mp_err *err)
{
	unsigned n = 0;

	for (;;) {
		auto_free char *next = mp_str_format("%s/tuf/%u.root.json", p->dir, n + 1);

		if (!next)
			return OOM(err);
		if (!mp_file_exists(next))
			break;
		n++;
	}
	if (n == 0)
		return mp_err_set(err, -ENOENT,
				  "%s/tuf has no 1.root.json: make the product with "
				  "'mp init'",
				  p->dir);
	auto_free char *path = mp_str_format("%s/tuf/%u.root.json", p->dir, n);

	return path ? mp_file_read(path, out, err) : OOM(err);
}

struct stage { /* what goes over the base */
	struct os_image *os;
	struct mp_buf facts, root_json, server_ca;
	char *trees[4]; /* folders, in the order in which they are laid; NULL: not there */
};

static void stage_done(struct stage *s)
{
	mp_buf_done(&s->facts);
	mp_buf_done(&s->root_json);
	mp_buf_done(&s->server_ca);
	for (int i = 0; i < 4; i++)
		free(s->trees[i]);
}

static int find_trees(struct build *b, struct stage *s, struct mp_err *err)
{
	const struct mp_product *p = b->product;

	s->trees[0] = mp_str_format("%s/os/tree", b->job->source);
	s->trees[1] = mp_str_format("%s/os/services", b->job->source);
	s->trees[2] = mp_str_format("%s/tree", s->os->board.dir);
	s->trees[3] = p->os.overlay[0] ? mp_product_path(p, p->os.overlay) : NULL;
	if (!s->trees[0] || !s->trees[1] || !s->trees[2] || (p->os.overlay[0] && !s->trees[3]))
		return OOM(err);
	if (s->trees[3] && !mp_file_exists(s->trees[3]))
		return mp_err_set(
			err, -ENOENT,
			"the overlay %s of product.yaml is not there: make the folder, or "
			"remove the key",
			s->trees[3]);
	return 0;
}

static int stage_prepare(struct build *b, struct stage *s, struct mp_err *err)
{
	int r = find_trees(b, s, err);

	s->facts.limit = s->root_json.limit = s->server_ca.limit = 4u << 20;
	if (r == 0 && facts(b, &s->os->board, &s->facts) < 0)
		r = OOM(err);
	if (r == 0)
		r = read_tuf_root(b->product, &s->root_json, err);
	return r < 0 ? r : build_read(b->product->dir, "keys/server-ca.crt", &s->server_ca, err);
}

static int stage_dir(struct build *b, struct stage *s, struct mp_err *err)
{
	MP_BUF(all, 16u << 20);
	char hex[65];
	int r = mp_buf_printf(&all, "%s %s %s\n%s\n%s\n%s\n", STAGE, name_in(s->os->base),
			      name_in(b->programs), mp_buf_str(&s->facts),
			      mp_buf_str(&s->root_json), mp_buf_str(&s->server_ca));

	for (int i = 0; i < 4 && r == 0; i++) {
		if (s->trees[i])
			r = tree_digest(s->trees[i], hex, err);
		if (r == 0)
			r = mp_buf_add_str(&all, s->trees[i] ? hex : "-");
	}
	for (size_t i = 0; i < s->os->board.initrd_modules.n && r == 0; i++)
		r = mp_buf_printf(&all, " %s", s->os->board.initrd_modules.items[i]);
	if (r < 0)
		return r;
	mp_sha256_hex(all.data, all.len, hex);
	s->os->dir = mp_str_format("%s/root-%.16s", b->cache, hex);
	return s->os->dir ? 0 : OOM(err);
}

static int add_programs(struct build *b, const char *root, struct mp_err *err)
{
	auto_free char *to = mp_str_format("%s/usr/lib/microplatform", root);
	auto_free char *init = mp_str_format("%s/mp-init", to);
	int r = to && init ? mp_file_make_dirs(to, 0755, err) : OOM(err);

	if (r == 0)
		r = tree_lay(b->programs, to, err);
	if (r == 0 && unlink(init) < 0)
		r = mp_err_set(err, -errno, "cannot remove %s", init);
	return r;
}

#define SHARE "usr/share/microplatform/"
static int compose_root(struct build *b, const struct stage *s, const char *root,
			struct mp_err *err)
{
	static const char *const folders[] = {"dev", "efi", "proc", "root", "run",
					      "sys", "tmp", "var",  NULL};
	auto_free char *units = mp_str_format("%s/usr/lib/systemd/system", root);
	auto_free char *base = mp_str_format("%s/root", s->os->base);
	int r = units && base ? tree_link(base, root, err) : OOM(err);

	for (int i = 0; folders[i] && r == 0; i++) {
		auto_free char *path = mp_str_format("%s/%s", root, folders[i]);

		r = path ? mp_file_make_dirs(path, 0755, err) : OOM(err);
	}
	for (int i = 0; i < 4 && r == 0; i++)
		if (s->trees[i] && mp_file_exists(s->trees[i]))
			r = tree_lay(s->trees[i], i == 1 ? units : root, err);
	if (r == 0)
		r = add_programs(b, root, err);
	if (r == 0)
		r = tree_write(root, SHARE "product.json", s->facts.data, s->facts.len, 0644, err);
	if (r == 0)
		r = tree_write(root, SHARE "root.json", s->root_json.data, s->root_json.len, 0644,
			       err);
	if (r == 0)
		r = tree_write(root, SHARE "server-ca.pem", s->server_ca.data, s->server_ca.len,
			       0644, err);
	return r;
}

/* ---- images ---- */

static int make_erofs(struct build *b, const char *root, const char *image, struct mp_err *err)
{
	const char *const argv[] = {"/usr/bin/mkfs.erofs",
				    "--quiet",
				    "-zzstd,level=3",
				    "-C65536",
				    "-T" EPOCH,
				    "-Uclear",
				    "--all-root",
				    "--hard-dereference",
				    image,
				    root,
				    NULL};

	return tools_run(&b->tools, &(struct tool){.argv = argv}, err);
}

/* veritysetup prints "Root hash:      HEX" among other facts. */
static int make_verity(struct build *b, const char *image, const char *verity, char root_hash[65],
		       struct mp_err *err)
{
	char salt[65], uuid[37], salt_arg[80], uuid_arg[48];
	const char *const argv[] = {
		"/usr/sbin/veritysetup", "format", salt_arg, uuid_arg, image, verity, NULL};
	MP_BUF(text, 64 * 1024);
	const char *at;
	uint64_t size;
	int r = mp_sha256_file(image, salt, &size);

	if (r < 0)
		return mp_err_set(err, r, "cannot read %s: %s", image, strerror(-r));
	(void)snprintf(uuid, sizeof(uuid), "%.8s-%.4s-%.4s-%.4s-%.12s", salt, salt + 8, salt + 12,
		       salt + 16, salt + 20);
	(void)snprintf(salt_arg, sizeof(salt_arg), "--salt=%s", salt);
	(void)snprintf(uuid_arg, sizeof(uuid_arg), "--uuid=%s", uuid);
	r = tools_run(&b->tools, &(struct tool){.argv = argv, .output = &text}, err);
	if (r < 0)
		return r;
	at = strstr(mp_buf_str(&text), "Root hash:");
	if (!at || sscanf(at, "Root hash: %64[0-9a-f]", root_hash) != 1 || strlen(root_hash) != 64)
		return mp_err_set(err, -EBADMSG, "veritysetup names no root hash");
	return 0;
}

static int check_size(const char *path, uint64_t mib, const char *what, struct mp_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return mp_err_set(err, -errno, "cannot look at %s", path);
	if ((uint64_t)st.st_size <= mib << 20)
		return 0;
	return mp_err_set(
		err, -ENOSPC,
		"the %s takes %lld MB, a slot of this board %llu MiB: take packages out of "
		"product.yaml",
		what, (long long)st.st_size / 1000000, (unsigned long long)mib);
}

static int add_module(const char *root, const char *path, struct mp_buf *cpio, struct mp_buf *names)
{
	auto_free char *full = mp_str_format("%s/%s", root, path);
	const char *base = strrchr(path, '/') + 1;
	MP_BUF(data, INITRD_MAX);
	int r = full ? mp_file_read(full, &data, NULL) : -ENOMEM;

	if (r == 0)
		r = mp_buf_printf(names, "/%s\n", base);
	return r < 0 ? r : cpio_add(cpio, base, 0100644, mp_buf_str(&data), data.len);
}

/* /init, the modules and the order to load them in. The kernel unpacks it. */
static int make_initrd(struct build *b, const struct os_image *os, const char *part,
		       struct mp_err *err)
{
	static const char *const zstd[] = {"/usr/bin/zstd", "-q", "-19", "-c", NULL};
	auto_free char *base = mp_str_format("%s/root", os->base);
	auto_free char *to = mp_str_format("%s/initrd", part);
	LIST(modules);
	MP_BUF(cpio, INITRD_MAX);
	MP_BUF(init, INITRD_MAX);
	MP_BUF(names, 64 * 1024);
	MP_BUF(packed, INITRD_MAX);
	int r = base && to ? kmod_order(base, &os->board.initrd_modules, &modules, err) : OOM(err);

	if (r == 0)
		r = build_read(b->programs, "mp-init", &init, err);
	if (r < 0)
		return r;
	r = cpio_add(&cpio, "init", 0100755, init.data, init.len);
	if (r == 0)
		r = cpio_add(&cpio, "root", 0040755, "", 0);
	for (size_t i = 0; i < modules.n && r == 0; i++)
		r = add_module(base, modules.items[i], &cpio, &names);
	if (r == 0)
		r = cpio_add(&cpio, "modules.list", 0100644, mp_buf_str(&names), names.len);
	if (r == 0)
		r = cpio_end(&cpio);
	if (r < 0)
		return mp_err_set(err, r, "cannot make the initrd: %s", strerror(-r));
	r = tools_run(
		&b->tools,
		&(struct tool){
			.argv = zstd, .input = cpio.data, .input_len = cpio.len, .output = &packed},
		err);
	return r < 0 ? r : mp_file_write(to, packed.data, packed.len, 0644, err);
}

static int fill_root(struct build *b, void *user, const char *part, struct mp_err *err)
{
	const struct stage *s = user;
	auto_free char *root = mp_str_format("%s/root", part);
	auto_free char *image = mp_str_format("%s/root.img", part);
	auto_free char *verity = mp_str_format("%s/verity.img", part);
	auto_free char *hash = mp_str_format("%s/root_hash", part);
	char root_hash[65];
	int r = root && image && verity && hash ? compose_root(b, s, root, err) : OOM(err);

	if (r == 0)
		r = make_erofs(b, root, image, err);
	if (r == 0)
		r = make_verity(b, image, verity, root_hash, err);
	if (r == 0)
		r = check_size(image, s->os->board.root, "root file system", err);
	if (r == 0)
		r = check_size(verity, s->os->board.verity, "verity tree", err);
	if (r == 0)
		r = make_initrd(b, s->os, part, err);
	if (r == 0)
		r = mp_file_remove_tree(root, err);
	return r < 0 ? r : mp_file_write(hash, root_hash, 64, 0644, err);
}

static int note_results(struct build *b, struct os_image *os, struct mp_err *err)
{
	auto_free char *sbom = mp_str_format("%s/sbom.json", os->base);
	MP_BUF(hash, 64);
	int r = sbom ? build_read(os->dir, "root_hash", &hash, err) : OOM(err);

	if (r < 0)
		return r;
	(void)snprintf(os->root_hash, sizeof(os->root_hash), "%s", mp_buf_str(&hash));
	return sbom_add(sbom, b->sbom, err);
}

int root_build(struct build *b, struct os_image *os, struct mp_err *err)
{
	__attribute__((cleanup(stage_done))) struct stage s = {.os = os};
	int r = build_base(b, os, err);

	if (r == 0)
		r = stage_prepare(b, &s, err);
	if (r == 0)
		r = stage_dir(b, &s, err);
	if (r == 0)
		r = make_once(b, os->dir, "root image", &s, fill_root, err);
	return r < 0 ? r : note_results(b, os, err);
}
