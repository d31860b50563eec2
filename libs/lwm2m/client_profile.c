/* SPDX-License-Identifier: Apache-2.0
 * Profile ids (Core 1.2, 6.2.1): a digest that stands for the list of objects and instances, so that a
 * device need not send the list to a server that has seen it before. It begins with the number of its
 * algorithm (RFC 6920, 9.4: SHA-256, whole or truncated); the server may name its favourite (1/x/27).
 * What is digested is "3:1.1/0,5:1.1/0," and so on: versions always, objects 0, 21 and 23 never. */
#include "lwm2m/client_internal.h"

#include <stdio.h>
#include <string.h>

#define DIGEST 32
#define SHA_256_64 5

static unsigned digest_bytes(int64_t suite)
{
	static const uint8_t bytes[] = {0, 32, 16, 15, 12, 8, 4};

	return suite > 0 && suite < (int64_t)sizeof(bytes) ? bytes[suite] : 0;
}

static int add_object(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
		      struct mp_buf *text)
{
	unsigned version = class->version ? class->version : MP_LWM2M_VERSION(1, 0);
	int32_t i = -1;
	int r = mp_buf_printf(text, "%u:%u.%u", class->id, version >> 8, version & 255u);

	while (r == 0 && (i = mp_lwm2m_client_next(c, class, i)) >= 0)
		r = mp_buf_printf(text, "/%d", (int)i);
	return r < 0 ? r : mp_buf_add_str(text, ",");
}

int mp_lwm2m_profile_id(struct mp_lwm2m_client *c, int64_t suite, char *ret)
{
	const struct mp_lwm2m_class *class;
	uint8_t digest[DIGEST];
	MP_BUF(text, PAYLOAD_MAX);
	int r = 0, n;

	if (!digest_bytes(suite))
		suite = SHA_256_64;
	for (size_t i = 0; r == 0 && (class = mp_lwm2m_client_class_at(c, i)); i++)
		if (class->id != 0 && class->id != 21 && class->id != 23)
			r = add_object(c, class, &text);
	if (r < 0)
		return r;
	c->kind->sha256(text.data, text.len, digest);
	n = snprintf(ret, MP_LWM2M_PROFILE_ID, "%d:", (int)suite);
	for (unsigned i = 0; i < digest_bytes(suite); i++)
		n += snprintf(ret + n, MP_LWM2M_PROFILE_ID - (size_t)n, "%02x", digest[i]);
	return 0;
}
