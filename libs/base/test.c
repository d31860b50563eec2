/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

static struct test *first, **last = &first;
static bool failed;
static const char *skipped; /* why; NULL: it is not */
static long fail_at = -1; /* allocations left until one fails; -1: never */
static bool injected;

/* Linked with -Wl,--wrap=malloc etc.; covers calls from our own objects. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static bool fail_now(void)
{
	if (fail_at < 0 || fail_at-- > 0)
		return false;
	injected = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fail_now() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t n, size_t size)
{
	return fail_now() ? NULL : __real_calloc(n, size);
}
void *__wrap_realloc(void *p, size_t size)
{
	return fail_now() ? NULL : __real_realloc(p, size);
}

void mp_test_add(struct test *t)
{
	*last = t;
	last = &t->next;
}

void mp_test_skip(const char *why)
{
	skipped = why;
}

void mp_test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	failed = true;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

char *mp_test_cut(const void *data, size_t len)
{
	char *cut = malloc(len ? len : 1);

	if (!cut)
		abort();
	memcpy(cut, data, len);
	return cut;
}

static void torture(const struct test *t)
{
	for (long n = 0; n < 100000; n++) {
		int r;

		fail_at = n;
		injected = false;
		r = t->torture();
		fail_at = -1;
		if (r == 0 && !injected)
			return;
		if (r != 0 && r != -ENOMEM) {
			mp_test_fail(t->name, 0, "allocation %ld failed: returned %d", n, r);
			return;
		}
		if (r != 0 && !injected) {
			mp_test_fail(t->name, 0, "returned %d with nothing injected", r);
			return;
		}
	}
}

int main(int argc, char *argv[])
{
	int n = 0, bad = 0;

	for (struct test *t = first; t; t = t->next) {
		if (argc > 1 && strcmp(argv[1], t->name) != 0)
			continue;
		failed = false;
		skipped = NULL;
		if (t->torture)
			torture(t);
		else
			t->run();
		printf("%s %d - %s%s%s\n", failed ? "not ok" : "ok", ++n, t->name,
		       skipped && !failed ? " # SKIP " : "", skipped && !failed ? skipped : "");
		bad += failed;
	}
	printf("1..%d\n", n);
	return bad || !n;
}
