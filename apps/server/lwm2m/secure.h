/* SPDX-License-Identifier: Apache-2.0
 * secure.h - the port with DTLS: sessions, who they belong to, what they carry */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "coap/endpoint.h"

struct lwm2m;
struct peer;
struct secure;
struct mp_buf;
struct mp_dtls_counters;
struct mp_dtls_credentials;
struct mp_dtls_identity;

int secure_open(struct lwm2m *l, uint16_t port, struct secure **ret, struct mp_err *err);
void secure_free(struct secure *s);
void secure_restore(struct secure *s); /* the sessions of the last clean stop */
void secure_save(struct secure *s);
void secure_tick(struct secure *s, int64_t now_ms);
int64_t secure_next_ms(const struct secure *s);
void secure_send(struct secure *s, const struct mp_coap_remote *to, const void *data, size_t len);
void secure_flush(struct secure *s);
void secure_drop(struct secure *s, void *session);
void secure_discard(struct secure *s);
struct peer *secure_peer(void *session);
uint16_t secure_port(const struct secure *s);
void secure_counters(const struct secure *s, struct mp_dtls_counters *ret);

/* What TLS over TCP (stream.c) has in common with it: the server's certificate, and whom it trusts; `ret`
 * borrows from `cert` and `key`, of which the latter is to be wiped. */
int secure_credentials(struct lwm2m *l, struct mp_buf *cert, struct mp_buf *key,
		       struct mp_dtls_credentials *ret, struct mp_err *err);
/* As peer_new(). */
struct peer *secure_peer_of(const struct mp_dtls_identity *id);
