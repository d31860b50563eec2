/* SPDX-License-Identifier: Apache-2.0
 * driver.c - libs/coap at the command line, for the tests beside it
 *
 *     test-coap decode udp|tcp     a line of hexadecimal bytes in, a line of JSON out
 *     test-coap encode udp|tcp     the other way round
 *     test-coap server             prints its UDP and TCP ports; see server.c
 *     test-coap client udp|tcp ADDRESS METHOD PATH[?QUERY] [NOTIFICATIONS]     see client.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

static const struct {
	const char *name;
	int arguments; /* at least */
	int (*run)(char *argv[]);
} verbs[] = {
	{"decode", 1, do_decode},
	{"encode", 1, do_encode},
	{"server", 0, do_server},
	{"client", 4, do_client},
};

int main(int argc, char *argv[])
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 >= verbs[i].arguments)
			return verbs[i].run(argv + 2);
	fprintf(stderr, "usage: see the beginning of driver.c\n");
	return 2;
}
