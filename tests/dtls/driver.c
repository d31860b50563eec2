/* SPDX-License-Identifier: Apache-2.0
 * driver.c - libs/dtls on a real UDP port, for peers that are not ours
 *
 *     test-dtls server 127.0.0.1:0 psk=device:001122 cert=FILE key=FILE ca=FILE x509=gnutls rpk=yes
 *     test-dtls client 127.0.0.1:5684 psk=device:001122
 *
 * A server sends back what it hears; a client sends the lines of its standard input,
 * each with its line feed. Both say line
 * by line what happens. Standard input also takes ".counters", and ".quit" or its end; with
 * state=FILE sessions are kept in it from ".quit" on to the next start. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "dtls_gnutls/dtls_gnutls.h"
#include "dtls_mbedtls/dtls_mbedtls.h"
#include "net/udp.h"

struct driver {
	struct mp_udp *udp;
	struct mp_dtls *d;
	struct mp_dtls_session *session; /* of a client */
	struct mp_dtls_credentials own;
	struct mp_buf certificate, key, ca;
	char identity[64];
	uint8_t psk[MP_DTLS_KEY_MAX];
	size_t psk_len;
	const char *state;
	bool is_client, quit;
};

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int find_key(void *user, const void *identity, size_t len, uint8_t key[MP_DTLS_KEY_MAX])
{
	struct driver *v = user;

	if (len != strlen(v->identity) || memcmp(identity, v->identity, len) != 0)
		return -ENOENT;
	memcpy(key, v->psk, v->psk_len);
	return (int)v->psk_len;
}

static int accept_all(void *user, const struct mp_dtls_identity *who, const void *der, size_t len)
{
	(void)user, (void)who, (void)der, (void)len;
	return 0;
}

static void queue(void *user, const struct mp_net_address *local, const struct mp_net_address *to,
		  const void *data, size_t len)
{
	struct driver *v = user;

	(void)mp_udp_queue(v->udp, local, to, data, len);
}

static void deliver(void *user, struct mp_dtls_session *s, const void *data, size_t len)
{
	struct driver *v = user;

	printf("data %.*s\n", (int)(len && ((const char *)data)[len - 1] == '\n' ? len - 1 : len),
	       (const char *)data);
	if (!v->is_client)
		(void)mp_dtls_write(s, data, len);
}

static void say(const char *what, const struct mp_dtls_session *s)
{
	static const char *const kinds[] = {"psk", "x509", "rpk"};
	struct mp_dtls_identity who;

	mp_dtls_session_identity(s, &who);
	printf("%s %s %s%s\n", what, kinds[who.kind], who.text,
	       mp_dtls_session_has_cid(s) ? " cid" : "");
}

static void established(void *user, struct mp_dtls_session *s)
{
	(void)user;
	say("established", s);
}

static void restored(void *user, struct mp_dtls_session *s)
{
	struct driver *v = user;

	v->session = s;
	say("restored", s);
}

static void moved(void *user, struct mp_dtls_session *s)
{
	(void)user;
	say("moved", s);
}

static void closed(void *user, struct mp_dtls_session *s, enum mp_dtls_reason reason)
{
	struct driver *v = user;

	printf("closed %s\n", mp_dtls_reason_text(reason));
	if (v->session == s)
		v->session = NULL;
	v->quit = v->is_client;
}

static void refused(void *user, const struct mp_net_address *from, enum mp_dtls_reason reason)
{
	(void)user, (void)from;
	printf("refused %s\n", mp_dtls_reason_text(reason));
}

static void got(void *user, const struct mp_udp_datagram *g)
{
	struct driver *v = user;

	mp_dtls_receive(v->d, g->from, NULL, g->data, g->len);
}

static void say_counters(const struct driver *v)
{
	struct mp_dtls_counters c;

	mp_dtls_get_counters(v->d, &c);
	printf("counters parked=%llu sessions=%llu replayed=%llu dropped=%llu\n",
	       (unsigned long long)c.parked_now, (unsigned long long)c.sessions_now,
	       (unsigned long long)c.replayed, (unsigned long long)c.dropped);
}

static void take_line(struct driver *v, const char *line)
{
	if (mp_streq(line, ".counters\n"))
		say_counters(v);
	else if (mp_streq(line, ".quit\n"))
		v->quit = true;
	else if (!v->session || mp_dtls_write(v->session, line, strlen(line)) < 0)
		printf("failed\n");
}

static int set_psk(struct driver *v, const char *text)
{
	const char *colon = strchr(text, ':');
	size_t digits = colon ? strlen(colon + 1) : 0;

	if (!colon || (size_t)(colon - text) >= sizeof(v->identity) ||
	    digits > 2 * MP_DTLS_KEY_MAX || mp_hex_parse(colon + 1, v->psk, digits / 2) < 0)
		return -EINVAL;
	memcpy(v->identity, text, (size_t)(colon - text));
	v->psk_len = digits / 2;
	v->own.identity = v->identity;
	v->own.identity_len = strlen(v->identity);
	v->own.key = v->psk;
	v->own.key_len = v->psk_len;
	return 0;
}

