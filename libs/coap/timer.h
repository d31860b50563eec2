/* SPDX-License-Identifier: Apache-2.0
 * timer.h - timers on a hashed wheel: setting, stopping and firing one costs the same at any number
 *
 *     mp_coap_timer_set(&w, &x->timer, now + 2000, resend);
 *     mp_coap_wheel_turn(&w, now);            // calls what is due
 *
 * A timer fires up to MP_COAP_TICK_MS late, never early. Varghese, Lauck: "Hashed and hierarchical
 * timing wheels", scheme 6.
 */
#pragma once

#include <stdint.h>

#define MP_COAP_TICK_MS 16
#define MP_COAP_WHEEL 2048 /* slots: one turn is 32 s; longer timers stay for more turns */

struct timer {
	struct timer *next, **at; /* at: NULL when it is not set */
	int64_t tick;
	void (*fire)(struct timer *t);
};
struct wheel {
	struct timer *slots[MP_COAP_WHEEL];
	uint64_t occupied[MP_COAP_WHEEL / 64];
	int64_t tick; /* all up to this one have fired */
};

void mp_coap_wheel_init(struct wheel *w, int64_t now_ms);
/* May set and stop any timer meanwhile. */
void mp_coap_wheel_turn(struct wheel *w, int64_t now_ms);
/* The earliest time at which one may be due; INT64_MAX: none is set. */
int64_t mp_coap_wheel_next(const struct wheel *w);
void mp_coap_timer_set(struct wheel *w, struct timer *t, int64_t due_ms,
		       void (*fire)(struct timer *t));
void mp_coap_timer_stop(struct wheel *w, struct timer *t); /* also when it is not set */
