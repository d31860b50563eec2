/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the command line of `mp-agent run` and the facts of the image that it runs from */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define AGENT_STATE "/var/lib/microplatform"
#define AGENT_RUN "/run/microplatform"
#define RESET_FILE AGENT_STATE "/agent/reset" /* a reset is due: one of these stands in it */
#define RESET_KEEP "keep the identity"
#define RESET_ALL "all"

struct agent_options {
	const char *root; /* prefix of all paths; "" on a device */
	const char *programs; /* where the workers are; "" : beside ourselves */
	const char *fetch_user; /* whom fetch becomes */
	const char *server; /* instead of the one in product.json; NULL: none */
	const char *disk; /* instead of the one found; NULL: none */
	const char *docker; /* Docker's socket; NULL: the usual one */
	unsigned look_seconds; /* between two looks at containers that are up */
	bool once; /* end after the first poll */
};

struct product {
	char name[64], board[64];
	bool lwm2m; /* there is a server of that kind ... */
	bool lwm2m_alone; /* ... and updates come from it alone */
	unsigned poll_seconds, proof_seconds, grace_seconds;
	int64_t built; /* seconds since 1970: nothing is older than the image */
};
/* From product.json; what it does not say has a default. */
int product_read(const char *root, struct product *ret, struct mp_err *err);
