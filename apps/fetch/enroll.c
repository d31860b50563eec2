/* SPDX-License-Identifier: Apache-2.0 */
/* enroll.c - a certificate for the key that was made here
 *
 * POST /enroll with the product's token and a signing request; the answer is the certificate. The
 * token goes once the certificate is there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/x509.h"
#include "fetch.h"

static int load_key(const struct fetch *f, struct mp_buf *pem, struct mp_err *err)
{
	int r = mp_file_exists(f->identity.key) ? mp_file_read(f->identity.key, pem, err) : -ENOENT;

	if (r != -ENOENT)
		return r;
	r = mp_x509_key_generate(pem, err);
	return r < 0 ? r : mp_file_write(f->identity.key, pem->data, pem->len, 0600, err);
}

static int load_token(const char *path, char *header, size_t room, struct mp_err *err)
{
	MP_BUF(token, 4096);
	size_t n;

	if (mp_file_read(path, &token, NULL) < 0 || !token.len)
		return mp_err_set(
			err, -EPERM,
			"this device has no certificate and no enrollment token: put the product's "
			"token into the file microplatform/enroll-token of the ESP and restart");
	n = strcspn(mp_buf_str(&token), " \t\r\n");
	if (n == 0 || n > 200)
		return mp_err_set(err, -EBADMSG, "the enrollment token is empty or too long");
	snprintf(header, room, "Authorization: EnrollToken %.*s", (int)n, token.data);
	return 0;
}

/* Only a certificate for our name, over our key's request, is worth keeping. */
static int keep(const struct fetch *f, const struct mp_buf *cert, struct mp_err *err)
{
	struct mp_x509_info info;
	int r = mp_x509_parse(cert->data, cert->len, &info, err);

	if (r < 0)
		return mp_err_wrap(err, r,
				   "the server's answer to the enrollment is no certificate");
	if (!mp_streq(info.cn, f->identity.id))
		return mp_err_set(err, -EPROTO,
				  "the server sent a certificate for '%s', not for '%s'", info.cn,
				  f->identity.id);
	return mp_file_write(f->identity.cert, cert->data, cert->len, 0600, err);
}

static int explain(const struct fetch *f, int r, struct mp_err *err)
{
	if (r == -EPERM)
		return mp_err_wrap(err, r,
				   "the server refuses to enroll '%s': check the product's token",
				   f->identity.id);
	if (r == -EEXIST)
		return mp_err_wrap(err, r,
				   "the server has another device named '%s': remove it there",
				   f->identity.id);
	return mp_err_wrap(err, r, "cannot enroll '%s'", f->identity.id);
}

int fetch_enroll(struct fetch *f, struct mp_err *err)
{
	MP_BUF(key, 64 * 1024);
	MP_BUF(csr, 64 * 1024);
	MP_BUF(cert, 64 * 1024);
	char token[FETCH_PATH], header[256], url[FETCH_PATH];
	int r;

	snprintf(token, sizeof(token), "%.400s/enroll-token", f->identity.dir);
	snprintf(url, sizeof(url), "%s/enroll", f->config.server);
	r = load_token(token, header, sizeof(header), err);
	if (r == 0)
		r = load_key(f, &key, err);
	if (r == 0)
		r = mp_x509_csr_create(key.data, f->identity.id, &csr, err);
	if (r < 0)
		return r;
	r = fetch_request(f,
			  &(struct fetch_request){.method = "POST",
						  .url = url,
						  .body = csr.data,
						  .content_type = "application/pkcs10",
						  .authorization = header},
			  &cert, err);
	if (r < 0)
		return explain(f, r, err);
	r = keep(f, &cert, err);
	if (r < 0)
		return r;
	(void)unlink(token);
	mp_http_client_free(f->small); /* the next one shows the certificate */
	f->small = NULL;
	return 0;
}
