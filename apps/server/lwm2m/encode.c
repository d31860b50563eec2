/* SPDX-License-Identifier: Apache-2.0
 * What an operation sends: whether it makes sense, in which format, and its bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object_links.h"
#include "registry.h"
#include "requests.h"

#define PAYLOAD_MAX ((size_t)2 << 20)

static bool is_composite(enum lwm2m_kind k)
{
	return k == LWM2M_READ_COMPOSITE || k == LWM2M_WRITE_COMPOSITE ||
	       k == LWM2M_OBSERVE_COMPOSITE;
}

/* The levels of the path that each operation may have. */
static const struct {
	uint8_t least, most;
} levels[LWM2M_KINDS] = {
	[LWM2M_READ] = {1, 4},		[LWM2M_WRITE_REPLACE] = {2, 4},
	[LWM2M_WRITE_PARTIAL] = {2, 4}, [LWM2M_EXECUTE] = {3, 3},
	[LWM2M_CREATE] = {1, 2},	[LWM2M_DELETE] = {2, 4},
	[LWM2M_DISCOVER] = {1, 3},	[LWM2M_WRITE_ATTRIBUTES] = {1, 4},
	[LWM2M_OBSERVE] = {1, 4},	[LWM2M_CANCEL_OBSERVE] = {0, 4},
};

static int check_composite(const struct lwm2m_operation *o)
{
	if (o->kind == LWM2M_WRITE_COMPOSITE)
		return o->n_records > 0 || o->payload_len > 0 ? 0 : -EINVAL;
	return o->n_paths >= 1 && o->n_paths <= 32 ? 0 : -EINVAL;
}

int lwm2m_check(const struct lwm2m_operation *o)
{
	if ((unsigned)o->kind >= LWM2M_KINDS)
		return -EINVAL;
	if (o->kind == LWM2M_CANCEL_OBSERVE)
		return o->observation ? 0 : -EINVAL;
	if (is_composite(o->kind))
		return check_composite(o);
	if (o->n_paths != 1 || o->paths->n < levels[o->kind].least ||
	    o->paths->n > levels[o->kind].most)
		return -EINVAL;
	if ((o->kind == LWM2M_WRITE_REPLACE || o->kind == LWM2M_WRITE_PARTIAL) &&
	    o->n_records == 0 && o->payload_len == 0 && !o->source)
		return -EINVAL;
	if (o->kind == LWM2M_DELETE && o->paths->n == 3)
		return -EINVAL;
	return o->kind == LWM2M_WRITE_ATTRIBUTES && !o->attributes ? -EINVAL : 0;
}

/* ---- which format ---- */

static int of_values(const struct registration *r, const struct lwm2m_operation *o)
{
	int preferred = r && r->links ? r->links->format : -1;

	if (o->source)
		return MP_LWM2M_FORMAT_OPAQUE;
	if (is_composite(o->kind))
		return preferred >= 0 && mp_lwm2m_format_is_composite((unsigned)preferred)
			       ? preferred
			       : MP_LWM2M_FORMAT_SENML_CBOR;
	if (preferred >= 0 && mp_lwm2m_format_is_structured((unsigned)preferred) &&
	    mp_lwm2m_format_name((unsigned)preferred) && preferred != MP_LWM2M_FORMAT_LINK &&
	    o->kind != LWM2M_CREATE)
		return preferred;
	return MP_LWM2M_FORMAT_TLV;
}

static int format_of(const struct registration *r, const struct lwm2m_operation *o)
{
	if (o->format >= 0)
		return o->format;
	if (o->kind == LWM2M_EXECUTE)
		return MP_LWM2M_FORMAT_TEXT;
	return of_values(r, o);
}

/* ---- the bytes ---- */

static size_t room_for(const struct lwm2m_operation *o)
{
	size_t room = 64 + 64 * (o->n_records + o->n_paths);

	for (size_t i = 0; i < o->n_records; i++) {
		const struct mp_lwm2m_value *v = &o->records[i].value;

		if (v->type == MP_LWM2M_OPAQUE)
			room += 2 * v->opaque.len;
		else if (v->type == MP_LWM2M_STRING || v->type == MP_LWM2M_CORELNK)
			room += 6 * v->text.len; /* each character escaped */
	}
	return room;
}

static int write_all(struct mp_lwm2m_writer *w, const struct lwm2m_operation *o)
{
	int r = 0;

	if (o->kind == LWM2M_READ_COMPOSITE || o->kind == LWM2M_OBSERVE_COMPOSITE)
		for (size_t i = 0; r == 0 && i < o->n_paths; i++)
			r = mp_lwm2m_write_path(w, &o->paths[i]);
	else
		for (size_t i = 0; r == 0 && i < o->n_records; i++)
			r = mp_lwm2m_write_record(w, &o->records[i]);
	return r < 0 ? r : mp_lwm2m_write_end(w);
}

static int encode_records(const struct lwm2m_operation *o, unsigned format, uint8_t **ret,
			  size_t *ret_len)
{
	struct mp_lwm2m_path base = mp_lwm2m_path_root;
	struct mp_lwm2m_writer w;
	size_t room = room_for(o);
	uint8_t *out;
	int r;

	if (!is_composite(o->kind))
		base = o->kind == LWM2M_CREATE ? mp_lwm2m_path_top(o->paths, 1) : *o->paths;
	if (room > PAYLOAD_MAX)
		return -EINVAL;
	out = malloc(room);
	if (!out)
		return -ENOMEM;
	r = mp_lwm2m_write(&w, format, &base, out, room);
	if (r == 0)
		r = write_all(&w, o);
	if (r < 0) {
		free(out);
		return r == -ENOSPC ? -EINVAL : r;
	}
	*ret = out;
	*ret_len = (size_t)r;
	return 0;
}

static int copy(const void *data, size_t len, uint8_t **ret, size_t *ret_len)
{
	uint8_t *out = len > 0 ? malloc(len) : NULL;

	if (!out)
		return len > 0 ? -ENOMEM : 0;
	memcpy(out, data, len);
	*ret = out;
	*ret_len = len;
	return 0;
}

static bool has_payload(enum lwm2m_kind k)
{
	return k == LWM2M_WRITE_REPLACE || k == LWM2M_WRITE_PARTIAL || k == LWM2M_CREATE ||
	       is_composite(k);
}

int lwm2m_encode(const struct registration *r, const struct lwm2m_operation *o, uint8_t **ret,
		 size_t *ret_len, int *ret_format)
{
	int k = 0;

	*ret = NULL;
	*ret_len = 0;
	*ret_format = -1;
	if (o->kind == LWM2M_EXECUTE) {
		if (o->arguments && *o->arguments)
			k = copy(o->arguments, strlen(o->arguments), ret, ret_len);
		else
			k = copy(o->payload, o->payload_len, ret, ret_len);
	} else if (!has_payload(o->kind)) {
		return 0;
	} else if (o->payload) {
		k = copy(o->payload, o->payload_len, ret, ret_len);
	} else if (!o->source) {
		k = encode_records(o, (unsigned)format_of(r, o), ret, ret_len);
	}
	if (k == 0 && (*ret || o->source || o->kind != LWM2M_EXECUTE))
		*ret_format = format_of(r, o);
	return k;
}
