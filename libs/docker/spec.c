/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c - a service as a release describes it (docs/spec/release.md) to a container as Docker's
 * API creates it */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "docker/internal.h"

#define NANOSECONDS 1000000000LL

char *mp_docker_spec_text(const struct mp_release_service *service)
{
	MP_BUF(text, 1 << 20);

	if (mp_json_format(service->spec, &text) < 0)
		return NULL;
	return mp_buf_take(&text);
}

/* Copy a member under another name, when it is there. */
static int carry(const struct mp_json *from, const char *key, struct mp_json *to, const char *name)
{
	const struct mp_json *v = mp_json_get(from, key);

	return v ? mp_json_put(to, name, mp_json_copy(v)) : 0;
}

static int put_labels(struct mp_json *body, const char *release,
		      const struct mp_release_service *service)
{
	auto_free char *text = mp_docker_spec_text(service);
	auto_(mp_json) *labels = mp_json_new_object();

	if (!labels || !text || mp_json_put_str(labels, "mp.release", release) < 0 ||
	    mp_json_put_str(labels, "mp.service", service->name) < 0 ||
	    mp_json_put_str(labels, "mp.spec", text) < 0)
		return -ENOMEM;
	return mp_json_put(body, "Labels", take_ptr(labels));
}

static int put_environment(struct mp_json *body, const struct mp_json *spec)
{
	const struct mp_json *map = mp_json_get(spec, "environment"), *value;
	auto_(mp_json) *list = mp_json_new_array();
	const char *key;
	void *iter = NULL;

	while (map && list && mp_json_next(map, &iter, &key, &value)) {
		auto_free char *pair = mp_str_format("%s=%s", key, mp_json_str(value, ""));

		if (!pair || mp_json_append(list, mp_json_new_str(pair)) < 0)
			return -ENOMEM;
	}
	return mp_json_put(body, "Env", take_ptr(list));
}

static int put_nanoseconds(struct mp_json *to, const char *name, const struct mp_json *from,
			   const char *key)
{
	int64_t seconds = mp_json_int(mp_json_get(from, key), 0);

	if (seconds < 0 || seconds > 86400)
		return -EBADMSG;
	return mp_json_put_int(to, name, seconds * NANOSECONDS);
}

static int put_healthcheck(struct mp_json *body, const struct mp_json *spec)
{
	const struct mp_json *h = mp_json_get(spec, "healthcheck");
	auto_(mp_json) *to = mp_json_new_object();
	int r;

	if (!h)
		return 0;
	r = to ? carry(h, "test", to, "Test") : -ENOMEM;
	if (r == 0)
		r = put_nanoseconds(to, "Interval", h, "interval_s");
	if (r == 0)
		r = put_nanoseconds(to, "Timeout", h, "timeout_s");
	if (r == 0)
		r = put_nanoseconds(to, "StartPeriod", h, "start_period_s");
	if (r == 0 && mp_json_get(h, "start_interval_s"))
		r = put_nanoseconds(to, "StartInterval", h, "start_interval_s");
	if (r == 0)
		r = carry(h, "retries", to, "Retries");
	return r < 0 ? r : mp_json_put(body, "Healthcheck", take_ptr(to));
}

/* One entry of PortBindings, which may hold several bindings of a container's port. */
static int add_binding(const struct mp_json *port, const char *name, struct mp_json *bindings)
{
	auto_(mp_json) *binding = mp_json_new_object();
	auto_(mp_json) *list = NULL;
	const struct mp_json *old = mp_json_get(bindings, name);
	char host[24];

	snprintf(host, sizeof(host), "%" PRId64, mp_json_int(mp_json_get(port, "host"), 0));
	list = old ? mp_json_copy(old) : mp_json_new_array();
	if (!binding || !list ||
	    mp_json_put_str(binding, "HostIp",
			    mp_json_str(mp_json_get(port, "address"), "0.0.0.0")) < 0 ||
	    mp_json_put_str(binding, "HostPort", host) < 0 ||
	    mp_json_append(list, take_ptr(binding)) < 0)
		return -ENOMEM;
	return mp_json_put(bindings, name, take_ptr(list));
}

