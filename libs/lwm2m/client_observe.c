/* SPDX-License-Identifier: Apache-2.0
 * Observations and their conditions (Core 1.1, 7.3.2 and 1.2's con, edge):
 *
 *     changed  -> dirty        (a value below the path is another one)
 *     dirty    -> pending      when epmin has passed and gt, lt, st, edge say so; without any of them, always
 *     pending  -> notification when pmin has passed since the last one
 *     pmax     -> notification, changed or not
 *     epmax    -> the value is looked at, whether anybody said it changed or not */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OBSERVATIONS_MAX 256 /* of a client */
#define ROWS_MAX 256 /* of written attributes */
#define CONFIRM_MS 86400000 /* at least one notification a day is confirmable (RFC 7641, 4.5) */

/* ---- attributes ---- */

const struct attribute_row *mp_lwm2m_attributes_at(const struct mp_lwm2m_client *c,
						   uint16_t short_id,
						   const struct mp_lwm2m_path *path)
{
	for (const struct attribute_row *r = c->attributes; r; r = r->next)
		if (r->short_id == short_id && mp_lwm2m_path_compare(&r->path, path) == 0)
			return r;
	return NULL;
}

void mp_lwm2m_attributes_of(const struct mp_lwm2m_client *c, const struct account *a,
			    const struct mp_lwm2m_path *path, struct mp_lwm2m_attributes *ret)
{
	*ret = (struct mp_lwm2m_attributes){0};
	for (unsigned n = path->n; n > 0; n--) {
		struct mp_lwm2m_path top = mp_lwm2m_path_top(path, n);
		const struct attribute_row *row = mp_lwm2m_attributes_at(c, a->short_id, &top);

		if (row)
			mp_lwm2m_attributes_inherit(ret, &row->attributes);
	}
}

int mp_lwm2m_attributes_set(struct account *a, const struct mp_lwm2m_path *path,
			    const struct mp_lwm2m_attributes *change)
{
	struct mp_lwm2m_client *c = a->client;
	struct attribute_row *row = NULL;
	struct mp_lwm2m_attributes after = {0};
	unsigned n = 0;

	for (struct attribute_row *r = c->attributes; r && !row; r = r->next, n++)
		if (r->short_id == a->short_id && mp_lwm2m_path_compare(&r->path, path) == 0)
			row = r;
	if (row)
		after = row->attributes;
	mp_lwm2m_attributes_update(&after, change);
	if (mp_lwm2m_attributes_fit(change, path) < 0 || mp_lwm2m_attributes_check(&after) < 0)
		return -EINVAL;
	if (!row && n >= ROWS_MAX)
		return -EBUSY;
	if (!row) {
		row = calloc(1, sizeof(*row));
		if (!row)
			return -ENOMEM;
		row->path = *path;
		row->short_id = a->short_id;
		row->next = c->attributes;
		c->attributes = row;
	}
	row->attributes = after;
	return 0;
}

/* What holds for an observation, the defaults of object 1 at last. */
static void effective(const struct observation *o, struct mp_lwm2m_attributes *ret)
{
	struct mp_lwm2m_attributes above;

	*ret = o->own ? *o->own : (struct mp_lwm2m_attributes){0};
	if (!o->paths) {
		mp_lwm2m_attributes_of(o->client, o->account, &o->path, &above);
		mp_lwm2m_attributes_inherit(ret, &above);
	}
	if (!(ret->set & MP_LWM2M_PMIN))
		ret->pmin = (uint32_t)mp_lwm2m_account_number(o->account, 2, 0);
	if (!(ret->set & MP_LWM2M_PMAX))
		ret->pmax = (uint32_t)mp_lwm2m_account_number(o->account, 3, 0);
	if (ret->pmax < ret->pmin) /* then it is ignored (7.3.2) */
		ret->pmax = 0;
}

/* ---- the list ---- */

static void observation_free(struct observation *o)
{
	free(o->paths);
	free(o->own);
	free(o->history);
	free(o);
}

