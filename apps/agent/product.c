/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "json/json.h"
#include "options.h"

static unsigned seconds(const struct mp_json *doc, const char *key, unsigned or_else)
{
	int64_t v = mp_json_int(mp_json_get(doc, key), or_else);

	return v < 0 || v > 86400 ? or_else : (unsigned)v;
}

static bool has_channel(const struct mp_json *doc, const char *name)
{
	const struct mp_json *list = mp_json_get(doc, "channels");

	for (size_t i = 0; i < mp_json_size(list); i++)
		if (mp_streq(mp_json_str(mp_json_at(list, i), ""), name))
			return true;
	return false;
}

int product_read(const char *root, struct product *ret, struct mp_err *err)
{
	MP_BUF(text, 64 * 1024);
	auto_(mp_json) *doc = NULL;
	const char *name, *board;
	char path[512];
	struct stat st;
	int r;

	snprintf(path, sizeof(path), "%s/usr/share/microplatform/product.json", root);
	r = mp_file_read(path, &text, err);
	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &doc, err);
	if (r == 0)
		r = mp_json_read_str(doc, "product", &name, err);
	if (r == 0)
		r = mp_json_read_str(doc, "board", &board, err);
	if (r < 0)
		return mp_err_wrap(err, r, "product.json");
	*ret = (struct product){.poll_seconds = seconds(doc, "poll_seconds", 300),
				.proof_seconds = seconds(doc, "proof_timeout_seconds", 300),
				.grace_seconds = seconds(doc, "grace_seconds", 0),
				.built = stat(path, &st) == 0 ? st.st_mtime : 0};
	ret->lwm2m = *mp_json_str(mp_json_get(mp_json_get(doc, "server"), "lwm2m"), "") != '\0';
	ret->lwm2m_alone = ret->lwm2m && has_channel(doc, "lwm2m") && !has_channel(doc, "ddi");
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	snprintf(ret->board, sizeof(ret->board), "%s", board);
	return 0;
}
