/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/rows.h"

#include <stdlib.h>

#include "base/test.h"

#define ROWS(name) __attribute__((cleanup(mp_lwm2m_rows_done))) struct mp_lwm2m_rows name = {0}

TEST(every_type_comes_back_as_it_was)
{
	ROWS(rows);
	const struct mp_lwm2m_value values[] = {
		mp_lwm2m_integer(0),	   mp_lwm2m_integer(-1),
		mp_lwm2m_integer(127),	   mp_lwm2m_integer(-129),
		mp_lwm2m_integer(65536),   mp_lwm2m_integer(INT64_MIN),
		mp_lwm2m_integer(255),	   mp_lwm2m_unsigned(UINT64_MAX),
		mp_lwm2m_float(-0.5),	   mp_lwm2m_boolean(true),
		mp_lwm2m_time(1700000000), mp_lwm2m_string("text"),
		mp_lwm2m_opaque("\0", 1),  mp_lwm2m_objlnk(3, 65535),
		mp_lwm2m_string(""),
	};
	size_t n = sizeof(values) / sizeof(values[0]);
	struct mp_lwm2m_value v;

	for (size_t i = n; i-- > 0;)
		ASSERT_OK(mp_lwm2m_rows_set(&rows, &mp_lwm2m_path(9, 1, (uint16_t)i), &values[i]));
	for (size_t i = 0; i < n; i++) {
		ASSERT(mp_lwm2m_rows_get(&rows, &mp_lwm2m_path(9, 1, (uint16_t)i), &v));
		ASSERT(mp_lwm2m_value_equal(&values[i], &v));
	}
	ASSERT(!mp_lwm2m_rows_get(&rows, &mp_lwm2m_path(9, 1, 99), &v));
}

TEST(records_lie_in_the_order_of_paths)
{
	ROWS(rows);
	const struct mp_lwm2m_path paths[] = {
		mp_lwm2m_path(3, 2, 1),	   mp_lwm2m_path(1, 0, 5), mp_lwm2m_path(1, 0, 2, 7),
		mp_lwm2m_path(1, 0, 2, 3), mp_lwm2m_path(1, 4, 0), mp_lwm2m_path(2, 65534, 65534)};
	struct mp_lwm2m_value one = mp_lwm2m_integer(1), v;
	struct mp_lwm2m_path last = {0}, p;
	size_t at = 0, n = 0;

	for (size_t i = 0; i < 6; i++)
		ASSERT_OK(mp_lwm2m_rows_set(&rows, &paths[i], &one));
	while (mp_lwm2m_rows_walk(&rows, &mp_lwm2m_path_root, &at, &p, &v)) {
		ASSERT(mp_lwm2m_path_compare(&last, &p) < 0);
		last = p;
		n++;
	}
	ASSERT_INT(6, (long long)n);
	ASSERT_INT(0, mp_lwm2m_rows_next(&rows, 1, -1));
	ASSERT_INT(4, mp_lwm2m_rows_next(&rows, 1, 0));
	ASSERT_INT(-1, mp_lwm2m_rows_next(&rows, 1, 4));
	ASSERT_INT(3, (long long)mp_lwm2m_rows_remove(&rows, &mp_lwm2m_path(1, 0, 2)) + 1);
	ASSERT_INT(2, (long long)mp_lwm2m_rows_remove(&rows, &mp_lwm2m_path(1, 0)));
	ASSERT(!mp_lwm2m_rows_has(&rows, &mp_lwm2m_path(1, 0)));
	ASSERT(mp_lwm2m_rows_has(&rows, &mp_lwm2m_path(1, 4)));
}

TEST(a_value_is_replaced_whatever_its_length)
{
	ROWS(rows);
	struct mp_lwm2m_path p = mp_lwm2m_path(1, 0, 7);
	struct mp_lwm2m_value v;

	for (int i = 0; i < 50; i++) {
		char text[64];

		memset(text, 'a', sizeof(text));
		v = (struct mp_lwm2m_value){.type = MP_LWM2M_STRING,
					    .text = {text, (size_t)(i * 7 % 60)}};
		ASSERT_OK(mp_lwm2m_rows_set(&rows, &p, &v));
		ASSERT(mp_lwm2m_rows_get(&rows, &p, &v));
		ASSERT_INT(i * 7 % 60, (long long)v.text.len);
	}
}

TEST(the_limit_holds_and_nothing_changes_beyond_it)
{
	ROWS(rows);
	struct mp_lwm2m_value v = mp_lwm2m_string("some text of some length");
	size_t before;

	rows.limit = 64;
	ASSERT_OK(mp_lwm2m_rows_set(&rows, &mp_lwm2m_path(1, 0, 0), &v));
	before = rows.len;
	ASSERT_ERR(-ENOSPC, mp_lwm2m_rows_set(&rows, &mp_lwm2m_path(1, 0, 1), &v));
	ASSERT_INT((long long)before, (long long)rows.len);
	ASSERT_ERR(-EINVAL, mp_lwm2m_rows_set(&rows, &mp_lwm2m_path(1, 0), &v));
}

TEST(stored_bytes_are_loaded_and_every_cut_of_them_is_refused)
{
	ROWS(rows);
	ROWS(other);
	struct mp_lwm2m_value v = mp_lwm2m_integer(86400), w = mp_lwm2m_string("coap://x");
	size_t whole[4] = {0}, at = 0;

	ASSERT_OK(mp_lwm2m_rows_add(&rows, &mp_lwm2m_path(1, 0)));
	whole[at++] = rows.len;
	ASSERT_OK(mp_lwm2m_rows_set(&rows, &mp_lwm2m_path(1, 0, 1), &v));
	whole[at++] = rows.len;
	ASSERT_OK(mp_lwm2m_rows_set(&rows, &mp_lwm2m_path(1, 0, 2), &w));
	EACH_CUT(cut, n, rows.data, rows.len) {
		int r = mp_lwm2m_rows_load(&other, cut, n);

		ASSERT_INT(n == 0 || n == whole[0] || n == whole[1] ? 0 : -EBADMSG, r);
	}
	ASSERT_OK(mp_lwm2m_rows_load(&other, rows.data, rows.len));
	ASSERT_INT(86400, mp_lwm2m_rows_number(&other, &mp_lwm2m_path(1, 0, 1), 0));
	other.data[0] = 9; /* not in order any more */
	ASSERT_ERR(-EBADMSG, mp_lwm2m_rows_load(&rows, other.data, other.len));
	ASSERT_INT(86400, mp_lwm2m_rows_number(&rows, &mp_lwm2m_path(1, 0, 1), 0));
}

TORTURE(rows_grow_or_stay_as_they_were)
{
	ROWS(rows);
	struct mp_lwm2m_value v = mp_lwm2m_string("a text that takes some room of its own");

	for (uint16_t i = 0; i < 20; i++) {
		int r = mp_lwm2m_rows_set(&rows, &mp_lwm2m_path(1, i, 0), &v);

		if (r < 0)
			return r;
	}
	return 0;
}
