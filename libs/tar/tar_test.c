/* SPDX-License-Identifier: Apache-2.0 */
#include "base/auto.h"
#include "base/test.h"
#include "tar/tar.h"

struct memory {
	const char *data;
	size_t len, step; /* step: most bytes a read gives */
};

static ssize_t from_memory(void *user, void *data, size_t len)
{
	struct memory *m = user;

	len = len < m->len ? len : m->len;
	len = m->step && len > m->step ? m->step : len;
	memcpy(data, m->data, len);
	m->data += len;
	m->len -= len;
	return (ssize_t)len;
}

static char long_name[301]; /* "aaa…/bbb…": too long for ustar */

static int add_entry(struct mp_buf *b, const struct mp_tar_entry *e, const char *data)
{
	static const char zeros[MP_TAR_BLOCK];
	int r = mp_tar_format(e, b);

	if (r == 0)
		r = mp_buf_add(b, data, e->size);
	return r < 0 ? r : mp_buf_add(b, zeros, mp_tar_padding(e->size));
}

/* A folder, a file with long name and attribute, a hard link, a symbolic link, a device, the end.
 */
static int make_sample(struct mp_buf *b)
{
	static const char end[MP_TAR_END];
	const struct mp_tar_entry entries[] = {
		{.type = MP_TAR_DIR, .path = ".", .mode = 0755},
		{.type = MP_TAR_FILE,
		 .path = long_name,
		 .size = 5,
		 .mode = 04755,
		 .uid = 1000,
		 .gid = 3000000,
		 .mtime = 1700000000,
		 .pax = "28 SCHILY.xattr.user.a=bc\nd\n",
		 .pax_len = 28},
		{.type = MP_TAR_HARDLINK, .path = "hard", .link = long_name},
		{.type = MP_TAR_SYMLINK, .path = "soft", .link = "../outside"},
		{.type = MP_TAR_CHAR, .path = "dev/null", .major = 1, .minor = 3},
		{.type = MP_TAR_DIR, .path = "dir", .mode = 01777},
	};
	int r = 0;

	memset(long_name, 'a', 300);
	long_name[140] = '/';
	for (size_t i = 0; r == 0 && i < sizeof(entries) / sizeof(*entries); i++)
		r = add_entry(b, &entries[i], "hello");
	return r < 0 ? r : mp_buf_add(b, end, sizeof(end));
}

TEST(entries_come_back_as_they_were_written)
{
	MP_BUF(b, 1 << 20);
	struct memory m = {.step = 7};
	struct mp_tar_reader r = {.read = from_memory, .user = &m};
	struct mp_tar_entry e;
	char data[16] = "";

	ASSERT_OK(make_sample(&b));
	m.data = b.data;
	m.len = b.len;
	ASSERT_INT(1, mp_tar_next(&r, &e));
	ASSERT_STR(".", e.path);
	ASSERT_INT(MP_TAR_DIR, e.type);
	ASSERT_INT(1, mp_tar_next(&r, &e));
	ASSERT_STR(long_name, e.path);
	ASSERT_INT(04755, e.mode);
	ASSERT_INT(3000000, e.gid);
	ASSERT_INT(1700000000, e.mtime);
	ASSERT_INT(28, e.pax_len);
	ASSERT_INT(5, mp_tar_data(&r, data, sizeof(data)));
	ASSERT_STR("hello", data);
	ASSERT_INT(0, mp_tar_data(&r, data, sizeof(data)));
	ASSERT_INT(1, mp_tar_next(&r, &e));
	ASSERT_STR(long_name, e.link);
	ASSERT(!e.pax);
	ASSERT_INT(1, mp_tar_next(&r, &e));
	ASSERT_STR("../outside", e.link);
	ASSERT_INT(1, mp_tar_next(&r, &e));
	ASSERT_INT(3, e.minor);
	ASSERT_INT(1, mp_tar_next(&r, &e));
	ASSERT_STR("dir", e.path);
	ASSERT_INT(0, mp_tar_next(&r, &e));
	mp_tar_reader_done(&r);
}

/* Read everything; the first failure, or 0. */
static int read_through(const char *data, size_t len)
{
	struct memory m = {.data = data, .len = len};
	struct mp_tar_reader r = {.read = from_memory, .user = &m};
	struct mp_tar_entry e;
	int n;

	while ((n = mp_tar_next(&r, &e)) > 0)
		;
	mp_tar_reader_done(&r);
	return n;
}