/* Taken off its list; freed when the last of its notifications has ended. */
static void detach(struct observation *o)
{
	o->client = NULL;
	o->account = NULL;
	if (!o->flights)
		observation_free(o);
}

static struct observation **find(struct account *a, const uint8_t *token, size_t len)
{
	struct observation **at = &a->client->observations;

	while (*at && ((*at)->account != a || (*at)->token_len != len ||
		       memcmp((*at)->token, token, len) != 0))
		at = &(*at)->next;
	return at;
}

bool mp_lwm2m_observe_cancel(struct account *a, const uint8_t *token, size_t len)
{
	struct observation **at = find(a, token, len), *o = *at;

	if (!o)
		return false;
	*at = o->next;
	detach(o);
	return true;
}

void mp_lwm2m_observe_drop(struct observation *o)
{
	(void)mp_lwm2m_observe_cancel(o->account, o->token, o->token_len);
}

void mp_lwm2m_observe_forget(struct mp_lwm2m_client *c, const struct account *a)
{
	struct observation **at = &c->observations, *o;

	while ((o = *at)) {
		if (a && o->account != a) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		detach(o);
	}
}

/* Observations of what is deleted end (6.4.3 of 1.1); composite ones go on with what is left. */
void mp_lwm2m_observe_gone(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path)
{
	struct observation **at = &c->observations, *o;
	struct attribute_row **row = &c->attributes, *r;

	while ((o = *at)) {
		if (o->paths || !mp_lwm2m_path_is_below(&o->path, path)) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		detach(o);
	}
	while ((r = *row)) {
		if (!mp_lwm2m_path_is_below(&r->path, path)) {
			row = &r->next;
			continue;
		}
		*row = r->next;
		free(r);
	}
}

static void sample(struct observation *o)
{
	struct mp_lwm2m_out out;

	o->evaluated_ms = mp_lwm2m_client_now(o->client);
	o->is_number = false;
	if (o->paths || o->path.n < 3 || mp_lwm2m_client_look(o->client, &o->path, &out) < 0)
		return;
	o->is_number = out.count == 1 && out.is_number;
	o->sampled = out.number;
}

static int copy_request(struct observation *o, const struct mp_coap_request *rq,
			const struct mp_lwm2m_path *paths, size_t n, bool composite,
			const struct mp_lwm2m_attributes *own)
{
	o->path = paths[0];
	o->n_paths = composite ? (uint16_t)n : 0;
	o->token_len = (uint8_t)rq->message->token_len;
	memcpy(o->token, rq->message->token, o->token_len);
	if (composite) {
		o->paths = malloc(n * sizeof(*paths));
		if (!o->paths)
			return -ENOMEM;
		memcpy(o->paths, paths, n * sizeof(*paths));
	}
	if (own) {
		o->own = malloc(sizeof(*own));
		if (!o->own)
			return -ENOMEM;
		*o->own = *own;
	}
	return 0;
}

int mp_lwm2m_observe(struct account *a, const struct mp_coap_request *rq,
		     const struct mp_lwm2m_path *paths, size_t n, bool composite, unsigned format,
		     const struct mp_lwm2m_attributes *own, struct observation **ret)
{
	struct observation *o;
	unsigned count = 0;
	int r;

	for (o = a->client->observations; o; o = o->next)
		count++;
	if (count >= OBSERVATIONS_MAX)
		return -EBUSY;
	if (rq->message->token_len > MP_COAP_TOKEN)
		return -EINVAL;
	if (own && (mp_lwm2m_attributes_check(own) < 0 ||
		    mp_lwm2m_attributes_fit(own, composite ? &mp_lwm2m_path_root : paths) < 0))
		return -EINVAL;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	r = copy_request(o, rq, paths, n, composite, own);
	if (r < 0) {
		observation_free(o);
		return r;
	}
	(void)mp_lwm2m_observe_cancel(a, rq->message->token, rq->message->token_len);
	o->client = a->client;
	o->account = a;
	o->format = (uint16_t)format;
	o->next = a->client->observations;
	a->client->observations = o;
	sample(o);
	o->sent = o->sampled;
	o->sent_ms = o->confirmed_ms = mp_lwm2m_client_now(a->client);
	o->sequence = 1;
	*ret = o;
	return 0;
}

