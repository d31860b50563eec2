/* SPDX-License-Identifier: Apache-2.0
 * An account is what an instance of object 0 and, but for the bootstrap server, one of object 1 with the
 * same short server id make together. */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static struct mp_lwm2m_path security(uint16_t instance, uint16_t resource)
{
	return mp_lwm2m_path(0, instance, resource);
}

int64_t mp_lwm2m_account_number(const struct account *a, uint16_t resource, int64_t otherwise)
{
	return mp_lwm2m_rows_number(&a->client->rows, &mp_lwm2m_path(1, a->server, resource),
				    otherwise);
}

struct account *mp_lwm2m_account_find(const struct mp_lwm2m_client *c, uint16_t short_id)
{
	struct account *a = c->accounts;

	while (a && a->short_id != short_id)
		a = a->next;
	return a;
}

struct account *mp_lwm2m_account_of(const struct mp_lwm2m_client *c,
				    const struct mp_coap_remote *remote)
{
	struct account *a = c->accounts, *bootstrap = NULL;

	for (; a; a = a->next) {
		if (!a->connected || !mp_coap_remote_is_same(&a->remote, remote))
			continue;
		if (a->short_id)
			return a;
		bootstrap = a;
	}
	return bootstrap;
}

size_t mp_lwm2m_account_servers(const struct mp_lwm2m_client *c)
{
	size_t n = 0;

	for (const struct account *a = c->accounts; a; a = a->next)
		n += a->short_id != 0;
	return n;
}

bool mp_lwm2m_account_is_registered(const struct account *a)
{
	return a->state == ACCOUNT_REGISTERED || a->state == ACCOUNT_UPDATING ||
	       (a->resume && a->location);
}

void mp_lwm2m_account_disconnect(struct account *a)
{
	const struct mp_lwm2m_client_kind *kind = a->client->kind;
	uint32_t ticket = a->ticket;

	a->ticket = 0;
	if (ticket && kind->disconnect)
		kind->disconnect(a->client->user, ticket, a->connected ? &a->remote : NULL);
	a->connected = false;
}

static void account_free(struct account *a)
{
	mp_lwm2m_observe_forget(a->client, a);
	if (a->exchange)
		mp_coap_cancel(a->exchange);
	mp_lwm2m_account_disconnect(a);
	free(a->location);
	free(a);
}

void mp_lwm2m_accounts_free(struct mp_lwm2m_client *c)
{
	struct account *a;

	while ((a = c->accounts)) {
		c->accounts = a->next;
		account_free(a);
	}
}

static struct account *account_new(struct mp_lwm2m_client *c, uint16_t short_id)
{
	struct account **at = &c->accounts, *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->client = c;
	a->short_id = short_id;
	a->due = INT64_MAX;
	a->state = ACCOUNT_ENDED;
	while (*at && (*at)->short_id < short_id)
		at = &(*at)->next;
	a->next = *at;
	*at = a;
	return a;
}

static int32_t server_of(const struct mp_lwm2m_client *c, uint16_t short_id)
{
	int32_t i = -1;

	while ((i = mp_lwm2m_rows_next(&c->rows, 1, i)) >= 0)
		if (mp_lwm2m_rows_number(&c->rows, &mp_lwm2m_path(1, (uint16_t)i, 0), 0) ==
		    short_id)
			return i;
	return -1;
}

/* Make or find the account of an instance of object 0. */
static void take_security(struct mp_lwm2m_client *c, uint16_t i)
{
	struct mp_lwm2m_path is_bootstrap = security(i, 1), id = security(i, 10);
	bool bootstrap = mp_lwm2m_rows_number(&c->rows, &is_bootstrap, 0) != 0;
	int64_t short_id = bootstrap ? 0 : mp_lwm2m_rows_number(&c->rows, &id, 0);
	int32_t server = bootstrap ? 0 : server_of(c, (uint16_t)short_id);
	struct account *a;
	bool is_new;

	if (server < 0 || short_id < 0 || short_id > MP_LWM2M_ID_MAX || (!short_id && !bootstrap))
		return;
	a = mp_lwm2m_account_find(c, (uint16_t)short_id);
	is_new = !a;
	if (!a && !(a = account_new(c, (uint16_t)short_id)))
		return;
	a->is_stale = false;
	a->security = i;
	a->server = (uint16_t)server;
	if (short_id && c->running && (is_new || a->state == ACCOUNT_ENDED))
		mp_lwm2m_account_begin(a, mp_lwm2m_account_number(a, 14, 0) * 1000);
}

