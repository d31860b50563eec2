/* SPDX-License-Identifier: Apache-2.0
 * mp-sim - a crowd of simulated devices, and a load generator */
#include <stdio.h>
#include <string.h>

#include "load.h"

int main(int argc, char *argv[])
{
	if (argc > 1 && strcmp(argv[1], "load") == 0)
		return load_main(argc - 1, argv + 1);
	(void)fputs("usage: mp-sim load register|update|request|keys [OPTIONS]\n", stderr);
	return 2;
}