/* ---- notifications ---- */

static void notified(void *user, enum mp_coap_outcome outcome)
{
	struct observation *o = user;

	o->flights--;
	o->confirming = false;
	if (!o->client) {
		if (!o->flights)
			observation_free(o);
		return;
	}
	mp_lwm2m_client_enter(o->client);
	struct mp_lwm2m_client *c = o->client;
	if (outcome == MP_COAP_WAS_RESET) {
		mp_lwm2m_observe_drop(o);
	} else if (outcome == MP_COAP_TIMED_OUT) { /* is the server there at all? */
		o->pending = mp_lwm2m_account_number(o->account, 6, 0) != 0;
		mp_lwm2m_account_update(o->account);
	}
	mp_lwm2m_client_settle(c);
}

static bool is_reachable(const struct observation *o)
{
	return o->account->connected &&
	       (o->account->state == ACCOUNT_REGISTERED || o->account->state == ACCOUNT_UPDATING);
}

static void notify(struct observation *o, const struct mp_lwm2m_attributes *attributes)
{
	struct mp_lwm2m_client *c = o->client;
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);
	int64_t now = mp_lwm2m_client_now(c);
	bool confirm = (attributes->set & MP_LWM2M_CON) ? attributes->con : c->kind->queue_mode;
	MP_BUF(body, PAYLOAD_MAX);
	int r = mp_lwm2m_history_payload(o, &body);

	if (r < 0)
		r = mp_lwm2m_client_payload(c, o->account, o->paths ? o->paths : &o->path,
					    o->paths ? o->n_paths : 1, o->paths != NULL, o->format,
					    &body);
	o->pending = o->dirty = false;
	o->sent = o->sampled;
	o->sent_ms = now;
	o->sequence = (o->sequence + 1) & 0xffffff;
	confirm = confirm || now - o->confirmed_ms >= CONFIRM_MS;
	if (confirm)
		o->confirmed_ms = now;
	response.observe = o->sequence;
	if (r < 0) { /* ends the observation (RFC 7641, 4.2) */
		response.code = mp_lwm2m_code_of(r);
		response.observe = -1;
	} else {
		response.format = o->format;
		response.payload = body.data;
		response.payload_len = body.len;
	}
	mp_lwm2m_client_touch(c);
	if (mp_coap_notify(c->kind->coap, &o->account->remote, o->token, o->token_len, confirm,
			   &response, notified, o) == 0) {
		o->flights++;
		o->confirming = confirm;
	}
	if (r < 0)
		mp_lwm2m_observe_drop(o);
}

static bool is_due_by_value(const struct observation *o, const struct mp_lwm2m_attributes *a,
			    double before)
{
	const uint16_t conditions = MP_LWM2M_GT | MP_LWM2M_LT | MP_LWM2M_ST | MP_LWM2M_EDGE;

	if (!(a->set & conditions) || !o->is_number)
		return true;
	if ((a->set & MP_LWM2M_GT) && (before > a->gt) != (o->sampled > a->gt))
		return true;
	if ((a->set & MP_LWM2M_LT) && (before < a->lt) != (o->sampled < a->lt))
		return true;
	if ((a->set & MP_LWM2M_ST) && __builtin_fabs(o->sampled - o->sent) >= a->st)
		return true;
	return (a->set & MP_LWM2M_EDGE) && before != o->sampled && (o->sampled != 0) == a->edge;
}

static void evaluate(struct observation *o, const struct mp_lwm2m_attributes *a)
{
	double before = o->sampled;

	sample(o);
	o->dirty = false;
	if (!is_due_by_value(o, a, before))
		return;
	o->pending = true;
	if ((a->set & MP_LWM2M_HQMAX) && a->hqmax > 1)
		mp_lwm2m_history_add(o, a->hqmax);
}

