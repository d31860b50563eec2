/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/base64.h"

/* RFC 4648 section 10. */
static const struct {
	const char *bytes, *padded, *url;
} vectors[] = {
	{"", "", ""},
	{"f", "Zg==", "Zg"},
	{"fo", "Zm8=", "Zm8"},
	{"foo", "Zm9v", "Zm9v"},
	{"foob", "Zm9vYg==", "Zm9vYg"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	{"\xfb\xef\xff", "++//", "--__"},
};
#define COUNT (sizeof(vectors) / sizeof(vectors[0]))

TEST(base64_has_two_alphabets)
{
	for (size_t i = 0; i < COUNT; i++) {
		size_t len = strlen(vectors[i].bytes);
		char text[16] = "";

		mp_lwm2m_base64_encode(vectors[i].bytes, len, false, text);
		ASSERT_STR(vectors[i].padded, text);
		ASSERT_INT((long long)strlen(text), (long long)mp_lwm2m_base64_length(len, false));
		memset(text, 0, sizeof(text));
		mp_lwm2m_base64_encode(vectors[i].bytes, len, true, text);
		ASSERT_STR(vectors[i].url, text);
		ASSERT_INT((long long)strlen(text), (long long)mp_lwm2m_base64_length(len, true));
	}
}

TEST(base64_is_read_with_or_without_padding_and_in_place)
{
	for (size_t i = 0; i < COUNT; i++)
		for (int url = 0; url < 2; url++) {
			const char *text = url ? vectors[i].url : vectors[i].padded;
			size_t len = strlen(vectors[i].bytes);
			char place[16];

			memcpy(place, text, strlen(text) + 1);
			ASSERT_INT((long long)len,
				   mp_lwm2m_base64_decode(place, strlen(text), place, len));
			ASSERT(memcmp(place, vectors[i].bytes, len) == 0);
			if (len)
				ASSERT_ERR(-ENOSPC, mp_lwm2m_base64_decode(text, strlen(text),
									   place, len - 1));
		}
}

TEST(base64_refuses_what_is_none)
{
	static const char *const bad[] = {"A",	  "AAAAA", "A===", "====",  "AA=A",  "Zh==",
					  "Zm9=", "Zg=",   "Z g=", "Zg\n=", "Zm9v!", "=AAA"};
	char out[16];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_ERR(-EBADMSG,
			   mp_lwm2m_base64_decode(bad[i], strlen(bad[i]), out, sizeof(out)));
}
