/* SPDX-License-Identifier: Apache-2.0
 * client_internal.h - what the files of the client share
 *
 *   client.c            clients, their classes, time, events
 *   client_account.c    server accounts from objects 0 and 1, their persistence
 *   client_register.c   registration, one state machine an account
 *   client_profile.c    what may stand for the list of objects in a registration
 *   client_bootstrap.c  bootstrap, its operations
 *   client_serve.c      which operation a request is
 *   client_sink.c       bodies that a class takes block by block
 *   client_read.c       values as payloads
 *   client_write.c      payloads as values; create, delete, execute
 *   client_discover.c   links
 *   client_observe.c    observations: who is to be told what, and when
 *   client_history.c    values that wait for their notification (hqmax)
 *   client_access.c     access control lists
 *   client_core.c       objects 0, 1, 2 as classes
 */
#pragma once

#include "base/buf.h"
#include "lwm2m/attributes.h"
#include "lwm2m/client.h"

#define PAYLOAD_MAX (256 * 1024) /* bytes of a response of ours */
#define PATHS_MAX 64 /* of a composite operation */

enum account_state {
	ACCOUNT_WAITING, /* until `due` */
	ACCOUNT_CONNECTING,
	ACCOUNT_REGISTERING,
	ACCOUNT_REGISTERED,
	ACCOUNT_UPDATING,
	ACCOUNT_DEREGISTERING,
	ACCOUNT_DISABLED, /* until `due` */
	ACCOUNT_ENDED, /* nothing is tried by itself */
	ACCOUNT_BOOTSTRAPPING, /* asked, Finish is awaited until `due`; also between bootstraps */
};

struct account {
	struct account *next;
	struct mp_lwm2m_client *client;
	struct mp_coap_exchange *exchange;
	char *location; /* "rd/5a3f"; NULL: never registered */
	int64_t due; /* INT64_MAX: nothing is */
	struct mp_coap_remote remote; /* when connected */
	uint32_t ticket; /* of a connect() under way or done; 0: none */
	uint32_t lifetime; /* as the server knows it */
	uint16_t short_id; /* 0: the bootstrap server */
	uint16_t security, server; /* instances of objects 0 and 1 */
	uint16_t version; /* that it speaks with us */
	uint8_t state, tries, rounds, after; /* after: enum after_deregister */
	bool connected, update_wanted, links_wanted, resume, is_stale, disable_wanted, no_pack;
	bool list_wanted; /* the server does not know our profile id */
	bool has_failed; /* all tries of a sequence, since it was registered last */
};

enum after_deregister { AFTER_NOTHING, AFTER_DISABLE, AFTER_BOOTSTRAP };

struct observation {
	struct observation *next;
	struct mp_lwm2m_client *client; /* NULL: it is gone, but notifications are on their way */
	struct account *account;
	struct mp_lwm2m_path *paths; /* of a composite one; NULL: `path` */
	struct mp_lwm2m_attributes *own; /* given with the request; NULL */
	struct history *history; /* values that could not be told yet; NULL */
	double sent, sampled; /* numbers, for conditions */
	int64_t sent_ms, evaluated_ms, confirmed_ms;
	uint32_t sequence;
	struct mp_lwm2m_path path;
	uint16_t n_paths, format;
	uint16_t flights; /* notifications that have not ended */
	uint8_t token[MP_COAP_TOKEN], token_len;
	bool is_number, dirty, pending, confirming;
};

struct attribute_row {
	struct attribute_row *next;
	struct mp_lwm2m_path path;
	uint16_t short_id;
	struct mp_lwm2m_attributes attributes;
};

struct mp_lwm2m_client {
	const struct mp_lwm2m_client_kind *kind;
	void *user;
	struct account *accounts; /* by short id: the bootstrap server first */
	struct observation *observations;
	struct attribute_row *attributes;
	struct open_sink *sinks;
	struct mp_lwm2m_rows rows; /* objects 0, 1, 2 */
	struct mp_lwm2m_rows backup; /* of them, while a bootstrap may fail */
	int64_t wake_at, awake_until;
	uint32_t tickets;
	unsigned depth; /* of calls from outside, whose consequences come at their end */
	bool running, asleep, bootstrapping, accounts_stale, save_wanted, bootstrap_wanted;
	char endpoint[];
};

/* ---- client.c ---- */
int64_t mp_lwm2m_client_now(const struct mp_lwm2m_client *c);
const struct mp_lwm2m_model *mp_lwm2m_client_model(const struct mp_lwm2m_client *c);
const struct mp_lwm2m_class *mp_lwm2m_client_class(const struct mp_lwm2m_client *c, uint16_t id);
/* The classes in the order of their ids, 0, 1 and 2 among them; NULL past the end. */
const struct mp_lwm2m_class *mp_lwm2m_client_class_at(const struct mp_lwm2m_client *c, size_t i);
void *mp_lwm2m_client_state(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class);
int32_t mp_lwm2m_client_next(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
			     int32_t after);
