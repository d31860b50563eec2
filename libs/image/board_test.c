/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/test.h"
#include "image/internal.h"

static char dir[] = "/tmp/board-test-XXXXXX";
static struct mp_err error;

/* A source tree with one board, whose board.yaml is ours with `from` replaced by `to`. */
static int load(const char *from, const char *to, struct board *ret)
{
	auto_free char *boards = mp_str_format("%s/os/boards/b", dir);
	MP_BUF(text, 65536);
	MP_BUF(changed, 65536);
	const char *at;

	if (mp_file_read(MP_SOURCE_DIR "/os/boards/qemu-x86_64/board.yaml", &text, NULL) < 0)
		return -EIO;
	at = strstr(mp_buf_str(&text), from);
	if (!at || mp_buf_add(&changed, text.data, (size_t)(at - text.data)) < 0 ||
	    mp_buf_printf(&changed, "%s%s", to, at + strlen(from)) < 0 ||
	    mp_file_make_dirs(boards, 0755, NULL) < 0 ||
	    tree_write(boards, "board.yaml", changed.data, changed.len, 0644, NULL) < 0)
		return -EIO;
	return board_load(dir, "b", ret, &error);
}

TEST(a_board_says_all_that_differs_between_architectures)
{
	struct board b;

	ASSERT(mkdtemp(dir));
	ASSERT_OK(load("efi: x64", "efi: aa64", &b));
	ASSERT_STR("amd64", b.architecture);
	ASSERT_STR("x86_64-linux-gnu", b.triplet);
	ASSERT_STR("aa64", b.efi);
	ASSERT_INT(36, strlen(b.root_type));
	ASSERT_INT(36, strlen(b.verity_type));
	ASSERT_STR("ovmf", b.firmware.package);
	ASSERT_STR("qemu-system-x86_64", b.qemu.program);
	ASSERT_STR("-global", b.qemu.arguments.items[0]);
	ASSERT(b.qemu.kvm);
	board_done(&b);
}

TEST(what_is_missing_or_unknown_in_a_board_is_named)
{
	static const struct {
		const char *from, *to, *word;
	} bad[] = {
		{"architecture: amd64", "", "architecture"},
		{"efi: x64", "efi: x64\ncolour: red", "colour"},
		{"  program:", "  programme:", "programme"},
		{"  machine: \"q35,smm=on\"", "", "machine"},
		{"kvm: true", "kvm: perhaps", "true or false"},
		{"package: ovmf, ", "", "package"},
		{", verity: 2c73", ", verify: 2c73", "verify"},
		{"esp: 128", "esp: many", "whole number"},
		{"initrd_modules:", "modules:", "modules"},
	};
	struct board b;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ASSERT(load(bad[i].from, bad[i].to, &b) < 0);
		ASSERT(strstr(error.text, bad[i].word));
	}
	ASSERT_ERR(-ENOENT, board_load(dir, "toaster", &b, &error));
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
}
