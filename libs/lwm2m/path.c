/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/path.h"

#include <assert.h>
#include <errno.h>

const struct mp_lwm2m_path mp_lwm2m_path_root = {.n = 0};

int mp_lwm2m_path_push(struct mp_lwm2m_path *p, const void *digits, size_t len)
{
	const char *d = digits;
	unsigned id = 0;

	if (p->n == 4 || len == 0 || len > 5 || (len > 1 && d[0] == '0'))
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		if (d[i] < '0' || d[i] > '9')
			return -EBADMSG;
		id = id * 10 + (unsigned)(d[i] - '0');
	}
	if (id > MP_LWM2M_ID_MAX)
		return -EBADMSG;
	p->id[p->n++] = (uint16_t)id;
	return 0;
}

int mp_lwm2m_path_parse(const char *text, size_t len, struct mp_lwm2m_path *ret)
{
	struct mp_lwm2m_path p = {.n = 0};
	size_t at = 0;

	if (len == 0 || text[0] != '/')
		return -EBADMSG;
	while (len > 1 && at < len) {
		size_t start = ++at;

		while (at < len && text[at] != '/')
			at++;
		if (mp_lwm2m_path_push(&p, text + start, at - start) < 0)
			return -EBADMSG;
	}
	*ret = p;
	return 0;
}

struct mp_lwm2m_path mp_lwm2m_path_child(const struct mp_lwm2m_path *p, uint16_t id)
{
	struct mp_lwm2m_path child = *p;

	assert(p->n < 4);
	child.id[child.n++] = id;
	return child;
}

struct mp_lwm2m_path mp_lwm2m_path_top(const struct mp_lwm2m_path *p, unsigned n)
{
	struct mp_lwm2m_path top = {.n = 0};

	while (top.n < p->n && top.n < n) {
		top.id[top.n] = p->id[top.n];
		top.n++;
	}
	return top;
}

size_t mp_lwm2m_path_format(const struct mp_lwm2m_path *p, char text[MP_LWM2M_PATH_TEXT])
{
	size_t len = 0;

	if (p->n == 0)
		text[len++] = '/';
	for (unsigned i = 0; i < p->n; i++) {
		char digits[5];
		unsigned id = p->id[i], n = 0;

		do
			digits[n++] = (char)('0' + id % 10);
		while ((id /= 10));
		text[len++] = '/';
		while (n)
			text[len++] = digits[--n];
	}
	text[len] = '\0';
	return len;
}

int mp_lwm2m_path_compare(const struct mp_lwm2m_path *a, const struct mp_lwm2m_path *b)
{
	for (unsigned i = 0; i < a->n && i < b->n; i++)
		if (a->id[i] != b->id[i])
			return a->id[i] < b->id[i] ? -1 : 1;
	return (int)a->n - (int)b->n;
}

bool mp_lwm2m_path_is_below(const struct mp_lwm2m_path *p, const struct mp_lwm2m_path *top)
{
	if (p->n < top->n)
		return false;
	for (unsigned i = 0; i < top->n; i++)
		if (p->id[i] != top->id[i])
			return false;
	return true;
}
