/* SPDX-License-Identifier: Apache-2.0 */
#include "slots/slots.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/test.h"
#include "crypto/hash.h"
#include "medium/fake.h"
#include "slots/sample.h"

#define BLOCKS 300
#define ROOT (BLOCKS * 4096u)
#define TREE (5 * 4096u)
/* What veritysetup 2.6.1 says of the image below. */
#define ROOT_HASH "5e5d875d285ad51d3d5bced1cb2de8850dee64b8ed61c939f23f6e639f98e781"
#define TREE_SHA256 "b06a3b599ab56047723a5b00d69edf4ded80518da80d40e5ea61a84831092f58"

static const struct mp_sample_sizes sizes = {4096, 320 * 4096, TREE, 4096, 0};

struct world {
	struct mp_fake *fake;
	struct mp_medium *m;
	struct mp_slots slots;
	uint8_t *root, *tree;
	char root_hash[65], tree_sha256[65];
	struct mp_slots_want want;
};

static void world_done(struct world *w)
{
	mp_fake_free(w->fake);
	free(w->root);
	free(w->tree);
}

#define WORLD(w) __attribute__((cleanup(world_done))) struct world w = {0}

static void make_image(struct world *w, uint64_t blocks)
{
	uint8_t salt[32], uuid[16];
	uint32_t x = 1;

	for (uint64_t i = 0; i < blocks * 4096; i++) {
		x = x * 1664525 + 1013904223;
		w->root[i] = (uint8_t)(x >> 24);
	}
	(void)mp_hex_parse("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", salt,
			   32);
	(void)mp_hex_parse("11111111222233334444555555555555", uuid, 16);
	(void)mp_sample_verity(w->root, blocks * 4096, salt, uuid, w->tree, w->root_hash);
	w->want.root_size = blocks * 4096;
	w->want.verity_size = mp_sample_verity_size(w->want.root_size);
	mp_sha256_hex(w->tree, w->want.verity_size, w->tree_sha256);
	w->want.root_hash = w->root_hash;
	w->want.verity_sha256 = w->tree_sha256;
}

static int make(struct world *w, uint64_t blocks)
{
	uint64_t size = mp_sample_disk_size(&sizes, 512);
	int r = mp_fake_new(&w->fake);

	w->root = malloc(ROOT);
	w->tree = malloc(TREE);
	w->m = mp_fake_medium(w->fake);
	if (r == 0)
		r = mp_fake_add_dir(w->fake, "/d", MP_FAKE_JOURNALED);
	if (r == 0)
		r = mp_medium_truncate(w->m, "/d/disk", size);
	if (r == 0)
		r = mp_sample_disk(w->m, "/d/disk", 512, &sizes);
	if (r == 0)
		r = mp_slots_read(w->m, "/d/disk", &w->slots, NULL);
	if (r < 0)
		return r;
	make_image(w, blocks);
	r = mp_medium_write(w->m, "/d/disk", w->slots.root[1].base, w->root, blocks * 4096);
	if (r == 0)
		r = mp_medium_write(w->m, "/d/disk", w->slots.verity[1].base, w->tree,
				    w->want.verity_size);
	return r;
}

static int flip(struct world *w, const struct mp_slots_part *p, uint64_t at)
{
	uint8_t b;

	if (mp_medium_read(w->m, p->device, p->base + at, &b, 1) != 1)
		return -EIO;
	b ^= 16;
	return mp_medium_write(w->m, p->device, p->base + at, &b, 1);
}

TEST(verity_agrees_with_veritysetup)
{
	WORLD(w);
	struct mp_err err = {""};

	ASSERT_OK(make(&w, BLOCKS));
	ASSERT_STR(ROOT_HASH, w.root_hash);
	ASSERT_STR(TREE_SHA256, w.tree_sha256);
	ASSERT_OK(mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, &err));
	ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_A, &w.want, &err));
	ASSERT_STR("the hash tree of the slot is not of our kind", err.text);
}

TEST(verity_checks_images_of_any_size)
{
	static const uint64_t blocks[] = {1, 2, 127, 128, 129, 255, 256, 257};

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		WORLD(w);

		ASSERT_OK(make(&w, blocks[i]));
		ASSERT_OK(mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, NULL));
		ASSERT_OK(flip(&w, &w.slots.root[1], blocks[i] * 4096 - 1));
		ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, NULL));
	}
}

TEST(verity_sees_any_flipped_bit)
{
	WORLD(w);

	ASSERT_OK(make(&w, BLOCKS));
	for (uint64_t at = 0; at < ROOT; at += 37 * 4096 + 11) {
		ASSERT_OK(flip(&w, &w.slots.root[1], at));
		ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, NULL));
		ASSERT_OK(flip(&w, &w.slots.root[1], at));
	}
	for (uint64_t at = 0; at < TREE; at += 1777) {
		ASSERT_OK(flip(&w, &w.slots.verity[1], at));
		ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, NULL));
		ASSERT_OK(flip(&w, &w.slots.verity[1], at));
	}
	ASSERT_OK(mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, NULL));
}

/* The manifest may even name the digest of a wrong tree: the tree itself is checked too. */
TEST(verity_sees_a_wrong_level_that_the_manifest_agrees_with)
{
	for (uint64_t at = 4096; at < TREE; at += 2048) {
		WORLD(w);
		struct mp_err err = {""};

		ASSERT_OK(make(&w, BLOCKS));
		ASSERT_OK(flip(&w, &w.slots.verity[1], at));
		w.tree[at] ^= 16;
		mp_sha256_hex(w.tree, TREE, w.tree_sha256);
		ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, &err));
	}
}

TEST(verity_refuses_what_does_not_fit_with_a_sentence)
{
	WORLD(w);
	struct mp_err err = {""};

	ASSERT_OK(make(&w, BLOCKS));
	w.want.root_size += 4096;
	ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, &err));
	ASSERT_STR("the hash tree is for an image of another size", err.text);
	w.want.root_size = 321 * 4096;
	ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, &err));
	ASSERT_STR("the image does not fit into the slot", err.text);
	w.want.root_size = ROOT;
	w.want.verity_size -= 4096;
	mp_sha256_hex(w.tree, w.want.verity_size, w.tree_sha256);
	ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, &err));
	ASSERT_STR("the hash tree is too short for its image", err.text);
	w.want.verity_size += 4096;
	mp_sha256_hex(w.tree, TREE, w.tree_sha256);
	w.root_hash[0] = w.root_hash[0] == '0' ? '1' : '0';
	ASSERT_ERR(-EBADMSG, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, &err));
	ASSERT(mp_str_starts_with(err.text, "the slot's root hash is 5e5d875d285ad51d"));
}

static int stop_soon(void *user, uint64_t done, uint64_t total)
{
	int *calls = user;

	return done > total || ++*calls == 3 ? -ECANCELED : 0;
}

TEST(verity_stops_when_asked)
{
	WORLD(w);
	int calls = 0;

	ASSERT_OK(make(&w, BLOCKS));
	w.want.progress = stop_soon;
	w.want.user = &calls;
	ASSERT_ERR(-ECANCELED, mp_slots_verify(w.m, &w.slots, MP_SLOT_B, &w.want, NULL));
	ASSERT_INT(3, calls);
}
