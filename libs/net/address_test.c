/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "net/address.h"

TEST(addresses_are_read_and_written)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{"127.0.0.1", "127.0.0.1:5683"},
		{"127.0.0.1:1", "127.0.0.1:1"},
		{"0.0.0.0:0", "0.0.0.0:0"},
		{"::1", "[::1]:5683"},
		{"[::1]", "[::1]:5683"},
		{"[::1]:65535", "[::1]:65535"},
		{"::", "[::]:5683"},
		{"2001:db8::17", "[2001:db8::17]:5683"},
		{"::ffff:10.1.2.3", "10.1.2.3:5683"},
		{"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
		 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[MP_NET_ADDRESS_TEXT];
		struct mp_net_address a;

		ASSERT_OK(mp_net_address_parse(table[i].text, 5683, &a));
		mp_net_address_format(&a, text);
		ASSERT_STR(table[i].want, text);
	}
}

TEST(what_is_not_an_address_is_malformed)
{
	static const char *const texts[] = {
		"",	   ":",		  ":5683",	"localhost",	 "127.0.0.1:",
		"1.2.3",   "1.2.3.4.5",	  "1.2.3.4:-1", "1.2.3.4:65536", "1.2.3.4:1x",
		"[::1",	   "[::1]x",	  "[::1]5683",	"[::1]:",	 "::1]:5683",
		"[]:5683", "[127.0.0.1]", "fe80::1%lo", "1.2.3.4 ",	 "[::1]:70000",
		"[",	   "]",		  "1::2::3",
	};
	struct mp_net_address a = {.port = 9};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ASSERT_ERR(-EBADMSG, mp_net_address_parse(texts[i], 5683, &a));
	ASSERT_INT(9, a.port);
}

TEST(addresses_are_equal_with_their_port)
{
	struct mp_net_address a, b;

	ASSERT_OK(mp_net_address_parse("10.0.0.1:1", 0, &a));
	ASSERT_OK(mp_net_address_parse("[::ffff:10.0.0.1]:1", 0, &b));
	ASSERT(mp_net_address_is_equal(&a, &b));
	b.port = 2;
	ASSERT(!mp_net_address_is_equal(&a, &b));
	b = a;
	b.ip[15]++;
	ASSERT(!mp_net_address_is_equal(&a, &b));
	ASSERT(mp_net_address_is_set(&a));
	ASSERT(!mp_net_address_is_set(&(struct mp_net_address){0}));
}
