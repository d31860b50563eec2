/* SPDX-License-Identifier: Apache-2.0 */
#include "image/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "image/internal.h"

#define QEMU "qemu-system-x86_64"
#define PROBE_MS 2000
#define START_MS 10000
#define ARGS_MAX 256

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

static void child(char *const *argv, int in, int log, bool detach)
{
	if (detach)
		(void)setsid();
	else
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (in >= 0)
		(void)dup2(in, STDIN_FILENO);
	if (log >= 0) {
		if (in >= 0)
			(void)dup2(log, STDOUT_FILENO);
		(void)dup2(log, STDERR_FILENO);
	}
	(void)execvp(argv[0], argv);
	_exit(127);
}

/* `in` < 0: our own standard input and output. */
static pid_t spawn(char *const *argv, int in, int log, bool detach)
{
	pid_t pid = fork();

	if (pid == 0)
		child(argv, in, log, detach);
	return pid < 0 ? -errno : pid;
}

/* ---- KVM ---- */

bool mp_vm_has_kvm(const char *dir)
{
	/* The same machine with a firmware of 64 KiB, run from its last 16 bytes: mov al, 0x31;
	 * out 0xf4, al; hlt. The debug device then ends QEMU with status 2 * 0x31 + 1. */
	static const unsigned char code[] = {0xb0, 0x31, 0xe6, 0xf4, 0xf4};
	static char image[65536];
	auto_free char *path = mp_str_format("%s/probe.bin", dir);
	char *const argv[] = {QEMU,	  "-machine", "q35,smm=on",
			      "-accel",	  "kvm",      "-cpu",
			      "host",	  "-m",	      "16",
			      "-smp",	  "2",	      "-nodefaults",
			      "-display", "none",     "-bios",
			      path,	  "-device",  "isa-debug-exit,iobase=0xf4,iosize=0x04",
			      NULL};
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status;
	pid_t pid;

	memcpy(image + sizeof(image) - 16, code, sizeof(code));
	if (!path || null < 0 || access("/dev/kvm", R_OK | W_OK) < 0 ||
	    mp_file_write(path, image, sizeof(image), 0600, NULL) < 0)
		return false;
	pid = spawn(argv, null, null, false);
	status = pid < 0 ? pid : wait_ms(pid, PROBE_MS);
	if (pid > 0 && status == -ETIMEDOUT) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	(void)unlink(path);
	return status == 2 * 0x31 + 1;
}

/* ---- the disk ---- */

static int copy_beside(const char *built, const char *name, const char *disk, const char *suffix,
		       struct mp_err *err)
{
	auto_free char *from = mp_str_format("%s/%s", built, name);
	auto_free char *to = mp_str_format("%s%s", disk, suffix);

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
	r = copy_beside(built, "OVMF_CODE.fd", vm->disk, ".firmware", err);
	if (r == 0)
		r = copy_beside(built, "OVMF_VARS.fd", vm->disk, ".vars", err);
	if (r == 0)
		r = copy_beside(built, "disk.raw", vm->disk, ".part", err);
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

/* Without SMI broadcast the firmware's SMM handles an SMI on the processor that raised it. With it, all
 * processors meet for each access to a UEFI variable, and when they are threads that share the host's
 * processors, one spins while the other is not scheduled: half a minute a boot, on a busy host.
 * QEMU offers hot-plug of processors only together with it. */
static int add_machine(struct list *l, const struct mp_vm *vm)
{
	static const char *const fixed[] = {
		"-nodefaults", "-no-user-config",
		"-display",    "none",
		"-global",     "driver=cfi.pflash01,property=secure,value=on",
		"-global",     "ICH9-LPC.disable_s3=1",
		"-global",     "ICH9-LPC.x-smi-broadcast=off",
		"-global",     "ICH9-LPC.x-smi-cpu-hotplug=off",
		"-global",     "ICH9-LPC.x-smi-cpu-hotunplug=off",
		"-device",     "virtio-rng-pci",
		"-device",     "i6300esb",
		"-action",     "watchdog=reset",
		NULL};
	bool kvm = mp_streq(vm->accel, "kvm");
	int r = add(l, "-machine", strdup("q35,smm=on"));

	if (r == 0)
		r = add(l, "-accel", strdup(kvm ? "kvm" : "tcg,thread=multi"));
	if (r == 0)
		r = add(l, "-cpu", strdup(kvm ? "host" : "max"));
	if (r == 0)
		r = add(l, "-smp", mp_str_format("%u", vm->cpus ? vm->cpus : 2));
	if (r == 0)
		r = add(l, "-m", mp_str_format("%u", vm->memory ? vm->memory : 1024));
	return r < 0 ? r : add_all(l, fixed);
}

static int command_line(const struct mp_vm *vm, const char *qmp, const char *pid, struct list *l)
{
	auto_free char *socket = quote(qmp);
	int r = socket ? list_add(l, QEMU) : -ENOMEM;

	if (r == 0)
		r = add_machine(l, vm);
	if (r == 0)
		r = add_disk(l, vm);
	if (r == 0)
		r = add_network(l, vm);
	if (r == 0)
		r = add_serial(l, vm);
	if (r == 0)
		r = add(l, "-qmp", mp_str_format("unix:%s,server=on,wait=off", socket));
	if (r == 0)
		r = add(l, "-pidfile", strdup(pid));
	if (r == 0)
		r = add_all(l, vm->more);
	return r;
}

/* The last line that QEMU left in its log. */
static int complain(const char *log, int status, struct mp_err *err)
{
	MP_BUF(text, 1u << 20);
	char *line;

	if (status == 127)
		return mp_err_set(err, -ENOENT,
				  QEMU " is not installed: install Debian's package "
				       "qemu-system-x86");
	if (mp_file_read(log, &text, NULL) < 0 || text.len == 0)
		return mp_err_set(err, -EREMOTEIO, "QEMU ended with status %d", status);
	if (text.data[text.len - 1] == '\n')
		text.data[text.len - 1] = '\0';
	line = strrchr(text.data, '\n');
	return mp_err_set(err, -EREMOTEIO, "QEMU does not start: %s", line ? line + 1 : text.data);
}

/* The socket is there before QEMU has looked at all its arguments; the greeting comes after. */
static bool is_greeted(const char *qmp)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char byte;

