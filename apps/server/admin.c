/* SPDX-License-Identifier: Apache-2.0 */
#include "admin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "server.h"
#include "tokens.h"

static bool is_good(struct server *s, const char *path)
{
	MP_BUF(header, 512);
	struct mp_err ignored;

	if (mp_buf_add_str(&header, "Bearer ") < 0 || mp_file_read(path, &header, &ignored) < 0)
		return false;
	header.data[strcspn(header.data, "\r\n")] = '\0';
	return tokens_role(s->tokens, header.data) == ROLE_ADMIN;
}

/* The owner of the product folder reads it, whoever started us. */
static void give(const char *product, const char *folder, const char *path)
{
	struct stat st;

	if (geteuid() != 0 || stat(product, &st) < 0)
		return;
	if (chown(folder, st.st_uid, st.st_gid) < 0 || chown(path, st.st_uid, st.st_gid) < 0)
		return; /* root can read it all the same */
}

int admin_token_ensure(struct server *s, struct mp_err *err)
{
	char folder[4096], path[4200], token[TOKEN_LEN + 2];
	int r;

	snprintf(folder, sizeof(folder), "%s/server", s->options.product);
	snprintf(path, sizeof(path), "%s/admin.token", folder);
	if (is_good(s, path))
		return 0;
	r = tokens_remove(s, "admin");
	if (r == 0 || r == -ENOENT)
		r = tokens_add(s, "admin", ROLE_ADMIN, token);
	if (r < 0)
		return mp_err_set(err, r, "the admin token could not be written: %s", strerror(-r));
	r = mp_store_commit(s->store, err);
	if (r == 0)
		r = mp_file_make_dirs(folder, 0700, err);
	if (r < 0)
		return r;
	strcat(token, "\n");
	r = mp_file_write(path, token, strlen(token), 0600, err);
	explicit_bzero(token, sizeof(token));
	give(s->options.product, folder, path);
	return r;
}
