/* SPDX-License-Identifier: Apache-2.0 */
/* apt with lists, status and configuration of our own, so that nothing of the host changes and no
 * right is needed. From the host come where the mirror is, its proxy settings (the Acquire tree)
 * and Debian's archive keyring. An empty status file makes apt resolve as for an empty machine. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "crypto/hash.h"
#include "image/internal.h"

#define SUITE "trixie"
#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"
#define TEXT_MAX (4u << 20)

int apt_open(const char *cache, const char *shared, const char *architecture, struct apt *ret,
	     struct mp_err *err)
{
	struct apt a = {.architecture = architecture,
			.dir = mp_str_format("%s/apt-%s", cache, architecture),
			.packages = mp_str_format("%s/packages", cache),
			.shared = mp_str_format("%s/packages", shared),
			.config = mp_str_format("%s/apt-%s/apt.conf", cache, architecture)};
	static const char *const folders[] = {"lists/partial", "none/partial"};
	int r = a.dir && a.packages && a.shared && a.config ? 0 : OOM(err);

	for (int i = 0; i < 2 && r == 0; i++) {
		auto_free char *path = mp_str_format("%s/%s", a.dir, folders[i]);

		r = path ? mp_file_make_dirs(path, 0755, err) : OOM(err);
	}
	if (r == 0)
		r = mp_file_make_dirs(a.packages, 0755, err);
	if (r == 0)
		r = mp_file_make_dirs(a.shared, 0755, err);
	if (r < 0)
		apt_done(&a);
	else
		*ret = a;
	return r;
}

void apt_done(struct apt *a)
{
	free(a->dir);
	free(a->packages);
	free(a->shared);
	free(a->config);
	*a = (struct apt){0};
}

/* "LABEL URI" lines of what the host's apt is set up for; the first Debian and the first security
 * archive are our mirror. */
