/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "oci/internal.h"
#include "tar/tar.h"

#define EPOCH 1700000000

static char dir[64]; /* of the running test */

static const char *in_dir(const char *name)
{
	static char paths[4][200];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void begin(void)
{
	snprintf(dir, sizeof(dir), "/tmp/mp-oci-XXXXXX");
	if (!mkdtemp(dir))
		abort();
}

static void end(void)
{
	(void)mp_file_remove_tree(dir, NULL);
}

static void put(const char *name, const char *text, mode_t mode)
{
	if (mp_file_write(in_dir(name), text, strlen(text), mode, NULL) < 0)
		abort();
}

/* "type path mode uid size mtime link" of every entry, a line each. */
static int list(const char *layer, struct mp_buf *out)
{
	__attribute__((cleanup(oci_in_autofree))) struct oci_in *in = NULL;
	struct mp_tar_reader r = {.read = (ssize_t(*)(void *, void *, size_t))mp_oci_in_read};
	struct mp_tar_entry e;
	int n = mp_oci_in_open(layer, OCI_ZSTD, &in, NULL);

	r.user = in;
	while (n == 0 && (n = mp_tar_next(&r, &e)) > 0)
		n = mp_buf_printf(out, "%c %s %o %u %u %s\n", e.type, e.path, e.mode,
				  (unsigned)e.uid, (unsigned)e.size, e.link);
	mp_tar_reader_done(&r);
	return n;
}

static void make_tree(const char *const *order)
{
	(void)mkdir(in_dir("tree"), 0700);
	(void)mkdir(in_dir("tree/b"), 0700);
	for (; *order; order++)
		put(*order, *order, strcmp(*order, "tree/b/run") == 0 ? 0700 : 0600);
	(void)symlink("b/run", in_dir("tree/link"));
	(void)mkfifo(in_dir("tree/pipe"), 0600);
}

TEST(a_plain_folder_gives_the_same_layer_whatever_its_order_owner_and_umask)
{
	static const char *const one[] = {"tree/a", "tree/b/run", "tree/c", NULL};
	static const char *const two[] = {"tree/c", "tree/b/run", "tree/a", NULL};
	const struct mp_oci_source source = {.epoch = EPOCH, .plain = true};
	struct mp_oci_layer a, b;
	MP_BUF(text, 10000);

	begin();
	make_tree(one);
	ASSERT_OK(mp_oci_layer_create(in_dir("tree"), in_dir("a"), &source, &a, NULL));
	ASSERT_OK(mp_file_remove_tree(in_dir("tree"), NULL));
	make_tree(two);
	ASSERT_OK(chmod(in_dir("tree/a"), 0664));
	ASSERT_OK(chmod(in_dir("tree/b"), 02775));
	ASSERT_OK(mp_oci_layer_create(in_dir("tree"), in_dir("b"), &source, &b, NULL));
	ASSERT_STR(a.diff_id, b.diff_id);
	ASSERT_STR(a.sha256, b.sha256);
	ASSERT_INT(a.size, b.size);
	ASSERT_OK(list(in_dir("a"), &text));
	ASSERT_STR("0 a 644 0 6 \n5 b 755 0 0 \n0 b/run 755 0 10 \n0 c 644 0 6 \n2 link 777 0 0 "
		   "b/run\n",
		   mp_buf_str(&text));
	end();
}

TEST(a_plain_folder_keeps_the_mode_of_tmp)
{
	struct mp_oci_layer a;
	MP_BUF(text, 10000);

	begin();
	ASSERT_OK(mp_file_make_dirs(in_dir("tree/tmp"), 0755, NULL));
	ASSERT_OK(chmod(in_dir("tree/tmp"), 01777));
	ASSERT_OK(mp_oci_layer_create(in_dir("tree"), in_dir("a"),
				      &(struct mp_oci_source){.epoch = EPOCH, .plain = true}, &a,
				      NULL));
	ASSERT_OK(list(in_dir("a"), &text));
	ASSERT_STR("5 tmp 1777 0 0 \n", mp_buf_str(&text));
	end();
}

TEST(a_folder_keeps_its_hard_links_and_leaves_out_what_it_is_told)
{
	static const char *const order[] = {"tree/a", "tree/b/run", NULL};
	static const char *const without[] = {"b", "link", NULL};
	struct mp_oci_layer a;
	MP_BUF(text, 10000);

	begin();
	make_tree(order);
	ASSERT_OK(link(in_dir("tree/a"), in_dir("tree/z")));
	ASSERT_OK(mp_oci_layer_create(in_dir("tree"), in_dir("a"),
				      &(struct mp_oci_source){.epoch = EPOCH, .without = without},
				      &a, NULL));
	ASSERT_OK(list(in_dir("a"), &text));
	ASSERT(strstr(mp_buf_str(&text), "0 a 600"));
	ASSERT(strstr(mp_buf_str(&text), "1 z 600"));
	ASSERT(!strstr(mp_buf_str(&text), "b/run"));
	end();
}

static int add_entry(struct mp_buf *tar, struct mp_tar_entry e)
{
	static const char zeros[MP_TAR_BLOCK];
	int r = mp_tar_format(&e, tar);

	return r < 0 || !e.size ? r : mp_buf_add(tar, zeros, sizeof(zeros));
}

static int write_tar(const char *name)
{
	static const char zeros[MP_TAR_END];
	const struct mp_tar_entry entries[] = {
		{.type = MP_TAR_DIR, .path = ".", .mode = 0700},
		{.type = MP_TAR_DIR, .path = "dev", .mode = 0755},
		{.type = MP_TAR_CHAR, .path = "dev/null", .mode = 0666, .major = 1, .minor = 3},
		{.type = MP_TAR_FILE,
		 .path = "b",
		 .mode = 0644,
		 .uid = 7,
		 .size = 512,
		 .mtime = EPOCH + 5},
		{.type = MP_TAR_HARDLINK, .path = "a", .link = "b", .mode = 0644},
		{.type = MP_TAR_DIR, .path = "doc", .mode = 0755},
		{.type = MP_TAR_FILE, .path = "doc/x", .mode = 0644},
	};
	MP_BUF(tar, 1 << 16);
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(entries) / sizeof(*entries); i++)
		r = add_entry(&tar, entries[i]);
	if (r == 0)
		r = mp_buf_add(&tar, zeros, sizeof(zeros));
	return r < 0 ? r : mp_file_write(in_dir(name), tar.data, tar.len, 0644, NULL);
}

