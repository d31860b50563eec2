/* SPDX-License-Identifier: Apache-2.0 */
/* mp.lock is JSON: {"format":1,"groups":{GROUP:{"wishes":[TEXT...],"packages":[{"name","version",
 * "sha256","file"}...]}}}. A group whose wishes are no longer those asked for is resolved anew. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "image/internal.h"

#define LOCK_MAX (16u << 20)

int lock_open(const char *path, struct lock *ret, struct mp_err *err)
{
	MP_BUF(text, LOCK_MAX);
	struct lock l = {.path = strdup(path)};
	int64_t format;
	int r = l.path ? mp_file_read(path, &text, err) : OOM(err);

	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &l.doc, err);
	else if (r == -ENOENT)
		r = 0;
	if (r == 0 && l.doc)
		r = mp_json_read_int(l.doc, "format", 1, 1, &format, err);
	if (r < 0) {
		lock_done(&l);
		return mp_err_wrap(err, r, "%s is damaged: restore it, or remove it to lock anew",
				   path);
	}
	*ret = l;
	return 0;
}

void lock_done(struct lock *l)
{
	free(l->path);
	mp_json_free(l->doc);
	*l = (struct lock){0};
}

int lock_save(struct lock *l, struct mp_err *err)
{
	MP_BUF(text, LOCK_MAX);
	int r;

	if (!l->changed)
		return 0;
	r = mp_json_format_pretty(l->doc, &text);
	if (r == 0)
		r = mp_buf_add_str(&text, "\n");
	if (r < 0)
		return mp_err_set(err, r, "cannot write %s: %s", l->path, strerror(-r));
	r = mp_file_write(l->path, text.data, text.len, 0644, err);
	if (r == 0)
		l->changed = false;
	return r;
}

static bool same(const struct mp_json *array, const struct list *wishes)
{
	if (mp_json_size(array) != wishes->n)
		return false;
	for (size_t i = 0; i < wishes->n; i++)
		if (!mp_streq(mp_json_str(mp_json_at(array, i), ""), wishes->items[i]))
			return false;
	return true;
}

const struct mp_json *lock_get(const struct lock *l, const char *group, const struct list *wishes)
{
	const struct mp_json *g = mp_json_get(mp_json_get(l->doc, "groups"), group);

	return g && same(mp_json_get(g, "wishes"), wishes) ? mp_json_get(g, "packages") : NULL;
}

static struct mp_json *format_group(const struct list *wishes, struct mp_json *packages)
{
	auto_(mp_json) *g = mp_json_new_object(), *w = mp_json_new_array();
	int r = g && w ? 0 : -ENOMEM;

	for (size_t i = 0; i < wishes->n && r == 0; i++)
		r = mp_json_append(w, mp_json_new_str(wishes->items[i]));
	if (r == 0)
		r = mp_json_put(g, "wishes", take_ptr(w));
	if (r == 0)
		return mp_json_put(g, "packages", packages) == 0 ? take_ptr(g) : NULL;
	mp_json_free(packages);
	return NULL;
}

/* The document without one group, which is then put at its end. */
static struct mp_json *copy_groups(const struct mp_json *doc, const char *without)
{
	auto_(mp_json) *copy = mp_json_new_object();
	const struct mp_json *value;
	const char *key;
	void *iter = NULL;

	while (copy && mp_json_next(mp_json_get(doc, "groups"), &iter, &key, &value))
		if (!mp_streq(key, without) && mp_json_put(copy, key, mp_json_copy(value)) < 0)
			return NULL;
	return take_ptr(copy);
}

int lock_put(struct lock *l, const char *group, const struct list *wishes, struct mp_json *packages)
{
	auto_(mp_json) *doc = mp_json_new_object();
	auto_(mp_json) *groups = copy_groups(l->doc, group);
	int r = mp_json_put(groups, group, format_group(wishes, packages));

	if (r == 0)
		r = mp_json_put_int(doc, "format", 1);
	if (r == 0)
		r = mp_json_put(doc, "groups", take_ptr(groups));
	if (r < 0)
		return r;
	mp_json_free(l->doc);
	l->doc = take_ptr(doc);
	l->changed = true;
	return 0;
}

int lock_package(const struct mp_json *group, size_t i, struct package *ret, struct mp_err *err)
{
	const struct mp_json *p = mp_json_at(group, i);
	struct package k;
	int r = mp_json_read_str(p, "name", &k.name, err);

	if (r == 0)
		r = mp_json_read_str(p, "version", &k.version, err);
	if (r == 0)
		r = mp_json_read_str(p, "sha256", &k.sha256, err);
	if (r == 0)
		r = mp_json_read_str(p, "file", &k.file, err);
	if (r == 0 && (strchr(k.file, '/') || !mp_str_ends_with(k.file, ".deb")))
		r = mp_err_set(err, -EBADMSG, "'%s' is no name of a package file", k.file);
	if (r < 0)
		return mp_err_wrap(err, r, "mp.lock is damaged");
	*ret = k;
	return 0;
}
