/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/yaml.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/test.h"

static int parse(const char *text, struct mp_yaml_doc **ret, struct mp_err *err)
{
	return mp_yaml_parse("p.yaml", text, strlen(text), ret, err);
}

static int refuse(const char *text, struct mp_err *err)
{
	auto_(mp_yaml_doc) *doc = NULL;

	return parse(text, &doc, err);
}

static const char sample[] = "# a product\n"
			     "product: demo\n"
			     "boards: [qemu-x86_64, 'second']\n"
			     "server:\n"
			     "  url: \"https://10.0.2.2:8443\"\n"
			     "  names:\n"
			     "    - localhost\n"
			     "    - {a: b}\n"
			     "notes: |\n"
			     "  two\n"
			     "  lines\n";

TEST(a_document_becomes_a_tree_with_lines)
{
	auto_(mp_yaml_doc) *doc = NULL;
	const struct mp_yaml *root, *server, *names;

	ASSERT_OK(parse(sample, &doc, NULL));
	root = mp_yaml_root(doc);
	ASSERT_INT(MP_YAML_MAP, mp_yaml_type(root));
	ASSERT_INT(4, mp_yaml_size(root));
	ASSERT_STR("demo", mp_yaml_str(mp_yaml_get(root, "product")));
	ASSERT_INT(2, mp_yaml_line(mp_yaml_get(root, "product")));
	ASSERT_STR("second", mp_yaml_str(mp_yaml_at(mp_yaml_get(root, "boards"), 1)));
	server = mp_yaml_get(root, "server");
	ASSERT_STR("https://10.0.2.2:8443", mp_yaml_str(mp_yaml_get(server, "url")));
	names = mp_yaml_get(server, "names");
	ASSERT_INT(MP_YAML_LIST, mp_yaml_type(names));
	ASSERT_INT(8, mp_yaml_line(mp_yaml_at(names, 1)));
	ASSERT_STR("a", mp_yaml_key(mp_yaml_at(names, 1), 0));
	ASSERT(!mp_yaml_key(mp_yaml_at(names, 1), 1));
	ASSERT(!mp_yaml_at(names, 2));
	ASSERT_STR("two\nlines\n", mp_yaml_str(mp_yaml_get(root, "notes")));
	ASSERT(!mp_yaml_str(names));
	ASSERT(!mp_yaml_get(names, "a"));
	ASSERT(!mp_yaml_get(root, "absent"));
}

TEST(an_empty_document_has_no_root)
{
	auto_(mp_yaml_doc) *doc = NULL, *comment = NULL;

	ASSERT_OK(parse("", &doc, NULL));
	ASSERT(!mp_yaml_root(doc));
	ASSERT_OK(parse("# nothing\n", &comment, NULL));
	ASSERT(!mp_yaml_root(comment));
}

TEST(what_we_do_not_support_is_refused_by_line)
{
	struct mp_err err = {0};

	ASSERT_ERR(-EBADMSG, refuse("a: 1\nb: &x 2\n", &err));
	ASSERT_STR("p.yaml:2: anchors (&x) are not supported: write the value out", err.text);
	ASSERT_ERR(-EBADMSG, refuse("a: &x [1]\n", &err));
	ASSERT_ERR(-EBADMSG, refuse("&x a: 1\n", &err));
	ASSERT_ERR(-EBADMSG, refuse("a: 1\n\nb: *x\n", &err));
	ASSERT_STR("p.yaml:3: aliases (*x) are not supported: write the value out", err.text);
	ASSERT_ERR(-EBADMSG, refuse("a: !!str 1\n", &err));
	ASSERT_STR("p.yaml:1: tags (tag:yaml.org,2002:str) are not supported: leave the tag away",
		   err.text);
	ASSERT_ERR(-EBADMSG, refuse("a: !own {b: 1}\n", &err));
	ASSERT_ERR(-EBADMSG, refuse("a: 1\n---\nb: 2\n", &err));
	ASSERT_STR("p.yaml:2: a second document ('---')", err.text);
	ASSERT_ERR(-EBADMSG, refuse("[a, b]: 1\n", &err));
	ASSERT_STR("p.yaml:1: a key must be a plain text", err.text);
	ASSERT_ERR(-EBADMSG, refuse("a: \"x\\0y\"\n", &err));
	ASSERT_STR("p.yaml:1: a text may not hold a NUL character", err.text);
}

