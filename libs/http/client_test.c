/* SPDX-License-Identifier: Apache-2.0
 * client_test.c - against a child of ours that answers each path in its own canned way */
#include "http/client.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/test.h"

struct server {
	pid_t pid;
	int port;
	char url[64];
	char path[108]; /* of a UNIX socket */
	unsigned patience; /* seconds until it is given up; 0: 60 */
};

static const struct {
	const char *path, *answer;
} canned[] = {
	{"/hello", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"tag\"\r\n"
		   "Content-Type: text/plain\r\n\r\nhello"},
	{"/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno such"},
	{"/later", "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"},
	{"/ranged", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-7/8\r\n"
		    "Content-Length: 5\r\n\r\n34567"},
	{"/other-range", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-7/8\r\n"
			 "Content-Length: 4\r\n\r\n4567"},
	{"/no-range", "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\n4567"},
	{"/whole", "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n01234567"},
	{"/past-end", "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n"},
	{"/moved", "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n"},
	{"/empty", "HTTP/1.1 204 No Content\r\n\r\n"},
	{"/interim", "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\n\r\n"
		     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
	/* the rest ends the connection, or should have */
	{"/cut-short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"},
	{"/nothing", ""},
	{"/garbage", "SSH-2.0-OpenSSH\r\n\r\n"},
	{"/endless", "HTTP/1.1 200 OK\r\n\r\n"},
	{"/endless-error", "HTTP/1.1 500 Oops\r\n\r\n"},
	{"/stalled", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na"},
};

static void send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* Read one request, head and body. False at the end of the connection. */
static bool take_request(int fd, char *text, size_t room)
{
	size_t len = 0, whole = 0;

	while (!whole || len < whole) {
		ssize_t n = read(fd, text + len, room - 1 - len);
		char *end, *length;

		if (n <= 0)
			return false;
		len += (size_t)n;
		text[len] = '\0';
		end = strstr(text, "\r\n\r\n");
		length = strstr(text, "Content-Length: ");
		if (end)
			whole = (size_t)(end + 4 - text) +
				(length ? strtoul(length + 16, NULL, 10) : 0);
	}
	return true;
}

/* What "/echo" gives back: the request itself. */
static void answer_echo(int fd, const char *request)
{
	auto_free char *head =
		mp_str_format("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(request));

	send_all(fd, head, strlen(head));
	send_all(fd, request, strlen(request));
}

/* One answer; false when the connection must end with it. */
static bool answer(int fd, const char *request)
{
	const char *path = strchr(request, ' ') + 1;
	size_t n = strcspn(path, " ");
	static char zeros[65536];

	if (strncmp(path, "/echo", 5) == 0)
		return answer_echo(fd, request), true;
	for (size_t i = 0; i < sizeof(canned) / sizeof(canned[0]); i++) {
		if (strlen(canned[i].path) != n || memcmp(canned[i].path, path, n) != 0)
			continue;
		send_all(fd, canned[i].answer, strlen(canned[i].answer));
		if (strncmp(path, "/endless", 8) == 0)
			for (int k = 0; k < 1000; k++)
				send_all(fd, zeros, sizeof(zeros));
		if (strncmp(path, "/stalled", 8) == 0)
			sleep(30);
		return i < 11;
	}
	return false;
}

__attribute__((noreturn)) static void serve(int listener)
{
	static char request[1 << 20];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			_exit(1);
		while (take_request(fd, request, sizeof(request)))
			if (!answer(fd, request))
				break;
		close(fd);
	}
}

static void start(struct server *s, int listener)
{
	s->pid = listen(listener, 8) == 0 ? fork() : -1;
	if (s->pid == 0)
		serve(listener);
	close(listener);
}

static void server_start(struct server *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&a, len) == 0)
		(void)getsockname(fd, (struct sockaddr *)&a, &len);
	s->port = ntohs(a.sin_port);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", s->port);
	start(s, fd);
}

static void server_start_unix(struct server *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(s->path, sizeof(s->path), "/tmp/mp-http-test.%d", (int)getpid());
	strcpy(a.sun_path, s->path);
	(void)unlink(s->path);
	(void)bind(fd, (struct sockaddr *)&a, sizeof(a));
	start(s, fd);
}

static void server_stop(struct server *s)
{
	if (s->pid > 0 && kill(s->pid, SIGKILL) == 0)
		waitpid(s->pid, NULL, 0);
	if (s->path[0])
		unlink(s->path);
}
#define SERVER(name) __attribute__((cleanup(server_stop))) struct server name = {0}

static struct mp_http_client *client(const struct server *s)
{
	struct mp_http_client *c = NULL;

	(void)mp_http_client_new(
		&(struct mp_http_client_config){.user_agent = "mp-test",
						.stall_timeout = s->patience ? s->patience : 60},
		&c, NULL);
	return c;
}