void mp_lwm2m_accounts_refresh(struct mp_lwm2m_client *c)
{
	struct account **at = &c->accounts, *a;
	int32_t i = -1;

	for (a = c->accounts; a; a = a->next)
		a->is_stale = true;
	while ((i = mp_lwm2m_rows_next(&c->rows, 0, i)) >= 0)
		take_security(c, (uint16_t)i);
	while ((a = *at)) {
		if (!a->is_stale) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		account_free(a);
	}
}

static uint16_t free_instance(const struct mp_lwm2m_client *c, uint16_t object)
{
	uint16_t id = 0;

	while (mp_lwm2m_rows_has(&c->rows, &mp_lwm2m_path(object, id)))
		id++;
	return id;
}

struct row {
	uint16_t resource;
	struct mp_lwm2m_value value;
	bool wanted;
};

static int set_rows(struct mp_lwm2m_client *c, uint16_t object, uint16_t instance,
		    const struct row *rows, size_t n)
{
	struct mp_lwm2m_path p = mp_lwm2m_path(object, instance, 0);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		p.id[2] = rows[i].resource;
		if (rows[i].wanted)
			r = mp_lwm2m_rows_set(&c->rows, &p, &rows[i].value);
	}
	return r;
}

static int add_security(struct mp_lwm2m_client *c, const struct mp_lwm2m_account *a)
{
	const struct row rows[] = {
		{0, mp_lwm2m_string(a->uri), true},
		{1, mp_lwm2m_boolean(a->bootstrap), true},
		{2, mp_lwm2m_integer(a->mode), true},
		{3, mp_lwm2m_opaque(a->identity, a->identity_len), a->identity_len > 0},
		{4, mp_lwm2m_opaque(a->server_key, a->server_key_len), a->server_key_len > 0},
		{5, mp_lwm2m_opaque(a->secret, a->secret_len), a->secret_len > 0},
		{10, mp_lwm2m_integer(a->short_id), !a->bootstrap},
		{11, mp_lwm2m_integer(a->hold_off), a->bootstrap && a->hold_off},
	};

	return set_rows(c, 0, free_instance(c, 0), rows, sizeof(rows) / sizeof(rows[0]));
}

static bool is_tcp(const char *uri)
{
	return mp_str_starts_with(uri, "coap+tcp") || mp_str_starts_with(uri, "coaps+tcp");
}

static int add_server(struct mp_lwm2m_client *c, const struct mp_lwm2m_account *a)
{
	const char *binding = is_tcp(a->uri) ? "T" : "U";
	const struct row rows[] = {
		{0, mp_lwm2m_integer(a->short_id), true},
		{1, mp_lwm2m_integer(a->lifetime ? a->lifetime : 86400), true},
		{2, mp_lwm2m_integer(a->pmin), a->pmin > 0},
		{3, mp_lwm2m_integer(a->pmax), a->pmax > 0},
		{6, mp_lwm2m_boolean(a->keep_notifications), true},
		{7, mp_lwm2m_string(a->binding ? a->binding : binding), true},
	};

	return set_rows(c, 1, free_instance(c, 1), rows, sizeof(rows) / sizeof(rows[0]));
}

