/* SPDX-License-Identifier: Apache-2.0
 * Object 5, Firmware Update (LwM2M Core 1.1, E.6):
 *
 *     Idle -> Downloading    a package's first bytes, or a URI
 *     Downloading -> Downloaded, or Idle with a result
 *     Downloaded -> Updating  Update
 *     Updating -> Idle        with a result; Downloaded again when it was put off
 *     any but Updating -> Idle  an empty package or URI, Cancel */
#include "lwm2m/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PACKAGE, URI, UPDATE, STATE, RESULT = 5, NAME, VERSION, PROTOCOLS, DELIVERY, CANCEL };

const char *mp_lwm2m_update_result_text(unsigned result)
{
	static const char *const texts[] = {
		"none yet",
		"updated",
		"not enough flash memory for the package",
		"out of memory during the download",
		"connection lost during the download",
		"the package's integrity check failed",
		"unsupported package type",
		"invalid URI",
		"the update failed",
		"unsupported protocol",
		"cancelled",
		"put off",
		"another component's state forbids it",
		"it needs another version of another component",
	};

	return result < sizeof(texts) / sizeof(texts[0]) ? texts[result] : "unknown";
}

static uint8_t result_of(int r)
{
	switch (r) {
	case 0:
		return MP_LWM2M_RESULT_INITIAL;
	case -ENOSPC:
		return MP_LWM2M_RESULT_NO_FLASH;
	case -ENOMEM:
		return MP_LWM2M_RESULT_NO_MEMORY;
	case -EBADMSG:
		return MP_LWM2M_RESULT_INTEGRITY;
	case -ENOTSUP:
		return MP_LWM2M_RESULT_PACKAGE_TYPE;
	case -EINVAL:
		return MP_LWM2M_RESULT_URI;
	case -EPROTONOSUPPORT:
		return MP_LWM2M_RESULT_PROTOCOL;
	default:
		return MP_LWM2M_RESULT_CONNECTION_LOST;
	}
}

static void go(struct mp_lwm2m_firmware *f, enum mp_lwm2m_update_state state, uint8_t result)
{
	uint16_t object = f->object ? f->object : 5;
	bool state_is_new = f->state != state, result_is_new = f->result != result;

	f->state = (uint8_t)state;
	f->result = result;
	if (f->provider->save)
		f->provider->save(f->user, f->state, f->result, f->uri ? f->uri : "");
	if (f->client && result_is_new)
		mp_lwm2m_client_changed(f->client, &mp_lwm2m_path(object, f->instance, RESULT));
	if (f->client && state_is_new)
		mp_lwm2m_client_changed(f->client, &mp_lwm2m_path(object, f->instance, STATE));
}

static void set_uri(struct mp_lwm2m_firmware *f, const char *text, size_t len)
{
	free(f->uri);
	f->uri = len ? strndup(text, len) : NULL;
}

/* Everything of the package goes. */
static void drop(struct mp_lwm2m_firmware *f, uint8_t result)
{
	f->provider->drop(f->user);
	f->got = 0;
	set_uri(f, NULL, 0);
	go(f, MP_LWM2M_UPDATE_IDLE, result);
}

void mp_lwm2m_firmware_done(struct mp_lwm2m_firmware *f)
{
	free(f->uri);
	f->uri = NULL;
}

void mp_lwm2m_firmware_downloaded(struct mp_lwm2m_firmware *f, int r)
{
	if (f->state != MP_LWM2M_UPDATE_DOWNLOADING)
		return;
	if (r == 0)
		go(f, MP_LWM2M_UPDATE_DOWNLOADED, MP_LWM2M_RESULT_INITIAL);
	else
		drop(f, result_of(r));
}

void mp_lwm2m_firmware_updated(struct mp_lwm2m_firmware *f, enum mp_lwm2m_update_result result)
{
	if (f->state != MP_LWM2M_UPDATE_UPDATING)
		return;
	if (result == MP_LWM2M_RESULT_DEFERRED)
		go(f, MP_LWM2M_UPDATE_DOWNLOADED, MP_LWM2M_RESULT_DEFERRED);
	else
		drop(f, (uint8_t)result);
}

