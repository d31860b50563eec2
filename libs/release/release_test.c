/* SPDX-License-Identifier: Apache-2.0 */
#include "release/release.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/test.h"

#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "0123456789abcdef0123456789abcdeffedcba9876543210fedcba9876543210"

static const char good[] =
	"{\"format\":1,\"product\":\"demo\",\"version\":\"1.1.0\",\"minimum_version\":\"1.0\","
	"\"notes\":\"Second\",\"sbom\":\"1.1.0.sbom.json\",\"later\":[1],\"boards\":{\"qemu-x86_"
	"64\":{\"os\":{"
	"\"root_hash\":\"" D2 "\",\"root\":{\"size\":8192,\"sha256\":\"" D1 "\"},"
	"\"verity\":{\"size\":4096,\"sha256\":\"" D1 "\"},"
	"\"uki\":{\"name\":\"mp_1.1.0.efi\",\"size\":77,\"sha256\":\"" D1 "\"},"
	"\"sources\":[{\"type\":\"delta\",\"from\":\"x\"},"
	"{\"type\":\"full\",\"target\":\"p.payload\",\"size\":99,\"index_sha256\":\"" D1 "\"}]}}},"
	"\"app\":{\"services\":[{\"name\":\"web\",\"image\":{\"id\":\"" D1 "\","
	"\"config\":{\"target\":\"c.config\",\"size\":5},"
	"\"layers\":[{\"diff_id\":\"" D1 "\",\"target\":\"l.layer\",\"size\":6}]},"
	"\"spec\":{\"restart\":\"always\"}}]}}";

/* The good manifest with one piece of its text replaced. */
static int parse_with(const char *piece, const char *by, struct mp_err *err)
{
	auto_(mp_release) *rel = NULL;
	const char *at = strstr(good, piece);
	MP_BUF(b, 1 << 16);

	if (!at || mp_buf_add(&b, good, (size_t)(at - good)) < 0 || mp_buf_add_str(&b, by) < 0 ||
	    mp_buf_add_str(&b, at + strlen(piece)) < 0)
		return -EINVAL;
	return mp_release_parse(b.data, b.len, &rel, err);
}

TEST(release_reads_a_manifest)
{
	auto_(mp_release) *rel = NULL;
	const struct mp_release_os *os;

	ASSERT_OK(mp_release_parse(good, strlen(good), &rel, NULL));
	ASSERT_STR("demo", rel->product);
	ASSERT_STR("1.1.0", rel->version);
	ASSERT_STR("1.0", rel->minimum_version);
	ASSERT_STR("Second", rel->notes);
	ASSERT_STR("1.1.0.sbom.json", rel->sbom_target);
	ASSERT(mp_release_find_os(rel, "other") == NULL);
	os = mp_release_find_os(rel, "qemu-x86_64");
	ASSERT(os != NULL);
	ASSERT_STR(D2, os->root_hash);
	ASSERT_INT(8192, os->root_size);
	ASSERT_INT(77, os->uki_size);
	ASSERT_INT(2, os->n_sources);
	ASSERT_STR("delta", os->sources[0].type);
	ASSERT_STR("p.payload", os->sources[1].target);
	ASSERT_INT(1, rel->n_services);
	ASSERT_STR("web", rel->services[0].name);
	ASSERT_STR("l.layer", rel->services[0].layers[0].target);
	ASSERT_STR("always", mp_json_str(mp_json_get(rel->services[0].spec, "restart"), ""));
}

#define SENSOR                                                                                     \
	"\"boards\":{\"sensor\":{\"firmware\":{\"version\":\"2.1-rc1\",\"target\":\"s.firmware\"," \
	"\"size\":7,\"sha256\":\"" D2 "\",\"object\":\"software\",\"transfer\":\"pull\"}},"

TEST(release_reads_the_firmware_of_a_microcontroller)
{
	auto_(mp_release) *rel = NULL;
	const struct mp_release_firmware *f;
	unsigned n;
	const char *at = strstr(good, "\"boards\":{");
	MP_BUF(b, 1 << 16);

	ASSERT_OK(mp_buf_printf(&b, "%.*s" SENSOR "%s", (int)(at - good), good,
				at + strlen("\"boards\":{")));
	ASSERT_OK(mp_release_parse(b.data, b.len, &rel, NULL));
	ASSERT_INT(1, rel->n_os);
	ASSERT(mp_release_find_firmware(rel, "qemu-x86_64", &n) == NULL);
	f = mp_release_find_firmware(rel, "sensor", &n);
	ASSERT_INT(1, n);
	ASSERT_STR("", f->component);
	ASSERT(f != NULL);
	ASSERT_STR("2.1-rc1", f->version);
	ASSERT_STR("s.firmware", f->target);
	ASSERT_INT(MP_RELEASE_SOFTWARE, f->object);
	ASSERT(f->pull);
}

