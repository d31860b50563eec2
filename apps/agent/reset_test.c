/* SPDX-License-Identifier: Apache-2.0 */
#include "reset.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "options.h"

struct tree {
	char root[64];
};

static void tree_done(struct tree *t)
{
	(void)mp_file_remove_tree(t->root, NULL);
}

static int put(const struct tree *t, const char *name, const char *text)
{
	auto_free char *path = mp_str_format("%s%s", t->root, name);

	*strrchr(path, '/') = '\0';
	if (mp_file_make_dirs(path, 0755, NULL) < 0)
		return -EIO;
	path[strlen(path)] = '/';
	return mp_file_write(path, text, strlen(text), 0644, NULL);
}

static bool has(const struct tree *t, const char *name)
{
	auto_free char *path = mp_str_format("%s%s", t->root, name);

	return mp_file_exists(path);
}

static int tree_make(struct tree *t)
{
	static const char *const files[] = {
		"/var/lib/docker/volumes/a/data",     AGENT_STATE "/lwm2m/accounts",
		AGENT_STATE "/agent/state.json",      AGENT_STATE "/identity/key.pem",
		AGENT_STATE "/releases/1.0/manifest", AGENT_STATE "/tuf/root.json"};
	int r = 0;

	strcpy(t->root, "/tmp/mp-reset.XXXXXX");
	if (!mkdtemp(t->root))
		return -errno;
	for (unsigned i = 0; r == 0 && i < sizeof(files) / sizeof(*files); i++)
		r = put(t, files[i], "x");
	return r;
}

#define TREE(t)                                                                                    \
	__attribute__((cleanup(tree_done))) struct tree t;                                         \
	ASSERT_OK(tree_make(&t))

TEST(without_a_note_nothing_goes)
{
	TREE(t);

	ASSERT_OK(reset_run(t.root, NULL));
	ASSERT(has(&t, "/var/lib/docker/volumes/a/data"));
}

TEST(a_reset_takes_state_and_data_and_leaves_releases_and_identity)
{
	TREE(t);

	ASSERT_OK(put(&t, RESET_FILE, RESET_KEEP));
	ASSERT_OK(reset_run(t.root, NULL));
	ASSERT(!has(&t, "/var/lib/docker") && !has(&t, AGENT_STATE "/lwm2m"));
	ASSERT(!has(&t, AGENT_STATE "/agent/state.json") && !has(&t, RESET_FILE));
	ASSERT(has(&t, AGENT_STATE "/identity/key.pem") && has(&t, AGENT_STATE "/tuf/root.json"));
	ASSERT(has(&t, AGENT_STATE "/releases/1.0/manifest"));
}

TEST(a_reset_of_all_takes_the_identity_too)
{
	TREE(t);

	ASSERT_OK(put(&t, RESET_FILE, RESET_ALL));
	ASSERT_OK(reset_run(t.root, NULL));
	ASSERT(!has(&t, AGENT_STATE "/identity") && has(&t, AGENT_STATE "/tuf/root.json"));
}
