/* SPDX-License-Identifier: Apache-2.0
 * Credentials of LwM2M devices. They go in and never come out: what is answered names the kind,
 * the identity and digests. */
#include "lwm2m/credentials.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "crypto/x509.h"
#include "devices.h"
#include "rest/rest.h"

#define KEY_TEXT 1024 /* hexadecimal digits of a public key */

static struct mp_json *info_json(const struct credential_info *info)
{
	struct mp_json *j = mp_json_new_object();
	char identity[PSK_IDENTITY_MAX + 1] = "", hex[65];
	int r = mp_json_put_str(j, "endpoint", info->endpoint);

	r |= mp_json_put_str(j, "kind", credential_kind_name(info->kind));
	if (info->identity) {
		memcpy(identity, info->identity, info->identity_len);
		r |= mp_json_put_str(j, info->kind == CREDENTIAL_PSK ? "identity" : "common_name",
				     identity);
	}
	if (info->sha256) {
		mp_hex_format(info->sha256, 32, hex);
		r |= mp_json_put_str(j, "sha256", hex);
	}
	if (r == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

/* ---- one credential out of JSON ---- */

static int set_psk(struct server *s, const char *endpoint, const struct mp_json *j,
		   struct mp_err *err)
{
	const char *identity = mp_json_str(mp_json_get(j, "identity"), endpoint), *text;
	uint8_t key[PSK_MAX];
	int r = mp_json_read_str(j, "key", &text, err);
	size_t len;

	if (r < 0)
		return r;
	len = strlen(text) / 2;
	if (len < PSK_MIN || len > PSK_MAX || mp_hex_parse(text, key, len) < 0)
		return mp_err_set(err, -EBADMSG,
				  "'key' must be 1 to %d bytes in hexadecimal digits", PSK_MAX);
	if (!*identity || strlen(identity) > PSK_IDENTITY_MAX)
		return mp_err_set(err, -EBADMSG, "'identity' must have 1 to %d bytes",
				  PSK_IDENTITY_MAX);
	r = credentials_set_psk(s, endpoint, identity, strlen(identity), key, len);
	explicit_bzero(key, sizeof(key));
	if (r == -EEXIST)
		return mp_err_set(err, r, "the PSK identity %s is another device's", identity);
	return r < 0 ? mp_err_set(err, r, "it could not be stored") : 0;
}

static int set_rpk(struct server *s, const char *endpoint, const struct mp_json *j,
		   struct mp_err *err)
{
	uint8_t der[KEY_TEXT / 2], sha256[32];
	const char *text;
	int r = mp_json_read_str(j, "key", &text, err);
	size_t len;

	if (r < 0)
		return r;
	len = strlen(text) / 2;
	if (len > sizeof(der) || mp_hex_parse(text, der, len) < 0 ||
	    mp_x509_public_key_id(der, len, sha256) < 0)
		return mp_err_set(err, -EBADMSG,
				  "'key' must be a public key (SubjectPublicKeyInfo in DER) in "
				  "hexadecimal digits");
	r = credentials_set_rpk(s, endpoint, sha256);
	if (r == -EEXIST)
		return mp_err_set(err, r, "this public key is another device's");
	return r < 0 ? mp_err_set(err, r, "it could not be stored") : 0;
}

static int set_x509(struct server *s, const char *endpoint, const struct mp_json *j,
		    struct mp_err *err)
{
	const char *name = mp_json_str(mp_json_get(j, "common_name"), NULL);
	const char *text = mp_json_str(mp_json_get(j, "sha256"), NULL);
	uint8_t sha256[32];
	int r;

	if (text && mp_hex_parse(text, sha256, sizeof(sha256)) < 0)
		return mp_err_set(err, -EBADMSG,
				  "'sha256' must be a certificate's digest: 64 hexadecimal digits");
	if (name && (!*name || strlen(name) > 64))
		return mp_err_set(err, -EBADMSG, "'common_name' must have 1 to 64 bytes");
	r = credentials_set_x509(s, endpoint, name, text ? sha256 : NULL);
	return r < 0 ? mp_err_set(err, r, "it could not be stored") : 0;
}

/* {"psk": {...}} or {"rpk": {...}} or {"x509": {...}}. -EBADMSG, -EEXIST, or as the store says. */
static int set_one(struct server *s, const char *endpoint, const struct mp_json *j,
		   struct mp_err *err)
{
	static const struct {
		const char *name;
		int (*set)(struct server *s, const char *endpoint, const struct mp_json *j,
			   struct mp_err *err);
	} kinds[] = {{"psk", set_psk}, {"rpk", set_rpk}, {"x509", set_x509}};
	size_t found = 0, which = 0;

	if (!device_name_is_valid(endpoint))
		return mp_err_set(err, -EBADMSG, "'%.80s' is no name of a device", endpoint);
	for (size_t i = 0; i < 3; i++)
		if (mp_json_type(mp_json_get(j, kinds[i].name)) == MP_JSON_OBJECT) {
			which = i;
			found++;
		}
	if (found != 1)
		return mp_err_set(err, -EBADMSG, "one of 'psk', 'rpk' and 'x509' is needed");
	return kinds[which].set(s, endpoint, mp_json_get(j, kinds[which].name), err);
}

/* ---- requests ---- */

void rest_get_credentials(struct call *c)
{
	struct credential_info info;

	if (credentials_info(c->server->credentials, c->args[0], &info))
		call_reply(c, 200, info_json(&info));
	else
		call_error(c, 404, "%s has no credentials here.", c->args[0]);
}

void rest_put_credentials(struct call *c)
{
	auto_(mp_json) *body = NULL;
	struct mp_err err = {""};
	int r;

	if (!call_json(c, &body))
		return;
	r = set_one(c->server, c->args[0], body, &err);
	if (r < 0) {
		call_error_code(c, r, &err);
		return;
	}
	mp_reply_empty(c->rq, 204);
	call_wrote(c);
}

void rest_delete_credentials(struct call *c)
{
	int r = credentials_remove(c->server, c->args[0]);

	if (r == -ENOENT) {
		call_error(c, 404, "%s has no credentials here.", c->args[0]);
	} else if (r < 0) {
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 204);
		call_wrote(c);
	}
}

void rest_list_credentials(struct call *c)
{
	auto_(mp_json) *items = mp_json_new_array();
	struct credential_info info;
	struct rest_window window;
	int r = 0;

	if (!rest_window(c, &window))
		return;
	for (uint64_t i = 0; r == 0 && i < window.limit; i++) {
		if (!credentials_at(c->server->credentials, window.offset + i, &info))
			break;
		r = mp_json_append(items, info_json(&info));
	}
	if (r < 0)
		call_reply(c, 500, NULL);
	else
		rest_reply_list(c, take_ptr(items), credentials_count(c->server->credentials));
}

static int put_refusal(struct mp_json *refused, const char *endpoint, const char *why)
{
	struct mp_json *j = mp_json_new_object();
	int r = mp_json_put_str(j, "endpoint", endpoint);

	r |= mp_json_put_str(j, "error", why);
	return r | mp_json_append(refused, j);
}

/* Each is taken or refused on its own: one bad line of a thousand stops nobody. */
void rest_post_credentials(struct call *c)
{
	auto_(mp_json) *body = NULL, *refused = mp_json_new_array();
	struct mp_json *j = mp_json_new_object();
	const struct mp_json *items, *item;
	struct mp_err err = {""};
	int64_t stored = 0;
	int r = 0;

	if (!call_json(c, &body)) {
		mp_json_free(j);
		return;
	}
	if (mp_json_read_array(body, "items", &items, &err) < 0) {
		mp_json_free(j);
		call_error(c, 400, "%s", err.text);
		return;
	}
	for (size_t i = 0; r == 0 && (item = mp_json_at(items, i)); i++) {
		const char *endpoint = mp_json_str(mp_json_get(item, "endpoint"), "");
		int taken = set_one(c->server, endpoint, item, &err);

		if (taken == 0)
			stored++;
		else if (taken == -EBADMSG || taken == -EEXIST)
			r = put_refusal(refused, endpoint, err.text);
		else
			r = taken;
	}
	r |= mp_json_put_int(j, "stored", stored);
	r |= mp_json_put(j, "refused", take_ptr(refused));
	if (r) {
		mp_json_free(j);
		call_failed(c);
		return;
	}
	call_reply(c, 200, j);
	call_wrote(c);
}