TEST(a_double_key_is_refused_with_both_lines)
{
	struct mp_err err = {0};

	ASSERT_ERR(-EBADMSG, refuse("a: 1\nb:\n  c: 1\n  d: 2\n  'c': 3\n", &err));
	ASSERT_STR("p.yaml:5: the key 'c' is there twice, first on line 3", err.text);
}

TEST(malformed_text_is_refused_by_line)
{
	struct mp_err err = {0};

	ASSERT_ERR(-EBADMSG, refuse("a: 1\nb: [1, 2\nc: 3\n", &err));
	ASSERT(mp_str_starts_with(err.text, "p.yaml:3: not valid YAML: "));
	ASSERT_ERR(-EBADMSG, refuse("a:\n\tb: 1\n", &err));
	ASSERT_STR("p.yaml:2: a tab, or a sign that needs quotes around the text", err.text);
	ASSERT_ERR(-EBADMSG, refuse("a: \xff\n", &err));
	ASSERT(strstr(err.text, "not readable as UTF-8 text"));
}

static int parse_nested(unsigned levels, struct mp_err *err)
{
	MP_BUF(b, 1 << 20);
	unsigned i;

	for (i = 0; i < levels; i++)
		(void)mp_buf_add_str(&b, "[");
	for (i = 0; i < levels; i++)
		(void)mp_buf_add_str(&b, "]");
	return refuse(mp_buf_str(&b), err);
}

TEST(depth_count_and_size_have_limits)
{
	struct mp_err err = {0};
	MP_BUF(b, 2 << 20);

	ASSERT_OK(parse_nested(32, NULL));
	ASSERT_ERR(-EBADMSG, parse_nested(33, &err));
	ASSERT_STR("p.yaml:1: more than 32 levels deep", err.text);
	ASSERT_ERR(-EBADMSG, parse_nested(400000, &err));

	for (int i = 0; i < 9999; i++)
		ASSERT_OK(mp_buf_add_str(&b, "- x\n"));
	ASSERT_OK(refuse(mp_buf_str(&b), NULL));
	ASSERT_OK(mp_buf_add_str(&b, "- x\n"));
	ASSERT_ERR(-EBADMSG, refuse(mp_buf_str(&b), &err));
	ASSERT_STR("p.yaml:10000: more than 10000 values", err.text);

	while (b.len <= 1 << 20)
		ASSERT_OK(mp_buf_add_str(&b,
					 "# a comment that fills the file with nothing at all\n"));
	ASSERT_ERR(-EFBIG, refuse(mp_buf_str(&b), &err));
	ASSERT_STR("p.yaml is larger than 1048576 bytes", err.text);
}

TEST(an_unknown_key_comes_with_the_one_that_was_meant)
{
	static const char *const keys[] = {"product", "boards", "version", NULL};
	auto_(mp_yaml_doc) *doc = NULL, *other = NULL;
	struct mp_err err = {0};

	ASSERT_OK(parse("product: x\nbords:\n  - a\n", &doc, NULL));
	ASSERT_ERR(-EBADMSG, mp_yaml_check_keys(mp_yaml_root(doc), keys, &err));
	ASSERT_STR("p.yaml:2: unknown key 'bords': did you mean 'boards'?", err.text);
	ASSERT_OK(parse("colour: x\n", &other, NULL));
	ASSERT_ERR(-EBADMSG, mp_yaml_check_keys(mp_yaml_root(other), keys, &err));
	ASSERT_STR("p.yaml:1: unknown key 'colour'", err.text);
	ASSERT_ERR(-EBADMSG,
		   mp_yaml_check_keys(mp_yaml_get(mp_yaml_root(doc), "bords"), keys, &err));
	ASSERT_STR("p.yaml:3: here must stand keys and values", err.text);
}

TEST(a_required_text_is_there_or_the_error_says_why_not)
{
	auto_(mp_yaml_doc) *doc = NULL;
	struct mp_err err = {0};
	const struct mp_yaml *root;
	const char *s = NULL;

	ASSERT_OK(parse("a: text\nb:\nc: [x]\nd: ''\ne: ~\n", &doc, NULL));
	root = mp_yaml_root(doc);
	ASSERT_OK(mp_yaml_read_str(root, "a", &s, &err));
	ASSERT_STR("text", s);
	ASSERT_OK(mp_yaml_read_str(root, "d", &s, &err));
	ASSERT_STR("", s);
	ASSERT_ERR(-EBADMSG, mp_yaml_read_str(root, "b", &s, &err));
	ASSERT_STR("p.yaml:2: 'b' has no value", err.text);
	ASSERT_ERR(-EBADMSG, mp_yaml_read_str(root, "c", &s, &err));
	ASSERT_STR("p.yaml:3: 'c' must be a text", err.text);
	ASSERT_ERR(-EBADMSG, mp_yaml_read_str(root, "e", &s, &err));
	ASSERT_ERR(-EBADMSG, mp_yaml_read_str(root, "f", &s, &err));
	ASSERT_STR("p.yaml:1: 'f' is missing", err.text);
}

