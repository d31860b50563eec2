/* SPDX-License-Identifier: Apache-2.0
 * port.h - a port of the bootstrap server: UDP, with DTLS or without, onto one CoAP endpoint
 *
 *     r = port_open(s, coap, 5684, true, &p, &err);
 *     port_send(p, &remote, data, len);  port_flush(p);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "coap/endpoint.h"
#include "lwm2m/credentials.h"

struct server;
struct port;

struct port_owner { /* told of each batch and each session's end */
	struct mp_coap *coap;
	void (*tick)(void *user, int64_t *ret_now_ms); /* before a batch */
	void (*done)(void *user); /* after it: flush */
	void (*session_gone)(void *user, void *session);
	void *user;
};
int port_open(struct server *s, const struct port_owner *owner, uint16_t number, bool is_secure,
	      struct port **ret, struct mp_err *err);
void port_free(struct port *p);
bool port_has(const struct port *p, const struct mp_coap_remote *remote); /* it came by this one */
void port_send(struct port *p, const struct mp_coap_remote *to, const void *data, size_t len);
void port_tick(struct port *p, int64_t now_ms);
int64_t port_next_ms(const struct port *p);
void port_flush(struct port *p);
uint16_t port_number(const struct port *p);
/* What the session of this remote has proven. */
void port_proof(const struct mp_coap_remote *remote, struct credential_proof *ret);
