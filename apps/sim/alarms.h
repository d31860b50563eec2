/* SPDX-License-Identifier: Apache-2.0
 * alarms.h - a heap of times, one slot an owner: what is due first, and changes in O(log n)
 *
 *     r = alarms_init(&a, 2 * devices);
 *     alarms_set(&a, slot, at_ms);                       // INT64_MAX takes it out
 *     while ((slot = alarms_due(&a, now_ms)) != ALARMS_NONE) ...   // it is out of the heap
 */
#pragma once

#include <stdint.h>

#define ALARMS_NONE UINT32_MAX

struct alarms {
	int64_t *at; /* by slot */
	uint32_t *heap, *place; /* slots by rank; place: 1 + rank of a slot, 0: not in it */
	uint32_t n, slots;
};
int alarms_init(struct alarms *a, uint32_t slots); /* -ENOMEM */
void alarms_done(struct alarms *a);
void alarms_set(struct alarms *a, uint32_t slot, int64_t at_ms);
int64_t alarms_next(const struct alarms *a); /* INT64_MAX: none */
uint32_t alarms_due(struct alarms *a, int64_t now_ms);
