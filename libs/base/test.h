/* test.h - our whole test framework
 *
 *     TEST(tlv_rejects_a_truncated_header) { ASSERT_ERR(-EBADMSG, tlv_next(...)); }
 *     TORTURE(manifest_survives_oom)       { return manifest_parse(...); }
 *
 * Tests register themselves; nobody keeps a list. Output is TAP. A failed
 * ASSERT returns from the test, so auto_* variables are still released.
 * A TORTURE body is run again and again, each time with one later allocation
 * failing, until it succeeds; it may return only 0 or -ENOMEM.
 *
 *     EACH_CUT(cut, n, message, len) { ASSERT_ERR(-EBADMSG, decode(cut, n)); }
 *
 * runs its block for every shorter beginning of a message, each in a block of
 * exactly its size, so that the sanitizers see a read past its end.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"

struct test {
	const char *name;
	void (*run)(void);
	int (*torture)(void);
	struct test *next;
};

void mp_test_add(struct test *t);
void mp_test_skip(const char *why); /* lives on */
void mp_test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The first `len` bytes in a block of exactly this size, which the caller frees. */
char *mp_test_cut(const void *data, size_t len);

#define EACH_CUT(cut, n, data, len)                                                                \
	for (size_t n = 0; n < (len); n++)                                                         \
		for (auto_free char *cut = mp_test_cut(data, n); cut; free(cut), cut = NULL)

#define TEST(id)                                                                                   \
	static void test_##id(void);                                                               \
	static struct test entry_##id = {.name = #id, .run = test_##id};                           \
	__attribute__((constructor)) static void add_##id(void)                                    \
	{                                                                                          \
		mp_test_add(&entry_##id);                                                          \
	}                                                                                          \
	static void test_##id(void)

#define TORTURE(id)                                                                                \
	static int test_##id(void);                                                                \
	static struct test entry_##id = {.name = #id, .torture = test_##id};                       \
	__attribute__((constructor)) static void add_##id(void)                                    \
	{                                                                                          \
		mp_test_add(&entry_##id);                                                          \
	}                                                                                          \
	static int test_##id(void)

/* This machine lacks what the test needs: the test ends, and counts as skipped. */
#define SKIP(why)                                                                                  \
	do {                                                                                       \
		mp_test_skip(why);                                                                 \
		return;                                                                            \
	} while (0)

#define ASSERT(cond)                                                                               \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			mp_test_fail(__FILE__, __LINE__, "%s", #cond);                             \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#define ASSERT_INT(want, got)                                                                      \
	do {                                                                                       \
		long long w_ = (want), g_ = (got);                                                 \
		if (w_ != g_) {                                                                    \
			mp_test_fail(__FILE__, __LINE__, "%s: want %lld, got %lld", #got, w_, g_); \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#define ASSERT_STR(want, got)                                                                      \
	do {                                                                                       \
		const char *w_ = (want), *g_ = (got);                                              \
		if (strcmp(w_, g_)) {                                                              \
			mp_test_fail(__FILE__, __LINE__, "%s: want \"%s\", got \"%s\"", #got, w_,  \
				     g_);                                                          \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#define ASSERT_OK(expr)                                                                            \
	do {                                                                                       \
		int r_ = (expr);                                                                   \
		if (r_ < 0) {                                                                      \
			mp_test_fail(__FILE__, __LINE__, "%s: %s", #expr, strerror(-r_));          \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#define ASSERT_ERR(want, expr)                                                                     \
	do {                                                                                       \
		int w_ = (want), r_ = (expr);                                                      \
		if (r_ != w_) {                                                                    \
			mp_test_fail(__FILE__, __LINE__, "%s: want %s, got %d", #expr, #want, r_); \
			return;                                                                    \
		}                                                                                  \
	} while (0)