int mp_lwm2m_client_add_account(struct mp_lwm2m_client *c, const struct mp_lwm2m_account *a)
{
	uint16_t instances[2] = {free_instance(c, 0), free_instance(c, 1)};
	int r;

	if (!a->uri || !strstr(a->uri, "://") || strlen(a->uri) > 255)
		return -EINVAL;
	if (!a->bootstrap && (a->short_id == 0 || a->short_id > MP_LWM2M_ID_MAX))
		return -EINVAL;
	if (!a->bootstrap && server_of(c, a->short_id) >= 0)
		return -EEXIST;
	r = add_security(c, a);
	if (r == 0 && !a->bootstrap)
		r = add_server(c, a);
	if (r < 0) {
		(void)mp_lwm2m_rows_remove(&c->rows, &mp_lwm2m_path(0, instances[0]));
		if (!a->bootstrap)
			(void)mp_lwm2m_rows_remove(&c->rows, &mp_lwm2m_path(1, instances[1]));
		return r;
	}
	mp_lwm2m_client_enter(c);
	c->accounts_stale = c->running;
	c->save_wanted = true;
	mp_lwm2m_client_settle(c);
	return 0;
}

int mp_lwm2m_client_load(struct mp_lwm2m_client *c, const void *data, size_t len)
{
	int r = mp_lwm2m_rows_load(&c->rows, data, len);

	if (r == 0 && c->running)
		c->accounts_stale = true;
	return r;
}

/* "coaps://host:port", "coap+tcp://[::1]" (RFC 7252 6, RFC 8323 8). */
static int parse_uri(struct mp_lwm2m_peer *p)
{
	const char *host = strstr(p->uri, "://"), *end;
	uint64_t port;

	if (!host)
		return -EBADMSG;
	p->secure = mp_str_starts_with(p->uri, "coaps");
	p->tcp = is_tcp(p->uri);
	p->port = p->secure ? 5684 : 5683;
	host += 3;
	if (*host == '[') {
		end = strchr(++host, ']');
		if (!end)
			return -EBADMSG;
	} else {
		end = host + strcspn(host, ":/?");
	}
	if (end == host || (size_t)(end - host) >= sizeof(p->host))
		return -EBADMSG;
	memcpy(p->host, host, (size_t)(end - host));
	p->host[end - host] = 0;
	end += *end == ']';
	if (*end == ':') {
		char digits[6] = {0};
		size_t n = strspn(end + 1, "0123456789");

		if (n >= sizeof(digits))
			return -EBADMSG;
		memcpy(digits, end + 1, n);
		if (mp_str_parse_u64(digits, 65535, &port) < 0 || port == 0)
			return -EBADMSG;
		p->port = (uint16_t)port;
	}
	return 0;
}

static void get_bytes(const struct account *a, uint16_t resource, const uint8_t **ret,
		      size_t *ret_len)
{
	struct mp_lwm2m_path path = security(a->security, resource);
	struct mp_lwm2m_value v;

	*ret = NULL;
	*ret_len = 0;
	if (mp_lwm2m_rows_get(&a->client->rows, &path, &v)) {
		*ret = v.opaque.data;
		*ret_len = v.opaque.len;
	}
}

int mp_lwm2m_account_peer(const struct account *a, struct mp_lwm2m_peer *ret)
{
	const struct mp_lwm2m_rows *rows = &a->client->rows;
	struct mp_lwm2m_path uri = security(a->security, 0), mode = security(a->security, 2),
			     usage = security(a->security, 15);
	struct mp_lwm2m_value v;

	memset(ret, 0, sizeof(*ret));
	if (!mp_lwm2m_rows_get(rows, &uri, &v) || v.text.len >= sizeof(ret->uri))
		return -EBADMSG;
	memcpy(ret->uri, v.text.data, v.text.len);
	ret->short_id = a->short_id;
	ret->mode =
		(enum mp_lwm2m_security)mp_lwm2m_rows_number(rows, &mode, MP_LWM2M_SECURITY_NONE);
	ret->certificate_usage = (int)mp_lwm2m_rows_number(rows, &usage, -1);
	get_bytes(a, 3, &ret->identity, &ret->identity_len);
	get_bytes(a, 4, &ret->server_key, &ret->server_key_len);
	get_bytes(a, 5, &ret->secret, &ret->secret_len);
	return parse_uri(ret);
}
