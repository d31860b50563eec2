/* SPDX-License-Identifier: Apache-2.0
 * Which operation a request is (Core 1.1, 6.3 and the CoAP binding's table 6.4.3-1):
 *
 *     GET, Accept: link format     Discover          POST  object               Create
 *     GET [Observe]                Read, Observe     POST  instance             Write (Partial Update)
 *     PUT with a payload           Write (Replace)   POST  resource             Execute, or partial update
 *     PUT with queries alone       Write-Attributes  DELETE instance            Delete
 *     FETCH [Observe]              Read-Composite, Observe-Composite
 *     iPATCH                       Write-Composite */
#include "lwm2m/client_internal.h"

#include <errno.h>

uint8_t mp_lwm2m_code_of(int r)
{
	switch (r) {
	case -ENOENT:
		return MP_COAP_NOT_FOUND;
	case -EOPNOTSUPP: /* and ENOTSUP, which is the same number on Linux */
		return MP_COAP_METHOD_NOT_ALLOWED;
	case -EINVAL:
	case -ERANGE:
	case -EBADMSG:
		return MP_COAP_BAD_REQUEST;
	case -EPERM:
	case -EACCES:
		return MP_COAP_UNAUTHORIZED;
	case -EFBIG:
		return MP_COAP_TOO_LARGE;
	case -EBUSY:
		return MP_COAP_UNAVAILABLE;
	case -EDOM:
		return MP_COAP_NOT_ACCEPTABLE;
	case -EPROTOTYPE:
		return MP_COAP_UNSUPPORTED_FORMAT;
	default:
		return MP_COAP_INTERNAL_ERROR;
	}
}

void mp_lwm2m_respond(const struct mp_coap_request *rq, uint8_t code)
{
	mp_coap_respond(rq->reply, &MP_COAP_RESPONSE(code));
}

void mp_lwm2m_respond_error(const struct mp_coap_request *rq, int r)
{
	mp_lwm2m_respond(rq, mp_lwm2m_code_of(r));
}

static void respond_result(const struct mp_coap_request *rq, int r, uint8_t code)
{
	mp_lwm2m_respond(rq, r < 0 ? mp_lwm2m_code_of(r) : code);
}

static void respond_body(const struct mp_coap_request *rq, int r, int format, int64_t observe,
			 const struct mp_buf *body)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	if (r < 0) {
		mp_lwm2m_respond_error(rq, r);
		return;
	}
	response.format = format;
	response.payload = body->data;
	response.payload_len = body->len;
	response.observe = observe;
	mp_coap_respond(rq->reply, &response);
}

/* Attributes in the queries of a request. 1: some, 0: none, -EINVAL. */
static int read_attributes(const struct mp_coap_request *rq, struct mp_lwm2m_attributes *ret)
{
	int found = 0;

	*ret = (struct mp_lwm2m_attributes){0};
	MP_COAP_EACH_OPTION(o, rq->message)
	{
		if (o.number != MP_COAP_URI_QUERY)
			continue;
		if (mp_lwm2m_attributes_parse(ret, o.value, o.len) < 0)
			return -EINVAL;
		found = 1;
	}
	return found;
}

static void observe(struct account *a, const struct mp_coap_request *rq,
		    const struct mp_lwm2m_path *paths, size_t n, bool composite, int format)
{
	struct mp_lwm2m_attributes own;
	struct observation *o = NULL;
	MP_BUF(body, PAYLOAD_MAX);
	int given = read_attributes(rq, &own);
	int r = given < 0 ? given : 0;

	if (r == 0)
		r = mp_lwm2m_client_payload(a->client, a, paths, n, composite, (unsigned)format,
					    &body);
	if (r == 0)
		r = mp_lwm2m_observe(a, rq, paths, n, composite, (unsigned)format,
				     given ? &own : NULL, &o);
	respond_body(rq, r, format, o ? (int64_t)o->sequence : -1, &body);
}

static void get(struct account *a, const struct mp_coap_request *rq,
		const struct mp_lwm2m_path *path)
{
	MP_BUF(body, PAYLOAD_MAX);
	int format, r;

	if (rq->accept == MP_LWM2M_FORMAT_LINK) {
		r = path->n < 1 || path->n > 3 ? -EOPNOTSUPP
					       : mp_lwm2m_client_discover(a, path, false, &body);
		respond_body(rq, r, MP_LWM2M_FORMAT_LINK, -1, &body);
		return;
	}
	if (path->n == 0) {
		mp_lwm2m_respond(rq, MP_COAP_METHOD_NOT_ALLOWED);
		return;
	}
	if (rq->observe == 1)
		(void)mp_lwm2m_observe_cancel(a, rq->message->token, rq->message->token_len);
	format = mp_lwm2m_client_format(a->client, path, rq->accept);
	if (format >= 0 && rq->observe == 0) {
		observe(a, rq, path, 1, false, format);
		return;
	}
	/* what is not there is more to know than that the format would not do */
	r = mp_lwm2m_client_read(a->client, a, path, NULL);
	if (r >= 0)
		r = format < 0 ? format
			       : mp_lwm2m_client_payload(a->client, a, path, 1, false,
							 (unsigned)format, &body);
	respond_body(rq, r, format, -1, &body);
}

