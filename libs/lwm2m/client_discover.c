/* SPDX-License-Identifier: Apache-2.0
 * Links: of a registration (Core 1.1, 6.2.1), of Discover (6.3.2) and of Bootstrap-Discover (6.1.7.3). */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdio.h>

/* A version is named unless it is the one that everybody supposes: 1.0, and for the core objects that of
 * the enabler. */
static void add_version(const struct mp_lwm2m_class *class, struct mp_lwm2m_link_writer *w)
{
	char text[8];

	if (class->id < 3 || !class->version || class->version == MP_LWM2M_VERSION(1, 0))
		return;
	(void)snprintf(text, sizeof(text), "%u.%u", (class->version >> 8) & 99u,
		       (class->version & 255u) % 100);
	mp_lwm2m_link_add_attribute(w, "ver", text);
}

static void add_instances(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
			  struct mp_lwm2m_link_writer *w)
{
	bool versioned = class->id >= 3 && class->version > MP_LWM2M_VERSION(1, 0);
	int32_t i = mp_lwm2m_client_next(c, class, -1);

	if (versioned || i < 0) {
		if (i < 0 && class->id < 3)
			return;
		mp_lwm2m_link_add(w, &mp_lwm2m_path(class->id));
		add_version(class, w);
	}
	for (; i >= 0; i = mp_lwm2m_client_next(c, class, i))
		mp_lwm2m_link_add(w, &mp_lwm2m_path(class->id, (uint16_t)i));
}

static int write_links(struct mp_lwm2m_client *c, struct mp_lwm2m_link_writer *w)
{
	const struct mp_lwm2m_class *class;

	mp_lwm2m_link_add(w, &mp_lwm2m_path_root);
	mp_lwm2m_link_add_quoted(w, "rt", "oma.lwm2m");
	if (!c->kind->version || c->kind->version > MP_LWM2M_VERSION(1, 0))
		mp_lwm2m_link_add_quoted(w, "ct",
					 c->kind->version >= MP_LWM2M_VERSION(1, 2)
						 ? "60 110 112 11542 11543 11544"
						 : "60 110 112 11542 11543");
	for (size_t i = 0; (class = mp_lwm2m_client_class_at(c, i)); i++)
		if (class->id != 0 && class->id != 21)
			add_instances(c, class, w);
	return mp_lwm2m_link_end(w);
}

struct links { /* what is written into a buffer that grows until it fits */
	struct mp_lwm2m_client *client;
	const struct account *account;
	struct mp_lwm2m_path path;
	int (*write)(const struct links *l, struct mp_lwm2m_link_writer *w);
};

static int grow(const struct links *l, struct mp_buf *out)
{
	struct mp_lwm2m_link_writer w;
	size_t room = 512;
	int r;

	do {
		mp_buf_reset(out);
		r = mp_buf_reserve(out, room);
		if (r < 0)
			return r;
		mp_lwm2m_link_write(&w, out->data, out->room - 1);
		r = l->write(l, &w);
		room *= 4;
	} while (r == -ENOSPC && room <= out->limit);
	if (r < 0)
		return r;
	out->len = (size_t)r;
	out->data[out->len] = 0;
	return 0;
}

static int write_registration(const struct links *l, struct mp_lwm2m_link_writer *w)
{
	return write_links(l->client, w);
}

int mp_lwm2m_client_links(struct mp_lwm2m_client *c, struct mp_buf *out)
{
	return grow(&(struct links){.client = c, .write = write_registration}, out);
}

/* ---- Discover ---- */

static void add_attributes(const struct links *l, const struct mp_lwm2m_path *path,
			   struct mp_lwm2m_link_writer *w)
{
	const struct attribute_row *row =
		mp_lwm2m_attributes_at(l->client, l->account->short_id, path);

	if (row)
		mp_lwm2m_attributes_write(&row->attributes, w);
}

/* -ENOENT: this instance does not have it. */
static int add_resource(const struct links *l, const struct mp_lwm2m_class *class,
			const struct mp_lwm2m_resource *model, uint16_t instance, bool attributes,
			struct mp_lwm2m_link_writer *w)
{
	struct mp_lwm2m_path path = mp_lwm2m_path(class->id, instance, model->id);
	struct mp_lwm2m_out out = {0};
	char dim[12];

	if (!mp_lwm2m_class_lists(class, model->id))
		return -ENOENT;
	if (model->operations & MP_LWM2M_R) {
		if (mp_lwm2m_client_look(l->client, &path, &out) < 0)
			return -ENOENT;
	} else if (!(model->operations & MP_LWM2M_E) && !class->resources) {
		return -ENOENT;
	}
	mp_lwm2m_link_add(w, &path);
	if (model->multiple) {
		(void)snprintf(dim, sizeof(dim), "%u", out.count);
		mp_lwm2m_link_add_attribute(w, "dim", dim);
	}
	if (attributes)
		add_attributes(l, &path, w);
	return 0;
}

