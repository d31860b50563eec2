/* SPDX-License-Identifier: Apache-2.0
 * objects.h - classes of the objects that have behaviour of their own, over small providers
 *
 *     static const struct mp_lwm2m_device_provider provider = { .read = read, .reboot = reboot };
 *     struct mp_lwm2m_device device = { .provider = &provider, .user = me };
 *     kind.classes[0] = &mp_lwm2m_device_class;       // and kind.state gives &device for it
 *
 *     struct mp_lwm2m_firmware fw = { .provider = &firmware, .user = me, .client = c };
 *     ... in the provider's download(): later mp_lwm2m_firmware_downloaded(&fw, 0);
 *
 * The state structs are the caller's to place and, before use, all zero but for what is named.
 * Provider functions that may be NULL say so.
 */
#pragma once

#include "lwm2m/class.h"
#include "lwm2m/client.h"

/* ---- 3 Device ---- */
enum mp_lwm2m_device_error { /* resource 11 */
			     MP_LWM2M_ERROR_NONE,
			     MP_LWM2M_ERROR_LOW_BATTERY,
			     MP_LWM2M_ERROR_SUPPLY_OFF,
			     MP_LWM2M_ERROR_GPS,
			     MP_LWM2M_ERROR_LOW_SIGNAL,
			     MP_LWM2M_ERROR_MEMORY,
			     MP_LWM2M_ERROR_SMS,
			     MP_LWM2M_ERROR_IP,
			     MP_LWM2M_ERROR_PERIPHERAL,
};
struct mp_lwm2m_device_provider {
	/* All resources but 4, 5, 11, 12 (-ENOENT for those that it does not have). */
	int (*read)(void *user, uint16_t resource, struct mp_lwm2m_out *out);
	int (*write)(void *user, uint16_t resource,
		     const struct mp_lwm2m_value *value); /* 13-15; NULL: 4.05 */
	int (*reboot)(void *user); /* shortly after; NULL: 4.05 */
	int (*factory_reset)(void *user); /* the same */
};
struct mp_lwm2m_device {
	const struct mp_lwm2m_device_provider *provider;
	void *user;
	struct mp_lwm2m_client *client;
	uint64_t errors; /* bits of the codes above, without NONE, and of 16-32, the device's own */
};
extern const struct mp_lwm2m_class mp_lwm2m_device_class;
/* A fault is there, or gone. */
void mp_lwm2m_device_set_error(struct mp_lwm2m_device *d, enum mp_lwm2m_device_error e, bool is_on);

/* ---- 5 Firmware Update ---- */
enum mp_lwm2m_update_state { /* resource 3 */
			     MP_LWM2M_UPDATE_IDLE,
			     MP_LWM2M_UPDATE_DOWNLOADING,
			     MP_LWM2M_UPDATE_DOWNLOADED,
			     MP_LWM2M_UPDATE_UPDATING,
};
enum mp_lwm2m_update_result { /* resource 5 */
			      MP_LWM2M_RESULT_INITIAL,
			      MP_LWM2M_RESULT_SUCCESS,
			      MP_LWM2M_RESULT_NO_FLASH,
			      MP_LWM2M_RESULT_NO_MEMORY,
			      MP_LWM2M_RESULT_CONNECTION_LOST,
			      MP_LWM2M_RESULT_INTEGRITY,
			      MP_LWM2M_RESULT_PACKAGE_TYPE,
			      MP_LWM2M_RESULT_URI,
			      MP_LWM2M_RESULT_FAILED,
			      MP_LWM2M_RESULT_PROTOCOL,
			      MP_LWM2M_RESULT_CANCELLED, /* 1.1 */
			      MP_LWM2M_RESULT_DEFERRED, /* 1.1 */
			      MP_LWM2M_RESULT_CONFLICT, /* 33629: another component's state */
			      MP_LWM2M_RESULT_DEPENDENCY, /* 33629: another component's version */
};
const char *mp_lwm2m_update_result_text(unsigned result); /* "not enough flash memory" */

