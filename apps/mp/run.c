/* SPDX-License-Identifier: Apache-2.0 */
/* mp run: a built release in QEMU. What a machine keeps lies in run/NAME. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "image/vm.h"
#include "share.h"
#include "verb.h"

struct run_options {
	const char *name, *board, *disk, *serial;
	struct mp_list ports, qemu;
	uint64_t memory, cpus, disk_size;
	bool fresh, console, no_network, detach, emulate, json;
};

const struct mp_option mp_options_run[] = {
	{"name", 0, MP_TEXT, offsetof(struct run_options, name), "NAME",
	 "which machine, when there are several; default device"},
	{"board", 0, MP_TEXT, offsetof(struct run_options, board), "NAME",
	 "which board of the release; default the first of product.yaml"},
	{"port", 'p', MP_LIST, offsetof(struct run_options, ports), "HOST:GUEST",
	 "forward a TCP port of 127.0.0.1 to the guest; may be given several times"},
	{"disk", 0, MP_TEXT, offsetof(struct run_options, disk), "FILE",
	 "the machine's disk, made from the image when it is not there; default "
	 "run/NAME/disk.raw"},
	{"disk-size", 0, MP_NUMBER, offsetof(struct run_options, disk_size), "MIB",
	 "size of a new disk; default 4096"},
	{"fresh", 0, MP_SWITCH, offsetof(struct run_options, fresh), NULL, "begin with a new disk"},
	{"serial", 0, MP_TEXT, offsetof(struct run_options, serial), "FILE",
	 "log of the serial line; default run/NAME/serial.log"},
	{"console", 'c', MP_SWITCH, offsetof(struct run_options, console), NULL,
	 "show the serial line here"},
	{"memory", 'm', MP_NUMBER, offsetof(struct run_options, memory), "MIB", "default 1024"},
	{"cpus", 0, MP_NUMBER, offsetof(struct run_options, cpus), "NUMBER", "default 2"},
	{"no-network", 0, MP_SWITCH, offsetof(struct run_options, no_network), NULL,
	 "leave the network cable out"},
	{"detach", 'd', MP_SWITCH, offsetof(struct run_options, detach), NULL,
	 "print the machine's process id and return"},
	{"emulate", 0, MP_SWITCH, offsetof(struct run_options, emulate), NULL,
	 "do without KVM even where there is one"},
	{"qemu", 0, MP_LIST, offsetof(struct run_options, qemu), "ARGUMENT",
	 "one more argument of QEMU; may be given several times"},
	MP_OPTION_JSON(struct run_options, json),
	{0},
};

static int parse_port(const char *text, struct mp_vm *vm, struct mp_err *err)
{
	char host[16];
	const char *colon = strchr(text, ':');
	uint64_t h = 0, g = 0;

	if (colon && colon - text < (ptrdiff_t)sizeof(host)) {
		memcpy(host, text, (size_t)(colon - text));
		host[colon - text] = '\0';
		if (mp_str_parse_u64(host, 65535, &h) < 0 ||
		    mp_str_parse_u64(colon + 1, 65535, &g) < 0)
			h = 0;
	}
	if (h == 0 || g == 0)
		return mp_err_set(err, -EINVAL, "'%s' is no pair of ports: write HOST:GUEST", text);
	if (vm->n_ports == MP_VM_PORTS)
		return mp_err_set(err, -EFBIG, "more than %d ports", MP_VM_PORTS);
	vm->ports[vm->n_ports].host = (unsigned)h;
	vm->ports[vm->n_ports++].guest = (unsigned)g;
	return 0;
}

static int remove_disk(const char *disk, struct mp_err *err)
{
	static const char *const suffixes[] = {"", ".vars", ".firmware"};
	int r = 0;

	for (int i = 0; i < 3 && r == 0; i++) {
		auto_free char *path = mp_str_format("%s%s", disk, suffixes[i]);

		r = path ? mp_file_remove_tree(path, err) : -ENOMEM;
	}
	return r;
}

static int have_disk(const struct mp_product *p, const char *version, const struct run_options *o,
		     const struct mp_vm *vm, struct mp_err *err)
{
	auto_free char *built = mp_str_format("%s/build/%s", p->dir, version);
	auto_free char *image = mp_str_format("%s/build/%s/%s.raw", p->dir, version, vm->board);
	int r = built && image ? 0 : mp_err_set(err, -ENOMEM, "out of memory");

	if (r == 0 && o->fresh)
		r = remove_disk(vm->disk, err);
	if (r < 0 || mp_file_exists(vm->disk))
		return r;
	if (!mp_file_exists(image) && mp_file_exists(built))
		return mp_err_set(err, -ENOENT, "release %s was built without board %s", version,
				  vm->board);
	if (!mp_file_exists(image))
		return mp_err_set(err, -ENOENT,
				  "release %s is not built: run 'mp build' with 'version: %s' in "
				  "product.yaml",
				  version, version);
	return mp_vm_make_disk(built, vm, err);
}

static int print_json(const struct mp_vm *vm, pid_t pid)
{
	auto_(mp_json) *j = mp_json_new_object();
	int r = mp_json_put_int(j, "pid", pid);

	if (r == 0)
		r = mp_json_put_str(j, "accel", vm->accel);
	if (r == 0)
		r = mp_json_put_str(j, "disk", vm->disk);
	if (r == 0)
		r = mp_json_put_str(j, "serial", vm->serial);
	if (r == 0)
		r = mp_json_put_str(j, "dir", vm->dir);
	return r < 0 ? EXIT_FAILURE : mp_print_json(j);
}

static int start(struct mp_vm *vm, int lock, const struct run_options *o, struct mp_err *err)
{
	pid_t pid;
	int r = mp_vm_start(vm, lock, &pid, err);

	if (r < 0)
		return mp_fail(err);
	if (o->json)
		(void)print_json(vm, pid);
	else if (o->detach)
		printf("%d\n", (int)pid);
	else
		mp_step("running with %s as process %d, serial line in %s",
			mp_streq(vm->accel, "kvm") ? "KVM" : "emulation (no KVM here)", (int)pid,
			vm->serial);
	(void)fflush(stdout);
	if (o->detach)
		return EXIT_SUCCESS;
	r = mp_vm_wait(pid, err);
	return r < 0 ? mp_fail(err) : EXIT_SUCCESS;
}

static int run(const struct mp_product *p, const char *version, const struct run_options *o,
	       struct mp_err *err)
{
	const char *name = o->name ? o->name : "device";
	auto_free char *dir = mp_str_format("%s/run/%s", p->dir, name);
	auto_free char *disk = mp_str_format("%s/disk.raw", dir ? dir : "");
	auto_free char *serial = mp_str_format("%s/serial.log", dir ? dir : "");
	struct mp_vm vm = {.source = mp_source(NULL),
			   .board = o->board	  ? o->board
				    : p->n_boards ? p->boards[0]
						  : NULL,
			   .disk = o->disk ? o->disk : disk,
			   .dir = dir,
			   .serial = o->serial ? o->serial : serial,
			   .memory = (unsigned)o->memory,
			   .cpus = (unsigned)o->cpus,
			   .disk_size = o->disk_size,
			   .no_network = o->no_network,
			   .console = o->console,
			   .detach = o->detach,
			   .emulate = o->emulate,
			   .more = o->qemu.items};
	auto_close int lock = -1;
	int r = 0;

	if (!dir || !disk || !serial)
		return mp_fail(&(struct mp_err){"out of memory"});
	if (!mp_str_is_name(name, 32))
		return mp_fail_usage("'%s' is no name for a machine", name);
	if (!vm.board)
		return mp_fail_usage("product.yaml names no board");
	for (size_t i = 0; i < o->ports.n && r == 0; i++)
		r = parse_port(o->ports.items[i], &vm, err);
	if (r == 0)
		r = mp_file_make_dirs(dir, 0755, err);
	if (r == 0)
		r = lock = mp_vm_lock(&vm, err);
	if (r >= 0)
		r = have_disk(p, version, o, &vm, err);
	return r < 0 ? mp_fail(err) : start(&vm, lock, o, err);
}

int mp_verb_run(int argc, char *argv[])
{
	struct run_options o = {0};
	auto_(mp_product) *p = NULL;
	struct mp_err err = {""};
	int status = mp_options_parse(mp_options_run, &o, &argc, &argv);

	if (status != MP_GO_ON)
		return status;
	if (o.console && o.detach)
		return mp_fail_usage("--console and --detach do not go together");
	o.qemu.items[o.qemu.n < MP_LIST_MAX ? o.qemu.n : MP_LIST_MAX - 1] = NULL;
	if (mp_here(&p, &err) < 0)
		return mp_fail(&err);
	return run(p, argc > 0 ? argv[0] : p->version, &o, &err);
}
