/* SPDX-License-Identifier: Apache-2.0 */
#include "releases.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "schema.h"
#include "server.h"

#define N 100

TEST(a_release_is_found_among_many_by_version_and_by_id)
{
	static char versions[N][16];
	static const char *const strangers[] = {"1.7", "0.9.9", "1.100.0", "2.0.0",
						"",    "x",	"1.7.0.0"};
	struct releases *t = NULL;
	struct server s = {0};
	struct mp_err err;

	ASSERT_OK(mp_store_open(":memory:", server_migrations, &s.store, &err));
	ASSERT_OK(releases_load(&s, &t, &err));
	for (int i = 0; i < N; i++) {
		struct release *r = calloc(1, sizeof(*r));

		ASSERT(r);
		snprintf(versions[i], sizeof(versions[i]), "1.%d.0", i);
		*r = (struct release){.id = 10 + 3 * i, .version = versions[i]};
		ASSERT_OK(releases_insert(t, r));
	}
	for (int i = 0; i < N; i++) {
		ASSERT_INT(10 + 3 * i, releases_find(t, versions[i])->id);
		ASSERT_STR(versions[i], releases_find_id(t, 10 + 3 * i)->version);
		ASSERT(!releases_find_id(t, 11 + 3 * i));
	}
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++)
		ASSERT(!releases_find(t, strangers[i]));
	ASSERT(!releases_find_id(t, 0));
	releases_free(t);
	mp_store_free(s.store);
}
