/* SPDX-License-Identifier: Apache-2.0
 * mp-sim - a crowd of simulated devices (fleet.h), and a load generator (load.h)
 *
 * Ends with 0; 1: a device never registered, or an operation failed; 2: usage; 3: it could not run. */
#include <stdio.h>
#include <string.h>

#include "fleet.h"
#include "load.h"

int main(int argc, char *argv[])
{
	if (argc > 1 && strcmp(argv[1], "load") == 0)
		return load_main(argc - 1, argv + 1);
	if (argc > 1)
		return fleet_main(argc, argv);
	(void)fputs("usage: mp-sim --server coap://ADDRESS:PORT [--devices N] [--profile P] ...\n"
		    "       mp-sim load register|update|request|keys ...\n",
		    stderr);
	return 2;
}
