/* SPDX-License-Identifier: Apache-2.0 */
#include "enrolment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "base/file.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "devices.h"
#include "metrics.h"
#include "server.h"
#include "tokens.h"

#define DAY 86400
#define CERTIFICATE_DAYS (25 * 365 + 6) /* a device's clock and its owner forget to renew */
#define MORE_TOKENS 256

struct enrolment {
	struct mp_buf ca_key, ca_cert;
	uint8_t product_token[32]; /* its hash */
	uint8_t more[MORE_TOKENS][32];
	unsigned n_more;
};

static int read_one(struct server *s, const char *name, struct mp_buf *out, struct mp_err *err)
{
	char path[4096];

	out->limit = 65536;
	snprintf(path, sizeof(path), "%s/keys/%s", s->options.product, name);
	return mp_file_read(path, out, err);
}

static int read_token(struct server *s, struct enrolment *e, struct mp_err *err)
{
	MP_BUF(text, 1024);
	int r = read_one(s, "enroll.token", &text, err);

	if (r < 0)
		return r;
	while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	if (text.len < 16)
		return mp_err_set(err, -EBADMSG, "keys/enroll.token is too short to be a secret");
	token_hash(text.data, e->product_token);
	explicit_bzero(text.data, text.len);
	return 0;
}

int enrolment_new(struct server *s, struct enrolment **ret, struct mp_err *err)
{
	struct enrolment *e = calloc(1, sizeof(*e));
	int r = e ? 0 : mp_err_set(err, -ENOMEM, "memory is out");

	if (r == 0)
		r = read_one(s, "device-ca.pem", &e->ca_key, err);
	if (r == 0)
		r = read_one(s, "device-ca.crt", &e->ca_cert, err);
	if (r == 0)
		r = read_token(s, e, err);
	if (r == 0) {
		*ret = e;
		return 0;
	}
	enrolment_free(e);
	return r;
}

void enrolment_free(struct enrolment *e)
{
	if (!e)
		return;
	if (e->ca_key.data)
		explicit_bzero(e->ca_key.data, e->ca_key.len);
	mp_buf_done(&e->ca_key);
	mp_buf_done(&e->ca_cert);
	free(e);
}

const char *enrolment_authority(const struct enrolment *e)
{
	return mp_buf_str(&e->ca_cert);
}

int enrolment_load(struct server *s, struct mp_err *err)
{
	struct enrolment *e = s->enrolment;
	auto_(mp_query) *q = NULL;
	size_t len;
	int r = mp_store_query(s->store, "SELECT hash FROM enroll_token ORDER BY id", &q,
			       MP_NOTHING);

	e->n_more = 0;
	while (r == 0 && (r = mp_query_next(q)) > 0 && e->n_more < MORE_TOKENS) {
		const void *hash = mp_query_bytes(q, 0, &len);

		if (len == 32)
			memcpy(e->more[e->n_more++], hash, 32);
		r = 0;
	}
	return r < 0 ? mp_err_set(err, r, "the enrolment tokens could not be read: %s",
				  strerror(-r))
		     : 0;
}

int enrolment_add_token(struct server *s, const char *token)
{
	struct enrolment *e = s->enrolment;
	int r;

	if (e->n_more == MORE_TOKENS)
		return -ENOSPC;
	token_hash(token, e->more[e->n_more]);
	r = mp_store_run(s->store, "INSERT INTO enroll_token (hash, created) VALUES (?, ?)",
			 MP_BYTES(e->more[e->n_more], 32), MP_INT(server_now()));
	if (r < 0)
		return r;
	e->n_more++;
	return 0;
}

/* Good for any id? */
static bool is_general(const struct enrolment *e, const uint8_t hash[32])
{
	int known = mp_equal_secret(hash, e->product_token, 32);

	for (unsigned i = 0; i < e->n_more; i++)
		known |= mp_equal_secret(hash, e->more[i], 32);
	return known;
}

static bool is_of_device(const struct device *d, const uint8_t hash[32])
{
	return d && d->has_token && mp_equal_secret(hash, d->token, 32);
}

int enrolment_knows(struct server *s, const char *token)
{
	const struct device *d;
	uint8_t hash[32];

	token_hash(token, hash);
	if (is_general(s->enrolment, hash))
		return 1;
	for (size_t i = 0; (d = devices_at(s->devices, i)); i++)
		if (d->has_token && !d->has_certificate && is_of_device(d, hash))
			return 1;
	return 0;
}

/* May the key with this id have the device, which is known already? */
static int check_owner(struct server *s, const struct device *d, const char *key_id,
		       struct mp_err *err)
{
	char owner[65];
	int r = devices_key_id(s, d, owner);

	if (r < 0)
		return mp_err_set(err, -EIO, "the device could not be read");
	if (!*owner || strcmp(owner, key_id) == 0)
		return 0;
	return mp_err_set(
		err, -EEXIST,
		"device %s is enrolled with another key; remove the device first if it has "
		"lost its key",
		d->name);
}

static int sign(struct server *s, const void *csr, size_t len, const char *name,
		struct mp_buf *cert_pem, char ret_fingerprint[65], struct mp_err *err)
{
	struct enrolment *e = s->enrolment;
	struct mp_x509_info info;
	int r = mp_x509_csr_sign(mp_buf_str(&e->ca_key), mp_buf_str(&e->ca_cert), csr, len, name,
				 server_now() - DAY, CERTIFICATE_DAYS, cert_pem, err);

	if (r == 0)
		r = mp_x509_parse(cert_pem->data, cert_pem->len, &info, err);
	if (r == 0)
		memcpy(ret_fingerprint, info.fingerprint, sizeof(info.fingerprint));
	return r;
}

int enrolment_issue(struct server *s, const char *token, const void *csr, size_t len,
		    struct mp_buf *cert_pem, struct mp_err *err)
{
	char name[65], key_id[65], fingerprint[65];
	struct device *d;
	uint8_t hash[32];
	int r = mp_x509_csr_parse(csr, len, name, err);

	if (r == 0)
		r = mp_x509_csr_key_id(csr, len, key_id, err);
	if (r < 0)
		return r;
	if (!device_name_is_valid(name))
		return mp_err_set(err, -EBADMSG,
				  "'%s' is no device id; use letters, digits and . _ - :", name);
	token_hash(token, hash);
	d = devices_find(s->devices, name);
	if (!is_general(s->enrolment, hash) && !is_of_device(d, hash))
		return mp_err_set(err, -EACCES, "this token is not good for device %s", name);
	if (d)
		r = check_owner(s, d, key_id, err);
	if (r == 0)
		r = sign(s, csr, len, name, cert_pem, fingerprint, err);
	if (r < 0)
		return r;
	if (!d)
		r = actions_register(s, name, &d);
	if (r == 0)
		r = devices_set_certificate(s, d, fingerprint, key_id);
	if (r == 0)
		r = devices_note(s, d, "enrolled", fingerprint);
	if (r < 0)
		return mp_err_set(err, -EIO, "the device could not be written");
	s->metrics->enrolled++;
	return 0;
}
