/* SPDX-License-Identifier: Apache-2.0 */
#include "pair/worker.h"

#include <stdio.h>

#include "base/test.h"

struct arguments {
	const char *root;
	int control, data;
};

static const struct mp_worker_option options[] = {
	{"root", "DIR", "prefix", offsetof(struct arguments, root), MP_WORKER_TEXT},
	{"control", "FD", "one", offsetof(struct arguments, control), MP_WORKER_PAIR},
	{"data", "FD", "other", offsetof(struct arguments, data), MP_WORKER_OPTIONAL_PAIR},
	{0},
};

/* What is said goes nowhere, since the test's own output is read by a program. */
static int parse(struct arguments *a, int argc, char *const *argv)
{
	FILE *out = stdout, *err = stderr, *null = fopen("/dev/null", "w");
	int r;

	*a = (struct arguments){.root = "", .control = -1, .data = -1};
	stdout = stderr = null;
	r = mp_worker_parse("mp-x", "The x.", options, a, argc, (char **)(void *)argv);
	stdout = out;
	stderr = err;
	(void)fclose(null);
	return r;
}

#define PARSE(a, ...)                                                                              \
	parse(a, (int)(sizeof((char *[]){"mp-x", __VA_ARGS__}) / sizeof(char *)),                  \
	      (char *[]){"mp-x", __VA_ARGS__, NULL})

TEST(worker_reads_its_command_line)
{
	struct arguments a;

	ASSERT_OK(PARSE(&a, "--root", "/r", "--control", "4"));
	ASSERT_STR("/r", a.root);
	ASSERT_INT(4, a.control);
	ASSERT_INT(-1, a.data);
	ASSERT_OK(PARSE(&a, "--data", "5", "--control", "3"));
	ASSERT_STR("", a.root);
	ASSERT_INT(5, a.data);
	ASSERT_INT(1, PARSE(&a, "--help"));
}

TEST(worker_refuses_a_wrong_command_line)
{
	struct arguments a;

	ASSERT_ERR(-EINVAL, PARSE(&a, "--root", "/r"));
	ASSERT_ERR(-EINVAL, PARSE(&a, "--control"));
	ASSERT_ERR(-EINVAL, PARSE(&a, "--control", "2"));
	ASSERT_ERR(-EINVAL, PARSE(&a, "--control", "x"));
	ASSERT_ERR(-EINVAL, PARSE(&a, "--control", "4", "--data", "-1"));
	ASSERT_ERR(-EINVAL, PARSE(&a, "--control", "4", "--none", "5"));
	ASSERT_ERR(-EINVAL, PARSE(&a, "control", "4"));
	ASSERT_ERR(-EINVAL, PARSE(&a, "--control", "4", "more"));
}
