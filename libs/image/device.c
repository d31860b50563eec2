/* SPDX-License-Identifier: Apache-2.0 */
/* The programs of a device are built from this repository by the host's compiler against the
 * headers and libraries of the target's own packages. The build folder is kept, so that a change
 * compiles in a second; paths and build ids stay out of the bytes. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/proc.h"
#include "crypto/hash.h"
#include "image/internal.h"

static const char *const programs[] = {"mp-agent", "mp-fetch", "mp-install", "mp-containers",
				       "mp-lwm2m", "mp-init",  NULL};

/* How Meson names the source tree from inside the build folder: "../../src". It is in __FILE__. */
static int relative(const char *from, const char *to, struct mp_buf *out)
{
	size_t common = 0;
	int r = 0;

	for (size_t i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i + 1] == '/' && (to[i + 1] == '/' || to[i + 1] == '\0'))
			common = i + 1;
	for (const char *p = from + common; *p && r == 0; p++)
		if (*p == '/')
			r = mp_buf_add_str(out, out->len ? "/.." : "..");
	return r < 0 ? r : mp_buf_add_str(out, to + common);
}

static int write_cross_file(const char *path, const char *source, const char *build,
			    const struct target *target, struct mp_err *err)
{
	const char *sysroot = target->sysroot, *triplet = target->triplet;
	int cpu = (int)strcspn(triplet, "-");
	MP_BUF(text, 64 * 1024);
	MP_BUF(way, 8192);
	int r = relative(build, source, &way);

	if (r < 0)
		return OOM(err);
	r = mp_buf_printf(
		&text,
		"[binaries]\nc = '%s-gcc'\nar = '%s-gcc-ar'\nstrip = '%s-strip'\n"
		"pkgconfig = 'pkg-config'\n"
		"pkg-config = 'pkg-config'\n"
		"[properties]\nsys_root = '%s'\n"
		"pkg_config_libdir = "
		"'%s/usr/lib/%s/pkgconfig:%s/usr/share/pkgconfig'\n"
		"needs_exe_wrapper = true\n"
		"[built-in options]\nprefix = '/usr'\nlibexecdir = 'lib'\nbuildtype = 'minsize'\n"
		"strip = true\n"
		"c_args = ['--sysroot=%s', '-ffile-prefix-map=%s=.', '-ffile-prefix-map=%s=.', "
		"'-fstack-protector-strong', "
		"'-D_FORTIFY_SOURCE=2', '-ffunction-sections', '-fdata-sections']\n"
		"c_link_args = ['--sysroot=%s', '-B%s/usr/lib/%s', "
		"'-L%s/usr/lib/%s', '-Wl,--build-id=none', '-Wl,-z,relro,-z,now', "
		"'-Wl,--gc-sections', '-Wl,--as-needed']\n"
		"[host_machine]\nsystem = 'linux'\ncpu_family = '%.*s'\ncpu = '%.*s'\n"
		"endian = 'little'\n",
		triplet, triplet, triplet, sysroot, sysroot, triplet, sysroot, sysroot, source,
		mp_buf_str(&way), sysroot, sysroot, triplet, sysroot, triplet, cpu, triplet, cpu,
		triplet);

	return r < 0 ? OOM(err) : mp_file_write(path, text.data, text.len, 0644, err);
}

/* Everything that can change the programs: sources, build files, sysroot and compiler. */
static int digest(const char *source, const struct target *target, char hex[65], struct mp_err *err)
{
	static const char *const parts[] = {"meson.build", "meson_options.txt", "tools/sources",
					    NULL};
	auto_free char *compiler = mp_str_format("%s-gcc", target->triplet);
	const char *const gcc[] = {compiler, "--version", NULL};
	static const char *const folders[] = {"libs", "apps", NULL};
	MP_BUF(all, 64 * 1024);
	char part[65];
	uint64_t size;
	int r = compiler ? mp_proc_run(&(struct mp_proc){.argv = gcc, .output = &all}, err)
			 : OOM(err);

	if (r == 0)
		r = mp_buf_add_str(&all, target->sysroot);
	for (int i = 0; parts[i] && r == 0; i++) {
		auto_free char *path = mp_str_format("%s/%s", source, parts[i]);

		r = path ? mp_sha256_file(path, part, &size) : -ENOMEM;
		if (r == 0)
			r = mp_buf_add_str(&all, part);
		if (r < 0)
			return mp_err_set(err, r,
					  "%s is no source tree of microPlatform: %s is "
					  "missing (set MP_SOURCE)",
					  source, parts[i]);
	}
	for (int i = 0; folders[i] && r == 0; i++) {
		auto_free char *path = mp_str_format("%s/%s", source, folders[i]);

		r = path ? tree_digest(path, part, err) : OOM(err);
		if (r == 0)
			r = mp_buf_add_str(&all, part);
	}
	if (r == 0)
		mp_sha256_hex(all.data, all.len, hex);
	return r;
}

