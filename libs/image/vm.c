/* SPDX-License-Identifier: Apache-2.0 */
#include "image/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "image/internal.h"

#define PROBE_MS 2000
#define START_MS 10000
#define LOCK_MS 3000

static void nap(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
}

/* Exit status within `ms`, or -ETIMEDOUT; 128 + N when a signal ended it. */
static int wait_ms(pid_t pid, int ms)
{
	int status;

	for (; ms > 0; ms -= 10) {
		pid_t r = waitpid(pid, &status, WNOHANG);

		if (r == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (r < 0 && errno != EINTR)
			return -errno;
		nap();
	}
	return -ETIMEDOUT;
}

static pid_t spawn(char *const *argv, int null)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	(void)execvp(argv[0], argv);
	_exit(127);
}

/* ---- KVM ---- */

/* Does KVM run a guest here? A few instructions must answer within 2 s; a device node proves nothing,
 * and nested virtualisation may hang. */
static bool has_kvm(const struct board *board, const char *dir)
{
	/* The same machine, a PC, with a firmware of 64 KiB, run from its last 16 bytes: mov al, 0x31;
	 * out 0xf4, al; hlt. The debug device then ends QEMU with status 2 * 0x31 + 1. */
	static const unsigned char code[] = {0xb0, 0x31, 0xe6, 0xf4, 0xf4};
	static char image[65536];
	auto_free char *path = mp_str_format("%s/probe.bin", dir);
	char *const argv[] = {board->qemu.program,
			      "-machine",
			      board->qemu.machine,
			      "-accel",
			      "kvm",
			      "-cpu",
			      "host",
			      "-m",
			      "16",
			      "-smp",
			      "2",
			      "-nodefaults",
			      "-display",
			      "none",
			      "-bios",
			      path,
			      "-device",
			      "isa-debug-exit,iobase=0xf4,iosize=0x04",
			      NULL};
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status;
	pid_t pid;

	memcpy(image + sizeof(image) - 16, code, sizeof(code));
	if (!board->qemu.kvm || !path || null < 0 || access("/dev/kvm", R_OK | W_OK) < 0 ||
	    mp_file_write(path, image, sizeof(image), 0600, NULL) < 0)
		return false;
	pid = spawn(argv, null);
	status = pid < 0 ? pid : wait_ms(pid, PROBE_MS);
	if (pid > 0 && status == -ETIMEDOUT) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	(void)unlink(path);
	return status == 2 * 0x31 + 1;
}

/* ---- the disk ---- */

static int copy_beside(const char *built, const char *kind, const struct mp_vm *vm,
		       const char *suffix, struct mp_err *err)
{
	auto_free char *from = mp_str_format("%s/%s.%s", built, vm->board, kind);
	auto_free char *to = mp_str_format("%s%s", vm->disk, suffix);

	return from && to ? file_copy(from, to, err) : OOM(err);
}

int mp_vm_make_disk(const char *built, const struct mp_vm *vm, struct mp_err *err)
{
	auto_free char *part = mp_str_format("%s.part", vm->disk);
	uint64_t size = (vm->disk_size ? vm->disk_size : 4096) << 20;
	struct stat st;
	int r;

	if (!part)
		return OOM(err);
	if (mp_file_exists(vm->disk))
		return mp_err_set(err, -EEXIST, "%s is there already", vm->disk);
	r = copy_beside(built, "firmware", vm, ".firmware", err);
	if (r == 0)
		r = copy_beside(built, "vars", vm, ".vars", err);
	if (r == 0)
		r = copy_beside(built, "raw", vm, ".part", err);
	if (r < 0)
		return r;
	if (stat(part, &st) < 0 ||
	    ((uint64_t)st.st_size < size && truncate(part, (off_t)size) < 0) ||
	    rename(part, vm->disk) < 0)
		return mp_err_set(err, -errno, "cannot make %s: %s", vm->disk, strerror(errno));
	return 0;
}

/* ---- QEMU ---- */

static int add(struct list *l, const char *option, char *value)
{
	int r = value ? list_add(l, option) : -ENOMEM;

	if (r == 0)
		r = list_add(l, value);
	free(value);
	return r;
}

