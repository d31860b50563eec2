/* SPDX-License-Identifier: Apache-2.0
 * Cookies (RFC 6347, 4.2.1): a MAC over the sender's address and its ClientHello, by a secret that
 * is replaced every minute; the one before is good as well. Nothing is remembered of a ClientHello. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/le.h"
#include "dtls/internal.h"

#define SECRET_MS 60000
#define PARAMETERS_MAX (2 + 32 + 1 + 32)

int mp_dtls_random(void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int renew_secret(struct mp_dtls *d)
{
	int64_t age = d->now - d->secret_at;
	int r = 0;

	if (age < SECRET_MS)
		return 0;
	if (age >= 2 * SECRET_MS) /* both are too old */
		r = mp_dtls_random(&d->secrets[d->secret_now], sizeof(d->secrets[0]));
	if (r == 0)
		r = mp_dtls_random(&d->secrets[!d->secret_now], sizeof(d->secrets[0]));
	if (r < 0)
		return r;
	d->secret_now = !d->secret_now;
	d->secret_at = d->now;
	return 0;
}

/* The MAC of this ClientHello by one of the secrets; suites, which may be many, go in as their own. */
static void make(const struct mp_dtls *d, uint8_t which, const struct mp_net_address *from,
		 const struct mp_dtls_hello *h, uint8_t ret[COOKIE_SIZE])
{
	const struct mp_sip_key *secret = &d->secrets[which];
	uint8_t data[8 + 16 + 2 + PARAMETERS_MAX];

	mp_put_le64(data, mp_siphash(secret, h->suites, h->suites_len));
	memcpy(data + 8, from->ip, 16);
	mp_put_le16(data + 24, from->port);
	memcpy(data + 26, h->parameters, h->parameters_len); /* it bears its length */
	ret[0] = which;
	mp_put_le64(ret + 1, mp_siphash(secret, data, 26 + h->parameters_len));
}

int mp_dtls_cookie_make(struct mp_dtls *d, const struct mp_net_address *from,
			const struct mp_dtls_hello *h, uint8_t ret[COOKIE_SIZE])
{
	int r = renew_secret(d);

	if (r == 0)
		make(d, d->secret_now, from, h, ret);
	return r;
}

bool mp_dtls_cookie_check(struct mp_dtls *d, const struct mp_net_address *from,
			  const struct mp_dtls_hello *h)
{
	uint8_t cookie[COOKIE_SIZE], differ = 0;

	if (h->cookie_len != COOKIE_SIZE || h->cookie[0] > 1 || renew_secret(d) < 0)
		return false;
	make(d, h->cookie[0], from, h, cookie);
	for (size_t i = 0; i < COOKIE_SIZE; i++)
		differ |= (uint8_t)(cookie[i] ^ h->cookie[i]);
	return differ == 0;
}
