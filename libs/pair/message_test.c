/* SPDX-License-Identifier: Apache-2.0 */
#include "base/auto.h"
#include "base/test.h"
#include "pair/pair.h"

static const struct mp_msg feedback = {
	.type = MP_MSG_FEEDBACK,
	.text = {"deployment", "1001", "closed", "failure", "the signature is not good"},
};

TEST(a_message_comes_out_as_it_went_in)
{
	const struct mp_msg in = {
		.type = MP_MSG_GET, .num = {1ull << 40, 77}, .text = {"abc.payload"}};
	MP_BUF(b, MP_PAIR_MAX);
	struct mp_msg out;

	ASSERT_OK(mp_msg_encode(&in, &b));
	ASSERT_OK(mp_msg_decode(b.data, b.len, &out));
	ASSERT_INT(MP_MSG_GET, out.type);
	ASSERT(out.num[0] == 1ull << 40 && out.num[1] == 77);
	ASSERT_STR("abc.payload", out.text[0]);
	ASSERT_STR("", out.text[1]);
	ASSERT_INT(0, out.len);
}

TEST(data_travels_only_in_the_types_that_have_it)
{
	struct mp_msg m = {.type = MP_MSG_DATA, .data = "xyz", .len = 3};
	MP_BUF(b, MP_PAIR_MAX);
	struct mp_msg out;

	ASSERT_OK(mp_msg_encode(&m, &b));
	ASSERT_OK(mp_msg_decode(b.data, b.len, &out));
	ASSERT(out.len == 3 && memcmp(out.data, "xyz", 3) == 0);
	m.type = MP_MSG_STOP;
	ASSERT_ERR(-EINVAL, mp_msg_encode(&m, &b));
	b.data[0] = MP_MSG_STOP;
	ASSERT_ERR(-EBADMSG, mp_msg_decode(b.data, b.len, &out));
}

TEST(a_text_with_a_nul_inside_is_refused)
{
	MP_BUF(b, MP_PAIR_MAX);
	struct mp_msg out;

	ASSERT_OK(mp_msg_encode(&feedback, &b));
	b.data[MP_PAIR_HEADER + 4] = '\0';
	ASSERT_ERR(-EBADMSG, mp_msg_decode(b.data, b.len, &out));
}

TEST(texts_and_data_have_limits)
{
	static char big[MP_PAIR_DATA + 2];
	struct mp_msg m = {.type = MP_MSG_DATA, .data = big, .len = MP_PAIR_DATA + 1};
	MP_BUF(b, MP_PAIR_MAX);

	ASSERT_ERR(-EFBIG, mp_msg_encode(&m, &b));
	memset(big, 'a', MP_PAIR_TEXT + 1);
	m = (struct mp_msg){.type = MP_MSG_RESULT, .text = {big}};
	ASSERT_ERR(-EFBIG, mp_msg_encode(&m, &b));
}

TEST(unknown_types_and_verdicts_are_refused)
{
	MP_BUF(b, MP_PAIR_MAX);
	struct mp_msg out;

	ASSERT_OK(mp_msg_encode(&feedback, &b));
	for (unsigned type = 0; type < 256; type++) {
		b.data[0] = (char)type;
		ASSERT((mp_msg_decode(b.data, b.len, &out) == 0) ==
		       (type == MP_MSG_FEEDBACK || type == MP_MSG_STATE));
	}
	b.data[0] = MP_MSG_FEEDBACK;
	b.data[1] = MP_VERDICT_END_;
	ASSERT_ERR(-EBADMSG, mp_msg_decode(b.data, b.len, &out));
}

TEST(a_message_cut_anywhere_is_refused)
{
	MP_BUF(b, MP_PAIR_MAX);
	struct mp_msg out;

	ASSERT_OK(mp_msg_encode(&feedback, &b));
	for (size_t n = 0; n < b.len; n++) {
		auto_free uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, b.data, n);
		ASSERT_ERR(-EBADMSG, mp_msg_decode(cut, n, &out));
	}
}

TEST(every_verdict_has_an_errno_and_comes_back)
{
	for (unsigned v = 0; v < MP_VERDICT_END_; v++)
		ASSERT_INT(v, mp_verdict_of(mp_verdict_errno((enum mp_verdict)v)));
	ASSERT_INT(MP_FAILED, mp_verdict_of(-EXDEV));
	ASSERT_INT(MP_NO_SERVER, mp_verdict_of(-EHOSTUNREACH));
}

TEST(requests_carry_what_they_need)
{
	ASSERT_INT(2, mp_msg_texts(MP_MSG_INSTALL));
	ASSERT_INT(1, mp_msg_texts(MP_MSG_MARK));
	ASSERT_INT(1, mp_msg_texts(MP_MSG_HAVE));
	ASSERT_INT(5, mp_msg_texts(MP_MSG_FEEDBACK));
}

TEST(every_type_has_a_name)
{
	for (unsigned t = 1; t < MP_MSG_END_; t++)
		ASSERT(strcmp(mp_msg_name((enum mp_msg_type)t), "unknown") != 0);
}

TORTURE(encoding_survives_oom)
{
	MP_BUF(b, MP_PAIR_MAX);

	return mp_msg_encode(&feedback, &b);
}