static int add_all(struct list *l, const char *const *items)
{
	int r = 0;

	for (; items && *items && r == 0; items++)
		r = list_add(l, *items);
	return r;
}

/* A comma in a path is doubled for QEMU's option syntax. */
static char *quote(const char *path)
{
	MP_BUF(out, 8192);

	for (; *path; path++)
		if (mp_buf_add(&out, path, 1) < 0 || (*path == ',' && mp_buf_add(&out, ",", 1) < 0))
			return NULL;
	return mp_buf_take(&out);
}

static int add_disk(struct list *l, const struct mp_vm *vm)
{
	auto_free char *disk = quote(vm->disk);
	int r = disk ? 0 : -ENOMEM;

	if (r == 0)
		r = add(l, "-drive",
			mp_str_format("if=pflash,unit=0,format=raw,readonly=on,file=%s.firmware",
				      disk));
	if (r == 0)
		r = add(l, "-drive",
			mp_str_format("if=pflash,unit=1,format=raw,file=%s.vars", disk));
	if (r == 0)
		r = add(l, "-drive",
			mp_str_format("if=none,id=disk,format=raw,cache=writeback,file=%s", disk));
	return r < 0 ? r : add(l, "-device", strdup("virtio-blk-pci,drive=disk,bootindex=1"));
}

static int add_network(struct list *l, const struct mp_vm *vm)
{
	MP_BUF(net, 4096);
	int r = mp_buf_add_str(&net, "user,id=net");

	if (vm->no_network)
		return 0;
	for (unsigned i = 0; i < vm->n_ports && r == 0; i++)
		r = mp_buf_printf(&net, ",hostfwd=tcp:127.0.0.1:%u-:%u", vm->ports[i].host,
				  vm->ports[i].guest);
	if (r == 0)
		r = add(l, "-netdev", mp_buf_take(&net));
	return r < 0 ? r : add(l, "-device", strdup("virtio-net-pci,netdev=net,romfile="));
}

static int add_serial(struct list *l, const struct mp_vm *vm)
{
	auto_free char *log = quote(vm->serial);
	int r;

	if (!log)
		return -ENOMEM;
	r = add(l, "-chardev",
		vm->console
			? mp_str_format("stdio,id=serial,signal=on,logappend=on,logfile=%s", log)
			: mp_str_format("file,id=serial,append=on,path=%s", log));
	return r < 0 ? r : add(l, "-serial", strdup("chardev:serial"));
}

static int add_machine(struct list *l, const struct mp_vm *vm, const struct board *board)
{
	static const char *const fixed[] = {
		"-nodefaults", "-no-user-config",
		"-display",    "none",
		"-device",     "virtio-rng-pci",
		"-device",     "i6300esb",
		"-action",     "watchdog=reset,reboot=shutdown", /* the keeper starts it again */
		NULL};
	bool kvm = mp_streq(vm->accel, "kvm");
	int r = add(l, "-machine", strdup(board->qemu.machine));

	if (r == 0)
		r = add(l, "-accel", strdup(kvm ? "kvm" : "tcg,thread=multi"));
	if (r == 0)
		r = add(l, "-cpu", strdup(kvm ? "host" : "max"));
	if (r == 0)
		r = add(l, "-smp", mp_str_format("%u", vm->cpus ? vm->cpus : 2));
	if (r == 0)
		r = add(l, "-m", mp_str_format("%u", vm->memory ? vm->memory : 1024));
	if (r == 0)
		r = add_all(l, fixed);
	for (size_t i = 0; i < board->qemu.arguments.n && r == 0; i++)
		r = list_add(l, board->qemu.arguments.items[i]);
	return r;
}

static int command_line(const struct mp_vm *vm, const struct board *board, struct list *l)
{
	int r = list_add(l, board->qemu.program);

	if (r == 0)
		r = add_machine(l, vm, board);
	if (r == 0)
		r = add_disk(l, vm);
	if (r == 0)
		r = add_network(l, vm);
	if (r == 0)
		r = add_serial(l, vm);
	if (r == 0)
		r = add(l, "-chardev", mp_str_format("socket,id=keeper,fd=%d", KEEPER_FD));
	if (r == 0)
		r = add(l, "-mon", strdup("chardev=keeper,mode=control"));
	if (r == 0)
		r = add_all(l, vm->more);
	return r;
}