/* What is to be done for it now. */
static void run(struct observation *o)
{
	int64_t now = mp_lwm2m_client_now(o->client);
	struct mp_lwm2m_attributes a;
	bool over;

	effective(o, &a);
	if ((a.set & MP_LWM2M_EPMAX) && now - o->evaluated_ms >= a.epmax * 1000ll) {
		double before = o->sampled;

		sample(o);
		o->dirty = o->dirty || !o->is_number || before != o->sampled;
		o->sampled = before;
		if (o->dirty)
			evaluate(o, &a);
	}
	if (o->dirty && (!(a.set & MP_LWM2M_EPMIN) || now - o->evaluated_ms >= a.epmin * 1000ll))
		evaluate(o, &a);
	over = a.pmax && now - o->sent_ms >= a.pmax * 1000ll;
	if (!is_reachable(o)) {
		if (!mp_lwm2m_account_number(o->account, 6, 0))
			o->pending = false;
		return;
	}
	if (over || (o->pending && now - o->sent_ms >= a.pmin * 1000ll))
		if (!o->confirming) {
			sample(o);
			if (o->dirty && o->history) /* the newest is not in it yet */
				mp_lwm2m_history_add(o, a.hqmax);
			notify(o, &a);
		}
}

static int64_t due(const struct observation *o)
{
	struct mp_lwm2m_attributes a;
	int64_t at = INT64_MAX, t;

	if (o->confirming)
		return INT64_MAX;
	effective(o, &a);
	if (is_reachable(o) && a.pmax)
		at = o->sent_ms + a.pmax * 1000ll;
	t = o->sent_ms + a.pmin * 1000ll;
	if (is_reachable(o) && o->pending && t < at)
		at = t;
	t = o->evaluated_ms + a.epmin * 1000ll;
	if (o->dirty && t < at)
		at = t;
	t = o->evaluated_ms + a.epmax * 1000ll;
	if ((a.set & MP_LWM2M_EPMAX) && a.epmax && t < at)
		at = t;
	return at;
}

int64_t mp_lwm2m_observe_due(const struct mp_lwm2m_client *c)
{
	int64_t at = INT64_MAX, t;

	for (const struct observation *o = c->observations; o; o = o->next) {
		t = due(o);
		at = t < at ? t : at;
	}
	return at;
}

void mp_lwm2m_observe_tick(struct mp_lwm2m_client *c)
{
	struct observation *next;

	for (struct observation *o = c->observations; o; o = next) {
		next = o->next;
		if (due(o) <= mp_lwm2m_client_now(c))
			run(o);
	}
}

void mp_lwm2m_observe_reachable(struct account *a)
{
	struct observation *next;

	for (struct observation *o = a->client->observations; o; o = next) {
		next = o->next;
		if (o->account == a)
			run(o);
	}
}

static bool concerns(const struct observation *o, const struct mp_lwm2m_path *path)
{
	size_t n = o->paths ? o->n_paths : 1;

	for (size_t i = 0; i < n; i++) {
		const struct mp_lwm2m_path *p = o->paths ? &o->paths[i] : &o->path;

		if (mp_lwm2m_path_is_below(p, path) || mp_lwm2m_path_is_below(path, p))
			return true;
	}
	return false;
}

bool mp_lwm2m_client_is_observed(const struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path)
{
	for (const struct observation *o = c->observations; o; o = o->next)
		if (concerns(o, path))
			return true;
	return false;
}

void mp_lwm2m_client_changed(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path)
{
	struct observation *next;

	mp_lwm2m_client_enter(c);
	for (struct observation *o = c->observations; o; o = next) {
		next = o->next;
		if (!concerns(o, path))
			continue;
		o->dirty = true;
		run(o);
	}
	mp_lwm2m_client_settle(c);
}