TEST(booleans_and_numbers_are_strict)
{
	auto_(mp_yaml_doc) *doc = NULL;
	struct mp_err err = {0};
	const struct mp_yaml *root;
	uint64_t n = 7;
	bool b = false;

	ASSERT_OK(parse("- true\n- False\n- 'true'\n- yes\n- 8080\n- -1\n- 0x10\n- []\n", &doc,
			NULL));
	root = mp_yaml_root(doc);
	ASSERT_OK(mp_yaml_read_bool(mp_yaml_at(root, 0), &b, &err));
	ASSERT(b);
	ASSERT_OK(mp_yaml_read_bool(mp_yaml_at(root, 1), &b, &err));
	ASSERT(!b);
	for (size_t i = 2; i < 8; i++)
		ASSERT_ERR(-EBADMSG, mp_yaml_read_bool(mp_yaml_at(root, i), &b, &err));
	ASSERT_STR("p.yaml:8: here must stand true or false", err.text);
	ASSERT_OK(mp_yaml_read_u64(mp_yaml_at(root, 4), 65535, &n, &err));
	ASSERT_INT(8080, n);
	ASSERT_ERR(-EBADMSG, mp_yaml_read_u64(mp_yaml_at(root, 4), 8079, &n, &err));
	ASSERT_STR("p.yaml:5: here must stand a whole number from 0 to 8079", err.text);
	for (size_t i = 5; i < 8; i++)
		ASSERT_ERR(-EBADMSG, mp_yaml_read_u64(mp_yaml_at(root, i), 65535, &n, &err));
	ASSERT_INT(8080, n);
}

static int duration(const char *text, uint64_t *ret)
{
	auto_(mp_yaml_doc) *doc = NULL;
	int r = parse(text, &doc, NULL);

	return r < 0 ? r : mp_yaml_read_duration(mp_yaml_root(doc), ret, NULL);
}

TEST(durations_have_units)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {{"30s", 30},   {"5m", 300},	     {"2h", 7200}, {"1d", 86400},
		    {"1m30s", 90}, {"1h1m1s", 3661}, {"0", 0},	   {"'10s'", 10}};
	static const char *const bad[] = {"30",	 "s",		"1.5s", "-1s", "1s1m", "1m1m",
					  "1 s", "9999999999s", "''",	"[]",  "1sx"};
	uint64_t n;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ASSERT_OK(duration(good[i].text, &n));
		ASSERT_INT(good[i].seconds, n);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_ERR(-EBADMSG, duration(bad[i], &n));
}

TEST(a_file_is_loaded_by_path_and_named_in_its_errors)
{
	char path[] = "/tmp/mp-yaml-XXXXXX";
	auto_close int fd = mkstemp(path);
	auto_(mp_yaml_doc) *doc = NULL;
	struct mp_err err = {0};

	ASSERT_INT(5, write(fd, "a: b\n", 5));
	ASSERT_OK(mp_yaml_load(path, &doc, &err));
	ASSERT_STR("b", mp_yaml_str(mp_yaml_get(mp_yaml_root(doc), "a")));
	ASSERT_ERR(-EINVAL, mp_yaml_err(mp_yaml_root(doc), &err, -EINVAL, "no %s", "good"));
	ASSERT(mp_str_starts_with(err.text, path));
	ASSERT(mp_str_ends_with(err.text, ":1: no good"));
	unlink(path);
	ASSERT_ERR(-ENOENT, mp_yaml_load(path, &doc, &err));
}

TEST(a_document_cut_anywhere_is_read_or_refused)
{
	EACH_CUT(cut, n, sample, sizeof(sample)) {
		auto_(mp_yaml_doc) *doc = NULL;
		int r = mp_yaml_parse("cut", cut, n, &doc, NULL);

		ASSERT(r == 0 || r == -EBADMSG);
	}
}

TORTURE(parsing_survives_the_end_of_memory)
{
	auto_(mp_yaml_doc) *doc = NULL;

	return parse(sample, &doc, NULL);
}
