/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles.h"

#include "base/test.h"

static int parse(const char *text, const char **ret, size_t *ret_len)
{
	*ret = text;
	*ret_len = strlen(text);
	return profile_id_parse(ret, ret_len);
}

TEST(profile_ids_are_digests_or_names_of_an_agreement)
{
	static const struct {
		const char *text;
		int r;
	} ids[] = {
		{"6:1234abcd", 1},
		{"5:0123456789abcdef", 1},
		{"\"6:1234abcd\"", 1},
		{"oma:meter-1", 0},
		{"v:Acme-7", 0},
		{"\"6:1234abcd,oma:x\"", 0},
		{"\"v:a\"", 0},
		{"", -EBADMSG},
		{"\"", -EBADMSG},
		{"\"\"", -EBADMSG},
		{"6:", -EBADMSG},
		{":1234abcd", -EBADMSG},
		{"6:1234abc", -EBADMSG},
		{"6:1234ABCD", -EBADMSG},
		{"6:1234abcdx", -EBADMSG},
		{"x:1234abcd", -EBADMSG},
		{"oma:", -EBADMSG},
		{"v:a b", -EBADMSG},
		{"6:1234abcd,oma:x", -EBADMSG},
		{"\"6:1234abcd,\"", -EBADMSG},
		{"\"6:1234abcd", -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		const char *id;
		size_t len;

		if (parse(ids[i].text, &id, &len) != ids[i].r)
			mp_test_fail(__FILE__, __LINE__, "%s", ids[i].text);
		if (ids[i].r == 1)
			ASSERT(*id == '5' || *id == '6');
	}
}

TEST(a_profile_id_may_be_cut_anywhere)
{
	static const char whole[] = "\"6:1234abcd,oma:x,v:y-1\"";

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		auto_free char *cut = malloc(len ? len : 1);
		const char *id = cut;
		size_t n = len;

		ASSERT(cut);
		memcpy(cut, whole, len);
		ASSERT_ERR(-EBADMSG, profile_id_parse(&id, &n));
	}
}

TEST(a_profile_id_has_a_longest_length)
{
	char text[PROFILE_ID_MAX + 2] = "1:";
	const char *id = text;
	size_t len = PROFILE_ID_MAX;

	memset(text + 2, 'a', sizeof(text) - 3);
	ASSERT_INT(1, profile_id_parse(&id, &len));
	len = PROFILE_ID_MAX + 1;
	ASSERT_ERR(-EBADMSG, profile_id_parse(&id, &len));
}

struct scene {
	struct object_links_table table;
	struct profiles profiles;
	struct object_links *a, *b;
};

static int scene_open(struct scene *s)
{
	int r = object_links_init(&s->table);

	r = r < 0 ? r : profiles_init(&s->profiles);
	r = r < 0 ? r : object_links_take(&s->table, "</3/0>", 6, &s->a);
	return r < 0 ? r : object_links_take(&s->table, "</3/1>", 6, &s->b);
}

static void scene_close(struct scene *s)
{
	object_links_drop(&s->table, s->a);
	object_links_drop(&s->table, s->b);
	profiles_done(&s->profiles);
	object_links_done(&s->table);
}

#define SCENE(s) __attribute__((cleanup(scene_close))) struct scene s = {0}

static int learn(struct scene *s, const char *id, bool is_secure, struct object_links *links,
		 struct profile **ret)
{
	return profiles_learn(&s->profiles, &s->table, id, strlen(id), is_secure, links, ret);
}

static struct profile *find(const struct scene *s, const char *id, bool is_secure)
{
	return profiles_find(&s->profiles, id, strlen(id), is_secure);
}

TEST(profiles_are_known_while_somebody_has_them)
{
	struct profile *p, *q;
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	ASSERT(!find(&s, "6:1234abcd", false));
	ASSERT_OK(learn(&s, "6:1234abcd", false, s.a, &p));
	ASSERT_OK(learn(&s, "6:1234abcd", false, s.a, &q));
	ASSERT(p == q && p->links == s.a && find(&s, "6:1234abcd", false) == p);
	ASSERT_INT(2, s.a->refs); /* ours, and one for both */
	profiles_drop(&s.profiles, &s.table, p);
	ASSERT(find(&s, "6:1234abcd", false) == q);
	profiles_drop(&s.profiles, &s.table, q);
	ASSERT(!find(&s, "6:1234abcd", false));
	ASSERT_INT(1, s.a->refs);
}

TEST(what_was_told_without_security_is_not_believed_with_it)
{
	struct profile *p;
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	ASSERT_OK(learn(&s, "6:1234abcd", false, s.a, &p));
	ASSERT(!find(&s, "6:1234abcd", true));
	profiles_drop(&s.profiles, &s.table, p);
}

TEST(a_profile_that_stands_for_two_lists_stands_for_none)
{
	struct profile *p, *q;
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	ASSERT_OK(learn(&s, "6:1234abcd", true, s.a, &p));
	ASSERT_OK(learn(&s, "6:1234abcd", true, s.b, &q));
	ASSERT(p == q && !p->links);
	ASSERT_OK(learn(&s, "6:1234abcd", true, s.b, &q));
	ASSERT(!q->links);
	for (unsigned i = 0; i < 3; i++)
		profiles_drop(&s.profiles, &s.table, p);
	ASSERT_INT(0, s.profiles.by_id.count);
}

TEST(many_profiles_are_found_again)
{
	struct profile *all[100];
	char id[32];
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	for (unsigned i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "6:%08x", i);
		ASSERT_OK(learn(&s, id, i & 1, s.a, &all[i]));
	}
	for (unsigned i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "6:%08x", i);
		ASSERT(find(&s, id, i & 1) == all[i]);
		profiles_drop(&s.profiles, &s.table, all[i]);
	}
	ASSERT_INT(0, s.profiles.by_id.count);
}

TORTURE(profiles_survive_oom)
{
	struct profile *p;
	SCENE(s);
	int r = scene_open(&s);

	if (r == 0)
		r = learn(&s, "6:1234abcd", true, s.a, &p);
	if (r == 0)
		profiles_drop(&s.profiles, &s.table, p);
	return r;
}