static int find_mirror(char debian[256], char security[256], struct mp_err *err)
{
	static const char *const argv[] = {"apt-get",
					   "indextargets",
					   "--format",
					   "$(RELEASE) $(REPO_URI) $(ORIGIN)",
					   "Created-By: Packages",
					   NULL};
	MP_BUF(text, TEXT_MAX);
	char *rest = NULL;
	const char *forced = getenv("MP_MIRROR");
	int r;

	debian[0] = security[0] = '\0';
	r = mp_proc_run(&(struct mp_proc){.argv = argv, .output = &text}, err);
	if (r < 0)
		return r;
	for (char *line = strtok_r(text.data, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char release[64], uri[256], origin[64] = "Debian";

		if (sscanf(line, "%63s %255s %63[^\n]", release, uri, origin) < 2 ||
		    !mp_streq(origin, "Debian"))
			continue;
		if (strstr(release, "-security") || strstr(uri, "debian-security"))
			strcpy(security[0] ? uri : security, uri);
		else if (!debian[0])
			strcpy(debian, uri);
	}
	if (forced)
		(void)snprintf(debian, 256, "%s", forced);
	return debian[0] ? 0
			 : mp_err_set(err, -ENOENT,
				      "this host's apt knows no Debian mirror: set "
				      "MP_MIRROR to the address of one");
}

/* Proxies and the like, as `apt-config dump` prints them. */
static int add_host_settings(struct mp_buf *config, struct mp_err *err)
{
	static const char *const argv[] = {"apt-config", "dump", NULL};
	MP_BUF(text, TEXT_MAX);
	char *rest = NULL;
	int r = mp_proc_run(&(struct mp_proc){.argv = argv, .output = &text}, err);

	for (char *line = r < 0 ? NULL : strtok_r(text.data, "\n", &rest); line && r == 0;
	     line = strtok_r(NULL, "\n", &rest))
		if (mp_str_starts_with(line, "Acquire::") && !strstr(line, "IndexTargets") &&
		    !strstr(line, "CompressionTypes"))
			r = mp_buf_printf(config, "%s\n", line);
	return r;
}

static int write_config(const struct apt *a, struct mp_err *err)
{
	MP_BUF(config, TEXT_MAX);
	int r = add_host_settings(&config, err);

	if (r < 0)
		return r;
	r = mp_buf_printf(
		&config,
		"Dir \"%s\";\nDir::State \"%s\";\nDir::State::lists \"%s/lists\";\n"
		"Dir::State::status \"%s/status\";\nDir::Cache \"%s\";\n"
		"Dir::Cache::archives \"%s/none\";\nDir::Etc::sourcelist \"%s/sources\";\n"
		"Dir::Etc::sourceparts \"/dev/null\";\nDir::Etc::parts \"/dev/null\";\n"
		"Dir::Etc::preferencesparts \"/dev/null\";\nDir::Etc::preferences "
		"\"/dev/null\";\nAPT::Architecture \"%s\";\n"
		"APT::Architectures { \"%s\"; };\nAPT::Install-Recommends \"false\";\n"
		"APT::Sandbox::User \"root\";\nAcquire::ForceHash \"SHA256\";\n"
		"Acquire::Languages \"none\";\n",
		a->dir, a->dir, a->dir, a->dir, a->dir, a->dir, a->dir, a->architecture,
		a->architecture);
	return r < 0 ? OOM(err) : mp_file_write(a->config, config.data, config.len, 0644, err);
}

static int write_sources(const struct apt *a, struct mp_err *err)
{
	static const char *const suites[] = {SUITE, SUITE "-updates", SUITE "-backports"};
	auto_free char *path = mp_str_format("%s/sources", a->dir);
	auto_free char *status = mp_str_format("%s/status", a->dir);
	char debian[256], security[256];
	MP_BUF(text, TEXT_MAX);
	int r = path && status ? find_mirror(debian, security, err) : OOM(err);

	if (r < 0)
		return r;
	for (int i = 0; i < 3 && r == 0; i++)
		r = mp_buf_printf(&text, "deb [signed-by=" KEYRING "] %s %s main\n", debian,
				  suites[i]);
	if (r == 0 && security[0])
		r = mp_buf_printf(&text, "deb [signed-by=" KEYRING "] %s " SUITE "-security main\n",
				  security);
	if (r < 0)
		return OOM(err);
	r = mp_file_write(status, "", 0, 0644, err);
	return r < 0 ? r : mp_file_write(path, text.data, text.len, 0644, err);
}

static int run(const struct apt *a, const struct list *args, const char *dir, struct mp_buf *output,
	       struct mp_err *err)
{
	auto_free char *env = mp_str_format("APT_CONFIG=%s", a->config);
	auto_free const char **argv = calloc(args->n + 1, sizeof(*argv));
	const char *const envs[] = {env, "LC_ALL=C", NULL};

	if (!env || !argv)
		return OOM(err);
	for (size_t i = 0; i < args->n; i++)
		argv[i] = args->items[i];
	return mp_proc_run(
		&(struct mp_proc){.argv = argv, .env = envs, .dir = dir, .output = output}, err);
}

static int add_all(struct list *l, const char *const *items)
{
	int r = 0;

	for (; *items && r == 0; items++)
		r = list_add(l, *items);
	return r;
}

/* Fetch the mirror's lists, once a run. */
static int refresh(struct apt *a, struct mp_err *err)
{
	static const char *const update[] = {"apt-get", "-qq", "--error-on=any", "update", NULL};
	MP_BUF(output, TEXT_MAX);
	LIST(args);
	int r;

	if (a->fresh)
		return 0;
	r = write_config(a, err);
	if (r == 0)
		r = write_sources(a, err);
	if (r < 0)
		return r;
	r = add_all(&args, update) < 0 ? OOM(err) : run(a, &args, NULL, &output, err);
	if (r < 0)
		return mp_err_wrap(err, r, "the Debian mirror does not answer");
	a->fresh = true;
	return 0;
}

/* 'URI' name_version_arch.deb SIZE SHA256:HEX */
static struct mp_json *parse_line(const char *line, const struct list *wishes)
{
	char file[256], sha256[65], name[128], version[128];
	auto_(mp_json) *p = NULL;
	char unwanted[130], *epoch;

	if (sscanf(line, "'%*[^']' %255s %*s SHA256:%64s", file, sha256) != 2 ||
	    sscanf(file, "%127[^_]_%127[^_]_", name, version) != 2)
		return NULL;
	(void)snprintf(unwanted, sizeof(unwanted), "-%s", name);
	if (list_has(wishes, unwanted))
		return NULL;
	epoch = strstr(version, "%3a");
	if (epoch) {
		*epoch = ':';
		memmove(epoch + 1, epoch + 3, strlen(epoch + 3) + 1);
	}
	p = mp_json_new_object();
	if (mp_json_put_str(p, "name", name) < 0 || mp_json_put_str(p, "version", version) < 0 ||
	    mp_json_put_str(p, "sha256", sha256) < 0 || mp_json_put_str(p, "file", file) < 0)
		return NULL;
	return take_ptr(p);
}

static int parse_uris(char *text, const struct list *wishes, struct mp_json **ret,
		      struct mp_err *err)
{
	LIST(lines);
	auto_(mp_json) *array = mp_json_new_array();
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (*line == '\'' && list_add(&lines, line) < 0)
			return OOM(err);
	for (size_t i = 0; i < lines.n; i++) {
		struct mp_json *p = parse_line(lines.items[i], wishes);

		if (p && mp_json_append(array, p) < 0)
			return OOM(err);
	}
	if (mp_json_size(array) == 0)
		return mp_err_set(err, -EBADMSG, "apt names no packages");
	*ret = take_ptr(array);
	return 0;
}

int apt_resolve(struct apt *a, const struct list *wishes, struct mp_json **ret, struct mp_err *err)
{
	static const char *const install[] = {"apt-get",      "-qq",	 "-y",
					      "--print-uris", "install", NULL};
	MP_BUF(output, TEXT_MAX);
	LIST(args);
	int r = refresh(a, err);

	if (r < 0)
		return r;
	r = add_all(&args, install);
	for (size_t i = 0; i < wishes->n && r == 0; i++)
		if (wishes->items[i][0] != '-')
			r = list_add(&args, wishes->items[i]);
	r = r < 0 ? OOM(err) : run(a, &args, NULL, &output, err);
	return r < 0 ? r : parse_uris(output.data ? output.data : (char[]){""}, wishes, ret, err);
}

/* One more name for a file; another file system gets a copy. */
static int share(const char *from, const char *to)
{
	if (link(from, to) == 0 || errno == EEXIST)
		return 0;
	return mp_file_exists(from) ? file_copy(from, to, NULL) : -ENOENT;
}

static int check(const struct apt *a, const struct package *p, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", a->packages, p->file);
	auto_free char *shared = mp_str_format("%s/%s", a->shared, p->file);
	uint64_t size;
	char sha256[65];
	int r = path && shared ? mp_sha256_file(path, sha256, &size) : -ENOMEM;

	if (r < 0)
		return mp_err_set(err, r, "%s: %s", p->file, strerror(-r));
	if (mp_streq(sha256, p->sha256)) {
		(void)share(path, shared);
		return 0;
	}
	(void)unlink(path);
	return mp_err_set(err, -EBADMSG, "%s is not the file that mp.lock names", p->file);
}

/* Take it from what other products have downloaded. */
static bool have(const struct apt *a, const struct package *p, const char *path)
{
	auto_free char *shared = mp_str_format("%s/%s", a->shared, p->file);
	uint64_t size;
	char sha256[65];

	if (mp_file_exists(path))
		return true;
	return shared && mp_sha256_file(shared, sha256, &size) == 0 &&
	       mp_streq(sha256, p->sha256) && share(shared, path) == 0;
}

/* "NAME=VERSION" of what the cache lacks. */
static int add_missing(const struct apt *a, const struct mp_json *group, struct list *args,
		       struct mp_err *err)
{
	for (size_t i = 0; i < mp_json_size(group); i++) {
		auto_free char *path = NULL, *wish = NULL;
		struct package p;
		int r = lock_package(group, i, &p, err);

		if (r < 0)
			return r;
		path = mp_str_format("%s/%s", a->packages, p.file);
		wish = mp_str_format("%s=%s", p.name, p.version);
		if (!path || !wish || (!have(a, &p, path) && list_add(args, wish) < 0))
			return OOM(err);
	}
	return 0;
}

int apt_fetch(struct apt *a, const struct mp_json *group, struct mp_err *err)
{
	static const char *const download[] = {"apt-get", "-qq", "download", NULL};
	LIST(args);
	size_t none;
	struct package p;
	int r = add_all(&args, download) < 0 ? OOM(err) : 0;

	none = args.n;
	if (r == 0)
		r = add_missing(a, group, &args, err);
	if (r < 0 || args.n == none)
		return r;
	r = refresh(a, err);
	if (r == 0)
		r = run(a, &args, a->packages, NULL, err);
	if (r < 0)
		return mp_err_wrap(err, r,
				   "cannot download what mp.lock names and cache/packages lacks "
				   "('mp build --update' locks what the mirror has now)");
	for (size_t i = 0; i < mp_json_size(group) && r == 0; i++) {
		r = lock_package(group, i, &p, err);
		if (r == 0)
			r = check(a, &p, err);
	}
	return r;
}
