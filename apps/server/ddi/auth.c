/* SPDX-License-Identifier: Apache-2.0
 * A certificate says who calls, and must say what the path says. Tokens are for clients that have
 * none, and are off until the server is started with them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "actions.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "ddi/handlers.h"
#include "enrolment.h"
#include "gateway.h"

__attribute__((format(printf, 2, 3))) static bool forbid(struct call *c, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ddi_error(c, 403, "hawkbit.server.error.insufficientpermission",
		  "org.eclipse.hawkbit.exception.InsufficientPermissionException", "%s", text);
	return false;
}

static bool by_certificate(struct call *c, const struct mp_identity *who)
{
	const char *controller = c->args[1];
	struct device *d = devices_find(c->server->devices, controller);
	uint8_t fingerprint[32];

	if (strcmp(who->cn, controller) != 0)
		return forbid(c,
			      "This is the certificate of device %.64s, which may not speak for "
			      "device %.64s.",
			      who->cn, controller);
	if (!d || !d->has_certificate)
		return forbid(c, "Device %.64s is not registered; it must be enrolled again.",
			      controller);
	if (mp_hex_parse(who->fingerprint, fingerprint, 32) < 0 ||
	    memcmp(fingerprint, d->fingerprint, 32) != 0)
		return forbid(
			c, "Device %.64s has been enrolled anew; this certificate is an older one.",
			controller);
	c->device = d;
	return true;
}

static bool unauthorized(struct call *c)
{
	call_refused(c);
	mp_reply_empty(c->rq, 401);
	return false;
}

static bool by_target_token(struct call *c, const char *token)
{
	struct device *d = devices_find(c->server->devices, c->args[1]);
	uint8_t hash[32];

	if (!c->server->options.target_tokens || !d || !d->has_token)
		return unauthorized(c);
	token_hash(token, hash);
	if (!mp_equal_secret(hash, d->token, 32))
		return unauthorized(c);
	c->device = d;
	return true;
}

static bool by_gateway_token(struct call *c, const char *token)
{
	struct device *d;
	int r;

	if (!gateway_is_token(c->server->gateway, token))
		return unauthorized(c);
	d = devices_find(c->server->devices, c->args[1]);
	if (!d && !device_name_is_valid(c->args[1])) {
		ddi_error(c, 400, "hawkbit.server.error.repo.constraintViolation",
			  "jakarta.validation.ConstraintViolationException",
			  "controllerId may have letters, digits and . _ - : and at most 64 "
			  "characters.");
		return false;
	}
	if (!d) {
		r = actions_register(c->server, c->args[1], &d);
		if (r < 0) {
			call_failed(c);
			return false;
		}
		c->registered = true;
	}
	c->device = d;
	return true;
}

bool ddi_authorize(struct call *c)
{
	const struct mp_identity *who = mp_request_identity(c->rq);
	const char *header, *token;

	if (who && strcasecmp(c->args[0], "DEFAULT") == 0)
		return by_certificate(c, who);
	if (call_is_throttled(c))
		return false;
	if (strcasecmp(c->args[0], "DEFAULT") != 0)
		return unauthorized(c);
	header = mp_request_header(c->rq, "Authorization");
	token = authorization_of(header, "TargetToken");
	if (token)
		return by_target_token(c, token);
	token = authorization_of(header, "GatewayToken");
	if (token)
		return by_gateway_token(c, token);
	return unauthorized(c);
}
