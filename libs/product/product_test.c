/* SPDX-License-Identifier: Apache-2.0 */
#include "product/product.h"
#include "base/str.h"
#include "base/test.h"

#define HEAD                                                                                       \
	"product: demo\n"                                                                          \
	"version: 1.2.0\n"                                                                         \
	"boards: [qemu-x86_64]\n"                                                                  \
	"server: { url: \"https://10.0.2.2:8443\", names: [localhost, 10.0.2.2] }\n"

static int parse(const char *text, struct mp_product **ret, struct mp_err *err)
{
	return mp_product_parse("/p", "product.yaml", text, strlen(text), ret, err);
}

TEST(a_product_has_all_its_keys)
{
	auto_(mp_product) *p = NULL;
	auto_free char *path = NULL;

	ASSERT_OK(parse(HEAD
			"notes: \"First release\"\n"
			"minimum_version: 1.0\n"
			"os: { overlay: os, packages: [nano], kernel_arguments: \"quiet a=1\" }\n"
			"app: app/docker-compose.yml\n"
			"update: { poll: 5s, proof_timeout: 2m, grace: 0s }\n",
			&p, NULL));
	ASSERT_STR("demo", p->name);
	ASSERT_STR("First release", p->notes);
	ASSERT_STR("10.0.2.2", p->server.names[1]);
	ASSERT_INT(8443, p->server.port);
	ASSERT_STR("nano", p->os.packages[0]);
	ASSERT_INT(5, p->update.poll);
	ASSERT_INT(120, p->update.proof_timeout);
	ASSERT(mp_product_has_board(p, "qemu-x86_64") && !mp_product_has_board(p, "hikey"));
	path = mp_product_path(p, "keys");
	ASSERT_STR("/p/keys", path);
}

TEST(a_product_may_be_microcontrollers_alone)
{
	auto_(mp_product) *p = NULL;

	ASSERT_OK(parse(
		"product: demo\nversion: 1\n"
		"server: { url: \"https://a\", names: [a] }\n"
		"firmware:\n"
		"  sensor: { file: fw/sensor.bin, version: 1.1.0 }\n"
		"  meter: { file: fw/meter.bin, version: v2, object: advanced, transfer: push }\n",
		&p, NULL));
	ASSERT_INT(0, p->n_boards);
	ASSERT_INT(2, p->n_firmware);
	ASSERT_STR("sensor", p->firmware[0].board);
	ASSERT_STR("pull", p->firmware[0].transfer);
	ASSERT_STR("firmware", p->firmware[0].object);
	ASSERT_STR("v2", p->firmware[1].version);
	ASSERT_STR("push", p->firmware[1].transfer);
}

TEST(a_microcontroller_may_have_components)
{
	auto_(mp_product) *p = NULL;

	ASSERT_OK(parse(HEAD "firmware:\n"
			     "  gateway:\n"
			     "    transfer: push\n"
			     "    components:\n"
			     "      application: { file: fw/app.bin, version: 2.0 }\n"
			     "      Modem 1: { file: fw/modem.bin, version: v7 }\n"
			     "  sensor: { file: fw/sensor.bin, version: 1.1.0 }\n",
			&p, NULL));
	ASSERT_INT(3, p->n_firmware);
	ASSERT_STR("gateway", p->firmware[1].board);
	ASSERT_STR("application", p->firmware[0].component);
	ASSERT_STR("Modem 1", p->firmware[1].component);
	ASSERT_STR("fw/modem.bin", p->firmware[1].file);
	ASSERT_STR("v7", p->firmware[1].version);
	ASSERT_STR("push", p->firmware[1].transfer);
	ASSERT_STR("advanced", p->firmware[1].object);
	ASSERT_STR("", p->firmware[2].component);
}

