/* SPDX-License-Identifier: Apache-2.0
 * A table with one entry for each of 4096 hash values: two addresses may share one, which makes
 * both wait a little longer, and nobody can make the table grow. */
#include "throttle.h"

#include "base/siphash.h"

#define ENTRIES 4096

static struct {
	int64_t since; /* failures are counted from here on: one is forgiven each second */
	int64_t failures;
} table[ENTRIES];

static unsigned entry_of(const uint8_t address[16])
{
	return (unsigned)(mp_hash(address, 16) % ENTRIES);
}

static int64_t left(unsigned i, int64_t now)
{
	int64_t n = table[i].failures - (now - table[i].since);

	return n > 0 ? n : 0;
}

bool throttle_is_closed(const uint8_t address[16], int64_t now)
{
	return left(entry_of(address), now) >= THROTTLE_BURST;
}

void throttle_failed(const uint8_t address[16], int64_t now)
{
	unsigned i = entry_of(address);
	int64_t n = left(i, now);

	table[i].failures =
		n < THROTTLE_BURST ? n + 1 : n; /* a minute's wait is one, whoever goes on */
	table[i].since = now;
}
