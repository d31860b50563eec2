/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "crypto/hash.h"
#include "server.h"

struct token {
	char name[65];
	uint8_t hash[32];
	enum role role;
	int64_t created;
};

struct tokens {
	struct token *all;
	size_t n, room;
};

static const char *const names[] = {[ROLE_NONE] = "none",
				    [ROLE_VIEWER] = "viewer",
				    [ROLE_OPERATOR] = "operator",
				    [ROLE_ADMIN] = "admin"};

const char *role_name(enum role r)
{
	return names[r];
}

int role_parse(const char *name)
{
	for (int i = ROLE_VIEWER; i <= ROLE_ADMIN; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -EBADMSG;
}

/* ---- secrets ---- */

void token_make(char ret[TOKEN_LEN + 1])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[33] = {0};
	unsigned bits = 0, have = 0, at = 0;

	mp_random(bytes, 32);
	for (unsigned i = 0; at < TOKEN_LEN; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6 && at < TOKEN_LEN; have -= 6)
			ret[at++] = digits[bits >> (have - 6) & 63];
	}
	ret[TOKEN_LEN] = '\0';
}

void device_token_make(char ret[DEVICE_TOKEN_LEN + 1])
{
	uint8_t bytes[DEVICE_TOKEN_LEN / 2];

	mp_random(bytes, sizeof(bytes));
	mp_hex_format(bytes, sizeof(bytes), ret);
}

void token_hash(const char *token, uint8_t ret[32])
{
	if (mp_hash_once(MP_SHA256, token, strlen(token), ret) < 0)
		mp_random(ret, 32); /* memory is out: equal to nothing */
}

const char *authorization_of(const char *header, const char *scheme)
{
	size_t len = strlen(scheme);

	if (!header || strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
		return NULL;
	header += len;
	return header + strspn(header, " ");
}

/* ---- the table ---- */

static int insert(struct tokens *t, const struct token *one)
{
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 8;
		struct token *all = realloc(t->all, room * sizeof(*all));

		if (!all)
			return -ENOMEM;
		t->all = all;
		t->room = room;
	}
	t->all[t->n++] = *one;
	return 0;
}

int tokens_load(struct server *s, struct tokens **ret, struct mp_err *err)
{
	struct tokens *t = calloc(1, sizeof(*t));
	auto_(mp_query) *q = NULL;
	int r = t ? mp_store_query(s->store, "SELECT name, hash, role, created FROM token", &q,
				   MP_NOTHING)
		  : -ENOMEM;

	while (r == 0 && (r = mp_query_next(q)) > 0) {
		struct token one = {.role = (enum role)mp_query_int(q, 2),
				    .created = mp_query_int(q, 3)};
		size_t len;
		const void *hash = mp_query_bytes(q, 1, &len);

		snprintf(one.name, sizeof(one.name), "%s", mp_query_text(q, 0));
		if (len == sizeof(one.hash))
			memcpy(one.hash, hash, len);
		r = insert(t, &one);
	}
	if (r == 0) {
		*ret = t;
		return 0;
	}
	tokens_free(t);
	return mp_err_set(err, r, "the tokens could not be read from the database: %s",
			  strerror(-r));
}

void tokens_free(struct tokens *t)
{
	if (!t)
		return;
	free(t->all);
	free(t);
}

enum role tokens_role(const struct tokens *t, const char *authorization)
{
	const char *token = authorization_of(authorization, "Bearer");
	enum role role = ROLE_NONE;
	uint8_t hash[32];

	if (!token)
		return ROLE_NONE;
	token_hash(token, hash);
	for (size_t i = 0; i < t->n; i++)
		if (mp_equal_secret(hash, t->all[i].hash, sizeof(hash)))
			role = t->all[i].role;
	return role;
}

static struct token *find(struct tokens *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->all[i].name, name) == 0)
			return &t->all[i];
	return NULL;
}

int tokens_add(struct server *s, const char *name, enum role role, char ret_token[TOKEN_LEN + 1])
{
	struct token one = {.role = role, .created = server_now()};
	char token[TOKEN_LEN + 1];
	int r;

	if (find(s->tokens, name))
		return -EEXIST;
	token_make(token);
	token_hash(token, one.hash);
	snprintf(one.name, sizeof(one.name), "%s", name);
	r = mp_store_run(s->store,
			 "INSERT INTO token (name, hash, role, created) VALUES (?, ?, ?, ?)",
			 MP_TEXT(name), MP_BYTES(one.hash, 32), MP_INT(role), MP_INT(one.created));
	if (r >= 0)
		r = insert(s->tokens, &one);
	if (r < 0)
		return r;
	strcpy(ret_token, token);
	return 0;
}

int tokens_remove(struct server *s, const char *name)
{
	struct token *one = find(s->tokens, name);
	int r;

	if (!one)
		return -ENOENT;
	r = mp_store_run(s->store, "DELETE FROM token WHERE name = ?", MP_TEXT(name));
	if (r < 0)
		return r;
	*one = s->tokens->all[--s->tokens->n];
	return 0;
}

size_t tokens_count(const struct tokens *t)
{
	return t->n;
}

struct mp_json *tokens_json(const struct tokens *t, uint64_t offset, uint64_t limit)
{
	auto_(mp_json) *items = mp_json_new_array();
	int r = 0;

	for (size_t i = offset; r == 0 && i < t->n && i < offset + limit; i++) {
		struct mp_json *j = mp_json_new_object();

		r |= mp_json_put_str(j, "name", t->all[i].name);
		r |= mp_json_put_str(j, "role", role_name(t->all[i].role));
		r |= mp_json_put_int(j, "created", t->all[i].created);
		r |= mp_json_append(items, j);
	}
	return r ? NULL : take_ptr(items);
}
