/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "compose/compose.h"
#include "compose/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(mp_compose) *c = NULL;
	auto_(mp_recipe) *r = NULL;
	struct mp_err err;

	(void)mp_compose_parse("docker-compose.yml", data, size, &c, &err);
	(void)mp_recipe_parse("image.yaml", data, size, &r, &err);
	return 0;
}
