/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "compose/compose.h"
#include "compose/internal.h"

static const char full[] = "name: demo\n"
			   "version: \"3\"\n"
			   "services:\n"
			   "  web:\n"
			   "    build: ./web\n"
			   "    cap_drop: [ALL]\n"
			   "    read_only: true\n"
			   "    tmpfs: [/run, \"/tmp:size=1m\"]\n"
			   "    ports: [\"8080:80\", \"127.0.0.1:53:5353/udp\"]\n"
			   "    environment: { B: \"2\", A: pri$$e, EMPTY: \"\" }\n"
			   "    command: httpd -f -p 80 'a b'\n"
			   "    user: \"1000:1000\"\n"
			   "    restart: always\n"
			   "    healthcheck:\n"
			   "      test: [\"CMD\", \"wget\", \"-q\", \"http://127.0.0.1/\"]\n"
			   "      interval: 5s\n"
			   "      start_period: 1m30s\n"
			   "      start_interval: 2s\n"
			   "  db:\n"
			   "    image: ../images/db\n"
			   "    environment:\n"
			   "      - X=a=b\n"
			   "    healthcheck: { disable: true }\n"
			   "    restart: no\n";

static int parse(const char *text, struct mp_compose **ret, struct mp_err *err)
{
	return mp_compose_parse("app/docker-compose.yml", text, strlen(text), ret, err);
}

static const char *spec_of(const struct mp_compose *c, unsigned i)
{
	static char text[2000];
	MP_BUF(b, sizeof(text) - 1);

	if (mp_json_format(c->services[i].spec, &b) < 0)
		return "";
	snprintf(text, sizeof(text), "%s", mp_buf_str(&b));
	return text;
}

TEST(every_key_becomes_part_of_the_spec_in_one_order)
{
	auto_(mp_compose) *c = NULL;
	struct mp_err err = {0};

	ASSERT_OK(parse(full, &c, &err));
	ASSERT_INT(2, c->n_services);
	ASSERT_STR("web", c->services[0].name);
	ASSERT_STR("app/web", c->services[0].build);
	ASSERT(!c->services[0].image);
	ASSERT_STR(
		"{\"ports\":[{\"host\":8080,\"container\":80,\"protocol\":\"tcp\",\"address\":\"0."
		"0.0.0\"},"
		"{\"host\":53,\"container\":5353,\"protocol\":\"udp\",\"address\":\"127.0.0.1\"}],"
		"\"environment\":{\"A\":\"pri$e\",\"B\":\"2\",\"EMPTY\":\"\"},"
		"\"command\":[\"httpd\",\"-f\",\"-p\",\"80\",\"a b\"],\"user\":\"1000:1000\","
		"\"healthcheck\":{\"test\":[\"CMD\",\"wget\",\"-q\",\"http://127.0.0.1/"
		"\"],\"interval_s\":5,"
		"\"timeout_s\":30,\"retries\":3,\"start_period_s\":90,\"start_interval_s\":2},"
		"\"restart\":\"always\","
		"\"read_only\":true,\"cap_drop\":[\"ALL\"],"
		"\"tmpfs\":{\"/run\":\"\",\"/tmp\":\"size=1m\"}}",
		spec_of(c, 0));
	ASSERT_STR("app/../images/db", c->services[1].image);
	ASSERT_STR("{\"environment\":{\"X\":\"a=b\"},\"healthcheck\":{\"test\":[\"NONE\"]},"
		   "\"restart\":\"no\",\"read_only\":false}",
		   spec_of(c, 1));
}

/* What is said about a service with one more line, which is line 4 of the file. */
static const char *complaint(const char *line)
{
	static struct mp_err err;
	auto_(mp_compose) *c = NULL;
	char text[600];

	snprintf(text, sizeof(text), "services:\n  web:\n    build: web\n    %s\n", line);
	err.text[0] = '\0';
	if (parse(text, &c, &err) >= 0)
		return "accepted";
	return err.text;
}

