/* SPDX-License-Identifier: Apache-2.0
 * delegation.c - which delegated roles may speak for a target path (section 4.5, TAP 15) */
#include "tuf/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "crypto/hash.h"

static unsigned suffix_digits(const struct mp_json *succinct)
{
	return ((unsigned)mp_json_int(mp_json_get(succinct, "bit_length"), 32) + 3) / 4;
}

int mp_tuf_bin_name(const struct mp_json *succinct, const char *path, char ret[MP_TUF_BIN_NAME])
{
	unsigned bits = (unsigned)mp_json_int(mp_json_get(succinct, "bit_length"), 32);
	uint8_t h[MP_SHA256_LEN];
	uint32_t bin;
	int r = mp_hash_once(MP_SHA256, path, strlen(path), h);

	if (r < 0)
		return r;
	bin = (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3];
	(void)snprintf(ret, MP_TUF_BIN_NAME, "%.*s-%0*x", MP_TUF_NAME_MAX,
		       mp_json_str(mp_json_get(succinct, "name_prefix"), ""),
		       (int)suffix_digits(succinct), bin >> (32 - bits));
	return 0;
}

bool mp_tuf_is_bin(const struct mp_json *succinct, const char *name)
{
	const char *prefix = mp_json_str(mp_json_get(succinct, "name_prefix"), "");
	int64_t bits = mp_json_int(mp_json_get(succinct, "bit_length"), 32);
	const char *suffix = name + strlen(prefix) + 1;
	char *end;

	if (!mp_str_starts_with(name, prefix) || name[strlen(prefix)] != '-')
		return false;
	if (strlen(suffix) != suffix_digits(succinct) ||
	    strspn(suffix, "0123456789abcdef") != strlen(suffix))
		return false;
	return strtoull(suffix, &end, 16) >> bits == 0;
}

/* Does one of the prefixes begin the SHA-256 of the path? */
static bool has_hash_prefix(const struct mp_json *prefixes, const char *path_hash)
{
	for (size_t i = 0; i < mp_json_size(prefixes); i++)
		if (mp_str_starts_with(path_hash, mp_json_str(mp_json_at(prefixes, i), "-")))
			return true;
	return false;
}

static bool has_pattern(const struct mp_json *patterns, const char *path)
{
	for (size_t i = 0; i < mp_json_size(patterns); i++)
		if (mp_tuf_glob(mp_json_str(mp_json_at(patterns, i), ""), path))
			return true;
	return false;
}

static struct mp_tuf_child *child_new(const char *name, bool terminating)
{
	struct mp_tuf_child *c = calloc(1, sizeof(*c) + strlen(name) + 1);

	if (!c)
		return NULL;
	c->terminating = terminating;
	strcpy(c->name, name);
	return c;
}

void mp_tuf_children_free(struct mp_tuf_child *list)
{
	while (list) {
		struct mp_tuf_child *next = list->next;

		free(list);
		list = next;
	}
}

static int list_children(const struct mp_json *roles, const char *path, struct mp_tuf_child **ret)
{
	char hash[65];

	mp_sha256_hex(path, strlen(path), hash);
	for (size_t i = 0; i < mp_json_size(roles); i++) {
		const struct mp_json *role = mp_json_at(roles, i);
		const char *name = mp_json_str(mp_json_get(role, "name"), "");

		if (!has_pattern(mp_json_get(role, "paths"), path) &&
		    !has_hash_prefix(mp_json_get(role, "path_hash_prefixes"), hash))
			continue;
		*ret = child_new(name, mp_json_bool(mp_json_get(role, "terminating"), true));
		if (!*ret)
			return -ENOMEM;
		if ((*ret)->terminating)
			break;
		ret = &(*ret)->next;
	}
	return 0;
}

int mp_tuf_children(const struct mp_tuf_file *by, const char *path, struct mp_tuf_child **ret)
{
	const struct mp_json *delegations = mp_json_get(by->body, "delegations");
	const struct mp_json *succinct = mp_json_get(delegations, "succinct_roles");
	char name[MP_TUF_BIN_NAME];
	struct mp_tuf_child *list = NULL;
	int r;

	if (succinct) {
		r = mp_tuf_bin_name(succinct, path, name);
		if (r == 0 && !(list = child_new(name, true)))
			r = -ENOMEM;
	} else {
		r = list_children(mp_json_get(delegations, "roles"), path, &list);
	}
	if (r < 0) {
		mp_tuf_children_free(list);
		return r;
	}
	*ret = list;
	return 0;
}
