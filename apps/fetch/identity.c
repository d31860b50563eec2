/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - who this device is: /var/lib/microplatform/identity, ours alone
 *
 *     device-id      the name the server knows; made here, or given on the ESP
 *     key.pem        made here, never leaves
 *     cert.pem       from enrollment
 *     enroll-token   until the certificate is there
 *     lwm2m.psk      IDENTITY:KEY in hexadecimal, for an LwM2M server that wants one; lwm2m reads it
 *     target-token   instead of all that, for a hawkBit that knows devices by token
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "fetch.h"

static void path_of(const struct fetch *f, const char *name, char path[FETCH_PATH])
{
	snprintf(path, FETCH_PATH, "%.400s/%s", f->identity.dir, name);
}

/* One line of text without the blanks at its end. -ENOENT. */
static int read_line(const struct fetch *f, const char *name, char *ret, size_t room)
{
	MP_BUF(text, 4096);
	char path[FETCH_PATH];
	size_t n;
	int r;

	path_of(f, name, path);
	r = mp_file_read(path, &text, NULL);
	if (r < 0)
		return r;
	n = strcspn(mp_buf_str(&text), " \t\r\n");
	if (n == 0)
		return -ENOENT;
	if (n >= room)
		return -EFBIG;
	memcpy(ret, text.data, n);
	ret[n] = '\0';
	return 0;
}

static int write_line(const struct fetch *f, const char *name, const char *value,
		      struct mp_err *err)
{
	char path[FETCH_PATH];

	path_of(f, name, path);
	return mp_file_write(path, value, strlen(value), 0600, err);
}

static int load_id(struct fetch *f, struct mp_err *err)
{
	struct fetch_identity *i = &f->identity;
	uint8_t random[6];
	char hex[13];

	if (read_line(f, "device-id", i->id, sizeof(i->id)) == 0) {
		if (mp_str_is_name(i->id, sizeof(i->id) - 1))
			return 0;
		return mp_err_set(err, -EBADMSG, "the device id '%s' is not a plain name", i->id);
	}
	mp_random(random, sizeof(random));
	mp_hex_format(random, sizeof(random), hex);
	snprintf(i->id, sizeof(i->id), "%.50s-%s", f->config.product, hex);
	return write_line(f, "device-id", i->id, err);
}

static bool has_certificate(const struct fetch *f)
{
	MP_BUF(text, 64 * 1024);
	struct mp_x509_info info;

	if (mp_file_read(f->identity.cert, &text, NULL) < 0)
		return false;
	if (mp_x509_parse(text.data, text.len, &info, NULL) < 0)
		return false;
	return mp_file_exists(f->identity.key) && mp_streq(info.cn, f->identity.id);
}

int fetch_identity_load(struct fetch *f, struct mp_err *err)
{
	struct fetch_identity *i = &f->identity;
	char token[100];
	int r;

	if (f->known)
		return 0;
	snprintf(i->dir, sizeof(i->dir), "%s/var/lib/microplatform/identity", f->config.root);
	r = load_id(f, err);
	if (r < 0)
		return r;
	i->key[0] = i->cert[0] = i->header[0] = '\0';
	if (read_line(f, "target-token", token, sizeof(token)) == 0) {
		snprintf(i->header, sizeof(i->header), "Authorization: TargetToken %s", token);
	} else if (mp_str_starts_with(f->config.server, "https://")) {
		path_of(f, "key.pem", i->key);
		path_of(f, "cert.pem", i->cert);
		r = has_certificate(f) ? 0 : fetch_enroll(f, err);
	}
	f->known = r == 0;
	return r;
}

int fetch_identity_seed(struct fetch *f, const char *what, const char *value, struct mp_err *err)
{
	static const struct {
		const char *what, *file;
	} kinds[] = {{"id", "device-id"},
		     {"token", "enroll-token"},
		     {"target-token", "target-token"},
		     {"lwm2m-psk", "lwm2m.psk"}};

	snprintf(f->identity.dir, sizeof(f->identity.dir), "%s/var/lib/microplatform/identity",
		 f->config.root);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (mp_streq(what, kinds[i].what))
			return write_line(f, kinds[i].file, value, err);
	return mp_err_set(err, -EPROTO, "'%s' is nothing that an identity has", what);
}
