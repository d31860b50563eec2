/* SPDX-License-Identifier: Apache-2.0 */
#include "curve.h"

#include "base/test.h"

TEST(curves_are_the_same_for_the_same_seed_and_others_for_others)
{
	unsigned same = 0;

	for (int t = 0; t < 100000; t += 777) {
		ASSERT(curve_at(CURVE_TEMPERATURE, 7, t) == curve_at(CURVE_TEMPERATURE, 7, t));
		same += curve_at(CURVE_TEMPERATURE, 7, t) == curve_at(CURVE_TEMPERATURE, 8, t);
	}
	ASSERT(same < 20);
}

TEST(values_stay_in_what_such_sensors_can_measure)
{
	static const double least[] = {5, 0, 0, 0}, most[] = {40, 100, 40000, 5000};

	for (int c = CURVE_TEMPERATURE; c <= CURVE_POWER; c++)
		for (uint64_t seed = 0; seed < 50; seed++)
			for (double t = 0; t < 2 * 86400; t += 999) {
				double v = curve_at((enum curve)c, seed, t);

				ASSERT(v >= least[c] && v <= most[c]);
			}
}

TEST(chances_are_spread)
{
	unsigned low = 0;

	for (uint64_t seed = 0; seed < 10000; seed++)
		low += chance(seed, 1) < 0.1;
	ASSERT(low > 850 && low < 1150);
}