/* ---- push ---- */

static int begin_push(struct mp_lwm2m_firmware *f)
{
	if (f->provider->delivery == 0)
		return -EOPNOTSUPP;
	if (f->state == MP_LWM2M_UPDATE_UPDATING)
		return -EBUSY;
	if (f->state != MP_LWM2M_UPDATE_IDLE)
		f->provider->drop(f->user);
	set_uri(f, NULL, 0);
	f->got = 0;
	f->broken = false;
	go(f, MP_LWM2M_UPDATE_DOWNLOADING, MP_LWM2M_RESULT_INITIAL);
	return 0;
}

/* The code that goes with a result of a failed push. */
static uint8_t refusal(int r)
{
	switch (r) {
	case -ENOSPC:
	case -ENOMEM:
	case -EFBIG:
		return MP_COAP_TOO_LARGE;
	case -EBADMSG:
	case -ENOTSUP:
		return MP_COAP_BAD_REQUEST;
	default:
		return MP_COAP_INTERNAL_ERROR;
	}
}

static int push(struct mp_lwm2m_firmware *f, uint64_t offset, const void *data, size_t len,
		bool more)
{
	int r = offset == f->got ? 0 : -EIO;

	if (r == 0 && len)
		r = f->provider->write(f->user, offset, data, len);
	f->got += len;
	if (r == 0 && !more) {
		r = f->provider->end(f->user);
		if (r == -EINPROGRESS)
			return 0;
		if (r == 0)
			go(f, MP_LWM2M_UPDATE_DOWNLOADED, MP_LWM2M_RESULT_INITIAL);
	}
	if (r < 0) {
		f->broken = true;
		drop(f, result_of(r));
	}
	return r;
}

static int sink_write(void *user, uint64_t offset, const void *data, size_t len, bool more)
{
	struct mp_lwm2m_firmware *f = user;
	int r = push(f, offset, data, len, more);

	f->sunk = r == 0 && !more;
	return r < 0 ? refusal(r) : 0;
}

static void sink_done(void *user, bool whole)
{
	struct mp_lwm2m_firmware *f = user;

	if (!whole && !f->broken && f->state == MP_LWM2M_UPDATE_DOWNLOADING)
		drop(f, MP_LWM2M_RESULT_CONNECTION_LOST);
}

static int firmware_sink(void *user, uint16_t instance, uint16_t resource, struct mp_coap_sink *ret)
{
	struct mp_lwm2m_firmware *f = user;
	int r;

	(void)instance;
	if (resource != PACKAGE)
		return -EAGAIN;
	r = begin_push(f);
	if (r < 0)
		return r;
	*ret = (struct mp_coap_sink){sink_write, sink_done, f};
	return 0;
}

/* The definition of object 5 has a package of one zero byte mean the same as none. */
static bool is_nothing(const struct mp_lwm2m_value *v)
{
	return v->opaque.len == 0 || (v->opaque.len == 1 && *v->opaque.data == 0);
}

/* A package that came in one piece; empty: what there is goes. */
static int write_package(struct mp_lwm2m_firmware *f, const struct mp_lwm2m_value *v)
{
	int r;

	if (f->sunk && v->opaque.len == 0) { /* the end of what went through the sink */
		f->sunk = false;
		return 0;
	}
	if (is_nothing(v)) {
		if (f->state == MP_LWM2M_UPDATE_UPDATING)
			return -EBUSY;
		drop(f, MP_LWM2M_RESULT_INITIAL);
		return 0;
	}
	r = begin_push(f);
	if (r == 0)
		r = push(f, 0, v->opaque.data, v->opaque.len, false);
	return r == -ENOSPC || r == -ENOMEM ? -EFBIG : r == -ENOTSUP ? -EINVAL : r;
}

/* ---- pull ---- */

