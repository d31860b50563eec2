/* SPDX-License-Identifier: Apache-2.0
 * curve.h - what a sensor measures: a plausible value for each moment, the same for the same seed
 *
 *     celsius = curve_at(CURVE_TEMPERATURE, seed, seconds);
 *
 * A day's wave, a faster one, and noise, each with an amplitude and a phase of the seed's. Nothing is
 * remembered: any moment can be asked for.
 */
#pragma once

#include <stdint.h>

enum curve { CURVE_TEMPERATURE, CURVE_HUMIDITY, CURVE_LIGHT, CURVE_POWER };

double curve_at(enum curve c, uint64_t seed, double seconds);
/* 0 to 1, by seed and purpose. */
double chance(uint64_t seed, uint64_t purpose);
