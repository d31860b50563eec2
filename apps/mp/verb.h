/* SPDX-License-Identifier: Apache-2.0 */
/* verb.h - what a verb of `mp` is, and what all verbs share
 *
 * verbs.c holds the table: help, man page and shell completion are made from it and from the
 * option tables, so each fact stands once. A verb lies in a file of its own and exports
 *
 *     const struct mp_option mp_options_build[];
 *     int mp_verb_build(int argc, char *argv[]);
 *
 *     struct build_options o = { 0 };
 *     int status = mp_options_parse(mp_options_build, &o, &argc, &argv);   // argv[0] = "build"
 *     if (status != MP_GO_ON)
 *             return status;                                               // argv: operands only
 *     ...
 *     return r < 0 ? mp_fail(&err) : EXIT_SUCCESS;           // "mp build: SENTENCE", status 1
 *
 * `mp [-C DIR] VERB`: -C was obeyed before the verb runs, --help was answered.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "json/json.h"
#include "product/product.h"

#define EXIT_USAGE 2 /* beside EXIT_SUCCESS 0 and EXIT_FAILURE 1 */
#define MP_GO_ON (-1) /* no exit status yet */

/* ---- options ---- */

enum mp_option_kind {
	MP_SWITCH, /* bool */
	MP_TEXT, /* const char *, borrowed from argv */
	MP_NUMBER, /* uint64_t */
	MP_LIST, /* struct mp_list: may be given several times */
};

#define MP_LIST_MAX 64
struct mp_list {
	const char *items[MP_LIST_MAX];
	size_t n;
};

struct mp_option {
	const char *name; /* "port" for --port; NULL ends the table */
	char letter; /* 'p' for -p; 0: none */
	enum mp_option_kind kind;
	size_t at; /* offsetof() in the verb's own struct */
	const char *argument; /* "NUMBER"; words joined by '|' are the choices; NULL: a switch */
	const char *help; /* one sentence, without its full stop */
};

#define MP_OPTION_JSON(type, member)                                                               \
	{                                                                                          \
		"json", 0, MP_SWITCH, offsetof(type, member), NULL,                                \
			"print JSON for programs to read"                                          \
	}

/* How to reach the server; what is NULL comes from the product folder (api.h). */
struct mp_server_options {
	const char *url, *token_file, *ca_file;
};
#define MP_OPTIONS_SERVER(type, member)                                                            \
	{"server", 0,                                                                              \
	 MP_TEXT,  offsetof(type, member.url),                                                     \
	 "URL",	   "the server's address; default $MP_SERVER, else from product.yaml"},            \
		{"token-file",                                                                     \
		 0,                                                                                \
		 MP_TEXT,                                                                          \
		 offsetof(type, member.token_file),                                                \
		 "FILE",                                                                           \
		 "file with an API token; default $MP_TOKEN_FILE, else server/admin.token"},       \
	{                                                                                          \
		"ca", 0, MP_TEXT, offsetof(type, member.ca_file), "FILE",                          \
			"certificate to check the server by; default keys/server-ca.crt"           \
	}

/* Parse "--name VALUE", "--name=VALUE", "-nVALUE", in any order with operands, up to "--". What
 * is left in argv are the operands alone, counted against the verb's line in the table.
 * MP_GO_ON, or EXIT_USAGE after printing what is wrong. */
int mp_options_parse(const struct mp_option *options, void *into, int *argc, char ***argv);

/* ---- verbs ---- */

struct mp_verb {
	const char *name; /* NULL ends the table */
	const char *operands; /* "NAME", "[VERSION]", "ID..."; NULL: none */
	const char *summary; /* one line, without its full stop */
	const char *details; /* more for --help and the man page: paragraphs; NULL: none */
	const struct mp_option *options; /* NULL: none */
	int (*run)(int argc, char *argv[]); /* exit status */
	const struct mp_verb *verbs; /* has verbs of its own, then `run` is NULL */
};

extern const struct mp_verb mp_verbs[]; /* verbs.c */
const struct mp_verb *mp_verb_running(void); /* its line in the table */
const struct mp_verb *mp_verb_find(const struct mp_verb *table, const char *name);
/* Run argv[0] of `table`: the exit status. */
int mp_verb_dispatch(const struct mp_verb *table, int argc, char *argv[]);

int mp_verb_init(int argc, char *argv[]);
int mp_verb_build(int argc, char *argv[]);
int mp_verb_run(int argc, char *argv[]);
int mp_verb_serve(int argc, char *argv[]);
int mp_verb_publish(int argc, char *argv[]);
int mp_verb_verify(int argc, char *argv[]);
int mp_verb_tuf_client(int argc, char *argv[]);
int mp_verb_help(int argc, char *argv[]);
int mp_verb_completion(int argc, char *argv[]);
int mp_verb_version(int argc, char *argv[]);
extern const struct mp_option mp_options_init[], mp_options_build[], mp_options_run[],
	mp_options_serve[], mp_options_publish[], mp_options_verify[], mp_options_tuf_client[],
	mp_options_help[];
extern const struct mp_verb mp_verbs_channel[], mp_verbs_rollout[], mp_verbs_device[],
	mp_verbs_lwm2m[], mp_verbs_key[], mp_verbs_token[];

/* ---- help.c: everything that is made from the tables ---- */

/* Help for the verb that runs now ("rollout", "start"): stdout. */
void mp_help_verb(const struct mp_verb *verb, const char *path);
void mp_help_overview(void);
int mp_help_man(void); /* mp(1) in man(7) macros on stdout */
int mp_completion_bash(void);

/* ---- say.c: how a verb speaks; results go to stdout, everything else to stderr ---- */

/* The words that lead to the running verb, "mp rollout start": in front of each complaint. */
void mp_say_who(const char *path);
const char *mp_who(void);
/* "mp VERB: SENTENCE" on stderr; returns EXIT_FAILURE. */
int mp_fail(const struct mp_err *err);
/* The same for wrong usage, followed by "(see 'mp VERB --help')"; returns EXIT_USAGE. */
int mp_fail_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "mp VERB: SENTENCE" without failing. */
void mp_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* One line on stderr for each step of something long. */
void mp_step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Pretty JSON on stdout; the verb's exit status. */
int mp_print_json(const struct mp_json *j);
/* "12.3 MB" */
const char *mp_format_bytes(uint64_t bytes, char ret[16]);
/* Is stdout (fd 1) or stderr (fd 2) a terminal that takes colours? NO_COLOR is honoured. */
bool mp_is_terminal(int fd);
bool mp_has_colour(int fd);

/* A bar on stderr at a terminal; elsewhere one line when it is done. `update` has the shape of
 * every progress callback of the libraries (mp_http_call, mp_payload_create), `user` being the
 * struct mp_progress.
 *
 *     struct mp_progress p = { .what = "uploading" };
 *     call.progress = mp_progress_update; call.user = &p; ... mp_progress_end(&p, r == 0);
 */
struct mp_progress {
	const char *what;
	uint64_t base; /* bytes of earlier calls, added to `done` */
	uint64_t whole; /* total over all calls; 0: that of each call */
	uint64_t done;
	int64_t started, drawn; /* milliseconds of the monotonic clock; 0: not yet */
};
void mp_progress_update(void *user, uint64_t done, uint64_t total);
void mp_progress_end(struct mp_progress *p, bool good);

/* ---- where we are ---- */

/* product.yaml of the product folder that we are in (or a parent of it). -ENOENT with a sentence
 * that says how to make one. */
int mp_here(struct mp_product **ret, struct mp_err *err);
