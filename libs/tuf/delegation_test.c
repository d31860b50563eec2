/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "tuf/fake_repo.h"

static struct fake f;

__attribute__((destructor)) static void end(void)
{
	fake_done(&f);
}

struct role {
	const char *name, *by, *path; /* path: a pattern, or "#ab" for a hash prefix */
	bool terminating;
	const char *target; /* that it lists; NULL: none */
	struct mp_json *doc;
};

static struct mp_json *list_of(const char *text)
{
	struct mp_json *list = mp_json_new_array();

	must(mp_json_append(list, mp_json_new_str(text)));
	return list;
}

/* All delegated roles are signed by the targets role's key. */
static void put_key(struct mp_json *delegations, char id[65])
{
	struct mp_json *keys = mp_json_new_object(), *key, *value = mp_json_new_object();
	MP_BUF(text, 4096);

	must(mp_sign_key_public(f.keys[MP_TUF_TARGETS][0], &text));
	must(mp_tuf_key_id(MP_ED25519, text.data, id));
	key = mp_json_new_object();
	must(mp_json_put_str(value, "public", text.data));
	must(mp_json_put_str(key, "keytype", "ed25519"));
	must(mp_json_put_str(key, "scheme", "ed25519"));
	must(mp_json_put(key, "keyval", value));
	must(mp_json_put(keys, id, key));
	must(mp_json_put(delegations, "keys", keys));
}

static void delegate(struct mp_json *by, const struct role *to)
{
	struct mp_json *delegations = (struct mp_json *)mp_json_get(by, "delegations");
	struct mp_json *role = mp_json_new_object();
	char id[65];

	if (!delegations) {
		must(mp_json_put(by, "delegations", mp_json_new_object()));
		delegations = (struct mp_json *)mp_json_get(by, "delegations");
		must(mp_json_put(delegations, "roles", mp_json_new_array()));
	}
	put_key(delegations, id);
	must(mp_json_put_str(role, "name", to->name));
	must(mp_json_put(role, "keyids", list_of(id)));
	must(mp_json_put_int(role, "threshold", 1));
	must(mp_json_put_bool(role, "terminating", to->terminating));
	if (to->path[0] == '#')
		must(mp_json_put(role, "path_hash_prefixes", list_of(to->path + 1)));
	else
		must(mp_json_put(role, "paths", list_of(to->path)));
	must(mp_json_append((struct mp_json *)mp_json_get(delegations, "roles"), role));
}

/* A snapshot that lists these roles too, all at version 1. */
static void publish_with(const char *const *names, size_t n)
{
	struct fake_file *of;
	struct mp_json *doc, *meta;

	f.version[MP_TUF_TARGETS]++;
	fake_targets(&f);
	f.version[MP_TUF_SNAPSHOT]++;
	f.version[MP_TUF_TIMESTAMP]++;
	of = fake_file_of(&f, MP_TUF_TARGETS);
	must(mp_tuf_snapshot_create(f.version[MP_TUF_SNAPSHOT], NOW + DAY, of->data, of->len, &doc,
				    NULL));
	meta = (struct mp_json *)mp_json_get(doc, "meta");
	for (size_t i = 0; i < n; i++) {
		struct mp_json *entry = mp_json_new_object();
		char file[300];

		must(mp_json_put_int(entry, "version", 1));
		(void)snprintf(file, sizeof(file), "%s.json", names[i]);
		must(mp_json_put(meta, file, entry));
	}
	fake_serve(&f, MP_TUF_SNAPSHOT, doc);
	fake_timestamp(&f);
}

static void serve_role(const char *name, struct mp_json *doc)
{
	MP_BUF(file, 1024);

	must(mp_buf_add_str(&file, "1."));
	must(mp_tuf_quote(name, &file));
	must(mp_buf_add_str(&file, ".json"));
	fake_serve_signed(&f, MP_TUF_TARGETS, doc, file.data);
}

static struct mp_json *doc_of(struct role *roles, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (mp_streq(roles[i].name, name) && roles[i].doc)
			return roles[i].doc;
	return f.list;
}

/* A repository with these delegations, ready to search. A role that is delegated to twice has one
 * file, at its first entry. */
static void make(struct role *roles, size_t n)
{
	const char *names[64];
	size_t n_names = 0;

	fake_init(&f);
	for (size_t i = 0; i < n; i++) {
		if (doc_of(roles, i, roles[i].name) != f.list)
			continue;
		names[n_names++] = roles[i].name;
		must(mp_tuf_targets_create(1, NOW + DAY, &roles[i].doc, NULL));
	}
	for (size_t i = 0; i < n; i++) {
		char hex[65];

		delegate(doc_of(roles, n, roles[i].by), &roles[i]);
		if (!roles[i].target)
			continue;
		mp_sha256_hex(roles[i].name, strlen(roles[i].name), hex);
		must(mp_tuf_targets_add(doc_of(roles, n, roles[i].name), roles[i].target,
					strlen(roles[i].name), hex, NULL, NULL));
	}
	for (size_t i = 0; i < n; i++)
		if (roles[i].doc)
			serve_role(roles[i].name, take_ptr(roles[i].doc));
	publish_with(names, n_names);
	must(fake_refresh(&f));
	f.requests[0] = '\0';
}

