/* SPDX-License-Identifier: Apache-2.0
 * Ids go up by one and begin at the time of the start in milliseconds, so that an id from before a
 * restart is always older than the rings. While nobody watches a ring nothing is kept in it: it is
 * emptied, and whoever comes back with an older id is told to begin anew. */
#include "events.h"

#include <errno.h>
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

enum { FLEET, TRAFFIC, LANES };

struct event {
	uint64_t id;
	unsigned kind;
	char *device, *text; /* `device` may be NULL */
};

struct lane { /* first <= place < next */
	struct event ring[RING];
	uint64_t first, next;
	uint64_t lost; /* the newest id that is not there any more */
	size_t n; /* streams that read it */
};

struct stream {
	struct mp_request *rq; /* NULL: free */
	struct events *events;
	uint64_t cursor[LANES]; /* the next place to look at */
	size_t sent; /* bytes that have been sent of the event at the cursor of `lane` */
	int lane;
	unsigned kinds;
	char *device; /* NULL: any */
	bool reads[LANES];
	bool reset, beat;
};

struct events {
	struct lane lanes[LANES];
	struct stream streams[STREAMS];
	const struct event_kind *kinds;
	uint64_t next_id;
	size_t n;
	bool crlf, ending;
};

const struct event_kind event_kinds[] = {
	[EVENT_DEVICE] = {"device", false},
	[EVENT_ROLLOUT] = {"rollout", false},
	[EVENT_RELEASE] = {"release", false},
	[EVENT_REGISTRATION] = {"registration", true},
	[EVENT_NOTIFICATION] = {"notification", true},
	[EVENT_SEND] = {"send", true},
	[EVENT_REQUEST] = {"request", true},
	[EVENT_BOOTSTRAP] = {"bootstrap", true},
	{NULL, false},
};

struct events *events_new(const struct event_kind *kinds, bool crlf)
{
	struct events *e = calloc(1, sizeof(*e));
	struct timespec now;

	if (!e)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	e->kinds = kinds;
	e->crlf = crlf;
	e->next_id = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	return e;
}

/* ---- the rings ---- */

static struct event *at(struct lane *l, uint64_t place)
{
	return &l->ring[place % RING];
}

static void drop_first(struct lane *l)
{
	struct event *old = at(l, l->first++);

	l->lost = old->id;
	free(old->device);
	free(old->text);
}

static void forget(struct lane *l)
{
	while (l->first < l->next)
		drop_first(l);
}

void events_free(struct events *e)
{
	if (!e)
		return;
	for (int i = 0; i < LANES; i++)
		forget(&e->lanes[i]);
	for (size_t i = 0; i < STREAMS; i++)
		free(e->streams[i].device);
	free(e);
}

static int lane_of(const struct events *e, unsigned kind)
{
	return e->kinds[kind].is_traffic ? TRAFFIC : FLEET;
}

static bool fits(const struct stream *st, unsigned kind, const char *device)
{
	return (st->kinds & 1u << kind) && (!st->device || mp_streq(st->device, device));
}

bool events_wanted(const struct events *e, unsigned kind, const char *device)
{
	if (!e || e->lanes[lane_of(e, kind)].n == 0)
		return false;
	for (size_t i = 0; i < STREAMS; i++)
		if (e->streams[i].rq && fits(&e->streams[i], kind, device))
			return true;
	return false;
}

bool events_have_readers(const struct events *e, unsigned kind)
{
	return e->lanes[lane_of(e, kind)].n > 0;
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

static void wake_readers(struct events *e, const struct event *added)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (e->streams[i].rq && fits(&e->streams[i], added->kind, added->device))
			mp_reply_wake(e->streams[i].rq);
}

static int format(const struct events *e, unsigned kind, const struct mp_json *data,
		  struct mp_buf *out)
{
	const char *line = e->crlf ? "\r\n" : "\n";
	int r = 0;

	if (!e->crlf)
		r = mp_buf_printf(out, "id: %llu\n", (unsigned long long)e->next_id);
	if (r == 0)
		r = mp_buf_printf(out, "event: %s%sdata: ", e->kinds[kind].name, line);
	if (r == 0)
		r = mp_json_format(data, out);
	return r < 0 ? r : mp_buf_printf(out, "%s%s", line, line);
}

void events_add(struct events *e, unsigned kind, const char *device, struct mp_json *data)
{
	auto_(mp_json) *owned = data;
	MP_BUF(text, EVENT_MAX);
	struct event one = {.id = e->next_id, .kind = kind};
	struct lane *l = &e->lanes[lane_of(e, kind)];

	if (!owned || format(e, kind, owned, &text) < 0)
		return;
	one.device = device ? strdup(device) : NULL;
	if (device && !one.device)
		return;
	if (l->next - l->first == RING)
		drop_first(l);
	one.text = mp_buf_take(&text);
	*at(l, l->next++) = one;
	e->next_id++;
	wake_readers(e, &one);
}

int events_parse_kinds(const struct event_kind *kinds, const char *text, unsigned *ret)
{
	unsigned found = 0;

	while (*text) {
		size_t len = strcspn(text, ",");
		unsigned i = 0;

		while (kinds[i].name &&
		       (strlen(kinds[i].name) != len || strncmp(kinds[i].name, text, len) != 0))
			i++;
		if (!kinds[i].name)
			return -EBADMSG;
		found |= 1u << i;
		text += len + (text[len] == ',');
	}
	if (!found)
		return -EBADMSG;
	*ret = found;
	return 0;
}

