/* SPDX-License-Identifier: Apache-2.0
 * verity.c - check a written slot as dm-verity will
 *
 * The format is veritysetup's (superblock version 1, hash type 1): a superblock in block 0 of the
 * hash device, then the levels of the tree from the top down. A block of a level holds the digests
 * SHA-256(salt || block) of 128 blocks of the level below, the last one padded with zeros. So 128
 * blocks are read and hashed, and must give exactly the block that stands above them.
 */
#include "slots/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/le.h"
#include "base/str.h"
#include "crypto/hash.h"

#define BLOCK 4096u
#define FAN (BLOCK / MP_SHA256_LEN)
#define SUPERBLOCK 512u
#define MOST_LEVELS 10
#define SALT_MOST 256u

struct checker {
	struct mp_medium *m;
	const struct mp_slots_part *root, *verity;
	const struct mp_slots_want *want;
	struct mp_hash *hash;
	uint8_t *blocks; /* FAN * BLOCK bytes */
	uint8_t salt[SALT_MOST];
	size_t salt_len;
	uint64_t done; /* bytes read so far, for the progress */
};

struct level {
	uint64_t first; /* block of the hash device */
	uint64_t n; /* blocks */
};

static int read_part(struct checker *c, const struct mp_slots_part *p, uint64_t off, void *buf,
		     size_t len)
{
	ssize_t n = mp_medium_read(c->m, p->device, p->base + off, buf, len);

	if (n < 0)
		return (int)n;
	if ((size_t)n != len)
		return -EBADMSG;
	c->done += len;
	if (!c->want->progress)
		return 0;
	return c->want->progress(c->want->user, c->done,
				 c->want->root_size + 2 * c->want->verity_size);
}

static int check_superblock(struct checker *c, struct mp_err *err)
{
	uint8_t sb[SUPERBLOCK];
	int r = read_part(c, c->verity, 0, sb, sizeof(sb));

	if (r < 0)
		return r;
	if (memcmp(sb, "verity\0\0", 8) != 0 || mp_le32(sb + 8) != 1 || mp_le32(sb + 12) != 1 ||
	    strncmp((const char *)sb + 32, "sha256", 32) != 0 || mp_le32(sb + 64) != BLOCK ||
	    mp_le32(sb + 68) != BLOCK)
		return mp_err_set(err, -EBADMSG, "the hash tree of the slot is not of our kind");
	if (mp_le64(sb + 72) != c->want->root_size / BLOCK)
		return mp_err_set(err, -EBADMSG, "the hash tree is for an image of another size");
	c->salt_len = mp_le16(sb + 80);
	if (c->salt_len > SALT_MOST)
		return mp_err_set(err, -EBADMSG, "the hash tree's salt is too long");
	memcpy(c->salt, sb + 88, c->salt_len);
	return 0;
}

/* SHA-256 of all that the verity part holds, as the manifest names it. */
static int check_sha256(struct checker *c, struct mp_err *err)
{
	uint8_t digest[MP_SHA256_LEN];
	char hex[65];

	for (uint64_t off = 0; off < c->want->verity_size;) {
		uint64_t left = c->want->verity_size - off;
		size_t n = left < FAN * BLOCK ? (size_t)left : FAN * BLOCK;
		int r = read_part(c, c->verity, off, c->blocks, n);

		if (r < 0)
			return r;
		mp_hash_add(c->hash, c->blocks, n);
		off += n;
	}
	mp_hash_end(c->hash, digest);
	mp_hex_format(digest, sizeof(digest), hex);
	if (!mp_streq(hex, c->want->verity_sha256))
		return mp_err_set(err, -EBADMSG, "the hash tree in the slot is not the release's");
	return 0;
}

static void hash_block(struct checker *c, const uint8_t *block, uint8_t *digest)
{
	mp_hash_add(c->hash, c->salt, c->salt_len);
	mp_hash_add(c->hash, block, BLOCK);
	mp_hash_end(c->hash, digest);
}

/* Read up to FAN blocks and make the block of digests that stands above them. */
static int hash_group(struct checker *c, const struct mp_slots_part *p, uint64_t off, uint64_t n,
		      uint8_t above[BLOCK])
{
	int r = read_part(c, p, off, c->blocks, (size_t)n * BLOCK);

	if (r < 0)
		return r;
	memset(above, 0, BLOCK);
	for (uint64_t i = 0; i < n; i++)
		hash_block(c, c->blocks + i * BLOCK, above + i * MP_SHA256_LEN);
	return 0;
}

