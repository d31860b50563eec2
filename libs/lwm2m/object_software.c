/* SPDX-License-Identifier: Apache-2.0
 * Object 9, Software Management (LwM2M 1.0 object of its own):
 *
 *     Initial -> Downloading -> Downloaded (being verified) -> Delivered -> Installed
 *     Downloading, Downloaded -> Initial      with a result of 50 to 56
 *     Delivered -> Delivered                  an installation that failed: 58
 *     Installed <-> active                    Activate, Deactivate
 *     Delivered, Installed -> Initial         Uninstall */
#include "lwm2m/objects.h"

#include <errno.h>
#include <string.h>

enum {
	PKG_NAME,
	PKG_VERSION,
	PACKAGE,
	URI,
	INSTALL,
	UNINSTALL = 6,
	STATE,
	RESULT = 9,
	ACTIVATE,
	DEACTIVATE,
	ACTIVATION,
};

static uint8_t result_of(int r)
{
	switch (r) {
	case -ENOSPC:
		return MP_LWM2M_SOFTWARE_NO_STORAGE;
	case -ENOMEM:
		return MP_LWM2M_SOFTWARE_NO_MEMORY;
	case -EBADMSG:
		return MP_LWM2M_SOFTWARE_INTEGRITY;
	case -ENOTSUP:
		return MP_LWM2M_SOFTWARE_PACKAGE_TYPE;
	case -EINVAL:
	case -EPROTONOSUPPORT:
		return MP_LWM2M_SOFTWARE_URI;
	default:
		return MP_LWM2M_SOFTWARE_CONNECTION_LOST;
	}
}

static void tell(struct mp_lwm2m_software *s, uint16_t resource)
{
	if (s->client)
		mp_lwm2m_client_changed(s->client, &mp_lwm2m_path(9, s->instance, resource));
}

static void go(struct mp_lwm2m_software *s, enum mp_lwm2m_software_state state, uint8_t result)
{
	bool state_is_new = s->state != state, result_is_new = s->result != result;

	s->state = (uint8_t)state;
	s->result = result;
	if (s->provider->save)
		s->provider->save(s->user, s->state, s->result, s->active);
	if (result_is_new)
		tell(s, RESULT);
	if (state_is_new)
		tell(s, STATE);
}

static void drop(struct mp_lwm2m_software *s, uint8_t result)
{
	s->provider->drop(s->user);
	s->got = 0;
	go(s, MP_LWM2M_SOFTWARE_INITIAL, result);
}

void mp_lwm2m_software_downloaded(struct mp_lwm2m_software *s, int r)
{
	if (s->state != MP_LWM2M_SOFTWARE_DOWNLOADING && s->state != MP_LWM2M_SOFTWARE_DOWNLOADED)
		return;
	if (r < 0)
		drop(s, result_of(r));
	else
		go(s, MP_LWM2M_SOFTWARE_DELIVERED, MP_LWM2M_SOFTWARE_VERIFIED);
}

void mp_lwm2m_software_installed(struct mp_lwm2m_software *s, int r)
{
	if (!s->installing)
		return;
	s->installing = false;
	if (r < 0) {
		go(s, MP_LWM2M_SOFTWARE_DELIVERED, MP_LWM2M_SOFTWARE_INSTALL_FAILED);
		return;
	}
	s->active = !s->provider->activate;
	go(s, MP_LWM2M_SOFTWARE_INSTALLED, MP_LWM2M_SOFTWARE_SUCCESS);
}

static int begin(struct mp_lwm2m_software *s)
{
	if (s->state == MP_LWM2M_SOFTWARE_INSTALLED || s->installing)
		return -EBUSY;
	if (s->state != MP_LWM2M_SOFTWARE_INITIAL)
		s->provider->drop(s->user);
	s->got = 0;
	s->broken = false;
	go(s, MP_LWM2M_SOFTWARE_DOWNLOADING, MP_LWM2M_SOFTWARE_UNDER_WAY);
	return 0;
}

static int push(struct mp_lwm2m_software *s, uint64_t offset, const void *data, size_t len,
		bool more)
{
	int r = offset == s->got ? 0 : -EIO;

	if (r == 0 && len)
		r = s->provider->write(s->user, offset, data, len);
	s->got += len;
	if (r == 0 && !more) {
		go(s, MP_LWM2M_SOFTWARE_DOWNLOADED, MP_LWM2M_SOFTWARE_UNDER_WAY);
		r = s->provider->end(s->user);
		if (r == -EINPROGRESS)
			return 0;
	}
	s->broken = r < 0;
	if (r < 0 || !more)
		mp_lwm2m_software_downloaded(s, r);
	return r;
}

static int sink_write(void *user, uint64_t offset, const void *data, size_t len, bool more)
{
	struct mp_lwm2m_software *s = user;
	int r = push(s, offset, data, len, more);

	s->sunk = r == 0 && !more;
	if (r == 0)
		return 0;
	return r == -ENOSPC || r == -ENOMEM	? MP_COAP_TOO_LARGE
	       : r == -EBADMSG || r == -ENOTSUP ? MP_COAP_BAD_REQUEST
						: MP_COAP_INTERNAL_ERROR;
}

