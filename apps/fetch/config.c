/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "fetch.h"
#include "json/json.h"

static int copy(char *to, size_t room, const char *from, const char *what, struct mp_err *err)
{
	if (strlen(from) >= room)
		return mp_err_set(err, -EFBIG, "%s in product.json is too long", what);
	strcpy(to, from);
	return 0;
}

static int read_server(struct fetch_config *c, const struct mp_json *doc, const char *override,
		       struct mp_err *err)
{
	const struct mp_json *server = mp_json_get(doc, "server");
	const char *url = override ? override : mp_json_str(mp_json_get(server, "url"), "");
	size_t n;
	int r = copy(c->server, sizeof(c->server), url, "server.url", err);

	if (r < 0)
		return r;
	if (!mp_str_starts_with(url, "https://") && !mp_str_starts_with(url, "http://"))
		return mp_err_set(err, -EBADMSG,
				  "server.url in product.json is not an http(s) address");
	for (n = strlen(c->server); n > 0 && c->server[n - 1] == '/';)
		c->server[--n] = '\0';
	return 0;
}

int fetch_config_read(struct fetch_config *c, const char *root, const char *server,
		      struct mp_err *err)
{
	MP_BUF(text, 64 * 1024);
	auto_(mp_json) *doc = NULL;
	char path[FETCH_PATH];
	const char *product;
	int r;

	snprintf(c->root, sizeof(c->root), "%s", root);
	snprintf(path, sizeof(path), "%s/usr/share/microplatform/product.json", root);
	r = mp_file_read(path, &text, err);
	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &doc, err);
	if (r == 0)
		r = mp_json_read_str(doc, "product", &product, err);
	if (r == 0)
		r = copy(c->product, sizeof(c->product), product, "product", err);
	if (r == 0)
		r = read_server(c, doc, server, err);
	if (r < 0)
		return r;
	snprintf(c->ca, sizeof(c->ca), "%s/usr/share/microplatform/server-ca.pem", root);
	if (!mp_file_exists(c->ca))
		c->ca[0] = '\0';
	return 0;
}
