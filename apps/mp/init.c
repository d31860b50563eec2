/* SPDX-License-Identifier: Apache-2.0 */
/* mp init: a product folder, whole or not at all. It grows beside its place under another name
 * and is renamed when nothing is left to go wrong. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "keyring.h"
#include "share.h"
#include "verb.h"

#define TEMPLATE_MAX (4u << 20) /* bytes of one file */

struct init_options {
	const char *product, *board, *url;
	uint64_t root_days;
};

const struct mp_option mp_options_init[] = {
	{"product", 0, MP_TEXT, offsetof(struct init_options, product), "NAME",
	 "the product's name; default the folder's"},
	{"board", 0, MP_TEXT, offsetof(struct init_options, board), "BOARD",
	 "the hardware it runs on; default qemu-x86_64"},
	{"url", 0, MP_TEXT, offsetof(struct init_options, url), "URL",
	 "the server's address as devices see it; default https://10.0.2.2:8443, which is this "
	 "machine for a device in QEMU"},
	{"root-days", 0, MP_NUMBER, offsetof(struct init_options, root_days), "NUMBER",
	 "days until the TUF root expires; default 3650"},
	{0},
};

/* "My Product" -> "my-product" */
static void name_from_folder(const char *path, char ret[33])
{
	auto_free char *copy = strdup(path);
	const char *base = copy ? basename(copy) : "";
	size_t n = 0;

	for (; *base && n < 32; base++)
		if (isalnum((unsigned char)*base))
			ret[n++] = (char)tolower((unsigned char)*base);
		else if (n > 0 && ret[n - 1] != '-')
			ret[n++] = '-';
	while (n > 0 && ret[n - 1] == '-')
		n--;
	ret[n] = '\0';
}

/* ---- the template ---- */

struct word {
	const char *name, *value; /* "@PRODUCT@" */
};

/* Copy `text`, replacing the words. */
static int fill(const struct mp_buf *text, const struct word *words, struct mp_buf *out)
{
	const char *at = mp_buf_str(text);
	int r = 0;

	while (*at && r == 0) {
		const struct word *w = words;

		while (w->name && !mp_str_starts_with(at, w->name))
			w++;
		r = w->name ? mp_buf_add_str(out, w->value) : mp_buf_add(out, at, 1);
		at += w->name ? strlen(w->name) : 1;
	}
	return r;
}

static int copy_file(const char *from, const char *to, const struct word *words, mode_t mode,
		     struct mp_err *err)
{
	MP_BUF(text, TEMPLATE_MAX);
	MP_BUF(filled, TEMPLATE_MAX);
	int r = mp_file_read(from, &text, err);

	if (r < 0)
		return r;
	if (!mp_str_ends_with(from, "/" MP_PRODUCT_FILE))
		return mp_file_write(to, mp_buf_str(&text), text.len, mode, err);
	r = fill(&text, words, &filled);
	return r < 0 ? mp_err_set(err, r, "%s is too large", from)
		     : mp_file_write(to, mp_buf_str(&filled), filled.len, mode, err);
}

static int copy_tree(const char *from, const char *to, const struct word *words,
		     struct mp_err *err);

static int copy_entry(const char *from, const char *to, const struct word *words,
		      struct mp_err *err)
{
	struct stat st;

