/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "coap/message.h"

#define LIMIT 70000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

/* A stream is decoded message by message, and each is written as the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[LIMIT];
	struct mp_coap_message m;
	int n;

	while ((n = mp_coap_tcp_decode(data, size, LIMIT, &m)) > 0) {
		check((size_t)n <= size && mp_coap_tcp_encode(&m, again, sizeof(again)) == n);
		check(memcmp(again, data, (size_t)n) == 0);
		check(mp_coap_tcp_decode(data, (size_t)n - 1, LIMIT, &m) == 0);
		data += n;
		size -= (size_t)n;
	}
	return 0;
}
