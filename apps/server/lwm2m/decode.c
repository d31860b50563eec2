/* SPDX-License-Identifier: Apache-2.0
 * What devices send, as values of the types that the model gives them. */
#include <errno.h>
#include <stdlib.h>

#include "server.h"
#include "lwm2m.h"
#include "registry.h"
#include "requests.h"

#define RECORDS_MAX 65536

/* Before LwM2M was final its formats had other numbers; no format at all is text. */
static unsigned known_format(int format)
{
	return format < 0 ? MP_LWM2M_FORMAT_TEXT : (unsigned)format;
}

/* Without a model: bytes stay bytes, digits stay text. */
static enum mp_lwm2m_type type_of(const struct lwm2m *l, const struct registration *r,
				  const struct mp_lwm2m_record *record)
{
	uint16_t version = r ? registration_object_version(r, record->path.id[0]) : 0;
	const struct mp_lwm2m_resource *resource =
		record->path.n >= 3 ? mp_lwm2m_model_resource(l->model, &record->path, version)
				    : NULL;

	if (resource && resource->type != MP_LWM2M_NONE)
		return (enum mp_lwm2m_type)resource->type;
	if (record->value.type == MP_LWM2M_RAW_TLV)
		return MP_LWM2M_OPAQUE;
	return record->value.type == MP_LWM2M_RAW_TEXT ? MP_LWM2M_STRING : record->value.type;
}

static int add(struct lwm2m_values *v, const struct mp_lwm2m_record *record)
{
	if (v->n == v->room) {
		size_t room = v->room ? v->room * 2 : 8;
		struct mp_lwm2m_record *records;

		if (v->room >= RECORDS_MAX)
			return -ENOTSUP;
		records = realloc(v->records, room * sizeof(*records));
		if (!records)
			return -ENOMEM;
		v->records = records;
		v->room = room;
	}
	v->records[v->n++] = *record;
	return 0;
}

/* SenML: below 2^28 a time is relative to now (RFC 8428 4.5.3). */
static void settle_time(const struct lwm2m *l, struct mp_lwm2m_record *record)
{
	if (record->time != 0 && record->time < (1 << 28))
		record->time += (double)l->now_ms / 1000;
}

static int read_all(struct lwm2m *l, const struct registration *r, struct mp_lwm2m_reader *reader,
		    struct lwm2m_values *v)
{
	struct mp_lwm2m_record record;
	int k;

	while ((k = mp_lwm2m_read_next(reader, &record)) > 0) {
		if (record.has_value)
			k = mp_lwm2m_read_as(reader, &record, type_of(l, r, &record));
		settle_time(l, &record);
		if (k >= 0)
			k = add(v, &record);
		if (k < 0)
			break;
		/* What this record borrows of the scratch is its own from now on. */
		reader->scratch += reader->scratch_used;
		reader->scratch_room -= reader->scratch_used;
		reader->scratch_used = 0;
	}
	return k;
}

int lwm2m_decode(struct server *s, const struct registration *r, int format,
		 const struct mp_lwm2m_path *base, const void *data, size_t len,
		 struct lwm2m_values *ret)
{
	struct lwm2m_values v = {NULL, 0, 0, NULL};
	struct mp_lwm2m_reader reader;
	int k;

	v.scratch = malloc(len + 1);
	if (!v.scratch)
		return -ENOMEM;
	k = mp_lwm2m_read(&reader, known_format(format), base, data, len, v.scratch, len + 1);
	if (k == 0)
		k = read_all(s->lwm2m, r, &reader, &v);
	if (k < 0) {
		lwm2m_values_done(&v);
		return k == -EPROTO || k == -ENOSPC ? -EBADMSG : k;
	}
	*ret = v;
	return 0;
}

void lwm2m_values_done(struct lwm2m_values *v)
{
	free(v->records);
	free(v->scratch);
	*v = (struct lwm2m_values){NULL, 0, 0, NULL};
}
