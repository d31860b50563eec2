/* SPDX-License-Identifier: Apache-2.0
 * sample.h - for tests: a server and a client with a pre-shared key on a fake network
 */
#pragma once

#include <errno.h>

#include "dtls/fake_net.h"
#include "dtls_mbedtls/dtls_mbedtls.h"

struct sample {
	struct fake_net net;
	struct fake_end server, client;
};

static inline int sample_key(void *user, const void *identity, size_t len,
			     uint8_t key[MP_DTLS_KEY_MAX])
{
	(void)user;
	if (len < 6 || memcmp(identity, "device", 6) != 0)
		return -ENOENT;
	memcpy(key, "0123456789abcdef", 16);
	return 16;
}

static inline struct mp_dtls_config sample_config(bool server)
{
	return (struct mp_dtls_config){
		.for_psk = &mp_dtls_mbedtls, .server = server, .psk = sample_key};
}

static inline struct mp_dtls_credentials sample_credentials(const char *identity)
{
	return (struct mp_dtls_credentials){.kind = MP_DTLS_PSK,
					    .identity = identity,
					    .identity_len = strlen(identity),
					    .key = "0123456789abcdef",
					    .key_len = 16};
}

static inline void sample_free(struct sample *s)
{
	fake_close(&s->server);
	fake_close(&s->client);
	free(s);
}

/* NULL when memory is out. */
static inline struct sample *sample_new(struct mp_dtls_config server, struct mp_dtls_config client)
{
	struct sample *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->net.seed = 7;
	if (fake_open(&s->net, &s->server, 1, server) < 0 ||
	    fake_open(&s->net, &s->client, 2, client) < 0) {
		sample_free(s);
		return NULL;
	}
	s->server.echo = true;
	return s;
}

static inline void sample_done(struct sample **s)
{
	if (*s)
		sample_free(*s);
}
#define auto_sample __attribute__((cleanup(sample_done))) struct sample

static inline int sample_connect(struct sample *s)
{
	struct mp_dtls_credentials c = sample_credentials("device-1");

	return mp_dtls_connect(s->client.d, NULL, &s->server.address, &c, NULL, &s->client.session);
}

/* Ask until the answer has come, as an application does on a network that loses. -ETIMEDOUT. */
static inline int sample_ask(struct sample *s, const char *text)
{
	for (int i = 0; i < 60 && s->client.session; i++) {
		int r = mp_dtls_write(s->client.session, text, strlen(text));

		if (r < 0)
			return r;
		fake_run(&s->net, 500);
		if (strcmp(s->client.text, text) == 0)
			return 0;
	}
	return -ETIMEDOUT;
}

static inline struct mp_dtls_counters sample_counters(const struct fake_end *e)
{
	struct mp_dtls_counters c;

	mp_dtls_get_counters(e->d, &c);
	return c;
}
