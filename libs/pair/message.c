/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - the bytes of a message
 *
 *     type u8 · verdict u8 · number of texts u8 · 0 · num[0] u64 · num[1] u64
 *     each text: length u16, its bytes, a NUL · the rest is data
 *
 * All numbers are little-endian.
 */
#include <errno.h>
#include <string.h>

#include "pair/pair.h"

static const struct {
	const char *name;
	uint8_t texts;
	bool data;
} shapes[MP_MSG_END_] = {
	[MP_MSG_RESULT] = {"result", 1, false},
	[MP_MSG_SEED] = {"seed", 2, false},
	[MP_MSG_POLL] = {"poll", 0, false},
	[MP_MSG_FEEDBACK] = {"feedback", 5, false},
	[MP_MSG_ATTRIBUTES] = {"attributes", 0, true},
	[MP_MSG_IDENTITY] = {"identity", 1, false},
	[MP_MSG_SLEEP] = {"sleep", 0, false},
	[MP_MSG_OFFER] = {"offer", 3, false},
	[MP_MSG_CANCEL] = {"cancel", 1, false},
	[MP_MSG_WANTED] = {"wanted", 0, false},
	[MP_MSG_SETUP] = {"setup", 0, false},
	[MP_MSG_INSTALL] = {"install", 2, false},
	[MP_MSG_MARK] = {"mark", 1, false},
	[MP_MSG_SEEDED] = {"seeded", 0, false},
	[MP_MSG_FACT] = {"fact", 2, false},
	[MP_MSG_PROGRESS] = {"progress", 1, false},
	[MP_MSG_HAVE] = {"have", 1, true},
	[MP_MSG_APPLY] = {"apply", 1, false},
	[MP_MSG_PRUNE] = {"prune", 0, false},
	[MP_MSG_GET] = {"get", 1, false},
	[MP_MSG_STOP] = {"stop", 0, false},
	[MP_MSG_DATA] = {"data", 0, true},
	[MP_MSG_ENROLL] = {"enroll", 0, false},
	[MP_MSG_SOURCE] = {"source", 1, false},
	[MP_MSG_COMMIT] = {"commit", 0, false},
	[MP_MSG_REACHED] = {"reached", 0, false},
	[MP_MSG_UPDATE] = {"update", 1, false},
	[MP_MSG_DROP] = {"drop", 0, false},
	[MP_MSG_REBOOT] = {"reboot", 0, false},
	[MP_MSG_RESET] = {"reset", 0, false},
	[MP_MSG_STATE] = {"state", 5, false},
	[MP_MSG_LOOK] = {"look", 1, false},
};

static const int codes[MP_VERDICT_END_] = {
	[MP_OK] = 0,
	[MP_FAILED] = -EIO,
	[MP_MALFORMED] = -EBADMSG,
	[MP_BROKE_RULES] = -EPROTO,
	[MP_NOT_SIGNED] = -EKEYREJECTED,
	[MP_EXPIRED] = -ESTALE,
	[MP_TOO_BIG] = -EFBIG,
	[MP_NO_SPACE] = -ENOSPC,
	[MP_NOT_THERE] = -ENOENT,
	[MP_EXISTS] = -EEXIST,
	[MP_NOT_ALLOWED] = -EPERM,
	[MP_TIMED_OUT] = -ETIMEDOUT,
	[MP_NO_SERVER] = -ECONNREFUSED,
	[MP_CUT_SHORT] = -ECONNRESET,
	[MP_SAID_NO] = -EREMOTEIO,
	[MP_NOT_SUPPORTED] = -ENOTSUP,
	[MP_NO_MEMORY] = -ENOMEM,
	[MP_WAIT] = -EAGAIN,
	[MP_STOPPED] = -ECANCELED,
};

enum mp_verdict mp_verdict_of(int r)
{
	if (r >= 0)
		return MP_OK;
	if (r == -EHOSTUNREACH)
		return MP_NO_SERVER;
	for (unsigned v = MP_OK; v < MP_VERDICT_END_; v++)
		if (codes[v] == r)
			return (enum mp_verdict)v;
	return MP_FAILED;
}

