/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/dtls.h>

#include "dtls_gnutls/dtls_gnutls.h"
#include "dtls_gnutls/internal.h"

static void shut_engine(struct mp_dtls_engine *e)
{
	if (e->priority)
		gnutls_priority_deinit(e->priority);
	mp_dtls_gnutls_side_done(&e->server);
	free(e);
}

static int open_server(struct mp_dtls_engine *e, const struct mp_dtls_config *config,
		       struct mp_err *err)
{
	bool x509 = config->for_x509 == &mp_dtls_gnutls, rpk = config->for_rpk == &mp_dtls_gnutls;

	if (config->for_psk == &mp_dtls_gnutls)
		return mp_err_set(err, -ENOTSUP,
				  "GnuTLS takes certificates and raw public keys here");
	if (!config->server)
		return 0;
	if (mp_dtls_gnutls_priority(x509, rpk, &e->priority) < 0)
		return mp_err_set(err, -ENOTSUP, "GnuTLS does not know the cipher suites of CoAP");
	return mp_dtls_gnutls_side_init(&e->server, &config->own, x509, rpk, err);
}

static int open_engine(const struct mp_dtls_config *config, struct mp_dtls_engine **ret,
		       struct mp_err *err)
{
	struct mp_dtls_engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	e->handshake_ms = config->handshake_seconds * 1000;
	e->retransmit_ms = config->retransmit_ms;
	e->mtu = config->mtu;
	r = open_server(e, config, err);
	if (r < 0)
		shut_engine(e);
	else
		*ret = e;
	return r;
}

static ssize_t push(gnutls_transport_ptr_t context, const void *data, size_t len)
{
	struct mp_dtls_context *c = context;

	mp_dtls_link_send(c->link, data, len);
	return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t context, void *buf, size_t size)
{
	struct mp_dtls_context *c = context;
	int n = mp_dtls_link_take(c->link, buf, size);

	if (n >= 0)
		return n;
	gnutls_transport_set_errno(c->session, EAGAIN);
	return -1;
}

static int pull_timeout(gnutls_transport_ptr_t context, unsigned ms)
{
	struct mp_dtls_context *c = context;

	(void)ms;
	return c->link->in != NULL;
}

static void end(struct mp_dtls_context *c)
{
	if (c->session)
		gnutls_deinit(c->session);
	if (c->own)
		mp_dtls_gnutls_side_done(c->own);
	free(c->own);
	free(c);
}

static int set_up(struct mp_dtls_context *c)
{
	struct mp_dtls_engine *e = c->engine;

	gnutls_session_set_ptr(c->session, c);
	gnutls_transport_set_ptr(c->session, c);
	gnutls_transport_set_push_function(c->session, push);
	gnutls_transport_set_pull_function(c->session, pull);
	gnutls_transport_set_pull_timeout_function(c->session, pull_timeout);
	gnutls_dtls_set_mtu(c->session, e->mtu);
	gnutls_dtls_set_timeouts(c->session, e->retransmit_ms, e->handshake_ms);
	return gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE,
				      c->own ? c->own->credentials : e->server.credentials);
}

static int start_client(struct mp_dtls_context *c, const struct mp_dtls_start *how)
{
	const struct mp_dtls_credentials *from = how->credentials;
	bool x509 = from->kind == MP_DTLS_X509;
	gnutls_priority_t priority;
	int r;

	c->own = calloc(1, sizeof(*c->own));
	if (!c->own)
		return -ENOMEM;
	r = mp_dtls_gnutls_side_init(c->own, from, x509, !x509, NULL);
	if (r < 0)
		return r;
	r = mp_dtls_gnutls_priority(x509, !x509, &priority);
	if (r < 0)
		return r;
	r = gnutls_priority_set(c->session, priority);
	gnutls_priority_deinit(priority); /* the session holds a reference */
	if (r == 0 && from->peer_name)
		r = gnutls_server_name_set(c->session, GNUTLS_NAME_DNS, from->peer_name,
					   strlen(from->peer_name));
	return r < 0 ? -EINVAL : 0;
}

