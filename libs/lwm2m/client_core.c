/* SPDX-License-Identifier: Apache-2.0
 * Objects 0, 1 and 2: rows, and what it means that they change. */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <string.h>

int mp_lwm2m_rows_read(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
		       struct mp_lwm2m_out *out)
{
	struct mp_lwm2m_path at;
	struct mp_lwm2m_value v;
	size_t walk = 0;
	int r = -ENOENT;

	while (mp_lwm2m_rows_walk(rows, path, &walk, &at, &v)) {
		r = at.n == 4 ? mp_lwm2m_give_instance(out, at.id[3], v) : mp_lwm2m_give(out, v);
		if (r < 0)
			return r;
	}
	return r;
}

int mp_lwm2m_rows_write(struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
			const struct mp_lwm2m_value *value)
{
	if (value)
		return mp_lwm2m_rows_set(rows, path, value);
	(void)mp_lwm2m_rows_remove(rows, path);
	return 0;
}

static int32_t next_security(void *user, int32_t after)
{
	struct mp_lwm2m_client *c = user;

	return mp_lwm2m_rows_next(&c->rows, 0, after);
}

static int32_t next_server(void *user, int32_t after)
{
	struct mp_lwm2m_client *c = user;

	return mp_lwm2m_rows_next(&c->rows, 1, after);
}

static int32_t next_access(void *user, int32_t after)
{
	struct mp_lwm2m_client *c = user;

	return mp_lwm2m_rows_next(&c->rows, 2, after);
}

static int read_row(struct mp_lwm2m_client *c, uint16_t object, uint16_t instance,
		    uint16_t resource, struct mp_lwm2m_out *out)
{
	return mp_lwm2m_rows_read(&c->rows, &mp_lwm2m_path(object, instance, resource), out);
}

static int read_security(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	return read_row(user, 0, instance, resource, out);
}

static int read_server(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	return read_row(user, 1, instance, resource, out);
}

static int read_access(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	return read_row(user, 2, instance, resource, out);
}

static void stale(struct mp_lwm2m_client *c)
{
	c->accounts_stale = c->save_wanted = true;
}

static int write_row(void *user, const struct mp_lwm2m_path *path,
		     const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_client *c = user;

	stale(c);
	return mp_lwm2m_rows_write(&c->rows, path, value);
}

static struct account *account_of_server(struct mp_lwm2m_client *c, uint16_t instance)
{
	struct account *a = c->accounts;

	while (a && (!a->short_id || a->server != instance))
		a = a->next;
	return a;
}

static int write_server(void *user, const struct mp_lwm2m_path *path,
			const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_client *c = user;
	struct account *a = account_of_server(c, path->id[1]);
	int r = write_row(user, path, value);

	/* lifetime and binding are the server's to know */
	if (r == 0 && a && !c->bootstrapping && (path->id[2] == 1 || path->id[2] == 7))
		mp_lwm2m_account_update(a);
	return r;
}

static int check_server(void *user, const struct mp_lwm2m_path *path,
			const struct mp_lwm2m_value *value)
{
	(void)user;
	if (!value)
		return 0;
	switch (path->id[2]) {
	case 0:
		return value->integer >= 1 && value->integer <= MP_LWM2M_ID_MAX ? 0 : -ERANGE;
	case 1:
	case 2:
	case 3:
	case 5:
		return value->integer >= 0 && value->integer <= UINT32_MAX ? 0 : -ERANGE;
	case 7:
		for (size_t i = 0; i < value->text.len; i++)
			if (!strchr("UTSNQM", value->text.data[i]) || !value->text.data[i])
				return -EINVAL;
		return value->text.len ? 0 : -EINVAL;
	default:
		return 0;
	}
}

static int execute_server(void *user, uint16_t instance, uint16_t resource, const char *arguments,
			  size_t len)
{
	struct mp_lwm2m_client *c = user;
	struct account *a = account_of_server(c, instance);

	(void)arguments;
	(void)len;
	if (!a)
		return -ENOENT;
	switch (resource) {
	case 4:
		a->disable_wanted = true; /* once the response is queued */
		return 0;
	case 8:
		mp_lwm2m_account_update(a);
		return 0;
	case 9:
		if (!mp_lwm2m_account_find(c, 0))
			return -EOPNOTSUPP;
		c->bootstrap_wanted = true;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int create_row(struct mp_lwm2m_client *c, uint16_t object, uint16_t instance)
{
	stale(c);
	return mp_lwm2m_rows_add(&c->rows, &mp_lwm2m_path(object, instance));
}

static int create_security(void *user, uint16_t instance)
{
	return create_row(user, 0, instance);
}

static int create_server(void *user, uint16_t instance)
{
	return create_row(user, 1, instance);
}

static int create_access(void *user, uint16_t instance)
{
	return create_row(user, 2, instance);
}

static int remove_row(struct mp_lwm2m_client *c, uint16_t object, uint16_t instance)
{
	stale(c);
	return mp_lwm2m_rows_remove(&c->rows, &mp_lwm2m_path(object, instance)) ? 0 : -ENOENT;
}

static int remove_security(void *user, uint16_t instance)
{
	return remove_row(user, 0, instance);
}

static int remove_server(void *user, uint16_t instance)
{
	return remove_row(user, 1, instance);
}

static int remove_access(void *user, uint16_t instance)
{
	return remove_row(user, 2, instance);
}

/* What a Write (Replace) does not name goes, but for the short server id, which only a bootstrap changes. */
static int clear_server(void *user, uint16_t instance)
{
	struct mp_lwm2m_client *c = user;
	struct mp_lwm2m_path id = mp_lwm2m_path(1, instance, 0);
	struct mp_lwm2m_value v;
	bool had = mp_lwm2m_rows_get(&c->rows, &id, &v);

	(void)mp_lwm2m_rows_remove(&c->rows, &mp_lwm2m_path(1, instance));
	return had ? mp_lwm2m_rows_set(&c->rows, &id, &v)
		   : mp_lwm2m_rows_add(&c->rows, &mp_lwm2m_path(1, instance));
}

const struct mp_lwm2m_class mp_lwm2m_security_class = {
	.id = 0,
	.version = MP_LWM2M_VERSION(1, 1),
	.next = next_security,
	.read = read_security,
	.write = write_row,
	.create = create_security,
	.remove = remove_security,
};
const struct mp_lwm2m_class mp_lwm2m_server_class = {
	.id = 1,
	.version = MP_LWM2M_VERSION(1, 1),
	.next = next_server,
	.read = read_server,
	.write = write_server,
	.check = check_server,
	.clear = clear_server,
	.execute = execute_server,
	.create = create_server,
	.remove = remove_server,
};
const struct mp_lwm2m_class mp_lwm2m_access_class = {
	.id = 2,
	.next = next_access,
	.read = read_access,
	.write = write_row,
	.create = create_access,
	.remove = remove_access,
};
