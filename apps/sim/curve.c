/* SPDX-License-Identifier: Apache-2.0 */
#include "curve.h"

#include "port.h"

#define DAY 86400.0

double chance(uint64_t seed, uint64_t purpose)
{
	uint64_t state = seed ^ purpose * 0xd6e8feb86659fd93u;

	return (double)(random_next(&state) >> 11) / 9007199254740992.0;
}

/* A wave of period 1 between -1 and 1, from two parabolas: near enough to a sine's. */
static double swing(double turns)
{
	double t = turns - (double)(int64_t)turns;
	double u = 2 * (t < 0 ? t + 1 : t);

	return u < 1 ? 4 * u * (1 - u) : -4 * (u - 1) * (2 - u);
}

static double wave(uint64_t seed, uint64_t purpose, double period, double seconds)
{
	return swing(seconds / period + chance(seed, purpose));
}

/* -1 to 1, another one each ten seconds. */
static double noise(uint64_t seed, double seconds)
{
	return 2 * chance(seed, 1000 + (uint64_t)(seconds / 10)) - 1;
}

static double to_step(double v, double step)
{
	return (double)(int64_t)(v / step + (v < 0 ? -0.5 : 0.5)) * step;
}

static double day_light(uint64_t seed, double seconds)
{
	double sun = swing(seconds / DAY + chance(seed, 1) / 24 - 0.25);
	double clouds = 0.75 + 0.25 * wave(seed, 2, 1700 + 900 * chance(seed, 3), seconds);

	return sun > 0 ? sun * clouds : 0;
}

static double load(uint64_t seed, double seconds)
{
	double base = 40 + 80 * chance(seed, 4);
	double busy = wave(seed, 5, DAY, seconds) > 0 ? 1 : 0.2;
	double machine = wave(seed, 6, 600 + 1200 * chance(seed, 7), seconds) > 0.6 ? 1500 : 0;

	return base + busy * (300 * chance(seed, 8) + machine * chance(seed, 9)) +
	       5 * noise(seed, seconds);
}

double curve_at(enum curve c, uint64_t seed, double seconds)
{
	double v;

	switch (c) {
	case CURVE_TEMPERATURE:
		return to_step(19 + 4 * chance(seed, 10) +
				       (1 + 3 * chance(seed, 11)) * wave(seed, 12, DAY, seconds) +
				       0.4 * wave(seed, 13, 1500, seconds) +
				       0.1 * noise(seed, seconds),
			       0.1);
	case CURVE_HUMIDITY:
		v = 40 + 20 * chance(seed, 14) + 8 * wave(seed, 15, DAY, seconds) +
		    2 * wave(seed, 16, 2400, seconds) + 0.5 * noise(seed, seconds);
		return to_step(v < 0 ? 0 : v > 100 ? 100 : v, 0.5);
	case CURVE_LIGHT:
		v = 30000 * day_light(seed, seconds) + 150 * (1 + noise(seed, seconds) / 10);
		return to_step(v, 10);
	default:
		return to_step(load(seed, seconds), 0.5);
	}
}
