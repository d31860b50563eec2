/* SPDX-License-Identifier: Apache-2.0
 * tuf_client.c - `mp tuf-client`: a plain TUF client for any repository that is served over HTTP
 *
 * The command line is that of the TUF conformance suite, so options and command come in any order.
 * Trusted metadata lies in --metadata-dir as received, targets in --target-dir under their
 * percent-encoded names. */
#include "verb.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "http/client.h"
#include "tuf/tuf.h"

#define ROOT_MAX (512u << 10)

struct tuf_options {
	const char *metadata_dir, *metadata_url, *target_url, *target_dir, *ca_file;
	struct mp_list targets;
};

const struct mp_option mp_options_tuf_client[] = {
	{"metadata-dir", 0, MP_TEXT, offsetof(struct tuf_options, metadata_dir), "DIR",
	 "folder of the trusted metadata"},
	{"metadata-url", 0, MP_TEXT, offsetof(struct tuf_options, metadata_url), "URL",
	 "where the repository has its metadata"},
	{"target-name", 0, MP_LIST, offsetof(struct tuf_options, targets), "PATH",
	 "target to download; may be given several times"},
	{"target-base-url", 0, MP_TEXT, offsetof(struct tuf_options, target_url), "URL",
	 "where the repository has its targets"},
	{"target-dir", 0, MP_TEXT, offsetof(struct tuf_options, target_dir), "DIR",
	 "folder for the downloaded targets"},
	{"ca", 0, MP_TEXT, offsetof(struct tuf_options, ca_file), "FILE",
	 "certificate to check the server by; default the system's"},
	{0},
};

/* ---- the store: one file a role ---- */

static char *stored(const struct tuf_options *o, const char *name)
{
	return mp_str_format("%s/%s", o->metadata_dir, name);
}

static int load(void *user, const char *name, struct mp_buf *out)
{
	auto_free char *path = stored(user, name);

	return path ? mp_file_read(path, out, NULL) : -ENOMEM;
}

static int save(void *user, const char *name, const void *data, size_t len)
{
	auto_free char *path = stored(user, name);

	return path ? mp_file_write(path, data, len, 0644, NULL) : -ENOMEM;
}

static int forget(void *user, const char *name)
{
	auto_free char *path = stored(user, name);

	if (!path)
		return -ENOMEM;
	return unlink(path) < 0 ? -errno : 0;
}

/* ---- the fetcher ---- */

struct session {
	const struct tuf_options *options;
	struct mp_http_client *http;
	struct mp_tuf_client *tuf;
	struct mp_tuf_fetcher fetcher;
};

/* A target path is meant to be a URL path already (specification section 4.5): what is encoded
 * stays, what cannot stand in a path is encoded. */
static bool is_plain(const char *p)
{
	if (*p == '%')
		return isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]);
	return isalnum((unsigned char)*p) || strchr("-._~!$&'()*+,;=:@/", *p);
}

static int add_path(struct mp_buf *url, const char *path)
{
	int r = 0;

	for (const char *p = path; *p && r == 0; p++)
		r = is_plain(p) ? mp_buf_add(url, p, 1)
				: mp_buf_printf(url, "%%%02X", (unsigned char)*p);
	return r;
}

static int fetch(const struct session *s, const char *base, const char *path, uint64_t most,
		 mp_tuf_sink sink, void *sink_user, struct mp_err *err)
{
	MP_BUF(url, 8192);
	struct mp_http_call call = {.method = "GET", .sink = sink, .user = sink_user, .most = most};
	struct mp_http_result res;
	int r = mp_buf_printf(&url, "%s%s", base, mp_str_ends_with(base, "/") ? "" : "/");

	if (r == 0)
		r = add_path(&url, path);
	if (r < 0)
		return r;
	call.url = url.data;
	r = mp_http_call(s->http, &call, &res, err);
	if (r < 0)
		return r;
	if (res.status == 404 || res.status == 403)
		return mp_err_set(err, -ENOENT, "the repository does not have it");
	if (res.status != 200)
		return mp_err_set(err, -EREMOTEIO, "the repository answers with status %d",
				  res.status);
	return 0;
}

static int fetch_metadata(void *user, const char *name, uint64_t most, mp_tuf_sink sink,
			  void *sink_user, struct mp_err *err)
{
	struct session *s = user;

	return fetch(s, s->options->metadata_url, name, most, sink, sink_user, err);
}

static int fetch_target(void *user, const char *path, uint64_t most, mp_tuf_sink sink,
			void *sink_user, struct mp_err *err)
{
	struct session *s = user;

	return fetch(s, s->options->target_url, path, most, sink, sink_user, err);
}

/* ---- targets ---- */

