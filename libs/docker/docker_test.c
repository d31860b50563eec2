/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/str.h"
#include "base/test.h"
#include "docker/internal.h"
#include "tar/tar.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const struct mp_release_service web = {
	.name = "web",
	.image_id = A,
	.config_target = "a.config",
	.config_size = 5,
	.n_layers = 2,
	.layers = {{.diff_id = B, .target = "b.layer", .size = 1000},
		   {.diff_id = C, .target = "c.layer", .size = 512}},
};

/* Every blob is full of its target's first letter. */
static int open_blob(void *user, const char *target, uint64_t size)
{
	const uint64_t *shorter = user;
	int fd = memfd_create("blob", MFD_CLOEXEC);

	for (uint64_t i = 0; i + (shorter ? *shorter : 0) < size; i++)
		if (write(fd, target, 1) != 1)
			abort();
	(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

static ssize_t from_archive(void *user, void *data, size_t len)
{
	return mp_docker_archive_read(user, data, len < 100 ? len : 100);
}

/* "path size first-byte" of every entry, a line each. */
static int list(struct docker_archive *a, struct mp_buf *out)
{
	struct mp_tar_reader r = {.read = from_archive, .user = a};
	struct mp_tar_entry e;
	int n;

	while ((n = mp_tar_next(&r, &e)) > 0) {
		char first = '?';

		n = (int)mp_tar_data(&r, &first, 1);
		if (n >= 0)
			n = mp_buf_printf(out, "%.4s %u %c\n", e.path, (unsigned)e.size, first);
		if (n < 0)
			break;
	}
	mp_tar_reader_done(&r);
	return n;
}

TEST(an_archive_holds_manifest_configuration_and_layers)
{
	__attribute__((cleanup(docker_archive_autofree))) struct docker_archive *a = NULL;
	const struct mp_docker_blobs blobs = {.open = open_blob};
	MP_BUF(text, 1000);

	ASSERT_OK(mp_docker_archive_new(&web, 0, &blobs, &a));
	ASSERT_OK(list(a, &text));
	ASSERT_STR("mani 272 [\naaaa 5 a\nbbbb 1000 b\ncccc 512 c\n", mp_buf_str(&text));
}

TEST(an_archive_names_but_leaves_out_what_docker_has)
{
	__attribute__((cleanup(docker_archive_autofree))) struct docker_archive *a = NULL;
	const struct mp_docker_blobs blobs = {.open = open_blob};
	uint64_t size = 0;
	char chunk[600];
	ssize_t n;
	MP_BUF(text, 10000);

	ASSERT_OK(mp_docker_archive_new(&web, 1, &blobs, &a));
	while ((n = mp_docker_archive_read(a, chunk, sizeof(chunk))) > 0) {
		ASSERT_OK(mp_buf_add(&text, chunk, (size_t)n));
		size += (uint64_t)n;
	}
	ASSERT_INT(0, n);
	ASSERT_INT(mp_docker_archive_size(a), size);
	ASSERT(strstr(text.data + 512, "\"Layers\":[\"" B ".tar\",\"" C ".tar\"]"));
	ASSERT(strstr(text.data + 512, "\"RepoTags\":[\"mp:web-aaaaaaaaaaaa\"]"));
	ASSERT(!memmem(text.data, text.len, "bbbbbbbbb.tar\0", 14));
}

TEST(a_blob_that_is_too_short_is_named)
{
	__attribute__((cleanup(docker_archive_autofree))) struct docker_archive *a = NULL;
	uint64_t shorter = 600;
	const struct mp_docker_blobs blobs = {.open = open_blob, .user = &shorter};
	MP_BUF(text, 1000);

	ASSERT_OK(mp_docker_archive_new(&web, 0, &blobs, &a));
	ASSERT_ERR(-EIO, list(a, &text));
	ASSERT_STR("a.config", mp_docker_archive_failed(a));
}

static int body_of(const struct mp_json *spec, struct mp_buf *out)
{
	struct mp_release_service s = web;
	auto_(mp_json) *body = NULL;
	int r;

	s.spec = spec;
	r = mp_docker_create_body("1.0.0", &s, &body, NULL);
	return r < 0 ? r : mp_json_format(body, out);
}

static struct mp_json *parse(const char *text)
{
	struct mp_json *j;

	if (mp_json_parse(text, strlen(text), &j, NULL) < 0)
		abort();
	return j;
}

static const char full_spec[] =
	"{\"ports\":[{\"host\":8080,\"container\":80,\"protocol\":\"tcp\",\"address\":\"0.0.0.0\"},"
	"{\"host\":81,\"container\":80,\"protocol\":\"tcp\",\"address\":\"127.0.0.1\"}],"
	"\"environment\":{\"A\":\"1\"},\"command\":[\"x\"],\"user\":\"7\",\"healthcheck\":{"
	"\"test\":"
	"[\"CMD\",\"y\"],\"interval_s\":5,\"timeout_s\":2,\"retries\":3,\"start_period_s\":4,"
	"\"start_interval_s\":1},"
	"\"restart\":\"always\",\"read_only\":true,\"cap_drop\":[\"ALL\"],\"tmpfs\":{\"/"
	"run\":\"\"}}";

TEST(a_spec_becomes_a_container)
{
	auto_(mp_json) *spec = parse(full_spec);
	auto_(mp_json) *empty = parse("{}");
	MP_BUF(text, 10000);
	static const char *const parts[] = {
		"\"Image\":\"sha256:" A "\"",
		"\"Labels\":{\"mp.release\":\"1.0.0\",\"mp.service\":\"web\",\"mp.spec\":\"{",
		"\"Cmd\":[\"x\"],\"Env\":[\"A=1\"],\"User\":\"7\"",
		"\"Healthcheck\":{\"Test\":[\"CMD\",\"y\"],\"Interval\":5000000000,"
		"\"Timeout\":2000000000,\"StartPeriod\":4000000000,\"StartInterval\":"
		"1000000000,\"Retries\":3}",
		"\"ExposedPorts\":{\"80/tcp\":{}}",
		"\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"},"
		"{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"81\"}]}",
		"\"RestartPolicy\":{\"Name\":\"always\"},\"ReadonlyRootfs\":true,"
		"\"CapDrop\":[\"ALL\"],\"Tmpfs\":{\"/run\":\"\"},"
		"\"SecurityOpt\":[\"no-new-privileges\"]",
	};

	ASSERT_OK(body_of(spec, &text));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		ASSERT(strstr(mp_buf_str(&text), parts[i]));
	mp_buf_reset(&text);
	ASSERT_OK(body_of(empty, &text));
	ASSERT(strstr(mp_buf_str(&text), "no-new-privileges"));
}

static struct docker_verdict judge(const char *json)
{
	auto_(mp_json) *doc = parse(json);
	struct docker_verdict v;

	mp_docker_judge(doc, &v);
	return v;
}

TEST(health_is_judged_with_a_reason)
{
	static const struct {
		const char *json, *reason;
		enum mp_docker_health health;
		bool settling;
	} cases[] = {
		{"{\"State\":{\"Status\":\"running\",\"Health\":{\"Status\":\"healthy\"}}}", "",
		 MP_DOCKER_HEALTHY, false},
		{"{\"State\":{\"Status\":\"running\",\"Health\":{\"Status\":\"starting\"}}}",
		 "is starting: no probe has ended yet", MP_DOCKER_STARTING, false},
		{"{\"State\":{\"Status\":\"running\",\"Health\":{\"Status\":\"unhealthy\",\"Log\":["
		 "{\"ExitCode\":0,\"Output\":\"\"},{\"ExitCode\":1,\"Output\":\"x\\nwget: "
		 "refused\\n\"}]}}}",
		 "is unhealthy: probe exited 1: wget: refused", MP_DOCKER_UNHEALTHY, false},
		{"{\"State\":{\"Status\":\"running\"}}", "has not run for long enough yet",
		 MP_DOCKER_STARTING, true},
		{"{\"RestartCount\":2,\"State\":{\"Status\":\"restarting\",\"ExitCode\":3}}",
		 "keeps ending (2 restarts), last with code 3", MP_DOCKER_STARTING, false},
		{"{\"RestartCount\":5,\"State\":{\"Status\":\"restarting\",\"ExitCode\":3}}",
		 "keeps ending (5 restarts), last with code 3", MP_DOCKER_UNHEALTHY, false},
		{"{\"State\":{\"Status\":\"exited\",\"ExitCode\":137,\"OOMKilled\":true}}",
		 "has ended with code 137, out of memory", MP_DOCKER_UNHEALTHY, false},
		{"{\"State\":{\"Status\":\"created\",\"Error\":\"no such program\"}}",
		 "could not be started: no such program", MP_DOCKER_UNHEALTHY, false},
		{"{\"State\":{\"Status\":\"paused\"}}", "does not run (paused)",
		 MP_DOCKER_UNHEALTHY, false},
		{"{}", "does not run ()", MP_DOCKER_UNHEALTHY, false},
		{"[]", "does not run ()", MP_DOCKER_UNHEALTHY, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct docker_verdict v = judge(cases[i].json);

		ASSERT_STR(cases[i].reason, v.reason);
		ASSERT_INT(cases[i].health, v.health);
		ASSERT_INT(cases[i].settling, v.settling);
	}
}

TEST(the_last_line_of_a_log_is_found_whatever_it_holds)
{
	static const char log[] = "\1\0\0\0\0\0\0\4one\n\2\0\0\0\0\0\0\10two\n\x1b[1m\n"
				  "\1\0\0\0\0\0\0\2\n\n";
	char line[64];

	mp_docker_last_line(log, sizeof(log) - 1, line, sizeof(line));
	ASSERT_STR("[1m", line + 1); /* the escape character is a blank */
	for (size_t n = 0; n < sizeof(log); n++) {
		auto_free char *exact = malloc(n ? n : 1);

		memcpy(exact, log, n);
		mp_docker_last_line(exact, n, line, sizeof(line));
	}
}

TEST(docker_that_does_not_run_is_said_so)
{
	auto_(mp_docker) *d = NULL;
	struct mp_err err = {0};
	char version[32];

	ASSERT_OK(mp_docker_new("/tmp/mp-no-such-docker.sock", &d, &err));
	ASSERT(mp_docker_ping(d, version, &err) < 0);
	ASSERT(strstr(err.text, "Docker does not run"));
	ASSERT(mp_docker_apply(d, "1.0.0", NULL, 0, &err) < 0);
	ASSERT(strstr(err.text, "Docker does not run"));
}

TORTURE(making_an_archive_survives_oom)
{
	__attribute__((cleanup(docker_archive_autofree))) struct docker_archive *a = NULL;
	const struct mp_docker_blobs blobs = {.open = open_blob};

	return mp_docker_archive_new(&web, 0, &blobs, &a);
}

/* Read before any allocation fails. */
static struct mp_json *ready;

__attribute__((constructor)) static void make_ready(void)
{
	ready = parse(full_spec);
}

__attribute__((destructor)) static void drop_ready(void)
{
	mp_json_free(ready);
}

TORTURE(making_a_container_survives_oom)
{
	MP_BUF(text, 10000);

	return body_of(ready, &text);
}
