/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - the system calls of each role (seccomp)
 *
 * What is not on the list answers EPERM, so that a library which probes for a newer call falls
 * back; what only an intruder wants ends the process. clone3 must answer ENOSYS: its flags cannot
 * be looked at, and libc then uses clone.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "sandbox/internal.h"

/* Names, not numbers: a name that this machine does not have is passed over. */
static const char *const common[] = {
	"brk",
	"clock_gettime",
	"clock_getres",
	"clock_nanosleep",
	"close",
	"close_range",
	"dup",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_wait",
	"eventfd2",
	"exit",
	"exit_group",
	"fcntl",
	"fstat",
	"futex",
	"getcwd",
	"getdents64",
	"getegid",
	"geteuid",
	"getgid",
	"getpid",
	"getrandom",
	"getrlimit",
	"prlimit64",
	"getrusage",
	"gettid",
	"gettimeofday",
	"getuid",
	"lseek",
	"madvise",
	"membarrier",
	"mmap",
	"mprotect",
	"mremap",
	"munmap",
	"nanosleep",
	"newfstatat",
	"open",
	"openat",
	"poll",
	"ppoll",
	"pread64",
	"pselect6",
	"read",
	"readlink",
	"readlinkat",
	"readv",
	"restart_syscall",
	"rseq",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sched_getaffinity",
	"sched_yield",
	"select",
	"set_robust_list",
	"set_tid_address",
	"sigaltstack",
	"stat",
	"statx",
	"sysinfo",
	"tgkill",
	"time",
	"uname",
	"write",
	"writev",
	"access",
	"faccessat",
	"faccessat2",
	"lstat",
	"arch_prctl",
	"fadvise64",
	/* an inherited socket is not made with socket() */
	"sendto",
	"recvfrom",
	"sendmsg",
	"recvmsg",
	"getsockopt",
	"shutdown",
};

static const char *const network[] = {
	"socket", "connect", "setsockopt", "getsockname", "getpeername", "socketpair", "pipe2",
	"pipe",	  "bind",    "ioctl",	   "sendmmsg",	  "recvmmsg",	 "clone",      "getsockopt",
};

/* the identity folder, through write-to-temporary and rename */
static const char *const files[] = {
	"fsync",     "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat",
	"ftruncate", "fchmod",	  "mkdir",  "mkdirat",	"chmod",     "umask",
};

static const char *const room_on_disk[] = {"statfs", "fstatfs"};

static const char *const devices[] = {
	"pwrite64",	   "pwritev", "preadv",	 "ioctl", "fallocate", "sync",	"syncfs",
	"sync_file_range", "statfs",  "fstatfs", "rmdir", "fchmodat",  "flock",
};

static const char *const unix_socket[] = {
	"connect", "setsockopt", "getsockname", "getpeername", "socketpair",
	"pipe2",   "pipe",	 "clone",	"ioctl",
};

static const char *const deadly[] = {
	"execve",
	"execveat",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"mount",
	"umount2",
	"move_mount",
	"fsopen",
	"open_tree",
	"pivot_root",
	"chroot",
	"setns",
	"unshare",
	"bpf",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"kexec_file_load",
	"reboot",
	"swapon",
	"swapoff",
	"perf_event_open",
	"userfaultfd",
	"keyctl",
	"add_key",
	"request_key",
	"io_uring_setup",
	"setuid",
	"setgid",
	"setresuid",
	"setresgid",
	"mknod",
	"mknodat",
};

struct list {
	const char *const *names;
	size_t n;
};
#define LIST(a) ((struct list){a, sizeof(a) / sizeof(*(a))})

static int add(scmp_filter_ctx ctx, uint32_t action, struct list l)
{
	for (size_t i = 0; i < l.n; i++) {
		int nr = seccomp_syscall_resolve_name(l.names[i]), r;

		if (nr == __NR_SCMP_ERROR)
			continue;
		r = seccomp_rule_add(ctx, action, nr, 0);
		if (r < 0 && r != -EEXIST)
			return r;
	}
	return 0;
}

/* Docker's socket is the only thing that `containers` connects to. */
static int allow_unix_sockets(scmp_filter_ctx ctx)
{
	int r = add(ctx, SCMP_ACT_ALLOW, LIST(unix_socket));

	if (r < 0)
		return r;
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, 1 /* AF_UNIX */, 0));
}

static int fill(scmp_filter_ctx ctx, enum mp_sandbox_role role)
{
	int r = add(ctx, SCMP_ACT_ALLOW, LIST(common));

	if (r == 0 && (role == MP_SANDBOX_FETCH || role == MP_SANDBOX_LWM2M))
		r = add(ctx, SCMP_ACT_ALLOW, LIST(network));
	if (r == 0 && role == MP_SANDBOX_LWM2M)
		r = add(ctx, SCMP_ACT_ALLOW, LIST(room_on_disk));
	if (r == 0 && role == MP_SANDBOX_CONTAINERS)
		r = allow_unix_sockets(ctx);
	if (r == 0 && role != MP_SANDBOX_CONTAINERS)
		r = add(ctx, SCMP_ACT_ALLOW, LIST(files));
	if (r == 0 && role == MP_SANDBOX_INSTALL)
		r = add(ctx, SCMP_ACT_ALLOW, LIST(devices));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r == 0)
		r = add(ctx, SCMP_ACT_KILL_PROCESS, LIST(deadly));
	return r;
}

int mp_sandbox_calls(const struct mp_sandbox *s, struct mp_err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = ctx ? fill(ctx, s->role) : -ENOMEM;

	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0)
		return mp_err_set(err, r == -ENOMEM ? r : -EPERM, "cannot filter system calls: %s",
				  strerror(-r));
	return 0;
}
