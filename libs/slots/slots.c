/* SPDX-License-Identifier: Apache-2.0
 * slots.c - which partition is which, and giving a slot its UUIDs
 *
 * The table is changed so that one of its copies is good at every moment: a damaged copy is mended
 * first, then the backup copy is written and flushed, then the primary one. Power that fails during
 * the second write leaves a good backup, from which the firmware or the kernel (with `gpt` on its
 * command line) boots, and which mends the primary copy at the next start of the agent.
 */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/le.h"
#include "base/str.h"
#include "crypto/hash.h"

#define TYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
/* Discoverable Partitions Specification: root and root-verity, x86-64 and arm64 */
#define TYPE_ROOT_X86 "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
#define TYPE_ROOT_ARM "b921b045-1df0-41c3-af44-4c6f280d3fae"
#define TYPE_VERITY_X86 "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"
#define TYPE_VERITY_ARM "df3300ce-d69f-4c92-978c-9bfb0f38d820"

#define N_ROLES 6

static const struct {
	const char *label;
	const char *types[2]; /* NULL: any type */
	bool optional;
} roles[N_ROLES] = {
	{"esp", {TYPE_ESP, TYPE_ESP}, false},
	{"root-a", {TYPE_ROOT_X86, TYPE_ROOT_ARM}, false},
	{"root-b", {TYPE_ROOT_X86, TYPE_ROOT_ARM}, false},
	{"verity-a", {TYPE_VERITY_X86, TYPE_VERITY_ARM}, false},
	{"verity-b", {TYPE_VERITY_X86, TYPE_VERITY_ARM}, false},
	{"data", {NULL, NULL}, true},
};

static struct mp_slots_part *part_of_role(struct mp_slots *s, int role)
{
	struct mp_slots_part *parts[N_ROLES] = {&s->esp,       &s->root[0],   &s->root[1],
						&s->verity[0], &s->verity[1], &s->data};

	return parts[role];
}

/* The label as ASCII; anything else in it counts as '?'. */
static void label_of(const uint8_t *entry, char ret[37])
{
	int i;

	for (i = 0; i < 36 && mp_le16(entry + 56 + 2 * i); i++) {
		uint16_t c = mp_le16(entry + 56 + 2 * i);

		ret[i] = (char)(c < 128 ? c : '?');
	}
	ret[i] = '\0';
}

static bool plays_role(const uint8_t *entry, int role)
{
	char type[37], label[37];

	label_of(entry, label);
	if (!mp_streq(label, roles[role].label))
		return false;
	gpt_guid_format(entry, type);
	return !roles[role].types[0] || mp_streq(type, roles[role].types[0]) ||
	       mp_streq(type, roles[role].types[1]);
}

static void name_device(const char *disk, unsigned number, struct mp_slots_part *p)
{
	size_t n = strlen(disk);

	if (!mp_str_starts_with(disk, "/dev/")) {
		memcpy(p->device, disk, n + 1);
		return;
	}
	snprintf(p->device, sizeof(p->device), "%s%s%u", disk,
		 isdigit((unsigned char)disk[n - 1]) ? "p" : "", number);
	p->base = 0;
}

static int fill_part(const struct gpt *g, const char *disk, unsigned i, struct mp_slots_part *p)
{
	const uint8_t *entry = g->entries + (size_t)i * GPT_ENTRY;
	uint64_t first = mp_le64(entry + 32), last = mp_le64(entry + 40);

	if (p->number)
		return -EEXIST;
	if (first < g->first_usable || last > g->last_usable || first > last)
		return -EBADMSG;
	p->number = i + 1;
	p->base = first * g->sector;
	p->size = (last - first + 1) * g->sector;
	gpt_guid_format(entry + 16, p->uuid);
	name_device(disk, i + 1, p);
	return 0;
}

/* No two of our partitions may share a block: writing one slot would break another. */
static bool overlaps(const struct gpt *g, unsigned a, unsigned b)
{
	const uint8_t *x = g->entries + (size_t)(a - 1) * GPT_ENTRY;
	const uint8_t *y = g->entries + (size_t)(b - 1) * GPT_ENTRY;

	return mp_le64(x + 32) <= mp_le64(y + 40) && mp_le64(y + 32) <= mp_le64(x + 40);
}

static int check_parts(const struct gpt *g, struct mp_slots *s, struct mp_err *err)
{
	for (int i = 0; i < N_ROLES; i++) {
		unsigned number = part_of_role(s, i)->number;

		if (!number && !roles[i].optional)
			return mp_err_set(err, -ENOENT, "the disk %s has no partition '%s'",
					  s->disk, roles[i].label);
		for (int k = 0; k < i; k++) {
			unsigned other = part_of_role(s, k)->number;

			if (number && other && overlaps(g, number, other))
				return mp_err_set(err, -EBADMSG,
						  "the partitions '%s' and '%s' of %s overlap",
						  roles[k].label, roles[i].label, s->disk);
		}
	}
	return 0;
}