/* GET a path of the server with whatever else the call says. */
static int fetch(const struct server *s, const char *path, struct mp_http_call call,
		 struct mp_http_result *res, struct mp_err *err)
{
	auto_(mp_http_client) *c = client(s);
	auto_free char *url = mp_str_format("%s%s", s->url, path);

	call.url = url;
	call.method = call.method ? call.method : "GET";
	return mp_http_call(c, &call, res, err);
}

TEST(an_answer_comes_with_status_body_and_headers)
{
	struct mp_http_result res;
	MP_BUF(body, 100);
	SERVER(s);

	server_start(&s);
	ASSERT_OK(fetch(&s, "/hello", (struct mp_http_call){.into = &body}, &res, NULL));
	ASSERT_INT(200, res.status);
	ASSERT_INT(5, res.body_len);
	ASSERT_STR("hello", mp_buf_str(&body));
	ASSERT_STR("\"tag\"", res.etag);
	ASSERT_STR("text/plain", res.content_type);
	ASSERT_INT(0, res.retry_after);
}

TEST(an_error_status_is_an_answer)
{
	struct mp_http_result res;
	MP_BUF(body, 100);
	SERVER(s);

	server_start(&s);
	ASSERT_OK(fetch(&s, "/missing", (struct mp_http_call){.into = &body}, &res, NULL));
	ASSERT_INT(404, res.status);
	ASSERT_STR("no such", mp_buf_str(&body));
	ASSERT_OK(fetch(&s, "/later", (struct mp_http_call){0}, &res, NULL));
	ASSERT_INT(503, res.status);
	ASSERT_INT(7, res.retry_after);
	ASSERT_OK(fetch(&s, "/moved", (struct mp_http_call){0}, &res, NULL));
	ASSERT_INT(302, res.status);
	ASSERT_OK(fetch(&s, "/empty", (struct mp_http_call){0}, &res, NULL));
	ASSERT_INT(204, res.status);
	ASSERT_OK(fetch(&s, "/interim", (struct mp_http_call){0}, &res, NULL));
	ASSERT_INT(200, res.status);
	ASSERT_STR("", res.etag);
}

static int to_buf(void *user, const void *data, size_t len)
{
	return mp_buf_add(user, data, len);
}

static struct mp_http_call from(uint64_t at, struct mp_buf *to)
{
	return (struct mp_http_call){.range_from = at, .sink = to_buf, .user = to};
}

TEST(a_range_is_continued_from_where_it_was_asked)
{
	struct mp_http_result res;
	MP_BUF(got, 100);
	SERVER(s);

	server_start(&s);
	ASSERT_OK(fetch(&s, "/ranged", from(3, &got), &res, NULL));
	ASSERT_INT(206, res.status);
	ASSERT_INT(3, res.range_from);
	ASSERT_INT(5, res.body_len);
	ASSERT_STR("34567", mp_buf_str(&got));
}

TEST(a_server_without_ranges_gives_the_same_bytes)
{
	struct mp_http_result res;
	MP_BUF(got, 100);
	SERVER(s);

	server_start(&s);
	ASSERT_OK(fetch(&s, "/whole", from(3, &got), &res, NULL));
	ASSERT_INT(200, res.status);
	ASSERT_INT(5, res.body_len);
	ASSERT_STR("34567", mp_buf_str(&got));
}

TEST(another_range_than_the_one_asked_for_is_refused)
{
	struct mp_http_result res;
	struct mp_err err = {0};
	MP_BUF(got, 100);
	SERVER(s);

	server_start(&s);
	ASSERT_ERR(-EPROTO, fetch(&s, "/other-range", from(3, &got), &res, &err));
	ASSERT(strstr(err.text, "another range"));
	ASSERT_ERR(-EPROTO, fetch(&s, "/no-range", from(3, &got), &res, NULL));
	ASSERT_INT(0, got.len);
	ASSERT_OK(fetch(&s, "/past-end", from(8, &got), &res, NULL));
	ASSERT_INT(416, res.status);
}

TEST(endless_data_ends_at_the_limit)
{
	struct mp_http_call limited = {.most = 5000000};
	struct mp_http_result res;
	struct mp_err err = {0};
	MP_BUF(got, 100000);
	SERVER(s);

	server_start(&s);
	ASSERT_ERR(-EFBIG, fetch(&s, "/endless", (struct mp_http_call){.into = &got}, &res, &err));
	ASSERT(strstr(err.text, "more than there is room for"));
	ASSERT_ERR(-EFBIG, fetch(&s, "/endless", limited, &res, &err));
	ASSERT(strstr(err.text, "more than the 5000000 bytes expected"));
	mp_buf_reset(&got);
	ASSERT_ERR(-EFBIG, fetch(&s, "/endless-error", from(0, &got), &res, &err));
	ASSERT_INT(0, got.len);
}

