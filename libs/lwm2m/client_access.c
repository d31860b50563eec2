/* SPDX-License-Identifier: Apache-2.0
 * Access control (LwM2M Core 1.1, 8.2): with one server everything is allowed. With more, the instance
 * of object 2 that names an instance says who may do what; lists are in force from the first one on. */
#include "lwm2m/client_internal.h"

enum { FOR_OBJECT, FOR_INSTANCE, RIGHTS, OWNER }; /* resources of object 2 */
#define ALL_INSTANCES 65535 /* "instance" of the list that says who may create */

static int64_t number(const struct mp_lwm2m_client *c, int32_t list, uint16_t resource)
{
	return mp_lwm2m_rows_number(&c->rows, &mp_lwm2m_path(2, (uint16_t)list, resource), -1);
}

static int32_t list_of(const struct mp_lwm2m_client *c, uint16_t object, uint16_t instance)
{
	int32_t i = -1;

	while ((i = mp_lwm2m_rows_next(&c->rows, 2, i)) >= 0)
		if (number(c, i, FOR_OBJECT) == object && number(c, i, FOR_INSTANCE) == instance)
			return i;
	return -1;
}

static int64_t rights_of(const struct mp_lwm2m_client *c, int32_t list, uint16_t short_id)
{
	struct mp_lwm2m_path p = mp_lwm2m_path(2, (uint16_t)list, RIGHTS, short_id);

	return mp_lwm2m_rows_number(&c->rows, &p, -1);
}

bool mp_lwm2m_access(const struct mp_lwm2m_client *c, const struct account *a, uint16_t object,
		     uint16_t instance, enum access right)
{
	int64_t rights;
	int32_t list;

	if (!a || !a->short_id || mp_lwm2m_account_servers(c) < 2 ||
	    mp_lwm2m_rows_next(&c->rows, 2, -1) < 0)
		return true;
	if (object == 1 && instance == a->server && right == ACCESS_READ)
		return true;
	list = list_of(c, object, right == ACCESS_CREATE ? ALL_INSTANCES : instance);
	if (list < 0)
		return false;
	rights = rights_of(c, list, a->short_id);
	if (rights < 0 && number(c, list, OWNER) == a->short_id)
		return true;
	if (rights < 0)
		rights = rights_of(c, list, 0);
	return rights >= 0 && (rights & (int64_t)right);
}

void mp_lwm2m_access_created(struct account *a, uint16_t object, uint16_t instance)
{
	struct mp_lwm2m_client *c = a->client;
	struct mp_lwm2m_path p = mp_lwm2m_path(2, 0, 0);
	const struct {
		uint16_t resource;
		int64_t value;
	} rows[] = {{FOR_OBJECT, object}, {FOR_INSTANCE, instance}, {OWNER, a->short_id}};

	if (object == 2 || mp_lwm2m_account_servers(c) < 2 ||
	    mp_lwm2m_rows_next(&c->rows, 2, -1) < 0)
		return;
	while (mp_lwm2m_rows_has(&c->rows, &mp_lwm2m_path(2, p.id[1])))
		p.id[1]++;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mp_lwm2m_value v = mp_lwm2m_integer(rows[i].value);

		p.id[2] = rows[i].resource;
		(void)mp_lwm2m_rows_set(&c->rows, &p, &v);
	}
	c->save_wanted = true;
}

void mp_lwm2m_access_removed(struct mp_lwm2m_client *c, uint16_t object, uint16_t instance)
{
	int32_t list = list_of(c, object, instance);

	if (list < 0)
		return;
	(void)mp_lwm2m_rows_remove(&c->rows, &mp_lwm2m_path(2, (uint16_t)list));
	c->save_wanted = true;
}
