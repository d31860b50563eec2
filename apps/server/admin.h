/* SPDX-License-Identifier: Apache-2.0
 * admin.h - the first token: PRODUCT/server/admin.token, which the `mp` verbs in that folder use */
#pragma once

#include "base/err.h"

struct server;

/* Make the token "admin" and its file when there is no file, or what is in it is not good. Commits. */
int admin_token_ensure(struct server *s, struct mp_err *err);
