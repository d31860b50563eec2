/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "coap/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

/* What a reader asks of a message, whatever it is. */
static void read_all(const struct mp_coap_message *m)
{
	struct mp_coap_option first;
	struct mp_coap_block b;
	unsigned last = 0;
	uint32_t value;

	MP_COAP_EACH_OPTION(o, m)
	{
		check(o.number >= last && mp_coap_find(m, o.number, &first));
		check(first.number == o.number && first.value <= o.value);
		(void)mp_coap_option_is_sound(&o);
		(void)mp_coap_option_uint(&o, &value);
		if (mp_coap_block_decode(&o, &b) == 0)
			check(mp_coap_option_uint(&o, &value) == 0 &&
			      mp_coap_block_encode(&b) == value);
		last = o.number;
	}
	(void)mp_coap_path_is(m, "rd/a");
}

/* There is one encoding of each message: what was decoded is written as the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_coap_message m;
	struct mp_coap_writer w;
	enum mp_coap_type type;
	uint8_t *again;
	uint16_t mid;

	if (mp_coap_decode(data, size, &m) < 0)
		return 0;
	check(mp_coap_peek(data, size, &type, &mid) == 0 && type == m.type && mid == m.mid);
	read_all(&m);
	again = malloc(size);
	check(again != NULL);
	mp_coap_write(&w, again, size,
		      &(struct mp_coap_header){m.type, m.code, m.mid, m.token, m.token_len});
	MP_COAP_EACH_OPTION(o, &m)
	mp_coap_add(&w, o.number, o.value, o.len);
	mp_coap_add_payload(&w, m.payload, m.payload_len);
	check(mp_coap_end(&w) == (int)size && memcmp(again, data, size) == 0);
	free(again);
	return 0;
}
