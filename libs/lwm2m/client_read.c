/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int give(struct mp_lwm2m_out *out, const struct mp_lwm2m_path *path,
		const struct mp_lwm2m_value *value)
{
	out->count++;
	out->is_number = mp_lwm2m_value_is_number(value, &out->number);
	return out->writer ? mp_lwm2m_write_value(out->writer, path, *value) : 0;
}

int mp_lwm2m_give(struct mp_lwm2m_out *out, struct mp_lwm2m_value value)
{
	if (out->model->multiple)
		return mp_lwm2m_give_instance(out, 0, value);
	return give(out, &out->path, &value);
}

int mp_lwm2m_give_instance(struct mp_lwm2m_out *out, uint16_t resource_instance,
			   struct mp_lwm2m_value value)
{
	struct mp_lwm2m_path path = mp_lwm2m_path_child(&out->path, resource_instance);

	if (!out->model->multiple)
		return -EINVAL;
	if (out->only >= 0 && out->only != resource_instance)
		return 0;
	return give(out, &path, &value);
}

bool mp_lwm2m_class_lists(const struct mp_lwm2m_class *class, uint16_t resource)
{
	if (!class->resources)
		return true;
	for (size_t i = 0; i < class->n_resources; i++)
		if (class->resources[i] == resource)
			return true;
	return false;
}

/* An empty multiple resource is there all the same, where the format can say so. */
static int give_empty(struct mp_lwm2m_out *out)
{
	struct mp_lwm2m_record record = {.path = out->path};

	if (!out->model->multiple || !out->writer || out->only >= 0)
		return 0;
	return mp_lwm2m_write_record(out->writer, &record);
}

static int read_resource(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
			 const struct mp_lwm2m_resource *model, uint16_t instance, int32_t only,
			 struct mp_lwm2m_out *out)
{
	int r;

	out->path = mp_lwm2m_path(class->id, instance, model->id);
	out->model = model;
	out->only = only;
	out->count = 0;
	if (!class->read || !mp_lwm2m_class_lists(class, model->id))
		return -ENOENT;
	r = class->read(mp_lwm2m_client_state(c, class), instance, model->id, out);
	if (r == 0 && !out->count && only >= 0)
		return -ENOENT;
	if (r == 0 && !out->count)
		r = give_empty(out);
	return r;
}

static int read_instance(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
			 uint16_t instance, struct mp_lwm2m_out *out)
{
	const struct mp_lwm2m_object *object = mp_lwm2m_client_object(c, class);
	int count = 0, r;

	for (uint16_t i = 0; i < object->n; i++) {
		if (!(object->resources[i].operations & MP_LWM2M_R))
			continue;
		r = read_resource(c, class, &object->resources[i], instance, -1, out);
		if (r == 0)
			count++;
		else if (r != -ENOENT && r != -EOPNOTSUPP)
			return r;
	}
	return count;
}

static int read_object(struct mp_lwm2m_client *c, const struct account *a,
		       const struct mp_lwm2m_class *class, struct mp_lwm2m_out *out)
{
	int32_t i = -1;
	int count = 0, denied = 0, r;

	while ((i = mp_lwm2m_client_next(c, class, i)) >= 0) {
		if (!mp_lwm2m_access(c, a, class->id, (uint16_t)i, ACCESS_READ)) {
			denied++;
			continue;
		}
		r = read_instance(c, class, (uint16_t)i, out);
		if (r < 0)
			return r;
		count += r;
	}
	return !count && denied ? -EACCES : count;
}

/* Security and what is like it is never read by a server (Core E.1). */
static bool is_secret(uint16_t object)
{
	return object == 0 || object == 21;
}

static int read_root(struct mp_lwm2m_client *c, const struct account *a, struct mp_lwm2m_out *out)
{
	const struct mp_lwm2m_class *class;
	int count = 0, r;

	for (size_t i = 0; (class = mp_lwm2m_client_class_at(c, i)); i++) {
		if (is_secret(class->id))
			continue;
		r = read_object(c, a, class, out);
		if (r < 0 && r != -EACCES)
			return r;
		count += r > 0 ? r : 0;
	}
	return count;
}

