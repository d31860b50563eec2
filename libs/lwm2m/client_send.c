/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdlib.h>

struct send {
	void (*done)(void *user, uint8_t code);
	void *user;
};

static void send_handler(void *user, const struct mp_coap_answer *answer)
{
	struct send *s = user;

	s->done(s->user, answer->outcome == MP_COAP_ANSWERED ? answer->code : 0);
	free(s);
}

static int may_send(const struct account *a)
{
	if (!a || !a->short_id || !a->connected || !a->location)
		return -ENOTCONN;
	if (a->version < MP_LWM2M_VERSION(1, 1))
		return -ENOTSUP;
	return mp_lwm2m_account_number(a, 23, 0) ? -EPERM : 0;
}

static int post(struct account *a, const struct mp_buf *body, enum mp_lwm2m_format format,
		void (*done)(void *user, uint8_t code), void *user)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_POST, "dp");
	struct send *s = done ? malloc(sizeof(*s)) : NULL;
	int r;

	if (done && !s)
		return -ENOMEM;
	if (s)
		*s = (struct send){done, user};
	ask.format = (int)format;
	ask.payload = body->data;
	ask.payload_len = body->len;
	ask.handler = s ? send_handler : NULL;
	ask.user = s;
	mp_lwm2m_client_enter(a->client);
	mp_lwm2m_client_touch(a->client);
	r = mp_coap_send(a->client->kind->coap, &a->remote, &ask, NULL);
	mp_lwm2m_client_settle(a->client);
	if (r < 0)
		free(s);
	return r;
}

int mp_lwm2m_client_send(struct mp_lwm2m_client *c, uint16_t short_id,
			 const struct mp_lwm2m_path *paths, size_t n, enum mp_lwm2m_format format,
			 void (*done)(void *user, uint8_t code), void *user)
{
	struct account *a = mp_lwm2m_account_find(c, short_id);
	struct mp_lwm2m_path sorted[PATHS_MAX];
	MP_BUF(body, PAYLOAD_MAX);
	int r = may_send(a);

	if (r < 0 || n > PATHS_MAX || !n)
		return r < 0 ? r : -EINVAL;
	for (size_t i = 0; i < n; i++)
		sorted[i] = paths[i];
	n = mp_lwm2m_paths_sort(sorted, n);
	r = mp_lwm2m_client_payload(c, a, sorted, n, true, format, &body);
	return r < 0 ? r : post(a, &body, format, done, user);
}

static int write_records(const struct mp_lwm2m_record *records, size_t n,
			 enum mp_lwm2m_format format, struct mp_buf *out)
{
	struct mp_lwm2m_writer w;
	int r = mp_lwm2m_write(&w, format, &mp_lwm2m_path_root, out->data, out->room - 1);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = mp_lwm2m_write_record(&w, &records[i]);
	if (r < 0)
		return r;
	r = mp_lwm2m_write_end(&w);
	if (r >= 0)
		out->len = (size_t)r;
	return r;
}

int mp_lwm2m_client_send_records(struct mp_lwm2m_client *c, uint16_t short_id,
				 const struct mp_lwm2m_record *records, size_t n,
				 enum mp_lwm2m_format format,
				 void (*done)(void *user, uint8_t code), void *user)
{
	struct account *a = mp_lwm2m_account_find(c, short_id);
	MP_BUF(body, PAYLOAD_MAX);
	size_t room = 512;
	int r = may_send(a);

	if (r == 0 && !n)
		r = -ENOENT;
	if (r < 0)
		return r;
	do {
		mp_buf_reset(&body);
		r = mp_buf_reserve(&body, room);
		if (r == 0)
			r = write_records(records, n, format, &body);
		room *= 4;
	} while (r == -ENOSPC && room <= PAYLOAD_MAX);
	return r < 0 ? r : post(a, &body, format, done, user);
}
