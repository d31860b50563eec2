/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_world.h"

#define TLV MP_LWM2M_FORMAT_TLV
#define JSON MP_LWM2M_FORMAT_JSON
#define SENML_JSON MP_LWM2M_FORMAT_SENML_JSON
#define SENML_CBOR MP_LWM2M_FORMAT_SENML_CBOR
#define V11 MP_LWM2M_VERSION(1, 1)

TEST(ets_201_query_basic_information_in_plain_text)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0/0", 0));
	ASSERT_INT(0, w.format);
	ASSERT_STR("maker", w.text);
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0/1", 0));
	ASSERT_STR("model 7", w.text);
}

TEST(ets_202_query_basic_information_as_opaque)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED, world_send(&w, 1, MP_COAP_POST, "19", TLV,
					       "\x86\x00\x44\x00"
					       "ABCD",
					       8));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "19/0/0/0", 42));
	ASSERT_INT(42, w.format);
	ASSERT_STR("ABCD", w.text);
	ASSERT_INT(MP_COAP_NOT_ACCEPTABLE, world_get_as(&w, 1, "3/0/0", 42));
}

TEST(ets_203_query_basic_information_in_tlv)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0", TLV));
	ASSERT_INT(TLV, w.format);
	ASSERT(memcmp(w.text, "\xc5\x00maker\xc7\x01model 7", 16) == 0);
}

TEST(ets_204_query_basic_information_in_json)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0", JSON));
	ASSERT_INT(JSON, w.format);
	ASSERT(strstr(w.text, "\"sv\":\"maker\"") != NULL);
}

TEST(ets_205_set_basic_information_in_plain_text)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "3311/0/5706", 0, "#ff8000"));
	ASSERT_STR("#ff8000", w.color);
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/2", 0, "101"));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "1/0/2", 0));
	ASSERT_STR("101", w.text);
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_put(&w, 1, "1/0/2", 0, "many"));
}

TEST(ets_210_set_basic_information_as_opaque)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED, world_post(&w, 1, "19", TLV, ""));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_send(&w, 1, MP_COAP_PUT, "19/0/0/0", 42, "\x01\x02\x03", 3));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "19/0/0/0", 42));
	ASSERT_INT(3, (long long)w.text_len);
	ASSERT(memcmp(w.text, "\x01\x02\x03", 3) == 0);
}

TEST(ets_211_query_basic_information_in_cbor)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0/9", 60));
	ASSERT_INT(60, w.format);
	ASSERT_INT(2, (long long)w.text_len);
	ASSERT(memcmp(w.text, "\x18\x64", 2) == 0);
}

TEST(ets_212_set_basic_information_in_cbor)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_send(&w, 1, MP_COAP_PUT, "3311/0/5851", 60, "\x18\x2a", 2));
	ASSERT_INT(42, w.dimmer);
}

TEST(ets_215_set_basic_information_in_tlv)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_send(&w, 1, MP_COAP_POST, "3311/0", TLV,
					       "\xe1\x16\xda\x01\xe1\x16\xdb\x07", 8));
	ASSERT(w.on);
	ASSERT_INT(7, w.dimmer);
}

TEST(ets_220_set_basic_information_in_json)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "3311/0", JSON,
					       "{\"bn\":\"/3311/0/\",\"e\":[{\"n\":\"5850\",\"bv\":"
					       "true},{\"n\":\"5851\",\"v\":33}]}"));
	ASSERT(w.on);
	ASSERT_INT(33, w.dimmer);
}

TEST(ets_221_operations_on_security_are_refused)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_get(&w, 1, "0/0/0"));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_get(&w, 1, "0"));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_put(&w, 1, "0/0/0", 0, "coap://evil"));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "0/0")));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_post(&w, 1, "0", TLV, ""));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_get_as(&w, 1, "0", MP_LWM2M_FORMAT_LINK));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_observe(&w, 1, "0/0/0", "t"));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_attributes(&w, 1, "0/0", "pmin=1", NULL, NULL));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_fetch(&w, 1, -1, NULL, "[{\"n\":\"/0/0/0\"}]"));
}

