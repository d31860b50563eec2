/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/le.h"
#include "dtls/saved.h"
#include "dtls/wire.h"

#define MAGIC "mpdtls2\n"
#define END "\0\0end\n"
#define FIXED 50 /* of a session, without its length */
#define DIGEST 32
enum { CLIENT = 1, LOCAL = 2, CID = 4, DIGESTED = 8, FLAGS = 15 };

static void put_address(uint8_t p[18], const struct mp_net_address *a)
{
	memcpy(p, a->ip, 16);
	mp_put_le16(p + 16, a->port);
}

static void get_address(const uint8_t p[18], struct mp_net_address *ret)
{
	memcpy(ret->ip, p, 16);
	ret->port = mp_le16(p + 16);
}

int mp_dtls_saved_add_header(struct mp_buf *b, const char *const *versions)
{
	int r = mp_buf_add(b, MAGIC, sizeof(MAGIC) - 1);
	uint8_t n = 0;

	while (versions[n])
		n++;
	if (r == 0)
		r = mp_buf_add(b, &n, 1);
	for (uint8_t i = 0; r == 0 && i < n; i++) {
		uint8_t len = (uint8_t)strlen(versions[i]);

		r = mp_buf_add(b, &len, 1);
		if (r == 0)
			r = mp_buf_add(b, versions[i], len);
	}
	return r;
}

int mp_dtls_saved_add(struct mp_buf *b, const struct mp_dtls_saved *s)
{
	uint8_t head[2 + FIXED], local[18];
	size_t len = FIXED + (s->has_local ? 18 : 0) + (s->cid ? MP_DTLS_CID_SIZE : 0) +
		     (s->digest ? DIGEST : 0) + s->text_len + s->keys_len;
	int r;

	if (len > MP_DTLS_SAVED_MAX || s->text_len > MP_DTLS_IDENTITY_MAX)
		return -EFBIG;
	mp_put_le16(head, (uint16_t)len);
	head[2] = (uint8_t)((s->client ? CLIENT : 0) | (s->has_local ? LOCAL : 0) |
			    (s->cid ? CID : 0) | (s->digest ? DIGESTED : 0));
	head[3] = s->backend;
	head[4] = s->kind;
	head[5] = (uint8_t)s->text_len;
	mp_put_le64(head + 6, s->top);
	mp_put_le64(head + 14, s->window);
	mp_put_le32(head + 22, s->age);
	mp_put_le64(head + 26, s->next);
	put_address(head + 34, &s->address);
	put_address(local, &s->local);
	r = mp_buf_add(b, head, sizeof(head));
	if (r == 0 && s->has_local)
		r = mp_buf_add(b, local, sizeof(local));
	if (r == 0 && s->cid)
		r = mp_buf_add(b, s->cid, MP_DTLS_CID_SIZE);
	if (r == 0 && s->digest)
		r = mp_buf_add(b, s->digest, DIGEST);
	if (r == 0)
		r = mp_buf_add(b, s->text, s->text_len);
	return r == 0 ? mp_buf_add(b, s->keys, s->keys_len) : r;
}

int mp_dtls_saved_add_end(struct mp_buf *b)
{
	return mp_buf_add(b, END, sizeof(END) - 1);
}

static const uint8_t *take(struct mp_dtls_saved_cursor *c, size_t len)
{
	const uint8_t *p = c->p;

	if (c->left < len)
		return NULL;
	c->p += len;
	c->left -= len;
	return p;
}

int mp_dtls_saved_open(struct mp_dtls_saved_cursor *c, const void *data, size_t len,
		       const char *const *versions)
{
	const uint8_t *p, *name;
	bool same = true;

	*c = (struct mp_dtls_saved_cursor){.p = data, .left = len};
	p = take(c, sizeof(MAGIC) - 1 + 1);
	if (!p || memcmp(p, MAGIC, sizeof(MAGIC) - 1) != 0)
		return -EBADMSG;
	c->backends = p[sizeof(MAGIC) - 1];
	if (c->backends == 0 || c->backends > MP_DTLS_SAVED_BACKENDS)
		return -EBADMSG;
	for (unsigned i = 0; i < c->backends; i++) {
		const char *want = same ? versions[i] : NULL;

		p = take(c, 1);
		name = p ? take(c, *p) : NULL;
		if (!name)
			return -EBADMSG;
		same = want && strlen(want) == *p && memcmp(want, name, *p) == 0;
	}
	return same && !versions[c->backends] ? 0 : -ESTALE;
}

/* The parts behind the fixed one, from a cursor over this session alone. */
static int parse_parts(struct mp_dtls_saved_cursor *c, uint8_t flags, struct mp_dtls_saved *s)
{
	const uint8_t *local = flags & LOCAL ? take(c, 18) : NULL;

	s->cid = flags & CID ? take(c, MP_DTLS_CID_SIZE) : NULL;
	s->digest = flags & DIGESTED ? take(c, DIGEST) : NULL;
	s->text = (const char *)take(c, s->text_len);
	if ((flags & LOCAL && !local) || (flags & CID && !s->cid) ||
	    (flags & DIGESTED && !s->digest) || !s->text || c->left == 0)
		return -EBADMSG;
	if (local)
		get_address(local, &s->local);
	s->keys = c->p;
	s->keys_len = c->left;
	return 0;
}

static int parse_session(const uint8_t *p, size_t len, unsigned backends, struct mp_dtls_saved *s)
{
	struct mp_dtls_saved_cursor c = {.p = p + FIXED, .left = len - FIXED};
	uint8_t flags = p[0];

	s->client = flags & CLIENT;
	s->has_local = flags & LOCAL;
	s->backend = p[1];
	s->kind = p[2];
	s->text_len = p[3];
	s->top = mp_le64(p + 4);
	s->window = mp_le64(p + 12);
	s->age = mp_le32(p + 20);
	s->next = mp_le64(p + 24);
	get_address(p + 32, &s->address);
	/* A key's digest is what tells certificates and raw keys apart from identities. */
	if (flags & ~FLAGS || s->backend >= backends || s->kind > MP_DTLS_RPK ||
	    s->top >> 48 != 1 || s->next >> 48 != 1 ||
	    !(flags & DIGESTED) != (s->kind == MP_DTLS_PSK))
		return -EBADMSG;
	return parse_parts(&c, flags, s);
}

int mp_dtls_saved_next(struct mp_dtls_saved_cursor *c, struct mp_dtls_saved *ret)
{
	struct mp_dtls_saved s = {0};
	const uint8_t *p;
	size_t len;
	int r;

	if (c->left == sizeof(END) - 1 && memcmp(c->p, END, sizeof(END) - 1) == 0)
		return -ENOENT;
	p = take(c, 2);
	len = p ? mp_le16(p) : 0;
	if (len <= FIXED || len > MP_DTLS_SAVED_MAX || !(p = take(c, len)))
		return -EBADMSG;
	r = parse_session(p, len, c->backends, &s);
	if (r == 0)
		*ret = s;
	return r;
}
