/* SPDX-License-Identifier: Apache-2.0 */
#include "base/auto.h"
#include "base/file.h"
#include "base/str.h"
#include "base/test.h"

TEST(a_file_is_written_whole_read_back_and_removed_with_its_folder)
{
	char dir[] = "/tmp/mp-file-XXXXXX";
	auto_free char *deep = NULL, *path = NULL;
	MP_BUF(b, 100);

	ASSERT(mkdtemp(dir));
	deep = mp_str_format("%s/a/b", dir);
	path = mp_str_format("%s/f", deep);
	ASSERT_OK(mp_file_make_dirs(deep, 0755, NULL));
	ASSERT_OK(mp_file_write(path, "old", 3, 0600, NULL));
	ASSERT_OK(mp_file_write(path, "newer", 5, 0600, NULL));
	ASSERT_OK(mp_file_read(path, &b, NULL));
	ASSERT_STR("newer", mp_buf_str(&b));
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
	ASSERT(!mp_file_exists(dir));
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
}

TEST(a_file_that_is_too_large_is_refused_by_name)
{
	char path[] = "/tmp/mp-file-XXXXXX";
	auto_close int fd = mkstemp(path);
	struct mp_err err = {0};
	MP_BUF(b, 4);

	ASSERT_INT(5, write(fd, "12345", 5));
	ASSERT_ERR(-EFBIG, mp_file_read(path, &b, &err));
	ASSERT(strstr(err.text, path));
	unlink(path);
}
