/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

#include <stddef.h>

/* Values below 32 have a step each; above, each doubling has 32. */
static size_t step_of(uint64_t v)
{
	unsigned top;
	size_t i;

	if (v < HISTOGRAM_STEPS)
		return (size_t)v;
	top = 63u - (unsigned)__builtin_clzll(v);
	i = (size_t)(top - 4) * HISTOGRAM_STEPS + (size_t)(v >> (top - 5)) % HISTOGRAM_STEPS;
	return i < 40 * HISTOGRAM_STEPS ? i : 40 * HISTOGRAM_STEPS - 1;
}

static uint64_t end_of(size_t i)
{
	uint64_t scale = i / HISTOGRAM_STEPS, step = i % HISTOGRAM_STEPS;

	return scale == 0 ? step : ((HISTOGRAM_STEPS + step + 1) << (scale - 1)) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	h->n++;
	h->counts[step_of(value)]++;
	if (value > h->max)
		h->max = value;
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
	uint64_t left = (uint64_t)(q * (double)h->n), end;

	for (size_t i = 0; i < sizeof(h->counts) / sizeof(h->counts[0]); i++) {
		if (h->counts[i] > left) {
			end = end_of(i);
			return end < h->max ? end : h->max;
		}
		left -= h->counts[i];
	}
	return h->max;
}
