/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/test.h"
#include "lwm2m/attributes.h"
#include "lwm2m/link.h"

/* Links as one line: "/1/0 ver=1.1; …", "?" before a target that is no path, and how it ended. */
static const char *dump(const char *text, size_t len)
{
	static char out[2048];
	char path[MP_LWM2M_PATH_TEXT];
	struct mp_lwm2m_attribute a;
	struct mp_lwm2m_links walk;
	struct mp_lwm2m_link link;
	size_t n = 0;
	int k;

	mp_lwm2m_links(&walk, text, len);
	while ((k = mp_lwm2m_link_next(&walk, &link)) > 0) {
		mp_lwm2m_path_format(&link.path, path);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s",
				      link.has_path ? path : "?",
				      link.has_path ? 0 : (int)link.target_len, link.target);
		while (mp_lwm2m_link_attribute(&link, &a))
			n += (size_t)snprintf(
				out + n, sizeof(out) - n, " %.*s%s%.*s%s", (int)a.name_len, a.name,
				a.quoted  ? "=\""
				: a.value ? "="
					  : "",
				(int)a.value_len, a.value ? a.value : "", a.quoted ? "\"" : "");
		n += (size_t)snprintf(out + n, sizeof(out) - n, "; ");
	}
	snprintf(out + n, sizeof(out) - n, "%s", k == 0 ? "end" : "EBADMSG");
	return out;
}
#define DUMP(text) dump(text, strlen(text))

static const char registration[] =
	"</>;rt=\"oma.lwm2m\";ct=112,</1/0>,</3>;ver=1.1,</3303/0>;pmin=10;pmax=60,</5>";

TEST(links_of_a_registration)
{
	ASSERT_STR("/ rt=\"oma.lwm2m\" ct=112; /1/0; /3 ver=1.1; /3303/0 pmin=10 pmax=60; /5; end",
		   DUMP(registration));
	ASSERT_STR("?lwm2m rt=\"oma.lwm2m\"; /1; end", DUMP("<lwm2m>;rt=\"oma.lwm2m\",</1>"));
	ASSERT_STR("end", DUMP(""));
}

/* What Leshan's demo client sends, and one behind an alternate path. */
TEST(links_of_other_clients)
{
	ASSERT_STR("/ rt=\"oma.lwm2m\" ct=\"60 110 112 11542 11543\"; /1/0; /3 ver=1.2; /3/0; "
		   "/3303 ver=1.1; /3303/0; end",
		   DUMP("</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542 11543\",</1/0>,</3>;ver=1.2,"
			"</3/0>,</3303>;ver=1.1,</3303/0>"));
	ASSERT_STR("/ rt=\"oma.lwm2m\" ct=110; /1/0; /3 ver=1.1; /3/0; end",
		   DUMP("</lwm2m>;rt=\"oma.lwm2m\";ct=110,</lwm2m/1/0>,</lwm2m/3>;ver=1.1,"
			"</lwm2m/3/0>"));
}

TEST(links_leave_out_the_alternate_root)
{
	ASSERT_STR("/ rt=\"oma.lwm2m\"; /1/0; /3; ?/other/3; end",
		   DUMP("</lwm2m>;rt=\"oma.lwm2m\",</lwm2m/1/0>,</lwm2m/3>,</other/3>"));
	ASSERT_STR("/1/0; / rt=\"x oma.lwm2m\"; end", DUMP("</a/1/0>,</a/>;rt=\"x oma.lwm2m\""));
	ASSERT_STR("?/lwm2m rt=\"oma.lwm2m2\"; ?/lwm2m/1; end",
		   DUMP("</lwm2m>;rt=\"oma.lwm2m2\",</lwm2m/1>"));
}

TEST(links_take_attributes_of_any_kind)
{
	ASSERT_STR("/3/0 a b=c d=\"e;,<>\\\"f\" g=1.5e-3 lwm2m=1.2; end",
		   DUMP("</3/0>;a;b=c;d=\"e;,<>\\\"f\";g=1.5e-3;lwm2m=1.2"));
	ASSERT_STR("/1; /2 x=y; end", DUMP(" </1> , </2> ; x=y "));
	/* Discover has a gateway's prefix and the resources' dimensions. */
	ASSERT_STR("/3/0; /3/0/6 dim=8; ?/dev1/3; end", DUMP("</3/0>,</3/0/6>;dim=8,</dev1/3>"));
}

TEST(links_refuse_what_is_malformed)
{
	static const char *const bad[] = {
		"garbage",   "<",	  "</1",	   "</1>x", "</1>;",	    "</1>;=1",
		"</1>;a=",   "</1>;a=\"", "</1>;a=\"\\\"", "</1>,", "</1>,,</2>",   ",</1>",
		"</1> </2>", "<</1>>",	  "</1>;a=\"\n\"", "</ 1>", "</1>;a=b\"c\""};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT(strstr(DUMP(bad[i]), "EBADMSG"));
	EACH_CUT(cut, n, registration, sizeof(registration) - 1) {
		ASSERT(strlen(dump(cut, n)) > 0);
	}
}

TEST(links_are_written_as_they_are_read)
{
	struct mp_lwm2m_link_writer w;
	char out[128];
	int n;

	mp_lwm2m_link_write(&w, out, sizeof(out));
	mp_lwm2m_link_add(&w, &mp_lwm2m_path_root);
	mp_lwm2m_link_add_quoted(&w, "rt", "oma.lwm2m");
	mp_lwm2m_link_add_attribute(&w, "ct", "112");
	mp_lwm2m_link_add(&w, &mp_lwm2m_path(1, 0));
	mp_lwm2m_link_add(&w, &mp_lwm2m_path(3));
	mp_lwm2m_link_add_attribute(&w, "ver", "1.1");
	mp_lwm2m_link_add_attribute(&w, "edge", NULL);
	n = mp_lwm2m_link_end(&w);
	ASSERT_OK(n);
	out[n] = '\0';
	ASSERT_STR("</>;rt=\"oma.lwm2m\";ct=112,</1/0>,</3>;ver=1.1;edge", out);
	mp_lwm2m_link_write(&w, out, sizeof(out));
	w.root = "/lwm2m";
	mp_lwm2m_link_add(&w, &mp_lwm2m_path_root);
	mp_lwm2m_link_add_quoted(&w, "rt", "a\"\\");
	mp_lwm2m_link_add(&w, &mp_lwm2m_path(1, 0));
	n = mp_lwm2m_link_end(&w);
	out[n] = '\0';
	ASSERT_STR("</lwm2m>;rt=\"a\\\"\\\\\",</lwm2m/1/0>", out);
}

TEST(links_refuse_to_write_what_is_no_link)
{
	struct mp_lwm2m_link_writer w;
	char out[16];

	mp_lwm2m_link_write(&w, out, sizeof(out));
	mp_lwm2m_link_add_attribute(&w, "a", "b");
	ASSERT_ERR(-EINVAL, mp_lwm2m_link_end(&w));
	mp_lwm2m_link_write(&w, out, sizeof(out));
	mp_lwm2m_link_add(&w, &mp_lwm2m_path(1));
	mp_lwm2m_link_add_attribute(&w, "a", "b,c");
	ASSERT_ERR(-EINVAL, mp_lwm2m_link_end(&w));
	for (size_t room = 0; room < 9; room++) {
		mp_lwm2m_link_write(&w, out, room);
		mp_lwm2m_link_add(&w, &mp_lwm2m_path(1));
		mp_lwm2m_link_add_attribute(&w, "a", "bc");
		ASSERT_ERR(-ENOSPC, mp_lwm2m_link_end(&w));
	}
}
