/* SPDX-License-Identifier: Apache-2.0
 * tuf_find.c - any delegations in a properly signed targets role: a target path, a newline, JSON */
#include <stdint.h>

#include "tuf/fake_repo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mp_json *read_delegations(const void *text, size_t len)
{
	auto_(mp_json) *doc = NULL;
	MP_BUF(canonical, 1 << 20);

	if (mp_json_parse(text, len, &doc, NULL) < 0 ||
	    mp_json_format_canonical(doc, &canonical) < 0)
		return NULL;
	return take_ptr(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	static struct fake f;
	struct fake_sink got;
	struct mp_json *doc;
	char path[200];

	if (!line || line - data >= (long)sizeof(path) || size > 8192)
		return 0;
	memcpy(path, data, (size_t)(line - data));
	path[line - data] = '\0';
	doc = read_delegations(line + 1, size - (size_t)(line + 1 - data));
	if (!doc)
		return 0;

	fake_init(&f);
	must(mp_json_put(f.list, "delegations", doc));
	fake_targets(&f);
	fake_online(&f);
	if (fake_refresh(&f) == 0)
		(void)fake_get(&f, path, &got);
	fake_done(&f);
	return 0;
}
