/* SPDX-License-Identifier: Apache-2.0
 * A request is read twice: once to look whether all of it can be done, once to do it. */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pass { /* over the records of a request */
	const struct write_request *w;
	bool apply;
	uint16_t created; /* number of a new instance; MP_LWM2M_ID_NONE: none is made */
	struct mp_lwm2m_path emptied; /* the multiple resource that has been emptied last */
	struct mp_lwm2m_path cleared; /* the instance that a bootstrap has cleared last */
};

struct target {
	const struct mp_lwm2m_class *class;
	const struct mp_lwm2m_resource *model;
	void *state;
};

static int find_target(struct pass *p, const struct mp_lwm2m_path *path, struct target *ret)
{
	struct mp_lwm2m_client *c = p->w->client;

	ret->class = mp_lwm2m_client_class(c, path->id[0]);
	if (!ret->class)
		return -ENOENT;
	ret->state = mp_lwm2m_client_state(c, ret->class);
	if (!p->w->bootstrap && ret->class->id == 0)
		return -EACCES;
	if (p->created == MP_LWM2M_ID_NONE && !p->w->bootstrap) {
		if (!mp_lwm2m_client_has(c, ret->class, path->id[1]))
			return -ENOENT;
		if (!mp_lwm2m_access(c, p->w->account, path->id[0], path->id[1], ACCESS_WRITE))
			return -EACCES;
	}
	ret->model = NULL;
	if (path->n < 3)
		return 0;
	ret->model = mp_lwm2m_object_resource(mp_lwm2m_client_object(c, ret->class), path->id[2]);
	if (!ret->model || !mp_lwm2m_class_lists(ret->class, path->id[2]))
		return -ENOENT;
	return 0;
}

static bool may_write(const struct pass *p, const struct target *t)
{
	if (!t->class->write || t->model->type == MP_LWM2M_NONE)
		return false;
	/* what only a bootstrap server may set can be given when an instance is made, too */
	return (t->model->operations & MP_LWM2M_W) || p->w->bootstrap ||
	       p->created != MP_LWM2M_ID_NONE;
}

static int check_record(struct pass *p, struct mp_lwm2m_reader *r, struct mp_lwm2m_record *record,
			const struct target *t)
{
	int k;

	if (!may_write(p, t))
		return -EOPNOTSUPP;
	if (record->path.n == 4 && !t->model->multiple)
		return -EINVAL;
	if (!record->has_value)
		return t->model->multiple && record->path.n == 3 ? 0 : -EINVAL;
	if (record->path.n == 3 && t->model->multiple)
		return -EINVAL;
	k = mp_lwm2m_read_as(r, record, (enum mp_lwm2m_type)t->model->type);
	if (k < 0)
		return -EINVAL;
	if (!mp_lwm2m_resource_allows(t->model, &record->value))
		return -ERANGE;
	if (!p->apply && t->class->check)
		return t->class->check(t->state, &record->path, &record->value);
	return 0;
}

/* Bootstrap: the instance is made, or what it had goes. */
static int prepare_instance(struct pass *p, const struct target *t,
			    const struct mp_lwm2m_path *path)
{
	struct mp_lwm2m_path top = mp_lwm2m_path_top(path, 2);

	if (!p->w->bootstrap || p->w->base.n > 2 || mp_lwm2m_path_compare(&top, &p->cleared) == 0)
		return 0;
	p->cleared = top;
	if (mp_lwm2m_client_has(p->w->client, t->class, top.id[1]))
		return t->class->clear ? t->class->clear(t->state, top.id[1]) : 0;
	return t->class->create ? t->class->create(t->state, top.id[1]) : -EOPNOTSUPP;
}

static int empty_resource(struct pass *p, const struct target *t, const struct mp_lwm2m_path *path)
{
	struct mp_lwm2m_path top = mp_lwm2m_path_top(path, 3);

	if (!p->w->replace || p->w->base.n == 4 || !t->model->multiple ||
	    mp_lwm2m_path_compare(&top, &p->emptied) == 0)
		return 0;
	p->emptied = top;
	return t->class->write(t->state, &top, NULL);
}

static int apply_record(struct pass *p, const struct mp_lwm2m_record *record,
			const struct target *t)
{
	int r = prepare_instance(p, t, &record->path);

	if (r < 0 || record->path.n < 3)
		return r;
	r = empty_resource(p, t, &record->path);
	if (r == 0 && record->has_value)
		r = t->class->write(t->state, &record->path, &record->value);
	if (r == 0 && !p->w->bootstrap && p->created == MP_LWM2M_ID_NONE)
		mp_lwm2m_client_changed(p->w->client, &record->path);
	return r;
}