TEST(ets_222_read_object)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "1", SENML_JSON));
	ASSERT(strstr(w.text, "\"v\":300") != NULL);
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3311", SENML_CBOR));
	ASSERT_INT(SENML_CBOR, w.format);
}

TEST(ets_223_read_object_instance)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "1/0", SENML_JSON));
	ASSERT(strstr(w.text, "\"v\":300") != NULL);
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "1/7"));
}

TEST(ets_224_read_resource)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "1/0/1", SENML_JSON));
	ASSERT_STR("[{\"bn\":\"/1/0/1\",\"v\":300}]", w.text);
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "1/0/77"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_get(&w, 1, "1/0/8"));
}

TEST(ets_225_read_resource_instance)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/7/1"));
	ASSERT_STR("5000", w.text);
	ASSERT_INT(0, w.format);
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "3/0/7/9"));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "3/0/9/0"));
}

TEST(ets_226_write_partial_update_of_an_instance)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_post(&w, 1, "1/0", SENML_JSON,
			      "[{\"bn\":\"/1/0/\",\"n\":\"2\",\"v\":5},{\"n\":\"3\",\"v\":50}]"));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "1/0/3"));
	ASSERT_STR("50", w.text);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "1/0/1"));
	ASSERT_STR("300", w.text);
}

TEST(ets_227_write_replace_of_an_instance)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/5", 0, "77"));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_put(&w, 1, "1/0", SENML_JSON,
			     "[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":600},{\"n\":\"6\",\"vb\":true},"
			     "{\"n\":\"7\",\"vs\":\"U\"}]"));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "1/0/5"));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "1/0/0"));
	ASSERT_STR("1", w.text);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "1/0/1"));
	ASSERT_STR("600", w.text);
}

TEST(ets_228_write_resource_instance)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED, world_post(&w, 1, "16", TLV, ""));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "16/0/0/2", 0, "third"));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "16/0/0/0", 0, "first"));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "16/0/0/2"));
	ASSERT_STR("third", w.text);
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "16/0/0", SENML_JSON));
	ASSERT(strstr(w.text, "first") && strstr(w.text, "third"));
}

TEST(ets_229_read_composite)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_fetch(&w, 1, -1, NULL,
						"[{\"n\":\"/3/0/0\"},{\"n\":\"/3/0/9\"},{\"n\":\"/"
						"1/0/1\"},{\"n\":\"/3303/0/5700\"}]"));
	ASSERT_INT(SENML_JSON, w.format);
	ASSERT(strstr(w.text, "maker") && strstr(w.text, "100") && strstr(w.text, "300") &&
	       strstr(w.text, "20"));
}

TEST(ets_230_write_composite)
{
	WORLD(w, .version = V11);
	const char *body = "[{\"n\":\"/1/0/1\",\"v\":500},{\"n\":\"/3311/1/5851\",\"v\":9}]";

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_send(&w, 1, MP_COAP_IPATCH, "", SENML_JSON, body, strlen(body)));
	ASSERT_INT(9, w.dimmer);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "1/0/1"));
	ASSERT_STR("500", w.text);
}

TEST(ets_231_query_in_senml_json)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0", SENML_JSON));
	ASSERT_INT(SENML_JSON, w.format);
	ASSERT(strstr(w.text, "\"bn\":\"/3/0/\"") != NULL);
}

TEST(ets_232_query_in_senml_cbor)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0", SENML_CBOR));
	ASSERT_INT(SENML_CBOR, w.format);
	ASSERT((w.text[0] & 0xe0) == 0x80 || (uint8_t)w.text[0] == 0x9f);
}

TEST(ets_233_set_in_senml_cbor)
{
	static const char body[] = "\x81\xa2\x21\x6c/3311/0/5851\x02\x18\x2d";
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_send(&w, 1, MP_COAP_PUT, "3311/0/5851", SENML_CBOR, body,
					       sizeof(body) - 1));
	ASSERT_INT(45, w.dimmer);
}

