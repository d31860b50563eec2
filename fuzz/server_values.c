/* SPDX-License-Identifier: Apache-2.0
 * JSON of REST as values of LwM2M, in our form and in both of Leshan's: what is taken has paths below
 * what was asked for, and comes out again. */
#include <stdint.h>
#include <stdlib.h>

#include "leshan/node.h"
#include "lwm2m/lwm2m.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lwm2m model = {.model = &mp_lwm2m_builtin};

typedef int parse_fn(const struct lwm2m *l, const struct registration *r,
		     const struct mp_lwm2m_path *path, const struct mp_json *body,
		     struct value_set *set, struct mp_err *err);

static void try(parse_fn *parse, const struct mp_json *body, size_t size,
		const struct mp_lwm2m_path *path)
{
	struct value_set set;
	struct mp_err err = {""};

	if (value_set_init(&set, size) < 0)
		return;
	if (parse(&model, NULL, path, body, &set, &err) == 0) {
		for (size_t i = 0; i < set.n; i++)
			if (!mp_lwm2m_path_is_below(&set.records[i].path, path))
				abort();
		mp_json_free(values_json(&model, NULL, set.records, set.n));
	} else if (!*err.text) {
		abort(); /* a refusal says why */
	}
	value_set_done(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mp_lwm2m_path paths[] = {
		{.n = 0}, {{3}, 1}, {{3, 0}, 2}, {{3, 0, 14}, 3}, {{3442, 0, 150}, 3}};
	struct mp_json *body = NULL;

	if (mp_json_parse((const char *)data, size, &body, NULL) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		try(values_parse, body, size, &paths[i]);
		if (paths[i].n > 0)
			try(node_parse, body, size, &paths[i]);
	}
	mp_json_free(body);
	return 0;
}
