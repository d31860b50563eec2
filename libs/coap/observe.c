/* SPDX-License-Identifier: Apache-2.0
 * observe.c - notifications, both ways (RFC 7641) */
#include "coap/parts.h"

#define FRESH_MS 128000 /* RFC 7641 section 3.4 */

bool mp_coap_observe_is_newer(uint32_t last, int64_t last_ms, uint32_t next, int64_t next_ms)
{
	const uint32_t half = 1 << 23;

	return (last < next && next - last < half) || (last > next && last - next > half) ||
	       next_ms > last_ms + FRESH_MS;
}

static bool is_known(struct mp_coap *c, const struct mp_coap_answer *a)
{
	return c->config.notified && c->config.notified(c->config.user, a);
}

static void judge(struct mp_coap *c, const struct incoming *in, bool known)
{
	c->stats.unknown_responses += !known;
	if (!known)
		mp_coap_answer_empty(c, in, MP_COAP_RST);
	else if (in->m->type == MP_COAP_CON)
		mp_coap_answer_empty(c, in, MP_COAP_ACK);
}

void mp_coap_notification_receive(struct mp_coap *c, const struct incoming *in)
{
	struct mp_coap_answer a = {.outcome = MP_COAP_ANSWERED,
				   .message = in->m,
				   .code = in->m->code,
				   .payload = in->m->payload,
				   .payload_len = in->m->payload_len,
				   .format = -1,
				   .observe = -1,
				   .remote = in->from};
	uint32_t n;

	if (mp_coap_find_uint(in->m, MP_COAP_OBSERVE, &n) == 1)
		a.observe = n;
	if (mp_coap_find_uint(in->m, MP_COAP_CONTENT_FORMAT, &n) == 1)
		a.format = (int)n;
	judge(c, in, is_known(c, &a));
}

int mp_coap_notify(struct mp_coap *c, const struct mp_coap_remote *to, const uint8_t *token,
		   size_t token_len, bool confirmable, const struct mp_coap_response *response,
		   void (*gone)(void *user, enum mp_coap_outcome outcome), void *user)
{
	struct mp_coap_header h = {.type = confirmable ? MP_COAP_CON : MP_COAP_NON,
				   .code = response->code,
				   .token = token,
				   .token_len = token_len};
	struct part part = {.data = response->payload,
			    .len = response->payload_len,
			    .etag = response->etag,
			    .etag_len = response->etag_len};
	uint8_t out[MESSAGE_MAX];
	int n;

	n = mp_coap_write_response(&h, response, NULL, &part, out, sizeof(out));
	if (n < 0)
		return n;
	return mp_coap_push(c, to, confirmable, false, out, (size_t)n, gone, user);
}