	strcpy(address.sun_path, qmp); /* mp_vm_start() has looked at its length */
	return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       poll(&p, 1, 100) == 1 && read(fd, &byte, 1) == 1;
}

static int wait_for_qemu(pid_t pid, const char *qmp, const char *log, struct mp_err *err)
{
	for (int ms = 0; ms < START_MS; ms += 10) {
		int status = wait_ms(pid, 10);

		if (status != -ETIMEDOUT)
			return complain(log, status, err);
		if (mp_file_exists(qmp) && is_greeted(qmp))
			return 0;
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return mp_err_set(err, -ETIMEDOUT, "QEMU does not start within %d s", START_MS / 1000);
}

int mp_vm_start(struct mp_vm *vm, pid_t *ret, struct mp_err *err)
{
	auto_free char *qmp = mp_str_format("%s/qmp.sock", vm->dir);
	auto_free char *pid_file = mp_str_format("%s/pid", vm->dir);
	auto_free char *log = mp_str_format("%s/qemu.log", vm->dir);
	auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC), log_fd = -1;
	LIST(args);
	pid_t pid;
	int r;

	if (!qmp || !pid_file || !log)
		return OOM(err);
	if (strlen(qmp) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return mp_err_set(err, -ENAMETOOLONG,
				  "%s is too long a path for a socket: give a shorter --name", qmp);
	strcpy(vm->accel, !vm->emulate && mp_vm_has_kvm(vm->dir) ? "kvm" : "tcg");
	log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (null < 0 || log_fd < 0)
		return mp_err_set(err, -errno, "cannot write %s: %s", log, strerror(errno));
	(void)unlink(qmp);
	r = command_line(vm, qmp, pid_file, &args);
	if (r == 0)
		r = list_add(&args, ""); /* room for the NULL */
	if (r < 0)
		return OOM(err);
	free(args.items[--args.n]);
	args.items[args.n] = NULL;
	pid = spawn(args.items, vm->console ? -1 : null, log_fd, vm->detach);
	if (pid < 0)
		return mp_err_set(err, pid, "cannot start QEMU: %s", strerror(-pid));
	r = wait_for_qemu(pid, qmp, log, err);
	if (r == 0)
		*ret = pid;
	return r;
}

static volatile sig_atomic_t guest;

static void forward(int sig)
{
	(void)sig;
	if (guest > 0)
		(void)kill((pid_t)guest, SIGTERM);
}

int mp_vm_wait(pid_t pid, struct mp_err *err)
{
	const struct sigaction action = {.sa_handler = forward};
	int status = 0;

	guest = pid;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return mp_err_set(err, -errno, "cannot wait for QEMU");
	guest = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return mp_err_set(err, -EREMOTEIO, "QEMU ended with status %d",
			  WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
