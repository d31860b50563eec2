/* SPDX-License-Identifier: Apache-2.0
 * The certificate of a TLS client: verified against the authority that the server was opened
 * with, for the purpose of client authentication. */
#include "internal.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "crypto/x509.h"

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