/* Does `upper` hold the digests of the `n` blocks that begin at `off` of `p`? */
static int check_level(struct checker *c, const struct mp_slots_part *p, uint64_t off, uint64_t n,
		       const struct level *upper, struct mp_err *err)
{
	uint8_t want[BLOCK], stands[BLOCK];

	for (uint64_t i = 0; i < upper->n; i++) {
		uint64_t left = n - i * FAN;
		int r = hash_group(c, p, off + i * FAN * BLOCK, left < FAN ? left : FAN, want);

		if (r == 0)
			r = read_part(c, c->verity, (upper->first + i) * BLOCK, stands, BLOCK);
		if (r < 0)
			return r;
		if (memcmp(want, stands, BLOCK) != 0)
			return mp_err_set(err, -EBADMSG,
					  "the slot does not match its hash tree, near byte %llu",
					  (unsigned long long)(off + i * FAN * BLOCK));
	}
	return 0;
}

static int check_top(struct checker *c, const struct mp_slots_part *p, uint64_t off,
		     struct mp_err *err)
{
	uint8_t above[BLOCK];
	char hex[65];
	int r = hash_group(c, p, off, 1, above);

	if (r < 0)
		return r;
	mp_hex_format(above, MP_SHA256_LEN, hex);
	if (!mp_streq(hex, c->want->root_hash))
		return mp_err_set(err, -EBADMSG, "the slot's root hash is %.16s… instead of %.16s…",
				  hex, c->want->root_hash);
	return 0;
}

/* Where each level stands; level 0 is the one right above the data. Returns how many. */
static int place_levels(uint64_t data_blocks, uint64_t verity_size,
			struct level levels[MOST_LEVELS])
{
	uint64_t at = 1;
	int n = 0;

	for (uint64_t below = data_blocks; below > 1 && n < MOST_LEVELS; n++) {
		below = (below + FAN - 1) / FAN;
		levels[n].n = below;
	}
	for (int i = n - 1; i >= 0; i--) {
		levels[i].first = at;
		at += levels[i].n;
	}
	return at * BLOCK <= verity_size ? n : -EBADMSG;
}

static int check_tree(struct checker *c, struct mp_err *err)
{
	uint64_t blocks = c->want->root_size / BLOCK;
	struct level levels[MOST_LEVELS];
	int n = place_levels(blocks, c->want->verity_size, levels);
	int r = 0;

	if (n < 0)
		return mp_err_set(err, n, "the hash tree is too short for its image");
	if (n == 0)
		return check_top(c, c->root, 0, err);
	r = check_level(c, c->root, 0, blocks, &levels[0], err);
	for (int i = 1; r == 0 && i < n; i++)
		r = check_level(c, c->verity, levels[i - 1].first * BLOCK, levels[i - 1].n,
				&levels[i], err);
	return r < 0 ? r : check_top(c, c->verity, levels[n - 1].first * BLOCK, err);
}

static int check(struct checker *c, struct mp_err *err)
{
	const struct mp_slots_want *w = c->want;
	int r;

	if (w->root_size == 0 || w->root_size % BLOCK || w->root_size > c->root->size ||
	    w->verity_size < BLOCK || w->verity_size > c->verity->size)
		return mp_err_set(err, -EBADMSG, "the image does not fit into the slot");
	r = check_superblock(c, err);
	if (r == 0)
		r = check_sha256(c, err);
	return r < 0 ? r : check_tree(c, err);
}

int mp_slots_verify(struct mp_medium *m, const struct mp_slots *s, enum mp_slot slot,
		    const struct mp_slots_want *want, struct mp_err *err)
{
	auto_(mp_hash) *hash = NULL;
	auto_free uint8_t *blocks = malloc(FAN * BLOCK);
	struct checker c = {.m = m,
			    .root = &s->root[slot],
			    .verity = &s->verity[slot],
			    .want = want,
			    .blocks = blocks};
	struct mp_err why = {""};
	int r = mp_hash_new(MP_SHA256, &hash);

	if (r < 0 || !blocks)
		return mp_err_set(err, -ENOMEM, "out of memory");
	c.hash = hash;
	r = check(&c, &why);
	if (r < 0 && !why.text[0])
		return mp_err_set(err, r, "cannot read the slot back: %s", strerror(-r));
	return r < 0 ? mp_err_set(err, r, "%s", why.text) : 0;
}
