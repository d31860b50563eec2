/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/test.h"
#include "dtls_mbedtls/sample.h"

struct folder {
	char path[32], file[48];
};

static int folder_init(struct folder *f)
{
	strcpy(f->path, "/tmp/mp-dtls-XXXXXX");
	if (!mkdtemp(f->path))
		return -errno;
	snprintf(f->file, sizeof(f->file), "%s/sessions", f->path);
	return 0;
}

static void folder_done(struct folder *f)
{
	if (f->file[0])
		(void)mp_file_remove_tree(f->path, NULL);
}
#define auto_folder __attribute__((cleanup(folder_done))) struct folder

static struct sample *connected(void)
{
	struct sample *s = sample_new(sample_config(true), sample_config(false));

	if (!s)
		return NULL;
	if (sample_connect(s) == 0)
		fake_run(&s->net, 1000);
	if (sample_ask(s, "first") == 0)
		return s;
	sample_free(s);
	return NULL;
}

/* A clean stop and a start of the server; what mp_dtls_load() says. */
static int restart(struct sample *s, const char *file)
{
	int r = mp_dtls_save(s->server.d, file, NULL);

	if (r < 0)
		return r;
	fake_close(&s->server);
	r = fake_open(&s->net, &s->server, 1, sample_config(true));
	s->server.echo = true;
	return r < 0 ? r : mp_dtls_load(s->server.d, file, NULL);
}

TEST(sessions_go_on_after_a_clean_restart_and_no_number_comes_twice)
{
	auto_sample *s = connected();
	auto_folder f = {0};

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	for (int i = 0; i < 5; i++) {
		struct mp_dtls_identity who;
		char text[8];

		snprintf(text, sizeof(text), "%d", i);
		ASSERT_INT(1, restart(s, f.file));
		ASSERT(!mp_file_exists(f.file));
		ASSERT_INT(1, s->server.restored);
		mp_dtls_session_identity(s->server.session, &who);
		ASSERT_STR("device-1", who.text);
		ASSERT_OK(sample_ask(s, text));
		ASSERT_OK(mp_dtls_write(s->server.session, "down", 4));
		fake_run(&s->net, 100);
		ASSERT_STR("down", s->client.text);
	}
	ASSERT_INT(0, s->net.repeated);
	ASSERT_INT(0, s->client.closed);
}

TEST(a_client_goes_on_after_a_clean_restart)
{
	auto_sample *s = connected();
	auto_folder f = {0};

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	ASSERT_INT(1, mp_dtls_save(s->client.d, f.file, NULL));
	fake_close(&s->client);
	ASSERT_OK(fake_open(&s->net, &s->client, 2, sample_config(false)));
	ASSERT_INT(1, mp_dtls_load(s->client.d, f.file, NULL));
	ASSERT(mp_dtls_session_is_client(s->client.session));
	ASSERT_OK(sample_ask(s, "again"));
	ASSERT_INT(0, s->net.repeated);
}

TEST(what_was_read_before_a_restart_is_a_replay_after_it)
{
	auto_sample *s = connected();
	struct fake_packet heard;
	auto_folder f = {0};

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	heard = s->net.last[0];
	ASSERT_INT(1, restart(s, f.file));
	fake_put(&s->net, &heard);
	fake_run(&s->net, 100);
	ASSERT_INT(0, s->server.got);
	ASSERT_INT(1, sample_counters(&s->server).replayed);
}

TEST(a_session_that_waits_for_its_first_record_is_left_out)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));
	auto_folder f = {0};

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 1000);
	ASSERT_INT(1, s->server.established);
	ASSERT_INT(0, restart(s, f.file));
	ASSERT_INT(0, s->server.restored);
}

TEST(the_file_is_private_and_without_it_nothing_is_loaded)
{
	auto_sample *s = connected();
	auto_folder f = {0};
	struct mp_err err;
	struct stat st;

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	ASSERT_INT(0, mp_dtls_load(s->server.d, f.file, &err));
	ASSERT_INT(1, mp_dtls_save(s->client.d, f.file, &err));
	ASSERT_OK(stat(f.file, &st));
	ASSERT_INT(0600, st.st_mode & 07777);
	ASSERT_OK(chmod(f.file, 0640));
	fake_close(&s->client);
	ASSERT_OK(fake_open(&s->net, &s->client, 2, sample_config(false)));
	ASSERT_ERR(-EPERM, mp_dtls_load(s->client.d, f.file, &err));
	ASSERT(strstr(err.text, "0600"));
}

