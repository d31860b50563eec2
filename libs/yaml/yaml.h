/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h - read a YAML document into a tree that remembers its lines (wraps libyaml)
 *
 *     r = mp_yaml_load("product.yaml", &doc, &err);
 *     static const char *const keys[] = { "product", "boards", NULL };
 *     r = mp_yaml_check_keys(root, keys, &err);     // product.yaml:3: unknown key 'bords' ...
 *
 * Block and flow style; anchors, aliases, tags and double keys refused (no document of ours needs
 * them, and a billion laughs needs nothing else). Limits: 1 MiB, 32 levels, 10,000 nodes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

enum mp_yaml_type { MP_YAML_SCALAR, MP_YAML_LIST, MP_YAML_MAP };

struct mp_yaml_doc;
struct mp_yaml; /* a node, borrowed from its document */

/* 0, -EBADMSG with "FILE:LINE: sentence", -EFBIG, -ENOMEM, or why the file cannot be read. */
int mp_yaml_load(const char *path, struct mp_yaml_doc **ret, struct mp_err *err);
/* `name` stands where a path would in error sentences; borrowed only during the call. */
int mp_yaml_parse(const char *name, const void *text, size_t len, struct mp_yaml_doc **ret,
		  struct mp_err *err);
void mp_yaml_doc_free(struct mp_yaml_doc *d);
DEFINE_AUTO(mp_yaml_doc)

const struct mp_yaml *mp_yaml_root(const struct mp_yaml_doc *d); /* NULL: an empty document */
enum mp_yaml_type mp_yaml_type(const struct mp_yaml *n);
const struct mp_yaml *mp_yaml_get(const struct mp_yaml *map, const char *key); /* NULL: not there */
size_t mp_yaml_size(const struct mp_yaml *n); /* entries of a list or map */
const struct mp_yaml *mp_yaml_at(const struct mp_yaml *n, size_t i); /* i-th item, or map value */
const char *mp_yaml_key(const struct mp_yaml *map, size_t i); /* i-th key of a map */
const char *mp_yaml_str(const struct mp_yaml *n); /* a scalar's text; NULL for list, map and NULL */
unsigned mp_yaml_line(const struct mp_yaml *n); /* from 1 */

/* "FILE:LINE: sentence" at a node: every complaint about a document is made with this. */
int mp_yaml_err(const struct mp_yaml *n, struct mp_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Refuse any key of `map` that `keys` (NULL-terminated) lacks, naming the nearest known one. */
int mp_yaml_check_keys(const struct mp_yaml *map, const char *const *keys, struct mp_err *err);

/* A required member, with a sentence when missing, empty or no text. */
int mp_yaml_read_str(const struct mp_yaml *map, const char *key, const char **ret,
		     struct mp_err *err);
/* true or false, without quotes. */
int mp_yaml_read_bool(const struct mp_yaml *n, bool *ret, struct mp_err *err);
int mp_yaml_read_u64(const struct mp_yaml *n, uint64_t max, uint64_t *ret, struct mp_err *err);
/* "30s", "5m", "2h", "1d", "1m30s", "0": seconds. */
int mp_yaml_read_duration(const struct mp_yaml *n, uint64_t *ret_seconds, struct mp_err *err);
