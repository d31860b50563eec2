/* SPDX-License-Identifier: Apache-2.0
 * tuf_file.c - any bytes as a metadata file: the first byte chooses the role */
#include <stdint.h>

#include "tuf/repo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const roles[] = {"root", "timestamp", "snapshot", "targets"};
	static const char root[] =
		"{\"signatures\":[],\"signed\":{\"_type\":\"root\",\"spec_version\":\"1.0.0\","
		"\"version\":1,\"expires\":\"2030-01-01T00:00:00Z\",\"keys\":{},\"roles\":{"
		"\"root\":{\"keyids\":[],\"threshold\":1},\"timestamp\":{\"keyids\":[],"
		"\"threshold\":1},"
		"\"snapshot\":{\"keyids\":[],\"threshold\":1},"
		"\"targets\":{\"keyids\":[],\"threshold\":1}}}}";
	struct mp_json *doc = NULL;
	struct mp_err err;

	if (size == 0)
		return 0;
	/* Against a root that trusts nobody, and, being a root, against itself. */
	if (mp_tuf_check(root, sizeof(root) - 1, roles[data[0] % 4], data + 1, size - 1, &doc,
			 &err) == 0)
		mp_json_free(doc);
	doc = NULL;
	if (mp_tuf_check(data + 1, size - 1, "root", data + 1, size - 1, &doc, &err) == 0)
		mp_json_free(doc);
	return 0;
}
