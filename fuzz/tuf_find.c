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

static bool is_well_formed(struct fake *f)
{
	const struct fake_file *root = fake_file_of(f, MP_TUF_ROOT);
	const struct fake_file *targets = fake_file_of(f, MP_TUF_TARGETS);
	auto_(mp_json) *doc = NULL;

	return mp_tuf_check(root->data, root->len, "targets", targets->data, targets->len, &doc,
			    NULL) == 0;
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
	if (is_well_formed(&f)) {
		fake_online(&f);
		must(fake_refresh(&f));
		(void)fake_get(&f, path, &got);
	}
	fake_done(&f);
	return 0;
}
