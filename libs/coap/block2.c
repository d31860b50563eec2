/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/parts.h"

void mp_coap_block2_respond(struct mp_coap_reply *reply, const struct mp_coap_response *response)
{
	mp_coap_reply_send(reply, response,
			   &(struct part){.data = response->payload,
					  .len = response->payload_len,
					  .etag = response->etag,
					  .etag_len = response->etag_len});
}

bool mp_coap_block2_take(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	(void)x;
	(void)m;
	return false;
}
bool mp_coap_block1_go_on(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	(void)x;
	(void)m;
	return false;
}
void mp_coap_bodies_done(struct mp_coap *c)
{
	(void)c;
}
void mp_coap_echo_prove(struct mp_coap *c, uint64_t remote_hash)
{
	(void)c;
	(void)remote_hash;
}
