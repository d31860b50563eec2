/* SPDX-License-Identifier: Apache-2.0
 * The registration interface (LwM2M Core 6.2): POST /rd, POST and DELETE /rd/<location>.
 *
 * Content formats are not looked at, since clients are known to name wrong ones; everything else
 * that is malformed gets 4.00. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "server.h"
#include "credentials.h"
#include "durable.h"
#include "inside.h"
#include "lwm2m.h"
#include "lwm2m/model.h"
#include "observations_edit.h"
#include "registry_edit.h"
#include "profiles.h"
#include "transport.h"

#define LIFETIME 86400 /* LwM2M Core 6.2.1 */
#define REGISTRATIONS_MAX 2000000
#define ATTRIBUTES_MAX 1024

struct parameters {
	char endpoint[LWM2M_ENDPOINT_MAX + 1];
	bool has_endpoint, has_version, has_lifetime, has_binding, has_attributes;
	uint16_t version;
	uint32_t lifetime;
	uint8_t binding;
	bool queue_mode; /* "Q" on its own, LwM2M 1.1 */
	char attributes[ATTRIBUTES_MAX];
	size_t attributes_len;
	bool has_profile; /* a profile id, LwM2M 1.2 */
	const char
		*profile; /* of the message; NULL: several ids, or of a kind that we cannot learn */
	size_t profile_len;
	const char *wrong; /* a sentence, once something is */
};

/* ---- reading the query ---- */

static bool starts(const struct mp_coap_option *o, const char *name)
{
	size_t n = strlen(name);

	return o->len >= n && memcmp(o->value, name, n) == 0;
}

static void take_endpoint(struct parameters *p, const char *v, size_t len)
{
	p->has_endpoint = len > 0 && len < sizeof(p->endpoint) && !memchr(v, 0, len);
	if (p->has_endpoint) {
		memcpy(p->endpoint, v, len);
		p->endpoint[len] = '\0';
	}
	if (!p->has_endpoint || !device_name_is_valid(p->endpoint))
		p->wrong = "ep is no endpoint name";
}

static void take_lifetime(struct parameters *p, const char *v, size_t len)
{
	uint64_t n = 0;

	if (len == 0 || len > 10)
		p->wrong = "lt is no number of seconds";
	for (size_t i = 0; i < len && !p->wrong; i++) {
		if (v[i] < '0' || v[i] > '9')
			p->wrong = "lt is no number of seconds";
		n = n * 10 + (uint64_t)(v[i] - '0');
	}
	if (n > UINT32_MAX)
		p->wrong = "lt is too large";
	p->has_lifetime = true;
	p->lifetime = (uint32_t)n;
}

static void take_version(struct parameters *p, const char *v, size_t len)
{
	p->has_version = true;
	if (mp_lwm2m_version_parse(v, len, &p->version) < 0)
		p->wrong = "lwm2m is no version";
}

static void take_binding(struct parameters *p, const char *v, size_t len)
{
	static const char letters[] = "UTSNQ";

	p->has_binding = len > 0;
	p->binding = 0;
	for (size_t i = 0; i < len; i++) {
		const char *at = v[i] ? strchr(letters, v[i]) : NULL;
		unsigned bit = at ? 1u << (at - letters) : 0;

		if (!bit || p->binding & bit)
			p->wrong = "b is no binding mode";
		p->binding |= (uint8_t)bit;
	}
	if (len == 0 || p->binding == BINDING_Q)
		p->wrong = "b is no binding mode";
}

/* Whatever else there is, kept as the device told it. */
static void take_other(struct parameters *p, const char *v, size_t len)
{
	p->has_attributes = true;
	if (p->attributes_len + 3 * len + 1 > sizeof(p->attributes)) {
		p->wrong = "too many parameters";
		return;
	}
	if (p->attributes_len > 0)
		p->attributes[p->attributes_len++] = '&';
	for (size_t i = 0; i < len; i++) {
		static const char hex[] = "0123456789ABCDEF";
		unsigned char c = (unsigned char)v[i];

		if (c > ' ' && c != '&' && c != '%') {
			p->attributes[p->attributes_len++] = (char)c;
			continue;
		}
		p->attributes[p->attributes_len++] = '%';
		p->attributes[p->attributes_len++] = hex[c >> 4];
		p->attributes[p->attributes_len++] = hex[c & 15];
	}
}