/* ---- a stream ---- */

static int copy(char *data, size_t room, const char *text, size_t *sent)
{
	size_t left = strlen(text) - *sent, n = left < room ? left : room;

	memcpy(data, text + *sent, n);
	*sent += n;
	return (int)n;
}

static void go_to_end(struct stream *st)
{
	for (int i = 0; i < LANES; i++)
		st->cursor[i] = st->events->lanes[i].next;
}

/* Between two events: has it lost some? Which lane has the next one? LANES: none has. */
static int next_lane(struct stream *st)
{
	struct events *e = st->events;
	uint64_t best = UINT64_MAX;
	int found = LANES;

	for (int i = 0; i < LANES; i++) {
		struct lane *l = &e->lanes[i];

		if (!st->reads[i])
			continue;
		if (st->cursor[i] < l->first) {
			go_to_end(st);
			st->reset = true;
			return LANES;
		}
		while (st->cursor[i] < l->next &&
		       !fits(st, at(l, st->cursor[i])->kind, at(l, st->cursor[i])->device))
			st->cursor[i]++;
		if (st->cursor[i] < l->next && at(l, st->cursor[i])->id < best) {
			best = at(l, st->cursor[i])->id;
			found = i;
		}
	}
	return found;
}

static int read_beat(struct stream *st, char *data, size_t room)
{
	const char *beat = st->events->crlf ? "\r\n" : ":\n\n";
	size_t len = strlen(beat);

	if (!st->beat || room < len)
		return 0;
	st->beat = false;
	memcpy(data, beat, len);
	return (int)len;
}

static int read_reset(struct stream *st, char *data, size_t room)
{
	st->reset = st->beat = false;
	if (st->events->crlf)
		return read_beat(st, data, room); /* that dialect knows no such thing */
	return snprintf(data, room, "id: %llu\nevent: reset\ndata: {}\n\n",
			(unsigned long long)st->events->next_id - 1);
}

/* What the connection asks for when it has room. */
static int read_stream(void *user, char *data, size_t room)
{
	struct stream *st = user;
	struct events *e = st->events;
	struct lane *l;
	int n;

	if (e->ending)
		return -1;
	if (st->sent == 0)
		st->lane = next_lane(st);
	if (st->sent == 0 && st->reset && room >= 64)
		return read_reset(st, data, room);
	if (st->lane == LANES)
		return read_beat(st, data, room);
	l = &e->lanes[st->lane];
	if (st->cursor[st->lane] < l->first)
		return -1; /* the rest of an event that is gone: begin anew */
	n = copy(data, room, at(l, st->cursor[st->lane])->text, &st->sent);
	if (!at(l, st->cursor[st->lane])->text[st->sent]) {
		st->cursor[st->lane]++;
		st->sent = 0;
	}
	return n;
}

/* ---- opening and closing ---- */

static struct stream *free_stream(struct events *e)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (!e->streams[i].rq)
			return &e->streams[i];
	return NULL;
}

/* From which events on, after the one with this id. */
static void resume(struct stream *st, uint64_t last)
{
	struct events *e = st->events;

	for (int i = 0; i < LANES; i++) {
		struct lane *l = &e->lanes[i];

		if (!st->reads[i])
			continue;
		st->reset |= last < l->lost || last >= e->next_id;
		st->cursor[i] = l->first;
		while (st->cursor[i] < l->next && at(l, st->cursor[i])->id <= last)
			st->cursor[i]++;
	}
	if (st->reset)
		go_to_end(st);
}

static void choose(struct stream *st, const struct event_choice *choice)
{
	struct events *e = st->events;

	st->kinds = choice->kinds;
	for (unsigned i = 0; e->kinds[i].name; i++) {
		if (!choice->kinds && (choice->device || !e->kinds[i].is_traffic))
			st->kinds |= 1u << i;
		if (st->kinds & 1u << i)
			st->reads[lane_of(e, i)] = true;
	}
}

static void enter(struct stream *st)
{
	struct events *e = st->events;

	e->n++;
	for (int i = 0; i < LANES; i++) {
		struct lane *l = &e->lanes[i];

		if (!st->reads[i] || l->n++ > 0)
			continue;
		forget(l);
		l->lost = e->next_id++; /* stands for all that nobody saw */
	}
}

void events_open(struct events *e, struct mp_request *rq, const struct event_choice *choice)
{
	const char *last = mp_request_header(rq, "Last-Event-ID");
	struct stream *st = free_stream(e);
	char *device = choice->device ? strdup(choice->device) : NULL;
	uint64_t id;

	if (!st || (choice->device && !device)) {
		free(device);
		mp_reply_text(rq, 503, "Too many are watching already.\n");
		return;
	}
	*st = (struct stream){.rq = rq, .events = e, .device = device, .beat = true};
	choose(st, choice);
	enter(st);
	go_to_end(st);
	if (last && mp_str_parse_u64(last, UINT64_MAX / 2, &id) == 0)
		resume(st, id);
	mp_reply_stream(rq, "text/event-stream", read_stream, st);
	mp_reply_header(rq, "Cache-Control", "no-store");
}

void events_close(struct events *e, struct mp_request *rq)
{
	for (size_t i = 0; e && i < STREAMS; i++) {
		struct stream *st = &e->streams[i];

		if (st->rq != rq)
			continue;
		st->rq = NULL;
		free(take_ptr(st->device));
		e->n--;
		for (int k = 0; k < LANES; k++)
			e->lanes[k].n -= st->reads[k];
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
