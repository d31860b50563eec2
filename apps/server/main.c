/* SPDX-License-Identifier: Apache-2.0
 * mp-server - the update server of microPlatform */
#include "options.h"

int main(int argc, char *argv[])
{
	struct options options;
	int r = options_parse(argc, argv, &options);

	if (r <= 0)
		return r < 0 ? 2 : 0;
	return server_run(&options);
}
