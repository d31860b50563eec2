/* SPDX-License-Identifier: Apache-2.0
 * requests.h - asking a device: every operation of LwM2M's device management in one call
 *
 *     struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_READ);
 *     o.paths = &mp_lwm2m_path(3, 0, 9);
 *     o.n_paths = 1;
 *     r = lwm2m_ask(s, registration, &o, answered, user, NULL);
 *
 * The handler is called once, later, whatever becomes of it; what the device sent has been decoded
 * by then, with the types of the object model. A device in queue mode that sleeps is not asked:
 * what happens instead is the operation's `asleep`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coap/endpoint.h"
#include "lwm2m/attributes.h"
#include "lwm2m/format.h"

struct server;
struct registration;
struct observation;
struct lwm2m_request;

enum lwm2m_kind { /* stored: append only */
		  LWM2M_READ,
		  LWM2M_WRITE_REPLACE,
		  LWM2M_WRITE_PARTIAL,
		  LWM2M_EXECUTE,
		  LWM2M_CREATE,
		  LWM2M_DELETE,
		  LWM2M_DISCOVER,
		  LWM2M_WRITE_ATTRIBUTES,
		  LWM2M_READ_COMPOSITE,
		  LWM2M_WRITE_COMPOSITE,
		  LWM2M_OBSERVE,
		  LWM2M_OBSERVE_COMPOSITE,
		  LWM2M_CANCEL_OBSERVE, /* actively: the device is asked to end it */
		  LWM2M_KINDS
};
const char *lwm2m_kind_name(enum lwm2m_kind k); /* "read", "write-replace", … */

enum lwm2m_asleep { /* when the device sleeps, or is not registered, now */
		    LWM2M_FAIL, /* -EHOSTDOWN */
		    LWM2M_QUEUE, /* wait in its queue until `expiry_seconds` */
		    LWM2M_QUEUE_REPLACE, /* the same, in place of what waits there for the same kind and path */
};

struct lwm2m_operation { /* everything is copied, but a source's own state */
	enum lwm2m_kind kind;
	const struct mp_lwm2m_path *paths; /* one; composite operations: some */
	size_t n_paths;
	/* What is written or created, in the order of paths; composite: any paths. Encoded as `format` says. */
	const struct mp_lwm2m_record *records;
	size_t n_records;
	/* Or as bytes of `format`, as they are. */
	const void *payload;
	size_t payload_len;
	/* Or a long one that never lies in memory (firmware): OPAQUE. */
	const struct mp_coap_source *source;
	int format; /* of what is sent; -1: what suits the version and the values */
	int accept; /* wanted; -1: what suits the version of the device */
	const char *arguments; /* EXECUTE; NULL: none */
	const struct mp_lwm2m_attributes *attributes; /* WRITE_ATTRIBUTES; OBSERVE of 1.2 */
	const struct observation *observation; /* CANCEL_OBSERVE: its paths */
	unsigned timeout_ms; /* since the last sign of life; 0: CoAP's 93 s */
	enum lwm2m_asleep asleep;
	unsigned expiry_seconds; /* in the queue; 0: a day */
};
#define LWM2M_OPERATION(k) ((struct lwm2m_operation){.kind = (k), .format = -1, .accept = -1})

enum lwm2m_outcome { /* stored: append only */
		     LWM2M_ANSWERED, /* by the device, with whatever code */
		     LWM2M_TIMED_OUT,
		     LWM2M_RESET, /* the device answered RST */
		     LWM2M_UNREADABLE, /* it answered what we cannot read; `diagnostic` says it */
		     LWM2M_GONE, /* its registration ended meanwhile */
		     LWM2M_CANCELED, /* by us */
		     LWM2M_OVERDUE, /* expired in the queue */
};
const char *lwm2m_outcome_name(enum lwm2m_outcome o); /* "answered", "timed-out", … */

struct lwm2m_result { /* borrowed during the handler */
	enum lwm2m_outcome outcome;
	uint8_t code; /* CoAP; 0 unless answered */
	int format; /* of the payload; -1: none */
	const void *payload; /* as it came */
	size_t payload_len;
	const struct mp_lwm2m_record
		*records; /* values, typed by the model, in the device's order */
	size_t n_records;
	const char *links; /* DISCOVER: link format (lwm2m/link.h) */
	size_t links_len;
	const char *location; /* CREATE: "/3303/1" when the device told it, "" else */
	const char *diagnostic; /* what the device said with an error, or we; "" when nothing */
	struct observation *observation; /* OBSERVE…: the one that now is */
};
static inline bool lwm2m_result_is_success(const struct lwm2m_result *r)
{
	return r->outcome == LWM2M_ANSWERED && mp_coap_class(r->code) == 2;
}

/* 0: asked, and the handler will be called once; *ret (may be NULL) is valid until then.
 * 1: it waits in the device's queue as *ret_id; the handler is never called: LWM2M_DONE is told
 * (listeners.h), and queue.h has the result.
 * -EHOSTDOWN: asleep; -EINVAL: the operation makes no sense (no path, a source without memory …);
 * -ENOTSUP: the format cannot carry it; -ENOBUFS: too much waits for this device already; -ENOMEM. */
int lwm2m_ask(struct server *s, struct registration *r, const struct lwm2m_operation *o,
	      void (*handler)(void *user, const struct lwm2m_result *result), void *user,
	      struct lwm2m_request **ret, int64_t *ret_id);
/* The handler is called with LWM2M_CANCELED before this returns. */
void lwm2m_cancel(struct lwm2m_request *q);

/* Does the operation make sense? -EINVAL, -ENOTSUP as above. */
int lwm2m_check(const struct lwm2m_operation *o);
/* Its payload as bytes, in the format that suits the device (NULL: of LwM2M 1.0): *ret is the caller's,
 * NULL when there is none. -EINVAL, -ENOTSUP, -ENOMEM. */
int lwm2m_encode(const struct registration *r, const struct lwm2m_operation *o, uint8_t **ret,
		 size_t *ret_len, int *ret_format);

/* Bytes of a device as values, with the types of the model; shared by answers, notifications, Send and
 * results of the queue. `base`: the path asked for, or the root; `format` -1: text; `r` may be NULL. */
struct lwm2m_values {
	struct mp_lwm2m_record *records;
	size_t n, room;
	uint8_t *scratch;
};
int lwm2m_decode(struct server *s, const struct registration *r, int format,
		 const struct mp_lwm2m_path *base, const void *data, size_t len,
		 struct lwm2m_values *ret); /* -EBADMSG, -ENOTSUP, -ENOMEM; borrows `data` */
void lwm2m_values_done(struct lwm2m_values *v);
