/* SPDX-License-Identifier: Apache-2.0 */
#include "uri.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

int uri_parse(const char *text, struct mp_net_address *ret, bool *ret_secure, struct mp_err *err)
{
	bool secure = mp_str_starts_with(text, "coaps://");
	const char *host = strstr(text, "://");

	if ((!secure && !mp_str_starts_with(text, "coap://")) ||
	    mp_net_address_parse(host + 3, secure ? 5684 : 5683, ret) < 0)
		return mp_err_set(err, -EBADMSG, "'%s' is not coap://ADDRESS:PORT or coaps://…",
				  text);
	*ret_secure = secure;
	return 0;
}
