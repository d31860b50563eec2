/* SPDX-License-Identifier: Apache-2.0
 * The certificate of a TLS client: verified against the authority that the server was opened
 * with, for the purpose of client authentication. */
#include "internal.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "crypto/x509.h"

#define RSA_MOST 4096 /* bits; one signature of 65,536 takes twelve seconds to look at */
#define CHAIN_MOST 8

static bool is_cheap(const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;
	unsigned bits = 0;
	int kind = -1;

	if (gnutls_x509_crt_init(&crt) < 0)
		return false;
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) >= 0)
		kind = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	gnutls_x509_crt_deinit(crt);
	return kind >= 0 && bits <= RSA_MOST;
}

/* The certificates are there, and the signature has come that one of them is to verify: nobody is known yet. (With
 * TLS 1.3 a verify function of gnutls_session_set_verify_function() is called too late.) */
static int before_signature(gnutls_session_t session, unsigned type, unsigned when,
			    unsigned incoming, const gnutls_datum_t *message)
{
	unsigned n = 0;
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(session, &n);

	(void)type, (void)when, (void)message;
	if (incoming && n > CHAIN_MOST)
		return GNUTLS_E_CERTIFICATE_ERROR;
	for (unsigned i = 0; incoming && certs && i < n; i++)
		if (!is_cheap(&certs[i]))
			return GNUTLS_E_CERTIFICATE_ERROR;
	return 0;
}

void mp_peer_expect(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (info && info->tls_session)
		gnutls_handshake_set_hook_function(info->tls_session,
						   GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY,
						   GNUTLS_HOOK_PRE, before_signature);
}

static bool is_verified(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
	unsigned status = 0;

	return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0;
}

void mp_peer_look(struct MHD_Connection *c, struct peer *p)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *certs;
	struct mp_x509_info x;
	unsigned n = 0;

	if (!info || !info->tls_session)
		return;
	certs = gnutls_certificate_get_peers(info->tls_session, &n);
	if (!certs || n == 0 || !is_verified(info->tls_session))
		return;
	if (mp_x509_parse(certs[0].data, certs[0].size, &x, NULL) < 0)
		return;
	memcpy(p->identity.cn, x.cn, sizeof(p->identity.cn));
	memcpy(p->identity.fingerprint, x.fingerprint, sizeof(p->identity.fingerprint));
	p->known = true;
}
