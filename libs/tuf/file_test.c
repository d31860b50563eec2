/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "tuf/fake_repo.h"

static struct fake f;

__attribute__((constructor)) static void begin(void)
{
	fake_init(&f);
}

__attribute__((destructor)) static void end(void)
{
	fake_done(&f);
}

/* A copy in a block of exactly this size, so that a read past its end is seen. */
static int parse_exact(enum mp_tuf_type type, const char *data, size_t len)
{
	auto_free char *exact = malloc(len ? len : 1);
	auto_(mp_tuf_file) *file = NULL;

	memcpy(exact, data, len);
	return mp_tuf_file_parse(type, mp_tuf_type_name(type), exact, len, &file, NULL);
}

TEST(every_role_survives_being_cut_anywhere)
{
	for (int t = 0; t < MP_TUF_TYPES; t++) {
		const struct fake_file *file = fake_file_of(&f, (enum mp_tuf_type)t);

		for (size_t n = 0; n < file->len; n++)
			ASSERT_ERR(-EBADMSG, parse_exact((enum mp_tuf_type)t, file->data, n));
		ASSERT_OK(parse_exact((enum mp_tuf_type)t, file->data, file->len));
	}
}

/* The document with `old` replaced by `with`. */
static int parse_with(enum mp_tuf_type type, const char *old, const char *with, struct mp_err *err)
{
	const struct fake_file *file = fake_file_of(&f, type);
	auto_free char *text = strndup(file->data, file->len);
	auto_free char *changed = NULL;
	auto_(mp_tuf_file) *parsed = NULL;
	char *at = strstr(text, old);

	if (!at)
		abort();
	*at = '\0';
	changed = mp_str_format("%s%s%s", text, with, at + strlen(old));
	return mp_tuf_file_parse(type, mp_tuf_type_name(type), changed, strlen(changed), &parsed,
				 err);
}

