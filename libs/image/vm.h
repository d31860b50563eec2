/* SPDX-License-Identifier: Apache-2.0 */
/* vm.h - a built disk image in QEMU, as its board says: UEFI with Secure Boot, virtio, a watchdog
 *
 *     struct mp_vm vm = { .board = "qemu-x86_64", .disk = "run/device/disk.raw", ... };
 *     lock = mp_vm_lock(&vm, &err);                      // before anything is done to its disk
 *     r = mp_vm_make_disk("build/1.0.0", &vm, &err);     // once: the disk and its firmware
 *     r = mp_vm_start(&vm, lock, &pid, &err);
 *
 * Beside the disk lie the firmware (DISK.firmware) and its variables (DISK.vars): together they
 * are one machine that can be copied. `pid` is a keeper's: it starts QEMU, and again at each reset of the
 * guest. Killing it is cutting the power, for QEMU dies with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define MP_VM_PORTS 32

struct mp_vm {
	const char *source; /* this repository, or where it is installed: os/boards */
	const char *board;
	const char *disk;
	const char *dir; /* run folder: lock, qemu.log */
	const char *serial; /* log file, appended to */
	unsigned memory, cpus; /* MiB; 0: 1024 and 2 */
	uint64_t disk_size; /* MiB that a new disk gets; 0: 4096 */
	struct {
		unsigned host, guest;
	} ports[MP_VM_PORTS]; /* forwarded from 127.0.0.1 */
	unsigned n_ports;
	bool no_network;
	bool console; /* the serial line is our stdin and stdout too */
	bool detach; /* the machine outlives us */
	bool emulate; /* don't look for KVM */
	const char *const *more; /* further arguments of QEMU, NULL at the end; may be NULL */
	char accel[8]; /* set by mp_vm_start(): "kvm" or "tcg" */
};

/* A file descriptor, the caller's, that keeps the machine from everybody else while it, or a QEMU that was started
 * with it, is open. -EBUSY: it still runs after some seconds. */
int mp_vm_lock(const struct mp_vm *vm, struct mp_err *err);

/* Copy disk, firmware and variables of the board out of a folder that `mp build` made. -EEXIST: there is a disk. */
int mp_vm_make_disk(const char *built, const struct mp_vm *vm, struct mp_err *err);

/* Start QEMU under the lock, which is borrowed. Returns when it runs, or -EREMOTEIO with its complaint. */
int mp_vm_start(struct mp_vm *vm, int lock, pid_t *ret, struct mp_err *err);
/* Wait for its end; SIGTERM and SIGINT to us end it. */
int mp_vm_wait(pid_t pid, struct mp_err *err);
