/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/test.h"
#include "pair/pair.h"

struct both {
	struct mp_pair a, b;
};

static int open_both(struct both *p, size_t room)
{
	int fds[2], r;

	*p = (struct both){.a = {.fd = -1}, .b = {.fd = -1}};
	r = mp_pair_open(fds);
	if (r < 0)
		return r;
	r = mp_pair_init(&p->a, fds[0], room);
	if (r < 0)
		(void)close(fds[1]);
	return r < 0 ? r : mp_pair_init(&p->b, fds[1], room);
}

static void close_both(struct both *p)
{
	mp_pair_done(&p->a);
	mp_pair_done(&p->b);
}

#define BOTH(name) __attribute__((cleanup(close_both))) struct both name

TEST(messages_cross_the_pair_and_its_end_is_seen)
{
	struct mp_msg m;
	BOTH(p);

	ASSERT_OK(open_both(&p, 0));
	ASSERT_OK(mp_pair_send_result(&p.a, -ENOSPC, "no room"));
	ASSERT_INT(1, mp_pair_recv(&p.b, true, &m));
	ASSERT_INT(MP_NO_SPACE, m.verdict);
	ASSERT_STR("no room", m.text[0]);
	ASSERT_ERR(-EAGAIN, mp_pair_recv(&p.b, false, &m));
	mp_pair_done(&p.a);
	ASSERT_INT(0, mp_pair_recv(&p.b, true, &m));
	ASSERT_ERR(-ECONNRESET, mp_pair_send_result(&p.b, 0, ""));
}

TEST(a_message_longer_than_the_room_is_refused)
{
	static const char data[2048];
	struct mp_msg m;
	BOTH(p);

	ASSERT_OK(open_both(&p, 1024));
	ASSERT_OK(mp_pair_send(&p.a,
			       &(struct mp_msg){.type = MP_MSG_DATA, .data = data, .len = 2048}));
	ASSERT_ERR(-EFBIG, mp_pair_recv(&p.b, true, &m));
}

TEST(garbage_from_the_other_end_is_refused)
{
	struct mp_msg m;
	BOTH(p);

	ASSERT_OK(open_both(&p, 0));
	ASSERT_INT(3, send(p.a.fd, "abc", 3, 0));
	ASSERT_ERR(-EBADMSG, mp_pair_recv(&p.b, true, &m));
}

TEST(a_sentence_that_is_too_long_is_cut)
{
	char big[MP_PAIR_TEXT + 100];
	struct mp_msg m;
	BOTH(p);

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	ASSERT_OK(open_both(&p, 0));
	ASSERT_OK(mp_pair_send_result(&p.a, -EIO, big));
	ASSERT_INT(1, mp_pair_recv(&p.b, true, &m));
	ASSERT_INT(MP_PAIR_TEXT, (long long)strlen(m.text[0]));
}

TORTURE(a_pair_survives_oom)
{
	BOTH(p);

	return open_both(&p, 0);
}
