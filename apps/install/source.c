/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - files from fetch, who may lie: lengths are kept here, the rest is TUF's */
#include <errno.h>

#include "worker.h"

/* Let fetch end what it has begun, so that the next request finds the pair in order. */
static int stop(struct worker *w)
{
	struct mp_msg m;
	int r = mp_pair_send(&w->data, &(struct mp_msg){.type = MP_MSG_STOP});

	while (r >= 0) {
		r = mp_pair_recv(&w->data, true, &m);
		if (r == 0)
			return -ECONNRESET;
		if (r == 1 && m.type == MP_MSG_RESULT)
			return 0;
	}
	return r;
}

static int receive(struct worker *w, uint64_t len, mp_tuf_sink sink, void *sink_user, uint64_t *got,
		   struct mp_err *err)
{
	struct mp_msg m;
	int r;

	for (;;) {
		r = mp_pair_recv(&w->data, true, &m);
		if (r <= 0)
			return mp_err_set(err, -ECONNRESET, "the network worker has ended");
		if (m.type == MP_MSG_RESULT)
			break;
		if (m.type != MP_MSG_DATA || m.len > len - *got) {
			(void)stop(w);
			return mp_err_set(err, -EFBIG, "more bytes came than were asked for");
		}
		*got += m.len;
		r = sink(sink_user, m.data, m.len);
		if (r < 0) {
			(void)stop(w);
			return r;
		}
	}
	if (m.verdict != MP_OK)
		return mp_err_set(err, mp_verdict_errno(m.verdict), "%s", m.text[0]);
	return 0;
}

int worker_get(struct worker *w, const char *file, uint64_t from, uint64_t len, mp_tuf_sink sink,
	       void *sink_user, uint64_t *ret_got, struct mp_err *err)
{
	int r = mp_pair_send(
		&w->data, &(struct mp_msg){.type = MP_MSG_GET, .num = {from, len}, .text = {file}});

	*ret_got = 0;
	if (r < 0)
		return mp_err_set(err, r, "the network worker has ended");
	return receive(w, len, sink, sink_user, ret_got, err);
}

/* One byte more than allowed is asked for, to tell "just fits" from "endless". */
static int get_whole(void *user, const char *file, uint64_t most, mp_tuf_sink sink, void *sink_user,
		     struct mp_err *err)
{
	uint64_t got;
	int r = worker_get(user, file, 0, most + 1, sink, sink_user, &got, err);

	if (r == 0 && got > most)
		return mp_err_set(err, -EFBIG, "%s is longer than the %llu bytes that it may have",
				  file, (unsigned long long)most);
	return r;
}

struct mp_tuf_fetcher worker_fetcher(struct worker *w)
{
	return (struct mp_tuf_fetcher){.metadata = get_whole, .target = get_whole, .user = w};
}
