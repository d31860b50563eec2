/* SPDX-License-Identifier: Apache-2.0
 * histogram.h - quantiles of many times in fixed memory, within 4 %
 *
 *     struct histogram h = {0};
 *     histogram_add(&h, microseconds);
 *     p99 = histogram_quantile(&h, 0.99);
 */
#pragma once

#include <stdint.h>

#define HISTOGRAM_STEPS 32 /* a doubling */

struct histogram {
	uint64_t n, max;
	uint64_t counts[40 * HISTOGRAM_STEPS];
};
void histogram_add(struct histogram *h, uint64_t value);
/* The upper end of the step that holds it; 0 without values. */
uint64_t histogram_quantile(const struct histogram *h, double q);
