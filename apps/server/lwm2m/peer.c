/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char *const prefix[] = {"", "psk:", "rpk:", "x509:"};

struct peer *peer_new(enum credential_kind kind, const void *identity, size_t len,
		      const uint8_t *sha256)
{
	char hex[65];
	size_t at = strlen(prefix[kind]);
	struct peer *p;

	if (kind == CREDENTIAL_RPK && sha256) {
		mp_hex_format(sha256, 32, hex);
		identity = hex;
		len = 64;
	}
	if (len > 255 || memchr(identity, 0, len))
		return NULL;
	p = calloc(1, sizeof(*p) + at + len + 1);
	if (!p)
		return NULL;
	p->refs = 1;
	p->kind = (uint8_t)kind;
	p->len = (uint8_t)len;
	p->has_sha256 = sha256;
	if (sha256)
		memcpy(p->sha256, sha256, 32);
	memcpy(p->text, prefix[kind], at);
	memcpy(p->text + at, identity, len);
	return p;
}

struct peer *peer_ref(struct peer *p)
{
	if (p)
		p->refs++;
	return p;
}

void peer_unref(struct peer *p)
{
	if (p && --p->refs == 0)
		free(p);
}

void peer_enter(struct peer *p, struct peer **list)
{
	p->next = *list;
	p->link = list;
	if (p->next)
		p->next->link = &p->next;
	*list = p;
}

void peer_leave(struct peer *p)
{
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	peer_unref(p);
}

bool peer_is_same(const struct peer *a, const struct peer *b)
{
	return a == b || (a && b && strcmp(a->text, b->text) == 0);
}

const char *peer_identity(const struct peer *p)
{
	return p->text + strlen(prefix[p->kind]);
}

void peer_proof(const struct peer *p, struct credential_proof *ret)
{
	*ret = (struct credential_proof){.kind = CREDENTIAL_NONE};
	if (!p)
		return;
	ret->kind = (enum credential_kind)p->kind;
	if (p->kind != CREDENTIAL_RPK) {
		ret->identity = peer_identity(p);
		ret->identity_len = p->len;
	}
	if (p->has_sha256)
		ret->sha256 = p->sha256;
}
