/* SPDX-License-Identifier: Apache-2.0
 * The catalogue: what polls need is in memory, the files of a release are rows. */
#include "releases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "intern.h"
#include "online.h"
#include "server.h"

struct releases {
	struct release **all; /* the oldest first; so both ids and versions only go up */
	size_t n, room;
};

size_t releases_count(const struct releases *t)
{
	return t->n;
}

struct release *releases_at(const struct releases *t, size_t i)
{
	return i < t->n ? t->all[t->n - 1 - i] : NULL;
}

struct release *releases_find(const struct releases *t, const char *version)
{
	size_t low = 0, high = mp_version_is_valid(version) ? t->n : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = mp_version_compare(t->all[middle]->version, version);

		if (order == 0)
			return strcmp(t->all[middle]->version, version) == 0 ? t->all[middle]
									     : NULL;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct release *releases_find_id(const struct releases *t, int64_t id)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (t->all[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->n && t->all[low]->id == id ? t->all[low] : NULL;
}

bool release_fits(const struct release *r, const char *board)
{
	if (!*board)
		return r->n_boards == 1;
	for (unsigned i = 0; i < r->n_boards; i++)
		if (strcmp(r->boards[i], board) == 0)
			return true;
	return false;
}

void releases_free(struct releases *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->all[i]);
	free(t->all);
	free(t);
}

int releases_insert(struct releases *t, struct release *r)
{
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 16;
		struct release **all = realloc(t->all, room * sizeof(*all));

		if (!all)
			return -ENOMEM;
		t->all = all;
		t->room = room;
	}
	t->all[t->n++] = r;
	return 0;
}

int release_add_board(struct release *r, const char *board, const char *firmware)
{
	const char *name = intern(board), *version = firmware ? intern(firmware) : NULL;

	if (!name || (firmware && !version))
		return -ENOMEM;
	if (r->n_boards < RELEASE_BOARDS) {
		r->firmware[r->n_boards] = version;
		r->boards[r->n_boards++] = name;
	}
	return 0;
}

const char *release_firmware_version(const struct release *r, const char *board)
{
	for (unsigned i = 0; i < r->n_boards; i++)
		if (strcmp(r->boards[i], board) == 0)
			return r->firmware[i];
	return NULL;
}

static int take_boards(struct release *r, const char *text, const char *versions)
{
	auto_(mp_json) *boards = NULL, *firmware = NULL;
	int code = mp_json_parse(text, strlen(text), &boards, NULL);

	if (code == 0)
		code = mp_json_parse(versions, strlen(versions), &firmware, NULL);

	for (size_t i = 0; code == 0 && i < mp_json_size(boards); i++) {
		const char *board = mp_json_str(mp_json_at(boards, i), "");

		code = release_add_board(r, board, mp_json_str(mp_json_get(firmware, board), NULL));
	}
	return code;
}

static int load_one(struct releases *t, const struct mp_query *q)
{
	struct release *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return -ENOMEM;
	r->id = mp_query_int(q, 0);
	r->version = intern(mp_query_text(q, 1));
	r->minimum_version = intern(mp_query_text(q, 2));
	r->product = intern(mp_query_text(q, 3));
	r->published = mp_query_int(q, 4);
	code = r->version && r->minimum_version && r->product
		       ? take_boards(r, mp_query_text(q, 5), mp_query_text(q, 6))
		       : -ENOMEM;
	if (code == 0)
		code = releases_insert(t, r);
	if (code < 0)
		free(r);
	return code;
}

int releases_load(struct server *s, struct releases **ret, struct mp_err *err)
{
	struct releases *t = calloc(1, sizeof(*t));
	auto_(mp_query) *q = NULL;
	int r = t ? mp_store_query(
			    s->store,
			    "SELECT id, version, minimum_version, product, published, boards,"
			    " firmware FROM release ORDER BY id",
			    &q, MP_NOTHING)
		  : -ENOMEM;

	while (r == 0 && (r = mp_query_next(q)) > 0)
		r = load_one(t, q);
	if (r == 0) {
		*ret = t;
		return 0;
	}
	releases_free(t);
	return mp_err_set(err, r, "the releases could not be read from the database: %s",
			  strerror(-r));
}

static int put_parsed(struct mp_json *j, const char *key, const char *text)
{
	struct mp_json *value = NULL;
	int r = mp_json_parse(text, strlen(text), &value, NULL);

	return r < 0 ? r : mp_json_put(j, key, value);
}

