/* SPDX-License-Identifier: Apache-2.0
 * durable_state.h - what loading tells writing of the journal */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct durable;
void durable_forget(struct durable *d); /* nothing is under way, nothing is known */
void durable_found(struct durable *d, int64_t row, size_t bytes); /* a row of the journal */