static void take_profile(struct parameters *p, const char *v, size_t len)
{
	int r = profile_id_parse(&v, &len);

	if (r < 0)
		p->wrong = "pid is no profile id";
	p->has_profile = true;
	p->profile = r > 0 ? v : NULL;
	p->profile_len = len;
}

static void take_parameter(struct parameters *p, const struct mp_coap_option *o)
{
	const char *v = (const char *)o->value;

	if (starts(o, "ep="))
		take_endpoint(p, v + 3, o->len - 3);
	else if (starts(o, "lt="))
		take_lifetime(p, v + 3, o->len - 3);
	else if (starts(o, "lwm2m="))
		return; /* taken already */
	else if (starts(o, "b="))
		take_binding(p, v + 2, o->len - 2);
	else if (o->len == 1 && *v == 'Q')
		p->queue_mode = true;
	else if (p->version >= MP_LWM2M_VERSION(1, 2) && starts(o, "pid="))
		take_profile(p, v + 4, o->len - 4);
	else
		take_other(p, v, o->len);
}

/* What other parameters mean depends on it. */
static void take_version_first(const struct mp_coap_message *m, struct parameters *p)
{
	MP_COAP_EACH_OPTION(o, m)
	if (o.number == MP_COAP_URI_QUERY && starts(&o, "lwm2m="))
		take_version(p, (const char *)o.value + 6, o.len - 6);
}

/* `version`: that of its registration, 0: it has none yet. */
static void take_parameters(const struct mp_coap_message *m, uint16_t version, struct parameters *p)
{
	p->has_endpoint = p->has_version = p->has_lifetime = p->has_binding = false;
	p->has_attributes = p->queue_mode = p->has_profile = false;
	p->lifetime = LIFETIME;
	p->version = version;
	p->binding = BINDING_U;
	p->attributes_len = 0;
	p->wrong = NULL;
	p->profile = NULL;
	take_version_first(m, p);
	MP_COAP_EACH_OPTION(o, m)
	if (o.number == MP_COAP_URI_QUERY && !p->wrong)
		take_parameter(p, &o);
	if (p->queue_mode)
		p->binding |= BINDING_Q;
}

/* ---- who may ---- */

/* The identity of the session that the remote speaks over; the transport keeps it alive. */
static struct peer *peer_of(const struct mp_coap_remote *remote)
{
	return remote->identity ? transport_peer(remote) : NULL;
}

static const char *refusal(struct lwm2m *l, const char *endpoint, const struct peer *peer)
{
	struct credential_proof proof;

	peer_proof(peer, &proof);
	if (!credentials_allow(l->server->credentials, endpoint, &proof)) {
		if (peer)
			l->counters.refused_identity++;
		else
			l->counters.refused_unsecured++;
		return peer ? "this identity is not that endpoint's" : "only with security";
	}
	if (!peer && !l->server->options.open_registration &&
	    !devices_find(l->server->devices, endpoint)) {
		l->counters.refused_unknown++;
		return "nobody has announced this endpoint";
	}
	return NULL;
}

static void malformed(struct lwm2m *l, const struct mp_coap_request *rq, const char *why)
{
	l->counters.malformed++;
	lwm2m_refuse(rq, MP_COAP_BAD_REQUEST, why);
}

/* ---- registering ---- */

struct list { /* of the objects that a device has; both are ours to give away */
	struct object_links *links;
	struct profile *profile;
};

void registration_begun(struct lwm2m *l, struct registration *r, bool is_replacement)
{
	durable_registered(l, r);
	r->is_awake = r->is_listed_awake = false;
	lwm2m_tell(l, &(struct lwm2m_event){.kind = LWM2M_REGISTERED,
					    .time = l->now_ms,
					    .registration = r,
					    .endpoint = r->endpoint,
					    .is_replacement = is_replacement});
	sleepers_heard(l, r);
	if (r->observations)
		observations_renew(l, r, true);
	if (r->has_queue || queue_may_have(l, r->endpoint))
		queue_wake(l, r);
}