static int find(const char *path, struct mp_tuf_target *t)
{
	struct mp_tuf_fetcher fetcher = fake_fetcher(&f);

	return mp_tuf_find(f.client, &fetcher, path, t, &f.err);
}

TEST(roles_are_visited_depth_first_in_their_order)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*"},
			       {.name = "B", .by = "targets", .path = "*"},
			       {.name = "C", .by = "A", .path = "*"},
			       {.name = "D", .by = "A", .path = "*"}};
	struct mp_tuf_target t;

	make(roles, 4);
	ASSERT_ERR(-ENOENT, find("none", &t));
	ASSERT_STR("1.A.json 1.C.json 1.D.json 1.B.json ", f.requests);
	f.requests[0] = '\0';
	ASSERT_ERR(-ENOENT, find("none", &t));
	ASSERT_STR("", f.requests); /* all of them are in the store now */
}

TEST(one_search_follows_another)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*"},
			       {.name = "B", .by = "targets", .path = "*"},
			       {.name = "C", .by = "targets", .path = "c*", .target = "c1"}};
	struct mp_tuf_target t;

	make(roles, 3);
	for (int i = 0; i < 3; i++) {
		ASSERT_OK(find("c1", &t));
		ASSERT_ERR(-ENOENT, find("x", &t));
		ASSERT_OK(find("app", &t));
	}
}

TEST(the_first_role_that_lists_a_target_wins)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*", .target = "x"},
			       {.name = "B", .by = "targets", .path = "*", .target = "x"}};
	struct mp_tuf_target t;
	char hex[65];

	make(roles, 2);
	ASSERT_OK(find("x", &t));
	mp_sha256_hex("A", 1, hex);
	ASSERT_STR(hex, t.sha256);
	ASSERT_STR("1.A.json ", f.requests);
}

TEST(a_terminating_delegation_ends_the_search_but_for_its_own)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*"},
			       {.name = "B", .by = "targets", .path = "*", .target = "x"},
			       {.name = "C", .by = "A", .path = "*", .terminating = true},
			       {.name = "D", .by = "A", .path = "*", .target = "x"},
			       {.name = "E", .by = "C", .path = "*"}};
	struct mp_tuf_target t;

	make(roles, 5);
	ASSERT_ERR(-ENOENT, find("x", &t));
	ASSERT_STR("1.A.json 1.C.json 1.E.json ", f.requests);
}

TEST(a_role_is_asked_only_for_the_paths_that_are_delegated_to_it)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*.md", .target = "a/x.md"},
			       {.name = "B", .by = "targets", .path = "b/*", .target = "b/x.md"}};
	struct mp_tuf_target t;

	make(roles, 2);
	ASSERT_ERR(-ENOENT, find("a/x.md", &t));
	ASSERT_STR("", f.requests);
	ASSERT_OK(find("b/x.md", &t));
	ASSERT_INT(0, strncmp(t.file, "b/", 2));
	ASSERT_STR(".x.md", t.file + 2 + 64);
}

TEST(a_cycle_of_delegations_ends)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*"},
			       {.name = "B", .by = "A", .path = "*"},
			       {.name = "A", .by = "B", .path = "*"}};
	struct mp_tuf_target t;

	make(roles, 3);
	ASSERT_ERR(-ENOENT, find("x", &t));
	ASSERT_STR("1.A.json 1.B.json ", f.requests);
	ASSERT_INT(2, f.client->n_roles);
}

TEST(no_more_than_32_delegated_roles_are_visited)
{
	static char names[40][8];
	struct role roles[40] = {{0}};
	struct mp_tuf_target t;

	for (int i = 0; i < 40; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "r%d", i);
		roles[i] = (struct role){.name = names[i], .by = "targets", .path = "*"};
	}
	roles[39].target = "x";
	make(roles, 40);
	ASSERT_ERR(-ENOENT, find("x", &t));
	ASSERT(folder_get(&f.store, "r31.json"));
	ASSERT(!folder_get(&f.store, "r32.json"));
}

TEST(hash_prefixes_say_which_paths_a_role_may_list)
{
	char hex[65], mine[8] = "#", other[8] = "#";
	struct role roles[] = {{.name = "A", .by = "targets", .path = other, .target = "x"},
			       {.name = "B", .by = "targets", .path = mine, .target = "x"}};
	struct mp_tuf_target t;

	mp_sha256_hex("x", 1, hex);
	memcpy(mine + 1, hex, 3);
	memcpy(other + 1, hex, 3);
	other[3] = other[3] == '0' ? '1' : '0';
	make(roles, 2);
	ASSERT_OK(find("x", &t));
	ASSERT_STR("1.B.json ", f.requests);
}