TEST(the_text_of_an_error_does_not_reach_the_sink)
{
	struct mp_http_result res;
	MP_BUF(got, 100);
	MP_BUF(text, 4);
	struct mp_http_call call = from(0, &got);
	SERVER(s);

	server_start(&s);
	call.into = &text;
	ASSERT_OK(fetch(&s, "/missing", call, &res, NULL));
	ASSERT_INT(0, got.len);
	ASSERT_STR("no s", mp_buf_str(&text));
}

static int refuse(void *user, const void *data, size_t len)
{
	(void)user, (void)data, (void)len;
	return -ENOSPC;
}

TEST(a_sink_can_end_the_call)
{
	struct mp_http_result res;
	SERVER(s);

	server_start(&s);
	ASSERT_ERR(-ENOSPC, fetch(&s, "/hello", (struct mp_http_call){.sink = refuse}, &res, NULL));
}

TEST(a_body_cut_short_or_missing_is_a_cut_connection)
{
	struct mp_http_result res = {.status = 77};
	struct mp_err err = {0};
	SERVER(s);

	server_start(&s);
	ASSERT_ERR(-ECONNRESET, fetch(&s, "/cut-short", (struct mp_http_call){0}, &res, &err));
	ASSERT(strstr(err.text, "127.0.0.1"));
	ASSERT(strstr(err.text, "cut the connection"));
	ASSERT_ERR(-ECONNRESET, fetch(&s, "/nothing", (struct mp_http_call){0}, &res, &err));
	ASSERT_ERR(-EPROTO, fetch(&s, "/garbage", (struct mp_http_call){0}, &res, &err));
	ASSERT_INT(77, res.status);
}

TEST(a_server_that_falls_silent_is_given_up)
{
	struct mp_http_result res;
	struct mp_err err = {0};
	SERVER(s);

	server_start(&s);
	s.patience = 1;
	ASSERT_ERR(-ETIMEDOUT, fetch(&s, "/stalled", (struct mp_http_call){0}, &res, &err));
	ASSERT(strstr(err.text, "does not answer in time"));
}

TEST(a_server_that_is_not_there_is_named)
{
	struct mp_http_result res;
	struct mp_err err = {0};
	struct server gone = {0};

	server_start(&gone);
	server_stop(&gone);
	ASSERT_ERR(-ECONNREFUSED, fetch(&gone, "/hello", (struct mp_http_call){0}, &res, &err));
	ASSERT(mp_str_starts_with(err.text, "nothing answers at 127.0.0.1:"));
	snprintf(gone.url, sizeof(gone.url), "http://user:secret@no-such-host.invalid");
	ASSERT_ERR(-EHOSTUNREACH, fetch(&gone, "/hello", (struct mp_http_call){0}, &res, &err));
	ASSERT(strstr(err.text, "cannot find the host no-such-host.invalid"));
	ASSERT(!strstr(err.text, "secret"));
}

TEST(only_http_is_spoken)
{
	struct mp_http_result res;
	struct mp_err err = {0};
	struct server s = {.url = "file:///etc"};

	ASSERT_ERR(-EINVAL, fetch(&s, "/passwd", (struct mp_http_call){0}, &res, &err));
	ASSERT(strstr(err.text, "is not an address"));
	s.url[0] = '\0';
	ASSERT_ERR(-EINVAL, fetch(&s, "", (struct mp_http_call){0}, &res, &err));
}

TEST(a_request_carries_method_headers_and_body)
{
	static const char *const headers[] = {"Authorization: Bearer x", NULL};
	struct mp_http_call call = {
		.method = "POST", .headers = headers, .body = "{}", .body_len = 2};
	struct mp_http_result res;
	MP_BUF(got, 10000);
	SERVER(s);

	server_start(&s);
	call.into = &got;
	ASSERT_OK(fetch(&s, "/echo", call, &res, NULL));
	ASSERT(mp_str_starts_with(mp_buf_str(&got), "POST /echo HTTP/1.1\r\n"));
	ASSERT(strstr(mp_buf_str(&got), "\r\nAuthorization: Bearer x\r\n"));
	ASSERT(strstr(mp_buf_str(&got), "\r\nUser-Agent: mp-test\r\n"));
	ASSERT(!strstr(mp_buf_str(&got), "Content-Type"));
	ASSERT(!strstr(mp_buf_str(&got), "Expect"));
	ASSERT(mp_str_ends_with(mp_buf_str(&got), "\r\n\r\n{}"));

	mp_buf_reset(&got);
	ASSERT_OK(fetch(&s, "/echo", (struct mp_http_call){.method = "PUT", .into = &got}, &res,
			NULL));
	ASSERT(strstr(mp_buf_str(&got), "\r\nContent-Length: 0\r\n"));
	mp_buf_reset(&got);
	ASSERT_OK(fetch(&s, "/echo", (struct mp_http_call){.method = "DELETE", .into = &got}, &res,
			NULL));
	ASSERT(mp_str_starts_with(mp_buf_str(&got), "DELETE /echo"));
	ASSERT_OK(fetch(&s, "/hello", (struct mp_http_call){.method = "GET"}, &res, NULL));
}