static void add_instance(const struct links *l, const struct mp_lwm2m_class *class,
			 uint16_t instance, bool attributes, struct mp_lwm2m_link_writer *w)
{
	const struct mp_lwm2m_object *object = mp_lwm2m_client_object(l->client, class);
	struct mp_lwm2m_path path = mp_lwm2m_path(class->id, instance);

	mp_lwm2m_link_add(w, &path);
	add_attributes(l, &path, w);
	for (uint16_t i = 0; i < object->n; i++)
		(void)add_resource(l, class, &object->resources[i], instance, attributes, w);
}

static int discover_resource(const struct links *l, const struct mp_lwm2m_class *class,
			     struct mp_lwm2m_link_writer *w)
{
	const struct mp_lwm2m_object *object = mp_lwm2m_client_object(l->client, class);
	const struct mp_lwm2m_resource *model = mp_lwm2m_object_resource(object, l->path.id[2]);
	struct mp_lwm2m_attributes a;
	int r;

	if (!model)
		return -ENOENT;
	r = add_resource(l, class, model, l->path.id[1], false, w);
	if (r < 0)
		return r;
	mp_lwm2m_attributes_of(l->client, l->account, &l->path, &a);
	mp_lwm2m_attributes_write(&a, w);
	return mp_lwm2m_link_end(w);
}

static int write_discover(const struct links *l, struct mp_lwm2m_link_writer *w)
{
	struct mp_lwm2m_client *c = l->client;
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(c, l->path.id[0]);
	int32_t i = -1;

	if (!class)
		return -ENOENT;
	if (class->id == 0)
		return -EACCES;
	if (l->path.n >= 2 && !mp_lwm2m_client_has(c, class, l->path.id[1]))
		return -ENOENT;
	if (l->path.n == 3)
		return discover_resource(l, class, w);
	if (l->path.n == 2) {
		add_instance(l, class, l->path.id[1], true, w);
		return mp_lwm2m_link_end(w);
	}
	mp_lwm2m_link_add(w, &l->path);
	add_version(class, w);
	add_attributes(l, &l->path, w);
	while ((i = mp_lwm2m_client_next(c, class, i)) >= 0)
		add_instance(l, class, (uint16_t)i, false, w);
	return mp_lwm2m_link_end(w);
}

/* ---- Bootstrap-Discover ---- */

static void add_short_id(const struct mp_lwm2m_client *c, uint16_t object, uint16_t instance,
			 struct mp_lwm2m_link_writer *w)
{
	struct mp_lwm2m_path p = mp_lwm2m_path(object, instance, object == 0 ? 10 : 0);
	int64_t id = mp_lwm2m_rows_number(&c->rows, &p, 0);
	struct mp_lwm2m_value uri;
	char text[256];

	if (object > 1 || id <= 0)
		return;
	(void)snprintf(text, sizeof(text), "%u", (unsigned)id & 0xffff);
	mp_lwm2m_link_add_attribute(w, "ssid", text);
	p.id[2] = 0;
	if (object == 0 && mp_lwm2m_rows_get(&c->rows, &p, &uri) && uri.text.len < sizeof(text)) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)uri.text.len, uri.text.data);
		mp_lwm2m_link_add_quoted(w, "uri", text);
	}
}

static int write_bootstrap(const struct links *l, struct mp_lwm2m_link_writer *w)
{
	const struct mp_lwm2m_class *class;
	struct mp_lwm2m_client *c = l->client;
	uint16_t version = c->kind->version ? c->kind->version : MP_LWM2M_VERSION(1, 1);
	char text[8];
	int32_t i;

	if (l->path.n && !mp_lwm2m_client_class(c, l->path.id[0]))
		return -ENOENT;
	(void)snprintf(text, sizeof(text), "%u.%u", (version >> 8) & 99u, (version & 255u) % 100);
	mp_lwm2m_link_add(w, &mp_lwm2m_path_root);
	mp_lwm2m_link_add_attribute(w, "lwm2m", text);
	for (size_t k = 0; (class = mp_lwm2m_client_class_at(c, k)); k++) {
		if (l->path.n && class->id != l->path.id[0])
			continue;
		i = mp_lwm2m_client_next(c, class, -1);
		if (i < 0 || class->version > MP_LWM2M_VERSION(1, 0)) {
			mp_lwm2m_link_add(w, &mp_lwm2m_path(class->id));
			add_version(class, w);
		}
		for (; i >= 0; i = mp_lwm2m_client_next(c, class, i)) {
			mp_lwm2m_link_add(w, &mp_lwm2m_path(class->id, (uint16_t)i));
			add_short_id(c, class->id, (uint16_t)i, w);
		}
	}
	return mp_lwm2m_link_end(w);
}

int mp_lwm2m_client_discover(struct account *a, const struct mp_lwm2m_path *path, bool bootstrap,
			     struct mp_buf *out)
{
	struct links l = {.client = a->client,
			  .account = a,
			  .path = *path,
			  .write = bootstrap ? write_bootstrap : write_discover};

	return grow(&l, out);
}
