/* SPDX-License-Identifier: Apache-2.0
 * Memory for parked sessions: cells of one size side by side. Among the contexts of tens of kilobytes
 * that come and go, small pieces that stay would leave holes of a fifth of their size. Cells are
 * used again, and returned when all is. */
#include <stdlib.h>
#include <string.h>

#include "dtls/internal.h"

#define BLOCK 16384

struct pool_cell {
	struct pool_cell *next;
};

struct pool_block {
	struct pool_block *next;
	uint64_t cells[];
};

static struct pool_cell **cells_of(struct pool *p, size_t size)
{
	return size <= POOL_MAX ? &p->cells[(size - 1) / 8] : NULL;
}

static void add_block(struct pool *p, struct pool_cell **free_cells, size_t size)
{
	struct pool_block *b = malloc(BLOCK);
	size_t words = (size + 7) / 8, count = (BLOCK - sizeof(*b)) / 8 / words;

	if (!b)
		return;
	b->next = p->blocks;
	p->blocks = b;
	while (count--) {
		struct pool_cell *c = (struct pool_cell *)(void *)&b->cells[count * words];

		c->next = *free_cells;
		*free_cells = c;
	}
}

void *mp_dtls_pool_take(struct pool *p, size_t size)
{
	struct pool_cell **cells = cells_of(p, size), *c;

	if (!cells)
		return malloc(size);
	if (!*cells)
		add_block(p, cells, size);
	c = *cells;
	if (c)
		*cells = c->next;
	return c;
}

void mp_dtls_pool_give(struct pool *p, void *cell, size_t size)
{
	struct pool_cell **cells = cells_of(p, size), *c = cell;

	explicit_bzero(cell, size); /* keys */
	if (!cells) {
		free(cell);
		return;
	}
	c->next = *cells;
	*cells = c;
}

void mp_dtls_pool_done(struct pool *p)
{
	while (p->blocks) {
		struct pool_block *b = p->blocks;

		p->blocks = b->next;
		free(b);
	}
}
