/* SPDX-License-Identifier: Apache-2.0 */
#include "intern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 16384 /* a power of two; at most half of them are used */

static char *slots[SLOTS];
static unsigned used;

static uint32_t hash_of(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

const char *intern(const char *text)
{
	uint32_t at = hash_of(text) % SLOTS;

	for (; slots[at]; at = (at + 1) % SLOTS)
		if (strcmp(slots[at], text) == 0)
			return slots[at];
	if (used >= SLOTS / 2)
		return NULL;
	slots[at] = strdup(text);
	if (slots[at])
		used++;
	return slots[at];
}
