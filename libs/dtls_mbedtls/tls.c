/* SPDX-License-Identifier: Apache-2.0
 * What the caller queues before the handshake is done waits in `early`. Afterwards its bytes become
 * records at once, and only when there is room for all of them: a record that mbedTLS has begun
 * cannot be taken back. */
#include "dtls_mbedtls/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dtls_mbedtls/internal.h"

#define EARLY_MAX ((size_t)64 << 10)
#define RECORD ((size_t)16 << 10)
#define RECORD_EXTRA 96 /* header, nonce or IV, MAC and padding of any suite */

struct layer { /* of one connection */
	struct mp_tls *tls;
	struct mp_tcp *tcp;
	void *user;
	mbedtls_ssl_context ssl;
	bool has_begun, is_up;
	int error; /* that ended it */
	struct mp_buf early;
	struct mp_dtls_identity who;
	char name[MP_DTLS_IDENTITY_MAX + 1];
	uint8_t sha256[MP_DTLS_DIGEST];
};

struct mp_tls {
	unsigned references; /* its owner's, and one of each connection */
	struct mp_tls_config config;
	struct side side;
	struct random random;
	char *peer_name;
	struct layer *current; /* whose handshake runs, for callbacks */
	uint32_t chain_flags; /* what is wrong with the peer's chain so far */
};

/* ---- who is there ---- */

static int find_psk(void *user, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t len)
{
	struct mp_tls *t = user;
	struct layer *l = t->current;
	uint8_t key[MP_DTLS_KEY_MAX];
	int n = len <= MP_DTLS_IDENTITY_MAX ? t->config.psk(t->config.user, identity, len, key)
					    : -ENOENT;
	int r;

	if (n < 0)
		return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
	memcpy(l->name, identity, len);
	l->name[len] = '\0';
	l->who = (struct mp_dtls_identity){.kind = MP_DTLS_PSK, .text = l->name, .len = len};
	r = mbedtls_ssl_set_hs_psk(ssl, key, (size_t)n);
	explicit_bzero(key, sizeof(key));
	return r;
}

/* Called for each certificate of the chain, the peer's own one last. The library refuses what is wrong. */
static int verify(void *user, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct mp_tls *t = user;
	struct layer *l = t->current;

	t->chain_flags |= *flags;
	if (depth > 0 || t->chain_flags)
		return 0;
	if (mp_dtls_mbedtls_describe(crt, l->name, l->sha256) < 0)
		return MBEDTLS_ERR_X509_FATAL_ERROR;
	l->who = (struct mp_dtls_identity){
		.kind = MP_DTLS_X509, .text = l->name, .len = strlen(l->name), .sha256 = l->sha256};
	return 0;
}

/* ---- the wire ---- */

static int send_wire(void *layer, const unsigned char *data, size_t len)
{
	struct layer *l = layer;
	int r = mp_tcp_queue_wire(l->tcp, data, len);

	return r == -ENOMEM ? MBEDTLS_ERR_SSL_ALLOC_FAILED
	       : r < 0	    ? MBEDTLS_ERR_SSL_WANT_WRITE
			    : (int)len;
}

static int receive_wire(void *layer, unsigned char *data, size_t room)
{
	struct layer *l = layer;
	ssize_t n = mp_tcp_receive_wire(l->tcp, data, room);

	if (n == -EAGAIN)
		return MBEDTLS_ERR_SSL_WANT_READ;
	return n < 0 ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : (int)n; /* 0: the end of the stream */
}

static int error_of(int r)
{
	switch (r) {
	case MBEDTLS_ERR_SSL_CONN_EOF:
	case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
		return -ECONNRESET;
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		return -ECONNABORTED;
	case MBEDTLS_ERR_SSL_ALLOC_FAILED:
		return -ENOMEM;
	case MBEDTLS_ERR_SSL_INVALID_MAC:
	case MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY:
	case MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED:
	case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
	case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
	case MBEDTLS_ERR_X509_FATAL_ERROR:
		return -EKEYREJECTED;
	default:
		return -EPROTO;
	}
}

static int fail(struct layer *l, int r)
{
	l->error = r;
	return r;
}

/* ---- sending ---- */

static int write_all(struct layer *l, const void *data, size_t len)
{
	const unsigned char *at = data;
	int n;

	for (size_t done = 0; done < len; done += (size_t)n) {
		n = mbedtls_ssl_write(&l->ssl, at + done, len - done);
		if (n <= 0)
			return fail(l, error_of(n));
	}
	return 0;
}

static int queue(void *layer, const void *data, size_t len)
{
	struct layer *l = layer;
	int r;

	if (l->error)
		return l->error;
	if (!l->is_up) {
		r = mp_buf_add(&l->early, data, len);
		return r == -EFBIG ? -ENOBUFS : r;
	}
	if (len + (len / RECORD + 1) * RECORD_EXTRA > mp_tcp_room_wire(l->tcp))
		return -ENOBUFS;
	return write_all(l, data, len);
}

/* ---- the handshake ---- */

