/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/test.h"
#include "image/internal.h"

TEST(archive_has_entries_padded_to_four_bytes)
{
	MP_BUF(out, 4096);

	ASSERT_OK(cpio_add(&out, "init", 0100755, "#!", 2));
	ASSERT_INT(110 + 6 + 4,
		   out.len); /* "init" and its NUL are 5: one more to a multiple of 4 */
	ASSERT(memcmp(out.data, "07070100000001000081ed", 22) == 0);
	ASSERT(memcmp(out.data + 54, "00000002", 8) == 0);
	ASSERT(memcmp(out.data + 94, "00000005", 8) == 0);
	ASSERT(memcmp(out.data + 110, "init\0\0#!\0\0", 10) == 0);
	ASSERT_OK(cpio_end(&out));
	ASSERT_INT(0, out.len % 4);
	ASSERT(memmem(out.data, out.len, "TRAILER!!!", 11));
}

TORTURE(archive_survives_oom)
{
	MP_BUF(out, 4096);
	int r = cpio_add(&out, "init", 0100755, "#!", 2);

	return r < 0 ? r : cpio_end(&out);
}
