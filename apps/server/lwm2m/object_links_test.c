/* SPDX-License-Identifier: Apache-2.0 */
#include "object_links.h"

#include "base/test.h"

static int take(struct object_links_table *t, const char *text, struct object_links **ret)
{
	return object_links_take(t, text, strlen(text), ret);
}

TEST(object_links_are_one_copy_a_text)
{
	struct object_links_table t;
	struct object_links *a, *b, *c;

	ASSERT_OK(object_links_init(&t));
	ASSERT_OK(take(&t, "</1/0>,</3/0>", &a));
	ASSERT_OK(take(&t, "</1/0>,</3/0>", &b));
	ASSERT_OK(take(&t, "</1/0>,</3/1>", &c));
	ASSERT(a == b && a != c && t.by_text.count == 2 && a->refs == 2);
	object_links_drop(&t, a);
	object_links_drop(&t, c);
	ASSERT_INT(1, t.by_text.count);
	object_links_drop(&t, b);
	ASSERT_INT(0, t.by_text.count);
	object_links_done(&t);
}

TEST(object_links_know_the_alternate_root_and_what_it_prefers)
{
	struct object_links_table t;
	struct object_links *l;

	ASSERT_OK(object_links_init(&t));
	ASSERT_OK(take(&t, "</lwm2m>;rt=\"oma.lwm2m\";ct=112,</lwm2m/3/0>", &l));
	ASSERT_INT(112, l->format);
	ASSERT_INT(6, l->root_len);
	ASSERT(memcmp(l->text + l->root_at, "/lwm2m", 6) == 0);
	object_links_drop(&t, l);
	object_links_done(&t);
}

TEST(object_links_refuse_what_is_no_link_format)
{
	struct object_links_table t;
	struct object_links *l;

	ASSERT_OK(object_links_init(&t));
	ASSERT_ERR(-EBADMSG, take(&t, "garbage", &l));
	ASSERT_ERR(-EBADMSG, take(&t, "</1/0>,<", &l));
	ASSERT_INT(0, t.by_text.count);
	ASSERT_OK(take(&t, "", &l));
	ASSERT(!l);
	object_links_done(&t);
}

TORTURE(object_links_survive_oom)
{
	struct object_links_table t;
	struct object_links *l = NULL;
	int r = object_links_init(&t);

	r = r < 0 ? r : take(&t, "</1/0>", &l);
	object_links_drop(&t, l);
	object_links_done(&t);
	return r;
}
