/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "tokens.h"

int gateway_read(const char *path, struct gateway *ret, struct mp_err *err)
{
	MP_BUF(text, 1024);
	int r;

	if (!path)
		return 0;
	r = mp_file_read(path, &text, err);
	if (r < 0)
		return r;
	if (text.len > 0)
		text.data[strcspn(text.data, " \t\r\n")] = '\0';
	if (strlen(mp_buf_str(&text)) < 16)
		return mp_err_set(err, -EBADMSG,
				  "the gateway token in %s is shorter than 16 characters", path);
	token_hash(text.data, ret->hash);
	ret->enabled = true;
	return 0;
}

bool gateway_is_token(const struct gateway *g, const char *token)
{
	uint8_t hash[32];

	if (!g->enabled)
		return false;
	token_hash(token, hash);
	return mp_equal_secret(hash, g->hash, sizeof(hash));
}
