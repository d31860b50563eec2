/* SPDX-License-Identifier: Apache-2.0 */
/* product.h - product.yaml: what a product is, as its team wrote it down
 *
 *     auto_(mp_product) *p = NULL;
 *     r = mp_product_load("/home/me/demo", &p, &err);   // "product.yaml:3: unknown key 'bords' ..."
 *     auto_free char *key = mp_product_path(p, "keys/targets.pem");
 *
 * Every unknown or mistyped key is refused with file and line. docs/guide/first-product.md describes
 * the keys; the table in product.c is what is true.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

#define MP_PRODUCT_FILE "product.yaml"
#define MP_PRODUCT_BOARDS 16
#define MP_PRODUCT_FIRMWARE 32 /* images */
#define MP_PRODUCT_COMPONENTS 16 /* of a board */
#define MP_PRODUCT_COMPONENT 63 /* bytes of a name */
#define MP_PRODUCT_NAMES 32 /* names of the server */
#define MP_PRODUCT_PACKAGES 256
#define MP_PRODUCT_CHANNELS 2

/* One kind of microcontroller, managed over LwM2M, or one of its components; those of a board follow each
 * other. */
struct mp_product_firmware {
	const char *board; /* as its Device object names its model (/3/0/1) */
	const char *
		component; /* as object advanced names it (/33629/x/14); "": the board is one whole */
	const char *file; /* the image, relative to the product folder */
	const char *version; /* as the device reports it when it runs the image */
	const char *object; /* "firmware" (5), "software" (9) or "advanced" */
	const char *transfer; /* "push": the server writes it, "pull": the device fetches it */
};

/* What `mp serve` hands to the server; 0: closed, or as the server has it. */
struct mp_product_lwm2m {
	const char *
		url; /* coaps://HOST[:PORT] or coaps+tcp://…, where gateways register; "": they do not */
	uint64_t coaps_port; /* from the URL, unless it is named */
	uint64_t coap_port, coap_tcp_port;
	uint64_t coaps_tcp_port; /* from the URL, when that is of TCP, unless it is named */
	uint64_t bootstrap_port, bootstrap_coap_port;
	uint64_t telemetry_days, telemetry_hourly_days;
};

struct mp_product {
	const char *dir; /* the product folder, absolute */
	const char *file; /* DIR/product.yaml */
	/* all text below is borrowed from the document; "" when the key is not there */
	const char *name; /* [a-z0-9-], at most 32 */
	const char *version; /* of the release that `mp build` makes */
	const char *minimum_version;
	const char *notes;
	const char *boards[MP_PRODUCT_BOARDS];
	size_t n_boards; /* may be 0 when there is firmware */
	struct mp_product_firmware firmware[MP_PRODUCT_FIRMWARE];
	size_t n_firmware;
	struct {
		const char *url; /* https://HOST[:PORT], as devices see it */
		const char *names[MP_PRODUCT_NAMES]; /* of its certificate; at least 1 */
		size_t n_names;
		unsigned port; /* from the URL; 443 when it has none */
		struct mp_product_lwm2m lwm2m;
	} server;
	struct {
		const char *overlay; /* folder laid over the root file system, relative to dir */
		const char *packages[MP_PRODUCT_PACKAGES]; /* Debian packages beside the board's */
		size_t n_packages;
		const char *kernel_arguments;
	} os;
	const char *app; /* path of docker-compose.yml, relative to dir */
	struct {
		uint64_t poll, proof_timeout, grace; /* seconds */
		const char *channels[MP_PRODUCT_CHANNELS]; /* "ddi", "lwm2m" */
		size_t n_channels; /* at least 1 */
	} update;
	void *doc; /* what the texts borrow from */
};

/* Read DIR/product.yaml. -ENOENT: no product folder; -EBADMSG: "FILE:LINE: sentence". */
int mp_product_load(const char *dir, struct mp_product **ret, struct mp_err *err);
/* The same from memory; `file` stands in sentences. Paths are not looked at. */
int mp_product_parse(const char *dir, const char *file, const void *text, size_t len,
		     struct mp_product **ret, struct mp_err *err);
/* Look for product.yaml in `start` and its parents. -ENOENT when there is none. */
int mp_product_find(const char *start, struct mp_product **ret, struct mp_err *err);
void mp_product_free(struct mp_product *p);
DEFINE_AUTO(mp_product)

/* DIR/RELATIVE, newly allocated; NULL when memory is out. An absolute `relative` stays as it is. */
char *mp_product_path(const struct mp_product *p, const char *relative);
bool mp_product_has_channel(const struct mp_product *p, const char *channel);
bool mp_product_has_board(const struct mp_product *p, const char *board);