TEST(ets_234_set_in_senml_json)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "3311/0/5706", SENML_JSON,
					      "[{\"bn\":\"/3311/0/5706\",\"vs\":\"blue\"}]"));
	ASSERT_STR("blue", w.color);
}

TEST(ets_235_read_composite_of_the_root)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_fetch(&w, 1, -1, NULL, "[{\"n\":\"/\"}]"));
	ASSERT(strstr(w.text, "maker") && strstr(w.text, "/3303/0/") && strstr(w.text, "/1/0/"));
	ASSERT(!strstr(w.text, "coap://"));
}

TEST(ets_236_read_composite_with_partial_presence)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_fetch(&w, 1, -1, NULL,
			       "[{\"n\":\"/3/0/0\"},{\"n\":\"/77/0/1\"},{\"n\":\"/3/0/8\"}]"));
	ASSERT_STR("[{\"n\":\"/3/0/0\",\"vs\":\"maker\"}]", w.text);
	ASSERT_INT(MP_COAP_NOT_FOUND, world_fetch(&w, 1, -1, NULL, "[{\"n\":\"/77/0/1\"}]"));
}

TEST(ets_237_read_without_a_format)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0"));
	ASSERT_INT(TLV, w.format);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/0"));
	ASSERT_INT(0, w.format);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/7"));
	ASSERT_INT(TLV, w.format);
}

TEST(ets_241_655_executable_resource_reboot)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "3/0/4", -1, ""));
	ASSERT_INT(1, w.reboots);
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "3/0/0", -1, ""));
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_post(&w, 1, "3/0/4", 0, "no arguments"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "3/0/4", 0, "0='now',1"));
	ASSERT_INT(2, w.reboots);
}

TEST(ets_256_write_failure_changes_nothing)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "3/0/0", 0, "other"));
	ASSERT_INT(MP_COAP_BAD_REQUEST,
		   world_post(&w, 1, "3311/0", SENML_JSON,
			      "[{\"bn\":\"/3311/0/\",\"n\":\"5850\",\"vb\":true},{\"n\":\"5851\","
			      "\"vs\":\"high\"}]"));
	ASSERT(!w.on);
	ASSERT_INT(MP_COAP_NOT_FOUND, world_post(&w, 1, "3311/0", SENML_JSON,
						 "[{\"bn\":\"/3311/0/\",\"n\":\"5850\",\"vb\":true}"
						 ",{\"n\":\"9999\",\"v\":1}]"));
	ASSERT(!w.on);
	ASSERT_INT(MP_COAP_NOT_FOUND, world_put(&w, 1, "3311/5/5850", 0, "1"));
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_put(&w, 1, "3311/0", TLV, "\xff\xff"));
}

TEST(ets_257_write_composite_succeeds_as_a_whole_or_not_at_all)
{
	WORLD(w, .version = V11);
	const char *body = "[{\"n\":\"/3311/0/5850\",\"vb\":true},{\"n\":\"/3/0/0\",\"vs\":\"x\"}]";

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   world_send(&w, 1, MP_COAP_IPATCH, "", SENML_JSON, body, strlen(body)));
	ASSERT(!w.on);
	ASSERT_INT(MP_COAP_UNSUPPORTED_FORMAT,
		   world_send(&w, 1, MP_COAP_IPATCH, "", TLV, body, strlen(body)));
}

