/* SPDX-License-Identifier: Apache-2.0 */
/* lwm2m.h - what the files of `mp lwm2m` share: values of a device as lines of text */
#pragma once

#include "api.h"
#include "verb.h"

struct lwm2m_options {
	struct mp_server_options server;
	bool json;
	const char *timeout, *identity, *key_file, *out; /* each of some verbs alone */
	const char *search;
};
extern const struct mp_option lwm2m_options[]; /* --json, --timeout and the server's */

/* "devices/EP/lwm2m/PATH" with every part escaped; `word` ("observe") may be NULL, `path` too.
 * 0 or -EFBIG. */
int lwm2m_url(struct mp_buf *url, const char *endpoint, const char *path, const char *word,
	      const struct lwm2m_options *o);
/* "Device/Battery Level  /3/0/9  87 %" for each of [{"path", "object", "name", "value" ...}]. */
void lwm2m_print_values(const struct mp_json *values);

int lwm2m_bootstrap(int argc, char *argv[]);
int lwm2m_psk(int argc, char *argv[]);
extern const struct mp_option lwm2m_psk_options[];
int lwm2m_observe(int argc, char *argv[]);
int lwm2m_unobserve(int argc, char *argv[]);