static int scheme_of(const char *uri)
{
	static const char *const schemes[] = {"coap://",  "coaps://",	 "http://",
					      "https://", "coap+tcp://", "coaps+tcp://"};

	for (int i = 0; i < 6; i++)
		if (strncmp(uri, schemes[i], strlen(schemes[i])) == 0)
			return uri[strlen(schemes[i])] ? i : -EINVAL;
	return strstr(uri, "://") && uri[0] != ':' ? -EPROTONOSUPPORT : -EINVAL;
}

static int pull(struct mp_lwm2m_firmware *f)
{
	int scheme = scheme_of(f->uri);

	if (scheme < 0)
		return scheme;
	if (!(f->provider->protocols & 1u << scheme))
		return -EPROTONOSUPPORT;
	return f->provider->pull(f->user, f->uri);
}

static int write_uri(struct mp_lwm2m_firmware *f, const struct mp_lwm2m_value *v)
{
	int r;

	if (f->provider->delivery == 1 || !f->provider->pull)
		return -EOPNOTSUPP;
	if (f->state == MP_LWM2M_UPDATE_UPDATING)
		return -EBUSY;
	if (f->state != MP_LWM2M_UPDATE_IDLE)
		f->provider->drop(f->user);
	set_uri(f, v->text.data, v->text.len);
	if (!v->text.len) {
		drop(f, MP_LWM2M_RESULT_INITIAL);
		return 0;
	}
	if (!f->uri)
		return -ENOMEM;
	go(f, MP_LWM2M_UPDATE_DOWNLOADING, MP_LWM2M_RESULT_INITIAL);
	r = pull(f);
	if (r < 0) /* the write itself was good: the result tells what was wrong */
		drop(f, result_of(r));
	return 0;
}

/* ---- the class ---- */

static int firmware_write(void *user, const struct mp_lwm2m_path *path,
			  const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_firmware *f = user;

	switch (path->id[2]) {
	case PACKAGE:
		return write_package(f, value);
	case URI:
		return write_uri(f, value);
	default:
		return -EOPNOTSUPP;
	}
}

static int give_text(struct mp_lwm2m_out *out, const char *text)
{
	return text ? mp_lwm2m_give(out, mp_lwm2m_string(text)) : -ENOENT;
}

static int give_protocols(const struct mp_lwm2m_firmware *f, struct mp_lwm2m_out *out)
{
	uint16_t n = 0;
	int r = 0;

	for (int i = 0; r == 0 && i < 8; i++)
		if (f->provider->protocols & 1u << i)
			r = mp_lwm2m_give_instance(out, n++, mp_lwm2m_integer(i));
	return r;
}

static int firmware_read(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	struct mp_lwm2m_firmware *f = user;
	const struct mp_lwm2m_firmware_provider *p = f->provider;

	(void)instance;
	switch (resource) {
	case URI:
		return give_text(out, f->uri ? f->uri : "");
	case STATE:
		return mp_lwm2m_give(out, mp_lwm2m_integer(f->state));
	case RESULT:
		return mp_lwm2m_give(out, mp_lwm2m_integer(f->result));
	case NAME:
		return give_text(out, p->name ? p->name(f->user) : NULL);
	case VERSION:
		return give_text(out, p->version ? p->version(f->user) : NULL);
	case PROTOCOLS:
		return give_protocols(f, out);
	case DELIVERY:
		return mp_lwm2m_give(out, mp_lwm2m_integer(p->delivery));
	default:
		return -ENOENT;
	}
}

static int firmware_execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
			    size_t len)
{
	struct mp_lwm2m_firmware *f = user;
	int r;

	(void)instance;
	(void)arguments;
	(void)len;
	if (resource == CANCEL) {
		if (f->state != MP_LWM2M_UPDATE_DOWNLOADING &&
		    f->state != MP_LWM2M_UPDATE_DOWNLOADED)
			return -EOPNOTSUPP;
		drop(f, MP_LWM2M_RESULT_CANCELLED);
		return 0;
	}
	if (resource != UPDATE || f->state != MP_LWM2M_UPDATE_DOWNLOADED)
		return -EOPNOTSUPP;
	go(f, MP_LWM2M_UPDATE_UPDATING, MP_LWM2M_RESULT_INITIAL);
	r = f->provider->update(f->user);
	if (r < 0)
		drop(f, MP_LWM2M_RESULT_FAILED);
	return 0;
}