TEST(what_is_not_supported_is_refused_with_its_line)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"privileged: true", "unknown key 'privileged'; supported keys are image, build,"},
		{"volumes: [\"/a:/b\"]", "unknown key 'volumes'"},
		{"prots: [\"80:80\"]", "did you mean 'ports'"},
		{"image: ./x", "exactly one of 'image' and 'build'"},
		{"ports: [\"80\"]", "'80' is no port mapping"},
		{"ports: [\"8000-8010:80\"]", "no port mapping"},
		{"ports: [\"0:80\"]", "no port mapping"},
		{"ports: [\"70000:80\"]", "no port mapping"},
		{"ports: [\"80:80/sctp\"]", "no port mapping"},
		{"ports: [\"localhost:80:80\"]", "no port mapping"},
		{"ports: [{ target: 80 }]", "short form"},
		{"ports: [\"80:80\", \"127.0.0.1:80:81\"]", "already taken by web"},
		{"ports: []", "a list of ports"},
		{"environment: [HOME]", "'HOME' has no value"},
		{"environment: [A=1, A=2]", "'A' is set twice"},
		{"environment: { 1A: x }", "no name of a variable"},
		{"environment: { A: \"${B}\" }", "variables are not replaced"},
		{"environment: x", "here must stand variables"},
		{"command: \"a 'b\"", "a quote is not closed"},
		{"command: []", "here must stand a list"},
		{"user: \"a b\"", "is no user"},
		{"restart: sometimes", "'restart' is one of"},
		{"read_only: 1", "true or false"},
		{"cap_drop: [\"net raw\"]", "is no capability"},
		{"cap_drop: ALL", "here must stand a list"},
		{"tmpfs: run", "is no absolute path"},
		{"tmpfs: [/run, /run]", "is there twice"},
		{"tmpfs: /run/../etc", "is no absolute path"},
		{"healthcheck: { interval: 5s }", "'test' is missing"},
		{"healthcheck: { test: [wget] }", "a test is [CMD, PROGRAM"},
		{"healthcheck: { test: x, interval: 0s }", "at least 1s"},
		{"healthcheck: { test: x, retries: 0 }", "at least 1"},
		{"healthcheck: { test: x, timeout: soon }", "such as 30s"},
		{"healthcheck: { test: x, speed: 1 }",
		 "unknown key 'speed'; supported keys are test"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *says = complaint(cases[i].line);

		if (!strstr(says, cases[i].says))
			printf("# %s -> %s\n", cases[i].line, says);
		ASSERT(strstr(says, cases[i].says));
		ASSERT(strncmp(says, "app/docker-compose.yml:", 23) == 0);
	}
	ASSERT(strncmp(complaint("privileged: true"), "app/docker-compose.yml:4:", 25) == 0);
}

TEST(broken_files_are_refused)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "the file is empty"},
		{"name: x\n", "'services' is missing"},
		{"services: {}\n", "must name a service"},
		{"services: [a]\n", "must name a service"},
		{"services: { -a: { build: x } }\n", "no name of a service"},
		{"services: { a/b: { build: x } }\n", "no name of a service"},
		{"services: { a: }\n", "app/docker-compose.yml:1:"},
		{"services: { a: { image: nginx } }\n", "names an image in a registry"},
		{"services: { a: { build: { context: . } } }\n", "path of a folder"},
		{"volumes: {}\nservices: { a: { build: x } }\n", "unknown key 'volumes'"},
		{"services: { a: { build: x, ports: [\"1:1\"] }, b: { build: x, ports: [\"1:2\"] } "
		 "}\n",
		 "already taken by a"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_(mp_compose) *c = NULL;
		struct mp_err err = {0};

		ASSERT(parse(cases[i].text, &c, &err) < 0);
		if (!strstr(err.text, cases[i].says))
			printf("# %s -> %s\n", cases[i].text, err.text);
		ASSERT(strstr(err.text, cases[i].says));
	}
}

TEST(commands_are_split_as_a_shell_would)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"a  b\tc ", "[\"a\",\"b\",\"c\"]"},
		{"a 'b  \"c' \"d 'e\"", "[\"a\",\"b  \\\"c\",\"d 'e\"]"},
		{"a\\ b \"c\\\"d\" 'e\\f'", "[\"a b\",\"c\\\"d\",\"e\\\\f\"]"},
		{"x'' ''", "[\"x\",\"\"]"},
		{"", "[]"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_(mp_json) *words = NULL;
		MP_BUF(b, 1000);

		ASSERT_OK(mp_compose_split_words(cases[i].text, &words));
		ASSERT_OK(mp_json_format(words, &b));
		ASSERT_STR(cases[i].json, mp_buf_str(&b));
	}
}

TEST(a_document_cut_anywhere_is_read_or_refused)
{
	for (size_t n = 0; n < strlen(full); n++) {
		auto_(mp_compose) *c = NULL;
		auto_free char *exact = malloc(n ? n : 1);

		memcpy(exact, full, n);
		(void)mp_compose_parse("x", exact, n, &c, NULL);
	}
}

TORTURE(compose_survives_oom)
{
	auto_(mp_compose) *c = NULL;
	struct mp_err err;

	return parse(full, &c, &err);
}
