/* SPDX-License-Identifier: Apache-2.0
 * A client in a child process speaks to a server in this one. */
#include "httpd/httpd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/test.h"

struct world {
	struct mp_loop *loop;
	struct mp_httpd *httpd;
	pid_t client;
	int status; /* the client's exit code */
	unsigned ticks_since; /* its end */
	unsigned commits, chunks, rests, ended;
	uint64_t streamed;
	struct mp_request *stream, *later;
	struct mp_answer *answer;
	unsigned connections, idle_seconds, header_seconds;
	int (*dialog)(uint16_t port); /* in place of one exchange */
};

/* ---- the server ---- */

static int count_bytes(void *user, const void *data, size_t len)
{
	struct world *w = user;

	(void)data;
	w->streamed += len;
	return 0;
}

static int read_stream(void *user, char *data, size_t room)
{
	struct world *w = user;

	(void)room;
	if (w->chunks >= 3)
		return -1;
	if (w->chunks == 1 && w->rests++ == 0)
		return 0; /* until the next tick */
	w->chunks++;
	memcpy(data, "tick\n", 5);
	return 5;
}

static void begin(void *user, struct mp_request *rq)
{
	if (mp_str_starts_with(mp_request_path(rq), "/echo"))
		mp_request_collect(rq, 64);
	else if (mp_str_starts_with(mp_request_path(rq), "/upload"))
		mp_request_stream(rq, count_bytes, user);
	else if (mp_str_starts_with(mp_request_path(rq), "/refused"))
		mp_reply_text(rq, 403, "no");
}

static void serve_file(struct mp_request *rq)
{
	static const char text[] = "0123456789abcdefghij";
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	if (write(fd, text, 20) != 20)
		abort();
	mp_reply_file(rq, &(struct mp_reply_file){.fd = fd,
						  .size = 20,
						  .type = "text/plain",
						  .etag = "\"tag\"",
						  .modified = 1});
}

static void add_query(void *user, const char *name, const char *value)
{
	(void)mp_buf_printf(user, "%s=%s;", name, value ? value : "(none)");
}

static void serve(void *user, struct mp_request *rq)
{
	struct world *w = user;
	const char *path = mp_request_path(rq);
	MP_BUF(text, 256);
	size_t len;

	if (mp_str_starts_with(path, "/echo")) {
		const char *body = mp_request_body(rq, &len);

		mp_reply(rq, 200, "text/plain", body, len);
	} else if (mp_str_starts_with(path, "/upload")) {
		mp_buf_printf(&text, "%llu", (unsigned long long)w->streamed);
		mp_reply_text(rq, 200, mp_buf_str(&text));
	} else if (mp_str_starts_with(path, "/held")) {
		mp_reply_text(rq, 200, "durable");
		mp_reply_hold(rq);
	} else if (mp_str_starts_with(path, "/later")) {
		w->later = rq;
		mp_reply_later(rq);
	} else if (mp_str_starts_with(path, "/each")) {
		mp_request_each_query(rq, add_query, &text);
		mp_reply_text(rq, 200, mp_buf_str(&text));
	} else if (mp_str_starts_with(path, "/method")) {
		mp_reply_text(rq, 200, mp_request_method(rq) == MP_PATCH ? "patch" : "other");
	} else if (mp_str_starts_with(path, "/file")) {
		serve_file(rq);
	} else if (mp_str_starts_with(path, "/stream")) {
		w->stream = rq;
		mp_reply_stream(rq, "text/event-stream", read_stream, w);
	} else if (mp_str_starts_with(path, "/often")) {
		mp_reply_answer(rq, w->answer);
	} else if (mp_str_starts_with(path, "/query")) {
		const char *x = mp_request_query(rq, "x");

		mp_reply_text(rq, 200, x ? x : "none");
	} else {
		mp_reply_text(rq, 404, "nothing here");
	}
	mp_request_set_data(rq, w);
}

static void end(void *user, struct mp_request *rq)
{
	struct world *w = user;

	if (w->stream == rq)
		w->stream = NULL;
	w->ended++;
}

static void turn(void *user)
{
	struct world *w = user;

	if (!mp_httpd_is_holding(w->httpd))
		return;
	w->commits++;
	mp_httpd_release(w->httpd);
}

