/* SPDX-License-Identifier: Apache-2.0
 * links.h - link format as Leshan's JSON: [{"url": "/3", "attributes": {"ver": "1.1"}}] */
#pragma once

#include <stddef.h>

#include "json/json.h"

struct mp_json *leshan_links_json(const char *text, size_t len); /* NULL: memory is out */
