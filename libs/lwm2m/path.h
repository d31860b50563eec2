/* SPDX-License-Identifier: Apache-2.0
 * path.h - where something stands in a device: "/3/0/9" (LwM2M Core section 7.2)
 *
 *     r = mp_lwm2m_path_parse("/3/0/9", 6, &p);       // p.n == 3
 *     MP_COAP_EACH_OPTION(o, m) if (o.number == MP_COAP_URI_PATH)
 *         r = mp_lwm2m_path_push(&p, o.value, o.len);
 *     if (mp_lwm2m_path_is_below(&p, &mp_lwm2m_path(3, 0))) ...
 *
 * No clock, no memory, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MP_LWM2M_ID_MAX 65534
/* An object instance whose number the device chooses (Create without one); the null link. */
#define MP_LWM2M_ID_NONE 65535

/* The levels of a path, which are its `n` as well. */
enum mp_lwm2m_level {
	MP_LWM2M_ROOT,
	MP_LWM2M_OBJECT,
	MP_LWM2M_INSTANCE,
	MP_LWM2M_RESOURCE,
	MP_LWM2M_RESOURCE_INSTANCE,
};

struct mp_lwm2m_path {
	uint16_t id[4];
	uint8_t n; /* ids that there are; 0 is the root; those beyond are 0 */
};

/* mp_lwm2m_path(3, 0, 9): a path from its numbers; mp_lwm2m_path_root is the empty one. */
#define MP_LWM2M_PATH_COUNT(...) (sizeof((uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))
#define mp_lwm2m_path(...)                                                                         \
	((struct mp_lwm2m_path){.id = {__VA_ARGS__}, .n = MP_LWM2M_PATH_COUNT(__VA_ARGS__)})
extern const struct mp_lwm2m_path mp_lwm2m_path_root;

/* Decimal numbers of 0 to 65534 without leading zeros, each after a '/'; "/" is the root.
 * 0, -EBADMSG. */
int mp_lwm2m_path_parse(const char *text, size_t len, struct mp_lwm2m_path *ret);

/* One more level from the digits of a Uri-Path option. 0; -EBADMSG: no such number, or a
 * fifth level. */
int mp_lwm2m_path_push(struct mp_lwm2m_path *p, const void *digits, size_t len);

/* One more level. Programming error beyond the fourth. */
struct mp_lwm2m_path mp_lwm2m_path_child(const struct mp_lwm2m_path *p, uint16_t id);

/* The first `n` levels of it. */
struct mp_lwm2m_path mp_lwm2m_path_top(const struct mp_lwm2m_path *p, unsigned n);

#define MP_LWM2M_PATH_TEXT sizeof("/65534/65534/65534/65534")
/* "/3/0/9"; the root is "/". Returns the length. */
size_t mp_lwm2m_path_format(const struct mp_lwm2m_path *p, char text[MP_LWM2M_PATH_TEXT]);

/* <0, 0, >0: level by level, a parent before its children. */
int mp_lwm2m_path_compare(const struct mp_lwm2m_path *a, const struct mp_lwm2m_path *b);

/* Is `p` the same as `top`, or below it? Everything is below the root. */
bool mp_lwm2m_path_is_below(const struct mp_lwm2m_path *p, const struct mp_lwm2m_path *top);