static void note_progress(void *user, uint64_t done, uint64_t total)
{
	uint64_t *seen = user;

	if (done == total)
		*seen = done;
}

TEST(a_file_is_streamed_up)
{
	char path[] = "/tmp/mp-http-XXXXXX";
	auto_close int fd = mkstemp(path);
	uint64_t seen = 0;
	struct mp_http_call call = {.method = "PUT",
				    .body_fd = fd,
				    .body_len = 300000,
				    .progress = note_progress,
				    .user = &seen};
	struct mp_http_result res;
	MP_BUF(got, 1 << 20);
	SERVER(s);

	unlink(path);
	ASSERT_OK(ftruncate(fd, 400000));
	ASSERT_INT(1, pwrite(fd, "z", 1, 299999 + 1000));
	ASSERT_INT(1000, lseek(fd, 1000, SEEK_SET));
	server_start(&s);
	call.into = &got;
	ASSERT_OK(fetch(&s, "/echo", call, &res, NULL));
	ASSERT(strstr(mp_buf_str(&got), "\r\nContent-Length: 300000\r\n"));
	ASSERT_INT(301000, lseek(fd, 0, SEEK_CUR));
	ASSERT(seen >= 300000);

	ASSERT_INT(399999, lseek(fd, 399999, SEEK_SET));
	ASSERT_ERR(-EIO, fetch(&s, "/echo", call, &res, NULL)); /* the file is too short */
}

static ssize_t make_piece(void *user, void *data, size_t len)
{
	uint64_t *left = user;
	size_t n = len < 777 ? len : 777;

	n = n < *left ? n : (size_t)*left;
	memset(data, 'p', n);
	*left -= n;
	return n > 0 ? (ssize_t)n : -ENODATA;
}

TEST(a_body_is_made_while_it_is_sent)
{
	uint64_t left = 100000;
	struct mp_http_call call = {
		.method = "POST", .source = make_piece, .body_len = 100000, .user = &left};
	struct mp_http_result res;
	MP_BUF(got, 1 << 20);
	SERVER(s);

	server_start(&s);
	call.into = &got;
	ASSERT_OK(fetch(&s, "/echo", call, &res, NULL));
	ASSERT(strstr(mp_buf_str(&got), "\r\nContent-Length: 100000\r\n"));
	ASSERT_INT(0, left);

	left = 99999; /* the maker's own failure ends the call */
	ASSERT_ERR(-ENODATA, fetch(&s, "/echo", call, &res, NULL));
}

TEST(a_connection_is_used_again)
{
	struct mp_http_result res;
	SERVER(s);
	auto_(mp_http_client) *c = client(&s);

	server_start(&s); /* which serves one connection at a time: a second would hang */
	for (int i = 0; i < 3; i++) {
		auto_free char *url = mp_str_format("%s/hello", s.url);

		ASSERT_OK(mp_http_call(c, &(struct mp_http_call){.method = "GET", .url = url}, &res,
				       NULL));
		ASSERT_INT(200, res.status);
	}
}

TEST(a_head_request_has_an_answer_without_a_body)
{
	struct mp_http_result res;
	SERVER(s);

	server_start(&s);
	ASSERT_OK(fetch(&s, "/hello", (struct mp_http_call){.method = "HEAD"}, &res, NULL));
	ASSERT_INT(200, res.status);
	ASSERT_INT(0, res.body_len);
}

TEST(a_unix_socket_is_spoken_to)
{
	auto_(mp_http_client) *c = NULL;
	struct mp_http_call call = {.method = "GET", .url = "http://docker/hello"};
	struct mp_http_result res;
	struct mp_err err = {0};
	SERVER(s);

	server_start_unix(&s);
	ASSERT_OK(mp_http_client_new(&(struct mp_http_client_config){.unix_socket = s.path}, &c,
				     NULL));
	ASSERT_OK(mp_http_call(c, &call, &res, NULL));
	ASSERT_INT(200, res.status);
	server_stop(&s);
	ASSERT_ERR(-ECONNREFUSED, mp_http_call(c, &call, &res, &err));
	ASSERT(strstr(err.text, s.path));
	s.pid = 0;
}

TORTURE(a_client_survives_the_end_of_memory)
{
	auto_(mp_http_client) *c = NULL;

	return mp_http_client_new(
		&(struct mp_http_client_config){.user_agent = "x", .unix_socket = "y"}, &c, NULL);
}
