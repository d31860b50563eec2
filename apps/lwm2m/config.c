/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - which server, and who we are there
 *
 * The identity is fetch's (identity/, which we only read): certificate and key from enrollment, or
 * lwm2m.psk, "IDENTITY:KEY" with the key in hexadecimal, which then counts more. Keys are not
 * copied into object 0: an account without credentials of its own has these.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/file.h"
#include "base/str.h"
#include "json/json.h"
#include "worker.h"

static int copy(char *to, size_t room, const char *from, const char *what, struct mp_err *err)
{
	if (strlen(from) >= room)
		return mp_err_set(err, -EFBIG, "%s in product.json is too long", what);
	strcpy(to, from);
	return 0;
}

static int read_product(struct config *c, struct mp_err *err)
{
	MP_BUF(text, 64 * 1024);
	auto_(mp_json) *doc = NULL;
	const char *product, *board;
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s/usr/share/microplatform/product.json", c->root);
	r = mp_file_read(path, &text, err);
	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &doc, err);
	if (r == 0)
		r = mp_json_read_str(doc, "product", &product, err);
	if (r == 0)
		r = mp_json_read_str(doc, "board", &board, err);
	if (r == 0)
		r = copy(c->product, sizeof(c->product), product, "product", err);
	if (r == 0)
		r = copy(c->board, sizeof(c->board), board, "board", err);
	if (r == 0)
		r = copy(c->uri, sizeof(c->uri),
			 mp_json_str(mp_json_get(mp_json_get(doc, "server"), "lwm2m"), ""),
			 "server.lwm2m", err);
	return r;
}

int config_read(struct config *c, const char *root, struct mp_err *err)
{
	MP_BUF(text, 16 * 1024);
	char path[512];
	int r;

	snprintf(c->root, sizeof(c->root), "%s", root);
	c->certificate.limit = c->key.limit = c->ca.limit = PEM_MOST;
	r = read_product(c, err);
	if (r < 0)
		return r;
	if (!*c->uri)
		return mp_err_set(err, -EINVAL, "product.json names no LwM2M server");
	snprintf(path, sizeof(path), "%s/proc/cmdline", c->root);
	if (mp_file_read(path, &text, NULL) == 0)
		(void)mp_cmdline_get(mp_buf_str(&text), "mp.release", c->release,
				     sizeof(c->release));
	return 0;
}

static int read_identity(const struct config *c, const char *name, struct mp_buf *to)
{
	char path[512];

	to->len = 0;
	snprintf(path, sizeof(path), "%s" STATE_DIR "/identity/%s", c->root, name);
	return mp_file_read(path, to, NULL) < 0 || !to->len ? -ENOENT : 0;
}

static int digit(char c)
{
	return c >= '0' && c <= '9'		    ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 87
						    : -1;
}

/* "IDENTITY:KEY": the key is after the last colon. */
static int parse_psk(struct config *c, const char *line, struct mp_err *err)
{
	const char *end = line + strcspn(line, " \t\r\n"),
		   *colon = memrchr(line, ':', (size_t)(end - line));
	size_t n = colon ? (size_t)(end - colon - 1) / 2 : 0;

	if (!colon || colon == line || (size_t)(colon - line) >= sizeof(c->psk_identity) ||
	    n == 0 || n > sizeof(c->psk) || (end - colon - 1) % 2)
		return mp_err_set(err, -EBADMSG,
				  "lwm2m.psk is not IDENTITY:KEY with the key in hexadecimal");
	for (size_t i = 0; i < n; i++) {
		int high = digit(colon[1 + 2 * i]), low = digit(colon[2 + 2 * i]);

		if (high < 0 || low < 0)
			return mp_err_set(err, -EBADMSG, "the key in lwm2m.psk is not hexadecimal");
		c->psk[i] = (uint8_t)(high << 4 | low);
	}
	snprintf(c->psk_identity, sizeof(c->psk_identity), "%.*s", (int)(colon - line), line);
	c->psk_len = n;
	return 0;
}

static int load_certificate(struct config *c, struct mp_err *err)
{
	char path[512];

	if (read_identity(c, "cert.pem", &c->certificate) < 0 ||
	    read_identity(c, "key.pem", &c->key) < 0)
		return mp_err_set(err, -ENOENT, "this device is not enrolled yet");
	snprintf(path, sizeof(path), "%s/usr/share/microplatform/server-ca.pem", c->root);
	c->ca.len = 0;
	return mp_file_read(path, &c->ca, err) < 0
		       ? mp_err_wrap(err, -EBADMSG, "whom to trust is not known")
		       : 0;
}

int identity_load(struct config *c, struct mp_err *err)
{
	MP_BUF(line, 1024);

	if (read_identity(c, "device-id", &line) < 0)
		return mp_err_set(err, -ENOENT, "this device has no name yet");
	snprintf(c->id, sizeof(c->id), "%.*s", (int)strcspn(mp_buf_str(&line), " \t\r\n"),
		 mp_buf_str(&line));
	if (read_identity(c, "lwm2m.psk", &line) == 0)
		return parse_psk(c, mp_buf_str(&line), err);
	return load_certificate(c, err);
}

void config_done(struct config *c)
{
	mp_buf_done(&c->certificate);
	mp_buf_done(&c->key);
	mp_buf_done(&c->ca);
}