TEST(ets_260_discover)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3311/1", MP_LWM2M_FORMAT_LINK));
	ASSERT_INT(MP_LWM2M_FORMAT_LINK, w.format);
	ASSERT_STR("</3311/1>,</3311/1/5706>,</3311/1/5850>,</3311/1/5851>", w.text);
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3", "pmin=10", "pmax=60", NULL));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3/0/9", "lt=20", NULL, NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3", MP_LWM2M_FORMAT_LINK));
	ASSERT(mp_str_starts_with(w.text, "</3>;ver=1.1;pmin=10;pmax=60,</3/0>,</3/0/0>,"));
	ASSERT(strstr(w.text, "</3/0/7>;dim=2,") != NULL);
	ASSERT(strstr(w.text, "</3/0/4>,") != NULL);
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0", MP_LWM2M_FORMAT_LINK));
	ASSERT(strstr(w.text, "</3/0/9>;lt=20,") != NULL);
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0/9", MP_LWM2M_FORMAT_LINK));
	ASSERT_STR("</3/0/9>;pmin=10;pmax=60;lt=20", w.text);
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get_as(&w, 1, "3/3", MP_LWM2M_FORMAT_LINK));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get_as(&w, 1, "3/0/99", MP_LWM2M_FORMAT_LINK));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get_as(&w, 1, "99", MP_LWM2M_FORMAT_LINK));
}

TEST(ets_261_write_attributes_of_several_resources)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_attributes(&w, 1, "3303/0/5700", "gt=30", "lt=10", "st=1"));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_attributes(&w, 1, "3303/0/5601", "pmin=3", NULL, NULL) == MP_COAP_NOT_FOUND
			   ? MP_COAP_CHANGED
			   : 0);
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3303/0", "pmin=5", NULL, NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3303/0", MP_LWM2M_FORMAT_LINK));
	ASSERT_STR("</3303/0>;pmin=5,</3303/0/5605>,</3303/0/5700>;gt=30;lt=10;st=1,</3303/0/5701>",
		   w.text);
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3303/0/5700", "gt", "lt", NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3303/0/5700", MP_LWM2M_FORMAT_LINK));
	ASSERT_STR("</3303/0/5700>;pmin=5;st=1", w.text);
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_attributes(&w, 1, "3303", "gt=1", NULL, NULL));
	ASSERT_INT(MP_COAP_BAD_REQUEST,
		   world_attributes(&w, 1, "3303/0", "epmin=9", "epmax=3", NULL));
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_attributes(&w, 1, "3303/0", "color=9", NULL, NULL));
}

TEST(ets_270_create_object_instance)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED,
		   world_send(&w, 1, MP_COAP_POST, "16", TLV, "\x85\x00\x43\x00one", 7));
	ASSERT_STR("/16/0", w.location);
	world_run(&w, 1000);
	ASSERT(strstr(w.seen[1].payload, "</16/0>") != NULL);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "16/0/0/0"));
	ASSERT_STR("one", w.text);
	ASSERT_INT(MP_COAP_CREATED,
		   world_send(&w, 1, MP_COAP_POST, "16", TLV, "\x07\x05\x85\x00\x43\x00two", 9));
	ASSERT_STR("", w.location); /* its number was the server's choice */
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "16/5/0/0"));
	ASSERT_INT(MP_COAP_BAD_REQUEST,
		   world_send(&w, 1, MP_COAP_POST, "16", TLV, "\x07\x05\x85\x00\x43\x00two", 9));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "3", TLV, ""));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_post(&w, 1, "99", TLV, ""));
}

TEST(ets_271_create_multiple_resource_instances)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED, world_send(&w, 1, MP_COAP_POST, "16", TLV,
					       "\x88\x00\x08\x42\x00"
					       "ab"
					       "\x42\x01"
					       "cd",
					       11));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "16/0/0/1"));
	ASSERT_STR("cd", w.text);
}

TEST(ets_290_delete_object_instance)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED, world_post(&w, 1, "16", TLV, ""));
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "16/0")));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "16/0")));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "16/0"));
	world_run(&w, 1000);
	ASSERT(!strstr(w.seen[1].payload, "</16/0>"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "3/0")));
}

TEST(ets_280_281_read_composite_wholly_and_partially_successful)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_fetch(&w, 1, -1, NULL, "[{\"n\":\"/3/0/0\"},{\"n\":\"/3/0/1\"}]"));
	ASSERT(strstr(w.text, "maker") && strstr(w.text, "model 7"));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_fetch(&w, 1, -1, NULL, "[{\"n\":\"/3/0/0\"},{\"n\":\"/3/9/1\"}]"));
	ASSERT(strstr(w.text, "maker") != NULL);
}

