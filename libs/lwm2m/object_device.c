/* SPDX-License-Identifier: Apache-2.0
 * Object 3, Device: error codes and their reset here, all else the provider's. */
#include "lwm2m/objects.h"

#include <errno.h>

enum { REBOOT = 4, FACTORY_RESET = 5, ERROR_CODE = 11, RESET_ERRORS = 12 };

static int read_errors(const struct mp_lwm2m_device *d, struct mp_lwm2m_out *out)
{
	uint16_t n = 0;
	int r = d->errors ? 0 : mp_lwm2m_give_instance(out, 0, mp_lwm2m_integer(0));

	for (int code = 1; r == 0 && code <= 32; code++)
		if (d->errors & UINT64_C(1) << code)
			r = mp_lwm2m_give_instance(out, n++, mp_lwm2m_integer(code));
	return r;
}

static int device_read(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	struct mp_lwm2m_device *d = user;

	(void)instance;
	return resource == ERROR_CODE ? read_errors(d, out)
				      : d->provider->read(d->user, resource, out);
}

static int device_write(void *user, const struct mp_lwm2m_path *path,
			const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_device *d = user;

	if (!d->provider->write)
		return -EOPNOTSUPP;
	return value ? d->provider->write(d->user, path->id[2], value) : 0;
}

static void errors_changed(struct mp_lwm2m_device *d)
{
	if (d->client)
		mp_lwm2m_client_changed(d->client, &mp_lwm2m_path(3, 0, ERROR_CODE));
}

static int device_execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
			  size_t len)
{
	struct mp_lwm2m_device *d = user;
	const struct mp_lwm2m_device_provider *p = d->provider;

	(void)instance;
	(void)arguments;
	(void)len;
	switch (resource) {
	case REBOOT:
		return p->reboot ? p->reboot(d->user) : -EOPNOTSUPP;
	case FACTORY_RESET:
		return p->factory_reset ? p->factory_reset(d->user) : -EOPNOTSUPP;
	case RESET_ERRORS:
		d->errors = 0;
		errors_changed(d);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

void mp_lwm2m_device_set_error(struct mp_lwm2m_device *d, enum mp_lwm2m_device_error e, bool is_on)
{
	uint64_t before = d->errors, bit = UINT64_C(1) << e;

	if (e == MP_LWM2M_ERROR_NONE)
		return;
	d->errors = is_on ? before | bit : before & ~bit;
	if (d->errors != before)
		errors_changed(d);
}

const struct mp_lwm2m_class mp_lwm2m_device_class = {
	.id = 3,
	.version = MP_LWM2M_VERSION(1, 1),
	.read = device_read,
	.write = device_write,
	.execute = device_execute,
};
