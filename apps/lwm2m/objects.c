/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "worker.h"

#define CLASSES 9

static void *state_of(void *user, const struct mp_lwm2m_class *class)
{
	struct worker *w = user;

	if (class->id == 3)
		return &w->device;
	if (class->id == 5)
		return &w->firmware;
	if (class->id == 7)
		return &w->traffic;
	if (class->id == 16)
		return &w->portfolio;
	return class->id == 20 ? (void *)&w->log : w;
}

static void wake(void *user, struct mp_lwm2m_client *c, int64_t at_ms)
{
	struct worker *w = user;

	(void)c;
	w->wake = at_ms;
}

static void event(void *user, struct mp_lwm2m_client *c, enum mp_lwm2m_event e, uint16_t short_id,
		  uint8_t code)
{
	struct worker *w = user;
	char line[120];

	if (e == MP_LWM2M_UPDATED || e == MP_LWM2M_CONNECTING)
		return;
	mp_log(MP_LOG_INFO, "lwm2m", "event=%s server=%u code=%u.%02u", mp_lwm2m_event_name(e),
	       short_id, code >> 5, code & 31);
	snprintf(line, sizeof(line), "server %u: %s", short_id, mp_lwm2m_event_name(e));
	log_add(w, line);
	if (e == MP_LWM2M_REGISTERED)
		supervisor_say(w, &(struct mp_msg){.type = MP_MSG_REACHED, .num = {1}});
	else if (e == MP_LWM2M_UNREACHABLE || e == MP_LWM2M_DEREGISTERED || e == MP_LWM2M_REFUSED)
		supervisor_say(w, &(struct mp_msg){.type = MP_MSG_REACHED,
						   .num = {mp_lwm2m_client_is_registered(c, 0)}});
}

int objects_open(struct worker *w, struct mp_err *err)
{
	static const struct mp_lwm2m_class *classes[CLASSES];
	const struct mp_lwm2m_class *all[CLASSES] = {
		device_class(),	  &link_class,	   update_class(),
		&position_class,  traffic_class(), &service_class,
		&portfolio_class, &appdata_class,  &mp_lwm2m_log_class};
	int r;

	memcpy(classes, all, sizeof(classes));
	w->kind = (struct mp_lwm2m_client_kind){.coap = w->coap,
						.classes = classes,
						.n_classes = CLASSES,
						.version = MP_LWM2M_VERSION(1, 2),
						.state = state_of,
						.connect = carrier_connect,
						.disconnect = carrier_disconnect,
						.wake = wake,
						.save = accounts_save,
						.event = event};
	w->device.provider = &device_provider;
	w->device.user = w;
	w->firmware.provider = &update_provider;
	w->firmware.user = w;
	w->traffic.totals = traffic_totals;
	w->traffic.user = w;
	portfolio_open(w);
	log_open(w);
	w->has_position = position_is_there(w);
	r = mp_lwm2m_client_new(&w->kind, w->config.id, w, &w->client);
	if (r < 0)
		return mp_err_set(err, r, "cannot be '%s': %s", w->config.id, strerror(-r));
	w->device.client = w->firmware.client = w->traffic.client = w->log.client = w->client;
	r = accounts_open(w);
	if (r < 0)
		return mp_err_set(err, r, "cannot use the server %s: %s", w->config.uri,
				  strerror(-r));
	device_look_for_errors(w);
	mp_lwm2m_client_start(w->client);
	return 0;
}

void objects_close(struct worker *w)
{
	mp_lwm2m_client_free(w->client);
	w->client = NULL;
	portfolio_close(w);
	mp_lwm2m_firmware_done(&w->firmware);
}