TEST(a_file_cut_short_is_deleted_and_nothing_is_loaded)
{
	auto_sample *s = connected();
	MP_BUF(b, 1 << 20);
	auto_folder f = {0};
	struct mp_err err;

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	ASSERT_INT(1, mp_dtls_save(s->client.d, f.file, &err));
	ASSERT_OK(mp_file_read(f.file, &b, &err));
	fake_close(&s->client);
	ASSERT_OK(fake_open(&s->net, &s->client, 2, sample_config(false)));
	for (size_t n = 0; n < b.len; n += 7) {
		ASSERT_OK(mp_file_write(f.file, b.data, n, 0600, &err));
		ASSERT_ERR(-EBADMSG, mp_dtls_load(s->client.d, f.file, &err));
		ASSERT(!mp_file_exists(f.file));
		ASSERT_INT(0, sample_counters(&s->client).sessions_now);
	}
	ASSERT_OK(mp_file_write(f.file, b.data, b.len, 0600, &err));
	ASSERT_INT(1, mp_dtls_load(s->client.d, f.file, &err));
}

TEST(a_file_with_keys_of_no_kind_is_deleted_and_nothing_is_loaded)
{
	auto_sample *s = connected();
	MP_BUF(b, 1 << 20);
	auto_folder f = {0};
	char *text;

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	ASSERT_INT(1, mp_dtls_save(s->server.d, f.file, NULL));
	ASSERT_OK(mp_file_read(f.file, &b, NULL));
	text = memmem(b.data, b.len, "device-1", 8);
	ASSERT(text);
	text[8] ^= 0x7f; /* which AEAD they are of */
	ASSERT_OK(mp_file_write(f.file, b.data, b.len, 0600, NULL));
	fake_close(&s->server);
	ASSERT_OK(fake_open(&s->net, &s->server, 1, sample_config(true)));
	ASSERT_ERR(-EBADMSG, mp_dtls_load(s->server.d, f.file, NULL));
	ASSERT(!mp_file_exists(f.file));
	ASSERT_INT(0, sample_counters(&s->server).sessions_now);
}

/* The next number is set to the last one of the epoch. */
TEST(a_session_ends_with_its_last_number)
{
	auto_sample *s = connected();
	MP_BUF(b, 1 << 20);
	auto_folder f = {0};
	char *next;

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	ASSERT_INT(1, mp_dtls_save(s->server.d, f.file, NULL));
	ASSERT_OK(mp_file_read(f.file, &b, NULL));
	next = memmem(b.data, b.len, "device-1", 8);
	ASSERT(next);
	next -= 18 + 8; /* before the address */
	memcpy(next, "\xfe\xff\xff\xff\xff\xff\1\0", 8);
	ASSERT_OK(mp_file_write(f.file, b.data, b.len, 0600, NULL));
	fake_close(&s->server);
	ASSERT_OK(fake_open(&s->net, &s->server, 1, sample_config(true)));
	ASSERT_INT(1, mp_dtls_load(s->server.d, f.file, NULL));
	ASSERT_OK(mp_dtls_write(s->server.session, "last", 4));
	ASSERT_ERR(-EPIPE, mp_dtls_write(s->server.session, "one more", 8));
	ASSERT_INT(1, s->server.closed);
	fake_run(&s->net, 100);
	ASSERT_STR("last", s->client.text);
	ASSERT_INT(0, s->net.repeated);
}

/* What the other tests rely on: bytes in two places are seen on the wire. */
TEST(a_copy_of_the_file_used_as_well_would_be_noticed)
{
	auto_sample *s = connected();
	MP_BUF(b, 1 << 20);
	auto_folder f = {0};

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	ASSERT_INT(1, mp_dtls_save(s->server.d, f.file, NULL));
	ASSERT_OK(mp_file_read(f.file, &b, NULL));
	for (unsigned i = 0; i < 2; i++) {
		ASSERT_OK(mp_file_write(f.file, b.data, b.len, 0600, NULL));
		fake_close(&s->server);
		ASSERT_OK(fake_open(&s->net, &s->server, 1, sample_config(true)));
		ASSERT_INT(1, mp_dtls_load(s->server.d, f.file, NULL));
		ASSERT_OK(mp_dtls_write(s->server.session, "x", 1));
		ASSERT_INT(i, s->net.repeated);
	}
}

/* ---- kill -9: the server is a process of its own, on a pair of sockets ---- */

struct child {
	pid_t pid;
	int fd;
};