static bool is_sound(struct lwm2m *l, const struct mp_coap_request *rq, struct parameters *p)
{
	const char *no;

	if (!rq->remote->is_reliable && rq->message->type != MP_COAP_CON) {
		malformed(l, rq, "registrations must be confirmable");
	} else if (p->wrong) {
		malformed(l, rq, p->wrong);
	} else if (!p->has_endpoint) {
		l->counters.refused_endpoint++;
		lwm2m_refuse(rq, MP_COAP_FORBIDDEN, "ep is missing");
	} else if (!p->has_version) {
		malformed(l, rq, "lwm2m is missing");
	} else if (p->version < MP_LWM2M_VERSION(1, 0) || p->version > MP_LWM2M_VERSION(1, 2)) {
		l->counters.refused_version++;
		lwm2m_refuse(rq, MP_COAP_PRECONDITION_FAILED, "versions 1.0 to 1.2 are known here");
	} else if ((no = refusal(l, p->endpoint, peer_of(rq->remote)))) {
		lwm2m_refuse(rq, MP_COAP_FORBIDDEN, no);
	} else if (registry_count(l->registry) >= REGISTRATIONS_MAX) {
		l->counters.refused_full++;
		lwm2m_refuse(rq, MP_COAP_UNAVAILABLE, "there is no room");
	} else {
		return true;
	}
	return false;
}

static int put(struct lwm2m *l, const struct mp_coap_request *rq, const struct parameters *p,
	       const struct list *list)
{
	struct registration *old = registry_find(l->registry, p->endpoint), *r;
	bool replaced;
	bool stayed = old && !old->peer &&
		      mp_net_address_is_equal(&old->remote.address, &rq->remote->address);
	int k;

	if (old && old->requests)
		requests_gone(l, old);
	k = registry_put(l->registry,
			 &(struct registration_facts){
				 .endpoint = p->endpoint,
				 .endpoint_len = strlen(p->endpoint),
				 .peer = peer_of(rq->remote),
				 .remote = rq->remote,
				 .links = list->links,
				 .profile = list->profile,
				 .attributes = p->attributes,
				 .attributes_len = p->attributes_len,
				 .registered = l->now_ms,
				 .updated = l->now_ms,
				 .lifetime = p->lifetime,
				 .version = p->version,
				 .binding = p->binding,
				 .is_proven = stayed && old->is_proven,
			 },
			 &r, &replaced);
	if (k < 0)
		return k;
	l->counters.registrations++;
	{
		struct mp_coap_response answer = MP_COAP_RESPONSE(MP_COAP_CREATED);
		char location[3 + REGISTRATION_LOCATION] = "rd/";

		registration_location(r, location + 3);
		answer.location = location;
		mp_coap_respond(rq->reply, &answer);
	}
	registration_begun(l, r, replaced);
	return 0;
}

static void no_memory(const struct mp_coap_request *rq)
{
	lwm2m_refuse(rq, MP_COAP_UNAVAILABLE, "memory is out");
}

static bool take_links(struct lwm2m *l, const struct mp_coap_request *rq, struct object_links **ret)
{
	int r = object_links_take(registry_links(l->registry), rq->payload, rq->payload_len, ret);

	if (r == -EBADMSG || r == -EFBIG)
		malformed(l, rq, "the payload is no list of objects");
	else if (r < 0)
		no_memory(rq);
	return r == 0;
}

static void no_list(struct lwm2m *l, const struct mp_coap_request *rq, const char *why)
{
	l->counters.refused_profile++;
	lwm2m_refuse(rq, MP_COAP_CONFLICT, why);
}

/* A list that stands beside one profile id is the one that the id stands for, from now on. */
static bool learn(struct lwm2m *l, const struct mp_coap_request *rq, const struct parameters *p,
		  struct list *list)
{
	struct object_links_table *table = registry_links(l->registry);

	if (!p->profile ||
	    profiles_learn(registry_profiles(l->registry), table, p->profile, p->profile_len,
			   peer_of(rq->remote), list->links, &list->profile) == 0)
		return true;
	object_links_drop(table, list->links);
	no_memory(rq);
	return false;
}

static bool recall(struct lwm2m *l, const struct mp_coap_request *rq, const struct parameters *p,
		   struct list *ret)
{
	struct profile *known = p->profile
					? profiles_find(registry_profiles(l->registry), p->profile,
							p->profile_len, peer_of(rq->remote))
					: NULL;

	if (!known || !known->links)
		return false;
	ret->profile = profile_ref(known);
	ret->links = object_links_ref(known->links);
	return true;
}