bool mp_lwm2m_client_has(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class,
			 uint16_t instance);
const struct mp_lwm2m_object *mp_lwm2m_client_object(const struct mp_lwm2m_client *c,
						     const struct mp_lwm2m_class *class);
void mp_lwm2m_client_event(struct mp_lwm2m_client *c, enum mp_lwm2m_event e, uint16_t short_id,
			   uint8_t code);
/* Something was sent or received: awake from now on for a while. */
void mp_lwm2m_client_touch(struct mp_lwm2m_client *c);
/* Around each call from outside: at its end changed accounts, saving, the next time. */
void mp_lwm2m_client_enter(struct mp_lwm2m_client *c);
void mp_lwm2m_client_settle(struct mp_lwm2m_client *c);
uint32_t mp_lwm2m_client_random(struct mp_lwm2m_client *c);

/* ---- client_account.c ---- */
void mp_lwm2m_accounts_refresh(struct mp_lwm2m_client *c);
void mp_lwm2m_accounts_free(struct mp_lwm2m_client *c);
struct account *mp_lwm2m_account_find(const struct mp_lwm2m_client *c, uint16_t short_id);
struct account *mp_lwm2m_account_of(const struct mp_lwm2m_client *c,
				    const struct mp_coap_remote *remote);
size_t mp_lwm2m_account_servers(const struct mp_lwm2m_client *c); /* without bootstrap */
/* A number of its instance of object 1. */
int64_t mp_lwm2m_account_number(const struct account *a, uint16_t resource, int64_t otherwise);
int mp_lwm2m_account_peer(const struct account *a, struct mp_lwm2m_peer *ret);
bool mp_lwm2m_account_is_registered(const struct account *a);
void mp_lwm2m_account_disconnect(struct account *a);

/* ---- client_register.c ---- */
void mp_lwm2m_account_begin(struct account *a, int64_t delay_ms);
void mp_lwm2m_account_connected(struct account *a);
/* No connection, or no or no good answer (code 0: none). */
void mp_lwm2m_account_failed(struct account *a, uint8_t code);
void mp_lwm2m_account_tick(struct account *a);
void mp_lwm2m_account_update(struct account *a);
void mp_lwm2m_account_deregister(struct account *a, enum after_deregister after);
int mp_lwm2m_account_send(struct account *a, struct mp_coap_ask *ask,
			  void (*handler)(void *user, const struct mp_coap_answer *answer));

/* ---- client_profile.c ---- */
#define MP_LWM2M_PROFILE_ID 70 /* "1:" and 64 digits */
/* `suite`: of RFC 6920; one that is not SHA-256 counts as its 64 bits. */
int mp_lwm2m_profile_id(struct mp_lwm2m_client *c, int64_t suite, char *ret);

/* ---- client_bootstrap.c ---- */
void mp_lwm2m_bootstrap_begin(struct mp_lwm2m_client *c);
void mp_lwm2m_bootstrap_connected(struct account *a);
void mp_lwm2m_bootstrap_failed(struct account *a, uint8_t code);
void mp_lwm2m_bootstrap_serve(struct account *a, const struct mp_coap_request *rq,
			      const struct mp_lwm2m_path *path, bool is_bs);

/* ---- client_serve.c ---- */
uint8_t mp_lwm2m_code_of(int r); /* of a negative errno */
void mp_lwm2m_respond(const struct mp_coap_request *rq, uint8_t code);
/* 0, -ENOENT: not a path of LwM2M. "bs" is the bootstrap server's. */
int mp_lwm2m_request_path(const struct mp_coap_request *rq, struct mp_lwm2m_path *ret,
			  bool *ret_bs);
void mp_lwm2m_respond_error(const struct mp_coap_request *rq, int r);

/* ---- client_sink.c ---- */
/* Bodies that are still coming end here and now; the rest of them is refused. */
void mp_lwm2m_sinks_end(struct mp_lwm2m_client *c);

/* ---- client_read.c ---- */
struct mp_lwm2m_out {
	struct mp_lwm2m_writer *writer; /* NULL: values are looked at alone */
	struct mp_lwm2m_path path; /* of the resource */
	const struct mp_lwm2m_resource *model;
	int32_t only; /* this resource instance; -1: all */
	unsigned count;
	bool is_number;
	double number; /* of the last value, when it is one */
};
/* The values at or below the path that `a` (NULL: us) may read. How many, or -errno. */
int mp_lwm2m_client_read(struct mp_lwm2m_client *c, const struct account *a,
			 const struct mp_lwm2m_path *path, struct mp_lwm2m_writer *w);