/* Run a step of the build; its complaint is the first line of output with "rror:" in it. */
static int step(const char *const *argv, const char *what, struct mp_err *err)
{
	MP_BUF(output, 16u << 20);
	int r = mp_proc_run(&(struct mp_proc){.argv = argv, .output = &output}, err);
	const char *at = r < 0 ? strcasestr(mp_buf_str(&output), "error:") : NULL;

	if (r == 0 || r == -ENOENT)
		return r;
	if (!at)
		return mp_err_wrap(err, r, "cannot %s the device programs", what);
	return mp_err_set(err, r, "cannot %s the device programs: %.*s", what,
			  (int)strcspn(at, "\n"), at);
}

static int setup(const char *source, const char *build, const char *cross, struct mp_err *err)
{
	const char *const argv[] = {
		"meson", "setup", "-Ddevice=true", "-Dwerror=false", "--cross-file", cross, build,
		source,	 NULL};
	auto_free char *ninja = mp_str_format("%s/build.ninja", build);

	if (!ninja)
		return OOM(err);
	return mp_file_exists(ninja) ? 0 : step(argv, "set up", err);
}

static int compile(const char *source, const char *build, const char *triplet, const char *to,
		   struct mp_err *err)
{
	auto_free char *strip_program = mp_str_format("%s-strip", triplet);
	const char *const refresh[] = {"meson", "setup", "--reconfigure", build, source, NULL};
	const char *const ninja[] = {"ninja", "-C", build, NULL};
	int r = strip_program ? step(refresh, "set up", err) : OOM(err);

	if (r == 0)
		r = step(ninja, "compile", err);
	if (r < 0)
		return r;
	r = mp_file_make_dirs(to, 0755, err);
	for (int i = 0; programs[i] && r == 0; i++) {
		auto_free char *from = mp_str_format("%s/%s", build, programs[i]);
		auto_free char *file = mp_str_format("%s/%s", to, programs[i]);
		const char *const strip[] = {strip_program, "-o", file, from, NULL};

		r = from && file ? mp_proc_run(&(struct mp_proc){.argv = strip}, err) : OOM(err);
	}
	return r;
}

int device_build(const char *source, const struct target *target, const char *cache, char **ret_dir,
		 bool *ret_cached, struct mp_err *err)
{
	auto_free char *dir = NULL, *build = NULL, *cross = NULL, *last = NULL, *where = NULL;
	char hex[65];
	int r = digest(source, target, hex, err);

	if (r < 0)
		return r;
	dir = mp_str_format("%s/programs-%.16s", cache, hex);
	where = mp_str_format("%s %s", target->sysroot, source);
	if (!where)
		return OOM(err);
	mp_sha256_hex(where, strlen(where), hex);
	build = mp_str_format("%s/programs-build-%.16s", cache, hex);
	cross = mp_str_format("%s/cross-%.16s.ini", cache, hex);
	last = dir ? mp_str_format("%s/mp-init", dir) : NULL; /* the last one that is written */
	if (!dir || !build || !cross || !last)
		return OOM(err);
	*ret_cached = mp_file_exists(last);
	if (!*ret_cached) {
		r = write_cross_file(cross, source, build, target, err);
		if (r == 0)
			r = setup(source, build, cross, err);
		if (r == 0)
			r = compile(source, build, target->triplet, dir, err);
	}
	if (r == 0)
		*ret_dir = take_ptr(dir);
	return r;
}
