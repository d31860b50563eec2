/* SPDX-License-Identifier: Apache-2.0
 * enrolment.h - how a device gets its certificate: a token and a signing request for one
 *
 * Three kinds of token: the product's (PRODUCT/keys/enroll.token), further ones that a person made,
 * and the one that came with the registration of a device, which is good for that device alone. An
 * id belongs to the key that it was enrolled with first; the same key may ask again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct server;

struct enrolment;
/* Reads the device authority and the product's token. */
int enrolment_new(struct server *s, struct enrolment **ret, struct mp_err *err);
void enrolment_free(struct enrolment *e);
/* Tokens that people made. */
int enrolment_load(struct server *s, struct mp_err *err);
const char *enrolment_authority(const struct enrolment *e); /* PEM */

/* -EACCES: the token is not good for this; -EBADMSG: the request; -EEXIST: another key has the id.
 * The certificate is appended to `cert_pem`. Writes. */
int enrolment_issue(struct server *s, const char *token, const void *csr, size_t len,
		    struct mp_buf *cert_pem, struct mp_err *err);
/* Is this any token that we gave out? Cheap, before a body is taken. */
int enrolment_knows(struct server *s, const char *token);

int enrolment_add_token(struct server *s, const char *token);
