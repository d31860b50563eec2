/* SPDX-License-Identifier: Apache-2.0 */
/* fake.h - a world in memory whose power can fail at any moment (tests alone use it)
 *
 *     mp_fake_new(&w);
 *     mp_fake_add_device(w, "/dev/sda", 1 << 20);
 *     mp_fake_add_dir(w, "/var", MP_FAKE_JOURNALED);
 *     mp_fake_cut_power(w, 17);                 // 17 more changes pass; the next one is the last
 *     ... run an installation on mp_fake_medium(w); after the cut each call returns -EIO ...
 *     mp_fake_power_on(w, seed);                // what had not been flushed: `seed` decides
 *
 * A change is one write, truncate, flush, rename, remove, make_dir or sync_dir. After a cut, each
 * write that was not flushed may be there, not there, or torn at any of its 512-byte sectors, and
 * a later one may be there without an earlier one. Names in a journaled folder come back as some
 * prefix of what was done to them; in a FAT folder each change of a name survives or not by
 * itself, and a rename may leave both names on the same clusters: removing one of the two then
 * ruins what the other one reads, as it does on a real FAT. Until the file is flushed under its new
 * name a rename may also leave the old name and an empty file under the new one; that the old name
 * does not go before the new one is whole is what mounting with dirsync buys (apps/init).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "medium/medium.h"

enum mp_fake_kind { MP_FAKE_JOURNALED, MP_FAKE_FAT };

struct mp_fake;
int mp_fake_new(struct mp_fake **ret);
void mp_fake_free(struct mp_fake *w);
DEFINE_AUTO(mp_fake)
/* The same world once more; power must be on and nothing unflushed. */
int mp_fake_clone(const struct mp_fake *w, struct mp_fake **ret);
struct mp_medium *mp_fake_medium(struct mp_fake *w); /* borrowed */

int mp_fake_add_device(struct mp_fake *w, const char *name, uint64_t size);
/* A partition is another name for a piece of a device; each name is flushed by itself. */
int mp_fake_add_partition(struct mp_fake *w, const char *name, const char *device, uint64_t off,
			  uint64_t size);
int mp_fake_add_dir(struct mp_fake *w, const char *name, enum mp_fake_kind kind);
/* How many bytes the files at and below a folder may take together; more is -ENOSPC. */
int mp_fake_set_room(struct mp_fake *w, const char *dir, uint64_t bytes);

/* Make everything durable. */
void mp_fake_settle(struct mp_fake *w);

void mp_fake_cut_power(struct mp_fake *w, uint64_t after); /* UINT64_MAX: never */
/* While held, changes are durable at once, are not counted, and power does not fail: for what
 * another program than the one under test does (the firmware). */
void mp_fake_hold_power(struct mp_fake *w, bool hold);
bool mp_fake_is_off(const struct mp_fake *w);
uint64_t mp_fake_changes(const struct mp_fake *w); /* made since the world began */
int mp_fake_power_on(struct mp_fake *w, uint32_t seed);