int release_json(struct server *s, const struct release *r, struct mp_json **ret)
{
	auto_(mp_json) *j = mp_json_new_object();
	auto_(mp_query) *q = NULL;
	int code = mp_store_query(s->store,
				  "SELECT notes, boards, services, size, firmware FROM release"
				  " WHERE id = ?",
				  &q, MP_INT(r->id));

	if (code == 0)
		code = mp_query_next(q);
	if (code <= 0)
		return code < 0 ? code : -ENOENT;
	code = mp_json_put_str(j, "version", r->version);
	code |= mp_json_put_str(j, "product", r->product);
	code |= mp_json_put_str(j, "minimum_version", r->minimum_version);
	code |= mp_json_put_str(j, "notes", mp_query_text(q, 0));
	code |= mp_json_put_int(j, "published", r->published);
	code |= put_parsed(j, "boards", mp_query_text(q, 1));
	code |= put_parsed(j, "firmware", mp_query_text(q, 4));
	code |= put_parsed(j, "services", mp_query_text(q, 2));
	code |= mp_json_put_int(j, "size", mp_query_int(q, 3));
	if (code)
		return -ENOMEM;
	*ret = take_ptr(j);
	return 0;
}

/* All roots, the timestamp, the current snapshot and targets; then the files of the release. */
static const char select_files[] =
	"SELECT t.name, b.sha256, b.size, b.sha1, b.md5, 0 AS place FROM tuf t JOIN blob b USING "
	"(sha256)"
	" WHERE t.role = 'root' OR t.role = 'timestamp' OR (t.role = 'snapshot' AND t.version = ?1)"
	" OR (t.role = 'targets' AND t.version = ?2)"
	" UNION ALL"
	" SELECT f.name, b.sha256, b.size, b.sha1, b.md5, 1 FROM release_file f JOIN blob b USING "
	"(sha256)"
	" WHERE f.release = ?3 AND f.board IN ('', ?4) ORDER BY place, 1";

int release_files(struct server *s, const struct release *r, const char *board,
		  struct mp_query **ret)
{
	return mp_store_query(s->store, select_files, ret,
			      MP_INT(online_snapshot_version(s->online)),
			      MP_INT(online_targets_version(s->online)), MP_INT(r->id),
			      MP_TEXT(*board || r->n_boards != 1 ? board : r->boards[0]));
}

/* ---- channels ---- */

int channels_set(struct server *s, const char *name, const char *release)
{
	int r = mp_store_run(
		s->store,
		"INSERT OR REPLACE INTO channel (name, release, updated) VALUES (?, ?, ?)",
		MP_TEXT(name), MP_TEXT(release), MP_INT(server_now()));

	return r < 0 ? r : 0;
}

int channels_remove(struct server *s, const char *name)
{
	int r = mp_store_run(s->store, "DELETE FROM channel WHERE name = ?", MP_TEXT(name));

	return r < 0 ? r : r == 0 ? -ENOENT : 0;
}

int channels_find(struct server *s, const char *name, char ret_release[32])
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store, "SELECT release FROM channel WHERE name = ?", &q,
			       MP_TEXT(name));

	if (r == 0)
		r = mp_query_next(q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	snprintf(ret_release, 32, "%s", mp_query_text(q, 0));
	return 0;
}

static int channels_count(struct server *s, uint64_t *ret)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store, "SELECT count(*) FROM channel", &q, MP_NOTHING);

	if (r == 0)
		r = mp_query_next(q);
	if (r > 0)
		*ret = (uint64_t)mp_query_int(q, 0);
	return r < 0 ? r : 0;
}

int channels_json(struct server *s, uint64_t offset, uint64_t limit, struct mp_json **ret_items,
		  uint64_t *ret_total)
{
	auto_(mp_json) *items = mp_json_new_array();
	auto_(mp_query) *q = NULL;
	int r = channels_count(s, ret_total);

	if (r == 0)
		r = mp_store_query(s->store,
				   "SELECT name, release FROM channel ORDER BY name"
				   " LIMIT ? OFFSET ?",
				   &q, MP_INT((int64_t)limit), MP_INT((int64_t)offset));

	while (r == 0 && (r = mp_query_next(q)) > 0) {
		struct mp_json *j = mp_json_new_object();

		r = mp_json_put_str(j, "name", mp_query_text(q, 0));
		r |= mp_json_put_str(j, "release", mp_query_text(q, 1));
		r |= mp_json_append(items, j);
	}
	if (r < 0 || !items)
		return r < 0 ? r : -ENOMEM;
	*ret_items = take_ptr(items);
	return 0;
}
