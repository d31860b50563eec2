/* SPDX-License-Identifier: Apache-2.0
 * tls_test.c - against `openssl s_server`, with certificates made for the occasion */
#include "http/client.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/test.h"

struct server {
	pid_t pid;
	int port;
	char dir[32]; /* ours.pem and ours.key: the server's; other.pem, other.key: a stranger's */
};

static int make_certificate(const char *dir, const char *name)
{
	auto_free char *key = mp_str_format("%s.key", name), *cert = mp_str_format("%s.pem", name);
	const char *argv[] = {"openssl",
			      "req",
			      "-x509",
			      "-newkey",
			      "ec",
			      "-pkeyopt",
			      "ec_paramgen_curve:P-256",
			      "-nodes",
			      "-subj",
			      "/CN=test",
			      "-addext",
			      "subjectAltName=IP:127.0.0.1",
			      "-keyout",
			      key,
			      "-out",
			      cert,
			      NULL};

	return mp_proc_run(&(struct mp_proc){.argv = argv, .dir = dir}, NULL);
}

/* A port that is free now, and that the kernel gives to nobody by itself. `keep` holds it open, listening. */
static int free_port(int *keep)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	for (int i = 0; i < 700; i++) {
		int port = 32000 + (getpid() * 3 + i) % 700;

		a.sin_port = htons((uint16_t)port);
		*keep = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(*keep, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(*keep, 1) == 0)
			return port;
		close(*keep);
	}
	return -1;
}

static void server_stop(struct server *s)
{
	if (s->pid > 0 && kill(s->pid, SIGKILL) == 0)
		waitpid(s->pid, NULL, 0);
	if (s->dir[0])
		(void)mp_file_remove_tree(s->dir, NULL);
}
#define SERVER(name) __attribute__((cleanup(server_stop))) struct server name = {0}

__attribute__((noreturn)) static void become_openssl(const struct server *s, bool ask_client)
{
	char *at = mp_str_format("127.0.0.1:%d", s->port);
	const char *argv[] = {"openssl",
			      "s_server",
			      "-quiet",
			      "-www",
			      "-accept",
			      at,
			      "-cert",
			      "ours.pem",
			      "-key",
			      "ours.key",
			      ask_client ? "-Verify" : NULL,
			      "1",
			      "-verify_return_error",
			      "-CAfile",
			      "ours.pem",
			      NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(s->dir) == 0 && freopen("/dev/null", "w", stderr))
		execvp("openssl", (char *const *)argv);
	_exit(127);
}

static bool server_start(struct server *s, bool ask_client)
{
	int probe;

	strcpy(s->dir, "/tmp/mp-tls-XXXXXX");
	if (!mkdtemp(s->dir) || make_certificate(s->dir, "ours") < 0 ||
	    make_certificate(s->dir, "other") < 0)
		return false;
	s->port = free_port(&probe);
	close(probe);
	s->pid = fork();
	if (s->pid == 0)
		become_openssl(s, ask_client);
	for (int i = 0; i < 1200; i++) { /* until it listens */
		struct sockaddr_in a = {.sin_family = AF_INET,
					.sin_port = htons((uint16_t)s->port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		auto_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			return true;
		usleep(50000);
	}
	return false;
}

/* GET / as somebody who trusts `ca` and shows `cert` (NULL: none). */
static int get(const struct server *s, const char *host, const char *ca, const char *cert,
	       int *ret_status, struct mp_err *err)
{
	auto_free char *ca_file = mp_str_format("%s/%s.pem", s->dir, ca);
	auto_free char *cert_file = mp_str_format("%s/%s.pem", s->dir, cert ? cert : "");
	auto_free char *key_file = mp_str_format("%s/%s.key", s->dir, cert ? cert : "");
	auto_free char *url = mp_str_format("https://%s:%d/", host, s->port);
	struct mp_http_client_config config = {.ca_file = ca_file,
					       .cert_file = cert ? cert_file : NULL,
					       .key_file = cert ? key_file : NULL};
	struct mp_http_call call = {.method = "GET", .url = url};
	auto_(mp_http_client) *c = NULL;
	struct mp_http_result res;
	int r = mp_http_client_new(&config, &c, err);

	if (r == 0)
		r = mp_http_call(c, &call, &res, err);
	if (r == 0)
		*ret_status = res.status;
	return r;
}

TEST(only_the_server_that_we_trust_is_spoken_to)
{
	struct mp_err err = {0};
	int status = 0;
	SERVER(s);

	ASSERT(server_start(&s, false));
	ASSERT_OK(get(&s, "127.0.0.1", "ours", NULL, &status, &err));
	ASSERT_INT(200, status);
	ASSERT_ERR(-EKEYREJECTED, get(&s, "127.0.0.1", "other", NULL, &status, &err));
	ASSERT(mp_str_starts_with(err.text, "127.0.0.1:"));
	ASSERT(strstr(err.text, "is not a server that we trust"));
	ASSERT_ERR(-EKEYREJECTED, get(&s, "localhost", "ours", NULL, &status, &err));
	ASSERT_ERR(-ENOENT, get(&s, "127.0.0.1", "missing", NULL, &status, &err));
	ASSERT(strstr(err.text, "certificate files"));
}

TEST(a_server_that_asks_for_a_certificate_gets_ours_or_refuses_us)
{
	struct mp_err err = {0};
	int status = 0;
	SERVER(s);

	ASSERT(server_start(&s, true));
	ASSERT_OK(get(&s, "127.0.0.1", "ours", "ours", &status, &err));
	ASSERT_INT(200, status);
	ASSERT_ERR(-EKEYREJECTED, get(&s, "127.0.0.1", "ours", "other", &status, &err));
	ASSERT(strstr(err.text, "refuses us"));
	ASSERT_ERR(-ENOENT, get(&s, "127.0.0.1", "ours", "missing", &status, &err));
}

TEST(a_server_without_tls_is_told_from_an_untrusted_one)
{
	struct mp_err err = {0};
	int status, listener;
	SERVER(s);

	s.port = free_port(&listener);
	s.pid = fork();
	if (s.pid == 0) {
		int fd = accept(listener, NULL, NULL);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28) == 28)
			sleep(10);
		_exit(0);
	}
	close(listener);
	strcpy(s.dir, "/tmp/mp-tls-XXXXXX");
	ASSERT(mkdtemp(s.dir));
	ASSERT_OK(make_certificate(s.dir, "ours"));
	ASSERT_ERR(-EPROTO, get(&s, "127.0.0.1", "ours", NULL, &status, &err));
	ASSERT(strstr(err.text, "is it an https server?"));
}