TEST(an_archive_loses_its_devices_its_root_and_what_it_is_told)
{
	static const char *const without[] = {"doc", NULL};
	struct mp_oci_layer a;
	MP_BUF(text, 10000);

	begin();
	ASSERT_OK(write_tar("in.tar"));
	ASSERT_OK(mp_oci_layer_create(in_dir("in.tar"), in_dir("a"),
				      &(struct mp_oci_source){.epoch = EPOCH, .without = without},
				      &a, NULL));
	ASSERT_OK(list(in_dir("a"), &text));
	ASSERT_STR("5 dev 755 0 0 \n0 b 644 7 512 \n1 a 644 0 0 b\n", mp_buf_str(&text));
	end();
}

TEST(a_hard_link_to_what_is_left_out_is_refused)
{
	static const char *const without[] = {"b", NULL};
	struct mp_oci_layer a;
	struct mp_err err;

	begin();
	ASSERT_OK(write_tar("in.tar"));
	ASSERT_ERR(-EBADMSG,
		   mp_oci_layer_create(in_dir("in.tar"), in_dir("a"),
				       &(struct mp_oci_source){.without = without}, &a, &err));
	ASSERT(strstr(err.text, "hard link"));
	ASSERT(!mp_file_exists(in_dir("a")));
	end();
}

TEST(what_is_no_archive_leaves_nothing_behind)
{
	struct mp_oci_layer a;
	struct mp_err err;

	begin();
	put("in.tar", "no tar", 0644);
	ASSERT_ERR(-EBADMSG, mp_oci_layer_create(in_dir("in.tar"), in_dir("out"),
						 &(struct mp_oci_source){0}, &a, &err));
	ASSERT(strstr(err.text, "not a sound tar archive"));
	ASSERT_ERR(-ENOENT, mp_oci_layer_create(in_dir("none"), in_dir("out"),
						&(struct mp_oci_source){0}, &a, &err));
	ASSERT_OK(unlink(in_dir("in.tar")));
	ASSERT_OK(rmdir(dir)); /* nothing else is in there */
}

TEST(the_configuration_has_one_form_and_its_digest_is_the_image_id)
{
	const struct mp_oci_layer layer = {.diff_id = "aa"};
	auto_(mp_json) *config = NULL;
	char id[65], again[65];
	MP_BUF(out, 10000);

	ASSERT_OK(mp_json_parse("{\"Cmd\":[\"x\"]}", 13, &config, NULL));
	ASSERT_OK(mp_oci_config_create(config, "amd64", EPOCH, &layer, 1, &out, id, NULL));
	ASSERT_STR(
		"{\"created\":\"2023-11-14T22:13:20Z\",\"architecture\":\"amd64\",\"os\":\"linux\","
		"\"config\":{\"Cmd\":[\"x\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
		"\"sha256:aa\"]}}",
		mp_buf_str(&out));
	mp_buf_reset(&out);
	ASSERT_OK(mp_oci_config_create(config, "amd64", EPOCH, &layer, 1, &out, again, NULL));
	ASSERT_STR(id, again);
}

/* What the tortures read is made before any allocation fails. */
static char ready[64], ready_tar[80], ready_tree[80], ready_out[80];

__attribute__((constructor)) static void make_ready(void)
{
	static const char *const order[] = {"tree/a", "tree/b/run", NULL};

	begin();
	make_tree(order);
	if (write_tar("in.tar") < 0 || link(in_dir("tree/a"), in_dir("tree/z")) < 0)
		abort();
	memcpy(ready, dir, sizeof(ready));
	snprintf(ready_tar, sizeof(ready_tar), "%s/in.tar", dir);
	snprintf(ready_tree, sizeof(ready_tree), "%s/tree", dir);
	snprintf(ready_out, sizeof(ready_out), "%s/out", dir);
}

__attribute__((destructor)) static void remove_ready(void)
{
	(void)mp_file_remove_tree(ready, NULL);
}

TORTURE(making_a_layer_of_an_archive_survives_oom)
{
	const struct mp_oci_source source = {.epoch = EPOCH, .level = 1};
	struct mp_oci_layer a;
	struct mp_err err;

	return mp_oci_layer_create(ready_tar, ready_out, &source, &a, &err);
}

TORTURE(making_a_layer_of_a_folder_survives_oom)
{
	const struct mp_oci_source source = {.epoch = EPOCH, .level = 1};
	struct mp_oci_layer a;
	struct mp_err err;

	return mp_oci_layer_create(ready_tree, ready_out, &source, &a, &err);
}

TORTURE(making_a_configuration_survives_oom)
{
	const struct mp_oci_layer layer = {.diff_id = "aa"};
	struct mp_err err;
	char id[65];
	MP_BUF(out, 10000);

	return mp_oci_config_create(NULL, "amd64", EPOCH, &layer, 1, &out, id, &err);
}