/* The last line that QEMU left in its log. */
static int complain(const struct board *board, const char *log, int status, struct mp_err *err)
{
	MP_BUF(text, 1u << 20);
	char *line;

	if (status == 127)
		return mp_err_set(err, -ENOENT, "%s is not installed: install Debian's package %s",
				  board->qemu.program, board->qemu.package);
	if (mp_file_read(log, &text, NULL) < 0 || text.len == 0)
		return mp_err_set(err, -EREMOTEIO, "QEMU ended with status %d", status);
	if (text.data[text.len - 1] == '\n')
		text.data[text.len - 1] = '\0';
	line = strrchr(text.data, '\n');
	return mp_err_set(err, -EREMOTEIO, "QEMU does not start: %s", line ? line + 1 : text.data);
}

/* The lock becomes QEMU's as well: after a kill of the keeper QEMU needs some milliseconds to follow it, and only
 * then are disk and ports free. */
int mp_vm_lock(const struct mp_vm *vm, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/lock", vm->dir);
	auto_close int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (fd < 0)
		return mp_err_set(err, -errno, "cannot write %s/lock: %s", vm->dir,
				  strerror(errno));
	for (int ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; ms += 10) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return mp_err_set(err, -errno, "cannot lock %s: %s", path, strerror(errno));
		if (ms >= LOCK_MS)
			return mp_err_set(
				err, -EBUSY,
				"this machine is running: end it first, or choose another "
				"one with --name");
		nap();
	}
	return take_fd(fd);
}

/* QEMU listens, or it ended. */
static int wait_for_qemu(const struct board *board, pid_t keeper, int ready, const char *log,
			 struct mp_err *err)
{
	struct pollfd p = {.fd = ready, .events = POLLIN};
	int n = poll(&p, 1, START_MS), status = 0;
	char byte;

	if (n == 1 && read(ready, &byte, 1) == 1)
		return 0;
	if (n != 1)
		(void)kill(keeper, SIGKILL);
	while (waitpid(keeper, &status, 0) < 0 && errno == EINTR)
		;
	if (n == 1)
		return complain(board, log, WIFEXITED(status) ? WEXITSTATUS(status) : -1, err);
	return mp_err_set(err, -ETIMEDOUT, "QEMU does not start within %d s", START_MS / 1000);
}

static int start(struct mp_vm *vm, int lock, const struct board *board, pid_t *ret,
		 struct mp_err *err)
{
	auto_free char *log = mp_str_format("%s/qemu.log", vm->dir);
	auto_close int log_fd = -1, ready = -1;
	LIST(args);
	int r;

	if (!log)
		return OOM(err);
	strcpy(vm->accel, !vm->emulate && has_kvm(board, vm->dir) ? "kvm" : "tcg");
	log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (log_fd < 0)
		return mp_err_set(err, -errno, "cannot write %s: %s", log, strerror(errno));
	r = command_line(vm, board, &args);
	if (r == 0)
		r = list_add(&args, ""); /* room for the NULL */
	if (r < 0)
		return OOM(err);
	free(args.items[--args.n]);
	args.items[args.n] = NULL;
	r = keeper_start(&(struct keeper){.argv = args.items,
					  .log = log_fd,
					  .lock = lock,
					  .console = vm->console,
					  .detach = vm->detach},
			 ret, &ready);
	if (r < 0)
		return mp_err_set(err, r, "cannot start QEMU: %s", strerror(-r));
	return wait_for_qemu(board, *ret, ready, log, err);
}

int mp_vm_start(struct mp_vm *vm, int lock, pid_t *ret, struct mp_err *err)
{
	struct board board;
	int r = board_load(vm->source, vm->board, &board, err);

	if (r < 0)
		return r;
	r = start(vm, lock, &board, ret, err);
	board_done(&board);
	return r;
}

int mp_vm_wait(pid_t pid, struct mp_err *err)
{
	int status = keeper_wait(pid);

	if (status < 0)
		return mp_err_set(err, status, "cannot wait for QEMU: %s", strerror(-status));
	return status == 0 ? 0 : mp_err_set(err, -EREMOTEIO, "QEMU ended with status %d", status);
}
