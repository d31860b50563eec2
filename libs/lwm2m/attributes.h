/* SPDX-License-Identifier: Apache-2.0
 * attributes.h - when a device notifies: pmin, pmax, gt, lt, st, … (LwM2M Core 1.2 section 7.3)
 *
 *     struct mp_lwm2m_attributes a = {0};
 *     MP_COAP_EACH_OPTION(o, m) if (o.number == MP_COAP_URI_QUERY)
 *         r = mp_lwm2m_attributes_parse(&a, o.value, o.len);       // "pmin=10", "gt" (takes it away)
 *     mp_lwm2m_attributes_update(&kept, &a);
 *
 * No clock, no memory, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/link.h"
#include "lwm2m/path.h"

enum mp_lwm2m_attribute_bit {
	MP_LWM2M_PMIN = 1 << 0, /* seconds */
	MP_LWM2M_PMAX = 1 << 1,
	MP_LWM2M_GT = 1 << 2,
	MP_LWM2M_LT = 1 << 3,
	MP_LWM2M_ST = 1 << 4,
	MP_LWM2M_EPMIN = 1 << 5,
	MP_LWM2M_EPMAX = 1 << 6,
	MP_LWM2M_EDGE = 1 << 7, /* 1.2: 0 falling, 1 rising */
	MP_LWM2M_CON = 1 << 8, /* 1.2: 1 confirmable notifications */
	MP_LWM2M_HQMAX = 1 << 9, /* 1.2: most historical values that are kept */
};
#define MP_LWM2M_ATTRIBUTE_COUNT 10

struct mp_lwm2m_attributes {
	uint16_t set; /* bits of those that have a value */
	uint16_t clear; /* bits of those that were named without one: to be taken away */
	uint32_t pmin, pmax, epmin, epmax, hqmax;
	double gt, lt, st;
	bool edge, con;
};

/* Add one "name=value" or "name". 0; -ENOENT: another name (a parameter of the request that is not
 * an attribute); -EBADMSG: no such value, or a name that was there already. */
int mp_lwm2m_attributes_parse(struct mp_lwm2m_attributes *a, const void *query, size_t len);

/* Is the combination sound? lt + 2 * st < gt, st > 0, epmin < epmax (Core 7.3.2). A pmax below pmin is
 * to be ignored, and no error. 0, -EPROTO. */
int mp_lwm2m_attributes_check(const struct mp_lwm2m_attributes *a);

/* May attributes `set` or `clear` be written at this level? gt, lt, st and edge belong to resources
 * and their instances. 0, -EPROTO. */
int mp_lwm2m_attributes_fit(const struct mp_lwm2m_attributes *a, const struct mp_lwm2m_path *path);

/* Write `change` over what is kept. */
void mp_lwm2m_attributes_update(struct mp_lwm2m_attributes *kept,
				const struct mp_lwm2m_attributes *change);
/* Fill in from a higher level what `a` does not set itself. */
void mp_lwm2m_attributes_inherit(struct mp_lwm2m_attributes *a,
				 const struct mp_lwm2m_attributes *above);

#define MP_LWM2M_ATTRIBUTE_TEXT 48
/* The text of one ("pmin=10"; "pmin" when it is to be taken away), by the number of its bit:
 * its length, 0 when it is not there. For Uri-Query and links. */
size_t mp_lwm2m_attributes_format(const struct mp_lwm2m_attributes *a, unsigned i,
				  char text[MP_LWM2M_ATTRIBUTE_TEXT]);

/* All of them that are set, as attributes of the link that was added last. */
void mp_lwm2m_attributes_write(const struct mp_lwm2m_attributes *a, struct mp_lwm2m_link_writer *w);
/* Those of a link, whatever else it has. 0, -EBADMSG. */
int mp_lwm2m_attributes_read(const struct mp_lwm2m_link *link, struct mp_lwm2m_attributes *ret);
