/* SPDX-License-Identifier: Apache-2.0 */
/* position.c - object 6, Location: there as long as a service of the product writes
 *
 *     /run/microplatform/position.json
 *     {"latitude": 47.37, "longitude": 8.54, "altitude": 408, "radius": 5, "speed": 0.2, "time": 1700000000}
 *
 * The first two and the time (seconds since 1970) must be there.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "json/json.h"
#include "worker.h"

#define FILE_NAME "/run/microplatform/position.json"

bool position_is_there(const struct worker *w)
{
	char path[400];

	snprintf(path, sizeof(path), "%s" FILE_NAME, w->config.root);
	return mp_file_exists(path);
}

int64_t position_time(const struct worker *w)
{
	char path[400];
	struct stat st;

	snprintf(path, sizeof(path), "%s" FILE_NAME, w->config.root);
	return stat(path, &st) == 0 ? st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 : 0;
}

static int32_t next(void *user, int32_t after)
{
	const struct worker *w = user;

	return after < 0 && w->has_position ? 0 : -1;
}

static int give(const struct mp_json *doc, const char *key, struct mp_lwm2m_out *out)
{
	const struct mp_json *v = mp_json_get(doc, key);
	enum mp_json_type type = mp_json_type(v);

	if (type != MP_JSON_INT && type != MP_JSON_REAL)
		return -ENOENT;
	return mp_lwm2m_give(out, mp_lwm2m_float(mp_json_real(v, 0)));
}

static int read_position(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	static const char *const keys[] = {"latitude", "longitude", "altitude", "radius",
					   NULL,       NULL,	    "speed"};
	const struct worker *w = user;
	auto_(mp_json) *doc = NULL;
	MP_BUF(text, 4096);
	char path[400];

	(void)instance;
	snprintf(path, sizeof(path), "%s" FILE_NAME, w->config.root);
	if (mp_file_read(path, &text, NULL) < 0 ||
	    mp_json_parse(mp_buf_str(&text), text.len, &doc, NULL) < 0)
		return -ENOENT;
	if (resource == 5)
		return mp_lwm2m_give(out, mp_lwm2m_time(mp_json_int(mp_json_get(doc, "time"), 0)));
	return resource < 7 && keys[resource] ? give(doc, keys[resource], out) : -ENOENT;
}

static const uint16_t resources[] = {0, 1, 2, 3, 5, 6};

const struct mp_lwm2m_class position_class = {
	.id = 6, .resources = resources, .n_resources = 6, .next = next, .read = read_position};
