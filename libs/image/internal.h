/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - the parts of a build, in the order in which build.c uses them */
#pragma once

#include <stdio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/str.h"
#include "image/image.h"
#include "json/json.h"

#define OOM(err) mp_err_set(err, -ENOMEM, "out of memory")
#define EPOCH "1735689600" /* 2025-01-01: the time of everything in an image */

/* ---- list.c: text files of names, one a line, '#' begins a comment ---- */
struct list {
	char **items;
	size_t n;
};
int list_add(struct list *l, const char *item); /* copies; -ENOMEM */
int list_read(const char *path, struct list *l, struct mp_err *err); /* appends */
void list_sort(struct list *l); /* and drop doubles */
bool list_has(const struct list *l, const char *item);
void list_done(struct list *l);
#define LIST(name) __attribute__((cleanup(list_done))) struct list name = {0}

/* ---- board.c: os/boards/NAME/board.yaml ---- */
struct board {
	char *dir; /* os/boards/NAME */
	const char *name;
	char *architecture; /* of Debian: "amd64" */
	char *triplet; /* "x86_64-linux-gnu" */
	char *efi; /* of UEFI: "x64" */
	char *root_type, *verity_type; /* of partitions, as GUIDs */
	char *kernel; /* package, "NAME/SUITE" */
	char *kernel_arguments;
	struct list initrd_modules;
	uint64_t esp, root, verity, data; /* partition sizes, MiB */
	struct {
		char *package, *code, *vars; /* paths in the package */
	} firmware;
	struct {
		char *program, *package, *machine;
		bool kvm;
		struct list arguments;
	} qemu;
};
int board_load(const char *source, const char *name, struct board *ret, struct mp_err *err);
void board_done(struct board *b);

/* ---- lock.c: mp.lock, which packages a group of wishes was resolved to ---- */
struct lock {
	char *path;
	struct mp_json *doc;
	bool changed;
};
struct package { /* borrowed from the lock */
	const char *name, *version, *sha256, *file;
};
int lock_open(const char *path, struct lock *ret, struct mp_err *err);
int lock_save(struct lock *l, struct mp_err *err);
void lock_done(struct lock *l);
/* The packages of a group, when it was locked for exactly these wishes; NULL otherwise. */
const struct mp_json *lock_get(const struct lock *l, const char *group, const struct list *wishes);
/* Takes `packages`, an array of {"name","version","sha256","file"}. */
int lock_put(struct lock *l, const char *group, const struct list *wishes,
	     struct mp_json *packages);
int lock_package(const struct mp_json *group, size_t i, struct package *ret, struct mp_err *err);

/* ---- apt.c: the mirror ---- */
struct apt {
	const char *architecture; /* of the packages */
	char *dir; /* lists and configuration of our own */
	char *packages; /* where .deb files are kept, by product */
	char *shared; /* and for all products of this user: links to the same files */
	char *config; /* DIR/apt.conf */
	bool fresh; /* lists were fetched in this run */
};
int apt_open(const char *cache, const char *shared, const char *architecture, struct apt *ret,
	     struct mp_err *err);
void apt_done(struct apt *a);
/* Which packages do these wishes ("NAME", "NAME/SUITE", "-NAME": not that one) come to? Asks the
 * mirror for its lists once a run. */
int apt_resolve(struct apt *a, const struct list *wishes, struct mp_json **ret, struct mp_err *err);
/* Have all .deb files of a group in the cache, each checked against the lock. */
int apt_fetch(struct apt *a, const struct mp_json *group, struct mp_err *err);

/* ---- tree.c: folders ---- */
/* Unpack all packages of a group into `dir`. */
int tree_unpack(const struct apt *a, const struct mp_json *group, const char *dir,
		struct mp_err *err);
/* A second tree of hard links; files there must be replaced, never changed. */
int tree_link(const char *from, const char *to, struct mp_err *err);
/* Lay a folder over a tree: files and links replace what is there. A missing folder is an error. */
int tree_lay(const char *from, const char *to, struct mp_err *err);
/* Replace one file. */
int tree_write(const char *root, const char *path, const void *data, size_t len, mode_t mode,
	       struct mp_err *err);
