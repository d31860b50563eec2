/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a datagram and their ClientHellos stay inside it. */
#include <stdlib.h>

#include "dtls/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const uint8_t *p, size_t len, const struct mp_dtls_record *r)
{
	if (p < r->whole || len > (size_t)(r->whole + r->whole_len - p))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[MP_DTLS_VERIFY_MAX], cookie[255] = {0};
	struct mp_dtls_record r;
	struct mp_dtls_hello h;

	while (mp_dtls_record_next(&data, &size, &r) == 0) {
		check_inside(r.body, r.body_len, &r);
		if (mp_dtls_hello_parse(&r, &h) < 0)
			continue;
		check_inside(h.parameters, h.parameters_len, &r);
		check_inside(h.cookie, h.cookie_len, &r);
		check_inside(h.suites, h.suites_len, &r);
		if (h.parameters_len > 2 + 32 + 1 + 32 ||
		    mp_dtls_verify_format(&h, cookie, 17, out) >= r.whole_len)
			abort(); /* an answer longer than the question */
	}
	return 0;
}