/* The list of objects, by itself or by its profile id; *ret stays empty when neither is there. False: what
 * there is says nothing to us, and that has been answered. */
static bool take_list(struct lwm2m *l, const struct mp_coap_request *rq, const struct parameters *p,
		      struct list *ret)
{
	bool is_learnable = !p->has_profile || p->profile;

	*ret = (struct list){NULL, NULL};
	if (rq->payload_len > 0 && is_learnable)
		return take_links(l, rq, &ret->links) && learn(l, rq, p, ret);
	if (!p->has_profile || recall(l, rq, p, ret))
		return true;
	no_list(l, rq, "this profile id is not known here");
	return false;
}

static void register_it(struct lwm2m *l, const struct mp_coap_request *rq)
{
	struct parameters p;
	struct list list;

	take_parameters(rq->message, 0, &p);
	if (!is_sound(l, rq, &p) || !take_list(l, rq, &p, &list))
		return;
	if (list.links) {
		if (put(l, rq, &p, &list) < 0)
			no_memory(rq);
	} else if (p.version < MP_LWM2M_VERSION(1, 2)) {
		malformed(l, rq, "the list of objects is missing");
	} else { /* 1.2 lets a server know it beforehand */
		no_list(l, rq, "the list of objects is missing");
	}
}

/* ---- updating ---- */

static bool has_moved(const struct registration *r, const struct mp_coap_remote *remote)
{
	return !mp_net_address_is_equal(&r->remote.address, &remote->address) ||
	       r->remote.session != remote->session ||
	       r->remote.is_reliable != remote->is_reliable ||
	       !mp_net_address_is_equal(&r->remote.local, &remote->local);
}

static void move(struct lwm2m *l, struct registration *r, const struct mp_coap_remote *remote)
{
	struct mp_coap_remote before = r->remote;

	registry_set_remote(l->registry, r, remote);
	mp_coap_move(l->coap, &before, &r->remote);
}

/* What the device gave, over what there was. True: more than the time has changed. */
static int change(struct lwm2m *l, struct registration *r, const struct parameters *p,
		  const struct list *list)
{
	int changed = 0, k;

	if (list->links && (list->links != r->links || list->profile != r->profile))
		changed = 1;
	if (list->links)
		registry_set_links(l->registry, r, list->links, list->profile);
	if (p->has_lifetime && p->lifetime != r->lifetime) {
		registry_set_lifetime(l->registry, r, p->lifetime);
		changed = 1;
	}
	if (p->has_binding && p->binding != r->binding) {
		r->binding = p->binding;
		changed = 1;
	}
	if (p->has_attributes) {
		k = registry_set_attributes(l->registry, r, p->attributes, p->attributes_len);
		if (k < 0)
			return k;
		changed = 1;
	}
	return changed;
}

