/* SPDX-License-Identifier: Apache-2.0 */
/* accounts.c - objects 0 to 2 over a restart
 *
 *     lwm2m/accounts: "mp-lwm2m 2 URI MODE LENGTH\n", then what the client gave to keep
 *
 * Of another server than product.json's, of another mode, not whole, or without anybody to turn to, it is of no use and
 * begins anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "worker.h"

#define LIFETIME 300 /* seconds; updates keep the way through a NAT open */
#define MOST (64u << 10)

static void head_of(const struct worker *w, size_t len, char *ret, size_t room)
{
	snprintf(ret, room, "mp-lwm2m 2 %s %s %zu\n", w->config.uri,
		 w->config.psk_len ? "psk" : "certificate", len);
}

static int load(struct worker *w)
{
	MP_BUF(file, MOST);
	const char *end;
	char head[340];
	size_t n;

	if (kept_read(w, "accounts", &file) < 0 || !file.len ||
	    !(end = memchr(file.data, '\n', file.len)))
		return -ENOENT;
	n = (size_t)(end + 1 - (const char *)file.data);
	head_of(w, file.len - n, head, sizeof(head));
	if (n != strlen(head) || memcmp(file.data, head, n) != 0)
		return -ENOENT;
	return mp_lwm2m_client_load(w->client, file.data + n, file.len - n);
}

/* To a server, or to a bootstrap server? */
static bool lead_somewhere(const struct mp_lwm2m_rows *rows)
{
	for (int32_t i = -1; (i = mp_lwm2m_rows_next(rows, 0, i)) >= 0;)
		if (mp_lwm2m_rows_number(rows, &mp_lwm2m_path(0, (uint16_t)i, 1), 0))
			return true;
	return mp_lwm2m_rows_next(rows, 1, -1) >= 0;
}

static enum mp_lwm2m_security mode_of(const struct config *c)
{
	if (!mp_str_starts_with(c->uri, "coaps"))
		return MP_LWM2M_SECURITY_NONE;
	return c->psk_len ? MP_LWM2M_SECURITY_PSK : MP_LWM2M_SECURITY_CERTIFICATE;
}

int accounts_open(struct worker *w)
{
	struct mp_lwm2m_rows *rows = mp_lwm2m_client_rows(w->client);

	if (load(w) == 0 && lead_somewhere(rows))
		return 0;
	(void)mp_lwm2m_rows_remove(rows, &mp_lwm2m_path_root);
	return mp_lwm2m_client_add_account(
		w->client,
		&(struct mp_lwm2m_account){.uri = w->config.uri,
					   .short_id = 1,
					   .mode = mode_of(&w->config),
					   .identity = w->config.psk_identity,
					   .identity_len = strlen(w->config.psk_identity),
					   .lifetime = LIFETIME});
}

int accounts_save(void *user, const void *data, size_t len)
{
	struct worker *w = user;
	char head[340];
	MP_BUF(file, MOST);
	int r;

	head_of(w, len, head, sizeof(head));
	r = mp_buf_add_str(&file, head);
	if (r == 0)
		r = mp_buf_add(&file, data, len);
	return r < 0 ? r : kept_write(w, "accounts", file.data, file.len);
}
