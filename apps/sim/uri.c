/* SPDX-License-Identifier: Apache-2.0 */
#include "uri.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

int uri_parse_any(const char *text, struct mp_net_address *ret, enum uri_scheme *ret_scheme,
		  struct mp_err *err)
{
	static const char *const schemes[] = {
		[URI_COAP] = "coap://",
		[URI_COAPS] = "coaps://",
		[URI_COAP_TCP] = "coap+tcp://",
		[URI_COAPS_TCP] = "coaps+tcp://",
	};

	for (int i = URI_COAP; i <= URI_COAPS_TCP; i++) {
		bool is_secure = i == URI_COAPS || i == URI_COAPS_TCP;

		if (!mp_str_starts_with(text, schemes[i]) ||
		    mp_net_address_parse(text + strlen(schemes[i]), is_secure ? 5684 : 5683, ret) <
			    0)
			continue;
		*ret_scheme = (enum uri_scheme)i;
		return 0;
	}
	return mp_err_set(
		err, -EBADMSG,
		"'%s' is not coap://ADDRESS:PORT, coaps://…, coap+tcp://… or coaps+tcp://…", text);
}

int uri_parse(const char *text, struct mp_net_address *ret, bool *ret_secure, struct mp_err *err)
{
	enum uri_scheme scheme = URI_COAP; /* for compilers that do not see that `r` is negative */
	int r = uri_parse_any(text, ret, &scheme, err);

	if (r == 0 && scheme >= URI_COAP_TCP)
		return mp_err_set(err, -ENOTSUP, "'%s': here is no CoAP over TCP", text);
	if (r == 0)
		*ret_secure = scheme == URI_COAPS;
	return r;
}
