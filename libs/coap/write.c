/* SPDX-License-Identifier: Apache-2.0
 * write.c - writing a message into the caller's bytes */
#include <string.h>

#include "coap/internal.h"

#define PAYLOAD_WRITTEN UINT32_MAX /* as the last option: nothing may follow */

/* Room for `len` more bytes, or NULL after an error. */
static uint8_t *reserve(struct mp_coap_writer *w, size_t len)
{
	if (!w->error && len > w->room - w->len)
		w->error = -ENOSPC;
	return w->error ? NULL : w->data + w->len;
}

static void refuse(struct mp_coap_writer *w)
{
	if (!w->error)
		w->error = -EINVAL;
}

static void put(struct mp_coap_writer *w, uint8_t *at, const void *bytes, size_t len)
{
	if (len)
		memcpy(at, bytes, len);
	w->len = (size_t)(at - w->data) + len;
}

void mp_coap_write(struct mp_coap_writer *w, void *data, size_t room,
		   const struct mp_coap_header *h)
{
	uint8_t *at;

	*w = (struct mp_coap_writer){.data = data, .room = room};
	if (h->token_len > MP_COAP_EXTENDED_MOST || (h->code == MP_COAP_EMPTY && h->token_len))
		refuse(w);
	at = reserve(w, 4 + mp_coap_extended_size(h->token_len) + h->token_len);
	if (!at)
		return;
	*at++ = (uint8_t)(1U << 6 | (h->type & 3U) << 4 | mp_coap_extended_nibble(h->token_len));
	*at++ = h->code;
	*at++ = (uint8_t)(h->mid >> 8);
	*at++ = (uint8_t)h->mid;
	put(w, mp_coap_extended_encode(at, h->token_len), h->token, h->token_len);
}

void mp_coap_add(struct mp_coap_writer *w, unsigned number, const void *value, size_t len)
{
	unsigned delta = number - w->last;
	uint8_t *at;

	if (w->error)
		return;
	if (number < w->last || number > UINT16_MAX || len > MP_COAP_EXTENDED_MOST ||
	    w->data[1] == MP_COAP_EMPTY)
		refuse(w);
	at = reserve(w, 1 + mp_coap_extended_size(delta) + mp_coap_extended_size(len) + len);
	if (!at)
		return;
	*at++ = (uint8_t)(mp_coap_extended_nibble(delta) << 4 | mp_coap_extended_nibble(len));
	at = mp_coap_extended_encode(at, delta);
	at = mp_coap_extended_encode(at, len);
	put(w, at, value, len);
	w->last = number;
}

void mp_coap_add_uint(struct mp_coap_writer *w, unsigned number, uint32_t value)
{
	uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
			    (uint8_t)value};
	size_t zeros = 0;

	while (zeros < sizeof(bytes) && !bytes[zeros])
		zeros++;
	mp_coap_add(w, number, bytes + zeros, sizeof(bytes) - zeros);
}

void mp_coap_add_text(struct mp_coap_writer *w, unsigned number, const char *text)
{
	mp_coap_add(w, number, text, strlen(text));
}

void mp_coap_add_path(struct mp_coap_writer *w, unsigned number, const char *path)
{
	if (!*path)
		return;
	for (;;) {
		size_t len = strcspn(path, "/");

		mp_coap_add(w, number, path, len);
		if (!path[len])
			return;
		path += len + 1;
	}
}

void mp_coap_add_payload(struct mp_coap_writer *w, const void *payload, size_t len)
{
	uint8_t *at;

	if (w->error || !len)
		return;
	if (w->last == PAYLOAD_WRITTEN || w->data[1] == MP_COAP_EMPTY)
		refuse(w);
	at = reserve(w, 1 + len);
	if (!at)
		return;
	*at++ = 0xff;
	put(w, at, payload, len);
	w->last = PAYLOAD_WRITTEN;
}

int mp_coap_end(struct mp_coap_writer *w)
{
	return w->error ? w->error : (int)w->len;
}
