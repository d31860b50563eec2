/* SPDX-License-Identifier: Apache-2.0
 * class.h - how a client implements an object: one struct of functions an object id
 *
 *     static int read(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
 *     {
 *             struct sensor *s = user;
 *             switch (resource) {
 *             case 5700: return mp_lwm2m_give(out, mp_lwm2m_float(s->celsius));
 *             default: return -ENOENT;
 *             }
 *     }
 *     const struct mp_lwm2m_class temperature = { .id = 3303, .read = read };
 *
 * What resources are called, their types, and what may be read, written and executed comes from
 * the model (model.h): values reach a class converted to the type of the model, and only operations
 * that the model allows reach it at all. An object that the model does not know is not served.
 * A class is constant and shared by any number of clients; `user` is the one's own state.
 *
 * Negative results become CoAP codes: -ENOENT 4.04, -EOPNOTSUPP and -ENOTSUP 4.05, -EINVAL, -ERANGE
 * and -EBADMSG 4.00, -EPERM and -EACCES 4.01, -EFBIG 4.13, -EBUSY 5.03, others 5.00.
 */
#pragma once

#include "coap/endpoint.h"
#include "lwm2m/model.h"
#include "lwm2m/path.h"
#include "lwm2m/value.h"

/* Where a read puts its values: one, or any number of a multiple resource in ascending order. */
struct mp_lwm2m_out;
int mp_lwm2m_give(struct mp_lwm2m_out *out, struct mp_lwm2m_value value);
int mp_lwm2m_give_instance(struct mp_lwm2m_out *out, uint16_t resource_instance,
			   struct mp_lwm2m_value value);

struct mp_lwm2m_class {
	uint16_t id;
	uint16_t version; /* MP_LWM2M_VERSION(1, 1); 0: 1.0 */
	/* Those that can be there, ascending; NULL: all of the model. */
	const uint16_t *resources;
	size_t n_resources;

	/* The first instance after this one (-1: the first of all), or -1. NULL: instance 0 alone. */
	int32_t (*next)(void *user, int32_t after);
	/* Put the values. -ENOENT: this instance does not have the resource (now). A multiple resource
	 * without instances puts none and returns 0. */
	int (*read)(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out);
	/* A resource (path.n 3) or an instance of it (4). `value` NULL: the instances of a multiple
	 * resource go, new ones follow. NULL: nothing can be written. */
	int (*write)(void *user, const struct mp_lwm2m_path *path,
		     const struct mp_lwm2m_value *value);
	/* Would write() take it? Asked for all values of a request before the first is written, so
	 * that a request succeeds as a whole or not at all. NULL: yes. */
	int (*check)(void *user, const struct mp_lwm2m_path *path,
		     const struct mp_lwm2m_value *value);
	/* Before the values of a Write (Replace) of the whole instance. NULL: others stay. */
	int (*clear)(void *user, uint16_t instance);
	/* `arguments` is the text of the request ("0='x',1"), with a NUL. What ends the process or the
	 * connection must be done later: the response is sent after the return. */
	int (*execute)(void *user, uint16_t instance, uint16_t resource, const char *arguments,
		       size_t len);
	/* The instance exists when it returns; its values follow by write(). NULL: 4.05. */
	int (*create)(void *user, uint16_t instance);
	int (*remove)(void *user, uint16_t instance); /* NULL: 4.05 */
	/* Take a long opaque value block by block (as opaque, to exactly this resource). 0 with *ret
	 * filled in; negative: refuse with its code; -EAGAIN or NULL: collect it and write(). */
	int (*sink)(void *user, uint16_t instance, uint16_t resource, struct mp_coap_sink *ret);
	/* This server writes (short server id; 0: the bootstrap server), before check() and create();
	 * NULL: does not matter. */
	void (*by)(void *user, uint16_t short_id);
};
