/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "coap/stream.h"

#define LIMIT 70000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static int swallow(void *user, const void *data, size_t len)
{
	(void)user, (void)data, (void)len;
	return 0;
}

static void count(void *user, const struct mp_coap_message *m)
{
	(void)m;
	++*(int *)user;
}

/* What a stream hands on when the bytes come in pieces of `piece`; *ret is how it ended. */
static int feed(const uint8_t *data, size_t size, size_t piece, int *ret)
{
	int counted = 0;
	struct mp_coap_stream_config config = {
		.user = &counted, .send = swallow, .got = count, .message_max = 200};
	struct mp_coap_stream *s;

	check(mp_coap_stream_new(&config, &s) == 0);
	*ret = mp_coap_stream_receive(s, "\x00\xe1", 2);
	while (*ret == 0 && size > 0) {
		size_t n = piece < size ? piece : size;

		*ret = mp_coap_stream_receive(s, data, n);
		data += n;
		size -= n;
	}
	mp_coap_stream_free(s);
	return counted;
}

static void check_pieces(const uint8_t *data, size_t size)
{
	int whole, cut, count_whole = feed(data, size, size, &whole);

	for (size_t piece = 1; piece < 8; piece += 3) {
		check(feed(data, size, piece, &cut) == count_whole);
		check(cut == whole);
	}
}

/* A stream is decoded message by message, and each is written as the same bytes;
 * a connection sees the same messages however the bytes are cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[LIMIT];
	struct mp_coap_message m;
	int n;

	check_pieces(data, size);
	while ((n = mp_coap_tcp_decode(data, size, LIMIT, &m)) > 0) {
		check((size_t)n <= size && mp_coap_tcp_encode(&m, again, sizeof(again)) == n);
		check(memcmp(again, data, (size_t)n) == 0);
		check(mp_coap_tcp_decode(data, (size_t)n - 1, LIMIT, &m) == 0);
		data += n;
		size -= (size_t)n;
	}
	return 0;
}
