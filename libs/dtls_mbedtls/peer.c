/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <mbedtls/oid.h>

#include "dtls_mbedtls/internal.h"

/* The common name of the subject: "" when it has none. -EKEYREJECTED when a NUL is in it. */
static int common_name(const mbedtls_x509_crt *crt, char ret[MP_DTLS_IDENTITY_MAX + 1])
{
	ret[0] = '\0';
	for (const mbedtls_x509_name *n = &crt->subject; n; n = n->next) {
		size_t len = n->val.len;

		if (!n->oid.p || MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) != 0)
			continue;
		if (len > MP_DTLS_IDENTITY_MAX || memchr(n->val.p, '\0', len))
			return -EKEYREJECTED;
		memcpy(ret, n->val.p, len);
		ret[len] = '\0';
	}
	return 0;
}

int mp_dtls_mbedtls_describe(const mbedtls_x509_crt *crt, char ret_name[MP_DTLS_IDENTITY_MAX + 1],
			     uint8_t ret_sha256[MP_DTLS_DIGEST])
{
	const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	int r = common_name(crt, ret_name);

	if (r == 0 && mbedtls_md(sha256, crt->raw.p, crt->raw.len, ret_sha256) != 0)
		r = -EKEYREJECTED;
	return r;
}

static int judge(struct mp_dtls_context *c, const mbedtls_x509_crt *crt, bool verified)
{
	char name[MP_DTLS_IDENTITY_MAX + 1];
	uint8_t digest[MP_DTLS_DIGEST];

	if (mp_dtls_mbedtls_describe(crt, name, digest) < 0)
		return -EKEYREJECTED;
	return mp_dtls_link_accept(c->link, MP_DTLS_X509, name, crt->raw.p, crt->raw.len, digest,
				   verified);
}

/* Called for each certificate of the chain, the peer's own one last. */
int mp_dtls_mbedtls_verify(void *engine, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct mp_dtls_engine *e = engine;
	struct mp_dtls_context *c = e->current;
	bool has_ca = c->client ? c->own.has_ca : e->server.has_ca;

	e->chain_flags |= *flags;
	if (depth > 0)
		return 0;
	if (has_ca && e->chain_flags)
		return 0; /* the library refuses it, with the fitting alert */
	return judge(c, crt, has_ca) == 0 ? 0 : MBEDTLS_ERR_X509_FATAL_ERROR;
}
