/* SPDX-License-Identifier: Apache-2.0 */
/* The disk as a device is delivered: docs/spec/disk.md. Slot A holds the release, slot B nothing;
 * `data` holds the release's manifest and its containers' layers, so that they start without a
 * server. Written without loop devices: each file system is made in a file of its own. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "image/internal.h"
#include "partition/partition.h"
#include "release/release.h"

#define VAR_TYPE "4d21b016-b534-45c2-a9fb-5c16e091fd2d" /* /var (DPS), of any architecture */
#define TRIES "+3"

static int tool(struct build *b, const char *const *argv, const void *input, size_t len,
		struct mp_err *err)
{
	return tools_run(&b->tools,
			 &(struct tool){.argv = argv,
					.dir = b->work,
					.input = input,
					.input_len = len,
					.as_root = true},
			 err);
}

static int make_empty(struct build *b, const char *name, uint64_t mib, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", b->work, name);
	int r = path ? mp_file_remove_tree(path, err) : OOM(err);

	if (r == 0)
		r = mp_file_write(path, "", 0, 0644, err);
	if (r == 0 && truncate(path, (off_t)(mib << 20)) < 0)
		r = mp_err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
	return r;
}

/* ---- ESP ---- */

static int copy_to_esp(struct build *b, const char *from, const char *to, struct mp_err *err)
{
	const char *const argv[] = {"/usr/bin/mcopy", "-i", "esp.img", from, to, NULL};

	return tool(b, argv, NULL, 0, err);
}

static int write_to_esp(struct build *b, const char *text, size_t len, const char *to,
			struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/esp.file", b->work);
	int r = path ? mp_file_write(path, text, len, 0600, err) : OOM(err);

	if (r == 0)
		r = copy_to_esp(b, "esp.file", to, err);
	if (r == 0)
		r = mp_file_remove_tree(path, err);
	return r;
}