TEST(what_is_left_out_has_a_default)
{
	auto_(mp_product) *p = NULL;

	ASSERT_OK(parse(HEAD, &p, NULL));
	ASSERT_STR("", p->notes);
	ASSERT_STR("", p->app);
	ASSERT_INT(300, p->update.poll);
	ASSERT_INT(0, p->update.grace);
	ASSERT_INT(0, p->os.n_packages);
}

#define LWM2M                                                                                      \
	"product: demo\nversion: 1\nboards: [b]\nserver: { url: \"https://a\", names: [a], "       \
	"lwm2m: "

struct mistake {
	const char *text, *line, *words;
};

/* Each bad line is refused with its own number and words that name the trouble. */
static void refuse(const struct mistake *bad, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct mp_product *p = NULL;
		struct mp_err err = {0};

		ASSERT_ERR(-EBADMSG, parse(bad[i].text, &p, &err));
		ASSERT(p == NULL);
		if (!mp_str_starts_with(err.text, bad[i].line) || !strstr(err.text, bad[i].words))
			mp_test_fail(__FILE__, __LINE__, "case %zu: %s", i, err.text);
	}
}

TEST(every_mistake_is_named_with_its_line)
{
	static const struct mistake bad[] = {
		{HEAD "colour: red\n", "product.yaml:5: ", "'colour'"},
		{HEAD "os: { pakages: [] }\n", "product.yaml:5: ", "'pakages'"},
		{HEAD "update:\n  pol: 5s\n", "product.yaml:6: ", "'pol'"},
		{HEAD "update: { poll: soon }\n", "product.yaml:5: ", "30s"},
		{HEAD "update: { poll: 0s }\n", "product.yaml:5: ", "between 1s"},
		{HEAD "app: [a]\n", "product.yaml:5: ", "'app' must be text"},
		{HEAD "app: /etc/passwd\n", "product.yaml:5: ", "below the product folder"},
		{HEAD "app: a/../../b\n", "product.yaml:5: ", "below the product folder"},
		{HEAD "os: yes\n", "product.yaml:5: ", "'os' must hold keys"},
		{HEAD "minimum_version: 2.0\n", "product.yaml:5: ", "newer than version 1.2.0"},
		{HEAD "os: { packages: [nano, nano] }\n", "product.yaml:5: ", "twice"},
		{HEAD "os: { packages: [NANO] }\n", "product.yaml:5: ", "Debian package"},
		{HEAD "os: { kernel_arguments: roothash=1 }\n", "product.yaml:5: ", "roothash="},
		{"product: Demo!\n", "product.yaml:1: ", "not a product name"},
		{"product: demo\nversion: one\n", "product.yaml:2: ", "not a version"},
		{"product: demo\nversion: 1\nboards: []\nserver: { url: \"https://a\", names: [a] "
		 "}\n",
		 "product.yaml:1: ", "nothing to build"},
		{HEAD "firmware: { s: { version: 1 } }\n", "product.yaml:5: ", "'file' is missing"},
		{HEAD "firmware: { s: { file: a, version: 1, by: x } }\n",
		 "product.yaml:5: ", "'by'"},
		{HEAD "firmware: { s: { file: a, version: 1, transfer: fly } }\n",
		 "product.yaml:5: ", "push or pull"},
		{HEAD "firmware: { s: { file: a, version: 1, object: 5 } }\n",
		 "product.yaml:5: ", "firmware, software or advanced"},
		{HEAD "firmware: { qemu-x86_64: { file: a, version: 1 } }\n",
		 "product.yaml:5: ", "in 'boards' and in 'firmware'"},
		{"product: demo\nversion: 1\napp: a\nfirmware: { s: { file: a, version: 1 } }\n"
		 "server: { url: \"https://a\", names: [a] }\n",
		 "product.yaml:3: ", "needs a board"},
		{HEAD "update: { channels: [lwm2m] }\n", "product.yaml:5: ", "needs a server"},
		{HEAD "update: { channels: [mail] }\n", "product.yaml:5: ", "ddi, lwm2m, or both"},
		{"product: demo\nversion: 1\nboards: [b]\n"
		 "server: { url: \"https://a\", names: [a], lwm2m: \"coap://a\" }\n",
		 "product.yaml:4: ", "coaps://HOST:PORT"},
		{"product: demo\nversion: 1\nboards: x\n", "product.yaml:3: ", "must be a list"},
		{"product: demo\n", "product.yaml:", "'version' is missing"},
		{"- demo\n", "product.yaml:1: ", "not a product"},
		{"", "product.yaml:1: ", "not a product"},
	};

	refuse(bad, sizeof(bad) / sizeof(*bad));
}

