/* SPDX-License-Identifier: Apache-2.0 */
/* appdata.c - object 19, Binary App Data Container: bytes that a program of the product and a server
 * hand to each other
 *
 *     instance 0, to servers: /run/microplatform/data/N, which the program writes (a new name, then
 *                             renamed to a number from 0 to 15), is Data N, to be read alone
 *     instance 1, to the program: what a server writes as Data N is lwm2m/data-N, and stays until the
 *                             server takes it away or writes another
 *
 * At most 32 KiB each. Creation Time is that of the newest file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "worker.h"

#define OUT_DIR "/run/microplatform/data"
#define IN_DIR STATE_DIR "/lwm2m"
#define FILES 16
#define MOST (32u << 10)

enum { DATA = 0, CREATION_TIME = 2 };
enum { TO_SERVERS, TO_PROGRAM, INSTANCES };

static const uint16_t resources[] = {DATA, CREATION_TIME};

static void path_of(const struct worker *w, uint16_t instance, unsigned n, char *ret, size_t room)
{
	if (instance == TO_SERVERS)
		snprintf(ret, room, "%s" OUT_DIR "/%u", w->config.root, n);
	else
		snprintf(ret, room, "%s" IN_DIR "/data-%u", w->config.root, n);
}

/* When it was written, in ms since 1970; 0: it is not there. */
static int64_t time_of(const struct worker *w, uint16_t instance, unsigned n)
{
	char path[400];
	struct stat st;

	path_of(w, instance, n, path, sizeof(path));
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

int64_t appdata_state(const struct worker *w)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < FILES; i++)
		sum += time_of(w, TO_SERVERS, i);
	return sum;
}

static int32_t next(void *user, int32_t after)
{
	(void)user;
	return after + 1 < INSTANCES ? after + 1 : -1;
}

static int give_data(const struct worker *w, uint16_t instance, struct mp_lwm2m_out *out)
{
	char path[400];
	int r = 0;

	for (uint16_t i = 0; r == 0 && i < FILES; i++) {
		MP_BUF(bytes, MOST);

		path_of(w, instance, i, path, sizeof(path));
		if (mp_file_read(path, &bytes, NULL) == 0)
			r = mp_lwm2m_give_instance(out, i, mp_lwm2m_opaque(bytes.data, bytes.len));
	}
	return r;
}

static int read_appdata(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct worker *w = user;
	int64_t newest = 0, t;

	if (resource == DATA)
		return give_data(w, instance, out);
	for (unsigned i = 0; i < FILES; i++)
		newest = (t = time_of(w, instance, i)) > newest ? t : newest;
	return newest ? mp_lwm2m_give(out, mp_lwm2m_time(newest / 1000)) : -ENOENT;
}

static int check(void *user, const struct mp_lwm2m_path *path, const struct mp_lwm2m_value *value)
{
	(void)user;
	if (path->id[1] != TO_PROGRAM || path->id[2] != DATA)
		return -EOPNOTSUPP;
	if (!value)
		return 0;
	return path->id[3] >= FILES ? -ERANGE : value->opaque.len > MOST ? -EFBIG : 0;
}

static int clear(void *user, uint16_t instance)
{
	const struct worker *w = user;
	char path[400];

	if (instance != TO_PROGRAM)
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < FILES; i++) {
		path_of(w, instance, i, path, sizeof(path));
		if (unlink(path) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

static int write_appdata(void *user, const struct mp_lwm2m_path *path,
			 const struct mp_lwm2m_value *value)
{
	const struct worker *w = user;
	char file[400];

	if (!value)
		return clear(user, path->id[1]);
	path_of(w, path->id[1], path->id[3], file, sizeof(file));
	return mp_file_write(file, value->opaque.data, value->opaque.len, 0644, NULL);
}

const struct mp_lwm2m_class appdata_class = {.id = 19,
					     .resources = resources,
					     .n_resources = 2,
					     .next = next,
					     .read = read_appdata,
					     .check = check,
					     .write = write_appdata,
					     .clear = clear};