	if (lstat(from, &st) < 0)
		return mp_err_set(err, -errno, "cannot read %s: %s", from, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return copy_tree(from, to, words, err);
	return copy_file(from, to, words, st.st_mode & 0111 ? 0755 : 0644, err);
}

static int copy_tree(const char *from, const char *to, const struct word *words, struct mp_err *err)
{
	DIR *d = opendir(from);
	const struct dirent *entry;
	int r;

	if (!d)
		return mp_err_set(err, -errno, "cannot read the template %s: %s", from,
				  strerror(errno));
	r = mp_file_make_dirs(to, 0755, err);
	while (r == 0 && (entry = readdir(d))) {
		auto_free char *source = mp_str_format("%s/%s", from, entry->d_name);
		auto_free char *target = mp_str_format("%s/%s", to, entry->d_name);

		if (mp_streq(entry->d_name, ".") || mp_streq(entry->d_name, ".."))
			continue;
		r = source && target ? copy_entry(source, target, words, err)
				     : mp_err_set(err, -ENOMEM, "out of memory");
	}
	closedir(d);
	return r;
}

/* Names for the server's certificate: this machine's own, and HOST of https://HOST:PORT. */
static void names_of(const char *url, char ret[320])
{
	const char *host = strstr(url, "://");
	char name[256];
	size_t len;

	host = host ? host + 3 : url;
	host += *host == '[';
	len = strcspn(host, strchr(url, '[') ? "]" : ":/");
	snprintf(name, sizeof(name), "%.*s", (int)(len < 255 ? len : 255), host);
	if (mp_streq(name, "localhost") || mp_streq(name, "127.0.0.1"))
		snprintf(ret, 320, "localhost, 127.0.0.1");
	else
		snprintf(ret, 320, "localhost, 127.0.0.1, \"%s\"", name);
}

/* The new product.yaml; complaints name it as the user will see it. */
static int load(const char *dir, struct mp_product **ret, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/" MP_PRODUCT_FILE, dir);
	MP_BUF(text, TEMPLATE_MAX);
	int r = path ? mp_file_read(path, &text, err) : -ENOMEM;

	return r < 0 ? r
		     : mp_product_parse(dir, MP_PRODUCT_FILE, mp_buf_str(&text), text.len, ret,
					err);
}

/* ---- the folder ---- */

static int check_free(const char *path, struct mp_err *err)
{
	struct stat st;
	int n = 0;
	DIR *d;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : mp_err_set(err, -errno, "cannot look at %s: %s", path,
						    strerror(errno));
	d = opendir(path);
	if (!d)
		return mp_err_set(err, -EEXIST, "%s exists and is no folder: choose another name",
				  path);
	while (readdir(d))
		n++;
	closedir(d);
	if (n > 2)
		return mp_err_set(err, -EEXIST,
				  "the folder %s is not empty: choose another name, or empty it",
				  path);
	return 0;
}

static int populate(const char *dir, const char *name, const struct init_options *o,
		    struct mp_err *err)
{
	auto_free char *template = mp_share_path("templates/product");
	auto_(mp_product) *p = NULL;
	char names[320];
	const struct word words[] = {{"@PRODUCT@", name},
				     {"@BOARD@", o->board},
				     {"@URL@", o->url},
				     {"@NAMES@", names},
				     {0}};
	int r;

	if (!template)
		return mp_err_set(err, -ENOENT,
				  "the template of a product is not installed: "
				  "reinstall mp");
	names_of(o->url, names);
	mp_step("making the folder from %s", template);
	r = copy_tree(template, dir, words, err);
	if (r == 0)
		r = load(dir, &p, err);
	if (r < 0)
		return r;
	mp_step("making keys for releases, secure boot, devices and the server");
	return mp_keyring_create(dir, p, (unsigned)o->root_days, err);
}

static int fill_and_rename(char *tmp, const char *path, const char *name,
			   const struct init_options *o, struct mp_err *err)
{
	int r = populate(tmp, name, o, err);

	if (r == 0 && (chmod(tmp, 0755) < 0 || rename(tmp, path) < 0))
		r = mp_err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
	if (r < 0)
		(void)mp_file_remove_tree(tmp, NULL);
	return r;
}

/* Fill a new folder beside `path` and rename it. Ctrl-C waits for that second. */
static int create(const char *path, const char *name, const struct init_options *o,
		  struct mp_err *err)
{
	auto_free char *copy = strdup(path);
	auto_free char *tmp = copy ? mp_str_format("%s/.mp-init-XXXXXX", dirname(copy)) : NULL;
	sigset_t stops, before;
	int r;

	if (!tmp)
		return mp_err_set(err, -ENOMEM, "out of memory");
	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGHUP);
	sigprocmask(SIG_BLOCK, &stops, &before);
	if (mkdtemp(tmp))
		r = fill_and_rename(tmp, path, name, o, err);
	else
		r = mp_err_set(err, -errno, "cannot make a folder in %s: %s", dirname(tmp),
			       strerror(errno));
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int mp_verb_init(int argc, char *argv[])
{
	struct init_options o = {
		.board = "qemu-x86_64", .url = "https://10.0.2.2:8443", .root_days = MP_ROOT_DAYS};
	struct mp_err err = {0};
	char name[33];
	int status = mp_options_parse(mp_options_init, &o, &argc, &argv);

	if (status != MP_GO_ON)
		return status;
	if (o.root_days < 1 || o.root_days > 36500)
		return mp_fail_usage("--root-days is a number from 1 to 36500");
	name_from_folder(argv[0], name);
	if (check_free(argv[0], &err) < 0 ||
	    create(argv[0], o.product ? o.product : name, &o, &err) < 0)
		return mp_fail(&err);
	mp_step("%s is ready; keep a copy of %s/keys where no network reaches", argv[0], argv[0]);
	mp_step("next: 'mp -C %s build', then 'mp -C %s serve' and 'mp -C %s publish'", argv[0],
		argv[0], argv[0]);
	return EXIT_SUCCESS;
}
