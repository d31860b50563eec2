/* SPDX-License-Identifier: Apache-2.0
 * A hash of tokens, and a chain at each registration. Tokens are random, so they are their own
 * hash. */
#include "observations_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry.h"

struct observations {
	struct observation **chains;
	size_t n, n_chains; /* a power of two */
};

int observations_new(struct observations **ret)
{
	*ret = calloc(1, sizeof(struct observations));
	return *ret ? 0 : -ENOMEM;
}

void observations_free(struct observations *t)
{
	if (!t)
		return;
	free(t->chains);
	free(t);
}

size_t observations_size(const struct observations *t)
{
	return t->n;
}

static struct observation **chain_of(const struct observations *t, const void *token)
{
	uint64_t h;

	memcpy(&h, token, sizeof(h));
	h *= 0x9e3779b97f4a7c15u;
	return &t->chains[(h >> 32) & (t->n_chains - 1)];
}

static int grow(struct observations *t)
{
	struct observations bigger = {.n_chains = t->n_chains ? t->n_chains * 2 : 256};

	if (t->n < t->n_chains)
		return 0;
	bigger.chains = calloc(bigger.n_chains, sizeof(struct observation *));
	if (!bigger.chains)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_chains; i++)
		for (struct observation *o = t->chains[i], *next; o; o = next) {
			struct observation **chain = chain_of(&bigger, o->token);

			next = o->next_token;
			o->next_token = *chain;
			*chain = o;
		}
	free(t->chains);
	t->chains = bigger.chains;
	t->n_chains = bigger.n_chains;
	return 0;
}

struct observation *observations_by_token(const struct observations *t, const void *token,
					  size_t len)
{
	struct observation *o;

	if (!t || len != MP_COAP_TOKEN || t->n_chains == 0) /* !t: the server ends */
		return NULL;
	o = *chain_of(t, token);
	while (o && memcmp(o->token, token, MP_COAP_TOKEN) != 0)
		o = o->next_token;
	return o;
}

struct observation *observations_of(const struct registration *r)
{
	return r->observations;
}

static bool has_paths(const struct observation *o, const struct mp_lwm2m_path *paths, size_t n)
{
	if (o->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (mp_lwm2m_path_compare(&o->paths[i], &paths[i]) != 0)
			return false;
	return true;
}

struct observation *observation_find(const struct registration *r,
				     const struct mp_lwm2m_path *paths, size_t n, bool composite)
{
	struct observation *o = r->observations;

	while (o && (o->is_composite != composite || !has_paths(o, paths, n)))
		o = o->next;
	return o;
}

static size_t count_of(const struct registration *r)
{
	size_t n = 0;

	for (const struct observation *o = r->observations; o; o = o->next)
		n++;
	return n;
}

int observations_add(struct observations *t, struct registration *r,
		     const struct observation_facts *f, struct observation **ret)
{
	struct observation *old = observations_by_token(t, f->token, MP_COAP_TOKEN);
	struct observation *same = observation_find(r, f->paths, f->n, f->is_composite);
	struct observation *o, **chain;
	int k = grow(t);

	if (k < 0)
		return k;
	if (f->n == 0 || f->n > OBSERVATION_PATHS ||
	    (!old && !same && count_of(r) >= OBSERVATIONS_MAX))
		return -ENOSPC;
	o = calloc(1, sizeof(*o) + f->n * sizeof(o->paths[0]));
	if (!o)
		return -ENOMEM;
	if (old)
		observations_drop(t, old);
	if (same && same != old)
		observations_drop(t, same);
	memcpy(o->token, f->token, MP_COAP_TOKEN);
	memcpy(o->paths, f->paths, f->n * sizeof(o->paths[0]));
	o->n = (uint8_t)f->n;
	o->accept = f->accept;
	o->is_composite = f->is_composite;
	o->is_stale = f->is_stale;
	o->registration = r;
	o->next = r->observations;
	r->observations = o;
	chain = chain_of(t, o->token);
	o->next_token = *chain;
	*chain = o;
	t->n++;
	*ret = o;
	return 0;
}

void observations_drop(struct observations *t, struct observation *o)
{
	struct observation **link = chain_of(t, o->token);

	while (*link != o)
		link = &(*link)->next_token;
	*link = o->next_token;
	link = &o->registration->observations;
	while (*link != o)
		link = &(*link)->next;
	*link = o->next;
	t->n--;
	free(o);
}

void observations_drop_all(struct observations *t, struct registration *r)
{
	while (r->observations)
		observations_drop(t, r->observations);
}
