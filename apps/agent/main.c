/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "hooks.h"
#include "pair/pair.h"
#include "reset.h"
#include "supervisor.h"

static const char help[] =
	"usage: mp-agent run [--root DIR] [--server URL] [--once] ...\n"
	"       mp-agent status [--root DIR]\n"
	"       mp-agent hooks DIR\n"
	"       mp-agent reset [--root DIR]\n"
	"\n"
	"  run      keep this device at the release that its server wants\n"
	"  status   print where the update stands, as JSON\n"
	"  hooks    run the product's programs in "
	"/usr/lib/microplatform/DIR\n"
	"  reset    go back to the factory's state, if that was asked for before the last reboot\n"
	"\n"
	"  --root DIR          prefix of all paths; a reboot is then only noted\n"
	"  --server URL        instead of the one in product.json\n"
	"  --once              end after the first poll\n"
	"  --programs DIR      where the workers are; otherwise beside this program\n"
	"  --fetch-user NAME   whom the network worker becomes; mp-fetch\n"
	"  --disk DEVICE       the disk, below the prefix\n"
	"  --docker PATH       Docker's socket\n"
	"  --look SECONDS      how often containers that are up are looked at; 60\n"
	"  --control FD        for hooks: answer over this pair\n";

struct arguments {
	struct agent_options o;
	int control;
	const char *verb, *operand;
};

static int set(struct arguments *a, int c)
{
	uint64_t n = 0;

	switch (c) {
	case 'r':
		a->o.root = optarg;
		break;
	case 's':
		a->o.server = optarg;
		break;
	case '1':
		a->o.once = true;
		break;
	case 'p':
		a->o.programs = optarg;
		break;
	case 'u':
		a->o.fetch_user = optarg;
		break;
	case 'k':
		a->o.disk = optarg;
		break;
	case 'd':
		a->o.docker = optarg;
		break;
	case 'l':
		if (mp_str_parse_u64(optarg, 86400, &n) < 0 || n == 0)
			return -EINVAL;
		a->o.look_seconds = (unsigned)n;
		break;
	case 'c':
		a->control = atoi(optarg);
		break;
	}
	return 0;
}

static int parse(int argc, char *argv[], struct arguments *a)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"server", required_argument, NULL, 's'},
		{"once", no_argument, NULL, '1'},
		{"programs", required_argument, NULL, 'p'},
		{"fetch-user", required_argument, NULL, 'u'},
		{"disk", required_argument, NULL, 'k'},
		{"docker", required_argument, NULL, 'd'},
		{"look", required_argument, NULL, 'l'},
		{"control", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*a = (struct arguments){
		.o = {.root = "", .programs = "", .fetch_user = "mp-fetch", .look_seconds = 60},
		.control = -1};
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			exit(0);
		}
		if (c == '?' || set(a, c) < 0)
			return -EINVAL;
	}
	a->verb = argv[optind];
	a->operand = a->verb ? argv[optind + 1] : NULL;
	return a->verb ? 0 : -EINVAL;
}

static int run(struct arguments *a)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (!*a->o.programs && n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		a->o.programs = self;
	}
	return supervisor_run(&a->o);
}

static int status(const struct arguments *a)
{
	MP_BUF(text, 64 * 1024);
	struct mp_err err;
	char path[512];

	snprintf(path, sizeof(path), "%s" AGENT_RUN "/agent.json", a->o.root);
	if (mp_file_read(path, &text, &err) < 0) {
		fprintf(stderr, "mp-agent: the agent does not run here: %s\n", err.text);
		return 1;
	}
	return fputs(mp_buf_str(&text), stdout) == EOF;
}

static int hooks(const struct arguments *a)
{
	struct mp_err err = {{0}};
	struct mp_pair pair;
	char dir[512];
	int r;

	if (!a->operand || !mp_str_is_name(a->operand, 64))
		return fputs(help, stderr), 2;
	snprintf(dir, sizeof(dir), "%s/usr/lib/microplatform/%s", a->o.root, a->operand);
	r = hooks_run(dir, &err);
	if (a->control > 2 && mp_pair_init(&pair, a->control, 1024) == 0) {
		r = mp_pair_send_result(&pair, r, err.text);
		mp_pair_done(&pair);
		return r < 0;
	}
	if (r < 0)
		fprintf(stderr, "mp-agent: %s\n", err.text);
	return r < 0;
}

static int reset(const struct arguments *a)
{
	struct mp_err err = {{0}};

	if (reset_run(a->o.root, &err) == 0)
		return 0;
	fprintf(stderr, "mp-agent: cannot reset: %s\n", err.text);
	return 1;
}

int main(int argc, char *argv[])
{
	struct arguments a;

	if (parse(argc, argv, &a) < 0)
		return fputs(help, stderr), 2;
	if (mp_streq(a.verb, "run"))
		return run(&a);
	if (mp_streq(a.verb, "status"))
		return status(&a);
	if (mp_streq(a.verb, "hooks"))
		return hooks(&a);
	if (mp_streq(a.verb, "reset"))
		return reset(&a);
	return fputs(help, stderr), 2;
}
