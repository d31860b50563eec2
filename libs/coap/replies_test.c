/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "coap/parts.h"

static size_t find(struct replies *r, uint64_t key)
{
	const uint8_t *data;
	size_t len;

	if (mp_coap_replies_find(r, key, 1, 0, &data, &len) != REPLY_KNOWN)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (data[i] != (uint8_t)key)
			return 0;
	}
	return len;
}

static void put(struct replies *r, uint64_t key, size_t len)
{
	uint8_t data[MESSAGE_MAX];

	memset(data, (int)(uint8_t)key, len);
	mp_coap_replies_put(r, key, 1, 0, data, len);
}

TEST(bytes_that_were_overwritten_are_never_given_out)
{
	struct replies r;
	unsigned known = 0;

	ASSERT_OK(mp_coap_replies_init(&r, 64));
	for (uint64_t key = 1; key < 5000; key++) {
		put(&r, key, 1 + key * 37 % 1300);
		ASSERT(find(&r, key) == 1 + key * 37 % 1300);
		for (uint64_t old = key > 70 ? key - 70 : 1; old < key; old++)
			known += find(&r, old) == 1 + old * 37 % 1300;
	}
	ASSERT(known > 5000);
	mp_coap_replies_done(&r);
}

TEST(a_key_that_comes_again_replaces_its_entry)
{
	struct replies r;

	ASSERT_OK(mp_coap_replies_init(&r, 64));
	for (int i = 0; i < 1000; i++) {
		put(&r, 7, 10);
		put(&r, 7 + 64, 20); /* of the same bucket */
	}
	ASSERT_INT(10, find(&r, 7));
	ASSERT_INT(20, find(&r, 7 + 64));
	mp_coap_replies_done(&r);
}

TEST(what_was_not_committed_is_forgotten_also_where_a_key_comes_again)
{
	static struct mp_coap c;

	ASSERT_OK(mp_coap_replies_init(&c.replies, 64));
	put(&c.replies, 7, 10);
	put(&c.replies, 8, 10);
	mp_coap_replies_are_sent(&c);
	put(&c.replies, 7, 20);
	mp_coap_forget_replies(&c);
	ASSERT(find(&c.replies, 7) <= 0);
	ASSERT_INT(10, find(&c.replies, 8));
	mp_coap_replies_done(&c.replies);
}
