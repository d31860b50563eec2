/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/file.h"
#include "base/str.h"
#include "json/json.h"

static int read_product(struct worker *w, struct mp_err *err)
{
	MP_BUF(text, 64 * 1024);
	auto_(mp_json) *doc = NULL;
	const char *product, *board;
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s/usr/share/microplatform/product.json", w->root);
	r = mp_file_read(path, &text, err);
	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &doc, err);
	if (r == 0)
		r = mp_json_read_str(doc, "product", &product, err);
	if (r == 0)
		r = mp_json_read_str(doc, "board", &board, err);
	if (r < 0)
		return r;
	snprintf(w->product, sizeof(w->product), "%s", product);
	snprintf(w->board, sizeof(w->board), "%s", board);
	return 0;
}

/* The value of `key` ("roothash=") on the kernel's command line; "" when it is not there. */
static int read_system(struct worker *w, struct mp_err *err)
{
	MP_BUF(cmdline, 16 * 1024);
	MP_BUF(boot, 128);
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s/proc/cmdline", w->root);
	r = mp_file_read(path, &cmdline, err);
	if (r < 0)
		return r;
	(void)mp_cmdline_get(mp_buf_str(&cmdline), "mp.release", w->version, sizeof(w->version));
	(void)mp_cmdline_get(mp_buf_str(&cmdline), "roothash", w->root_hash, sizeof(w->root_hash));
	if (!mp_version_is_valid(w->version))
		return mp_err_set(err, -ENOENT,
				  "the kernel's command line has no mp.release=VERSION");
	snprintf(path, sizeof(path), "%s/proc/sys/kernel/random/boot_id", w->root);
	r = mp_file_read(path, &boot, err);
	if (r == 0)
		snprintf(w->boot_id, sizeof(w->boot_id), "%.*s",
			 (int)strcspn(mp_buf_str(&boot), "\n"), mp_buf_str(&boot));
	return r;
}

int worker_init(struct worker *w, const char *root, const char *disk, struct mp_err *err)
{
	int r;

	*w = (struct worker){.root = root, .control.fd = -1, .data.fd = -1};
	r = mp_medium_posix_new(root, &w->medium);
	if (r < 0)
		return mp_err_set(err, r, "out of memory");
	r = read_product(w, err);
	if (r == 0)
		r = read_system(w, err);
	if (r < 0)
		return r;
	if (disk)
		snprintf(w->disk, sizeof(w->disk), "%s", disk);
	else
		r = worker_find_disk(w, w->disk, sizeof(w->disk));
	if (r < 0)
		return mp_err_set(err, -ENOENT,
				  "cannot find the disk that the root file system lies on");
	worker_store_init(w);
	w->config = (struct mp_install_config){.medium = w->medium,
					       .disk = w->disk,
					       .esp = WORKER_ESP,
					       .state_dir = WORKER_STATE,
					       .product = w->product,
					       .board = w->board,
					       .running_version = w->version,
					       .running_root_hash = w->root_hash,
					       .boot_id = w->boot_id};
	return 0;
}

void worker_done(struct worker *w)
{
	mp_pair_done(&w->control);
	mp_pair_done(&w->data);
	mp_medium_posix_free(w->medium);
	w->medium = NULL;
}