static int welcome(struct layer *l)
{
	const struct mp_tls_config *config = &l->tls->config;
	int r = config->established && (config->server || l->who.text)
			? config->established(l->user, &l->who)
			: 0;

	if (r < 0) {
		(void)mbedtls_ssl_send_alert_message(&l->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
						     MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
		return fail(l, -EKEYREJECTED);
	}
	l->is_up = true;
	r = write_all(l, mp_buf_str(&l->early), l->early.len);
	mp_buf_done(&l->early);
	return r;
}

/* 0: it is done, -EAGAIN, or failed. */
static int shake(struct layer *l)
{
	struct mp_tls *t = l->tls;
	int r;

	l->has_begun = true;
	t->current = l;
	t->chain_flags = 0;
	r = mbedtls_ssl_handshake(&l->ssl);
	t->current = NULL;
	if (r == MBEDTLS_ERR_SSL_WANT_READ || r == MBEDTLS_ERR_SSL_WANT_WRITE)
		return -EAGAIN;
	return r == 0 ? welcome(l) : fail(l, error_of(r));
}

static ssize_t receive(void *layer, void *data, size_t room)
{
	struct layer *l = layer;
	int r = l->error ? l->error : l->is_up ? 0 : shake(l);

	if (r < 0)
		return r;
	r = mbedtls_ssl_read(&l->ssl, data, room);
	if (r > 0)
		return r;
	if (r == 0) /* the stream's end, and not TLS's */
		return fail(l, -ECONNRESET);
	if (r == MBEDTLS_ERR_SSL_WANT_READ || r == MBEDTLS_ERR_SSL_WANT_WRITE)
		return -EAGAIN;
	if (r == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return 0;
	return fail(l, error_of(r));
}

/* A server's handshake goes on when something comes, a client's begins with the connection. */
static int flush(void *layer)
{
	struct layer *l = layer;

	if (!l->has_begun && !l->tls->config.server)
		return shake(l);
	return l->error || l->is_up ? 0 : -EAGAIN;
}

static void free_layer(void *layer)
{
	struct layer *l = layer;

	if (l->is_up && !l->error)
		(void)mbedtls_ssl_close_notify(&l->ssl);
	mbedtls_ssl_free(&l->ssl);
	mp_tls_free(l->tls);
	mp_buf_done(&l->early);
	free(l);
}

static const struct mp_tcp_layer calls = {receive, queue, flush, free_layer};

/* ---- sides and connections ---- */

int mp_tls_put_on(struct mp_tls *tls, struct mp_tcp *tcp, void *connection)
{
	struct layer *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->tls = tls;
	tls->references++;
	l->tcp = tcp;
	l->user = connection;
	l->early.limit = EARLY_MAX;
	mbedtls_ssl_init(&l->ssl);
	if (mbedtls_ssl_setup(&l->ssl, &tls->side.conf) != 0 ||
	    (!tls->config.server && mbedtls_ssl_set_hostname(&l->ssl, tls->peer_name) != 0)) {
		free_layer(l);
		return -ENOMEM;
	}
	mbedtls_ssl_set_bio(&l->ssl, l, send_wire, receive_wire, NULL);
	mp_tcp_set_layer(tcp, &calls, l);
	return 0;
}

static int open_side(struct mp_tls *t, struct mp_err *err)
{
	static const char *coap[] = {"coap",
				     NULL}; /* RFC 8323 section 8.2: so that a port can be shared */
	const struct mp_dtls_credentials *own = &t->config.own;
	const struct side_how how = {.client = !t->config.server,
				     .stream = true,
				     .psk = t->config.psk,
				     .x509 = own->certificate,
				     .random = &t->random,
				     .verify = verify,
				     .user = t};
	int r = mp_dtls_mbedtls_random_init(&t->random, err);

	if (r == 0)
		r = mp_dtls_mbedtls_side_init(&t->side, &how, own, err);
	if (r < 0)
		return r;
	mbedtls_ssl_conf_authmode(&t->side.conf, MBEDTLS_SSL_VERIFY_REQUIRED);
	if (mbedtls_ssl_conf_alpn_protocols(&t->side.conf, coap) != 0)
		return mp_err_set(err, -ENOTSUP, "mbedTLS takes no ALPN");
	if (t->config.psk)
		mbedtls_ssl_conf_psk_cb(&t->side.conf, find_psk, t);
	return 0;
}

int mp_tls_new(const struct mp_tls_config *config, struct mp_tls **ret, struct mp_err *err)
{
	auto_(mp_tls) *t = NULL;
	int r;

	if (config->server ? !config->psk && !config->own.certificate
			   : config->own.kind == MP_DTLS_RPK)
		return mp_err_set(err, -EINVAL, "TLS needs a pre-shared key or a certificate");
	t = calloc(1, sizeof(*t));
	if (!t)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	t->references = 1;
	t->config = *config;
	if (config->own.peer_name && !(t->peer_name = strdup(config->own.peer_name)))
		return mp_err_set(err, -ENOMEM, "Memory is out");
	r = open_side(t, err);
	t->config.own = (struct mp_dtls_credentials){.kind = config->own.kind};
	if (r == 0)
		*ret = take_ptr(t);
	return r;
}

void mp_tls_free(struct mp_tls *t)
{
	if (!t || --t->references > 0)
		return;
	mp_dtls_mbedtls_side_done(&t->side);
	mp_dtls_mbedtls_random_done(&t->random);
	free(t->peer_name);
	free(t);
}

int mp_tls_connect(const struct mp_net_address *address, const struct mp_dtls_credentials *own,
		   size_t limit, struct mp_tcp **ret, struct mp_err *err)
{
	auto_(mp_tls) *tls = NULL;
	auto_(mp_tcp) *tcp = NULL;
	int r = mp_tls_new(&(struct mp_tls_config){.own = *own}, &tls, err);

	if (r == 0)
		r = mp_tcp_connect(address, limit, &tcp, err);
	if (r == 0 && mp_tls_put_on(tls, tcp, NULL) < 0)
		r = mp_err_set(err, -ENOMEM, "Memory is out");
	if (r == 0)
		*ret = take_ptr(tcp);
	return r;
}
