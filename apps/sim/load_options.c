/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "keys.h"
#include "port.h"
#include "uri.h"

static int parse_kind(const char *word, enum load_kind *ret)
{
	static const char *const words[] = {"register", "update", "request", "keys"};

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum load_kind)i;
			return 0;
		}
	}
	return -ENOENT;
}

static int set(struct load_options *o, int option, const char *value, struct mp_err *err)
{
	uint64_t v = 0;

	switch (option) {
	case 's':
		return uri_parse(value, &o->server, &o->secure, err);
	case 'p':
		o->path = value;
		return 0;
	case 'l':
		o->locations = value;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 't':
		o->seconds = strtod(value, NULL);
		return 0;
	}
	if (mp_str_parse_u64(value, UINT64_MAX, &v) < 0)
		return mp_err_set(err, -EBADMSG, "'%s' is no number", value);
	if (option == 'e' && v > 0 && v <= PORT_HOSTS_MAX)
		o->endpoints = (uint32_t)v;
	else if (option == 'f' && v > 0 && v <= 65536)
		o->in_flight = (uint32_t)v;
	else if (option == 'n')
		o->operations = v;
	else if (option == 'd')
		o->seed = v;
	else if (option == 'i' && v <= UINT32_MAX)
		o->lifetime = (uint32_t)v;
	else if (option == 'w' && v > 0 && v <= INT_MAX)
		o->watched = (pid_t)v;
	else
		return mp_err_set(err, -ERANGE, "'%s' is out of range", value);
	return 0;
}

int load_options_parse(int argc, char *argv[], struct load_options *ret, struct mp_err *err)
{
	static const struct option table[] = {{"server", required_argument, NULL, 's'},
					      {"endpoints", required_argument, NULL, 'e'},
					      {"in-flight", required_argument, NULL, 'f'},
					      {"operations", required_argument, NULL, 'n'},
					      {"seconds", required_argument, NULL, 't'},
					      {"seed", required_argument, NULL, 'd'},
					      {"lifetime", required_argument, NULL, 'i'},
					      {"path", required_argument, NULL, 'p'},
					      {"locations", required_argument, NULL, 'l'},
					      {"watch", required_argument, NULL, 'w'},
					      {"json", no_argument, NULL, 'j'},
					      {0}};
	struct load_options o = {.endpoints = 1000,
				 .in_flight = 64,
				 .seed = 1,
				 .lifetime = 86400,
				 .path = ".well-known/core"};
	int option, r;

	if (argc < 2 || parse_kind(argv[1], &o.kind) < 0)
		return mp_err_set(err, -EINVAL, "load needs one of: register update request keys");
	r = uri_parse("coap://127.0.0.1:5683", &o.server, &o.secure, err);
	optind = 2;
	while (r == 0 && (option = getopt_long(argc, argv, "", table, NULL)) != -1)
		r = option == '?' ? mp_err_set(err, -EINVAL, "unknown option")
				  : set(&o, option, optarg, err);
	if (r == 0 && optind < argc)
		r = mp_err_set(err, -EINVAL, "'%s' is not expected", argv[optind]);
	if (r == 0)
		*ret = o;
	return r;
}

static void print(const struct load_options *o, const struct load_result *r)
{
	static const char *const kinds[] = {"register", "update", "request", "keys"};
	double rate = r->seconds > 0 ? (double)r->done / r->seconds : 0;
	double us = r->done ? 1e6 / (double)r->done : 0;

	if (o->json) {
		printf("{\"kind\": \"%s\", \"secure\": %s, \"endpoints\": %u, \"in_flight\": %u, "
		       "\"done\": %llu, \"failed\": %llu, \"retransmitted\": %llu, "
		       "\"unexpected\": %llu, \"seconds\": %.3f, \"per_second\": %.0f, "
		       "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, "
		       "\"cpu_us_per_operation\": %.2f, "
		       "\"watched_us_per_operation\": %.2f}\n",
		       kinds[o->kind], o->secure ? "true" : "false", o->endpoints, o->in_flight,
		       (unsigned long long)r->done, (unsigned long long)r->failed,
		       (unsigned long long)r->retransmitted, (unsigned long long)r->unexpected,
		       r->seconds, rate, r->p50_ms, r->p99_ms, r->max_ms, r->cpu_seconds * us,
		       r->watched_seconds * us);
		return;
	}
	printf("%s: %llu done, %llu failed, %llu retransmitted in %.2f s\n"
	       "%.0f a second; p50 %.2f ms, p99 %.2f ms, max %.2f ms; own CPU %.2f us each\n",
	       kinds[o->kind], (unsigned long long)r->done, (unsigned long long)r->failed,
	       (unsigned long long)r->retransmitted, r->seconds, rate, r->p50_ms, r->p99_ms,
	       r->max_ms, r->cpu_seconds * us);
	if (o->watched)
		printf("CPU of process %d: %.2f us each\n", (int)o->watched,
		       r->watched_seconds * us);
	if (r->last_code)
		printf("the last refusal was %u.%02u\n", r->last_code >> 5, r->last_code & 31);
}

static int print_keys(const struct load_options *o)
{
	char name[16], hex[2 * KEY_SIZE + 1];
	uint8_t key[KEY_SIZE];

	for (uint32_t i = 0; i < o->endpoints; i++) {
		(void)snprintf(name, sizeof(name), "load-%07u", i % 10000000);
		keys_derive(o->seed, name, key);
		mp_hex_format(key, sizeof(key), hex);
		printf("%s %s %s\n", name, name, hex);
	}
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}

int load_main(int argc, char *argv[])
{
	struct load_options o;
	struct load_result result = {0};
	struct mp_err err = {0};

	if (load_options_parse(argc, argv, &o, &err) < 0) {
		(void)fprintf(stderr, "mp-sim: %s\n", err.text);
		return 2;
	}
	if (o.kind == LOAD_KEYS)
		return print_keys(&o);
	if (load_run(&o, &result, &err) < 0) {
		(void)fprintf(stderr, "mp-sim: %s\n", err.text);
		return 1;
	}
	print(&o, &result);
	return result.failed ? 1 : 0;
}
