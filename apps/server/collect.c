/* SPDX-License-Identifier: Apache-2.0
 * Three steps: rows of old metadata; rows of blobs, some at a time, in the order of their digests;
 * then every file in DATA/blobs that has no row. A blob that is uploaded again between the last two
 * has a row again, and one whose row was not deleted after all (the commit failed) has it still. */
#include "collect.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "blobs.h"
#include "online.h"
#include "server.h"

#define DAY 86400
#define ROWS 200 /* blobs looked at in one turn */
#define FILES 500 /* files looked at in one turn */
#define TARGETS_MAX (8u << 20) /* bytes of a targets file */

struct collector {
	enum { WAITING, IN_ROWS, IN_FILES } step;
	unsigned wait; /* seconds until the next run */
	char cursor[65]; /* the last digest that was looked at */
	DIR *files;
	unsigned removed;
};

struct collector *collect_new(void)
{
	return calloc(1, sizeof(struct collector));
}

void collect_free(struct collector *c)
{
	if (!c)
		return;
	if (c->files)
		closedir(c->files);
	free(c);
}

static int drop_old_metadata(struct server *s)
{
	int r = mp_store_run(s->store,
			     "DELETE FROM tuf WHERE role IN ('snapshot', 'targets') AND version <"
			     " (SELECT max(newer.version) FROM tuf newer"
			     "  WHERE newer.role = tuf.role AND newer.created <= ?)",
			     MP_INT(server_now() - 2 * DAY));

	return r < 0 ? r : 0;
}

/* Up to ROWS blobs after the cursor that no release and no metadata file names. */
static int find_blobs(struct server *s, const char *cursor, char found[][65], size_t *ret_n)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT sha256 FROM blob WHERE sha256 > ? AND created <= ?"
			       " AND sha256 NOT IN (SELECT sha256 FROM release_file)"
			       " AND sha256 NOT IN (SELECT sha256 FROM tuf)"
			       " ORDER BY sha256 LIMIT ?",
			       &q, MP_TEXT(cursor), MP_INT(server_now() - DAY), MP_INT(ROWS));
	size_t n = 0;

	while (r == 0 && (r = mp_query_next(q)) > 0) {
		snprintf(found[n++], 65, "%s", mp_query_text(q, 0));
		r = 0;
	}
	*ret_n = n;
	return r;
}

/* The text of the current targets: a blob is named there if its digest is. */
static int read_targets(struct server *s, struct mp_buf *out)
{
	char name[64], sha256[65];
	int r;

	if (online_targets_version(s->online) == 0)
		return 0;
	snprintf(name, sizeof(name), "%lld.targets.json",
		 (long long)online_targets_version(s->online));
	r = online_find(s, name, sha256);
	return r < 0 ? r : blobs_read(s, sha256, out);
}

static int drop_blobs(struct server *s, struct collector *c, bool *ret_more)
{
	char found[ROWS][65];
	MP_BUF(targets, TARGETS_MAX);
	size_t n;
	int r = find_blobs(s, c->cursor, found, &n);

	if (r == 0 && n > 0)
		r = read_targets(s, &targets);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (strstr(mp_buf_str(&targets), found[i]))
			continue;
		r = mp_store_run(s->store, "DELETE FROM blob WHERE sha256 = ?", MP_TEXT(found[i]));
		r = r < 0 ? r : 0;
	}
	*ret_more = n == ROWS;
	if (n > 0)
		snprintf(c->cursor, sizeof(c->cursor), "%s", found[n - 1]);
	return r;
}

static int drop_files(struct server *s, struct collector *c, bool *ret_more)
{
	const struct dirent *entry = NULL;
	struct blob known;
	int r = 0;

	if (!c->files)
		c->files = opendir("blobs");
	if (!c->files)
		return -errno;
	for (unsigned i = 0; r == 0 && i < FILES && (entry = readdir(c->files)); i++) {
		if (!blobs_is_name(entry->d_name))
			continue;
		r = blobs_find(s, entry->d_name, &known);
		if (r != -ENOENT)
			continue;
		r = blobs_unlink(s, entry->d_name);
		c->removed += r == 0;
	}
	*ret_more = entry != NULL;
	if (!entry || r < 0) {
		closedir(c->files);
		c->files = NULL;
	}
	return r;
}

static int advance(struct server *s, struct collector *c)
{
	bool more = false;
	int r = 0;

	switch (c->step) {
	case WAITING:
		c->cursor[0] = '\0';
		c->removed = 0;
		r = drop_old_metadata(s);
		c->step = IN_ROWS;
		break;
	case IN_ROWS:
		r = drop_blobs(s, c, &more);
		c->step = more ? IN_ROWS : IN_FILES;
		break;
	case IN_FILES:
		r = drop_files(s, c, &more);
		if (more)
			break;
		c->step = WAITING;
		c->wait = DAY;
		if (c->removed > 0)
			mp_log(MP_LOG_INFO, "unused files removed", "files=%u", c->removed);
		break;
	}
	return r;
}

void collect_tick(struct server *s)
{
	struct collector *c = s->collector;
	bool writes;
	int r;

	if (c->wait > 0) {
		c->wait--;
		return;
	}
	writes = c->step != IN_FILES;
	r = advance(s, c);
	if (r == 0)
		return;
	mp_log(MP_LOG_ERR, "unused files not removed", "reason=\"%s\"", strerror(-r));
	c->step = WAITING;
	c->wait = 3600;
	if (writes)
		server_write_failed(s);
}
