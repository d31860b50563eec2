/* SPDX-License-Identifier: Apache-2.0 */
/* accounts.c - objects 0 to 2 over a restart
 *
 *     lwm2m/accounts: "mp-lwm2m 1 URI MODE\n", then what the client gave to keep
 *
 * Of another server than product.json's, or of another mode, it is of no use and begins anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "worker.h"

#define LIFETIME 300 /* seconds; updates keep the way through a NAT open */
#define MOST (64u << 10)

static void head_of(const struct worker *w, char *ret, size_t room)
{
	snprintf(ret, room, "mp-lwm2m 1 %s %s\n", w->config.uri,
		 w->config.psk_len ? "psk" : "certificate");
}

static void path_of(const struct worker *w, char *ret, size_t room)
{
	snprintf(ret, room, "%s" STATE_DIR "/lwm2m/accounts", w->config.root);
}

static int load(struct worker *w)
{
	MP_BUF(file, MOST);
	char path[512], head[320];
	size_t n;

	path_of(w, path, sizeof(path));
	head_of(w, head, sizeof(head));
	n = strlen(head);
	if (mp_file_read(path, &file, NULL) < 0 || file.len < n || memcmp(file.data, head, n) != 0)
		return -ENOENT;
	return mp_lwm2m_client_load(w->client, file.data + n, file.len - n);
}

static enum mp_lwm2m_security mode_of(const struct config *c)
{
	if (!mp_str_starts_with(c->uri, "coaps"))
		return MP_LWM2M_SECURITY_NONE;
	return c->psk_len ? MP_LWM2M_SECURITY_PSK : MP_LWM2M_SECURITY_CERTIFICATE;
}

int accounts_open(struct worker *w)
{
	if (load(w) == 0)
		return 0;
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
	char path[512], head[320];
	struct mp_err err;
	MP_BUF(file, MOST);
	int r;

	path_of(w, path, sizeof(path));
	head_of(w, head, sizeof(head));
	r = mp_buf_add_str(&file, head);
	if (r == 0)
		r = mp_buf_add(&file, data, len);
	if (r == 0)
		r = mp_file_write(path, file.data, file.len, 0600, &err);
	if (r < 0)
		mp_log(MP_LOG_WARNING, "cannot keep the accounts", "reason=\"%s\"", strerror(-r));
	return r;
}
