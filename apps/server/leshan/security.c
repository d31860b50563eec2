/* SPDX-License-Identifier: Apache-2.0
 * /api/security and /api/server. Keys go in; unlike there, none comes out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/x509.h"
#include "leshan/leshan.h"
#include "lwm2m/credentials.h"
#include "lwm2m/lwm2m.h"
#include "server.h"

#define KEY_TEXT 1024

/* ---- out ---- */

/* {"identity": "..."} of a key, {"fingerprint": "..."} of what has only that. */
static struct mp_json *details_json(const struct credential_info *info)
{
	struct mp_json *j = mp_json_new_object();
	char text[PSK_IDENTITY_MAX + 1] = "";
	int r = 0;

	if (info->kind == CREDENTIAL_PSK) {
		memcpy(text, info->identity, info->identity_len);
		r = mp_json_put_str(j, "identity", text);
	} else if (info->sha256) {
		mp_hex_format(info->sha256, 32, text);
		r = mp_json_put_str(j, "fingerprint", text);
	}
	if (r == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

static struct mp_json *info_json(const struct credential_info *info, enum dialect dialect)
{
	const char *mode = credential_kind_name(info->kind);
	auto_(mp_json) *j = mp_json_new_object();
	struct mp_json *tls;
	int r = mp_json_put_str(j, "endpoint", info->endpoint);

	if (dialect == DIALECT_LESHAN1) {
		r |= info->kind == CREDENTIAL_X509 ? mp_json_put_bool(j, mode, true)
						   : mp_json_put(j, mode, details_json(info));
		return r ? NULL : take_ptr(j);
	}
	tls = mp_json_new_object();
	r |= mp_json_put_str(tls, "mode", mode);
	if (info->kind != CREDENTIAL_X509)
		r |= mp_json_put(tls, "details", details_json(info));
	r |= mp_json_put(j, "tls", tls);
	return r ? NULL : take_ptr(j);
}

void leshan_get_security(struct call *c)
{
	struct mp_json *items = mp_json_new_array();
	struct credential_info info;
	int r = 0;

	for (size_t i = 0; r == 0 && credentials_at(c->server->credentials, i, &info); i++)
		r = mp_json_append(items, info_json(&info, c->dialect));
	if (r < 0) {
		mp_json_free(items);
		items = NULL;
	}
	call_reply(c, 200, items);
}

/* ---- in ---- */

static int set_psk(struct server *s, const char *endpoint, const struct mp_json *details,
		   struct mp_err *err)
{
	const char *identity = mp_json_str(mp_json_get(details, "identity"), "");
	const char *text = mp_json_str(mp_json_get(details, "key"), "");
	size_t len = strlen(text) / 2;
	uint8_t key[PSK_MAX];
	int r;

	if (!*identity || len < PSK_MIN || len > PSK_MAX || mp_hex_parse(text, key, len) < 0)
		return mp_err_set(err, -EBADMSG,
				  "Invalid request body: psk needs an identity and a key in "
				  "hexadecimal digits");
	r = credentials_set_psk(s, endpoint, identity, strlen(identity), key, len);
	explicit_bzero(key, sizeof(key));
	if (r == -EEXIST)
		return mp_err_set(err, -EBADMSG, "PSK Identity %s is already used", identity);
	return r < 0 ? mp_err_set(err, r, "Invalid request body: psk") : 0;
}

static int set_rpk(struct server *s, const char *endpoint, const struct mp_json *details,
		   struct mp_err *err)
{
	const char *text = mp_json_str(mp_json_get(details, "key"), "");
	size_t len = strlen(text) / 2;
	uint8_t der[KEY_TEXT / 2], sha256[32];
	int r;

	if (len == 0 || len > sizeof(der) || mp_hex_parse(text, der, len) < 0 ||
	    mp_x509_public_key_id(der, len, sha256) < 0)
		return mp_err_set(err, -EBADMSG, "Invalid request body: invalid public key");
	r = credentials_set_rpk(s, endpoint, sha256);
	return r < 0 ? mp_err_set(err, r == -EEXIST ? -EBADMSG : r,
				  "Invalid request body: the public key is already used")
		     : 0;
}

/* Both dialects: {"tls": {"mode", "details"}} and {"psk": {...}}, {"rpk": {...}}, {"x509": true}. */
static int set_security(struct server *s, const struct mp_json *body, struct mp_err *err)
{
	const char *endpoint = mp_json_str(mp_json_get(body, "endpoint"), NULL);
	const struct mp_json *tls = mp_json_get(body, "tls");
	const char *mode = mp_json_str(mp_json_get(tls, "mode"), "");
	const struct mp_json *details = mp_json_get(tls, "details");
	int r;

	if (!endpoint)
		return mp_err_set(err, -EBADMSG, "Invalid request body: Missing endpoint");
	if (mp_json_get(body, "oscore"))
		return mp_err_set(err, -EBADMSG, "Invalid request body: OSCORE is not offered");
	if (!tls && mp_json_get(body, "psk")) {
		mode = "psk";
		details = mp_json_get(body, "psk");
	} else if (!tls && mp_json_get(body, "rpk")) {
		mode = "rpk";
		details = mp_json_get(body, "rpk");
	} else if (!tls && mp_json_bool(mp_json_get(body, "x509"), false)) {
		mode = "x509";
	}
	if (strcmp(mode, "psk") == 0)
		return set_psk(s, endpoint, details, err);
	if (strcmp(mode, "rpk") == 0)
		return set_rpk(s, endpoint, details, err);
	if (strcmp(mode, "x509") != 0)
		return mp_err_set(err, -EBADMSG,
				  "Invalid request body: psk, rpk or x509 is needed");
	r = credentials_set_x509(s, endpoint, NULL, NULL);
	return r < 0 ? mp_err_set(err, r, "Invalid request body: invalid endpoint") : 0;
}

void leshan_put_security(struct call *c)
{
	auto_(mp_json) *body = NULL;
	struct mp_err err = {""};
	size_t len;
	const char *text = mp_request_body(c->rq, &len);
	int r = mp_json_parse(text, len, &body, &err);

	if (r < 0) {
		leshan_text(c, 400, "Invalid request body: %s", err.text);
		return;
	}
	r = set_security(c->server, body, &err);
	if (r == 0) {
		mp_reply_empty(c->rq, 200);
		call_wrote(c);
	} else if (r == -EBADMSG) {
		leshan_text(c, 400, "%s", err.text);
	} else {
		call_failed(c);
	}
}

void leshan_delete_security(struct call *c)
{
	int r = credentials_remove(c->server, c->args[0]);

	if (r == -ENOENT) {
		static const char text[] = "{\"message\":\"not_found\"}";

		mp_reply(c->rq, 200, "application/json", text, strlen(text));
	} else if (r < 0) {
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 200);
		call_wrote(c);
	}
}

void leshan_bad_security(struct call *c)
{
	leshan_text(c, 400, "%s", "");
}

/* ---- the server itself ---- */

void leshan_get_server_security(struct call *c)
{
	call_reply(c, 200, mp_json_new_object());
}

static int add_endpoint(struct mp_json *items, const char *host, const char *scheme, uint16_t port,
			const char *what)
{
	struct mp_json *j, *uri;
	char full[128];
	int r;

	if (!port)
		return 0;
	j = mp_json_new_object();
	uri = mp_json_new_object();
	snprintf(full, sizeof(full), "%s://%s:%u", scheme, host, port);
	r = mp_json_put_str(uri, "full", full);
	r |= mp_json_put_str(uri, "scheme", scheme);
	r |= mp_json_put_str(uri, "host", host);
	r |= mp_json_put_int(uri, "port", port);
	r |= mp_json_put(j, "uri", uri);
	r |= mp_json_put_str(j, "description", what);
	return r | mp_json_append(items, j);
}

void leshan_get_endpoints(struct call *c)
{
	const struct lwm2m *l = c->server->lwm2m;
	const char *host = c->server->options.listen;
	struct mp_json *items = mp_json_new_array();
	int r = add_endpoint(items, host, "coap", lwm2m_port(l, false, false), "CoAP over UDP");

	r |= add_endpoint(items, host, "coaps", lwm2m_port(l, true, false), "CoAP over DTLS");
	r |= add_endpoint(items, host, "coap+tcp", lwm2m_port(l, false, true), "CoAP over TCP");
	r |= add_endpoint(items, host, "coaps+tcp", lwm2m_port(l, true, true), "CoAP over TLS");
	if (r) {
		mp_json_free(items);
		items = NULL;
	}
	call_reply(c, 200, items);
}
