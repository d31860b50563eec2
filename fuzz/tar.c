/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tar/tar.h"

struct memory {
	const uint8_t *data;
	size_t len;
};

static ssize_t from_memory(void *user, void *data, size_t len)
{
	struct memory *m = user;

	len = len < m->len ? len : m->len;
	if (len > 0)
		memcpy(data, m->data, len);
	m->data += len;
	m->len -= len;
	return (ssize_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was read can be written again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory m = {data, size};
	struct mp_tar_reader r = {.read = from_memory, .user = &m};
	struct mp_tar_entry e;

	while (mp_tar_next(&r, &e) > 0) {
		MP_BUF(b, 4 << 20);

		(void)mp_tar_format(&e, &b);
	}
	mp_tar_reader_done(&r);
	return 0;
}
