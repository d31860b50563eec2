/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h - a product, its releases, a server and a device in memory, for the engine's tests
 *
 *     sample_shop_new(&shop);                            // releases, made once
 *     sample_device_new(shop, &d);                       // 1.0.0 from the factory, in slot A
 *     sample_offer(d, "1.1.0");  sample_live(d);         // until nothing more happens
 *
 * The device boots by a model of firmware, systemd-boot with boot counting and mp-init: it takes
 * the entry that they would take, and checks what they would check. A boot that would end in
 * nothing is remembered in `broken`.
 */
#pragma once

#include "install/install.h"
#include "medium/fake.h"

#define SAMPLE_FRAME 16384u
#define SAMPLE_DISK "/dev/vda"
#define SAMPLE_ESP "/efi"
#define SAMPLE_STATE "/var/lib/mp"

struct sample_blob { /* a TUF target */
	char name[200];
	uint8_t *data;
	size_t len;
	char sha256[65];
};

struct sample_release {
	char version[32];
	bool panics, unhealthy; /* what becomes of it when it boots */
	uint8_t *root, *tree, *uki;
	char root_hash[65];
	struct mp_buf manifest;
	struct mp_release *parsed;
};

#define SAMPLE_RELEASES 8
#define SAMPLE_BLOBS 24
struct sample_shop {
	char dir[64]; /* of temporary files */
	unsigned n, n_blobs;
	struct sample_release releases[SAMPLE_RELEASES];
	struct sample_blob blobs[SAMPLE_BLOBS];
};

/* 1.0.0; 1.1.0 (new system, new layer); 1.1.1 (1.1.0's system, new layer); 1.2.0 (new system);
 * 1.3.0 (1.0.0's system); 1.4.0 (never healthy); 1.5.0 (panics). */
int sample_shop_new(struct sample_shop **ret);
void sample_shop_free(struct sample_shop *s);
DEFINE_AUTO(sample_shop)
struct sample_release *sample_find(struct sample_shop *s, const char *version); /* NULL: none */
struct sample_blob *sample_blob(struct sample_shop *s, const char *name);
/* The release's payload. */
struct sample_blob *sample_payload(struct sample_shop *s, const char *version);

struct sample_device {
	struct sample_shop *shop;
	struct mp_fake *world;
	struct mp_install_config config;
	struct mp_install_hooks hooks;
	const struct sample_release *runs; /* NULL: off */
	char boot_id[16];
	bool holds; /* it installs in two steps */
	char offered[32]; /* "" when nothing is */
	unsigned boots;
	uint64_t drop_after; /* the connection breaks after so many bytes; 0: never */
	uint64_t served; /* bytes */
	uint64_t served_of_payloads;
	uint32_t seed; /* what a power cut does */
	unsigned cuts_left; /* how often the power fails once more, soon after */
	unsigned cuts; /* how often it did */
	char broken[256]; /* "" as long as every boot found something good */
	char last_error[512];
};

int sample_device_new(struct sample_shop *s, struct sample_device *ret);
void sample_device_done(struct sample_device *d);
/* The same device once more, in a state of rest. */
int sample_device_clone(const struct sample_device *d, struct sample_device *ret);

void sample_offer(struct sample_device *d, const char *version);
/* Firmware, boot loader, init; runs = NULL and `broken` says why when that fails. */
void sample_boot(struct sample_device *d);
/* The agent's life, through reboots and power cuts, until it rests. false: it never does. */
bool sample_live(struct sample_device *d);
