/* SPDX-License-Identifier: Apache-2.0 */
/* The unified kernel image of a release: systemd's stub with the sections .osrel (the boot loader
 * sorts by IMAGE_VERSION), .cmdline (with the root hash and the release), .initrd, .uname and .linux
 * (signed by itself too). It is what makes two releases differ that share a root image. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "image/internal.h"

#define EFI_MAX (256u << 20)

int sign_efi(struct build *b, const char *from, const char *to, struct mp_err *err)
{
	auto_free char *key = mp_product_path(b->product, "keys/db.pem");
	auto_free char *cert = mp_product_path(b->product, "keys/db.crt");
	const char *const argv[] = {"/usr/bin/sbsign", "--key", key,  "--cert", cert,
				    "--output",	       to,	from, NULL};
	int r;

	if (!key || !cert)
		return OOM(err);
	if (!mp_file_exists(key) || !mp_file_exists(cert))
		return mp_err_set(err, -ENOENT,
				  "keys/db.pem and keys/db.crt sign what may boot: they are not in "
				  "this product folder");
	r = tools_run(&b->tools, &(struct tool){.argv = argv}, err);
	return r < 0 ? mp_err_wrap(err, r, "cannot sign %s", from) : 0;
}

static int format_release(const struct mp_product *p, struct mp_buf *out)
{
	return mp_buf_printf(out,
			     "ID=%s\nNAME=\"%s\"\nPRETTY_NAME=\"%s %s\"\nVERSION_ID=%s\n"
			     "IMAGE_ID=%s\nIMAGE_VERSION=%s\n",
			     p->name, p->name, p->name, p->version, p->version, p->name,
			     p->version);
}

static int format_cmdline(const struct mp_product *p, const struct os_image *os, struct mp_buf *out)
{
	return mp_buf_printf(out, "roothash=%s mp.release=%s %s%s%s", os->root_hash, p->version,
			     os->board.kernel_arguments, p->os.kernel_arguments[0] ? " " : "",
			     p->os.kernel_arguments);
}

struct parts {
	struct mp_buf stub, kernel, initrd, release, cmdline;
	char uname[128];
};

static void parts_done(struct parts *p)
{
	mp_buf_done(&p->stub);
	mp_buf_done(&p->kernel);
	mp_buf_done(&p->initrd);
	mp_buf_done(&p->release);
	mp_buf_done(&p->cmdline);
}

static int read_parts(struct build *b, const struct os_image *os, struct parts *p,
		      struct mp_err *err)
{
	auto_free char *root = mp_str_format("%s/root", os->base);
	auto_free char *kernel = mp_str_format("%s/vmlinuz", os->base);
	auto_free char *signed_kernel = mp_str_format("%s/%s.vmlinuz", b->work, os->board.name);
	auto_free char *stub =
		mp_str_format("usr/lib/systemd/boot/efi/linux%s.efi.stub", os->board.efi);
	int r = root && kernel && signed_kernel && stub ? kmod_version(root, p->uname, err)
							: OOM(err);

	p->stub.limit = p->kernel.limit = p->initrd.limit = EFI_MAX;
	p->release.limit = p->cmdline.limit = 64 * 1024;
	if (r == 0)
		r = sign_efi(b, kernel, signed_kernel, err);
	if (r == 0)
		r = mp_file_read(signed_kernel, &p->kernel, err);
	if (r == 0)
		r = build_read(os->boot, stub, &p->stub, err);
	if (r == 0)
		r = build_read(os->dir, "initrd", &p->initrd, err);
	if (r == 0)
		r = mp_file_remove_tree(signed_kernel, err);
	if (r == 0 && (format_release(b->product, &p->release) < 0 ||
		       format_cmdline(b->product, os, &p->cmdline) < 0))
		r = OOM(err);
	return r;
}

static int assemble(const struct parts *p, const char *to, struct mp_err *err)
{
	const struct pe_section sections[] = {
		{".osrel", p->release.data, p->release.len},
		{".cmdline", p->cmdline.data, p->cmdline.len},
		{".uname", p->uname, strlen(p->uname)},
		{".initrd", p->initrd.data, p->initrd.len},
		{".linux", p->kernel.data, p->kernel.len},
	};
	MP_BUF(out, EFI_MAX);
	int r = pe_append(p->stub.data, p->stub.len, sections, 5, &out);

	if (r < 0)
		return mp_err_set(err, r, "the boot stub of the tools tree is not as expected");
	return mp_file_write(to, out.data, out.len, 0644, err);
}

int uki_build(struct build *b, struct os_image *os, struct mp_err *err)
{
	__attribute__((cleanup(parts_done))) struct parts parts = {0};
	auto_free char *plain = mp_str_format("%s/%s.unsigned.efi", b->work, os->board.name);
	int n = snprintf(os->uki_name, sizeof(os->uki_name), "mp_%s.efi", b->product->version);
	int r;

	os->uki = mp_str_format("%s/%s.efi", b->work, os->board.name);
	if (!plain || !os->uki || n < 0 || (size_t)n >= sizeof(os->uki_name))
		return OOM(err);
	build_begin(b, "kernel image");
	r = read_parts(b, os, &parts, err);
	if (r == 0)
		r = assemble(&parts, plain, err);
	if (r == 0)
		r = sign_efi(b, plain, os->uki, err);
	b->figures.initrd = parts.initrd.len;
	if (r == 0)
		build_end(b, "kernel image");
	return r;
}
