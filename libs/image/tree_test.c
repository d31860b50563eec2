/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "image/internal.h"

static char top[] = "/tmp/mp-tree-XXXXXX";

static const char *at(const char *path)
{
	static char full[8][512];
	static int next;
	char *p = full[next++ % 8];

	(void)snprintf(p, 512, "%s/%s", top, path);
	return p;
}

static int begin(void)
{
	strcpy(top, "/tmp/mp-tree-XXXXXX");
	return mkdtemp(top) ? 0 : -errno;
}

static int put(const char *path)
{
	return tree_write(top, path, path, strlen(path), 0644, NULL);
}

TEST(patterns_remove_all_below_but_what_is_kept)
{
	LIST(patterns);

	ASSERT_OK(begin());
	ASSERT_OK(put("usr/bin/gone"));
	ASSERT_OK(put("usr/bin/kept"));
	ASSERT_OK(put("usr/share/doc/a/b"));
	ASSERT_OK(put("usr/lib/x/units/a.service"));
	ASSERT_OK(list_add(&patterns, "usr/bin/*"));
	ASSERT_OK(list_add(&patterns, "!usr/bin/kept"));
	ASSERT_OK(list_add(&patterns, "usr/share/doc"));
	ASSERT_OK(list_add(&patterns, "usr/lib/*/units/*.service"));
	ASSERT_OK(tree_remove(top, &patterns, NULL));
	ASSERT(!mp_file_exists(at("usr/bin/gone")));
	ASSERT(mp_file_exists(at("usr/bin/kept")));
	ASSERT(!mp_file_exists(at("usr/share/doc")));
	ASSERT(mp_file_exists(at("usr/share")));
	ASSERT(mp_file_exists(at("usr/lib/x/units")));
	ASSERT(!mp_file_exists(at("usr/lib/x/units/a.service")));
	ASSERT_OK(mp_file_remove_tree(top, NULL));
}

TEST(laying_over_a_linked_tree_leaves_the_first_alone)
{
	MP_BUF(text, 64);

	ASSERT_OK(begin());
	ASSERT_OK(put("a/file"));
	ASSERT_OK(put("over/file"));
	ASSERT_OK(tree_link(at("a"), at("b"), NULL));
	ASSERT_OK(tree_lay(at("over"), at("b"), NULL));
	ASSERT_OK(mp_file_read(at("a/file"), &text, NULL));
	ASSERT_STR("a/file", mp_buf_str(&text));
	mp_buf_reset(&text);
	ASSERT_OK(mp_file_read(at("b/file"), &text, NULL));
	ASSERT_STR("over/file", mp_buf_str(&text));
	ASSERT_OK(mp_file_remove_tree(top, NULL));
}

TEST(settled_tree_has_nothing_setuid_or_writable_by_others)
{
	struct stat st;

	ASSERT_OK(begin());
	ASSERT_OK(put("mount"));
	ASSERT_OK(chmod(at("mount"), 06777));
	ASSERT_OK(mkdir(at("tmp"), 0755));
	ASSERT_OK(chmod(at("tmp"), 01777));
	ASSERT_OK(tree_settle(top, NULL));
	ASSERT_OK(stat(at("mount"), &st));
	ASSERT_INT(0755, st.st_mode & 07777);
	ASSERT_OK(stat(at("tmp"), &st));
	ASSERT_INT(01777, st.st_mode & 07777);
	ASSERT_OK(mp_file_remove_tree(top, NULL));
}

TEST(digest_sees_names_contents_links_and_the_exec_bit)
{
	char seen[5][65];

	ASSERT_OK(begin());
	ASSERT_OK(put("d/a"));
	ASSERT_OK(tree_digest(at("d"), seen[0], NULL));
	ASSERT_OK(chmod(at("d/a"), 0600));
	ASSERT_OK(tree_digest(at("d"), seen[1], NULL));
	ASSERT_STR(seen[0], seen[1]);
	ASSERT_OK(chmod(at("d/a"), 0755));
	ASSERT_OK(tree_digest(at("d"), seen[1], NULL));
	ASSERT_OK(symlink("a", at("d/b")));
	ASSERT_OK(tree_digest(at("d"), seen[2], NULL));
	ASSERT_OK(rename(at("d/b"), at("d/c")));
	ASSERT_OK(tree_digest(at("d"), seen[3], NULL));
	ASSERT_OK(tree_write(top, "d/a", "x", 1, 0755, NULL));
	ASSERT_OK(tree_digest(at("d"), seen[4], NULL));
	for (int i = 0; i < 5; i++)
		for (int k = 0; k < i; k++)
			ASSERT(strcmp(seen[i], seen[k]) != 0);
	ASSERT_OK(mp_file_remove_tree(top, NULL));
}

TEST(copy_keeps_bytes_and_size_across_holes)
{
	MP_BUF(text, 4u << 20);
	struct stat st;

	ASSERT_OK(begin());
	ASSERT_OK(tree_write(top, "a", "begin", 5, 0644, NULL));
	ASSERT_OK(truncate(at("a"), 3 << 20));
	ASSERT_OK(file_copy(at("a"), at("b"), NULL));
	ASSERT_OK(stat(at("b"), &st));
	ASSERT_INT(3 << 20, st.st_size);
	ASSERT_OK(file_place(at("a"), at("b"), 1 << 20, NULL));
	ASSERT_OK(mp_file_read(at("b"), &text, NULL));
	ASSERT(memcmp(text.data + (1 << 20), "begin", 5) == 0);
	ASSERT_OK(mp_file_remove_tree(top, NULL));
}
