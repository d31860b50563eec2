/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

#include "base/test.h"

TEST(quantiles_are_within_four_percent)
{
	static struct histogram h;

	for (uint64_t v = 1; v <= 100000; v++)
		histogram_add(&h, v);
	for (double q = 0.01; q < 1; q += 0.01) {
		double got = (double)histogram_quantile(&h, q), want = q * 100000;

		ASSERT(got >= want * 0.999 && got <= want * 1.04 + 1);
	}
	ASSERT_INT(100000, (long long)h.max);
}

TEST(small_values_are_exact_and_huge_ones_are_kept)
{
	static struct histogram h;

	ASSERT_INT(0, (long long)histogram_quantile(&h, 0.5));
	histogram_add(&h, 3);
	histogram_add(&h, 7);
	ASSERT_INT(3, (long long)histogram_quantile(&h, 0.1));
	ASSERT_INT(7, (long long)histogram_quantile(&h, 0.9));
	histogram_add(&h, UINT64_MAX);
	ASSERT(histogram_quantile(&h, 0.99) > 1000000);
}
