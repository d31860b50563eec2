/* SPDX-License-Identifier: Apache-2.0
 * internal.h - what json.c and text.c share */
#pragma once

#include <jansson.h>

#include "json/json.h"

static inline json_t *value_of(const struct mp_json *j)
{
	return (json_t *)(uintptr_t)j;
}

static inline struct mp_json *from_value(json_t *v)
{
	return (struct mp_json *)v;
}

/* Has an allocation failed since the last reset? */
bool mp_json_ran_out(bool reset);