TEST(ets_551_access_check_to_the_resources_of_the_server_object)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "1/0/0", 0, "7"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "1/0/0", -1, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "1/0/1", -1, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_get(&w, 1, "1/0/4"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "1/0/4", 0, "1"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "1/0/8", 0, "1"));
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_put(&w, 1, "1/0/7", 0, "X"));
}

TEST(ets_565_566_create_and_delete_an_instance_of_the_server_object)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED,
		   world_post(&w, 1, "1", SENML_JSON,
			      "[{\"bn\":\"/1/4/\",\"n\":\"0\",\"v\":7},{\"n\":\"1\",\"v\":60},"
			      "{\"n\":\"6\",\"vb\":false},{\"n\":\"7\",\"vs\":\"U\"}]"));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "1/4/0"));
	ASSERT_STR("7", w.text);
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "1/4")));
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
	/* the one without which nobody could reach it any more */
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "1/0")));
	world_run(&w, 1000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(a_server_may_be_deleted_while_another_is_left)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .two_servers = true);

	ASSERT_OK(world_begin(&w));
	(void)world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "1/0"));
	world_run(&w, 1000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 2));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   world_ask(&w, 2, MP_COAP_ASK(MP_COAP_DELETE, "1/1")));
	ASSERT(mp_lwm2m_client_is_registered(w.client, 2));
}

TEST(ets_651_access_to_the_resources_of_the_device_object)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	for (int i = 0; i <= 3; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "3/0/%d", i);
		ASSERT(world_put(&w, 1, path, 0, "x") == MP_COAP_METHOD_NOT_ALLOWED ||
		       i == 2); /* it has no serial number */
	}
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_get(&w, 1, "3/0/4"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "3/0/5", 0, "1"));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "3/0/14", 0, "+01:00"));
}

TEST(ets_652_query_the_firmware_version)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/3"));
	ASSERT_STR("1.0.0", w.text);
}

TEST(ets_656_factory_reset)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "3/0/5", -1, ""));
	ASSERT_INT(1, w.factory_resets);
}

TEST(ets_657_error_code)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/11/0"));
	ASSERT_STR("0", w.text);
	mp_lwm2m_device_set_error(&w.device, MP_LWM2M_ERROR_LOW_BATTERY, true);
	mp_lwm2m_device_set_error(&w.device, MP_LWM2M_ERROR_MEMORY, true);
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0/11", SENML_JSON));
	ASSERT_STR("[{\"bn\":\"/3/0/11/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":5}]", w.text);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "3/0/12", -1, ""));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/11/0"));
	ASSERT_STR("0", w.text);
}

TEST(ets_670_multiple_resource_instances)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "3/0/6", TLV));
	ASSERT_INT(8, (long long)w.text_len);
	ASSERT(memcmp(w.text, "\x86\x06\x41\x00\x01\x41\x01\x05", 8) == 0);
}

TEST(ets_680_685_the_device_instance_cannot_be_created_or_deleted)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "3", TLV, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "3/0")));
}

TEST(ets_1630_1635_portfolio_instances)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED,
		   world_post(&w, 1, "16", SENML_JSON,
			      "[{\"bn\":\"/16/0/0/\",\"n\":\"0\",\"vs\":\"host\"},{\"n\":\"3\","
			      "\"vs\":\"owner\"}]"));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "16/0/0/3"));
	ASSERT_STR("owner", w.text);
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "16/0")));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "16/0"));
}

TEST(formats_that_cannot_be_are_refused)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_NOT_ACCEPTABLE, world_get_as(&w, 1, "3/0", 0));
	ASSERT_INT(MP_COAP_NOT_ACCEPTABLE, world_get_as(&w, 1, "3/0/0", 42));
	ASSERT_INT(MP_COAP_NOT_ACCEPTABLE, world_get_as(&w, 1, "3/0/0", 50));
	ASSERT_INT(MP_COAP_UNSUPPORTED_FORMAT, world_put(&w, 1, "3311/0/5850", 50, "1"));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get_as(&w, 1, "77/0", 0));
}

