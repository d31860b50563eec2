/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/route.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path that is taken can never leave its folder. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const patterns[] = {"/", "/*/controller/v1/*", "/api/v1/devices/*/why"};
	const char *args[MP_PATH_PARTS];
	struct mp_path path;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (mp_path_split(text, &path) == 0) {
		for (unsigned i = 0; i < path.n; i++)
			if (strchr(path.part[i], '/') || strcmp(path.part[i], "..") == 0)
				abort();
		for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
			mp_path_match(&path, patterns[i], args);
	}
	free(text);
	return 0;
}