static int write_chunk(void *user, const void *data, size_t len)
{
	const char *p = data;
	int fd = *(int *)user;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int hash_file(int fd, enum mp_hash_kind kind, uint64_t *ret_len, char hex[129])
{
	uint8_t digest[MP_HASH_MAX];
	auto_(mp_hash) *h = NULL;
	char chunk[65536];
	ssize_t n;
	int r = mp_hash_new(kind, &h);

	if (r < 0)
		return r;
	*ret_len = 0;
	while ((n = pread(fd, chunk, sizeof(chunk), (off_t)*ret_len)) > 0) {
		mp_hash_add(h, chunk, (size_t)n);
		*ret_len += (uint64_t)n;
	}
	mp_hash_end(h, digest);
	mp_hex_format(digest, mp_hash_len(kind), hex);
	return n < 0 ? -errno : 0;
}

static bool has_hash(int fd, enum mp_hash_kind kind, uint64_t length, const char *want)
{
	uint64_t len;
	char hex[129];

	return !want[0] ||
	       (hash_file(fd, kind, &len, hex) == 0 && len == length && strcmp(hex, want) == 0);
}

static bool is_there(const char *path, const struct mp_tuf_target *t)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && has_hash(fd, MP_SHA256, t->length, t->sha256) &&
	       has_hash(fd, MP_SHA512, t->length, t->sha512);
}

/* Beside its place first: only what has been verified whole gets the target's name. */
static int download_to(struct session *s, const struct mp_tuf_target *t, const char *path,
		       struct mp_err *err)
{
	auto_free char *part = mp_str_format("%s.part", path);
	auto_close int fd = -1;
	int r;

	if (!part)
		return mp_err_set(err, -ENOMEM, "out of memory");
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return mp_err_set(err, -errno, "cannot write %s: %s", part, strerror(errno));
	r = mp_tuf_download(s->tuf, &s->fetcher, t, write_chunk, &fd, err);
	if (r == 0 && (fsync(fd) < 0 || rename(part, path) < 0))
		r = mp_err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
	if (r < 0)
		(void)unlink(part);
	return r;
}

static int download_one(struct session *s, const char *name, struct mp_err *err)
{
	MP_BUF(path, 8192);
	struct mp_tuf_target t;
	int r = mp_tuf_find(s->tuf, &s->fetcher, name, &t, err);

	if (r < 0)
		return r;
	r = mp_buf_printf(&path, "%s/", s->options->target_dir);
	if (r == 0)
		r = mp_tuf_quote(name, &path);
	if (r < 0)
		return mp_err_set(err, r, "the name '%s' is too long", name);
	if (is_there(path.data, &t))
		return 0;
	return download_to(s, &t, path.data, err);
}

/* ---- the commands ---- */

static int init(const struct mp_tuf_store *store, const char *root_file, struct mp_err *err)
{
	MP_BUF(root, ROOT_MAX);
	int r = mp_file_read(root_file, &root, err);

	return r < 0 ? r : mp_tuf_init(store, mp_buf_str(&root), root.len, err);
}

static int refresh(struct session *s, const struct mp_tuf_store *store, bool download,
		   struct mp_err *err)
{
	auto_(mp_http_client) *http = NULL;
	auto_(mp_tuf_client) *tuf = NULL;
	struct mp_http_client_config config = {.ca_file = s->options->ca_file,
					       .user_agent = "mp-tuf-client",
					       .stall_timeout = 10,
					       .stall_rate = 64};
	int r = mp_tuf_open(store, &tuf, err);

	if (r == 0)
		r = mp_http_client_new(&config, &http, err);
	if (r < 0)
		return r;
	s->http = http;
	s->tuf = tuf;
	s->fetcher = (struct mp_tuf_fetcher){fetch_metadata, fetch_target, s};
	r = mp_tuf_refresh(tuf, &s->fetcher, time(NULL), err);
	for (size_t i = 0; download && r == 0 && i < s->options->targets.n; i++)
		r = download_one(s, s->options->targets.items[i], err);
	return r;
}

/* What is missing for this command; NULL: nothing. */
static const char *missing_option(const struct tuf_options *o, const char *command)
{
	if (!o->metadata_dir)
		return "--metadata-dir";
	if (mp_streq(command, "init"))
		return NULL;
	if (!o->metadata_url)
		return "--metadata-url";
	if (mp_streq(command, "refresh"))
		return NULL;
	if (o->targets.n == 0)
		return "--target-name";
	if (!o->target_url)
		return "--target-base-url";
	return o->target_dir ? NULL : "--target-dir";
}

int mp_verb_tuf_client(int argc, char *argv[])
{
	struct tuf_options o = {0};
	struct mp_tuf_store store = {load, save, forget, &o};
	struct session s = {.options = &o};
	struct mp_err err = {0};
	int status = mp_options_parse(mp_options_tuf_client, &o, &argc, &argv), r;

	if (status != MP_GO_ON)
		return status;
	if (argc < 1)
		return mp_fail_usage("what to do: init, refresh or download");
	if (missing_option(&o, argv[0]))
		return mp_fail_usage("%s needs %s", argv[0], missing_option(&o, argv[0]));

	if (mp_streq(argv[0], "init") && argc == 2)
		r = init(&store, argv[1], &err);
	else if (mp_streq(argv[0], "refresh") && argc == 1)
		r = refresh(&s, &store, false, &err);
	else if (mp_streq(argv[0], "download") && argc == 1)
		r = refresh(&s, &store, true, &err);
	else
		return mp_fail_usage("it is 'init ROOT_JSON', 'refresh' or 'download'");
	return r < 0 ? mp_fail(&err) : EXIT_SUCCESS;
}
