/* SPDX-License-Identifier: Apache-2.0 */
#include "intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

#define SLOTS 16384 /* a power of two; at most half of them are used */

static char *slots[SLOTS];
static unsigned used;

static const char *find_or_add(const char *text, unsigned most)
{
	size_t at = mp_hash(text, strlen(text)) % SLOTS;

	for (; slots[at]; at = (at + 1) % SLOTS)
		if (strcmp(slots[at], text) == 0)
			return slots[at];
	if (used >= most)
		return NULL;
	slots[at] = strdup(text);
	if (slots[at])
		used++;
	return slots[at];
}

const char *intern(const char *text)
{
	return find_or_add(text, SLOTS / 2);
}

const char *intern_word(const char *text)
{
	return find_or_add(text, SLOTS / 4);
}
