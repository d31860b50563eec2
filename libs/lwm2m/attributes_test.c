/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/attributes.h"

static int parse(struct mp_lwm2m_attributes *a, const char *query)
{
	return mp_lwm2m_attributes_parse(a, query, strlen(query));
}

TEST(attributes_come_from_a_query)
{
	struct mp_lwm2m_attributes a = {.set = 0};

	ASSERT_OK(parse(&a, "pmin=10"));
	ASSERT_OK(parse(&a, "pmax=4294967295"));
	ASSERT_OK(parse(&a, "gt=-1.5"));
	ASSERT_OK(parse(&a, "lt"));
	ASSERT_OK(parse(&a, "edge=1"));
	ASSERT_OK(parse(&a, "con=0"));
	ASSERT_OK(parse(&a, "hqmax=3"));
	ASSERT_INT(MP_LWM2M_PMIN | MP_LWM2M_PMAX | MP_LWM2M_GT | MP_LWM2M_EDGE | MP_LWM2M_CON |
			   MP_LWM2M_HQMAX,
		   a.set);
	ASSERT_INT(MP_LWM2M_LT, a.clear);
	ASSERT_INT(10, a.pmin);
	ASSERT(a.pmax == UINT32_MAX && a.edge && !a.con && a.hqmax == 3);
	ASSERT(a.gt == -1.5);
}

TEST(attributes_refuse_other_values)
{
	static const char *const bad[] = {
		"pmin=",    "pmin=x", "pmin=-1", "pmin=4294967296", "pmin=1.5", "edge=2",
		"con=true", "gt=",    "gt=nan",	 "gt=1e999",	    "lt=x"};
	struct mp_lwm2m_attributes a = {.set = 0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_ERR(-EBADMSG, parse(&a, bad[i]));
	ASSERT_INT(0, a.set);
	ASSERT_ERR(-ENOENT, parse(&a, "depth=1"));
	ASSERT_ERR(-ENOENT, parse(&a, ""));
	ASSERT_ERR(-ENOENT, parse(&a, "=1"));
	ASSERT_OK(parse(&a, "pmin=1"));
	ASSERT_ERR(-EBADMSG, parse(&a, "pmin=2"));
	ASSERT_ERR(-EBADMSG, parse(&a, "pmin"));
}

TEST(attributes_must_agree_with_each_other)
{
	struct mp_lwm2m_attributes a = {
		.set = MP_LWM2M_LT | MP_LWM2M_GT | MP_LWM2M_ST, .lt = 0, .gt = 10, .st = 4};

	ASSERT_OK(mp_lwm2m_attributes_check(&a));
	a.st = 5;
	ASSERT_ERR(-EPROTO, mp_lwm2m_attributes_check(&a));
	a.st = 0;
	ASSERT_ERR(-EPROTO, mp_lwm2m_attributes_check(&a));
	a = (struct mp_lwm2m_attributes){
		.set = MP_LWM2M_EPMIN | MP_LWM2M_EPMAX, .epmin = 5, .epmax = 5};
	ASSERT_ERR(-EPROTO, mp_lwm2m_attributes_check(&a));
	/* A pmax below pmin is not an error: it is ignored (Core 7.3.2). */
	a = (struct mp_lwm2m_attributes){
		.set = MP_LWM2M_PMIN | MP_LWM2M_PMAX, .pmin = 5, .pmax = 4};
	ASSERT_OK(mp_lwm2m_attributes_check(&a));
}

TEST(attributes_belong_to_levels)
{
	struct mp_lwm2m_attributes a = {.set = MP_LWM2M_PMIN};

	ASSERT_OK(mp_lwm2m_attributes_fit(&a, &mp_lwm2m_path(3)));
	ASSERT_ERR(-EPROTO, mp_lwm2m_attributes_fit(&a, &mp_lwm2m_path_root));
	a.clear = MP_LWM2M_GT;
	ASSERT_ERR(-EPROTO, mp_lwm2m_attributes_fit(&a, &mp_lwm2m_path(3, 0)));
	ASSERT_OK(mp_lwm2m_attributes_fit(&a, &mp_lwm2m_path(3, 0, 9)));
}

TEST(attributes_are_changed_and_inherited)
{
	struct mp_lwm2m_attributes kept = {.set = MP_LWM2M_PMIN | MP_LWM2M_GT, .pmin = 1, .gt = 2};
	struct mp_lwm2m_attributes change = {
		.set = MP_LWM2M_PMAX, .clear = MP_LWM2M_GT, .pmax = 60};
	struct mp_lwm2m_attributes above = {
		.set = MP_LWM2M_PMIN | MP_LWM2M_CON, .pmin = 9, .con = true};

	mp_lwm2m_attributes_update(&kept, &change);
	ASSERT_INT(MP_LWM2M_PMIN | MP_LWM2M_PMAX, kept.set);
	ASSERT_INT(60, kept.pmax);
	mp_lwm2m_attributes_inherit(&kept, &above);
	ASSERT_INT(MP_LWM2M_PMIN | MP_LWM2M_PMAX | MP_LWM2M_CON, kept.set);
	ASSERT_INT(1, kept.pmin);
	ASSERT(kept.con);
}

TEST(attributes_are_written_and_read_in_links)
{
	struct mp_lwm2m_attributes a = {.set = 0}, back;
	struct mp_lwm2m_link_writer w;
	struct mp_lwm2m_links walk;
	struct mp_lwm2m_link link;
	char out[128], text[MP_LWM2M_ATTRIBUTE_TEXT];
	int n;

	parse(&a, "pmin=10");
	parse(&a, "st=0.5");
	parse(&a, "edge=1");
	parse(&a, "lt");
	mp_lwm2m_link_write(&w, out, sizeof(out));
	mp_lwm2m_link_add(&w, &mp_lwm2m_path(3, 0, 9));
	mp_lwm2m_attributes_write(&a, &w);
	n = mp_lwm2m_link_end(&w);
	ASSERT_OK(n);
	out[n] = '\0';
	ASSERT_STR("</3/0/9>;pmin=10;st=0.5;edge=1", out);
	mp_lwm2m_links(&walk, out, (size_t)n);
	ASSERT_INT(1, mp_lwm2m_link_next(&walk, &link));
	ASSERT_OK(mp_lwm2m_attributes_read(&link, &back));
	ASSERT_INT(a.set, back.set);
	ASSERT(back.st == 0.5);
	ASSERT_INT(7, (long long)mp_lwm2m_attributes_format(&a, 0, text));
	ASSERT_STR("pmin=10", text);
	ASSERT_INT(2, (long long)mp_lwm2m_attributes_format(&a, 3, text));
	ASSERT_STR("lt", text);
	ASSERT_INT(0, (long long)mp_lwm2m_attributes_format(&a, 1, text));
}
