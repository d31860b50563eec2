/* SPDX-License-Identifier: Apache-2.0
 * tokens.h - who may do what over REST; secrets are kept as SHA-256 of 256 random bits */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "json/json.h"

struct server;

enum role {
	ROLE_NONE,
	ROLE_VIEWER,
	ROLE_OPERATOR,
	ROLE_ADMIN
}; /* stored; each may what the one before may */
const char *role_name(enum role r);
int role_parse(const char *name); /* -EBADMSG */

#define TOKEN_LEN 43 /* characters: 32 bytes in base64url */
#define DEVICE_TOKEN_LEN 32 /* hexadecimal digits: what hawkBit clients have room for */

struct tokens;
int tokens_load(struct server *s, struct tokens **ret, struct mp_err *err);
void tokens_free(struct tokens *t);

/* The role that this Authorization header stands for; ROLE_NONE: none. */
enum role tokens_role(const struct tokens *t, const char *authorization);
/* -EEXIST when the name is taken. */
int tokens_add(struct server *s, const char *name, enum role role, char ret_token[TOKEN_LEN + 1]);
int tokens_remove(struct server *s, const char *name); /* -ENOENT */
size_t tokens_count(const struct tokens *t);
struct mp_json *tokens_json(const struct tokens *t, uint64_t offset, uint64_t limit);

void token_make(char ret[TOKEN_LEN + 1]);
void device_token_make(char ret[DEVICE_TOKEN_LEN + 1]);
void token_hash(const char *token, uint8_t ret[32]);

/* The word after `scheme` and blanks (any case), NULL when the header has another scheme. */
const char *authorization_of(const char *header, const char *scheme);