struct mp_lwm2m_firmware_provider {
	uint8_t delivery; /* resource 9: 0 pull, 1 push, 2 both */
	uint8_t protocols; /* resource 8: bits 1 << 0 coap, 1 coaps, 2 http, 3 https, 4 coap+tcp … */
	/* A package by push: begins at offset 0; 0, or negative with the result of it: -ENOSPC no
	 * flash, -ENOMEM, -EBADMSG integrity, -ENOTSUP package type, others: connection lost. */
	int (*write)(void *user, uint64_t offset, const void *data, size_t len);
	int (*end)(void *user); /* whole; verify it. As above; -EINPROGRESS: …_downloaded() later */
	/* Fetch it; …_downloaded() later. -EINVAL invalid URI, -EPROTONOSUPPORT, as above. */
	int (*pull)(void *user, const char *uri);
	/* Give up what was or is being downloaded. */
	void (*drop)(void *user);
	/* Install; …_updated() later, or after a reboot: then through struct mp_lwm2m_firmware. */
	int (*update)(void *user);
	/* State, result and URI are others: keep them, when a reboot must not lose them. NULL: no. */
	void (*save)(void *user, uint8_t state, uint8_t result, const char *uri);
	/* Names of the package; NULL or NULL returned: none. */
	const char *(*name)(void *user), *(*version)(void *user);
};
struct mp_lwm2m_firmware { /* state, result and uri as they were saved, for a boot in between */
	const struct mp_lwm2m_firmware_provider *provider;
	void *user;
	struct mp_lwm2m_client *client;
	char *uri; /* freed by _done() */
	uint64_t got; /* bytes of a push */
	uint16_t object, instance; /* of a component (below): 33629 and its number; else 0 */
	uint8_t state, result;
	bool broken; /* a push that ended early has told why */
	bool sunk; /* a push came whole, and its request is about to be served */
};
extern const struct mp_lwm2m_class mp_lwm2m_firmware_class;
void mp_lwm2m_firmware_done(struct mp_lwm2m_firmware *f);
/* The download ended: 0 whole and verified, else as the provider's write(). */
void mp_lwm2m_firmware_downloaded(struct mp_lwm2m_firmware *f, int r);
/* The update ended: RESULT_SUCCESS, or why not. */
void mp_lwm2m_firmware_updated(struct mp_lwm2m_firmware *f, enum mp_lwm2m_update_result result);

/* ---- 33629, firmware of a device that has several parts (docs/spec/lwm2m.md): each an update of its own,
 * with the provider and the calls above; those that are linked begin to update together ---- */
struct mp_lwm2m_component {
	const char *name;
	const char *(*current)(void *user); /* the version that runs; `user` is the firmware's */
	uint32_t linked; /* bits of the components that go with it */
	struct mp_lwm2m_firmware firmware;
};
struct mp_lwm2m_components {
	struct mp_lwm2m_component *list; /* at most 32; instance i is list[i] */
	uint16_t n;
};
extern const struct mp_lwm2m_class mp_lwm2m_components_class;
/* Sets what of each firmware follows from its place; before use. */
void mp_lwm2m_components_init(struct mp_lwm2m_components *c, struct mp_lwm2m_client *client);

/* ---- 9 Software Management ---- */
enum mp_lwm2m_software_state { /* resource 7 */
			       MP_LWM2M_SOFTWARE_INITIAL,
			       MP_LWM2M_SOFTWARE_DOWNLOADING,
			       MP_LWM2M_SOFTWARE_DOWNLOADED, /* and being verified */
			       MP_LWM2M_SOFTWARE_DELIVERED,
			       MP_LWM2M_SOFTWARE_INSTALLED,
};
enum mp_lwm2m_software_result { /* resource 9 */
				MP_LWM2M_SOFTWARE_NONE = 0,
				MP_LWM2M_SOFTWARE_UNDER_WAY = 1,
				MP_LWM2M_SOFTWARE_SUCCESS = 2, /* installed */
				MP_LWM2M_SOFTWARE_VERIFIED = 3, /* downloaded */
				MP_LWM2M_SOFTWARE_NO_STORAGE = 50,
				MP_LWM2M_SOFTWARE_NO_MEMORY = 51,
				MP_LWM2M_SOFTWARE_CONNECTION_LOST = 52,
				MP_LWM2M_SOFTWARE_INTEGRITY = 53,
				MP_LWM2M_SOFTWARE_PACKAGE_TYPE = 54,
				MP_LWM2M_SOFTWARE_URI = 56,
				MP_LWM2M_SOFTWARE_DEVICE_ERROR = 57,
				MP_LWM2M_SOFTWARE_INSTALL_FAILED = 58,
				MP_LWM2M_SOFTWARE_UNINSTALL_FAILED = 59,
};
struct mp_lwm2m_software_provider { /* results as of the firmware's */
	int (*write)(void *user, uint64_t offset, const void *data, size_t len);
	int (*end)(void *user); /* 0, -EINPROGRESS: …_downloaded() later */
	int (*pull)(void *user, const char *uri); /* NULL: push alone */
	void (*drop)(void *user); /* the package */
	int (*install)(void *user); /* …_installed() later */
	int (*uninstall)(void *user); /* with the package; at once */
	int (*activate)(void *user, bool on); /* at once; NULL: installed is active */
	void (*save)(void *user, uint8_t state, uint8_t result, bool active); /* NULL: not kept */
	const char *(*name)(void *user), *(*version)(void *user);
};
struct mp_lwm2m_software {
	const struct mp_lwm2m_software_provider *provider;
	void *user;
	struct mp_lwm2m_client *client;
	uint64_t got;
	uint16_t instance;
	uint8_t state, result;
	bool active, broken, sunk, installing;
};
struct mp_lwm2m_softwares {
	struct mp_lwm2m_software *list; /* instance i is list[i] */
	uint16_t n;
};
extern const struct mp_lwm2m_class mp_lwm2m_software_class;
void mp_lwm2m_software_downloaded(struct mp_lwm2m_software *s, int r);
void mp_lwm2m_software_installed(struct mp_lwm2m_software *s, int r);