/* Remove what the patterns cover ('!': keep), then folders that became empty. */
int tree_remove(const char *root, const struct list *patterns, struct mp_err *err);
/* Nothing setuid or setgid, nothing writable by others, everything readable by us. */
int tree_settle(const char *root, struct mp_err *err);
/* SHA-256 over names, kinds, modes and contents; what is not there counts as empty. */
int tree_digest(const char *dir, char hex[65], struct mp_err *err);
/* Copy a file and keep its holes. */
int file_copy(const char *from, const char *to, struct mp_err *err);
/* The same into a file that is there, from byte `at` on, without shortening it. */
int file_place(const char *from, const char *to, uint64_t at, struct mp_err *err);

/* ---- tools.c: programs of the tools tree, run through its own loader ---- */
#define TOOLS_ARCHITECTURE "amd64" /* of those who build, whatever the board is */
struct tools {
	char *dir; /* the tree */
	char *loader, *libraries, *config;
};
int tools_open(const char *dir, struct tools *ret);
void tools_done(struct tools *t);
struct tool {
	const char *const *argv; /* argv[0]: path in the tree, "/usr/bin/mkfs.erofs" */
	const char *dir; /* working directory */
	const void *input;
	size_t input_len;
	struct mp_buf *output;
	bool as_root; /* files of the user who builds are to look like root's */
};
int tools_run(const struct tools *t, const struct tool *tool, struct mp_err *err);

/* ---- device.c: our own programs for the device ---- */
/* DIR/{mp-agent,mp-init,...}, built from `source` against the sysroot for an architecture. */
struct target {
	const char *sysroot, *triplet;
};
int device_build(const char *source, const struct target *target, const char *cache, char **ret_dir,
		 bool *ret_cached, struct mp_err *err);

/* ---- kmod.c: kernel modules ---- */
/* Keep what the patterns name and what that needs, uncompressed; write the indexes. */
int kmod_trim(const struct tools *t, const char *root, const struct list *patterns,
	      struct mp_err *err);
/* Paths of these modules and what they need, in the order to load them, below `root`. */
int kmod_order(const char *root, const struct list *names, struct list *ret, struct mp_err *err);
int kmod_version(const char *root, char ret[128], struct mp_err *err);

/* ---- sbom.c ---- */
/* {"packages":[...]} in SPDX 2.3 for a group of the lock, as long as its documentation is there. */
int sbom_packages(const struct apt *a, const struct mp_json *group, const char *root,
		  struct mp_json *packages, struct mp_err *err);
/* Keep that list beside what was made of the packages, and add it to a build's own, each once. */
int sbom_write(const struct mp_json *packages, const char *path, struct mp_err *err);
int sbom_add(const char *path, struct mp_json *packages, struct mp_err *err);
int sbom_format(const struct mp_product *p, struct mp_json *packages, struct mp_buf *out);

/* ---- cpio.c: the "newc" format of an initrd ---- */
int cpio_add(struct mp_buf *out, const char *name, unsigned mode, const void *data, size_t len);
int cpio_end(struct mp_buf *out);

/* ---- pe.c: sections of a UEFI program ---- */
struct pe_section {
	char name[9];
	const void *data;
	size_t len;
};
/* `stub` with sections appended, as systemd-stub wants them. -EBADMSG: not a PE32+ program. */
int pe_append(const void *stub, size_t len, const struct pe_section *sections, unsigned n,
	      struct mp_buf *out);

/* ---- prune.c: steps that nobody needs any more ---- */
void prune_used(const char *path);
/* Of what begins with `prefix` in the cache, keep the `keep` most recently used. */
int prune(const char *cache, const char *prefix, size_t keep, struct mp_err *err);

