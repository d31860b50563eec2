/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens.h"

#include <errno.h>

#include "base/str.h"
#include "enrolment.h"
#include "rest/rest.h"

static void reply_token(struct call *c, const char *token)
{
	struct mp_json *j = mp_json_new_object();

	if (mp_json_put_str(j, "token", token) < 0) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 201, j);
	call_wrote(c);
}

void rest_get_tokens(struct call *c)
{
	const struct tokens *t = c->server->tokens;
	struct rest_window window;

	if (rest_window(c, &window))
		rest_reply_list(c, tokens_json(t, window.offset, window.limit), tokens_count(t));
}

void rest_post_token(struct call *c)
{
	auto_(mp_json) *body = NULL;
	char token[TOKEN_LEN + 1];
	const char *name, *role;
	struct mp_err err;
	int r;

	if (!call_json(c, &body))
		return;
	r = mp_json_read_str(body, "name", &name, &err);
	if (r == 0)
		r = mp_json_read_str(body, "role", &role, &err);
	if (r < 0) {
		call_error(c, 400, "%s", err.text);
		return;
	}
	if (!mp_str_is_name(name, 64)) {
		call_error(c, 400, "'%.80s' is no name for a token.", name);
		return;
	}
	r = role_parse(role);
	if (r < 0) {
		call_error(c, 400, "'role' must be admin, operator or viewer.");
		return;
	}
	r = tokens_add(c->server, name, (enum role)r, token);
	if (r == -EEXIST)
		call_error(c, 409, "There is a token %s already.", name);
	else if (r < 0)
		call_failed(c);
	else
		reply_token(c, token);
}

void rest_delete_token(struct call *c)
{
	int r = tokens_remove(c->server, c->args[0]);

	if (r == -ENOENT) {
		call_error(c, 404, "There is no token %s.", c->args[0]);
	} else if (r < 0) {
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 204);
		call_wrote(c);
	}
}

void rest_post_enroll_token(struct call *c)
{
	char token[TOKEN_LEN + 1];
	int r;

	token_make(token);
	r = enrolment_add_token(c->server, token);
	if (r == -ENOSPC)
		call_error(c, 409, "There are as many enrolment tokens as there can be.");
	else if (r < 0)
		call_failed(c);
	else
		reply_token(c, token);
}