static int take_record(struct pass *p, struct mp_lwm2m_reader *r, struct mp_lwm2m_record *record)
{
	struct target t;
	int k;

	if (record->path.n < 2)
		return -EINVAL;
	if (p->created != MP_LWM2M_ID_NONE) {
		if (record->path.id[1] != MP_LWM2M_ID_NONE && record->path.id[1] != p->created)
			return -EINVAL; /* a second instance */
		record->path.id[1] = p->created;
	} else if (record->path.id[1] == MP_LWM2M_ID_NONE) {
		return -EINVAL;
	}
	k = find_target(p, &record->path, &t);
	if (k == 0 && record->path.n >= 3)
		k = check_record(p, r, record, &t);
	if (k == 0 && p->apply)
		k = apply_record(p, record, &t);
	return k;
}

/* -EPROTO and -ENOTSUP of a reader are the sender's fault as well. */
static int reader_error(int r)
{
	return r == -EPROTO || r == -ENOTSUP || r == -ENOSPC ? -EBADMSG : r;
}

static int run_pass(struct pass *p, void *scratch)
{
	const struct write_request *w = p->w;
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;
	int k, result;

	if (mp_lwm2m_read(&r, w->format, &w->base, w->payload, w->len, scratch, w->len) < 0)
		return -EPROTOTYPE;
	while ((k = mp_lwm2m_read_next(&r, &record)) > 0) {
		result = take_record(p, &r, &record);
		if (result < 0)
			return result;
	}
	return reader_error(k);
}

static int run(struct pass *p)
{
	uint8_t small[512], *scratch = small;
	int r;

	if (p->w->len > sizeof(small)) {
		scratch = malloc(p->w->len);
		if (!scratch)
			return -ENOMEM;
	}
	r = run_pass(p, scratch);
	if (scratch != small)
		free(scratch);
	return r;
}

/* A Replace of an instance takes away what it does not name. */
static int clear_base(const struct write_request *w)
{
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(w->client, w->base.id[0]);

	if (!w->replace || w->base.n != 2 || w->bootstrap || !class || !class->clear)
		return 0;
	return class->clear(mp_lwm2m_client_state(w->client, class), w->base.id[1]);
}

static void tell_writer(const struct write_request *w, uint16_t object)
{
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(w->client, object);

	if (class && class->by)
		class->by(mp_lwm2m_client_state(w->client, class),
			  w->account ? w->account->short_id : 0);
}

int mp_lwm2m_client_write(const struct write_request *w)
{
	struct pass p = {.w = w, .created = MP_LWM2M_ID_NONE};
	struct target t;
	int r = 0;

	if (w->base.n >= 2)
		r = find_target(&p, &w->base, &t);
	if (w->base.n)
		tell_writer(w, w->base.id[0]);
	if (r == 0)
		r = run(&p);
	if (r == 0)
		r = clear_base(w);
	p.apply = true;
	return r == 0 ? run(&p) : r;
}

/* Which number a payload gives to a new instance; MP_LWM2M_ID_NONE: none. */
static int wanted_instance(const struct write_request *w, uint16_t *ret)
{
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;
	uint8_t scratch[512];
	int k;

	*ret = MP_LWM2M_ID_NONE;
	if (!w->len)
		return 0;
	if (mp_lwm2m_read(&r, w->format, &w->base, w->payload, w->len, scratch, sizeof(scratch)) <
	    0)
		return -EPROTOTYPE;
	k = mp_lwm2m_read_next(&r, &record);
	if (k > 0 && record.path.n >= 2)
		*ret = record.path.id[1];
	return k == -ENOSPC ? 0 : reader_error(k < 0 ? k : 0);
}

static int free_instance(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
			 uint16_t *ret)
{
	int32_t id = 0, next = -1;

	while ((next = mp_lwm2m_client_next(c, class, next)) == id)
		id++;
	if (id > MP_LWM2M_ID_MAX)
		return -ENOSPC;
	*ret = (uint16_t)id;
	return 0;
}