TEST(every_mistake_of_the_lwm2m_server_is_named_with_its_line)
{
	static const struct mistake bad[] = {
		{LWM2M "{ port: 1 } }\n", "product.yaml:4: ", "'port'"},
		{LWM2M "{ ports: { coap: 0 } } }\n", "product.yaml:4: ", "between 1 and 65535"},
		{LWM2M "{ ports: { coap: 70000 } } }\n", "product.yaml:4: ", "between 1 and 65535"},
		{LWM2M "{ ports: { udp: 5683 } } }\n", "product.yaml:4: ", "'udp'"},
		{LWM2M "{ ports: 5683 } }\n", "product.yaml:4: ", "'ports' must hold keys"},
		{LWM2M "{ telemetry: { days: 30d } } }\n", "product.yaml:4: ", "whole number"},
		{LWM2M "{ telemetry: { days: 36501 } } }\n", "product.yaml:4: ", "and 36500"},
		{LWM2M "{ telemetry:\n  { daily: 3 } } }\n", "product.yaml:5: ", "'daily'"},
		{LWM2M "[ \"coaps://a\" ] }\n", "product.yaml:4: ", "'lwm2m' must hold keys"},
	};

	refuse(bad, sizeof(bad) / sizeof(*bad));
}

TEST(every_mistake_of_components_is_named_with_its_line)
{
	static const struct mistake bad[] = {
		{HEAD "firmware: { s: { components: [] } }\n", "product.yaml:5: ", "1 to 16"},
		{HEAD "firmware: { s: { components: {} } }\n", "product.yaml:5: ", "1 to 16"},
		{HEAD "firmware: { s: { components: { a: b } } }\n",
		 "product.yaml:5: ", "'a' must hold keys"},
		{HEAD "firmware:\n  s:\n    components:\n      a: { file: x }\n",
		 "product.yaml:8: ", "'version' is missing"},
		{HEAD
		 "firmware: { s: { version: 1, components: { a: { file: x, version: 1 } } } }\n",
		 "product.yaml:5: ", "'version'"},
		{HEAD "firmware: { s: { object: software, components: { a: { file: x, version: 1 } "
		      "} } }\n",
		 "product.yaml:5: ", "of object advanced alone"},
		{HEAD "firmware: { s: { components: { a: { file: x, version: 1, object: advanced } "
		      "} } }\n",
		 "product.yaml:5: ", "'object'"},
		{HEAD "firmware: [s]\n", "product.yaml:5: ", "must hold boards"},
	};

	refuse(bad, sizeof(bad) / sizeof(*bad));
}

TEST(the_server_address_is_https_with_a_port)
{
	static const struct {
		const char *url;
		unsigned port; /* 0: refused */
	} urls[] = {
		{"https://a.example", 443},    {"https://a.example/", 443},
		{"https://[::1]:8443", 8443},  {"https://10.0.2.2:1", 1},
		{"http://a.example", 0},       {"https://", 0},
		{"https://a.example:0", 0},    {"https://a.example:70000", 0},
		{"https://a.example/path", 0}, {"https://[::1", 0},
	};

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		auto_(mp_product) *p = NULL;
		auto_free char *text = mp_str_format("product: d\nversion: 1\nboards: [b]\nserver: "
						     "{ url: \"%s\", names: [a] }\n",
						     urls[i].url);
		int r = parse(text, &p, NULL);

		ASSERT_INT(urls[i].port ? 0 : -EBADMSG, r);
		ASSERT(r < 0 || p->server.port == urls[i].port);
	}
}

