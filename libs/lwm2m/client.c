/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ENDPOINT_MAX 128
#define AWAKE_MS 93000 /* MAX_TRANSMIT_WAIT, RFC 7252 4.8.2 */

static const struct mp_lwm2m_class *const core[] = {&mp_lwm2m_security_class,
						    &mp_lwm2m_server_class, &mp_lwm2m_access_class};
#define CORE (sizeof(core) / sizeof(core[0]))

const char *mp_lwm2m_event_name(enum mp_lwm2m_event e)
{
	static const char *const names[] = {
		[MP_LWM2M_CONNECTING] = "connecting",
		[MP_LWM2M_UNREACHABLE] = "unreachable",
		[MP_LWM2M_REFUSED] = "refused",
		[MP_LWM2M_REGISTERED] = "registered",
		[MP_LWM2M_UPDATED] = "updated",
		[MP_LWM2M_DEREGISTERED] = "deregistered",
		[MP_LWM2M_DISABLED] = "disabled",
		[MP_LWM2M_BOOTSTRAPPING] = "bootstrapping",
		[MP_LWM2M_BOOTSTRAPPED] = "bootstrapped",
		[MP_LWM2M_BOOTSTRAP_FAILED] = "bootstrap failed",
		[MP_LWM2M_ASLEEP] = "asleep",
		[MP_LWM2M_AWAKE] = "awake",
		[MP_LWM2M_ACCOUNTS] = "accounts changed",
	};

	return (size_t)e < sizeof(names) / sizeof(names[0]) ? names[e] : "?";
}

int64_t mp_lwm2m_client_now(const struct mp_lwm2m_client *c)
{
	return mp_coap_now(c->kind->coap);
}

const struct mp_lwm2m_model *mp_lwm2m_client_model(const struct mp_lwm2m_client *c)
{
	return c->kind->model ? c->kind->model : &mp_lwm2m_builtin;
}

const struct mp_lwm2m_class *mp_lwm2m_client_class_at(const struct mp_lwm2m_client *c, size_t i)
{
	if (i < CORE)
		return core[i];
	return i - CORE < c->kind->n_classes ? c->kind->classes[i - CORE] : NULL;
}

