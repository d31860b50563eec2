/* SPDX-License-Identifier: Apache-2.0
 * Ids go up by one and begin at the time of the start in milliseconds, so that an id from before a
 * restart is always older than the ring. While nobody watches nothing is kept: the ring is emptied,
 * and whoever comes back with an older id is told to begin anew. */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/str.h"
#include "httpd/httpd.h"

#define RING 1024 /* events; a power of two */
#define STREAMS 128
#define EVENT_MAX 65536 /* bytes of one event */

struct stream {
	struct mp_request *rq; /* NULL: free */
	struct events *events;
	uint64_t cursor; /* the next event to send */
	size_t sent; /* bytes of it that have been sent */
	bool reset, beat;
};

struct events {
	uint64_t first, next; /* ids in the ring: first <= id < next */
	char *ring[RING];
	struct stream streams[STREAMS];
	size_t n;
	bool ending;
};

struct events *events_new(void)
{
	struct events *e = calloc(1, sizeof(*e));
	struct timespec now;

	if (!e)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	e->first = e->next = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	return e;
}

static void forget(struct events *e)
{
	for (; e->first < e->next; e->first++) {
		free(e->ring[e->first % RING]);
		e->ring[e->first % RING] = NULL;
	}
}

void events_free(struct events *e)
{
	if (!e)
		return;
	forget(e);
	free(e);
}

bool events_wanted(const struct events *e)
{
	return e->n > 0;
}

size_t events_streams(const struct events *e)
{
	return e->n;
}

static void wake_all(struct events *e)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (e->streams[i].rq)
			mp_reply_wake(e->streams[i].rq);
}

void events_add(struct events *e, const char *kind, struct mp_json *data)
{
	auto_(mp_json) *owned = data;
	MP_BUF(text, EVENT_MAX);
	int r = owned ? 0 : -1;

	if (r == 0)
		r = mp_buf_printf(&text, "id: %llu\nevent: %s\ndata: ", (unsigned long long)e->next,
				  kind);
	if (r == 0)
		r = mp_json_format(owned, &text);
	if (r == 0)
		r = mp_buf_add_str(&text, "\n\n");
	if (r < 0)
		return;
	if (e->next - e->first == RING) {
		free(e->ring[e->first % RING]);
		e->first++;
	}
	e->ring[e->next % RING] = mp_buf_take(&text);
	e->next++;
	wake_all(e);
}

static int copy(char *data, size_t room, const char *text, size_t *sent)
{
	size_t left = strlen(text) - *sent, n = left < room ? left : room;

	memcpy(data, text + *sent, n);
	*sent += n;
	return (int)n;
}

/* What the connection asks for when it has room. */
static int read_stream(void *user, char *data, size_t room)
{
	struct stream *st = user;
	struct events *e = st->events;
	int n;

	if (e->ending)
		return -1;
	if (st->sent == 0 && st->cursor < e->first) {
		st->cursor = e->next;
		st->reset = true;
	}
	if (st->sent == 0 && st->reset && room >= 64) {
		st->reset = st->beat = false;
		return snprintf(data, room, "id: %llu\nevent: reset\ndata: {}\n\n",
				(unsigned long long)st->cursor - 1);
	}
	if (st->cursor < e->first)
		return -1; /* the rest of an event that is gone: begin anew */
	if (st->cursor < e->next) {
		const char *text = e->ring[st->cursor % RING];

		n = copy(data, room, text, &st->sent);
		if (!text[st->sent]) {
			st->cursor++;
			st->sent = 0;
		}
		return n;
	}
	if (!st->beat || room < 3)
		return 0;
	st->beat = false;
	memcpy(data, ":\n\n", 3);
	return 3;
}

static struct stream *free_stream(struct events *e)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (!e->streams[i].rq)
			return &e->streams[i];
	return NULL;
}

void events_open(struct events *e, struct mp_request *rq)
{
	const char *last = mp_request_header(rq, "Last-Event-ID");
	struct stream *st = free_stream(e);
	uint64_t id;

	if (!st) {
		mp_reply_text(rq, 503, "Too many are watching already.\n");
		return;
	}
	if (e->n == 0) {
		forget(e);
		e->first = ++e->next; /* stands for all that nobody saw */
	}
	e->n++;
	*st = (struct stream){.rq = rq, .events = e, .cursor = e->next, .beat = true};
	if (last && mp_str_parse_u64(last, UINT64_MAX / 2, &id) == 0) {
		st->cursor = id + 1;
		st->reset = st->cursor < e->first || st->cursor > e->next;
		if (st->reset)
			st->cursor = e->next;
	}
	mp_reply_stream(rq, "text/event-stream", read_stream, st);
	mp_reply_header(rq, "Cache-Control", "no-store");
}

void events_close(struct events *e, struct mp_request *rq)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (e->streams[i].rq == rq) {
			e->streams[i].rq = NULL;
			e->n--;
			return;
		}
}

void events_beat(struct events *e)
{
	for (size_t i = 0; i < STREAMS; i++)
		e->streams[i].beat = true;
	wake_all(e);
}

void events_end(struct events *e)
{
	e->ending = true;
	wake_all(e);
}