TEST(malformed_members_are_refused_with_a_sentence)
{
	static const struct {
		enum mp_tuf_type type;
		const char *old, *with;
		int code;
		const char *sentence;
	} cases[] = {
		{MP_TUF_ROOT, "\"version\":1", "\"version\":0", -EBADMSG, "version"},
		{MP_TUF_ROOT, "\"version\":1", "\"version\":\"1\"", -EBADMSG, "version"},
		{MP_TUF_ROOT, "\"version\":1", "\"version\":1.5", -EBADMSG, "version"},
		{MP_TUF_ROOT, "\"version\":1", "\"v\":1", -EBADMSG, "version"},
		{MP_TUF_ROOT, "\"1.0.31\"", "\"2.0.0\"", -EPROTO,
		 "root: specification version 2.0.0 is not supported, only 1.x"},
		{MP_TUF_ROOT, "\"1.0.31\"", "\"1\"", -EBADMSG, "spec_version"},
		{MP_TUF_ROOT, "\"1.0.31\"", "\"1.0.0.0\"", -EBADMSG, "spec_version"},
		{MP_TUF_ROOT, "\"1.0.31\"", "\"1.x\"", -EBADMSG, "spec_version"},
		{MP_TUF_ROOT, "\"1.0.31\"", "\"10.0\"", -EPROTO, "only 1.x"},
		{MP_TUF_ROOT, "\"root\"", "\"rooot\"", -EPROTO, "wrong type"},
		{MP_TUF_ROOT, "T", " ", -EBADMSG, "expires"},
		{MP_TUF_ROOT, "\"threshold\":1", "\"threshold\":0", -EBADMSG, "role root"},
		{MP_TUF_ROOT, "\"targets\":{", "\"tragets\":{", -EBADMSG, "targets"},
		{MP_TUF_ROOT, "\"keytype\":", "\"keytip\":", -EBADMSG, "keytype"},
		{MP_TUF_ROOT, "\"keyval\":{", "\"keyvals\":{", -EBADMSG, "keyval"},
		{MP_TUF_ROOT, "\"consistent_snapshot\":true", "\"consistent_snapshot\":1", -EBADMSG,
		 "consistent_snapshot"},
		{MP_TUF_ROOT, "\"signatures\":[", "\"signatures\":[5,", -EBADMSG, "signature 1"},
		{MP_TUF_ROOT, "\"signatures\":[",
		 "\"signatures\":[{\"keyid\":\"a\",\"sig\":\"\"},{\"keyid\":\"a\",\"sig\":\"\"},",
		 -EBADMSG, "'a' is listed twice"},
		{MP_TUF_TIMESTAMP, "\"snapshot.json\"", "\"snapshots.json\"", -EBADMSG,
		 "snapshot.json"},
		{MP_TUF_TIMESTAMP, "\"length\":", "\"length\":-", -EBADMSG, "length"},
		{MP_TUF_TIMESTAMP, "\"sha256\":\"", "\"x\":5,\"sha256\":\"", -EBADMSG, "hash"},
		{MP_TUF_SNAPSHOT, "\"meta\":{", "\"meta\":{\"a\":{},", -EBADMSG, "'a' of 'meta'"},
		{MP_TUF_SNAPSHOT, "\"meta\":{", "\"meta\":{\"a\":{\"version\":1,\"hashes\":{}},",
		 -EBADMSG, "must not be empty"},
		{MP_TUF_TARGETS, "\"hashes\":{", "\"hashes\":[],\"x\":{", -EBADMSG, "hashes"},
		{MP_TUF_TARGETS, "\"length\":14", "\"length\":-14", -EBADMSG, "length"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mp_err err = {0};

		ASSERT_ERR(cases[i].code,
			   parse_with(cases[i].type, cases[i].old, cases[i].with, &err));
		ASSERT(strstr(err.text, cases[i].sentence));
	}
}

TEST(malformed_delegations_are_refused_with_a_sentence)
{
#define ROLE(name, rest) "{\"name\":\"" name "\",\"keyids\":[],\"threshold\":1," rest "}"
#define PATHS "\"terminating\":false,\"paths\":[\"*\"]"
#define ROLES(list) "{\"keys\":{},\"roles\":[" list "]}"
#define BINS(bits, prefix)                                                                         \
	"{\"keys\":{},\"succinct_roles\":{\"keyids\":[],\"threshold\":1,\"bit_length\":" bits      \
	",\"name_prefix\":" prefix "}}"
	static const struct {
		const char *delegations, *sentence; /* NULL: fine */
	} cases[] = {
		{ROLES(ROLE("a", PATHS)), NULL},
		{ROLES(ROLE("a", PATHS) "," ROLE("b", PATHS)), NULL},
		{BINS("8", "\"bin\""), NULL},
		{BINS("32", "\"\""), NULL},
		{"[]", "delegations"},
		{"{\"keys\":{}}", "one of 'roles' and 'succinct_roles'"},
		{"{\"roles\":[]}", "keys"},
		{ROLES(ROLE("", PATHS)), "name must have 1"},
		{ROLES(ROLE("root", PATHS)), "'root' cannot be a delegated role"},
		{ROLES(ROLE("a", PATHS) "," ROLE("a", PATHS)), "'a' is listed twice"},
		{ROLES(ROLE("a", "\"terminating\":false")), "one of 'paths' and"},
		{ROLES(ROLE("a", PATHS ",\"path_hash_prefixes\":[]")), "one of 'paths' and"},
		{ROLES(ROLE("a", "\"terminating\":0,\"paths\":[]")), "terminating"},
		{ROLES(ROLE("a", "\"terminating\":true,\"paths\":[5]")), "strings alone"},
		{ROLES("{\"name\":\"a\",\"keyids\":[\"x\",\"x\"],\"threshold\":1," PATHS "}"),
		 "'x' is listed twice"},
		{BINS("0", "\"bin\""), "bit_length"},
		{BINS("33", "\"bin\""), "bit_length"},
		{BINS("8", "8"), "name_prefix"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_free char *with =
			mp_str_format("\"delegations\":%s,\"targets\":{", cases[i].delegations);
		struct mp_err err = {0};
		int r = parse_with(MP_TUF_TARGETS, "\"targets\":{", with, &err);

		ASSERT_INT(cases[i].sentence ? -EBADMSG : 0, r);
		ASSERT(!cases[i].sentence || strstr(err.text, cases[i].sentence));
	}
}

TEST(members_that_nobody_knows_stay_part_of_what_was_signed)
{
	struct mp_json *doc, *extra = mp_json_new_object();
	auto_(mp_tuf_file) *file = NULL;
	struct mp_tuf_signers by;
	auto_(mp_tuf_file) *root = NULL;
	MP_BUF(text, 1 << 16);
	char *at;

	must(mp_tuf_file_parse(MP_TUF_ROOT, "root", fake_file_of(&f, MP_TUF_ROOT)->data,
			       fake_file_of(&f, MP_TUF_ROOT)->len, &root, NULL));
	must(mp_tuf_signers_get(root, "targets", &by));
	must(mp_tuf_targets_create(1, NOW, &doc, NULL));
	must(mp_json_put_str(extra, "\xc3\xa4", "line\nfeed \"and\" \\"));
	must(mp_json_put(doc, "x-extra", extra));
	must(mp_tuf_sign_at(doc, 0, (const struct mp_sign_key *const *)f.keys[MP_TUF_TARGETS], 1,
			    &text, NULL));
	mp_json_free(doc);
	must(mp_tuf_file_parse(MP_TUF_TARGETS, "targets", text.data, text.len, &file, NULL));
	ASSERT_OK(mp_tuf_verify(file, "targets", &by, NULL));

	at = strstr(text.data, "feed");
	ASSERT(at);
	*at = 'F';
	mp_tuf_file_free(take_ptr(file));
	must(mp_tuf_file_parse(MP_TUF_TARGETS, "targets", text.data, text.len, &file, NULL));
	ASSERT_ERR(-EKEYREJECTED, mp_tuf_verify(file, "targets", &by, NULL));
}

TEST(a_file_is_held_against_length_and_every_hash_that_we_know)
{
	static const struct {
		int64_t length;
		const char *hashes;
		int result;
	} cases[] = {
		{-1, NULL, 0},
		{3, NULL, 0},
		{4, NULL, -EPROTO},
		{2, NULL, -EPROTO},
		{3,
		 "{\"sha256\":"
		 "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}",
		 0},
		{3,
		 "{\"sha256\":\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\","
		 "\"md5\":\"?\"}",
		 0},
		{3,
		 "{\"sha256\":"
		 "\"ca7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}",
		 -EPROTO},
		{3,
		 "{\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
		 "\"sha512\":\"00\"}",
		 -EPROTO},
		{3, "{\"sha256\":\"\"}", -EPROTO},
		{3, "{\"md5\":\"900150983cd24fb0d6963f7d28e17f72\"}", -EPROTO},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mp_tuf_meta meta = {1, cases[i].length, NULL};
		auto_(mp_json) *hashes = NULL;

		if (cases[i].hashes)
			must(mp_json_parse(cases[i].hashes, strlen(cases[i].hashes), &hashes,
					   NULL));
		meta.hashes = hashes;
		ASSERT_INT(cases[i].result, mp_tuf_meta_check(&meta, "abc", "abc", 3, NULL));
	}
}

TEST(ed25519_ecdsa_and_rsa_pss_keys_verify_what_they_signed)
{
	static const enum mp_sign_scheme schemes[] = {MP_ED25519, MP_ECDSA_P256_SHA256,
						      MP_RSASSA_PSS_SHA256};

	for (size_t i = 0; i < 3; i++) {
		mp_sign_key_free(f.keys[MP_TUF_TARGETS][0]);
		must(mp_sign_key_generate(schemes[i], &f.keys[MP_TUF_TARGETS][0], NULL));
		fake_root(&f);
		fake_publish(&f);
		ASSERT_OK(fake_refresh(&f));
		ASSERT_INT(2 + (int)i, mp_tuf_version(f.client, "targets"));
	}
}

/* A role with one key that we know and others that we do not. */
TEST(keys_of_unknown_kinds_are_passed_over)
{
	auto_(mp_json) *doc = NULL;
	struct mp_json *body, *keys, *ids;
	static const char *const unknown[] = {
		"{\"keytype\":\"future\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"00\"}}",
		"{\"keytype\":\"rsa\",\"scheme\":\"rsa-pkcs1v15-sha256\",\"keyval\":{\"public\":"
		"\"\"}}",
		"{\"keytype\":\"sigstore-oidc\",\"scheme\":\"Fulcio\",\"keyval\":{\"identity\":"
		"\"x\"}}",
	};
	struct fake_file *file;

	fake_init(&f);
	file = fake_file_of(&f, MP_TUF_ROOT);
	must(mp_json_parse(file->data, file->len, &doc, NULL));
	body = (struct mp_json *)mp_json_get(doc, "signed");
	keys = (struct mp_json *)mp_json_get(body, "keys");
	ids = (struct mp_json *)mp_json_get(mp_json_get(mp_json_get(body, "roles"), "timestamp"),
					    "keyids");
	must(mp_json_put_int(body, "version", 2));
	for (size_t i = 0; i < 3; i++) {
		struct mp_json *key;
		char id[2] = {(char)('a' + i), '\0'};

		must(mp_json_parse(unknown[i], strlen(unknown[i]), &key, NULL));
		must(mp_json_put(keys, id, key));
		must(mp_json_append(ids, mp_json_new_str(id)));
	}
	must(mp_json_append(ids, mp_json_new_str("an id without a key")));
	fake_serve_signed(&f, MP_TUF_ROOT, mp_json_copy(body), "2.root.json");
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(2, mp_tuf_version(f.client, "root"));
}

TORTURE(parsing_survives_a_lack_of_memory)
{
	const struct fake_file *file = fake_file_of(&f, MP_TUF_TARGETS);
	auto_(mp_tuf_file) *parsed = NULL;

	return mp_tuf_file_parse(MP_TUF_TARGETS, "targets", file->data, file->len, &parsed, NULL);
}
