/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "docker/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a container can make Docker say about it: its state, its probes' output, its log. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(mp_json) *doc = NULL;
	struct docker_verdict v;
	char line[64];

	mp_docker_last_line(data, size, line, sizeof(line));
	if (mp_json_parse(data, size, &doc, NULL) == 0)
		mp_docker_judge(doc, &v);
	return 0;
}
