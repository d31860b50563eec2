/* SPDX-License-Identifier: Apache-2.0 */
#include "ddf/ddf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "ddf/xml.h"

struct mp_ddf {
	struct mp_lwm2m_model model;
	struct mp_lwm2m_object *objects; /* what `model` shows */
	struct mp_ddf_text *texts;
};

int mp_ddf_new(struct mp_ddf **ret)
{
	struct mp_ddf *ddf = calloc(1, sizeof(*ddf));

	if (!ddf)
		return -ENOMEM;
	ddf->model.next = &mp_lwm2m_builtin;
	*ret = ddf;
	return 0;
}

static void free_texts(struct mp_ddf_text *t)
{
	while (t) {
		struct mp_ddf_text *next = t->next;

		free(t);
		t = next;
	}
}

static void free_objects(struct mp_lwm2m_object *objects, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)objects[i].resources);
	free(objects);
}

void mp_ddf_free(struct mp_ddf *ddf)
{
	if (!ddf)
		return;
	free_objects(ddf->objects, ddf->model.n);
	free_texts(ddf->texts);
	free(ddf);
}

const struct mp_lwm2m_model *mp_ddf_model(const struct mp_ddf *ddf)
{
	return &ddf->model;
}

static int compare(const void *x, const void *y)
{
	const struct mp_lwm2m_object *a = x, *b = y;

	return a->id != b->id ? (int)a->id - (int)b->id : (int)a->version - (int)b->version;
}

/* Put the objects of a file among those that are there, in their order. */
static int merge(struct mp_ddf *ddf, const char *name, struct mp_ddf_file *f, struct mp_err *err)
{
	size_t n = ddf->model.n + f->n;
	struct mp_lwm2m_object *all;

	if (n > MP_DDF_OBJECTS_MAX)
		return mp_err_set(err, -EFBIG, "%s: more than %d objects in all", name,
				  MP_DDF_OBJECTS_MAX);
	all = malloc(n * sizeof(*all));
	if (!all)
		return mp_err_set(err, -ENOMEM, "%s: memory is out", name);
	if (ddf->model.n)
		memcpy(all, ddf->objects, ddf->model.n * sizeof(*all));
	memcpy(all + ddf->model.n, f->objects, f->n * sizeof(*all));
	qsort(all, n, sizeof(*all), compare);
	for (size_t i = 1; i < n; i++)
		if (compare(&all[i - 1], &all[i]) == 0) {
			int r = mp_err_set(
				err, -EEXIST, "%s: object %d (%s) %d.%d was loaded already", name,
				all[i].id, all[i].name, all[i].version >> 8, all[i].version & 255);

			free(all);
			return r;
		}
	free(ddf->objects);
	free(f->objects);
	ddf->objects = all;
	ddf->model.objects = all;
	ddf->model.n = n;
	f->objects = NULL;
	f->n = 0;
	*f->last_text = ddf->texts;
	ddf->texts = f->texts;
	f->texts = NULL;
	return 0;
}

int mp_ddf_parse(struct mp_ddf *ddf, const char *name, const void *xml, size_t len,
		 struct mp_err *err)
{
	struct mp_ddf_file f = {.name = name};
	int r;

	f.last_text = &f.texts;
	if (len > MP_DDF_FILE_MAX)
		return mp_err_set(err, -EFBIG, "%s: more than %d bytes", name, MP_DDF_FILE_MAX);
	r = mp_ddf_xml(&f, xml, len, err);
	if (r == 0)
		r = merge(ddf, name, &f, err);
	free_objects(f.objects, f.n);
	free_texts(f.texts);
	return r;
}

static int load_file(struct mp_ddf *ddf, const char *path, struct mp_err *err)
{
	MP_BUF(b, MP_DDF_FILE_MAX);
	int r = mp_file_read(path, &b, err);

	return r < 0 ? r : mp_ddf_parse(ddf, path, b.data, b.len, err);
}

static int is_xml(const struct dirent *d)
{
	return d->d_name[0] != '.' && mp_str_ends_with(d->d_name, ".xml");
}

static int load_folder(struct mp_ddf *ddf, const char *path, struct mp_err *err)
{
	struct dirent **names;
	int n = scandir(path, &names, is_xml, alphasort), r = 0;

	if (n < 0)
		return mp_err_set(err, -errno, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		auto_free char *file =
			r == 0 ? mp_str_format("%s/%s", path, names[i]->d_name) : NULL;

		if (r == 0)
			r = file ? load_file(ddf, file, err)
				 : mp_err_set(err, -ENOMEM, "%s: memory is out", path);
		free(names[i]);
	}
	free(names);
	return r;
}

int mp_ddf_load(struct mp_ddf *ddf, const char *path, struct mp_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return mp_err_set(err, -errno, "%s: %s", path, strerror(errno));
	return S_ISDIR(st.st_mode) ? load_folder(ddf, path, err) : load_file(ddf, path, err);
}
