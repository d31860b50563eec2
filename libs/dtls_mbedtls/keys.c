/* SPDX-License-Identifier: Apache-2.0
 * The keys that a handshake has agreed on. mbedTLS 2.28 tells the key block, 3.6 the master secret
 * of which it is made. */
#include <errno.h>
#include <string.h>

#include "dtls_mbedtls/internal.h"

_Static_assert(MP_DTLS_SEAL_KEYS_MAX <= MP_DTLS_KEYS_MAX, "keys have room");

#if IS_3
static void take_secret(void *context, mbedtls_ssl_key_export_type type,
			const unsigned char *secret, size_t len, const unsigned char client[32],
			const unsigned char server[32], mbedtls_tls_prf_types prf)
{
	struct mp_dtls_context *c = context;
	uint8_t random[64];

	if (type != MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET)
		return;
	memcpy(random, server, 32);
	memcpy(random + 32, client, 32);
	c->has_block = mbedtls_ssl_tls_prf(prf, secret, len, "key expansion", random,
					   sizeof(random), c->block, sizeof(c->block)) == 0;
}

void mp_dtls_mbedtls_listen_side(struct mp_dtls_engine *e, struct side *s)
{
	(void)e, (void)s;
}

void mp_dtls_mbedtls_listen(struct mp_dtls_context *c)
{
	mbedtls_ssl_set_export_keys_cb(&c->ssl, take_secret, c);
}
#else
static int take_block(void *engine, const unsigned char *master, const unsigned char *block,
		      size_t mac, size_t key, size_t iv, const unsigned char client[32],
		      const unsigned char server[32], mbedtls_tls_prf_types prf)
{
	struct mp_dtls_engine *e = engine;
	struct mp_dtls_context *c = e->current;
	size_t len = 2 * (key + iv);

	(void)master, (void)client, (void)server, (void)prf;
	c->has_block = mac == 0 && len <= sizeof(c->block);
	if (c->has_block)
		memcpy(c->block, block, len);
	return 0;
}

void mp_dtls_mbedtls_listen_side(struct mp_dtls_engine *e, struct side *s)
{
	mbedtls_ssl_conf_export_keys_ext_cb(&s->conf, take_block, e);
}

void mp_dtls_mbedtls_listen(struct mp_dtls_context *c)
{
	(void)c;
}
#endif

/* 0: none that can do without a context. */
static enum mp_dtls_aead aead_of(const char *suite)
{
	if (strstr(suite, "CCM-8"))
		return MP_DTLS_CCM_8;
	if (strstr(suite, "CCM"))
		return MP_DTLS_CCM;
	if (strstr(suite, "GCM"))
		return MP_DTLS_GCM;
	return strstr(suite, "CHACHA20-POLY1305") ? MP_DTLS_CHACHA20_POLY1305 : 0;
}

/* What the peer wants to find in what we send: its length, 0: nothing. */
static size_t peer_cid(struct mp_dtls_context *c, uint8_t ret[MP_DTLS_PEER_CID_MAX])
{
#if HAS_CIDS
	int enabled = MBEDTLS_SSL_CID_DISABLED;
	size_t len = 0;

	if (mbedtls_ssl_get_peer_cid(&c->ssl, &enabled, ret, &len) == 0 &&
	    enabled == MBEDTLS_SSL_CID_ENABLED)
		return len;
#else
	(void)c, (void)ret;
#endif
	return 0;
}

int mp_dtls_mbedtls_keep(struct mp_dtls_context *c, uint8_t keys[MP_DTLS_KEYS_MAX],
			 uint64_t *ret_next)
{
	enum mp_dtls_aead aead = aead_of(mbedtls_ssl_get_ciphersuite(&c->ssl));
	uint8_t cid[MP_DTLS_PEER_CID_MAX];

	if (!aead || !c->has_block || !c->next)
		return -ENOTSUP;
	*ret_next = c->next;
	return (int)mp_dtls_seal_keys(aead, c->block, c->client, cid, peer_cid(c, cid), keys);
}