static int start_server(struct mp_dtls_context *c, const struct mp_dtls_start *how)
{
	gnutls_dtls_prestate_st state = {.record_seq = (unsigned)(how->record_number & 0xff),
					 .hsk_read_seq = how->message_number};

	if (gnutls_priority_set(c->session, c->engine->priority) < 0)
		return -ENOMEM;
	gnutls_certificate_server_set_request(c->session, GNUTLS_CERT_REQUIRE);
	gnutls_dtls_prestate_set(c->session, &state);
	return 0;
}

static int start(struct mp_dtls_engine *e, struct mp_dtls_link *l, const struct mp_dtls_start *how,
		 struct mp_dtls_context **ret)
{
	unsigned flags = GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS |
			 GNUTLS_ENABLE_RAWPK;
	struct mp_dtls_context *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->engine = e;
	c->link = l;
	if (gnutls_init(&c->session, flags | (how->client ? GNUTLS_CLIENT : GNUTLS_SERVER)) < 0) {
		free(c);
		return -ENOMEM;
	}
	r = how->client ? start_client(c, how) : start_server(c, how);
	if (r == 0 && set_up(c) < 0)
		r = -ENOMEM;
	if (r < 0)
		end(c);
	else
		*ret = c;
	return r;
}

static enum mp_dtls_reason reason_of(int r)
{
	switch (r) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return MP_DTLS_ALERT;
	case GNUTLS_E_TIMEDOUT:
		return MP_DTLS_TIMEOUT;
	case GNUTLS_E_CERTIFICATE_ERROR:
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
	case GNUTLS_E_CERTIFICATE_REQUIRED:
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_PK_SIG_VERIFY_FAILED:
		return MP_DTLS_NOT_TRUSTED;
	case GNUTLS_E_NO_CIPHER_SUITES:
	case GNUTLS_E_INSUFFICIENT_CREDENTIALS:
	case GNUTLS_E_UNSUPPORTED_CERTIFICATE_TYPE:
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_NO_COMMON_KEY_SHARE:
		return MP_DTLS_NOTHING_SHARED;
	default:
		return MP_DTLS_BROKEN;
	}
}

static int shake(struct mp_dtls_context *c)
{
	int r = gnutls_handshake(c->session);

	if (r == GNUTLS_E_SUCCESS)
		return 0;
	if (!gnutls_error_is_fatal(r)) { /* its own clock is the real one */
		unsigned ms = gnutls_dtls_get_timeout(c->session);

		c->link->timer_at = mp_dtls_link_now(c->link) + (ms ? ms : 1);
		return -EAGAIN;
	}
	c->link->reason = reason_of(r);
	(void)gnutls_alert_send_appropriate(c->session, r);
	return -EPROTO;
}

static int read_data(struct mp_dtls_context *c, void *buf, size_t size)
{
	ssize_t n = gnutls_record_recv(c->session, buf, size);

	if (n > 0)
		return (int)n;
	if (n < 0 && !gnutls_error_is_fatal((int)n))
		return -EAGAIN;
	c->link->reason = n == 0 ? MP_DTLS_CLOSED : reason_of((int)n);
	return -ECONNRESET;
}

static int write_data(struct mp_dtls_context *c, const void *data, size_t len)
{
	ssize_t n = gnutls_record_send(c->session, data, len);

	return n == (ssize_t)len ? 0 : n == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EPIPE;
}

static void bye(struct mp_dtls_context *c)
{
	(void)gnutls_bye(c->session, GNUTLS_SHUT_WR);
}

static bool has_cid(struct mp_dtls_context *c)
{
	(void)c;
	return false;
}

const struct mp_dtls_backend mp_dtls_gnutls = {
	.name = "gnutls",
	.open = open_engine,
	.shut = shut_engine,
	.start = start,
	.shake = shake,
	.read = read_data,
	.write = write_data,
	.bye = bye,
	.end = end,
	.has_cid = has_cid,
};