static int fill_new(const struct write_request *w, const struct mp_lwm2m_class *class, uint16_t id)
{
	void *state = mp_lwm2m_client_state(w->client, class);
	struct pass p = {.w = w, .created = id};
	int r = w->len ? run(&p) : 0;

	if (r < 0)
		return r;
	r = class->create(state, id);
	if (r < 0)
		return r;
	p.apply = true;
	r = w->len ? run(&p) : 0;
	if (r < 0 && class->remove)
		(void)class->remove(state, id);
	return r;
}

int mp_lwm2m_client_create(const struct write_request *w, uint16_t *ret, bool *ret_chosen)
{
	struct mp_lwm2m_client *c = w->client;
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(c, w->base.id[0]);
	uint16_t id;
	int r;

	if (!class)
		return -ENOENT;
	if (class->id == 0)
		return -EACCES;
	if (!class->create)
		return -EOPNOTSUPP;
	if (!mp_lwm2m_access(c, w->account, class->id, 0, ACCESS_CREATE))
		return -EACCES;
	tell_writer(w, class->id);
	r = wanted_instance(w, &id);
	*ret_chosen = id == MP_LWM2M_ID_NONE;
	if (r == 0 && *ret_chosen)
		r = free_instance(c, class, &id);
	else if (r == 0 && mp_lwm2m_client_has(c, class, id))
		r = -EINVAL;
	if (r == 0)
		r = fill_new(w, class, id);
	if (r < 0)
		return r;
	*ret = id;
	mp_lwm2m_access_created(w->account, class->id, id);
	mp_lwm2m_client_instances_changed(c, class->id);
	return 0;
}

/* Without it nobody could ever reach the device again. */
static bool is_last_server(const struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path)
{
	size_t others = 0;
	bool is_one = false;

	for (const struct account *a = c->accounts; a; a = a->next) {
		if (!a->short_id)
			continue;
		if (a->server == path->id[1])
			is_one = true;
		else
			others++;
	}
	return path->id[0] == 1 && is_one && others == 0;
}

int mp_lwm2m_client_delete(struct account *a, const struct mp_lwm2m_path *path)
{
	struct mp_lwm2m_client *c = a->client;
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(c, path->id[0]);
	int r;

	if (!class || (path->n > 1 && !mp_lwm2m_client_has(c, class, path->id[1])))
		return -ENOENT;
	if (class->id == 0)
		return -EACCES;
	if (path->n != 2 || !class->remove || is_last_server(c, path))
		return -EOPNOTSUPP;
	if (!mp_lwm2m_access(c, a, class->id, path->id[1], ACCESS_DELETE))
		return -EACCES;
	r = class->remove(mp_lwm2m_client_state(c, class), path->id[1]);
	if (r < 0)
		return r;
	mp_lwm2m_access_removed(c, class->id, path->id[1]);
	mp_lwm2m_observe_gone(c, path);
	mp_lwm2m_client_instances_changed(c, class->id);
	return 0;
}

/* Arguments are "0", "1='text'", … with commas (Core 6.3.5). */
static bool are_arguments(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		i++;
		if (i + 1 < len && text[i] == '=' && text[i + 1] == '\'') {
			const char *end = memchr(text + i + 2, '\'', len - i - 2);

			if (!end)
				return false;
			i = (size_t)(end - text) + 1;
		}
		if (i == len)
			return true;
		if (text[i++] != ',' || i == len)
			return false;
	}
	return true;
}

int mp_lwm2m_client_execute(struct account *a, const struct mp_lwm2m_path *path,
			    const char *arguments, size_t len)
{
	struct mp_lwm2m_client *c = a->client;
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(c, path->id[0]);
	const struct mp_lwm2m_resource *model;
	char text[256];

	if (!class || !mp_lwm2m_client_has(c, class, path->id[1]))
		return -ENOENT;
	if (class->id == 0)
		return -EACCES;
	model = mp_lwm2m_object_resource(mp_lwm2m_client_object(c, class), path->id[2]);
	if (!model || !mp_lwm2m_class_lists(class, path->id[2]))
		return -ENOENT;
	if (!(model->operations & MP_LWM2M_E) || !class->execute)
		return -EOPNOTSUPP;
	if (!mp_lwm2m_access(c, a, class->id, path->id[1], ACCESS_EXECUTE))
		return -EACCES;
	if (len >= sizeof(text) || !are_arguments(arguments, len))
		return -EINVAL;
	memcpy(text, len ? arguments : "", len);
	text[len] = 0;
	return class->execute(mp_lwm2m_client_state(c, class), path->id[1], path->id[2], text, len);
}
