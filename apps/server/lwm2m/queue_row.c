/* SPDX-License-Identifier: Apache-2.0 */
#include "queue_row.h"

#include <errno.h>
#include <string.h>

#include "observations.h"

int queue_write_paths(const struct lwm2m_operation *o, struct mp_buf *out)
{
	const struct mp_lwm2m_path *paths = o->observation ? o->observation->paths : o->paths;
	size_t n = o->observation ? o->observation->n : o->n_paths;
	char text[MP_LWM2M_PATH_TEXT];
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		mp_lwm2m_path_format(&paths[i], text);
		r = mp_buf_printf(out, "%s%s", i ? "," : "", text);
	}
	return r == -EFBIG ? -EINVAL : r;
}

int queue_write_arguments(const struct lwm2m_operation *o, struct mp_buf *out)
{
	char text[MP_LWM2M_ATTRIBUTE_TEXT];
	int r = 0;

	if (o->kind != LWM2M_WRITE_ATTRIBUTES)
		return 0; /* EXECUTE's are its payload */
	for (unsigned i = 0; r == 0 && i < MP_LWM2M_ATTRIBUTE_COUNT; i++)
		if (mp_lwm2m_attributes_format(o->attributes, i, text) > 0)
			r = mp_buf_printf(out, "%s%s", out->len ? "&" : "", text);
	return r;
}

/* Calls `each` for the parts between separators; 0, or its first negative. */
static int split(const char *text, char separator, int (*each)(void *user, const char *s, size_t n),
		 void *user)
{
	int r = 0;

	while (r == 0 && *text) {
		const char *end = strchrnul(text, separator);

		r = each(user, text, (size_t)(end - text));
		text = *end ? end + 1 : end;
	}
	return r;
}

static int add_path(void *user, const char *text, size_t len)
{
	struct queue_operation *o = user;

	if (o->operation.n_paths == sizeof(o->paths) / sizeof(o->paths[0]))
		return -EINVAL;
	if (mp_lwm2m_path_parse(text, len, &o->paths[o->operation.n_paths]) < 0)
		return -EINVAL;
	o->operation.n_paths++;
	return 0;
}

static int add_attribute(void *user, const char *text, size_t len)
{
	struct queue_operation *o = user;

	return mp_lwm2m_attributes_parse(&o->attributes, text, len) < 0 ? -EINVAL : 0;
}

static int find_observation(const struct registration *r, struct queue_operation *ret)
{
	struct lwm2m_operation *o = &ret->operation;

	o->observation = observation_find(r, o->paths, o->n_paths, false);
	if (!o->observation)
		o->observation = observation_find(r, o->paths, o->n_paths, true);
	return o->observation ? 0 : -ENOENT;
}

int queue_read_operation(const struct mp_query *q, const struct registration *r,
			 struct queue_operation *ret)
{
	struct lwm2m_operation *o = &ret->operation;
	int k;

	*o = LWM2M_OPERATION((enum lwm2m_kind)mp_query_int(q, 1));
	o->paths = ret->paths;
	ret->attributes = (struct mp_lwm2m_attributes){0};
	o->format = (int)mp_query_int(q, 3);
	o->accept = (int)mp_query_int(q, 4);
	o->payload = mp_query_bytes(q, 5, &o->payload_len);
	o->timeout_ms = (unsigned)mp_query_int(q, 7);
	k = split(mp_query_text(q, 2), ',', add_path, ret);
	if (k == 0 && o->kind == LWM2M_WRITE_ATTRIBUTES)
		k = split(mp_query_text(q, 6), '&', add_attribute, ret);
	if (o->kind == LWM2M_WRITE_ATTRIBUTES)
		o->attributes = &ret->attributes;
	if (k == 0 && o->kind == LWM2M_CANCEL_OBSERVE)
		k = find_observation(r, ret);
	return k;
}

void queue_read_entry(const struct mp_query *q, struct queue_entry *ret)
{
	*ret = (struct queue_entry){
		.id = mp_query_int(q, 0),
		.endpoint = mp_query_text(q, 1),
		.kind = (enum lwm2m_kind)mp_query_int(q, 2),
		.path = mp_query_text(q, 3),
		.state = (enum queue_state)mp_query_int(q, 4),
		.created = mp_query_int(q, 5),
		.expires = mp_query_int(q, 6),
		.ended = mp_query_int(q, 7),
		.outcome = (enum lwm2m_outcome)mp_query_int(q, 8),
		.code = (uint8_t)mp_query_int(q, 9),
		.format = (int)mp_query_int(q, 10),
		.diagnostic = mp_query_text(q, 12),
	};
	ret->payload = mp_query_bytes(q, 11, &ret->payload_len);
}
