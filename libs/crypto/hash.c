/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/str.h"

struct mp_hash {
	gnutls_hash_hd_t state;
};

static gnutls_digest_algorithm_t algorithm(enum mp_hash_kind kind)
{
	switch (kind) {
	case MP_MD5:
		return GNUTLS_DIG_MD5;
	case MP_SHA1:
		return GNUTLS_DIG_SHA1;
	case MP_SHA256:
		return GNUTLS_DIG_SHA256;
	case MP_SHA512:
		return GNUTLS_DIG_SHA512;
	}
	abort();
}

size_t mp_hash_len(enum mp_hash_kind kind)
{
	return gnutls_hash_get_len(algorithm(kind));
}

int mp_hash_new(enum mp_hash_kind kind, struct mp_hash **ret)
{
	struct mp_hash *h = malloc(sizeof(*h));

	if (!h)
		return -ENOMEM;
	if (gnutls_hash_init(&h->state, algorithm(kind)) < 0) {
		free(h);
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

void mp_hash_add(struct mp_hash *h, const void *data, size_t len)
{
	if (len > 0 && gnutls_hash(h->state, data, len) < 0)
		abort(); /* no digest in software has a reason to fail */
}

void mp_hash_end(struct mp_hash *h, uint8_t *digest)
{
	gnutls_hash_output(h->state, digest);
}

void mp_hash_free(struct mp_hash *h)
{
	if (h)
		gnutls_hash_deinit(h->state, NULL);
	free(h);
}

int mp_hash_once(enum mp_hash_kind kind, const void *data, size_t len, uint8_t *digest)
{
	return gnutls_hash_fast(algorithm(kind), len ? data : "", len, digest) < 0 ? -ENOMEM : 0;
}

void mp_sha256_hex(const void *data, size_t len, char hex[65])
{
	uint8_t digest[MP_SHA256_LEN];

	if (mp_hash_once(MP_SHA256, data, len, digest) < 0)
		abort();
	mp_hex_format(digest, sizeof(digest), hex);
}

int mp_sha256_file(const char *path, char hex[65], uint64_t *ret_size)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t digest[MP_SHA256_LEN];
	auto_(mp_hash) *h = NULL;
	uint64_t size = 0;
	char chunk[65536];
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (mp_hash_new(MP_SHA256, &h) < 0)
		return -ENOMEM;
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			mp_hash_add(h, chunk, (size_t)n);
			size += (uint64_t)n;
		}
	}
	mp_hash_end(h, digest);
	mp_hex_format(digest, sizeof(digest), hex);
	*ret_size = size;
	return 0;
}

int mp_equal_secret(const void *a, const void *b, size_t len)
{
	return gnutls_memcmp(a, b, len) == 0;
}

void mp_random(void *bytes, size_t len)
{
	for (uint8_t *p = bytes; len > 0;) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}