/* "::EFI/BOOT/BOOTX64.EFI": what firmware starts when nothing tells it more. */
static int place_loader(struct build *b, const struct board *board, struct mp_err *err)
{
	auto_free char *to = mp_str_format("::EFI/BOOT/BOOT%s.EFI", board->efi);

	for (char *p = to; p && *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return to ? copy_to_esp(b, "boot.efi", to, err) : OOM(err);
}

static int fill_esp(struct build *b, const struct os_image *os, struct mp_err *err)
{
	static const char *const mmd[] = {
		"/usr/bin/mmd", "-i",	    "esp.img",	       "::EFI", "::EFI/BOOT",
		"::EFI/Linux",	"::loader", "::microplatform", NULL};
	static const char conf[] = "timeout 0\neditor no\n";
	auto_free char *entry =
		mp_str_format("::EFI/Linux/mp_%s" TRIES ".efi", b->product->version);
	MP_BUF(token, 4096);
	int r = entry ? tool(b, mmd, NULL, 0, err) : OOM(err);

	if (r == 0)
		r = place_loader(b, &os->board, err);
	if (r == 0)
		r = copy_to_esp(b, os->uki, entry, err);
	if (r == 0)
		r = write_to_esp(b, conf, sizeof(conf) - 1, "::loader/loader.conf", err);
	if (r == 0)
		r = build_read(b->product->dir, "keys/enroll.token", &token, err);
	if (r == 0)
		r = write_to_esp(b, mp_buf_str(&token), token.len, "::microplatform/enroll-token",
				 err);
	return r;
}

static int make_esp(struct build *b, const struct os_image *os, struct mp_err *err)
{
	static const char *const mkfs[] = {
		"/usr/sbin/mkfs.vfat", "--invariant", "-F32", "-nESP", "esp.img", NULL};
	auto_free char *loader = mp_str_format("%s/usr/lib/systemd/boot/efi/systemd-boot%s.efi",
					       os->boot, os->board.efi);
	auto_free char *signed_loader = mp_str_format("%s/boot.efi", b->work);
	int r = loader && signed_loader ? make_empty(b, "esp.img", os->board.esp, err) : OOM(err);

	if (r == 0)
		r = tool(b, mkfs, NULL, 0, err);
	if (r == 0)
		r = sign_efi(b, loader, signed_loader, err);
	if (r == 0)
		r = fill_esp(b, os, err);
	return r < 0 ? r : mp_file_remove_tree(signed_loader, err);
}

/* ---- data ---- */

/* work/NAME to data/lib/microplatform/blobs/DIGEST, as a link to the same bytes */
static int seed_blob(struct build *b, const char *name, const char *digest, struct mp_err *err)
{
	auto_free char *from = mp_str_format("%s/%s", b->work, name);
	auto_free char *to = mp_str_format("%s/data/lib/microplatform/blobs/%s", b->work, digest);

	if (!from || !to)
		return OOM(err);
	if (link(from, to) < 0 && errno != EEXIST)
		return mp_err_set(err, -errno, "cannot place %s: %s", name, strerror(errno));
	return 0;
}

static int seed_service(struct build *b, const struct mp_release_service *s, struct mp_err *err)
{
	int r = seed_blob(b, s->config_target, s->image_id, err);

	for (unsigned i = 0; i < s->n_layers && r == 0; i++)
		r = seed_blob(b, s->layers[i].target, s->layers[i].diff_id, err);
	return r;
}

static int seed_data(struct build *b, const struct app *app, struct mp_err *err)
{
	auto_free char *base = mp_str_format("%s/data/lib/microplatform", b->work);
	auto_free char *blobs = mp_str_format("%s/data/lib/microplatform/blobs", b->work);
	auto_free char *release =
		mp_str_format("%s/releases/%s", base ? base : "", b->product->version);
	auto_free char *manifest = mp_str_format("%s.manifest.json", b->product->version);
	MP_BUF(text, 16u << 20);
	int r = blobs && release && manifest ? mp_file_make_dirs(blobs, 0755, err) : OOM(err);

	if (r == 0)
		r = mp_file_make_dirs(release, 0755, err);
	if (r == 0)
		r = build_read(b->work, manifest, &text, err);
	if (r == 0)
		r = tree_write(release, "manifest.json", text.data, text.len, 0644, err);
	for (unsigned i = 0; i < app->n && r == 0; i++)
		r = seed_service(b, &app->services[i], err);
	return r;
}

static int make_data(struct build *b, const struct os_image *os, const struct app *app,
		     struct mp_err *err)
{
	static const char *const mkfs[] = {
		"/usr/sbin/mkfs.ext4",	      "-q",	"-Ldata",   "-m0",
		"-Eroot_owner=0:0,nodiscard", "-ddata", "data.img", NULL};
	auto_free char *dir = mp_str_format("%s/data", b->work);
	int r = dir ? seed_data(b, app, err) : OOM(err);

	if (r == 0)
		r = make_empty(b, "data.img", os->board.data, err);
	if (r == 0)
		r = tool(b, mkfs, NULL, 0, err);
	if (r < 0)
		return mp_err_wrap(err, r, "cannot make the data partition of %llu MiB",
				   (unsigned long long)os->board.data);
	return mp_file_remove_tree(dir, err);
}

/* ---- all together ---- */

static int partition(struct build *b, const struct os_image *os, struct mp_err *err)
{
	auto_free char *disk = mp_str_format("%s.raw", os->board.name);
	const char *const argv[] = {"/usr/sbin/sfdisk", "-q", disk, NULL};
	const struct board *d = &os->board;
	char root[37], verity[37];
	MP_BUF(script, 4096);
	int r;

	if (!disk)
		return OOM(err);

	(void)mp_partition_uuids(os->root_hash, root, verity);
	r = mp_buf_printf(&script,
			  "label: gpt\n"
			  "size=%lluMiB, name=esp, type=U\n"
			  "size=%lluMiB, name=root-a, type=%s, uuid=%s\n"
			  "size=%lluMiB, name=verity-a, type=%s, uuid=%s\n"
			  "size=%lluMiB, name=root-b, type=%s\n"
			  "size=%lluMiB, name=verity-b, type=%s\n"
			  "name=data, type=" VAR_TYPE "\n",
			  (unsigned long long)d->esp, (unsigned long long)d->root, d->root_type,
			  root, (unsigned long long)d->verity, d->verity_type, verity,
			  (unsigned long long)d->root, d->root_type, (unsigned long long)d->verity,
			  d->verity_type);
	if (r == 0)
		r = make_empty(b, disk, 2 + d->esp + 2 * (d->root + d->verity) + d->data, err);
	return r < 0 ? r : tool(b, argv, script.data, script.len, err);
}

static int place(struct build *b, const struct os_image *os, const char *dir, const char *name,
		 uint64_t mib, struct mp_err *err)
{
	auto_free char *from = mp_str_format("%s/%s", dir, name);
	auto_free char *disk = mp_str_format("%s/%s.raw", b->work, os->board.name);

	return from && disk ? file_place(from, disk, mib << 20, err) : OOM(err);
}

static int assemble(struct build *b, const struct os_image *os, struct mp_err *err)
{
	const struct board *d = &os->board;
	uint64_t at = 1; /* MiB: sfdisk's first partition */
	int r = partition(b, os, err);

	if (r == 0)
		r = place(b, os, b->work, "esp.img", at, err);
	if (r == 0)
		r = place(b, os, os->dir, "root.img", at += d->esp, err);
	if (r == 0)
		r = place(b, os, os->dir, "verity.img", at += d->root, err);
	if (r == 0)
		r = place(b, os, b->work, "data.img", at + d->verity + d->root + d->verity, err);
	return r;
}

static int remove_pieces(struct build *b, struct mp_err *err)
{
	static const char *const names[] = {"esp.img", "data.img", NULL};
	int r = 0;

	for (int i = 0; names[i] && r == 0; i++) {
		auto_free char *path = mp_str_format("%s/%s", b->work, names[i]);

		r = path ? mp_file_remove_tree(path, err) : OOM(err);
	}
	return r;
}

/* ---- firmware: its variables with the product's keys, and Secure Boot on ---- */

static int vars_path(struct build *b, const struct os_image *os, char **ret, struct mp_err *err)
{
	static const char *const names[] = {"keys/pk.crt", "keys/kek.crt", "keys/db.crt",
					    "keys/guid"};
	MP_BUF(all, 1u << 20);
	char hex[65];
	int r = mp_buf_printf(&all, "%s %s/%s\n", b->tools.dir, os->boot, os->board.firmware.vars);

	for (int i = 0; i < 4 && r == 0; i++)
		r = build_read(b->product->dir, names[i], &all, err);
	if (r < 0)
		return r;
	mp_sha256_hex(all.data, all.len, hex);
	*ret = mp_str_format("%s/vars-%.16s.fd", b->cache, hex);
	return *ret ? 0 : OOM(err);
}

static int enroll(struct build *b, const struct os_image *os, const char *to, struct mp_err *err)
{
	auto_free char *script = mp_str_format("%s/usr/bin/virt-fw-vars", b->tools.dir);
	auto_free char *empty = mp_str_format("%s/%s", os->boot, os->board.firmware.vars);
	auto_free char *pk = mp_product_path(b->product, "keys/pk.crt");
	auto_free char *kek = mp_product_path(b->product, "keys/kek.crt");
	auto_free char *db = mp_product_path(b->product, "keys/db.crt");
	auto_free char *part = mp_str_format("%s.part", to);
	MP_BUF(guid, 64);
	int r = script && empty && pk && kek && db && part
			? build_read(b->product->dir, "keys/guid", &guid, err)
			: OOM(err);

	if (r < 0)
		return r;
	guid.data[strcspn(guid.data, "\n")] = '\0';
	const char *const argv[] = {"/usr/bin/python3.13",
				    script,
				    "-i",
				    empty,
				    "-o",
				    part,
				    "--set-pk",
				    guid.data,
				    pk,
				    "--add-kek",
				    guid.data,
				    kek,
				    "--add-db",
				    guid.data,
				    db,
				    "--secure-boot",
				    NULL};
	r = tools_run(&b->tools, &(struct tool){.argv = argv}, err);
	if (r == 0 && rename(part, to) < 0)
		r = mp_err_set(err, -errno, "cannot rename %s: %s", part, strerror(errno));
	return r;
}

static int make_firmware(struct build *b, const struct os_image *os, struct mp_err *err)
{
	auto_free char *cached = NULL, *vars = mp_str_format("%s/%s.vars", b->work, os->board.name);
	auto_free char *code = mp_str_format("%s/%s.firmware", b->work, os->board.name);
	auto_free char *from = mp_str_format("%s/%s", os->boot, os->board.firmware.code);
	int r = vars && code && from ? vars_path(b, os, &cached, err) : OOM(err);

	if (r == 0 && !mp_file_exists(cached)) {
		build_begin(b, "firmware variables");
		r = enroll(b, os, cached, err);
		if (r == 0)
			build_end(b, "firmware variables");
	}
	if (r == 0)
		r = file_copy(cached, vars, err);
	return r < 0 ? r : file_copy(from, code, err);
}

static int note_board(struct build *b, const struct os_image *os, struct mp_err *err)
{
	static const char *const kinds[] = {"raw", "firmware", "vars"};
	static const char *const names[] = {"disk", "firmware", "vars"};
	struct mp_json *j = mp_json_new_object();
	int r = 0;

	for (int i = 0; i < 3; i++) {
		auto_free char *file = mp_str_format("%s.%s", os->board.name, kinds[i]);

		r |= mp_json_put_str(j, names[i], file);
	}
	r |= mp_json_put(b->boards, os->board.name, j);
	return r ? OOM(err) : 0;
}

int disk_build(struct build *b, const struct os_image *os, const struct app *app,
	       struct mp_err *err)
{
	int r = make_firmware(b, os, err);

	if (r < 0)
		return r;
	build_begin(b, "disk image");
	r = make_esp(b, os, err);
	if (r == 0)
		r = make_data(b, os, app, err);
	if (r == 0)
		r = assemble(b, os, err);
	if (r == 0)
		r = remove_pieces(b, err);
	if (r == 0)
		r = note_board(b, os, err);
	if (r == 0)
		build_end(b, "disk image");
	return r;
}
