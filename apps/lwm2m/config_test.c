/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#define PRODUCT "/usr/share/microplatform/product.json"
#define IDENTITY STATE_DIR "/identity/"

TEST(the_product_names_the_server)
{
	struct mp_err err = {{0}};
	BED(b);

	bed_file(&b, PRODUCT,
		 "{\"product\": \"demo\", \"board\": \"b\", \"server\": {\"lwm2m\": "
		 "\"coaps://h:1\"}}");
	bed_file(&b, "/proc/cmdline", "quiet mp.release=1.2.3 ro\n");
	ASSERT_OK(config_read(&b.w.config, b.root, &err));
	ASSERT_STR("coaps://h:1", b.w.config.uri);
	ASSERT_STR("demo", b.w.config.product);
	ASSERT_STR("1.2.3", b.w.config.release);
}

TEST(a_product_without_an_lwm2m_server_or_a_name_is_told)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {{"{\"product\": \"demo\", \"board\": \"b\"}", -EINVAL},
		     {"{\"product\": \"demo\", \"server\": {\"lwm2m\": \"coaps://h\"}}", -EBADMSG},
		     {"{\"product\"", -EBADMSG}};
	struct mp_err err = {{0}};
	BED(b);

	ASSERT_ERR(-ENOENT, config_read(&b.w.config, b.root, &err));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bed_file(&b, PRODUCT, cases[i].text);
		ASSERT_ERR(cases[i].r, config_read(&b.w.config, b.root, &err));
		ASSERT(*err.text);
	}
}

static void init_limits(struct bed *b)
{
	b->w.config.certificate.limit = b->w.config.key.limit = b->w.config.ca.limit = PEM_MOST;
}

TEST(a_device_that_is_not_enrolled_waits)
{
	struct mp_err err = {{0}};
	BED(b);

	init_limits(&b);
	ASSERT_ERR(-ENOENT, identity_load(&b.w.config, &err));
	bed_file(&b, IDENTITY "device-id", "device-7\n");
	ASSERT_ERR(-ENOENT, identity_load(&b.w.config, &err));
	bed_file(&b, IDENTITY "key.pem", "key");
	bed_file(&b, IDENTITY "cert.pem", "certificate");
	ASSERT_ERR(-EBADMSG, identity_load(&b.w.config, &err)); /* whom to trust? */
	bed_file(&b, "/usr/share/microplatform/server-ca.pem", "authority");
	ASSERT_OK(identity_load(&b.w.config, &err));
	ASSERT_STR("device-7", b.w.config.id);
	ASSERT_STR("certificate", mp_buf_str(&b.w.config.certificate));
	ASSERT_INT(0, b.w.config.psk_len);
}

TEST(a_pre_shared_key_counts_more_than_a_certificate)
{
	static const uint8_t key[] = {0x00, 0x1a, 0xFF};
	struct mp_err err = {{0}};
	BED(b);

	init_limits(&b);
	bed_file(&b, IDENTITY "device-id", "d");
	bed_file(&b, IDENTITY "lwm2m.psk", "some:identity:001aFF\n");
	ASSERT_OK(identity_load(&b.w.config, &err));
	ASSERT_STR("some:identity", b.w.config.psk_identity);
	ASSERT_INT(3, b.w.config.psk_len);
	ASSERT(memcmp(key, b.w.config.psk, 3) == 0);
}

TEST(keys_that_are_none_are_told)
{
	static const char *const lines[] = {"nothing", ":00", "id:", "id:0", "id:0g", "id:00 11:"};
	struct mp_err err = {{0}};
	BED(b);

	init_limits(&b);
	bed_file(&b, IDENTITY "device-id", "d");
	for (size_t i = 0; i + 1 < sizeof(lines) / sizeof(*lines); i++) {
		bed_file(&b, IDENTITY "lwm2m.psk", lines[i]);
		ASSERT_ERR(-EBADMSG, identity_load(&b.w.config, &err));
	}
	bed_file(&b, IDENTITY "lwm2m.psk", lines[5]); /* what follows a blank is not looked at */
	ASSERT_OK(identity_load(&b.w.config, &err));
}
