/* SPDX-License-Identifier: Apache-2.0
 * block.c - the value of Block1 and Block2 (RFC 7959 section 2.2): NUM(4 to 20) M(1) SZX(3) */
#include <errno.h>

#include "coap/message.h"

int mp_coap_block_decode(const struct mp_coap_option *o, struct mp_coap_block *ret)
{
	uint32_t value;

	if (o->len > 3 || mp_coap_option_uint(o, &value) < 0)
		return -EBADMSG;
	*ret = (struct mp_coap_block){value >> 4, value & 8, value & 7};
	return 0;
}

uint32_t mp_coap_block_encode(const struct mp_coap_block *b)
{
	return b->num << 4 | (b->more ? 8U : 0) | (b->szx & 7U);
}