/* ---- 7 Connectivity Statistics ---- */
struct mp_lwm2m_traffic_totals {
	uint64_t sent, received; /* bytes, since anything */
	uint64_t messages;
	uint32_t largest; /* bytes of a message, since the statistics began */
};
struct mp_lwm2m_traffic {
	void (*totals)(void *user, struct mp_lwm2m_traffic_totals *ret);
	void *user;
	struct mp_lwm2m_client *client; /* for its clock */
	struct mp_lwm2m_traffic_totals begin, end;
	int64_t until_ms; /* of its clock; 0: until Stop */
	uint32_t period; /* resource 8, seconds; 0: until Stop */
	bool running;
};
extern const struct mp_lwm2m_class mp_lwm2m_traffic_class;

/* ---- 20 Event Log: one instance, a ring of text lines ---- */
#define MP_LWM2M_LOG_SIZE 2048
struct mp_lwm2m_log {
	struct mp_lwm2m_client *client;
	char text[MP_LWM2M_LOG_SIZE]; /* whole lines, the newest last */
	uint16_t len;
	int64_t log_class; /* resource 4010: what is logged, by the program's meaning */
	bool running;
};
extern const struct mp_lwm2m_class mp_lwm2m_log_class;
/* A line, when the log runs; the oldest go. */
void mp_lwm2m_log_add(struct mp_lwm2m_log *l, const char *line);

/* ---- objects that are stored values: 16, 19, 21, 22, and those whose values the program sets
 * itself with mp_lwm2m_rows_set(): 4, 6, 11, 25 … ---- */
struct mp_lwm2m_stored {
	struct mp_lwm2m_rows rows;
	uint16_t object;
	uint16_t instances_max; /* of Create; 0: none can be made or removed */
	void (*changed)(void *user, const struct mp_lwm2m_path *path); /* by a server; NULL */
	int (*execute)(void *user, uint16_t instance, uint16_t resource, const char *arguments);
	void *user;
};
/* { .id = 16, MP_LWM2M_STORED } is the class; its state a struct mp_lwm2m_stored. */
#define MP_LWM2M_STORED                                                                            \
	.next = mp_lwm2m_stored_next, .read = mp_lwm2m_stored_read,                                \
	.write = mp_lwm2m_stored_write, .clear = mp_lwm2m_stored_clear,                            \
	.execute = mp_lwm2m_stored_execute, .create = mp_lwm2m_stored_create,                      \
	.remove = mp_lwm2m_stored_remove
int32_t mp_lwm2m_stored_next(void *user, int32_t after);
int mp_lwm2m_stored_read(void *user, uint16_t instance, uint16_t resource,
			 struct mp_lwm2m_out *out);
int mp_lwm2m_stored_write(void *user, const struct mp_lwm2m_path *path,
			  const struct mp_lwm2m_value *value);
int mp_lwm2m_stored_clear(void *user, uint16_t instance);
int mp_lwm2m_stored_execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
			    size_t len);
int mp_lwm2m_stored_create(void *user, uint16_t instance);
int mp_lwm2m_stored_remove(void *user, uint16_t instance);