TEST(updates_come_by_ddi_unless_channels_say_otherwise)
{
	auto_(mp_product) *p = NULL, *q = NULL;

	ASSERT_OK(parse(HEAD, &p, NULL));
	ASSERT(mp_product_has_channel(p, "ddi") && !mp_product_has_channel(p, "lwm2m"));
	ASSERT_STR("", p->server.lwm2m.url);
	ASSERT_OK(parse("product: d\nversion: 1\nboards: [b]\nserver: { url: \"https://a\", names: "
			"[a], lwm2m: \"coaps://a:5684\" }\nupdate: { channels: [lwm2m, ddi] }\n",
			&q, NULL));
	ASSERT(mp_product_has_channel(q, "ddi") && mp_product_has_channel(q, "lwm2m"));
	ASSERT_STR("coaps://a:5684", q->server.lwm2m.url);
}

TEST(gateways_may_register_over_tls_where_udp_does_not_get_through)
{
	auto_(mp_product) *p = NULL, *q = NULL;

	ASSERT_OK(parse(LWM2M "coaps+tcp://a:443 }\n", &p, NULL));
	ASSERT_STR("coaps+tcp://a:443", p->server.lwm2m.url);
	ASSERT_INT(443, p->server.lwm2m.coaps_tcp_port);
	ASSERT_INT(0, p->server.lwm2m.coaps_port);
	ASSERT_ERR(-EBADMSG, parse(LWM2M "coap+tcp://a:443 }\n", &q, NULL));
}

TEST(the_lwm2m_server_has_ports_and_days_of_its_own)
{
	auto_(mp_product) *p = NULL, *q = NULL, *r = NULL;

	ASSERT_OK(parse(LWM2M "{ url: \"coaps://a\", ports: { coap: 5683, coap_tcp: 5685, "
			      "coaps_tcp: 5686, bootstrap: 5784, bootstrap_coap: 5783 }, "
			      "telemetry: { days: 7, hourly_days: 90 } } }\n",
			&p, NULL));
	ASSERT_STR("coaps://a", p->server.lwm2m.url);
	ASSERT_INT(5684, p->server.lwm2m.coaps_port);
	ASSERT_INT(5683, p->server.lwm2m.coap_port);
	ASSERT_INT(5685, p->server.lwm2m.coap_tcp_port);
	ASSERT_INT(5686, p->server.lwm2m.coaps_tcp_port);
	ASSERT_INT(5784, p->server.lwm2m.bootstrap_port);
	ASSERT_INT(5783, p->server.lwm2m.bootstrap_coap_port);
	ASSERT_INT(7, p->server.lwm2m.telemetry_days);
	ASSERT_INT(90, p->server.lwm2m.telemetry_hourly_days);
	/* Behind a router the port is another one than devices see; and gateways need not register. */
	ASSERT_OK(parse(LWM2M "{ url: \"coaps://a:9\", ports: { coaps: 5684 } } }\n", &q, NULL));
	ASSERT_INT(5684, q->server.lwm2m.coaps_port);
	ASSERT_OK(parse(LWM2M "{ ports: { coap: 5683 } } }\n", &r, NULL));
	ASSERT_STR("", r->server.lwm2m.url);
	ASSERT_INT(0, r->server.lwm2m.coaps_port);
}

TEST(a_folder_without_product_yaml_is_no_product)
{
	struct mp_product *p = NULL;
	struct mp_err err = {0};

	ASSERT_ERR(-ENOENT, mp_product_load("/nonexistent", &p, &err));
	ASSERT_ERR(-ENOENT, mp_product_find("/", &p, &err));
	ASSERT(strstr(err.text, "mp init"));
}

TORTURE(a_product_survives_oom)
{
	auto_(mp_product) *p = NULL;

	return parse(HEAD "os: { packages: [nano] }\n", &p, NULL);
}