static int set_file(struct mp_buf *b, const char *path, const void **data, size_t *len,
		    struct mp_err *err)
{
	int r = mp_file_read(path, b, err);

	*data = b->data;
	*len = b->len;
	return r;
}

static int set_option(struct driver *v, struct mp_dtls_config *c, const char *name,
		      const char *value, struct mp_err *err)
{
	const struct mp_dtls_backend *named =
		mp_streq(value, "gnutls") ? &mp_dtls_gnutls : &mp_dtls_mbedtls;

	if (mp_streq(name, "psk")) {
		c->for_psk = &mp_dtls_mbedtls;
		return set_psk(v, value);
	}
	if (mp_streq(name, "cert"))
		return set_file(&v->certificate, value, &v->own.certificate,
				&v->own.certificate_len, err);
	if (mp_streq(name, "key"))
		return set_file(&v->key, value, &v->own.private_key, &v->own.private_key_len, err);
	if (mp_streq(name, "ca"))
		return set_file(&v->ca, value, &v->own.ca, &v->own.ca_len, err);
	if (mp_streq(name, "x509")) {
		c->for_x509 = named;
		v->own.kind = MP_DTLS_X509;
	} else if (mp_streq(name, "rpk")) {
		c->for_rpk = &mp_dtls_gnutls;
		v->own.kind = MP_DTLS_RPK;
		c->accept = accept_all;
	} else if (mp_streq(name, "state")) {
		v->state = value;
	} else if (mp_streq(name, "cid")) {
		c->cid = true;
	} else {
		return mp_err_set(err, -EINVAL, "What is %s?", name);
	}
	return 0;
}

static int set_options(struct driver *v, struct mp_dtls_config *c, char *argv[], struct mp_err *err)
{
	for (; *argv; argv++) {
		char *value = strchr(*argv, '=');
		int r;

		if (!value)
			return mp_err_set(err, -EINVAL, "%s is not NAME=VALUE", *argv);
		*value++ = '\0';
		r = set_option(v, c, *argv, value, err);
		if (r < 0)
			return r;
	}
	c->own = v->own;
	return 0;
}

static int start(struct driver *v, struct mp_dtls_config *c, const char *address,
		 struct mp_err *err)
{
	struct mp_net_address a, local;
	int r = mp_net_address_parse(address, 5684, &a);

	if (r < 0)
		return mp_err_set(err, r, "%s is not an address", address);
	local = a;
	if (v->is_client)
		local.port = 0;
	r = mp_udp_open(&local, &(struct mp_udp_config){0}, &v->udp, err);
	if (r == 0)
		r = mp_dtls_new(c, clock_ms(), &v->d, err);
	if (r == 0 && v->state)
		r = mp_dtls_load(v->d, v->state, err);
	if (r < 0)
		return r;
	mp_udp_local(v->udp, &local);
	printf("port %u\n", local.port);
	if (!v->is_client || v->session)
		return 0;
	r = mp_dtls_connect(v->d, NULL, &a, &v->own, NULL, &v->session);
	return r < 0 ? mp_err_set(err, r, "cannot connect: %s", strerror(-r)) : 0;
}

static void run(struct driver *v)
{
	struct pollfd p[2] = {{.fd = mp_udp_fd(v->udp), .events = POLLIN},
			      {.fd = 0, .events = POLLIN}};
	char line[1024];

	while (!v->quit) {
		int64_t wait = mp_dtls_next_ms(v->d) - clock_ms();

		(void)mp_udp_flush(v->udp);
		fflush(stdout);
		(void)poll(p, 2, wait < 0 ? 0 : wait > 1000 ? 1000 : (int)wait);
		mp_dtls_tick(v->d, clock_ms());
		if (p[0].revents)
			(void)mp_udp_receive(v->udp, got, v);
		if (p[1].revents && fgets(line, sizeof(line), stdin))
			take_line(v, line);
		else if (p[1].revents)
			v->quit = true;
	}
}

int main(int argc, char *argv[])
{
	static struct driver v;
	struct mp_dtls_config c = {.psk = find_key,
				   .send = queue,
				   .deliver = deliver,
				   .established = established,
				   .closed = closed,
				   .restored = restored,
				   .moved = moved,
				   .refused = refused,
				   .user = &v};
	struct mp_err err = {0};
	int r;

	if (argc < 3)
		return 2;
	setvbuf(stdin, NULL, _IONBF, 0); /* poll() must see what is left of it */
	v.certificate.limit = v.key.limit = v.ca.limit = 65536;
	v.is_client = mp_streq(argv[1], "client");
	c.server = !v.is_client;
	r = set_options(&v, &c, argv + 3, &err);
	if (r == 0)
		r = start(&v, &c, argv[2], &err);
	if (r < 0)
		return fprintf(stderr, "%s (%d)\n", err.text, r), 1;
	run(&v);
	if (v.state)
		printf("saved %d\n", mp_dtls_save(v.d, v.state, &err));
	else if (v.session)
		mp_dtls_close(v.session);
	(void)mp_udp_flush(v.udp);
	mp_dtls_free(v.d);
	mp_udp_free(v.udp);
	return 0;
}
