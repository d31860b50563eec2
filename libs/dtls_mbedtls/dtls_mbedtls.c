/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dtls_mbedtls/dtls_mbedtls.h"
#include "dtls_mbedtls/internal.h"

static int find_psk(void *engine, mbedtls_ssl_context *ssl, const unsigned char *identity,
		    size_t len)
{
	struct mp_dtls_engine *e = engine;
	uint8_t key[MP_DTLS_KEY_MAX];
	int n = mp_dtls_link_psk(e->current->link, identity, len, key), r;

	if (n < 0)
		return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
	r = mbedtls_ssl_set_hs_psk(ssl, key, (size_t)n);
	explicit_bzero(key, sizeof(key));
	return r;
}

/* Cookies are checked before a ClientHello comes here. */
static int trust_cookie(void *engine, const unsigned char *cookie, size_t len,
			const unsigned char *id, size_t id_len)
{
	(void)engine, (void)cookie, (void)len, (void)id, (void)id_len;
	return 0;
}

static int write_cookie(void *engine, unsigned char **p, unsigned char *end,
			const unsigned char *id, size_t id_len)
{
	(void)engine, (void)p, (void)end, (void)id, (void)id_len;
	return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static void shut_engine(struct mp_dtls_engine *e);

static void set_timing(struct side *s, const struct mp_dtls_engine *e)
{
	/* The deadline of the whole is our caller's. */
	mbedtls_ssl_conf_handshake_timeout(&s->conf, e->retransmit_ms, e->retransmit_ms * 64);
#if HAS_CIDS
	if (e->cid)
		(void)mbedtls_ssl_conf_cid(&s->conf, MP_DTLS_CID_SIZE,
					   MBEDTLS_SSL_UNEXPECTED_CID_IGNORE);
#endif
}

static int open_side(struct mp_dtls_engine *e, struct side *s, bool client,
		     const struct mp_dtls_credentials *c, struct mp_err *err)
{
	const struct side_how how = {.client = client,
				     .psk = e->psk,
				     .x509 = e->x509,
				     .random = &e->random,
				     .verify = mp_dtls_mbedtls_verify,
				     .user = e};
	int r = mp_dtls_mbedtls_side_init(s, &how, c, err);

	set_timing(s, e);
	mp_dtls_mbedtls_listen_side(e, s);
	return r;
}

static int open_server(struct mp_dtls_engine *e, const struct mp_dtls_config *c, struct mp_err *err)
{
	int r = open_side(e, &e->server, false, &c->own, err);

	if (r < 0)
		return r;
	mbedtls_ssl_conf_dtls_cookies(&e->server.conf, write_cookie, trust_cookie, e);
	if (e->psk)
		mbedtls_ssl_conf_psk_cb(&e->server.conf, find_psk, e);
	return 0;
}

static int open_engine(const struct mp_dtls_config *config, struct mp_dtls_engine **ret,
		       struct mp_err *err)
{
	struct mp_dtls_engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	e->retransmit_ms = config->retransmit_ms;
	e->mtu = (uint16_t)config->mtu;
	e->cid = config->cid && HAS_CIDS;
	e->psk = config->for_psk == &mp_dtls_mbedtls;
	e->x509 = config->for_x509 == &mp_dtls_mbedtls;
	r = mp_dtls_mbedtls_random_init(&e->random, err);
	if (r == 0)
		r = open_server(e, config, err);
	if (r < 0)
		shut_engine(e);
	else
		*ret = e;
	return r;
}

static void free_context(struct mp_dtls_context *c)
{
	mbedtls_ssl_free(&c->ssl);
	if (c->has_own)
		mp_dtls_mbedtls_side_done(&c->own);
	explicit_bzero(c->block, sizeof(c->block));
	free(c);
}

static void shut_engine(struct mp_dtls_engine *e)
{
	for (int i = 0; i < 2; i++)
		while (e->spare[i].count)
			free_context(e->spare[i].list[--e->spare[i].count]);
	mp_dtls_mbedtls_side_done(&e->server);
	mp_dtls_mbedtls_random_done(&e->random);
	free(e);
}

/* Handshake messages share datagrams; what is encrypted comes last of them, and with the peer's connection
 * id, whose length the record does not tell, it is the last record at all. */
static void note_numbers(struct mp_dtls_context *c, const uint8_t *data, size_t len)
{
	while (len >= 13) {
		uint64_t number = 0;
		size_t record = 13u + ((size_t)data[11] << 8 | data[12]);

		for (int i = 0; i < 8; i++)
			number = number << 8 | data[3 + i];
		if (number >> 48 && number >= c->next)
			c->next = number + 1;
		if (data[0] == MP_DTLS_WITH_CID || record > len)
			break;
		data += record;
		len -= record;
	}
}

static int send_record(void *context, const unsigned char *data, size_t len)
{
	struct mp_dtls_context *c = context;

	note_numbers(c, data, len);
	mp_dtls_link_send(c->link, data, len);
	return (int)len;
}

static int take_record(void *context, unsigned char *buf, size_t size)
{
	struct mp_dtls_context *c = context;
	int n = mp_dtls_link_take(c->link, buf, size);

	return n < 0 ? MBEDTLS_ERR_SSL_WANT_READ : n;
}

static void set_timer(void *context, uint32_t soon_ms, uint32_t final_ms)
{
	struct mp_dtls_context *c = context;

	(void)soon_ms;
	if (c->link)
		c->link->timer_at = final_ms ? mp_dtls_link_now(c->link) + final_ms : INT64_MAX;
}

static int get_timer(void *context)
{
	struct mp_dtls_context *c = context;

	if (c->link->timer_at == INT64_MAX)
		return -1;
	return c->link->timer_at <= mp_dtls_link_now(c->link) ? 2 : 0;
}

static struct mp_dtls_context *new_context(struct mp_dtls_engine *e, bool client)
{
	struct mp_dtls_context *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	mbedtls_ssl_init(&c->ssl);
	c->engine = e;
	c->client = client;
	return c;
}

static int set_up(struct mp_dtls_context *c)
{
	const mbedtls_ssl_config *conf = c->client ? &c->own.conf : &c->engine->server.conf;

	if (mbedtls_ssl_setup(&c->ssl, conf) != 0)
		return -ENOMEM;
	mbedtls_ssl_set_bio(&c->ssl, c, send_record, take_record, NULL);
	mbedtls_ssl_set_timer_cb(&c->ssl, c, set_timer, get_timer);
	mp_dtls_mbedtls_listen(c);
	return 0;
}

/* A context for the next handshake: a spare one, whose buffers are in place, or a new one. */
static int obtain(struct mp_dtls_engine *e, const struct mp_dtls_start *how,
		  struct mp_dtls_context **ret)
{
	struct spares *spares = &e->spare[how->client];
	bool is_spare = spares->count > 0;
	struct mp_dtls_context *c =
		is_spare ? spares->list[--spares->count] : new_context(e, how->client);
	int r = 0;

	if (!c)
		return -ENOMEM;
	if (c->client) { /* where the spare one expects its configuration */
		c->has_own = true;
		r = open_side(e, &c->own, true, how->credentials, NULL);
	}
	if (r == 0 && !is_spare)
		r = set_up(c);
	if (r < 0)
		free_context(c);
	else
		*ret = c;
	return r;
}

/* Nothing of the session stays. */
static void end(struct mp_dtls_context *c)
{
	struct spares *spares = &c->engine->spare[c->client];

	c->link = NULL;
	c->next = 0;
	if (spares->count == SPARES || mbedtls_ssl_session_reset(&c->ssl) != 0) {
		free_context(c);
		return;
	}
	if (c->has_own)
		mp_dtls_mbedtls_side_done(&c->own);
	c->has_own = c->has_block = false;
	explicit_bzero(c->block, sizeof(c->block));
	spares->list[spares->count++] = c;
}

static int prepare(struct mp_dtls_context *c, const struct mp_dtls_start *how)
{
	struct mp_dtls_engine *e = c->engine;

	mbedtls_ssl_set_mtu(&c->ssl, e->mtu);
#if HAS_CIDS
	if (mbedtls_ssl_set_cid(&c->ssl,
				how->cid ? MBEDTLS_SSL_CID_ENABLED : MBEDTLS_SSL_CID_DISABLED,
				how->cid, how->cid ? MP_DTLS_CID_SIZE : 0) != 0)
		return -ENOMEM;
#endif
	if (how->client && mbedtls_ssl_set_hostname(&c->ssl, how->credentials->peer_name) != 0)
		return -ENOMEM;
	return 0;
}

static int start(struct mp_dtls_engine *e, struct mp_dtls_link *l, const struct mp_dtls_start *how,
		 struct mp_dtls_context **ret)
{
	struct mp_dtls_context *c;
	int r = obtain(e, how, &c);

	if (r < 0)
		return r;
	c->link = l;
	r = prepare(c, how);
	if (r < 0)
		free_context(c);
	else
		*ret = c;
	return r;
}

static enum mp_dtls_reason reason_of(int r)
{
	switch (r) {
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return MP_DTLS_CLOSED;
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		return MP_DTLS_ALERT;
	case MBEDTLS_ERR_SSL_TIMEOUT:
		return MP_DTLS_TIMEOUT;
	case MBEDTLS_ERR_SSL_INVALID_MAC:
		return MP_DTLS_WRONG_KEY;
	case MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY:
		return MP_DTLS_UNKNOWN_IDENTITY;
	case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
	case MBEDTLS_ERR_X509_FATAL_ERROR:
	case MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED:
#if IS_3
	case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
	case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
#else
	case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
	case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE:
	case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE_VERIFY:
#endif
		return MP_DTLS_NOT_TRUSTED;
#if IS_3
	case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
#else
	case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
	case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
#endif
		return MP_DTLS_NOTHING_SHARED;
	default:
		return MP_DTLS_BROKEN;
	}
}

/* Without a CA a peer may come without a certificate: that is found out here. */
static bool lacks_certificate(const struct mp_dtls_context *c)
{
	return strstr(mbedtls_ssl_get_ciphersuite(&c->ssl), "ECDSA") &&
	       !mbedtls_ssl_get_peer_cert(&c->ssl);
}

static int shake(struct mp_dtls_context *c)
{
	struct mp_dtls_engine *e = c->engine;
	int r;

	e->current = c;
	e->chain_flags = 0;
	r = mbedtls_ssl_handshake(&c->ssl);
	e->current = NULL;
	if (r == MBEDTLS_ERR_SSL_WANT_READ || r == MBEDTLS_ERR_SSL_WANT_WRITE)
		return -EAGAIN;
	if (r == 0 && !lacks_certificate(c))
		return 0;
	if (r == 0) {
		(void)mbedtls_ssl_send_alert_message(&c->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
						     MBEDTLS_SSL_ALERT_MSG_NO_CERT);
		c->link->reason = MP_DTLS_NOT_TRUSTED;
	} else {
		c->link->reason = reason_of(r);
	}
	return -EPROTO;
}

static int read_data(struct mp_dtls_context *c, void *buf, size_t size)
{
	int r = mbedtls_ssl_read(&c->ssl, buf, size);

	if (r > 0)
		return r;
	if (r == 0 || r == MBEDTLS_ERR_SSL_WANT_READ || r == MBEDTLS_ERR_SSL_WANT_WRITE)
		return -EAGAIN;
	c->link->reason = reason_of(r);
	return -ECONNRESET;
}

static int write_data(struct mp_dtls_context *c, const void *data, size_t len)
{
	int r = mbedtls_ssl_write(&c->ssl, data, len);

	return r == (int)len ? 0 : -EPIPE;
}

static void bye(struct mp_dtls_context *c)
{
	(void)mbedtls_ssl_close_notify(&c->ssl);
}

static bool has_cid(struct mp_dtls_context *c)
{
#if HAS_CIDS
	int enabled = MBEDTLS_SSL_CID_DISABLED;

	return mbedtls_ssl_get_peer_cid(&c->ssl, &enabled, NULL, NULL) == 0 &&
	       enabled == MBEDTLS_SSL_CID_ENABLED;
#else
	(void)c;
	return false;
#endif
}

const struct mp_dtls_backend mp_dtls_mbedtls = {
	.name = "mbedtls",
	.cids = HAS_CIDS,
	.keys_version = 1,
	.open = open_engine,
	.shut = shut_engine,
	.start = start,
	.shake = shake,
	.read = read_data,
	.write = write_data,
	.bye = bye,
	.end = end,
	.has_cid = has_cid,
	.keep = mp_dtls_mbedtls_keep,
	.is_keys = mp_dtls_seal_is_keys,
	.seal = mp_dtls_seal,
	.unseal = mp_dtls_unseal,
};
