/* SPDX-License-Identifier: Apache-2.0
 * yaml.c - a hand-written file, and every way to read a node of it */
#include "yaml/yaml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(const struct mp_yaml *n, unsigned level)
{
	static const char *const keys[] = {"product", "version", "boards", NULL};
	struct mp_err err;
	const char *s;
	uint64_t u;
	bool b;

	if (level > 32 || mp_yaml_line(n) == 0)
		abort();
	(void)mp_yaml_check_keys(n, keys, &err);
	(void)mp_yaml_read_str(n, "product", &s, &err);
	(void)mp_yaml_read_bool(n, &b, &err);
	(void)mp_yaml_read_u64(n, 65535, &u, &err);
	(void)mp_yaml_read_duration(n, &u, &err);
	for (size_t i = 0; i < mp_yaml_size(n); i++) {
		const char *key = mp_yaml_key(n, i);

		if (key && mp_yaml_get(n, key) != mp_yaml_at(n, i))
			abort(); /* a key that is there twice */
		visit(mp_yaml_at(n, i), level + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(mp_yaml_doc) *doc = NULL;
	struct mp_err err = {0};

	if (mp_yaml_parse("fuzz", data, size, &doc, &err) < 0) {
		if (!err.text[0])
			abort(); /* a refusal without a sentence */
		return 0;
	}
	if (mp_yaml_root(doc))
		visit(mp_yaml_root(doc), 0);
	return 0;
}