static int read_path(struct mp_lwm2m_client *c, const struct account *a,
		     const struct mp_lwm2m_path *path, struct mp_lwm2m_out *out)
{
	const struct mp_lwm2m_class *class;
	const struct mp_lwm2m_resource *model;
	int r;

	if (path->n == 0)
		return read_root(c, a, out);
	class = mp_lwm2m_client_class(c, path->id[0]);
	if (class && is_secret(class->id) && a)
		return -EACCES;
	if (!class)
		return -ENOENT;
	if (path->n == 1)
		return read_object(c, a, class, out);
	if (!mp_lwm2m_client_has(c, class, path->id[1]))
		return -ENOENT;
	if (!mp_lwm2m_access(c, a, class->id, path->id[1], ACCESS_READ))
		return -EACCES;
	if (path->n == 2)
		return read_instance(c, class, path->id[1], out);
	model = mp_lwm2m_object_resource(mp_lwm2m_client_object(c, class), path->id[2]);
	if (!model || !mp_lwm2m_class_lists(class, path->id[2]))
		return -ENOENT;
	if (!(model->operations & MP_LWM2M_R))
		return -EOPNOTSUPP;
	if (path->n == 4 && !model->multiple)
		return -ENOENT;
	r = read_resource(c, class, model, path->id[1], path->n == 4 ? path->id[3] : -1, out);
	return r < 0 ? r : 1;
}

int mp_lwm2m_client_read(struct mp_lwm2m_client *c, const struct account *a,
			 const struct mp_lwm2m_path *path, struct mp_lwm2m_writer *w)
{
	struct mp_lwm2m_out out = {.writer = w, .only = -1};

	return read_path(c, a, path, &out);
}

int mp_lwm2m_client_look(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path,
			 struct mp_lwm2m_out *ret)
{
	*ret = (struct mp_lwm2m_out){.only = -1};
	return read_path(c, NULL, path, ret);
}

static int compare_paths(const void *a, const void *b)
{
	return mp_lwm2m_path_compare(a, b);
}

size_t mp_lwm2m_paths_sort(struct mp_lwm2m_path *paths, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(paths, n, sizeof(*paths), compare_paths);
	for (size_t i = 0; i < n; i++)
		if (!kept || !mp_lwm2m_path_is_below(&paths[i], &paths[kept - 1]))
			paths[kept++] = paths[i];
	return kept;
}

static int write_payload(struct mp_lwm2m_client *c, const struct account *a,
			 const struct mp_lwm2m_path *paths, size_t n, bool composite,
			 unsigned format, struct mp_buf *out)
{
	struct mp_lwm2m_writer w;
	int r = mp_lwm2m_write(&w, format, composite ? &mp_lwm2m_path_root : paths, out->data,
			       out->room - 1);
	int count = 0;

	if (r < 0)
		return -EDOM;
	for (size_t i = 0; i < n; i++) {
		r = mp_lwm2m_client_read(c, a, &paths[i], &w);
		if (r < 0 && (r == -ENOSPC || !composite))
			return r;
		count += r > 0 ? r : 0;
	}
	if (composite && !count)
		return -ENOENT;
	r = mp_lwm2m_write_end(&w);
	if (r >= 0)
		out->len = (size_t)r;
	return r == -EINVAL ? -EDOM : r;
}

int mp_lwm2m_client_payload(struct mp_lwm2m_client *c, const struct account *a,
			    const struct mp_lwm2m_path *paths, size_t n, bool composite,
			    unsigned format, struct mp_buf *out)
{
	size_t room = 512;
	int r;

	do {
		mp_buf_reset(out);
		r = mp_buf_reserve(out, room);
		if (r < 0)
			return r;
		r = write_payload(c, a, paths, n, composite, format, out);
		room *= 4;
	} while (r == -ENOSPC && room <= out->limit);
	return r < 0 ? r : 0;
}

/* Text and its like are for one value. */
static int single_format(const struct mp_lwm2m_resource *model, int accept)
{
	bool opaque = model->type == MP_LWM2M_OPAQUE;

	if (accept < 0)
		return opaque ? MP_LWM2M_FORMAT_OPAQUE : MP_LWM2M_FORMAT_TEXT;
	if (accept == MP_LWM2M_FORMAT_OPAQUE && !opaque)
		return -EDOM;
	return accept;
}

int mp_lwm2m_client_format(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path, int accept)
{
	const struct mp_lwm2m_class *class = path->n ? mp_lwm2m_client_class(c, path->id[0]) : NULL;
	const struct mp_lwm2m_resource *model = NULL;
	struct mp_lwm2m_writer w;
	uint8_t scratch[16];

	if (accept >= 0 && mp_lwm2m_write(&w, (unsigned)accept, path, scratch, sizeof(scratch)) < 0)
		return -EDOM;
	if (class && path->n >= 3)
		model = mp_lwm2m_object_resource(mp_lwm2m_client_object(c, class), path->id[2]);
	if (model && (!model->multiple || path->n == 4))
		return single_format(model, accept);
	if (accept >= 0 && !mp_lwm2m_format_is_structured((unsigned)accept))
		return -EDOM;
	return accept >= 0 ? accept : MP_LWM2M_FORMAT_TLV;
}