TEST(methods_that_do_not_fit_are_refused)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_get(&w, 1, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "3311", TLV, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_PATCH, "3")));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_post(&w, 1, "bs", -1, ""));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "three/0"));
	ASSERT_INT(MP_COAP_NOT_FOUND, world_get(&w, 1, "3/0/0/0/0"));
}

TEST(access_control_lists_are_in_force_with_two_servers)
{
	WORLD(w, .version = V11, .two_servers = true);
	static const struct {
		uint16_t id[4];
		uint8_t n;
		int64_t value;
	} rows[] = {
		{{2, 0, 0}, 3, 3},     {{2, 0, 1}, 3, 0},     {{2, 0, 2, 1}, 4, 1},
		{{2, 0, 2, 2}, 4, 5},  {{2, 0, 3}, 3, 65535}, {{2, 1, 0}, 3, 16},
		{{2, 1, 1}, 3, 65535}, {{2, 1, 2, 1}, 4, 16}, {{2, 1, 3}, 3, 65535},
	};

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 2, "3303/0/5700")); /* no list at all yet */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mp_lwm2m_path p = {.n = rows[i].n};
		struct mp_lwm2m_value v = mp_lwm2m_integer(rows[i].value);

		memcpy(p.id, rows[i].id, sizeof(p.id));
		ASSERT_OK(mp_lwm2m_rows_set(mp_lwm2m_client_rows(w.client), &p, &v));
	}
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/0"));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_post(&w, 1, "3/0/4", -1, ""));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 2, "3/0/4", -1, ""));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_put(&w, 2, "3/0/14", 0, "+02:00"));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_get(&w, 1, "3303/0/5700"));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_observe(&w, 1, "3303/0/5700", "t"));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "1/0/1")); /* its own account */
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_get(&w, 1, "1/1/1"));
	/* whoever creates an instance owns it */
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_post(&w, 2, "16", TLV, ""));
	ASSERT_INT(MP_COAP_CREATED, world_post(&w, 1, "16", TLV, ""));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "16/0/0/0", 0, "mine"));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_get(&w, 2, "16/0/0/0"));
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "16/0")));
}

TEST(a_long_value_is_written_and_read_block_by_block)
{
	WORLD(w, .version = V11);
	char big[3000];

	memset(big, 'x', sizeof(big));
	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED, world_post(&w, 1, "19", TLV, ""));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_send(&w, 1, MP_COAP_PUT, "19/0/0/0", 42, big, sizeof(big)));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "19/0/0/0", 42));
	ASSERT_INT(sizeof(big), (long long)w.text_len);
	ASSERT(memcmp(big, w.text, sizeof(big)) == 0);
}

TORTURE(operations_work_or_fail_cleanly_without_memory)
{
	WORLD(w, .version = V11);
	int r = world_begin(&w), code;

	if (r < 0)
		return r;
	code = world_post(&w, 1, "16", SENML_JSON,
			  "[{\"bn\":\"/16/0/0/\",\"n\":\"0\",\"vs\":\"host\"}]");
	if (code != MP_COAP_CREATED)
		return -ENOMEM;
	if (world_get_as(&w, 1, "3", MP_LWM2M_FORMAT_LINK) != MP_COAP_CONTENT ||
	    world_fetch(&w, 1, -1, NULL, "[{\"n\":\"/\"}]") != MP_COAP_CONTENT ||
	    world_attributes(&w, 1, "3303/0/5700", "gt=30", NULL, NULL) != MP_COAP_CHANGED ||
	    world_observe(&w, 1, "3303/0/5700", "t") != MP_COAP_CONTENT)
		return -ENOMEM;
	world_set_celsius(&w, 31);
	world_run(&w, 1000);
	return w.notifications == 1 ? 0 : -ENOMEM;
}
