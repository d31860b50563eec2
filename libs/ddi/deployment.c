/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ddi/ddi.h"
#include "ddi/internal.h"

void mp_ddi_deployment_free(struct mp_ddi_deployment *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->n; i++) {
		free(d->artifacts[i].name);
		free(d->artifacts[i].url);
	}
	free(d->artifacts);
	free(d);
}

/* `download` is there for https servers, `download-http` always. */
static int copy_url(const struct mp_json *artifact, char url[MP_DDI_URL], struct mp_err *err)
{
	const struct mp_json *links = mp_json_get(artifact, "_links");
	int r = mp_ddi_copy_link(mp_json_get(links, "download"), url, err);

	if (r == 0 && !*url)
		r = mp_ddi_copy_link(mp_json_get(links, "download-http"), url, err);
	return r;
}

static int add_artifact(struct mp_ddi_deployment *d, const struct mp_json *j, struct mp_err *err)
{
	struct mp_ddi_artifact *a = &d->artifacts[d->n];
	const char *name = mp_json_str(mp_json_get(j, "filename"), "");
	char url[MP_DDI_URL];
	int r = copy_url(j, url, err);

	if (r < 0)
		return r;
	if (!mp_str_is_name(name, 255) || !*url)
		return 0; /* nothing that a release of ours could name */
	a->size = (uint64_t)mp_json_int(mp_json_get(j, "size"), 0);
	a->name = mp_str_format("%s", name);
	a->url = mp_str_format("%s", url);
	d->n++;
	return a->name && a->url ? 0 : mp_err_set(err, -ENOMEM, "out of memory");
}

static int add_chunk(struct mp_ddi_deployment *d, const struct mp_json *chunk, struct mp_err *err)
{
	const struct mp_json *artifacts = mp_json_get(chunk, "artifacts");
	size_t n = mp_json_size(artifacts);
	struct mp_ddi_artifact *more;
	int r = 0;

	if (n > MP_DDI_ARTIFACTS || d->n + n > MP_DDI_ARTIFACTS)
		return mp_err_set(err, -EFBIG, "the deployment has more than %d artifacts",
				  MP_DDI_ARTIFACTS);
	if (n == 0)
		return 0;
	more = realloc(d->artifacts, (d->n + n) * sizeof(*more));
	if (!more)
		return mp_err_set(err, -ENOMEM, "out of memory");
	d->artifacts = more;
	memset(more + d->n, 0, n * sizeof(*more));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_artifact(d, mp_json_at(artifacts, i), err);
	return r;
}

/* The chunk that says which release this is. */
static const struct mp_json *main_chunk(const struct mp_json *chunks)
{
	for (size_t i = 0; i < mp_json_size(chunks); i++)
		if (mp_streq(mp_json_str(mp_json_get(mp_json_at(chunks, i), "part"), ""), "os"))
			return mp_json_at(chunks, i);
	return mp_json_at(chunks, 0);
}

static int read_names(struct mp_ddi_deployment *d, const struct mp_json *chunk, struct mp_err *err)
{
	const char *version = mp_json_str(mp_json_get(chunk, "version"), "");
	const char *name = mp_json_str(mp_json_get(chunk, "name"), "");

	if (!mp_str_is_name(version, sizeof(d->version) - 1))
		return mp_err_set(err, -EBADMSG, "the deployment %s has no usable version", d->id);
	strcpy(d->version, version);
	strncpy(d->name, name, sizeof(d->name) - 1);
	return 0;
}

static int read_deployment(struct mp_ddi_deployment *d, const struct mp_json *doc,
			   struct mp_err *err)
{
	const struct mp_json *body = mp_json_get(doc, "deployment"), *chunks;
	int r = mp_ddi_copy_id(mp_json_get(doc, "id"), d->id, err);

	if (r < 0)
		return r;
	chunks = mp_json_get(body, "chunks");
	d->now = !mp_streq(mp_json_str(mp_json_get(body, "update"), "forced"), "skip") &&
		 !mp_streq(mp_json_str(mp_json_get(body, "maintenanceWindow"), ""), "unavailable");
	r = read_names(d, main_chunk(chunks), err);
	for (size_t i = 0; r == 0 && i < mp_json_size(chunks); i++)
		r = add_chunk(d, mp_json_at(chunks, i), err);
	return r;
}

int mp_ddi_deployment_parse(const void *text, size_t len, struct mp_ddi_deployment **ret,
			    struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	auto_(mp_ddi_deployment) *d = NULL;
	int r = mp_json_parse(text, len, &doc, err);

	if (r < 0)
		return mp_err_wrap(err, r, "the server's deployment");
	d = calloc(1, sizeof(*d));
	if (!d)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = read_deployment(d, doc, err);
	if (r == 0)
		*ret = take_ptr(d);
	return r;
}

const struct mp_ddi_artifact *mp_ddi_find(const struct mp_ddi_deployment *d, const char *name)
{
	for (unsigned i = 0; d && i < d->n; i++)
		if (strcmp(d->artifacts[i].name, name) == 0)
			return &d->artifacts[i];
	return NULL;
}