/* The paths of a composite request: those of its records. */
static int read_paths(const struct mp_coap_request *rq, struct mp_lwm2m_path paths[PATHS_MAX])
{
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;
	uint8_t scratch[512];
	int n = 0, k;

	if (rq->format < 0 ||
	    mp_lwm2m_read(&r, (unsigned)rq->format, &mp_lwm2m_path_root, rq->payload,
			  rq->payload_len, scratch, sizeof(scratch)) < 0)
		return -EPROTOTYPE;
	if (!mp_lwm2m_format_is_composite((unsigned)rq->format))
		return -EPROTOTYPE;
	while ((k = mp_lwm2m_read_next(&r, &record)) > 0) {
		if (n == PATHS_MAX)
			return -EFBIG;
		paths[n++] = record.path;
	}
	if (k < 0 || n == 0)
		return -EINVAL;
	return (int)mp_lwm2m_paths_sort(paths, (size_t)n);
}

static int composite_format(const struct mp_coap_request *rq)
{
	int format = rq->accept;

	if (format < 0 && (rq->format == MP_LWM2M_FORMAT_SENML_ETCH_JSON ||
			   rq->format == MP_LWM2M_FORMAT_SENML_JSON))
		return MP_LWM2M_FORMAT_SENML_JSON;
	if (format < 0 && rq->format == MP_LWM2M_FORMAT_LWM2M_CBOR)
		return MP_LWM2M_FORMAT_LWM2M_CBOR;
	if (format < 0)
		return MP_LWM2M_FORMAT_SENML_CBOR;
	return format != MP_LWM2M_FORMAT_SENML_ETCH_JSON &&
			       format != MP_LWM2M_FORMAT_SENML_ETCH_CBOR &&
			       mp_lwm2m_format_is_composite((unsigned)format)
		       ? format
		       : -EDOM;
}

static void fetch(struct account *a, const struct mp_coap_request *rq,
		  const struct mp_lwm2m_path *path)
{
	struct mp_lwm2m_path paths[PATHS_MAX];
	MP_BUF(body, PAYLOAD_MAX);
	int format = composite_format(rq), n = path->n ? -EOPNOTSUPP : read_paths(rq, paths), r;

	if (n < 0 || format < 0) {
		mp_lwm2m_respond_error(rq, n < 0 ? n : format);
		return;
	}
	if (rq->observe == 1)
		(void)mp_lwm2m_observe_cancel(a, rq->message->token, rq->message->token_len);
	if (rq->observe == 0) {
		observe(a, rq, paths, (size_t)n, true, format);
		return;
	}
	r = mp_lwm2m_client_payload(a->client, a, paths, (size_t)n, true, (unsigned)format, &body);
	respond_body(rq, r, format, -1, &body);
}

static struct write_request write_of(struct account *a, const struct mp_coap_request *rq,
				     const struct mp_lwm2m_path *path)
{
	return (struct write_request){.client = a->client,
				      .account = a,
				      .base = *path,
				      .payload = rq->payload,
				      .len = rq->payload_len,
				      .format = rq->format >= 0 ? (unsigned)rq->format
						: path->n >= 3	? MP_LWM2M_FORMAT_TEXT
								: MP_LWM2M_FORMAT_TLV};
}

static int write_attributes(struct account *a, const struct mp_lwm2m_path *path,
			    const struct mp_lwm2m_attributes *change)
{
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(a->client, path->id[0]);
	struct mp_lwm2m_out out;

	if (!class)
		return -ENOENT;
	if (class->id == 0)
		return -EACCES;
	if (path->n >= 2) {
		if (!mp_lwm2m_client_has(a->client, class, path->id[1]))
			return -ENOENT;
		if (!mp_lwm2m_access(a->client, a, path->id[0], path->id[1], ACCESS_READ))
			return -EACCES;
	}
	if (path->n >= 3 && mp_lwm2m_client_look(a->client, path, &out) < 0)
		return -ENOENT;
	return mp_lwm2m_attributes_set(a, path, change);
}

static void put(struct account *a, const struct mp_coap_request *rq,
		const struct mp_lwm2m_path *path)
{
	struct write_request w = write_of(a, rq, path);
	struct mp_lwm2m_attributes change;
	int given = read_attributes(rq, &change);
	int r;

	if (path->n == 0)
		r = -EOPNOTSUPP;
	else if (given < 0)
		r = given;
	else if (given && !rq->payload_len && rq->format < 0)
		r = write_attributes(a, path, &change);
	else if (path->n == 1)
		r = -EOPNOTSUPP;
	else {
		w.replace = true;
		r = mp_lwm2m_client_write(&w);
	}
	respond_result(rq, r, MP_COAP_CHANGED);
}

