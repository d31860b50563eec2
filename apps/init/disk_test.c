/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include "base/test.h"

#define HASH "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"

TEST(slot_uuids_are_the_two_halves_of_the_root_hash)
{
	char root[37], verity[37];

	ASSERT_OK(init_slot_uuids(HASH, root, verity));
	ASSERT_STR("00112233-4455-6677-8899-aabbccddeeff", root);
	ASSERT_STR("01234567-89ab-cdef-0123-456789abcdef", verity);
	ASSERT_ERR(-EBADMSG, init_slot_uuids("0011", root, verity));
	ASSERT_ERR(-EBADMSG, init_slot_uuids(HASH "0", root, verity));
}
