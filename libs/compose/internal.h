/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - pieces that docker-compose.yml and image.yaml are both made of */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "compose/compose.h"
#include "yaml/yaml.h"

/* How a dollar sign is read: Compose replaces variables, which a build that must give the same
 * bytes everywhere can't have; "$$" stands for one "$" there. */
enum compose_dollar { DOLLAR_COMPOSE, DOLLAR_PLAIN };

/* Like mp_yaml_check_keys(), and tells all keys that are supported. */
int mp_compose_check_keys(const struct mp_yaml *map, const char *const *keys, struct mp_err *err);

/* A scalar's text, newly allocated. */
int mp_compose_read_text(const struct mp_yaml *n, enum compose_dollar dollar, char **ret,
			 struct mp_err *err);
/* A list of texts as a JSON array; never empty. */
int mp_compose_read_list(const struct mp_yaml *n, enum compose_dollar dollar, struct mp_json **ret,
			 struct mp_err *err);
/* A list of arguments, or a text that is split as a shell would split it. */
int mp_compose_read_command(const struct mp_yaml *n, enum compose_dollar dollar,
			    struct mp_json **ret, struct mp_err *err);
/* A map or a list of "NAME=value" as a JSON object, sorted by name. */
int mp_compose_read_environment(const struct mp_yaml *n, enum compose_dollar dollar,
				struct mp_json **ret, struct mp_err *err);
/* A user as "NAME", "UID" or with ":GROUP". */
int mp_compose_read_user(const struct mp_yaml *n, enum compose_dollar dollar, char **ret,
			 struct mp_err *err);

/* Split at blanks; quotes and backslashes as in a shell. -EBADMSG: a quote that is not closed. */
int mp_compose_split_words(const char *text, struct mp_json **ret);

int mp_compose_read_ports(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err);
/* "80" or "80/udp". */
int mp_compose_parse_port(const char *text, uint16_t *ret_port, const char **ret_protocol);
int mp_compose_read_healthcheck(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err);

/* One service; `dir` is the folder of the file. */
int mp_compose_read_service(const struct mp_yaml *map, const char *dir,
			    struct mp_compose_service *ret, struct mp_err *err);
char *mp_compose_join(const char *dir, const char *path);
/* The folder part of a path, newly allocated: "." when it has none. */
char *mp_compose_folder(const char *path);

static inline int mp_compose_oom(struct mp_err *err)
{
	return mp_err_set(err, -ENOMEM, "out of memory");
}
