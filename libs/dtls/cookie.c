/* SPDX-License-Identifier: Apache-2.0
 * Cookies (RFC 6347, 4.2.1): a MAC over the sender's address and its ClientHello, by a secret that
 * is replaced every minute; the one before is good as well. Nothing is remembered of a ClientHello. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "dtls/internal.h"

#define SECRET_MS 60000

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
		r = mp_dtls_random(d->secrets[d->secret_now], MP_DTLS_DIGEST);
	if (r == 0)
		r = mp_dtls_random(d->secrets[!d->secret_now], MP_DTLS_DIGEST);
	if (r < 0)
		return r;
	d->secret_now = !d->secret_now;
	d->secret_at = d->now;
	return 0;
}

/* The MAC of this ClientHello by one of the secrets. */
static int mac(struct mp_dtls *d, uint8_t which, const struct mp_net_address *from,
	       const struct mp_dtls_hello *h, uint8_t ret[MP_DTLS_DIGEST])
{
	uint8_t data[16 + 2 + 128 + MP_DTLS_DIGEST], *p = data;
	uint8_t inner[MP_DTLS_DIGEST];
	int r;

	/* The suites may be long: their own MAC goes into the one of all. */
	r = d->backends[0]->mac(d->engines[0], d->secrets[which], h->suites, h->suites_len, inner);
	if (r < 0)
		return r;
	memcpy(p, from->ip, 16);
	p[16] = (uint8_t)(from->port >> 8);
	p[17] = (uint8_t)from->port;
	p += 18;
	memcpy(p, h->parameters, h->parameters_len); /* at most 2 + 32 + 1 + 32 */
	p += h->parameters_len;
	memcpy(p, inner, sizeof(inner));
	p += sizeof(inner);
	return d->backends[0]->mac(d->engines[0], d->secrets[which], data, (size_t)(p - data), ret);
}

int mp_dtls_cookie_make(struct mp_dtls *d, const struct mp_net_address *from,
			const struct mp_dtls_hello *h, uint8_t ret[COOKIE_SIZE])
{
	uint8_t digest[MP_DTLS_DIGEST];
	int r = renew_secret(d);

	if (r == 0)
		r = mac(d, d->secret_now, from, h, digest);
	if (r < 0)
		return r;
	ret[0] = d->secret_now;
	memcpy(ret + 1, digest, COOKIE_SIZE - 1);
	return 0;
}

bool mp_dtls_cookie_check(struct mp_dtls *d, const struct mp_net_address *from,
			  const struct mp_dtls_hello *h)
{
	uint8_t digest[MP_DTLS_DIGEST], differ = 0;

	if (h->cookie_len != COOKIE_SIZE || h->cookie[0] > 1 || renew_secret(d) < 0 ||
	    mac(d, h->cookie[0], from, h, digest) < 0)
		return false;
	for (size_t i = 0; i < COOKIE_SIZE - 1; i++)
		differ |= (uint8_t)(digest[i] ^ h->cookie[1 + i]);
	return differ == 0;
}