int mp_verdict_errno(enum mp_verdict v)
{
	return v < MP_VERDICT_END_ ? codes[v] : -EIO;
}

static bool is_type(unsigned type)
{
	return type < MP_MSG_END_ && shapes[type].name;
}

unsigned mp_msg_texts(enum mp_msg_type type)
{
	return is_type(type) ? shapes[type].texts : 0;
}

const char *mp_msg_name(enum mp_msg_type type)
{
	return is_type(type) ? shapes[type].name : "unknown";
}

static void put_u64(uint8_t *at, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get_u64(const uint8_t *at)
{
	uint64_t v = 0;

	for (unsigned i = 8; i-- > 0;)
		v = v << 8 | at[i];
	return v;
}

static int add_text(struct mp_buf *out, const char *s)
{
	size_t n = strlen(s);
	uint8_t len[2] = {(uint8_t)n, (uint8_t)(n >> 8)};
	int r;

	if (n > MP_PAIR_TEXT)
		return -EFBIG;
	r = mp_buf_add(out, len, sizeof(len));
	return r < 0 ? r : mp_buf_add(out, s, n + 1);
}

/* Texts beyond those of the type must be empty. */
static bool has_shape(const struct mp_msg *m)
{
	if (!is_type(m->type) || m->verdict >= MP_VERDICT_END_ || (m->len && !shapes[m->type].data))
		return false;
	for (unsigned i = shapes[m->type].texts; i < MP_PAIR_TEXTS; i++)
		if (m->text[i] && m->text[i][0])
			return false;
	return true;
}

int mp_msg_encode(const struct mp_msg *m, struct mp_buf *out)
{
	uint8_t head[MP_PAIR_HEADER] = {(uint8_t)m->type, (uint8_t)m->verdict};
	int r;

	if (!has_shape(m))
		return -EINVAL;
	if (m->len > MP_PAIR_DATA)
		return -EFBIG;
	head[2] = shapes[m->type].texts;
	put_u64(head + 4, m->num[0]);
	put_u64(head + 12, m->num[1]);
	r = mp_buf_add(out, head, sizeof(head));
	for (unsigned i = 0; r == 0 && i < shapes[m->type].texts; i++)
		r = add_text(out, m->text[i] ? m->text[i] : "");
	return r < 0 || !m->len ? r : mp_buf_add(out, m->data, m->len);
}

/* One text at *at; *at moves past it. NULL: malformed. */
static const char *take_text(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *text = *at + 2;
	size_t n;

	if (end - *at < 3)
		return NULL;
	n = (size_t)((*at)[0] | (*at)[1] << 8);
	if (n > MP_PAIR_TEXT || (size_t)(end - text) < n + 1)
		return NULL;
	if (memchr(text, 0, n + 1) != text + n)
		return NULL;
	*at = text + n + 1;
	return (const char *)text;
}

int mp_msg_decode(const void *bytes, size_t len, struct mp_msg *ret)
{
	const uint8_t *at = bytes, *end = at + len;
	struct mp_msg m = {0};

	if (len < MP_PAIR_HEADER || !is_type(at[0]) || at[1] >= MP_VERDICT_END_ ||
	    at[2] != shapes[at[0]].texts || at[3])
		return -EBADMSG;
	m.type = (enum mp_msg_type)at[0];
	m.verdict = (enum mp_verdict)at[1];
	m.num[0] = get_u64(at + 4);
	m.num[1] = get_u64(at + 12);
	at += MP_PAIR_HEADER;
	for (unsigned i = 0; i < MP_PAIR_TEXTS; i++) {
		m.text[i] = i < shapes[m.type].texts ? take_text(&at, end) : "";
		if (!m.text[i])
			return -EBADMSG;
	}
	m.data = at;
	m.len = (size_t)(end - at);
	if (m.len > (shapes[m.type].data ? MP_PAIR_DATA : 0))
		return -EBADMSG;
	*ret = m;
	return 0;
}