/* ---- build.c: what all steps share ---- */
struct build {
	const struct mp_image_job *job;
	const struct mp_product *product;
	struct lock lock;
	struct apt apt; /* packages for the boards: all are of one architecture */
	struct apt apt_tools; /* packages of the tools tree */
	struct tools tools;
	char *cache; /* PRODUCT/cache */
	char *work; /* PRODUCT/build/.VERSION.part, becomes build/VERSION */
	char *programs; /* device programs */
	struct mp_json *sbom; /* packages of all boards and images */
	struct mp_json *targets, *boards; /* of release.json */
	struct mp_image_figures figures;
	double began; /* the step that is under way */
};
/* Have a group locked and its packages in the cache. */
int build_group(struct build *b, struct apt *apt, const char *group, const struct list *wishes,
		const struct mp_json **ret, struct mp_err *err);
void build_begin(struct build *b, const char *what);
void build_end(struct build *b, const char *what);
/* Note a file of the work folder as a target. */
int build_target(struct build *b, const char *path, const char *file, struct mp_err *err);
/* Read a file below `dir` whole. */
int build_read(const char *dir, const char *name, struct mp_buf *out, struct mp_err *err);

/* ---- root.c: the root file system of a board ---- */
struct os_image {
	struct board board;
	char *boot; /* tree with the boot loader and the firmware */
	char *base; /* cache folder of the packages: root/, vmlinuz, sbom.json */
	char *dir; /* cache folder of the image: root.img, verity.img, initrd.cpio, root_hash */
	char root_hash[65];
	char *uki; /* build/VERSION/BOARD.efi, signed */
	char uki_name[64]; /* on the ESP */
	char payload[65], index_sha256[65]; /* SHA-256 of the payload and of its index */
	uint64_t payload_size;
};
void os_image_done(struct os_image *os);
int root_build(struct build *b, struct os_image *os, struct mp_err *err);

/* ---- uki.c: kernel, initrd and command line in one signed program ---- */
int sign_efi(struct build *b, const char *from, const char *to, struct mp_err *err);
int uki_build(struct build *b, struct os_image *os, struct mp_err *err);

/* ---- app.c: the containers ---- */
struct app {
	struct mp_compose *compose;
	unsigned n;
	struct mp_release_service *services;
};
void app_done(struct app *app);
int app_build(struct build *b, struct app *app, struct mp_err *err);

/* ---- release.c: payloads and the manifest ---- */
int payload_build(struct build *b, struct os_image *os, struct mp_err *err);
int manifest_build(struct build *b, const struct os_image *os, unsigned n, const struct app *app,
		   struct mp_err *err);

/* ---- disk.c: what a device is delivered with, BOARD.raw, and for QEMU BOARD.firmware and BOARD.vars ---- */
int disk_build(struct build *b, const struct os_image *os, const struct app *app,
	       struct mp_err *err);

/* ---- keeper.c: the process that is a machine ----
 *
 * It starts QEMU and, when the guest resets, starts it anew: under emulation a reset inside one QEMU is
 * many times slower than a power on, for the firmware writes over pages whose code of before is still kept
 * translated, and each such store takes a slow path. What a real machine keeps in its memory over a
 * reset is lost; nothing of ours lives there. QEMU's end for any other reason is the keeper's own, with the same
 * status. */
#define KEEPER_FD 9 /* QEMU's end of a socket, on which it speaks QMP */
struct keeper {
	char *const *argv; /* of QEMU, with a monitor on KEEPER_FD and "-action reboot=shutdown" */
	int log; /* its standard error, and output unless `console` */
	int lock; /* a file that both hold open to their end */
	bool console; /* leave it our standard input and output */
	bool detach; /* outlive us */
};
/* Fork it. *ret_ready gets a byte when QEMU runs for the first time, or ends without one; the caller
 * closes it. -errno. */
int keeper_start(const struct keeper *k, pid_t *ret, int *ret_ready);
/* Wait for its end; SIGTERM, SIGINT and SIGHUP to us end it. Its exit status, 128 + N when a signal ended it,
 * or -errno. */
int keeper_wait(pid_t pid);