static int find_parts(const struct gpt *g, struct mp_slots *s, struct mp_err *err)
{
	for (unsigned i = 0; i < g->n; i++)
		for (int role = 0; role < N_ROLES; role++) {
			int r;

			if (!plays_role(g->entries + (size_t)i * GPT_ENTRY, role))
				continue;
			r = fill_part(g, s->disk, i, part_of_role(s, role));
			if (r == -EEXIST)
				return mp_err_set(err, -EBADMSG, "%s has two partitions '%s'",
						  s->disk, roles[role].label);
			if (r < 0)
				return mp_err_set(err, r,
						  "the partition '%s' of %s lies outside of it",
						  roles[role].label, s->disk);
		}
	return check_parts(g, s, err);
}

static int read_table(struct mp_medium *m, const char *disk, struct gpt **ret, struct mp_err *err)
{
	auto_free struct gpt *g = malloc(sizeof(*g));
	int r;

	if (!g)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = gpt_read(m, disk, g);
	if (r == -EBADMSG)
		return mp_err_set(err, r, "the disk %s has no good partition table", disk);
	if (r < 0)
		return mp_err_set(err, r, "cannot read the disk %s: %s", disk, strerror(-r));
	*ret = take_ptr(g);
	return 0;
}

int mp_slots_read(struct mp_medium *m, const char *disk, struct mp_slots *ret, struct mp_err *err)
{
	struct mp_slots s = {.damaged = false};
	auto_free struct gpt *g = NULL;
	int r;

	if (strlen(disk) == 0 || strlen(disk) >= sizeof(s.disk))
		return mp_err_set(err, -EINVAL, "'%s' is not the name of a disk", disk);
	memcpy(s.disk, disk, strlen(disk) + 1);
	r = read_table(m, disk, &g, err);
	if (r == 0)
		r = find_parts(g, &s, err);
	if (r < 0)
		return r;
	s.damaged = g->bad[GPT_PRIMARY] || g->bad[GPT_BACKUP];
	*ret = s;
	return 0;
}

int mp_slots_find(const struct mp_slots *s, const char *root_uuid)
{
	for (int i = 0; i < 2; i++)
		if (mp_streq(s->root[i].uuid, root_uuid))
			return i;
	return -ENOENT;
}

static int mend(struct mp_medium *m, const char *disk, struct gpt *g)
{
	for (int copy = 0; copy < 2; copy++) {
		int r = g->bad[copy] ? gpt_write(m, disk, g, copy) : 0;

		if (r < 0)
			return r;
		g->bad[copy] = false;
	}
	return 0;
}

int mp_slots_mend(struct mp_medium *m, const struct mp_slots *s, struct mp_err *err)
{
	auto_free struct gpt *g = NULL;
	int r;

	if (!s->damaged)
		return 0;
	r = read_table(m, s->disk, &g, err);
	if (r < 0)
		return r;
	r = mend(m, s->disk, g);
	if (r < 0)
		return mp_err_set(err, r, "cannot mend the partition table of %s: %s", s->disk,
				  strerror(-r));
	return 0;
}

static int set_uuid(struct gpt *g, const struct mp_slots_part *p, const char *text)
{
	uint8_t *at = g->entries + (size_t)(p->number - 1) * GPT_ENTRY + 16;

	if (text)
		return gpt_guid_parse(text, at);
	mp_random(at, 16);
	at[7] = (uint8_t)((at[7] & 0x0f) | 0x40); /* version 4: random (RFC 9562) */
	at[8] = (uint8_t)((at[8] & 0x3f) | 0x80);
	return 0;
}

static int assign(struct mp_medium *m, const struct mp_slots *s, struct gpt *g, enum mp_slot slot,
		  const char *root_uuid, const char *verity_uuid)
{
	int r = mend(m, s->disk, g);

	if (r == 0)
		r = set_uuid(g, &s->root[slot], root_uuid);
	if (r == 0)
		r = set_uuid(g, &s->verity[slot], verity_uuid);
	if (r == 0)
		r = gpt_write(m, s->disk, g, GPT_BACKUP);
	return r < 0 ? r : gpt_write(m, s->disk, g, GPT_PRIMARY);
}

int mp_slots_assign(struct mp_medium *m, struct mp_slots *s, enum mp_slot slot,
		    const char *root_uuid, const char *verity_uuid, struct mp_err *err)
{
	auto_free struct gpt *g = NULL;
	int r = read_table(m, s->disk, &g, err);

	if (r < 0)
		return r;
	if (s->root[slot].number > g->n || s->verity[slot].number > g->n)
		return mp_err_set(err, -EBADMSG, "the partition table of %s has changed", s->disk);
	r = assign(m, s, g, slot, root_uuid, verity_uuid);
	if (r < 0)
		return mp_err_set(err, r, "cannot write the partition table of %s: %s", s->disk,
				  strerror(-r));
	return mp_slots_read(m, s->disk, s, err);
}