static void child_send(void *user, const struct mp_net_address *local,
		       const struct mp_net_address *to, const void *data, size_t len)
{
	(void)local, (void)to;
	if (send(*(int *)user, data, len, 0) < 0)
		_exit(3);
}

static void child_deliver(void *user, struct mp_dtls_session *s, const void *data, size_t len)
{
	(void)user;
	(void)mp_dtls_write(s, data, len);
}

/* Load, serve, and save when an empty datagram comes. */
static void child_main(int fd, const char *file)
{
	struct mp_dtls_config c = sample_config(true);
	struct mp_net_address peer = fake_address(2);
	uint8_t data[2048];
	struct mp_dtls *d;
	ssize_t n;

	c.send = child_send;
	c.deliver = child_deliver;
	c.user = &fd;
	if (mp_dtls_new(&c, 0, &d, NULL) < 0 || mp_dtls_load(d, file, NULL) < 0 ||
	    send(fd, "", 0, 0) < 0)
		_exit(1);
	while ((n = recv(fd, data, sizeof(data), 0)) > 0)
		mp_dtls_receive(d, &peer, NULL, data, (size_t)n);
	_exit(mp_dtls_save(d, file, NULL) < 0);
}

static int child_start(struct child *c, const char *file)
{
	int fds[2];
	char ready;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0)
		return -errno;
	c->pid = fork();
	if (c->pid == 0) {
		close(fds[0]);
		child_main(fds[1], file);
	}
	close(fds[1]);
	c->fd = fds[0];
	return recv(c->fd, &ready, 1, 0) == 0 ? 0 : -EIO; /* it has loaded */
}

/* Carry datagrams to and from the child until the client is established and has got `text`, or for so many turns. */
static void child_talk(struct sample *s, struct child *c, const char *text, int turns)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	for (int i = 0; i < turns; i++) {
		fake_run(&s->net, 10); /* fake_child() passes what goes to port 1 */
		if (s->client.established && strcmp(s->client.text, text) == 0)
			return;
		while (poll(&p, 1, 20) > 0) {
			struct fake_packet q = {.from = fake_address(1), .to = fake_address(2)};
			ssize_t n = recv(c->fd, q.data, sizeof(q.data), 0);

			if (n <= 0)
				return;
			q.len = (size_t)n;
			fake_watch(&s->net, &q);
			fake_put(&s->net, &q);
		}
	}
}

#define PATIENT 3000 /* turns of 20 ms while nothing comes */

static struct child child;

static bool fake_child(struct fake_net *n, const struct fake_packet *p)
{
	(void)n;
	if (p->to.port == 1)
		(void)send(child.fd, p->data, p->len, 0);
	return p->to.port == 1;
}

static void child_end(int how)
{
	int status;

	if (how)
		(void)kill(child.pid, how);
	else
		(void)send(child.fd, "", 0, 0);
	(void)waitpid(child.pid, &status, 0);
	close(child.fd);
}

static int child_ask(struct sample *s, const char *text, int turns)
{
	int r = mp_dtls_write(s->client.session, text, strlen(text));

	child_talk(s, &child, text, turns);
	return r < 0 ? r : strcmp(text, s->client.text) == 0 ? 0 : -ETIMEDOUT;
}

TEST(no_record_number_comes_twice_after_kill_9)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));
	auto_folder f = {0};

	ASSERT(s);
	ASSERT_OK(folder_init(&f));
	fake_close(&s->server);
	s->net.drop = fake_child;
	ASSERT_OK(child_start(&child, f.file));
	ASSERT_OK(sample_connect(s));
	child_talk(s, &child, "", PATIENT);
	ASSERT_INT(1, s->client.established);
	ASSERT_OK(child_ask(s, "one", PATIENT));
	child_end(0);
	ASSERT(mp_file_exists(f.file));

	/* A clean stop: the session goes on, from where the numbers stood. */
	ASSERT_OK(child_start(&child, f.file));
	ASSERT(!mp_file_exists(f.file));
	ASSERT_OK(child_ask(s, "two", PATIENT));
	ASSERT_OK(child_ask(s, "three", PATIENT));
	child_end(SIGKILL);

	/* None: it is lost, and nothing is said under its keys any more. */
	ASSERT(!mp_file_exists(f.file));
	ASSERT_OK(child_start(&child, f.file));
	ASSERT_ERR(-ETIMEDOUT, child_ask(s, "four", 10));
	child_end(SIGKILL);
	ASSERT_INT(0, s->net.repeated);
}