const struct mp_lwm2m_class mp_lwm2m_firmware_class = {
	.id = 5,
	.version = MP_LWM2M_VERSION(1, 1),
	.read = firmware_read,
	.write = firmware_write,
	.execute = firmware_execute,
	.sink = firmware_sink,
};

/* ---- components ---- */

enum { COMPONENT = 14, CURRENT, LINKED };

static int32_t component_next(void *user, int32_t after)
{
	const struct mp_lwm2m_components *c = user;

	return after + 1 < c->n ? after + 1 : -1;
}

static int give_linked(const struct mp_lwm2m_components *c, uint16_t instance,
		       struct mp_lwm2m_out *out)
{
	uint16_t n = 0;
	int r = 0;

	for (uint16_t i = 0; r == 0 && i < c->n; i++)
		if (i != instance && c->list[instance].linked & 1u << i)
			r = mp_lwm2m_give_instance(out, n++, mp_lwm2m_objlnk(33629, i));
	return r;
}

static int component_read(void *user, uint16_t instance, uint16_t resource,
			  struct mp_lwm2m_out *out)
{
	struct mp_lwm2m_components *c = user;
	struct mp_lwm2m_component *one = &c->list[instance];

	switch (resource) {
	case COMPONENT:
		return give_text(out, one->name);
	case CURRENT:
		return give_text(out, one->current(one->firmware.user));
	case LINKED:
		return give_linked(c, instance, out);
	default:
		return firmware_read(&one->firmware, 0, resource, out);
	}
}

static int component_write(void *user, const struct mp_lwm2m_path *path,
			   const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_components *c = user;

	return firmware_write(&c->list[path->id[1]].firmware, path, value);
}

/* The components that an argument names ("0='</33629/1>,</33629/2>'"), as bits. */
static uint32_t named(const struct mp_lwm2m_components *c, const char *arguments)
{
	static const char link[] = "</33629/";
	uint32_t bits = 0;

	while ((arguments = strstr(arguments, link))) {
		unsigned long i = strtoul(arguments + sizeof(link) - 1, NULL, 10);

		if (i < c->n)
			bits |= 1u << i;
		arguments++;
	}
	return bits;
}

/* Update: the linked ones and the named ones that have a package go with it. */
static int component_execute(void *user, uint16_t instance, uint16_t resource,
			     const char *arguments, size_t len)
{
	struct mp_lwm2m_components *c = user;
	uint32_t others = c->list[instance].linked | named(c, arguments);
	int r = firmware_execute(&c->list[instance].firmware, 0, resource, arguments, len);

	if (r < 0 || resource != UPDATE)
		return r;
	for (uint16_t i = 0; i < c->n; i++)
		if (i != instance && others & 1u << i)
			(void)firmware_execute(&c->list[i].firmware, 0, UPDATE, arguments, len);
	return 0;
}

static int component_sink(void *user, uint16_t instance, uint16_t resource,
			  struct mp_coap_sink *ret)
{
	struct mp_lwm2m_components *c = user;

	return firmware_sink(&c->list[instance].firmware, 0, resource, ret);
}

void mp_lwm2m_components_init(struct mp_lwm2m_components *c, struct mp_lwm2m_client *client)
{
	for (uint16_t i = 0; i < c->n; i++) {
		c->list[i].firmware.object = 33629;
		c->list[i].firmware.instance = i;
		c->list[i].firmware.client = client;
	}
}

const struct mp_lwm2m_class mp_lwm2m_components_class = {
	.id = 33629,
	.next = component_next,
	.read = component_read,
	.write = component_write,
	.execute = component_execute,
	.sink = component_sink,
};
