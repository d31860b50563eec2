/* SPDX-License-Identifier: Apache-2.0
 * Cookies (RFC 6347, 4.2.1): a MAC over the sender's address and its ClientHello, by a secret that
 * is replaced every minute; the one before is good as well. Nothing is remembered of a ClientHello. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "dtls/internal.h"

#define SECRET_MS 60000
#define PARAMETERS_MAX (2 + 32 + 1 + 32)
#define SUITES_MAX 128 /* of a device; a browser's are longer */

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
	const struct mp_dtls_backend *b = d->backends[0];
	uint8_t data[1 + 16 + 2 + PARAMETERS_MAX + SUITES_MAX], *p = data;
	bool is_long = h->suites_len > SUITES_MAX;
	int r = 0;

	*p++ = is_long;
	memcpy(p, from->ip, 16);
	p[16] = (uint8_t)(from->port >> 8);
	p[17] = (uint8_t)from->port;
	p += 18;
	memcpy(p, h->parameters, h->parameters_len); /* it bears its length */
	p += h->parameters_len;
	if (is_long) /* then their own MAC goes into the one of all */
		r = b->mac(d->engines[0], d->secrets[which], h->suites, h->suites_len, p);
	else
		memcpy(p, h->suites, h->suites_len);
	if (r < 0)
		return r;
	p += is_long ? MP_DTLS_DIGEST : h->suites_len;
	return b->mac(d->engines[0], d->secrets[which], data, (size_t)(p - data), ret);
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
