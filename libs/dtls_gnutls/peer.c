/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "dtls_gnutls/internal.h"

/* "" when the certificate has no common name. */
static int common_name(const gnutls_datum_t *der, char ret[MP_DTLS_IDENTITY_MAX + 1])
{
	size_t size = MP_DTLS_IDENTITY_MAX + 1;
	gnutls_x509_crt_t crt;
	int r;

	if (gnutls_x509_crt_init(&crt) < 0)
		return -ENOMEM;
	r = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	if (r == 0)
		r = gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, ret,
						  &size);
	gnutls_x509_crt_deinit(crt);
	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
		ret[0] = '\0';
		return 0;
	}
	return r < 0 || strlen(ret) != size ? -EKEYREJECTED : 0; /* a NUL inside, or too long */
}

static bool is_vouched_for(gnutls_session_t session, const struct side *side)
{
	unsigned status = 1;

	return gnutls_certificate_verify_peers3(session, side->peer_name, &status) == 0 &&
	       status == 0;
}

int mp_dtls_gnutls_verify(gnutls_session_t session)
{
	struct mp_dtls_context *c = gnutls_session_get_ptr(session);
	const struct side *side = c->own ? c->own : &c->engine->server;
	bool raw = gnutls_certificate_type_get2(session, GNUTLS_CTYPE_PEERS) == GNUTLS_CRT_RAWPK;
	char name[MP_DTLS_IDENTITY_MAX + 1];
	uint8_t digest[MP_DTLS_DIGEST];
	const gnutls_datum_t *peer;
	unsigned count = 0;

	peer = gnutls_certificate_get_peers(session, &count);
	if (!peer || count == 0 ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, peer->data, peer->size, digest) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	if (!raw && side->has_ca && !is_vouched_for(session, side))
		return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
	if (!raw && common_name(peer, name) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	return mp_dtls_link_accept(c->link, raw ? MP_DTLS_RPK : MP_DTLS_X509, raw ? NULL : name,
				   peer->data, peer->size, digest, !raw && side->has_ca) == 0
		       ? 0
		       : GNUTLS_E_CERTIFICATE_ERROR;
}