static void create(struct account *a, const struct mp_coap_request *rq,
		   const struct mp_lwm2m_path *path)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CREATED);
	struct write_request w = write_of(a, rq, path);
	char text[MP_LWM2M_PATH_TEXT];
	bool chosen;
	uint16_t id;
	int r = mp_lwm2m_client_create(&w, &id, &chosen);

	if (r < 0) {
		mp_lwm2m_respond_error(rq, r);
		return;
	}
	(void)mp_lwm2m_path_format(&mp_lwm2m_path(path->id[0], id), text);
	response.location = chosen ? text + 1 : NULL;
	mp_coap_respond(rq->reply, &response);
}

static bool is_executable(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path)
{
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(c, path->id[0]);
	const struct mp_lwm2m_resource *model =
		class ? mp_lwm2m_object_resource(mp_lwm2m_client_object(c, class), path->id[2])
		      : NULL;

	return !model || (model->operations & MP_LWM2M_E) || !(model->operations & MP_LWM2M_W);
}

static void post(struct account *a, const struct mp_coap_request *rq,
		 const struct mp_lwm2m_path *path)
{
	struct write_request w = write_of(a, rq, path);
	int r;

	if (path->n == 1) {
		create(a, rq, path);
		return;
	}
	if (path->n == 3 && is_executable(a->client, path))
		r = mp_lwm2m_client_execute(a, path, (const char *)rq->payload, rq->payload_len);
	else if (path->n == 0)
		r = -EOPNOTSUPP;
	else if (path->n == 3 && !rq->payload_len && rq->format < 0)
		r = -EOPNOTSUPP; /* an Execute of what cannot be executed */
	else
		r = mp_lwm2m_client_write(&w);
	respond_result(rq, r, MP_COAP_CHANGED);
}

static void patch(struct account *a, const struct mp_coap_request *rq,
		  const struct mp_lwm2m_path *path)
{
	struct write_request w = write_of(a, rq, path);
	int r;

	if (path->n)
		r = -EOPNOTSUPP;
	else if (rq->format < 0 || !mp_lwm2m_format_is_composite((unsigned)rq->format))
		r = -EPROTOTYPE;
	else
		r = mp_lwm2m_client_write(&w);
	respond_result(rq, r, MP_COAP_CHANGED);
}

static void manage(struct account *a, const struct mp_coap_request *rq,
		   const struct mp_lwm2m_path *path)
{
	switch (rq->message->code) {
	case MP_COAP_GET:
		get(a, rq, path);
		return;
	case MP_COAP_PUT:
		put(a, rq, path);
		return;
	case MP_COAP_POST:
		post(a, rq, path);
		return;
	case MP_COAP_DELETE:
		respond_result(rq, mp_lwm2m_client_delete(a, path), MP_COAP_DELETED);
		return;
	case MP_COAP_FETCH:
		fetch(a, rq, path);
		return;
	case MP_COAP_IPATCH:
		patch(a, rq, path);
		return;
	default:
		mp_lwm2m_respond(rq, MP_COAP_METHOD_NOT_ALLOWED);
	}
}

int mp_lwm2m_request_path(const struct mp_coap_request *rq, struct mp_lwm2m_path *ret, bool *ret_bs)
{
	*ret = mp_lwm2m_path_root;
	*ret_bs = mp_coap_path_is(rq->message, "bs");
	if (*ret_bs)
		return 0;
	MP_COAP_EACH_OPTION(o, rq->message)
	{
		if (o.number != MP_COAP_URI_PATH || (o.len == 0 && ret->n == 0))
			continue;
		if (mp_lwm2m_path_push(ret, o.value, o.len) < 0)
			return -ENOENT;
	}
	return 0;
}

static void disable_those_asked(struct mp_lwm2m_client *c)
{
	for (struct account *a = c->accounts; a; a = a->next) {
		if (!a->disable_wanted)
			continue;
		a->disable_wanted = false;
		mp_lwm2m_account_deregister(a, AFTER_DISABLE);
	}
}

void mp_lwm2m_client_serve(struct mp_lwm2m_client *c, const struct mp_coap_request *rq)
{
	struct account *a = mp_lwm2m_account_of(c, rq->remote);
	struct mp_lwm2m_path path;
	bool is_bs;
	int r = mp_lwm2m_request_path(rq, &path, &is_bs);

	if (!a || (!a->short_id && !c->running)) {
		mp_lwm2m_respond(rq, MP_COAP_UNAUTHORIZED);
		return;
	}
	mp_lwm2m_client_enter(c);
	mp_lwm2m_client_touch(c);
	if (r < 0)
		mp_lwm2m_respond_error(rq, r);
	else if (!a->short_id)
		mp_lwm2m_bootstrap_serve(a, rq, &path, is_bs);
	else if (is_bs)
		mp_lwm2m_respond(rq, MP_COAP_UNAUTHORIZED);
	else
		manage(a, rq, &path);
	disable_those_asked(c);
	mp_lwm2m_client_settle(c);
}
