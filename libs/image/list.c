/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "image/internal.h"

int list_add(struct list *l, const char *item)
{
	char **grown = realloc(l->items, (l->n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	l->items = grown;
	l->items[l->n] = strdup(item);
	if (!l->items[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

int list_read(const char *path, struct list *l, struct mp_err *err)
{
	MP_BUF(text, 1u << 20);
	char *rest = NULL;
	int r = mp_file_read(path, &text, err);

	if (r < 0)
		return r;
	for (char *line = strtok_r(text.data, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		line[strcspn(line, "# \t\r")] = '\0';
		if (*line && list_add(l, line) < 0)
			return OOM(err);
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_sort(struct list *l)
{
	size_t kept = 0;

	if (l->n > 1)
		qsort(l->items, l->n, sizeof(*l->items), compare);
	for (size_t i = 0; i < l->n; i++)
		if (kept > 0 && mp_streq(l->items[kept - 1], l->items[i]))
			free(l->items[i]);
		else
			l->items[kept++] = l->items[i];
	l->n = kept;
}

bool list_has(const struct list *l, const char *item)
{
	for (size_t i = 0; i < l->n; i++)
		if (mp_streq(l->items[i], item))
			return true;
	return false;
}

void list_done(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct list){0};
}