TEST(release_refuses_components_that_are_none)
{
#define COMPONENT(name, object)                                                                    \
	"{\"name\":\"" name "\",\"version\":\"1\",\"target\":\"t\",\"size\":1,\"sha256\":\"" D1    \
	"\",\"object\":\"" object "\",\"transfer\":\"pull\"}"
	static const struct {
		const char *components, *words;
	} bad[] = {
		{"[]", "1 to 16 components"},
		{"{}", "'components'"},
		{"[" COMPONENT("", "advanced") "]", "'name' is not the name of a component"},
		{"[" COMPONENT("a", "firmware") "]", "which alone has components"},
		{"[" COMPONENT("a", "advanced") "," COMPONENT("a", "advanced") "]", "twice"},
		{"[7]", "component 1"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct mp_err err = {""};
		MP_BUF(b, 4096);

		ASSERT_OK(mp_buf_printf(&b, "\"boards\":{\"sensor\":{\"components\":%s},",
					bad[i].components));
		ASSERT_ERR(-EBADMSG, parse_with("\"boards\":{", mp_buf_str(&b), &err));
		if (!strstr(err.text, bad[i].words))
			mp_test_fail(__FILE__, __LINE__, "%s", err.text);
	}
}

TEST(release_refuses_firmware_that_says_not_how_it_travels)
{
	struct mp_err err = {""};

	ASSERT_ERR(-EBADMSG, parse_with("\"boards\":{",
					"\"boards\":{\"sensor\":{\"firmware\":{\"version\":\"1\","
					"\"target\":\"t\",\"size\":1,\"sha256\":\"" D1 "\","
					"\"object\":\"firmware\",\"transfer\":\"post\"}},",
					&err));
	ASSERT(strstr(err.text, "'transfer' is not push or pull") != NULL);
}

TEST(release_reads_what_it_writes)
{
	auto_(mp_release) *rel = NULL, *again = NULL;
	const struct mp_release_firmware *f;
	unsigned n;
	MP_BUF(one, 1 << 16);
	MP_BUF(two, 1 << 16);

	ASSERT_OK(mp_release_parse(good, strlen(good), &rel, NULL));
	strcpy(rel->os[0].sources[0].type, "full");
	rel->firmware = realloc(rel->firmware, 3 * sizeof(*rel->firmware));
	ASSERT(rel->firmware != NULL);
	rel->firmware[rel->n_firmware++] = (struct mp_release_firmware){
		.board = "sensor", .version = "2", .target = "s", .size = 1, .sha256 = D1};
	for (unsigned i = 0; i < 2; i++) {
		rel->firmware[rel->n_firmware] = rel->firmware[0];
		strcpy(rel->firmware[rel->n_firmware].board, "meter");
		strcpy(rel->firmware[rel->n_firmware].component, i ? "modem" : "application");
		rel->firmware[rel->n_firmware++].object = MP_RELEASE_ADVANCED;
	}
	rel->os[0].sources[0] = rel->os[0].sources[1];
	ASSERT_OK(mp_release_format(rel, &one));
	ASSERT_OK(mp_release_parse(one.data, one.len, &again, NULL));
	ASSERT_OK(mp_release_format(again, &two));
	ASSERT_STR(one.data, two.data);
	ASSERT_INT(2, again->os[0].n_sources);
	ASSERT_STR("2", mp_release_find_firmware(again, "sensor", &n)->version);
	f = mp_release_find_firmware(again, "meter", &n);
	ASSERT_INT(2, n);
	ASSERT_STR("application", f[0].component);
	ASSERT_STR("modem", f[1].component);
}

TEST(release_may_have_no_application)
{
	struct mp_release rel = {.product = "p",
				 .version = "1",
				 .n_os = 1,
				 .os = &(struct mp_release_os){.board = "b",
							       .root_hash = D1,
							       .root_size = 4096,
							       .verity_size = 4096,
							       .uki_size = 1,
							       .root_sha256 = D1,
							       .verity_sha256 = D1,
							       .uki_sha256 = D1,
							       .uki_name = "mp_1.efi"}};
	auto_(mp_release) *again = NULL;
	MP_BUF(b, 1 << 16);

	ASSERT_OK(mp_release_format(&rel, &b));
	ASSERT_OK(mp_release_parse(b.data, b.len, &again, NULL));
	ASSERT_INT(0, again->n_services);
	ASSERT_STR("", again->notes);
	ASSERT_STR("", again->minimum_version);
}

static const struct {
	const char *piece, *by;
	int want;
	const char *sentence;
} bad[] = {
	{"{\"format\":1", "{\"format\":2", -ENOTSUP,
	 "its format is 2; this program knows format 1"},
	{"\"format\":1,", "", -EBADMSG, NULL},
	{"\"demo\"", "\"../demo\"", -EBADMSG, "'product' is not the name of a product"},
	{"\"demo\"", "7", -EBADMSG, NULL},
	{"\"1.1.0\"", "\"1.1.x\"", -EBADMSG, "'version' is not a version"},
	{"\"1.1.0\"", "\"1.2.0\"", -EBADMSG,
	 "board qemu-x86_64: the UKI is named mp_1.1.0.efi instead of mp_1.2.0.efi"},
	{"\"1.0\"", "\"\"", -EBADMSG, NULL},
	{"\"Second\"", "null", -EBADMSG, NULL},
	{"1.1.0.sbom.json", "a/b", -EBADMSG, "'sbom' is not the name of a target"},
	{"\"qemu-x86_64\"", "\"\"", -EBADMSG, NULL},
	{"\"" D2 "\"", "\"" D2 "0\"", -EBADMSG, NULL},
	{"\"" D2 "\"", "\"ABCDEF6789abcdef0123456789abcdeffedcba9876543210fedcba9876543210\"",
	 -EBADMSG, NULL},
	{"8192", "8193", -EBADMSG,
	 "board qemu-x86_64: the size of root or verity is no multiple of 4096"},
	{"8192", "0", -EBADMSG, NULL},
	{"8192", "-8192", -EBADMSG, NULL},
	{"8192", "4096000000000000", -EBADMSG, NULL},
	{"\"full\"", "\"a type whose name is far too long\"", -EBADMSG, NULL},
	{"\"p.payload\"", "\".hidden\"", -EBADMSG, NULL},
	{"\"sources\"", "\"source\"", -EBADMSG, NULL},
	{"\"web\"", "\"we b\"", -EBADMSG, "service 1: 'name' is not a name"},
	{"{\"restart\":\"always\"}", "[]", -EBADMSG, NULL},
	{"[{\"diff_id\":\"" D1 "\",\"target\":\"l.layer\",\"size\":6}]", "[]", -EFBIG, NULL},
	{"\"boards\":{", "\"boards\":{},\"x\":{", -EBADMSG, NULL},
	{"\"services\":[", "\"services\":[7,", -EBADMSG, NULL},
};

TEST(release_refuses_what_is_not_good_with_a_sentence)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mp_err err = {""};
		int r = parse_with(bad[i].piece, bad[i].by, &err);

		if (r != bad[i].want)
			printf("# with %s: %s\n", bad[i].by, err.text);
		ASSERT_INT(bad[i].want, r);
		ASSERT(mp_str_starts_with(err.text, "the manifest of the release is not good: "));
		if (bad[i].sentence)
			ASSERT_STR(bad[i].sentence,
				   err.text + strlen("the manifest of the release is not good: "));
	}
}

TEST(release_can_be_cut_anywhere)
{
	for (size_t n = 0; n < strlen(good); n++) {
		auto_(mp_release) *rel = NULL;
		auto_free char *cut = malloc(n ? n : 1);

		memcpy(cut, good, n);
		ASSERT_ERR(-EBADMSG, mp_release_parse(cut, n, &rel, NULL));
	}
}

TEST(release_knows_its_limits)
{
	auto_(mp_release) *rel = NULL;
	auto_free char *huge = calloc(1, (1 << 20) + 1);

	memset(huge, ' ', 1 << 20);
	ASSERT_ERR(-EFBIG, mp_release_parse(huge, (1 << 20) + 1, &rel, NULL));
}

TORTURE(release_parse_survives_oom)
{
	auto_(mp_release) *rel = NULL;

	return mp_release_parse(good, strlen(good), &rel, NULL);
}

TORTURE(release_format_survives_oom)
{
	static struct mp_release *rel;
	MP_BUF(b, 1 << 16);
	int r = 0;

	if (!rel)
		r = mp_release_parse(good, strlen(good), &rel, NULL);
	if (r == 0)
		r = mp_release_format(rel, &b);
	if (r == 0) {
		mp_release_free(rel);
		rel = NULL;
	}
	return r;
}