TEST(a_role_with_an_unusual_name_has_one_safe_file_name)
{
	static const char *const names[] = {"../x", "/x", "?", "#", "a b", "\xc3\xa4%2F", "CON:"};
	static const char *const files[] = {"..%2Fx.json", "%2Fx.json",	 "%3F.json",
					    "%23.json",	   "a%20b.json", "%C3%A4%252F.json",
					    "CON%3A.json"};
	struct mp_tuf_target t;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct role roles[] = {
			{.name = names[i], .by = "targets", .path = "*", .target = "x"}};

		make(roles, 1);
		ASSERT_OK(find("x", &t));
		ASSERT(folder_get(&f.store, files[i]));
		ASSERT_INT('1', f.requests[0]);
		ASSERT_INT(0, strncmp(f.requests + 2, files[i], strlen(files[i])));
	}
}

TEST(a_delegated_role_that_the_snapshot_does_not_list_is_not_used)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*", .target = "x"}};
	struct mp_tuf_target t;

	make(roles, 1);
	publish_with(NULL, 0);
	f.now = NOW;
	must(mp_tuf_init(&(struct mp_tuf_store){fake_load, fake_save, fake_remove, &f},
			 folder_get(&f.repo, "1.root.json")->data,
			 folder_get(&f.repo, "1.root.json")->len, NULL));
	folder_remove(&f.store, "snapshot.json");
	ASSERT_OK(fake_refresh(&f));
	ASSERT_ERR(-EPROTO, find("x", &t));
	ASSERT_STR("snapshot version 3 does not list A.json", f.err.text);
}

TEST(a_delegated_role_signed_by_another_key_is_refused)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*", .target = "x"}};
	struct mp_json *doc;
	struct mp_tuf_target t;

	make(roles, 1);
	must(mp_tuf_targets_create(1, NOW + DAY, &doc, NULL));
	fake_serve_signed(&f, MP_TUF_SNAPSHOT, doc, "1.A.json");
	ASSERT_ERR(-EKEYREJECTED, find("x", &t));
	ASSERT(!folder_get(&f.store, "A.json"));
}

TEST(a_delegated_role_that_has_expired_is_refused)
{
	struct role roles[] = {{.name = "A", .by = "targets", .path = "*", .target = "x"}};
	struct mp_json *doc;
	struct mp_tuf_target t;

	make(roles, 1);
	must(mp_tuf_targets_create(1, NOW, &doc, NULL));
	serve_role("A", doc);
	ASSERT_ERR(-ESTALE, find("x", &t));
}

TEST(bins_share_all_paths_among_them_by_hash)
{
	auto_(mp_json) *bins = NULL;
	char name[MP_TUF_BIN_NAME], hex[65];

	must(mp_json_parse("{\"bit_length\":9,\"name_prefix\":\"bin\"}", 36, &bins, NULL));
	ASSERT_OK(mp_tuf_bin_name(bins, "x", name));
	mp_sha256_hex("x", 1, hex); /* 2d711642... : 0010 1101 0 = 05a */
	ASSERT_INT(0, strncmp(hex, "2d711642", 8));
	ASSERT_STR("bin-05a", name);
	ASSERT(mp_tuf_is_bin(bins, "bin-05a"));
	ASSERT(mp_tuf_is_bin(bins, "bin-1ff"));
	ASSERT(!mp_tuf_is_bin(bins, "bin-200"));
	ASSERT(!mp_tuf_is_bin(bins, "bin-5a"));
	ASSERT(!mp_tuf_is_bin(bins, "bin-05A"));
	ASSERT(!mp_tuf_is_bin(bins, "bin-+5a"));
	ASSERT(!mp_tuf_is_bin(bins, "bin"));
	ASSERT(!mp_tuf_is_bin(bins, "bi"));
	ASSERT(!mp_tuf_is_bin(bins, ""));
	ASSERT(!mp_tuf_is_bin(bins, "other-05a"));
}

TEST(a_target_in_a_bin_is_found)
{
	struct mp_json *delegations = mp_json_new_object(), *bins = mp_json_new_object(), *doc;
	struct mp_tuf_target t;
	char id[65], hex[65];

	fake_init(&f);
	put_key(delegations, id);
	must(mp_json_put_int(bins, "bit_length", 4));
	must(mp_json_put_str(bins, "name_prefix", "bin"));
	must(mp_json_put_int(bins, "threshold", 1));
	must(mp_json_put(bins, "keyids", list_of(id)));
	must(mp_json_put(delegations, "succinct_roles", bins));
	must(mp_json_put(f.list, "delegations", delegations));
	must(mp_tuf_targets_create(1, NOW + DAY, &doc, NULL));
	mp_sha256_hex("content", 7, hex);
	must(mp_tuf_targets_add(doc, "x", 7, hex, NULL, NULL));
	serve_role("bin-2", doc);
	publish_with((const char *const[]){"bin-2"}, 1);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_OK(find("x", &t));
	ASSERT_STR(hex, t.sha256);
}

TEST(a_target_path_that_is_too_long_is_refused)
{
	char path[600];
	struct mp_tuf_target t;

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	fake_init(&f);
	must(mp_tuf_targets_add(f.list, path, 1,
				"00000000000000000000000000000000"
				"00000000000000000000000000000000",
				NULL, NULL));
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_ERR(-ENOTSUP, find(path, &t));
}
