/* SPDX-License-Identifier: Apache-2.0 */
/* portfolio.c - object 16: the names that this device goes by, to be read alone */
#include <errno.h>

#include "worker.h"

static int read_portfolio(void *user, uint16_t instance, uint16_t resource,
			  struct mp_lwm2m_out *out)
{
	const struct worker *w = user;
	const char *const names[] = {w->config.id, w->config.product, w->config.board,
				     w->config.release};
	int r = 0;

	(void)instance;
	if (resource != 0)
		return -ENOENT;
	for (uint16_t i = 0; r == 0 && i < 4; i++)
		r = mp_lwm2m_give_instance(out, i, mp_lwm2m_string(names[i]));
	return r;
}

static const uint16_t resources[] = {0};

const struct mp_lwm2m_class portfolio_class = {
	.id = 16, .resources = resources, .n_resources = 1, .read = read_portfolio};
