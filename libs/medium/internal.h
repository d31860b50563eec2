/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what fake.c (the operations) and fake_power.c (the cut) share */
#pragma once

#include "medium/fake.h"

#define FAKE_SECTOR 512u

struct bytes {
	uint8_t *data;
	size_t len;
};

/* A file's contents, or a device. */
struct inode {
	struct bytes live, durable;
	bool device;
	bool crossed; /* two FAT names lead to the same clusters */
	struct inode *next;
};

/* A name of an inode, or of a piece of a device. */
struct name {
	char *path;
	struct inode *inode;
	uint64_t off, size; /* devices and partitions alone */
};

struct names {
	struct name *at;
	size_t n;
};

struct dir {
	char *path;
	enum mp_fake_kind kind;
	uint64_t room;
};

enum op_kind { OP_WRITE, OP_TRUNCATE, OP_ADD, OP_DEL, OP_RENAME };

/* Something done that is not durable yet. */
struct op {
	enum op_kind kind;
	char *name; /* through which name; for OP_RENAME the old one */
	char *to; /* OP_RENAME */
	struct inode *inode;
	uint64_t off; /* in the inode; for OP_TRUNCATE the new size */
	struct bytes bytes; /* OP_WRITE */
	bool whole; /* OP_RENAME: the file was flushed since */
	struct op *next;
};

struct mp_fake {
	struct mp_medium medium;
	struct inode *inodes;
	struct names live, durable;
	struct dir *dirs;
	size_t n_dirs;
	struct op *first, **last;
	uint64_t changes, cut_at;
	bool off, held;
};

int mp_fake_add_inode(struct mp_fake *w, struct inode **ret);
struct name *mp_fake_find(const struct names *t, const char *path);
struct dir *mp_fake_dir_of(const struct mp_fake *w,
			   const char *path); /* the folder that it lies in */
int mp_fake_add_name(struct names *t, const char *path, struct inode *inode);
void mp_fake_del_name(struct names *t, const char *path);
int mp_fake_resize(struct bytes *b, size_t len);
/* Make one write or truncate, or its half, durable. */
int mp_fake_apply_data(const struct op *o, uint32_t (*pick)(void *), void *user);
int mp_fake_apply_name(struct mp_fake *w, const struct op *o);
void mp_fake_drop_op(struct mp_fake *w, struct op **at);
