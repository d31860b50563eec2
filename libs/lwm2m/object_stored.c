/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_internal.h"
#include "lwm2m/objects.h"

#include <errno.h>

int32_t mp_lwm2m_stored_next(void *user, int32_t after)
{
	struct mp_lwm2m_stored *s = user;

	return mp_lwm2m_rows_next(&s->rows, s->object, after);
}

int mp_lwm2m_stored_read(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	struct mp_lwm2m_stored *s = user;

	return mp_lwm2m_rows_read(&s->rows, &mp_lwm2m_path(s->object, instance, resource), out);
}

static void changed(struct mp_lwm2m_stored *s, const struct mp_lwm2m_path *path)
{
	if (s->changed)
		s->changed(s->user, path);
}

int mp_lwm2m_stored_write(void *user, const struct mp_lwm2m_path *path,
			  const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_stored *s = user;
	int r = mp_lwm2m_rows_write(&s->rows, path, value);

	if (r == 0)
		changed(s, path);
	return r;
}

int mp_lwm2m_stored_clear(void *user, uint16_t instance)
{
	struct mp_lwm2m_stored *s = user;
	struct mp_lwm2m_path path = mp_lwm2m_path(s->object, instance);

	(void)mp_lwm2m_rows_remove(&s->rows, &path);
	return mp_lwm2m_rows_add(&s->rows, &path);
}

int mp_lwm2m_stored_execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
			    size_t len)
{
	struct mp_lwm2m_stored *s = user;

	(void)len;
	return s->execute ? s->execute(s->user, instance, resource, arguments) : -EOPNOTSUPP;
}

int mp_lwm2m_stored_create(void *user, uint16_t instance)
{
	struct mp_lwm2m_stored *s = user;
	struct mp_lwm2m_path path = mp_lwm2m_path(s->object, instance);
	uint16_t n = 0;
	int r;

	if (!s->instances_max)
		return -EOPNOTSUPP;
	for (int32_t i = -1; (i = mp_lwm2m_rows_next(&s->rows, s->object, i)) >= 0;)
		n++;
	if (n >= s->instances_max)
		return -EINVAL;
	r = mp_lwm2m_rows_add(&s->rows, &path);
	if (r == 0)
		changed(s, &path);
	return r;
}

int mp_lwm2m_stored_remove(void *user, uint16_t instance)
{
	struct mp_lwm2m_stored *s = user;
	struct mp_lwm2m_path path = mp_lwm2m_path(s->object, instance);

	if (!s->instances_max)
		return -EOPNOTSUPP;
	if (!mp_lwm2m_rows_remove(&s->rows, &path))
		return -ENOENT;
	changed(s, &path);
	return 0;
}