static void sink_done(void *user, bool whole)
{
	struct mp_lwm2m_software *s = user;

	if (!whole && !s->broken && s->state == MP_LWM2M_SOFTWARE_DOWNLOADING)
		drop(s, MP_LWM2M_SOFTWARE_CONNECTION_LOST);
}

static struct mp_lwm2m_software *instance_of(void *user, uint16_t instance)
{
	const struct mp_lwm2m_softwares *all = user;

	return &all->list[instance];
}

static int software_sink(void *user, uint16_t instance, uint16_t resource, struct mp_coap_sink *ret)
{
	struct mp_lwm2m_software *s = instance_of(user, instance);
	int r = resource == PACKAGE ? begin(s) : -EAGAIN;

	if (r == 0)
		*ret = (struct mp_coap_sink){sink_write, sink_done, s};
	return r;
}

static int write_package(struct mp_lwm2m_software *s, const struct mp_lwm2m_value *v)
{
	int r;

	if (s->sunk && v->opaque.len == 0) {
		s->sunk = false;
		return 0;
	}
	r = begin(s);
	if (r == 0)
		r = push(s, 0, v->opaque.data, v->opaque.len, false);
	return r == -ENOSPC || r == -ENOMEM ? -EFBIG : r == -ENOTSUP ? -EINVAL : r;
}

static int write_uri(struct mp_lwm2m_software *s, const struct mp_lwm2m_value *v)
{
	char uri[256];
	int r;

	if (!s->provider->pull)
		return -EOPNOTSUPP;
	if (v->text.len >= sizeof(uri))
		return -EINVAL;
	memcpy(uri, v->text.data, v->text.len);
	uri[v->text.len] = 0;
	r = begin(s);
	if (r < 0)
		return r;
	r = strstr(uri, "://") ? s->provider->pull(s->user, uri) : -EINVAL;
	if (r < 0)
		drop(s, result_of(r));
	return 0;
}

static int software_write(void *user, const struct mp_lwm2m_path *path,
			  const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_software *s = instance_of(user, path->id[1]);

	switch (path->id[2]) {
	case PACKAGE:
		return write_package(s, value);
	case URI:
		return write_uri(s, value);
	default:
		return -EOPNOTSUPP;
	}
}

static int give_text(struct mp_lwm2m_out *out, const char *text)
{
	return mp_lwm2m_give(out, mp_lwm2m_string(text ? text : ""));
}

static int software_read(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	struct mp_lwm2m_software *s = instance_of(user, instance);
	const struct mp_lwm2m_software_provider *p = s->provider;

	switch (resource) {
	case PKG_NAME:
		return give_text(out, p->name ? p->name(s->user) : NULL);
	case PKG_VERSION:
		return give_text(out, p->version ? p->version(s->user) : NULL);
	case STATE:
		return mp_lwm2m_give(out, mp_lwm2m_integer(s->state));
	case RESULT:
		return mp_lwm2m_give(out, mp_lwm2m_integer(s->result));
	case ACTIVATION:
		return mp_lwm2m_give(out, mp_lwm2m_boolean(s->active));
	default:
		return -ENOENT;
	}
}

static int install(struct mp_lwm2m_software *s)
{
	int r;

	if (s->state != MP_LWM2M_SOFTWARE_DELIVERED || s->installing)
		return -EOPNOTSUPP;
	s->installing = true;
	r = s->provider->install(s->user);
	if (r < 0)
		mp_lwm2m_software_installed(s, r);
	return 0;
}

static int uninstall(struct mp_lwm2m_software *s)
{
	if ((s->state != MP_LWM2M_SOFTWARE_INSTALLED && s->state != MP_LWM2M_SOFTWARE_DELIVERED) ||
	    s->installing)
		return -EOPNOTSUPP;
	if (s->provider->uninstall(s->user) < 0) {
		go(s, (enum mp_lwm2m_software_state)s->state, MP_LWM2M_SOFTWARE_UNINSTALL_FAILED);
		return 0;
	}
	s->active = false;
	drop(s, MP_LWM2M_SOFTWARE_NONE);
	tell(s, ACTIVATION);
	return 0;
}

static int activate(struct mp_lwm2m_software *s, bool on)
{
	int r;

	if (s->state != MP_LWM2M_SOFTWARE_INSTALLED || !s->provider->activate)
		return -EOPNOTSUPP;
	r = s->provider->activate(s->user, on);
	if (r < 0)
		return r;
	s->active = on;
	go(s, (enum mp_lwm2m_software_state)s->state, s->result);
	tell(s, ACTIVATION);
	return 0;
}

static int software_execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
			    size_t len)
{
	struct mp_lwm2m_software *s = instance_of(user, instance);

	(void)arguments;
	(void)len;
	switch (resource) {
	case INSTALL:
		return install(s);
	case UNINSTALL:
		return uninstall(s);
	case ACTIVATE:
	case DEACTIVATE:
		return activate(s, resource == ACTIVATE);
	default:
		return -EOPNOTSUPP;
	}
}

static int32_t software_next(void *user, int32_t after)
{
	const struct mp_lwm2m_softwares *all = user;

	return after + 1 < all->n ? after + 1 : -1;
}

const struct mp_lwm2m_class mp_lwm2m_software_class = {
	.id = 9,
	.next = software_next,
	.read = software_read,
	.write = software_write,
	.execute = software_execute,
	.sink = software_sink,
};