static void tick(void *user)
{
	struct world *w = user;
	int status;

	if (w->stream)
		mp_reply_wake(w->stream);
	if (w->later) {
		mp_reply_text(w->later, 200, "at last");
		mp_reply_now(w->later);
		w->later = NULL;
		turn(w);
	}
	if (w->client && waitpid(w->client, &status, WNOHANG) == w->client) {
		w->client = 0;
		w->status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
		w->ticks_since = 1;
	} else if (w->ticks_since && ++w->ticks_since > 3) { /* what it said last has been read */
		mp_loop_stop(w->loop, 0);
	}
}

/* ---- the client ---- */

static int dial(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval most = {60, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? fd : -1;
}

/* Send, read to the end of the connection, and look for each of `wanted` in the answer. */
static int exchange(uint16_t port, const char *request, const char *const *wanted)
{
	char got[8192];
	size_t n = 0;
	ssize_t r;
	int fd = dial(port);

	if (write(fd, request, strlen(request)) < 0)
		return 2;
	while (n < sizeof(got) - 1 && (r = read(fd, got + n, sizeof(got) - 1 - n)) > 0)
		n += (size_t)r;
	got[n] = '\0';
	for (; *wanted; wanted++)
		if (!strstr(got, *wanted)) {
			fprintf(stderr, "# no \"%s\" in:\n%s\n", *wanted, got);
			return 1;
		}
	return 0;
}

static int run(struct world *w, const char *request, const char *const *wanted)
{
	struct mp_httpd_config config = {.address = "127.0.0.1",
					 .begin = begin,
					 .serve = serve,
					 .end = end,
					 .turn = turn,
					 .connections = w->connections,
					 .idle_seconds = w->idle_seconds,
					 .header_seconds = w->header_seconds,
					 .user = w};
	struct mp_err err;

	if (mp_loop_new(&w->loop) < 0 || mp_httpd_open(w->loop, &config, &w->httpd, &err) < 0 ||
	    mp_answer_new(200, "text/plain", "\"often\"", "again", 5, &w->answer) < 0)
		return -1;
	mp_loop_every(w->loop, 5, tick, w);
	w->client = fork();
	if (w->client == 0)
		_exit(w->dialog ? w->dialog(mp_httpd_port(w->httpd))
				: exchange(mp_httpd_port(w->httpd), request, wanted));
	mp_loop_run(w->loop);
	mp_answer_free(w->answer);
	mp_httpd_free(w->httpd);
	mp_loop_free(w->loop);
	return w->status;
}

#define CLOSE "Host: h\r\nConnection: close\r\n"
#define CHECK(w, request, ...)                                                                     \
	ASSERT_INT(0, run((w), (request), (const char *const[]){__VA_ARGS__, NULL}))

TEST(a_body_is_collected_and_answered)
{
	struct world w = {0};

	CHECK(&w, "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello", "200 OK",
	      "Content-Length: 5", "hello");
	ASSERT_INT(1, w.ended);
}

TEST(a_body_over_the_limit_is_413)
{
	struct world w = {0};

	CHECK(&w, "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 65\r\n\r\nhello", " 413 ");
}

TEST(a_body_where_none_is_expected_is_413)
{
	struct world w = {0};

	CHECK(&w, "POST /other HTTP/1.1\r\n" CLOSE "Content-Length: 1\r\n\r\nx", " 413 ");
}

TEST(a_request_can_be_refused_before_its_body)
{
	struct world w = {0};

	CHECK(&w, "POST /refused HTTP/1.1\r\n" CLOSE "Content-Length: 9999999\r\n\r\n", " 403 ",
	      "no");
}

TEST(a_chunked_upload_streams_to_its_sink)
{
	struct world w = {0};

	CHECK(&w,
	      "PUT /upload HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n"
	      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
	      "200 OK", "\r\n\r\n11");
}

TEST(a_held_answer_goes_out_after_the_commit)
{
	struct world w = {0};

	CHECK(&w, "GET /held HTTP/1.1\r\n" CLOSE "\r\n", "200 OK", "durable");
	ASSERT_INT(1, w.commits);
}

TEST(a_held_answer_to_a_body_goes_out_after_the_commit)
{
	struct world w = {0};

	CHECK(&w,
	      "PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
	      "GET /held HTTP/1.1\r\n" CLOSE "\r\n",
	      "200 OK", "durable");
	ASSERT_INT(1, w.commits);
	ASSERT_INT(2, w.ended);
}

TEST(an_answer_may_take_a_while_and_still_waits_for_the_commit)
{
	struct world w = {0};

	CHECK(&w,
	      "PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
	      "GET /later HTTP/1.1\r\n" CLOSE "\r\n",
	      "200 OK", "at last");
	ASSERT_INT(1, w.commits);
	ASSERT_INT(2, w.ended);
}

static int ask_and_leave(uint16_t port)
{
	static const char request[] = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
	int fd = dial(port);

	if (write(fd, request, strlen(request)) < 0)
		return 2;
	usleep(20000);
	return close(fd);
}

TEST(who_does_not_wait_for_a_late_answer_disturbs_nobody)
{
	struct world w = {.dialog = ask_and_leave};

	ASSERT_INT(0, run(&w, NULL, NULL));
	ASSERT_INT(1, w.ended);
}

TEST(a_query_is_walked_in_its_order)
{
	struct world w = {0};

	CHECK(&w, "GET /each?b=1&a&c=%20&b= HTTP/1.1\r\n" CLOSE "\r\n",
	      "\r\n\r\nb=1;a=(none);c= ;b=;");
	CHECK(&w, "PATCH /method HTTP/1.1\r\n" CLOSE "\r\n", "\r\n\r\npatch");
}

TEST(a_file_is_given_whole_and_in_ranges)
{
	struct world w = {0};

	CHECK(&w, "GET /file HTTP/1.1\r\n" CLOSE "\r\n", "200 OK", "ETag: \"tag\"",
	      "Accept-Ranges: bytes", "\r\n\r\n0123456789abcdefghij");
	CHECK(&w, "GET /file HTTP/1.1\r\n" CLOSE "Range: bytes=2-4\r\n\r\n", "206 Partial",
	      "Content-Range: bytes 2-4/20", "Content-Length: 3", "\r\n\r\n234");
	CHECK(&w, "GET /file HTTP/1.1\r\n" CLOSE "Range: bytes=99-\r\n\r\n", " 416 ",
	      "Content-Range: bytes */20");
	CHECK(&w, "GET /file HTTP/1.1\r\n" CLOSE "Range: bytes=2-4\r\nIf-Range: \"old\"\r\n\r\n",
	      "200 OK", "Content-Length: 20");
	CHECK(&w, "GET /file HTTP/1.1\r\n" CLOSE "If-None-Match: \"tag\"\r\n\r\n", " 304 ");
	CHECK(&w, "GET /file HTTP/1.1\r\n" CLOSE "If-Match: \"old\"\r\n\r\n", " 412 ");
}

TEST(several_ranges_come_as_parts)
{
	struct world w = {0};

	CHECK(&w, "GET /file HTTP/1.1\r\n" CLOSE "Range: bytes=0-1,18-\r\n\r\n", "206 Partial",
	      "multipart/byteranges; boundary=", "Content-Range: bytes 0-1/20\r\n\r\n01\r\n--",
	      "Content-Range: bytes 18-19/20\r\n\r\nij\r\n--", "--\r\n");
}

TEST(a_stream_rests_and_is_woken)
{
	struct world w = {0};

	CHECK(&w, "GET /stream HTTP/1.1\r\n" CLOSE "\r\n", "200 OK", "text/event-stream", "tick\n");
	ASSERT_INT(3, w.chunks);
}

TEST(an_answer_given_often_knows_its_tag)
{
	struct world w = {0};

	CHECK(&w,
	      "GET /often HTTP/1.1\r\nHost: h\r\n\r\nGET /often HTTP/1.1\r\n" CLOSE
	      "If-None-Match: \"x\", \"often\"\r\n\r\n",
	      "200 OK", "again", " 304 ");
}

TEST(the_query_is_decoded)
{
	struct world w = {0};

	CHECK(&w, "GET /query?x=a%20b HTTP/1.1\r\n" CLOSE "\r\n", "\r\n\r\na b");
}

TEST(an_endless_address_is_414)
{
	struct world w = {0};
	char request[3000] = "GET /";

	memset(request + 5, 'a', 2500);
	strcpy(request + 2505, " HTTP/1.1\r\n" CLOSE "\r\n");
	CHECK(&w, request, " 414 ");
}

TEST(an_address_that_is_none_is_refused)
{
	struct world w = {0};
	struct mp_err err;

	ASSERT_OK(mp_loop_new(&w.loop));
	ASSERT_ERR(-EBADMSG, mp_httpd_open(w.loop, &(struct mp_httpd_config){.address = "nowhere"},
					   &w.httpd, &err));
	ASSERT(strstr(err.text, "nowhere"));
	mp_loop_free(w.loop);
}

/* ---- clients that hold connections without ever asking ---- */

static const char polite[] = "GET /query?x=a HTTP/1.1\r\nHost: h\r\n\r\n";

static bool is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A byte of endless headers every 50 ms, until the server hangs up: not before `least` ms after `begun`? */
static int trickle(int fd, int64_t begun, int64_t least)
{
	while (!is_closed(fd)) {
		if (now_ms() - begun > 30000)
			return 1;
		(void)send(fd, "a", 1, MSG_NOSIGNAL);
		usleep(50000);
	}
	return now_ms() - begun < least;
}

static int trickle_first(uint16_t port)
{
	int64_t begun = now_ms();
	int fd = dial(port);

	if (write(fd, "GET / HTTP/1.1\r\nX-", 18) < 0)
		return 2;
	return trickle(fd, begun, 800);
}

TEST(headers_that_never_end_are_cut_off)
{
	struct world w = {.header_seconds = 1, .dialog = trickle_first};

	ASSERT_INT(0, run(&w, NULL, NULL));
}

/* The next request of a connection may come late, but then it must come at a stretch. */
static int trickle_second(uint16_t port)
{
	char got[4096];
	int fd = dial(port);
	int64_t begun;

	if (write(fd, polite, sizeof(polite) - 1) < 0 || read(fd, got, sizeof(got)) <= 0)
		return 2;
	usleep(1500000);
	begun = now_ms();
	if (is_closed(fd) || write(fd, polite, sizeof(polite) - 1) < 0 ||
	    read(fd, got, sizeof(got)) <= 0)
		return 3;
	return trickle(fd, begun, 5500);
}

TEST(later_headers_that_never_end_are_cut_off)
{
	struct world w = {.header_seconds = 1, .idle_seconds = 6, .dialog = trickle_second};

	ASSERT_INT(0, run(&w, NULL, NULL));
}

/* More of them than half of the places: the oldest make room, and who asks is served. */
static int crowd(uint16_t port)
{
	int silent[20], closed = 0;
	char got[4096];

	for (int i = 0; i < 20; i++) {
		int fd;

		silent[i] = dial(port);
		fd = dial(port);
		if (write(fd, polite, sizeof(polite) - 1) < 0 || read(fd, got, sizeof(got)) <= 0)
			return 2;
		close(fd);
	}
	for (int i = 0; i < 20; i++)
		closed += is_closed(silent[i]);
	return closed >= 16 && is_closed(silent[0]) && !is_closed(silent[19]) ? 0 : 1;
}

TEST(silent_connections_do_not_keep_others_out)
{
	struct world w = {.connections = 8, .dialog = crowd};

	ASSERT_INT(0, run(&w, NULL, NULL));
}

/* Many rest between two requests: the one that has rested longest makes room. */
static int rest(uint16_t port)
{
	char got[4096];
	int fds[40];

	for (int i = 0; i < 40; i++) {
		fds[i] = dial(port);
		if (write(fds[i], polite, sizeof(polite) - 1) < 0 ||
		    read(fds[i], got, sizeof(got)) <= 0)
			return 2;
	}
	return is_closed(fds[0]) && !is_closed(fds[39]) ? 0 : 1;
}

TEST(resting_connections_do_not_keep_others_out)
{
	struct world w = {.connections = 16, .dialog = rest};

	ASSERT_INT(0, run(&w, NULL, NULL));
}