/* As a payload. `composite`: what is not there is left out, unless nothing is. */
int mp_lwm2m_client_payload(struct mp_lwm2m_client *c, const struct account *a,
			    const struct mp_lwm2m_path *paths, size_t n, bool composite,
			    unsigned format, struct mp_buf *out);
/* A resource without its values: how many there are and the number of the last; -ENOENT. */
int mp_lwm2m_client_look(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path,
			 struct mp_lwm2m_out *ret);
/* The format of a response, from Accept. -ENOENT: not there, -EDOM: cannot be (4.06). */
int mp_lwm2m_client_format(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path, int accept);
bool mp_lwm2m_class_lists(const struct mp_lwm2m_class *class, uint16_t resource);
/* Sorts, and leaves out what lies below another one. The number left. */
size_t mp_lwm2m_paths_sort(struct mp_lwm2m_path *paths, size_t n);

/* ---- client_write.c ---- */
struct write_request {
	struct mp_lwm2m_client *client;
	struct account *account;
	struct mp_lwm2m_path base;
	const void *payload;
	size_t len;
	unsigned format;
	bool replace; /* PUT */
	bool bootstrap; /* instances come to be, read-only resources too */
};
int mp_lwm2m_client_write(const struct write_request *w);
/* The new instance's number, whether the client has chosen it. */
int mp_lwm2m_client_create(const struct write_request *w, uint16_t *ret, bool *ret_chosen);
int mp_lwm2m_client_delete(struct account *a, const struct mp_lwm2m_path *path);
int mp_lwm2m_client_execute(struct account *a, const struct mp_lwm2m_path *path,
			    const char *arguments, size_t len);

/* ---- client_discover.c ---- */
int mp_lwm2m_client_links(struct mp_lwm2m_client *c, struct mp_buf *out); /* of a registration */
int mp_lwm2m_client_discover(struct account *a, const struct mp_lwm2m_path *path, bool bootstrap,
			     struct mp_buf *out);

/* ---- client_observe.c ---- */
/* The attributes that hold for a path: its own and what it inherits. */
void mp_lwm2m_attributes_of(const struct mp_lwm2m_client *c, const struct account *a,
			    const struct mp_lwm2m_path *path, struct mp_lwm2m_attributes *ret);
const struct attribute_row *mp_lwm2m_attributes_at(const struct mp_lwm2m_client *c,
						   uint16_t short_id,
						   const struct mp_lwm2m_path *path); /* NULL */
int mp_lwm2m_attributes_set(struct account *a, const struct mp_lwm2m_path *path,
			    const struct mp_lwm2m_attributes *change);
int mp_lwm2m_observe(struct account *a, const struct mp_coap_request *rq,
		     const struct mp_lwm2m_path *paths, size_t n, bool composite, unsigned format,
		     const struct mp_lwm2m_attributes *own, struct observation **ret);
bool mp_lwm2m_observe_cancel(struct account *a, const uint8_t *token, size_t len);
/* All of an account (NULL: of all). */
void mp_lwm2m_observe_forget(struct mp_lwm2m_client *c, const struct account *a);
void mp_lwm2m_observe_drop(struct observation *o);
void mp_lwm2m_observe_tick(struct mp_lwm2m_client *c);
void mp_lwm2m_observe_reachable(struct account *a);
int64_t mp_lwm2m_observe_due(const struct mp_lwm2m_client *c);
void mp_lwm2m_observe_gone(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path);

/* ---- client_history.c ---- */
/* Keep the value that was sampled, at most `most` of them (hqmax). */
void mp_lwm2m_history_add(struct observation *o, uint32_t most);
/* All that were kept as a payload, each with its time; then they are forgotten. -ENOENT: there are not two. */
int mp_lwm2m_history_payload(struct observation *o, struct mp_buf *out);

/* ---- client_access.c ---- */
enum access {
	ACCESS_READ = 1, /* observe, write-attributes too */
	ACCESS_WRITE = 2,
	ACCESS_EXECUTE = 4,
	ACCESS_DELETE = 8,
	ACCESS_CREATE = 16,
};
bool mp_lwm2m_access(const struct mp_lwm2m_client *c, const struct account *a, uint16_t object,
		     uint16_t instance, enum access right);
/* A server made this instance, or it is gone. */
void mp_lwm2m_access_created(struct account *a, uint16_t object, uint16_t instance);
void mp_lwm2m_access_removed(struct mp_lwm2m_client *c, uint16_t object, uint16_t instance);

/* ---- client_core.c ---- */
extern const struct mp_lwm2m_class mp_lwm2m_security_class, mp_lwm2m_server_class,
	mp_lwm2m_access_class;
/* Put what the rows have of a resource. */
int mp_lwm2m_rows_read(const struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
		       struct mp_lwm2m_out *out);
int mp_lwm2m_rows_write(struct mp_lwm2m_rows *rows, const struct mp_lwm2m_path *path,
			const struct mp_lwm2m_value *value);
