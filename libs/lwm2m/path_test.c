/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/path.h"

static int parse(const char *text, struct mp_lwm2m_path *ret)
{
	return mp_lwm2m_path_parse(text, strlen(text), ret);
}

TEST(path_is_up_to_four_numbers)
{
	static const char *const good[] = {"/", "/3", "/3/0", "/3/0/9", "/65534/65534/65534/65534"};
	char text[MP_LWM2M_PATH_TEXT];
	struct mp_lwm2m_path p;

	for (unsigned i = 0; i < 5; i++) {
		ASSERT_OK(parse(good[i], &p));
		ASSERT_INT(i, p.n);
		ASSERT_INT((long long)strlen(good[i]), (long long)mp_lwm2m_path_format(&p, text));
		ASSERT_STR(good[i], text);
	}
}

TEST(path_refuses_all_else)
{
	static const char *const bad[] = {
		"",    "3",   "3/0", "//",	   "/3/", "/3//0",  "/65535", "/-1",	"/+1",
		"/01", "/00", "/ 3", "/3/0/9/1/0", "/x",  "/3/0x1", "/99999", "/100000"};
	struct mp_lwm2m_path p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_ERR(-EBADMSG, parse(bad[i], &p));
}

TEST(path_grows_by_segments)
{
	struct mp_lwm2m_path p = mp_lwm2m_path_root;

	ASSERT_OK(mp_lwm2m_path_push(&p, "3303", 4));
	ASSERT_OK(mp_lwm2m_path_push(&p, "0", 1));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_path_push(&p, "", 0));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_path_push(&p, "rd", 2));
	ASSERT_OK(mp_lwm2m_path_push(&p, "5700", 4));
	ASSERT_OK(mp_lwm2m_path_push(&p, "1", 1));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_path_push(&p, "1", 1));
	ASSERT(mp_lwm2m_path_compare(&p, &mp_lwm2m_path(3303, 0, 5700, 1)) == 0);
	p = mp_lwm2m_path_top(&p, 2);
	ASSERT(mp_lwm2m_path_compare(&p, &mp_lwm2m_path(3303, 0)) == 0);
	p = mp_lwm2m_path_child(&p, 7);
	ASSERT(mp_lwm2m_path_compare(&p, &mp_lwm2m_path(3303, 0, 7)) == 0);
}

TEST(path_has_an_order_with_parents_first)
{
	static const char *const order[] = {"/",       "/3",   "/3/0", "/3/0/9", "/3/0/9/0",
					    "/3/0/10", "/3/1", "/4",   "/30"};

	for (size_t i = 0; i < 9; i++)
		for (size_t k = 0; k < 9; k++) {
			struct mp_lwm2m_path a, b;
			int c;

			ASSERT_OK(parse(order[i], &a));
			ASSERT_OK(parse(order[k], &b));
			c = mp_lwm2m_path_compare(&a, &b);
			ASSERT((c < 0) == (i < k) && (c > 0) == (i > k));
		}
}

TEST(path_is_below_itself_and_its_parents)
{
	const struct mp_lwm2m_path *p = &mp_lwm2m_path(3, 0, 9);

	ASSERT(mp_lwm2m_path_is_below(p, p));
	ASSERT(mp_lwm2m_path_is_below(p, &mp_lwm2m_path(3)));
	ASSERT(mp_lwm2m_path_is_below(p, &mp_lwm2m_path_root));
	ASSERT(!mp_lwm2m_path_is_below(p, &mp_lwm2m_path(3, 0, 9, 0)));
	ASSERT(!mp_lwm2m_path_is_below(p, &mp_lwm2m_path(3, 1)));
}