TEST(an_archive_cut_anywhere_is_refused)
{
	MP_BUF(b, 1 << 20);

	ASSERT_OK(make_sample(&b));
	ASSERT_OK(read_through(b.data, b.len));
	for (size_t n = 0; n <= b.len - MP_TAR_END; n++) {
		auto_free char *exact = malloc(n ? n : 1);

		memcpy(exact, b.data, n);
		ASSERT_ERR(-EBADMSG, read_through(exact, n));
	}
}

TEST(a_changed_header_is_refused)
{
	MP_BUF(b, 1 << 20);

	ASSERT_OK(make_sample(&b));
	b.data[3] ^= 1;
	ASSERT_ERR(-EBADMSG, read_through(b.data, b.len));
}

static int read_entry(const struct mp_tar_entry *wanted)
{
	MP_BUF(b, 1 << 20);
	static const char end[MP_TAR_END];
	int r = add_entry(&b, wanted, "");

	if (r == 0)
		r = mp_buf_add(&b, end, sizeof(end));
	return r < 0 ? r : read_through(b.data, b.len);
}

TEST(names_that_leave_the_root_are_refused)
{
	static const char *const bad[] = {"..", "../x", "a/../../x", "a/..", "/../etc/passwd"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ASSERT_ERR(-EBADMSG,
			   read_entry(&(struct mp_tar_entry){.type = MP_TAR_FILE, .path = bad[i]}));
		ASSERT_ERR(-EBADMSG,
			   read_entry(&(struct mp_tar_entry){
				   .type = MP_TAR_HARDLINK, .path = "x", .link = bad[i]}));
	}
	ASSERT_OK(read_entry(&(struct mp_tar_entry){.type = MP_TAR_FILE, .path = "a/..b/c.."}));
}

TEST(unknown_kinds_and_sparse_files_are_not_supported)
{
	ASSERT_ERR(-ENOTSUP, read_entry(&(struct mp_tar_entry){.type = 'S', .path = "x"}));
	ASSERT_ERR(-ENOTSUP, read_entry(&(struct mp_tar_entry){.type = MP_TAR_FILE,
							       .path = "x",
							       .pax = "22 GNU.sparse.major=1\n",
							       .pax_len = 22}));
}

TEST(broken_pax_records_are_refused)
{
	static const char *const bad[] = {"5 a=b\n",
					  "7 a=b\n",
					  "6 ab,\n",
					  "0 =\n",
					  "99999999999999999999 a=b\n",
					  "12 size=-1\n",
					  "12 size=1x\n",
					  "8 path=\n",
					  "x a=b\n",
					  "6 =ab\n",
					  "15 mtime=1.2.3\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ASSERT_ERR(-EBADMSG, read_entry(&(struct mp_tar_entry){.type = MP_TAR_FILE,
								       .path = "x",
								       .pax = bad[i],
								       .pax_len = strlen(bad[i])}));
}

TEST(names_are_reduced_to_their_components)
{
	static const char end[MP_TAR_END];
	MP_BUF(b, 1 << 20);
	struct memory m = {0};
	struct mp_tar_reader r = {.read = from_memory, .user = &m};
	struct mp_tar_entry e = {.type = MP_TAR_FILE, .path = "/.//a/./b//c"};

	ASSERT_OK(add_entry(&b, &e, ""));
	ASSERT_OK(mp_buf_add(&b, end, sizeof(end)));
	m = (struct memory){.data = b.data, .len = b.len};
	ASSERT_INT(1, mp_tar_next(&r, &e));
	ASSERT_STR("a/b/c", e.path);
	mp_tar_reader_done(&r);
}

TEST(a_long_name_with_a_slash_in_reach_needs_no_pax_header)
{
	char name[252];
	MP_BUF(b, 1 << 20);

	memset(name, 'n', 251);
	name[251] = '\0';
	name[155] = '/';
	ASSERT_OK(mp_tar_format(&(struct mp_tar_entry){.type = MP_TAR_FILE, .path = name}, &b));
	ASSERT_INT(MP_TAR_BLOCK, b.len);
}

TORTURE(tar_survives_oom)
{
	MP_BUF(b, 1 << 20);
	int r = make_sample(&b);

	return r < 0 ? r : read_through(b.data, b.len);
}