static void update_it(struct lwm2m *l, const struct mp_coap_request *rq, struct registration *r,
		      const struct parameters *p, const struct list *list)
{
	bool moved = has_moved(r, rq->remote);
	bool new_objects = list->links && list->links != r->links;
	int changed = change(l, r, p, list);

	if (changed < 0) {
		no_memory(rq);
		return;
	}
	if (moved)
		move(l, r, rq->remote);
	registry_heard(l->registry, r, l->now_ms);
	if (changed)
		durable_registered(l, r);
	else if (moved)
		durable_moved(l, r);
	else
		durable_heard(l, r);
	l->counters.updates++;
	mp_coap_respond(rq->reply, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
	lwm2m_tell(l, &(struct lwm2m_event){.kind = LWM2M_UPDATED,
					    .time = l->now_ms,
					    .registration = r,
					    .endpoint = r->endpoint,
					    .has_new_address = moved,
					    .has_new_objects = new_objects});
	sleepers_heard(l, r);
	if (rq->remote->is_reliable)
		observations_renew(l, r, false);
	if (r->has_queue)
		queue_wake(l, r);
}

static void update(struct lwm2m *l, const struct mp_coap_request *rq, struct registration *r)
{
	struct parameters p;
	struct list list;

	take_parameters(rq->message, r->version, &p);
	if (p.wrong)
		malformed(l, rq, p.wrong);
	else if (take_list(l, rq, &p, &list))
		update_it(l, rq, r, &p, &list);
}

/* ---- ending ---- */

void registration_end(struct lwm2m *l, struct registration *r, enum lwm2m_event_kind kind)
{
	requests_gone(l, r);
	lwm2m_tell(l, &(struct lwm2m_event){.kind = kind,
					    .time = l->now_ms,
					    .registration = r,
					    .endpoint = r->endpoint});
	requests_gone(l, r); /* those of the listeners */
	devices_seen_before(l->server, r->endpoint, registration_seen(r));
	durable_ended(l, r);
	observations_drop_all(l->observations, r);
	registry_remove(l->registry, r);
}

static void deregister(struct lwm2m *l, const struct mp_coap_request *rq, struct registration *r)
{
	l->counters.deregistrations++;
	mp_coap_respond(rq->reply, &MP_COAP_RESPONSE(MP_COAP_DELETED));
	registration_end(l, r, LWM2M_DEREGISTERED);
}

void registration_noticed(struct lwm2m *l, struct registration *r)
{
	registry_seen(l->registry, r, l->now_ms);
}

void registration_answered(struct lwm2m *l, struct registration *r,
			   const struct mp_coap_remote *remote)
{
	registration_noticed(l, r);
	if (r->is_proven || r->peer || r->remote.is_reliable ||
	    !mp_net_address_is_equal(&r->remote.address, &remote->address))
		return;
	registry_set_proven(l->registry, r);
	durable_proven(l, r);
}

/* A session that nobody uses any more would never end by itself: the device may have come from elsewhere. */
static void move_to_session(struct lwm2m *l, struct registration *r,
			    const struct mp_coap_remote *remote)
{
	const struct mp_coap_remote before = r->remote;

	move(l, r, remote);
	if (before.session && before.session != remote->session && !before.is_reliable)
		transport_drop(l->transport, before.session);
}

/* Where one identity has several registrations, those of another session may be another device's: they move when
 * they are updated. */
void registration_connected(struct lwm2m *l, const struct mp_coap_remote *remote)
{
	struct registration *r = registry_of_remote(l->registry, remote), *next;
	bool is_alone = r && !registry_next_of_remote(l->registry, r, remote);

	for (; r; r = next) {
		next = registry_next_of_remote(l->registry, r, remote);
		if ((is_alone || r->remote.session == remote->session) && has_moved(r, remote))
			move_to_session(l, r, remote);
	}
}

bool registration_uses(const struct lwm2m *l, const struct mp_coap_remote *remote)
{
	const struct registration *r = registry_of_remote(l->registry, remote);

	while (r && r->remote.session != remote->session)
		r = registry_next_of_remote(l->registry, r, remote);
	return r;
}

/* No registration may keep a session that is about to go. */
void registration_disconnected(struct lwm2m *l, const struct mp_coap_remote *remote)
{
	struct registration *r = registry_of_remote(l->registry, remote);

	for (; r; r = registry_next_of_remote(l->registry, r, remote)) {
		if (r->remote.session != remote->session)
			continue;
		r->remote.session = NULL;
		if (remote->is_reliable)
			observations_disconnected(r);
	}
}

void registration_serve(struct lwm2m *l, const struct mp_coap_request *rq, const struct uri *uri)
{
	struct registration *r;

	if (uri->n == 1 && rq->message->code == MP_COAP_POST) {
		register_it(l, rq);
		return;
	}
	if (uri->n != 2) {
		lwm2m_refuse(rq, uri->n == 1 ? MP_COAP_METHOD_NOT_ALLOWED : MP_COAP_NOT_FOUND,
			     NULL);
		return;
	}
	r = registry_at_location(l->registry, uri->part[1].text, uri->part[1].len);
	if (!r) {
		lwm2m_refuse(rq, MP_COAP_NOT_FOUND, NULL);
	} else if (!peer_is_same(r->peer, peer_of(rq->remote))) {
		l->counters.refused_identity++;
		lwm2m_refuse(rq, MP_COAP_FORBIDDEN, "this registration is another's");
	} else if (rq->message->code == MP_COAP_POST || rq->message->code == MP_COAP_PUT) {
		update(l, rq, r);
	} else if (rq->message->code == MP_COAP_DELETE) {
		deregister(l, rq, r);
	} else {
		lwm2m_refuse(rq, MP_COAP_METHOD_NOT_ALLOWED, NULL);
	}
}
