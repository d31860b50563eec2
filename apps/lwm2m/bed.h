/* SPDX-License-Identifier: Apache-2.0
 * bed.h - for tests: the worker with a folder as its machine, a server in the same memory, and the
 * supervisor's end of its pair
 *
 *     BED(b);
 *     bed_file(&b, "/proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: 1000 kB\n");
 *     ASSERT_OK(bed_open(&b));                            // registered
 *     ASSERT_STR("1000", bed_read(&b, "3/0/10"));         // as text
 *     ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "3/0/4"));
 *     ASSERT(bed_heard(&b, MP_MSG_REBOOT));
 */
#pragma once

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "coap/fake_net.h"
#include "worker.h"

struct bed {
	struct worker w;
	struct fake_net net;
	char root[64];
	struct mp_pair supervisor;
	struct mp_msg heard; /* last of its type; its texts are in `texts` */
	char texts[MP_PAIR_TEXTS][300];
	bool answered;
	uint8_t code;
	char text[8192];
	size_t text_len;
	unsigned notified;
	char query[300], links[2048]; /* of the registration */
};

static inline void bed_init(struct bed *b)
{
	snprintf(b->root, sizeof(b->root), "/tmp/mp-lwm2m-test-XXXXXX");
	if (!mkdtemp(b->root))
		abort();
	snprintf(b->w.config.root, sizeof(b->w.config.root), "%s", b->root);
	strcpy(b->w.config.uri, "coap://[::1]:4001");
	strcpy(b->w.config.id, "device-1");
	strcpy(b->w.config.product, "demo");
	strcpy(b->w.config.board, "qemu-x86_64");
	strcpy(b->w.config.release, "1.0.0");
	b->w.wake = INT64_MAX;
	b->w.log.running = true;
	b->w.control.fd = b->supervisor.fd = -1;
}

static inline void bed_file(const struct bed *b, const char *name, const char *text)
{
	char path[400];

	snprintf(path, sizeof(path), "%s%s", b->root, name);
	*strrchr(path, '/') = '\0';
	if (mp_file_make_dirs(path, 0755, NULL) < 0)
		abort();
	snprintf(path, sizeof(path), "%s%s", b->root, name);
	if (mp_file_write(path, text, strlen(text), 0644, NULL) < 0)
		abort();
}

static inline void bed_remove(const struct bed *b, const char *name)
{
	char path[400];

	snprintf(path, sizeof(path), "%s%s", b->root, name);
	(void)unlink(path);
}

/* ---- the server ---- */

static inline void bed_serve_client(void *user, const struct mp_coap_request *rq)
{
	struct bed *b = ((struct fake_host *)user)->user;

	if (b->w.client)
		mp_lwm2m_client_serve(b->w.client, rq);
}

static inline bool bed_sink_client(void *user, const struct mp_coap_request *first,
				   struct mp_coap_sink *ret)
{
	struct bed *b = ((struct fake_host *)user)->user;

	return b->w.client && mp_lwm2m_client_sink(b->w.client, first, ret);
}

static inline void bed_serve_server(void *user, const struct mp_coap_request *rq)
{
	struct bed *b = ((struct fake_host *)user)->user;
	struct mp_coap_response r = MP_COAP_RESPONSE(MP_COAP_CREATED);

	r.location = "rd/1";
	b->query[0] = '\0';
	MP_COAP_EACH_OPTION(o, rq->message)
	{
		if (o.number == MP_COAP_URI_QUERY)
			snprintf(b->query + strlen(b->query), sizeof(b->query) - strlen(b->query),
				 "&%.*s", (int)o.len, (const char *)o.value);
		if (o.number == MP_COAP_URI_PATH && o.len == 1) /* rd/1: an update */
			r = MP_COAP_RESPONSE(MP_COAP_CHANGED);
	}
	if (rq->payload_len)
		snprintf(b->links, sizeof(b->links), "%.*s", (int)rq->payload_len,
			 (const char *)rq->payload);
	mp_coap_respond(rq->reply, &r);
}

static inline bool bed_notified(void *user, const struct mp_coap_answer *a)
{
	struct bed *b = ((struct fake_host *)user)->user;

	b->notified++;
	snprintf(b->text, sizeof(b->text), "%.*s", (int)a->payload_len, (const char *)a->payload);
	return true;
}

static inline void bed_run(struct bed *b, int64_t ms)
{
	int64_t end = b->net.now_ms + ms;

	while (b->net.now_ms < end) {
		fake_run(&b->net, 10);
		if (b->w.client && b->w.wake <= b->net.now_ms) {
			b->w.wake = INT64_MAX;
			mp_lwm2m_client_tick(b->w.client);
		}
	}
}

