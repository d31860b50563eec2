/* SPDX-License-Identifier: Apache-2.0 */
/* portfolio.c - object 16: the names that this device goes by, and what servers add to them
 *
 * Identities 0 to 3 of instance 0 are device, maker, model and release until a server writes others;
 * that, further identities, and further instances (an asset's, an owner's) are kept in lwm2m/portfolio.
 * What a server takes away again is as it was.
 */
#include <errno.h>
#include <string.h>

#include "worker.h"

#define FILE_NAME "portfolio"
#define IDENTITIES 16 /* of an instance */
#define LENGTH 255
#define INSTANCES 8

static const uint16_t resources[] = {0};

static struct mp_lwm2m_path identity(uint16_t instance, uint16_t i)
{
	return mp_lwm2m_path(16, instance, 0, i);
}

static void changed(void *user, const struct mp_lwm2m_path *path)
{
	const struct worker *w = user;

	(void)path;
	(void)kept_write(w, FILE_NAME, w->portfolio.rows.data, w->portfolio.rows.len);
}

void portfolio_open(struct worker *w)
{
	struct mp_lwm2m_stored *s = &w->portfolio;
	MP_BUF(file, PORTFOLIO_MOST);

	*s = (struct mp_lwm2m_stored){.rows = {.limit = PORTFOLIO_MOST},
				      .object = 16,
				      .instances_max = INSTANCES,
				      .changed = changed,
				      .user = w};
	if (kept_read(w, FILE_NAME, &file) == 0)
		(void)mp_lwm2m_rows_load(&s->rows, file.data, file.len);
	(void)mp_lwm2m_rows_add(&s->rows, &mp_lwm2m_path(16, 0));
}

void portfolio_close(struct worker *w)
{
	mp_lwm2m_rows_done(&w->portfolio.rows);
}

static int read_portfolio(void *user, uint16_t instance, uint16_t resource,
			  struct mp_lwm2m_out *out)
{
	const struct mp_lwm2m_stored *s = user;
	const struct worker *w = s->user;
	const char *const ours[] = {w->config.id, w->config.product, w->config.board,
				    w->config.release};
	struct mp_lwm2m_value v;
	int r = 0;

	if (resource != 0)
		return -ENOENT;
	for (uint16_t i = 0; r == 0 && i < IDENTITIES; i++) {
		struct mp_lwm2m_path path = identity(instance, i);

		if (mp_lwm2m_rows_get(&s->rows, &path, &v))
			r = mp_lwm2m_give_instance(out, i, v);
		else if (instance == 0 && i < 4)
			r = mp_lwm2m_give_instance(out, i, mp_lwm2m_string(ours[i]));
	}
	return r;
}

static int check(void *user, const struct mp_lwm2m_path *path, const struct mp_lwm2m_value *value)
{
	(void)user;
	return value && (path->id[3] >= IDENTITIES || value->text.len > LENGTH) ? -ERANGE : 0;
}

static int take_away(void *user, uint16_t instance)
{
	return instance == 0 ? -EOPNOTSUPP : mp_lwm2m_stored_remove(user, instance);
}

const struct mp_lwm2m_class portfolio_class = {.id = 16,
					       .resources = resources,
					       .n_resources = 1,
					       .next = mp_lwm2m_stored_next,
					       .read = read_portfolio,
					       .check = check,
					       .write = mp_lwm2m_stored_write,
					       .clear = mp_lwm2m_stored_clear,
					       .create = mp_lwm2m_stored_create,
					       .remove = take_away};
