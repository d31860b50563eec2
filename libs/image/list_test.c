/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "image/internal.h"

TEST(list_file_has_comments_and_blank_lines)
{
	static const char text[] = "# heading\n\none\ntwo   # why\n  \n-three\n";
	char path[] = "/tmp/mp-list-XXXXXX";
	LIST(l);
	int fd = mkstemp(path);

	ASSERT(fd >= 0);
	ASSERT_INT(0, close(fd));
	ASSERT_OK(mp_file_write(path, text, sizeof(text) - 1, 0644, NULL));
	ASSERT_OK(list_read(path, &l, NULL));
	ASSERT_INT(3, l.n);
	ASSERT_STR("two", l.items[1]);
	ASSERT(list_has(&l, "-three"));
	ASSERT(!list_has(&l, "three"));
	ASSERT_OK(unlink(path));
}

TEST(sorting_drops_doubles)
{
	static const char *const items[] = {"b", "a", "b", "c", "a"};
	LIST(l);

	for (int i = 0; i < 5; i++)
		ASSERT_OK(list_add(&l, items[i]));
	list_sort(&l);
	ASSERT_INT(3, l.n);
	ASSERT_STR("c", l.items[2]);
	ASSERT_OK(list_add(&l, "d"));
	ASSERT_INT(4, l.n);
}

TORTURE(adding_survives_oom)
{
	LIST(l);
	int r = list_add(&l, "one");

	return r < 0 ? r : list_add(&l, "two");
}
