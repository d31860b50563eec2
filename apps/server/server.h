/* SPDX-License-Identifier: Apache-2.0
 * server.h - the server: one process, one loop, its parts side by side
 *
 * main.c reads the options and calls server_run(). Each part has a header of its own and knows
 * nothing of HTTP; ddi/ and rest/ turn requests into calls of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "httpd/httpd.h"
#include "store/store.h"

struct options {
	const char *data; /* our folder */
	const char *product; /* product folder */
	const char *listen; /* address */
	const char *user; /* to become after opening everything; NULL: see privileges.h */
	const char *gateway_token_file; /* NULL: gateway tokens are off */
	uint16_t port, http_port; /* 0: no plain HTTP */
	/* LwM2M: with DTLS, without, over TCP without; 0: closed */
	uint16_t coaps_port, coap_port, coap_tcp_port, coaps_tcp_port;
	uint16_t bootstrap_port, bootstrap_coap_port;
	bool open_registration; /* endpoints that nobody announced may register without security */
	bool no_reobserve; /* observations end when a device registers anew */
	unsigned awake_seconds; /* of devices in queue mode */
	unsigned interviews; /* devices whose Device object is read, a second; 0: none */
	unsigned poll_seconds; /* 0: as product.yaml says */
	const char *leshan_prefix, *leshan1_prefix; /* "/leshan": Leshan's REST there; NULL: off */
	unsigned telemetry_days, telemetry_hourly_days; /* values are kept; 0: the usual */
	bool target_tokens; /* devices may show their token instead of a certificate */
};

struct server {
	struct options options;
	char *product_dir; /* absolute; options.product points to it */
	char product_name[64];
	char product_url[256]; /* as devices see us */
	unsigned poll_seconds;
	struct mp_loop *loop;
	struct mp_httpd *https, *http; /* http may be NULL */
	struct mp_store *store;
	struct devices *devices;
	struct releases *releases;
	struct rollouts *rollouts;
	struct blobs *blobs;
	struct online *online;
	struct tokens *tokens;
	struct enrolment *enrolment;
	struct credentials *credentials;
	struct lwm2m *lwm2m;
	struct campaigns *campaigns;
	struct interviews *interviews;
	struct telemetry *telemetry;
	struct watch *watch;
	struct leshan *leshan; /* NULL: off */
	struct bootstrap *bootstrap;
	struct events *events;
	struct metrics *metrics;
	struct page *page;
	struct gateway *gateway;
	struct collector *collector;
	bool write_failed;
};

/* A write has failed: the turn's transaction will be rolled back, the answers that wait for it become
 * errors, and what is in memory is read anew. */
void server_write_failed(struct server *s);

/* Everything that was ready has been served: make it durable, then let the answers out. */
void server_turn(struct server *s);

/* Seconds since 1970; one reading serves a whole loop turn. */
int64_t server_now(void);

/* A file of the product folder's server/: before privileges go. */
int server_read_pem(struct server *s, const char *name, struct mp_buf *out, struct mp_err *err);

/* Everything from opening to closing; the process's exit code. */
int server_run(const struct options *options);
