/* SPDX-License-Identifier: Apache-2.0 */
#include "verb.h"

int mp_here(struct mp_product **ret, struct mp_err *err)
{
	return mp_product_find(".", ret, err);
}
