/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what of a node its readers see */
#pragma once

#include "yaml/yaml.h"

/* A scalar without quotes: the only one that can be a boolean or nothing at all. */
bool mp_yaml_is_plain(const struct mp_yaml *n);

/* mp_yaml_err() at the i-th key of a map. */
int mp_yaml_key_err(const struct mp_yaml *map, size_t i, struct mp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