static inline int bed_open(struct bed *b)
{
	struct mp_coap_config client = {.serve = bed_serve_client, .sink = bed_sink_client};
	struct mp_coap_config server = {.serve = bed_serve_server, .notified = bed_notified};
	struct mp_err err = {{0}};
	int fds[2], r;

	bed_file(b, STATE_DIR "/lwm2m/.keep", "");
	b->net.seed = 1;
	r = mp_pair_open(fds);
	if (r == 0)
		r = mp_pair_init(&b->w.control, fds[0], 0);
	if (r == 0)
		r = mp_pair_init(&b->supervisor, fds[1], 0);
	if (r == 0)
		r = fake_host(&b->net, 0, &client);
	if (r == 0)
		r = fake_host(&b->net, 1, &server);
	if (r < 0)
		return r;
	b->net.hosts[0].user = b->net.hosts[1].user = b;
	b->w.coap = b->net.hosts[0].c;
	r = objects_open(&b->w, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	bed_run(b, 1000);
	return r;
}

static inline void bed_close(struct bed *b)
{
	objects_close(&b->w);
	fake_done(&b->net);
	mp_pair_done(&b->w.control);
	mp_pair_done(&b->supervisor);
	config_done(&b->w.config);
	(void)mp_file_remove_tree(b->root, NULL);
}
#define BED(name)                                                                                  \
	__attribute__((cleanup(bed_close))) struct bed name = {0};                                 \
	bed_init(&name)

/* Power off and on again: what is not in files is forgotten. */
static inline int bed_restart(struct bed *b)
{
	struct bed next = {0};

	memcpy(next.root, b->root, sizeof(next.root));
	next.w.config = b->w.config;
	next.w.wake = INT64_MAX;
	next.w.log.running = true;
	objects_close(&b->w);
	fake_done(&b->net);
	mp_pair_done(&b->w.control);
	mp_pair_done(&b->supervisor);
	*b = next;
	return bed_open(b);
}

/* ---- what the server asks ---- */

static inline void bed_answer(void *user, const struct mp_coap_answer *a)
{
	struct bed *b = user;

	b->answered = true;
	if (a->outcome != MP_COAP_ANSWERED)
		return;
	b->code = a->code;
	b->text_len = a->payload_len < sizeof(b->text) ? a->payload_len : sizeof(b->text) - 1;
	if (b->text_len)
		memcpy(b->text, a->payload, b->text_len);
	b->text[b->text_len] = '\0';
}

static inline int bed_ask(struct bed *b, struct mp_coap_ask ask)
{
	ask.handler = bed_answer;
	ask.user = b;
	b->answered = false;
	b->code = 0;
	b->text[0] = '\0';
	b->text_len = 0;
	if (mp_coap_send(b->net.hosts[1].c, fake_remote(&b->net, 0), &ask, NULL) < 0)
		return -1;
	for (int i = 0; i < 100 && !b->answered; i++)
		bed_run(b, 50);
	return b->code;
}

static inline int bed_get(struct bed *b, const char *path, int accept)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path);

	ask.accept = accept;
	return bed_ask(b, ask);
}

/* A value as plain text; of more than one, or of an instance, SenML JSON; else its code, "4.04". */
static inline const char *bed_read(struct bed *b, const char *path)
{
	if (bed_get(b, path, MP_LWM2M_FORMAT_TEXT) == MP_COAP_NOT_ACCEPTABLE)
		(void)bed_get(b, path, MP_LWM2M_FORMAT_SENML_JSON);
	if (b->code != MP_COAP_CONTENT)
		snprintf(b->text, sizeof(b->text), "%u.%02u", b->code >> 5, b->code & 31u);
	return b->text;
}

static inline int bed_send(struct bed *b, uint8_t method, const char *path, int format,
			   const char *text)
{
	struct mp_coap_ask ask = MP_COAP_ASK(method, path);

	ask.format = format;
	ask.payload = text;
	ask.payload_len = strlen(text);
	return bed_ask(b, ask);
}

static inline int bed_write(struct bed *b, const char *path, const char *text)
{
	return bed_send(b, MP_COAP_PUT, path, MP_LWM2M_FORMAT_TEXT, text);
}

static inline int bed_execute(struct bed *b, const char *path)
{
	return bed_send(b, MP_COAP_POST, path, -1, "");
}

static inline int bed_observe(struct bed *b, const char *path)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path);

	ask.observe = 0;
	return bed_ask(b, ask);
}

/* ---- the supervisor ---- */

/* Has it been told this? Takes all that was said; b->heard is the last of this type. */
static inline bool bed_heard(struct bed *b, enum mp_msg_type type)
{
	struct mp_msg m;
	bool found = false;

	while (mp_pair_recv(&b->supervisor, false, &m) == 1) {
		if (m.type != type)
			continue;
		found = true;
		b->heard = m;
		for (unsigned i = 0; i < MP_PAIR_TEXTS; i++)
			snprintf(b->texts[i], sizeof(b->texts[i]), "%s",
				 m.text[i] ? m.text[i] : "");
	}
	return found;
}

static inline void bed_say(struct bed *b, const char *state, const char *version,
			   const char *action, const char *sentence, unsigned result)
{
	(void)mp_pair_send(&b->supervisor,
			   &(struct mp_msg){.type = MP_MSG_STATE,
					    .num = {result, b->w.update.sent},
					    .text = {state, version, action, sentence, ""}});
	(void)supervisor_listen(&b->w);
	bed_run(b, 100);
}