static int put_ports(struct mp_json *body, struct mp_json *host, const struct mp_json *spec)
{
	const struct mp_json *ports = mp_json_get(spec, "ports");
	auto_(mp_json) *exposed = mp_json_new_object();
	auto_(mp_json) *bindings = mp_json_new_object();

	for (size_t i = 0; exposed && bindings && i < mp_json_size(ports); i++) {
		const struct mp_json *port = mp_json_at(ports, i);
		const char *protocol = mp_json_str(mp_json_get(port, "protocol"), "tcp");
		char name[64];

		snprintf(name, sizeof(name), "%" PRId64 "/%.8s",
			 mp_json_int(mp_json_get(port, "container"), 0), protocol);
		if (mp_json_put(exposed, name, mp_json_new_object()) < 0 ||
		    add_binding(port, name, bindings) < 0)
			return -ENOMEM;
	}
	if (mp_json_put(body, "ExposedPorts", take_ptr(exposed)) < 0)
		return -ENOMEM;
	return mp_json_put(host, "PortBindings", take_ptr(bindings));
}

static int put_parsed(struct mp_json *to, const char *name, const char *json)
{
	struct mp_json *v = NULL;
	int r = mp_json_parse(json, strlen(json), &v, NULL);

	return r < 0 ? r : mp_json_put(to, name, v);
}

static int put_restart(struct mp_json *host, const struct mp_json *spec)
{
	auto_(mp_json) *policy = mp_json_new_object();
	const char *name = mp_json_str(mp_json_get(spec, "restart"), "no");

	if (!policy || mp_json_put_str(policy, "Name", name) < 0)
		return -ENOMEM;
	return mp_json_put(host, "RestartPolicy", take_ptr(policy));
}

/* Logs are kept small; what a container may do never grows after its start. */
static int put_host(struct mp_json *body, const struct mp_json *spec)
{
	auto_(mp_json) *host = mp_json_new_object();
	int r = host ? put_ports(body, host, spec) : -ENOMEM;

	if (r == 0)
		r = put_restart(host, spec);
	if (r == 0)
		r = carry(spec, "read_only", host, "ReadonlyRootfs");
	if (r == 0)
		r = carry(spec, "cap_drop", host, "CapDrop");
	if (r == 0)
		r = carry(spec, "tmpfs", host, "Tmpfs");
	if (r == 0)
		r = put_parsed(host, "SecurityOpt", "[\"no-new-privileges\"]");
	if (r == 0)
		r = put_parsed(
			host, "LogConfig",
			"{\"Type\":\"local\",\"Config\":{\"max-size\":\"1m\",\"max-file\":\"2\"}}");
	return r < 0 ? r : mp_json_put(body, "HostConfig", take_ptr(host));
}

int mp_docker_create_body(const char *release, const struct mp_release_service *service,
			  struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *body = mp_json_new_object();
	const struct mp_json *spec = service->spec;
	char image[80];
	int r;

	snprintf(image, sizeof(image), "sha256:%s", service->image_id);
	r = body ? mp_json_put_str(body, "Image", image) : -ENOMEM;
	if (r == 0)
		r = put_labels(body, release, service);
	if (r == 0)
		r = carry(spec, "command", body, "Cmd");
	if (r == 0)
		r = put_environment(body, spec);
	if (r == 0)
		r = carry(spec, "user", body, "User");
	if (r == 0)
		r = put_healthcheck(body, spec);
	if (r == 0)
		r = put_host(body, spec);
	if (r < 0)
		return mp_err_set(err, r, "cannot make the container of service %s: %s",
				  service->name, strerror(-r));
	*ret = take_ptr(body);
	return 0;
}
