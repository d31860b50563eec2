/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware of devices that are made of several parts: an instance a component, which may be linked so
 * that they are updated in one go. Its numbers are those of a widespread object, so that its devices
 * are understood as well; docs/spec/lwm2m.md says what each of them means here. */
#include "lwm2m/model_table.h"

static const struct mp_lwm2m_resource resources[] = {
	{"Package", NULL, NULL, 0, MP_LWM2M_OPAQUE, W, ONE, MUST},
	{"Package URI", "0..255", NULL, 1, MP_LWM2M_STRING, RW, ONE, MUST},
	{"Update", NULL, NULL, 2, MP_LWM2M_NONE, E, ONE, MUST},
	{"State", "0..3", NULL, 3, MP_LWM2M_INTEGER, R, ONE, MUST},
	{"Update Result", "0..13", NULL, 5, MP_LWM2M_INTEGER, R, ONE, MUST},
	{"Package Name", "0..255", NULL, 6, MP_LWM2M_STRING, R, ONE, MAY},
	{"Package Version", "0..255", NULL, 7, MP_LWM2M_STRING, R, ONE, MAY},
	{"Protocols", "0..5", NULL, 8, MP_LWM2M_INTEGER, R, MANY, MAY},
	{"Delivery Method", "0..2", NULL, 9, MP_LWM2M_INTEGER, R, ONE, MUST},
	{"Cancel", NULL, NULL, 10, MP_LWM2M_NONE, E, ONE, MAY},
	{"Severity", "0..2", NULL, 11, MP_LWM2M_INTEGER, RW, ONE, MAY},
	{"Last State Change", NULL, NULL, 12, MP_LWM2M_TIME, R, ONE, MAY},
	{"Maximum Defer Period", NULL, "s", 13, MP_LWM2M_UNSIGNED, RW, ONE, MAY},
	{"Component Name", NULL, NULL, 14, MP_LWM2M_STRING, R, ONE, MUST},
	{"Current Version", NULL, NULL, 15, MP_LWM2M_STRING, R, ONE, MUST},
	{"Linked Instances", NULL, NULL, 16, MP_LWM2M_OBJLNK, R, MANY, MAY},
	{"Conflicting Instances", NULL, NULL, 17, MP_LWM2M_OBJLNK, R, MANY, MAY},
};

static const struct mp_lwm2m_object objects[] = {
	{"Component Firmware", resources, sizeof(resources) / sizeof(resources[0]), 33629,
	 MP_LWM2M_VERSION(1, 0), MANY, MAY},
};

const struct mp_lwm2m_model mp_lwm2m_model_firmware = {
	.objects = objects,
	.n = sizeof(objects) / sizeof(objects[0]),
};