const struct mp_lwm2m_class *mp_lwm2m_client_class(const struct mp_lwm2m_client *c, uint16_t id)
{
	size_t from = 0, to = c->kind->n_classes, middle;

	if (id < CORE)
		return core[id];
	while (from < to) {
		middle = (from + to) / 2;
		if (c->kind->classes[middle]->id == id)
			return c->kind->classes[middle];
		if (c->kind->classes[middle]->id < id)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

void *mp_lwm2m_client_state(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class)
{
	if (class->id < CORE)
		return c;
	return c->kind->state ? c->kind->state(c->user, class) : c->user;
}

int32_t mp_lwm2m_client_next(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
			     int32_t after)
{
	if (!class->next)
		return after < 0 ? 0 : -1;
	return class->next(mp_lwm2m_client_state(c, class), after);
}

bool mp_lwm2m_client_has(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
			 uint16_t instance)
{
	return mp_lwm2m_client_next(c, class, (int32_t)instance - 1) == instance;
}

const struct mp_lwm2m_object *mp_lwm2m_client_object(const struct mp_lwm2m_client *c,
						     const struct mp_lwm2m_class *class)
{
	uint16_t version = class->version ? class->version : MP_LWM2M_VERSION(1, 0);

	return mp_lwm2m_model_object(mp_lwm2m_client_model(c), class->id, version);
}

void mp_lwm2m_client_event(struct mp_lwm2m_client *c, enum mp_lwm2m_event e, uint16_t short_id,
			   uint8_t code)
{
	if (c->kind->event)
		c->kind->event(c->user, c, e, short_id, code);
}

uint32_t mp_lwm2m_client_random(struct mp_lwm2m_client *c)
{
	uint32_t v = 0;

	if (c->kind->random)
		return c->kind->random(c->user);
	(void)!getrandom(&v, sizeof(v), GRND_NONBLOCK);
	return v;
}

static int check_classes(const struct mp_lwm2m_client_kind *kind)
{
	const struct mp_lwm2m_model *model = kind->model ? kind->model : &mp_lwm2m_builtin;
	uint16_t least = CORE;

	for (size_t i = 0; i < kind->n_classes; i++) {
		uint16_t id = kind->classes[i]->id;

		if (id < least || !mp_lwm2m_model_object(model, id, 0))
			return -EINVAL;
		least = (uint16_t)(id + 1);
	}
	return 0;
}

int mp_lwm2m_client_new(const struct mp_lwm2m_client_kind *kind, const char *endpoint, void *user,
			struct mp_lwm2m_client **ret)
{
	size_t len = strlen(endpoint);
	struct mp_lwm2m_client *c;

	if (!len || len > ENDPOINT_MAX || !kind->connect || !kind->wake || check_classes(kind) < 0)
		return -EINVAL;
	c = calloc(1, sizeof(*c) + len + 1);
	if (!c)
		return -ENOMEM;
	c->kind = kind;
	c->user = user;
	c->wake_at = INT64_MAX;
	c->awake_until = INT64_MAX;
	memcpy(c->endpoint, endpoint, len);
	*ret = c;
	return 0;
}

static void forget_attributes(struct mp_lwm2m_client *c)
{
	struct attribute_row *row;

	while ((row = c->attributes)) {
		c->attributes = row->next;
		free(row);
	}
}

void mp_lwm2m_client_reset(struct mp_lwm2m_client *c)
{
	c->running = false;
	mp_lwm2m_client_enter(c);
	mp_lwm2m_sinks_end(c);
	mp_lwm2m_observe_forget(c, NULL);
	mp_lwm2m_accounts_free(c);
	forget_attributes(c);
	mp_lwm2m_rows_done(&c->backup);
	c->bootstrapping = c->bootstrap_wanted = c->asleep = false;
	c->accounts_stale = c->save_wanted = false;
	c->awake_until = INT64_MAX;
	mp_lwm2m_client_settle(c);
}

void mp_lwm2m_client_free(struct mp_lwm2m_client *c)
{
	if (!c)
		return;
	mp_lwm2m_client_reset(c);
	mp_lwm2m_rows_done(&c->rows);
	free(c);
}

const char *mp_lwm2m_client_endpoint(const struct mp_lwm2m_client *c)
{
	return c->endpoint;
}

void *mp_lwm2m_client_user(const struct mp_lwm2m_client *c)
{
	return c->user;
}

struct mp_lwm2m_rows *mp_lwm2m_client_rows(struct mp_lwm2m_client *c)
{
	return &c->rows;
}

size_t mp_lwm2m_client_memory(const struct mp_lwm2m_client *c)
{
	size_t n = sizeof(*c) + strlen(c->endpoint) + 1 + c->rows.room + c->backup.room;

	for (const struct account *a = c->accounts; a; a = a->next)
		n += sizeof(*a) + (a->location ? strlen(a->location) + 1 : 0);
	for (const struct observation *o = c->observations; o; o = o->next)
		n += sizeof(*o) + o->n_paths * sizeof(*o->paths) + (o->own ? sizeof(*o->own) : 0);
	for (const struct attribute_row *r = c->attributes; r; r = r->next)
		n += sizeof(*r);
	return n;
}

void mp_lwm2m_client_start(struct mp_lwm2m_client *c)
{
	mp_lwm2m_client_enter(c);
	c->running = true;
	mp_lwm2m_accounts_refresh(c);
	if (mp_lwm2m_account_servers(c) == 0)
		c->bootstrap_wanted = true;
	mp_lwm2m_client_settle(c);
}

void mp_lwm2m_client_stop(struct mp_lwm2m_client *c)
{
	mp_lwm2m_client_enter(c);
	c->running = false;
	c->bootstrapping = c->bootstrap_wanted = false;
	mp_lwm2m_observe_forget(c, NULL);
	for (struct account *a = c->accounts; a; a = a->next)
		mp_lwm2m_account_deregister(a, AFTER_NOTHING);
	mp_lwm2m_client_settle(c);
}

int mp_lwm2m_client_bootstrap(struct mp_lwm2m_client *c)
{
	if (!mp_lwm2m_account_find(c, 0))
		return -ENOENT;
	mp_lwm2m_client_enter(c);
	c->bootstrap_wanted = true;
	mp_lwm2m_client_settle(c);
	return 0;
}

bool mp_lwm2m_client_is_registered(const struct mp_lwm2m_client *c, uint16_t short_id)
{
	for (const struct account *a = c->accounts; a; a = a->next)
		if ((!short_id || a->short_id == short_id) && mp_lwm2m_account_is_registered(a))
			return true;
	return false;
}

bool mp_lwm2m_client_is_asleep(const struct mp_lwm2m_client *c)
{
	return c->asleep;
}

void mp_lwm2m_client_touch(struct mp_lwm2m_client *c)
{
	if (!c->kind->queue_mode)
		return;
	c->awake_until =
		mp_lwm2m_client_now(c) + (c->kind->awake_ms ? c->kind->awake_ms : AWAKE_MS);
	if (c->asleep) {
		c->asleep = false;
		mp_lwm2m_client_event(c, MP_LWM2M_AWAKE, 0, 0);
	}
}

/* An answer is waited for: it stays awake, however long that takes. */
static bool is_waiting(const struct mp_lwm2m_client *c)
{
	for (const struct account *a = c->accounts; a; a = a->next)
		if (a->exchange || a->state == ACCOUNT_CONNECTING)
			return true;
	return c->bootstrapping;
}

static void doze(struct mp_lwm2m_client *c)
{
	if (c->asleep || mp_lwm2m_client_now(c) < c->awake_until || is_waiting(c))
		return;
	c->asleep = true;
	c->awake_until = INT64_MAX;
	mp_lwm2m_client_event(c, MP_LWM2M_ASLEEP, 0, 0);
}

static bool look_at_accounts(struct mp_lwm2m_client *c)
{
	if (c->bootstrap_wanted && !c->bootstrapping) {
		c->bootstrap_wanted = false;
		mp_lwm2m_bootstrap_begin(c);
		return true;
	}
	if (c->accounts_stale && !c->bootstrapping) {
		c->accounts_stale = false;
		mp_lwm2m_accounts_refresh(c);
		mp_lwm2m_client_event(c, MP_LWM2M_ACCOUNTS, 0, 0);
		return true;
	}
	if (c->save_wanted && !c->bootstrapping) {
		c->save_wanted = false;
		if (c->kind->save)
			(void)c->kind->save(c->user, c->rows.data, c->rows.len);
		return true;
	}
	return false;
}

void mp_lwm2m_client_enter(struct mp_lwm2m_client *c)
{
	c->depth++;
}

static int64_t next_time(const struct mp_lwm2m_client *c)
{
	int64_t at = mp_lwm2m_observe_due(c);

	for (const struct account *a = c->accounts; a; a = a->next)
		at = a->due < at ? a->due : at;
	return c->awake_until < at && !c->asleep && !is_waiting(c) ? c->awake_until : at;
}

void mp_lwm2m_client_settle(struct mp_lwm2m_client *c)
{
	int64_t at;

	if (c->depth == 1)
		while (look_at_accounts(c))
			continue;
	if (--c->depth)
		return;
	at = next_time(c);
	if (at != c->wake_at) {
		c->wake_at = at;
		c->kind->wake(c->user, c, at);
	}
}

void mp_lwm2m_client_tick(struct mp_lwm2m_client *c)
{
	struct account *next;

	mp_lwm2m_client_enter(c);
	c->wake_at = INT64_MIN; /* what it asked for is over */
	for (struct account *a = c->accounts; a; a = next) {
		next = a->next;
		if (a->due <= mp_lwm2m_client_now(c))
			mp_lwm2m_account_tick(a);
	}
	mp_lwm2m_observe_tick(c);
	doze(c);
	mp_lwm2m_client_settle(c);
}

void mp_lwm2m_client_connected(struct mp_lwm2m_client *c, uint32_t ticket,
			       const struct mp_coap_remote *remote)
{
	struct account *a = c->accounts;

	while (a && (a->ticket != ticket || a->state != ACCOUNT_CONNECTING))
		a = a->next;
	if (!a || !ticket)
		return;
	mp_lwm2m_client_enter(c);
	if (!remote) {
		a->ticket = 0;
		mp_lwm2m_account_failed(a, 0);
	} else {
		a->remote = *remote;
		a->connected = true;
		if (a->short_id)
			mp_lwm2m_account_connected(a);
		else
			mp_lwm2m_bootstrap_connected(a);
	}
	mp_lwm2m_client_settle(c);
}

void mp_lwm2m_client_disconnected(struct mp_lwm2m_client *c, const struct mp_coap_remote *remote)
{
	struct account *a = mp_lwm2m_account_of(c, remote);

	if (!a)
		return;
	mp_lwm2m_client_enter(c);
	a->connected = false;
	a->ticket = 0;
	if (mp_lwm2m_account_is_registered(a) && !a->exchange) {
		a->resume = true;
		a->state = ACCOUNT_WAITING;
		a->due = mp_lwm2m_client_now(c);
	}
	mp_lwm2m_client_settle(c);
}

void mp_lwm2m_client_moved(struct mp_lwm2m_client *c)
{
	mp_lwm2m_client_update(c, 0);
}

void mp_lwm2m_client_update(struct mp_lwm2m_client *c, uint16_t short_id)
{
	mp_lwm2m_client_enter(c);
	for (struct account *a = c->accounts; a; a = a->next)
		if (a->short_id && (!short_id || a->short_id == short_id))
			mp_lwm2m_account_update(a);
	mp_lwm2m_client_settle(c);
}

void mp_lwm2m_client_instances_changed(struct mp_lwm2m_client *c, uint16_t object)
{
	mp_lwm2m_client_enter(c);
	for (struct account *a = c->accounts; a; a = a->next) {
		if (!a->short_id)
			continue;
		a->links_wanted = true;
		mp_lwm2m_account_update(a);
	}
	mp_lwm2m_client_changed(c, &mp_lwm2m_path(object));
	mp_lwm2m_client_settle(c);
}
