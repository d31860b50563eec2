/* SPDX-License-Identifier: Apache-2.0
 * streams.h - devices over TCP: a connection each, all in one epoll
 *
 *     r = streams_new(coap, &server, &s);
 *     r = streams_connect(s, d, NULL);         // tells the device's client when it is up, or is not
 *     ... when streams_fd(s) is readable:
 *     streams_run(s);
 */
#pragma once

#include "coap/connection.h"
#include "device.h"
#include "dtls/dtls.h"

struct streams;

int streams_new(struct mp_coap *coap, const struct mp_net_address *server, struct streams **ret);
void streams_free(struct streams *s); /* after the devices */
int streams_fd(const struct streams *s);
void streams_run(struct streams *s);

/* `own`: over TLS; NULL: without security. */
int streams_connect(struct streams *s, struct device *d, const struct mp_dtls_credentials *own);
void streams_disconnect(struct device *d);
bool streams_remote(const struct device *d, struct mp_coap_remote *ret); /* false: not up */
void streams_send(struct streams *s, const struct mp_coap_remote *to, const void *data, size_t len);
