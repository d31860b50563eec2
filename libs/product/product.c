/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of product.yaml are rows of tables: name, how to read the value, where it goes. A map is
 * a row whose `members` is a table of its own. */
#include "product/product.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "yaml/yaml.h"

#define FILE_MAX (1u << 20)
#define DAY 86400u
#define PORT_MAX 65535
#define DAYS_MAX 36500 /* as mp-server's options */

struct key {
	const char *name; /* NULL ends the table */
	int (*check)(const struct mp_yaml *n, const char *text, struct mp_err *err);
	size_t at; /* of the value in struct mp_product */
	enum { TEXT, LIST, SECONDS, NUMBER, MAP, FIRMWARE } kind;
	bool required;
	bool is_short; /* MAP: text instead of it is its first member */
	size_t n_at, max; /* LIST: where its length goes, and the most items */
	uint64_t least, most; /* SECONDS, NUMBER */
	const struct key *members; /* MAP */
};

static bool all_of(const char *s, const char *set)
{
	return *s && s[strspn(s, set)] == '\0';
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static int check_product(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (all_of(text, LOWER DIGITS "-") && text[0] != '-' && strlen(text) <= 32)
		return 0;
	return mp_yaml_err(n, err, -EBADMSG,
			   "'%s' is not a product name: use at most 32 of a-z, 0-9 and '-'", text);
}

static int check_version(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (mp_version_is_valid(text) && strlen(text) < 32)
		return 0;
	return mp_yaml_err(n, err, -EBADMSG,
			   "'%s' is not a version: write one to four numbers, like 1.10.0", text);
}

static int check_board(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (mp_str_is_name(text, 63))
		return 0;
	return mp_yaml_err(n, err, -EBADMSG, "'%s' is not a board's name", text);
}

static int check_package(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (all_of(text, LOWER DIGITS "+.-") && strlen(text) < 128)
		return 0;
	return mp_yaml_err(n, err, -EBADMSG, "'%s' is not the name of a Debian package", text);
}

static int check_host(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (all_of(text, LOWER UPPER DIGITS ".:-") && strlen(text) < 254)
		return 0;
	return mp_yaml_err(n, err, -EBADMSG, "'%s' is neither a host name nor an IP address", text);
}

static int check_path(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (*text && *text != '/' && !mp_str_starts_with(text, "../") && !strstr(text, "/../"))
		return 0;
	return mp_yaml_err(n, err, -EBADMSG, "'%s' must be a path below the product folder", text);
}

static int check_kernel(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	static const char *const ours[] = {"roothash=", "mp.release="};

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '"' || (unsigned char)*c > '~')
			return mp_yaml_err(n, err, -EBADMSG,
					   "kernel_arguments holds a character "
					   "that has no place in them");
	for (size_t i = 0; i < 2; i++)
		if (strstr(text, ours[i]))
			return mp_yaml_err(n, err, -EBADMSG,
					   "leave '%s' out of kernel_arguments: mp build sets it",
					   ours[i]);
	return 0;
}

#define HTTPS "https://"
#define COAPS "coaps://"
#define COAPS_TCP "coaps+tcp://"

/* SCHEME://HOST[:PORT], where HOST may be [an IPv6 address]. Returns the port or -EBADMSG. */
static int url_port(const char *url, const char *scheme, int otherwise)
{
	const char *host = url + strlen(scheme), *end;
	uint64_t port;

	if (!mp_str_starts_with(url, scheme))
		return -EBADMSG;
	end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":/");
	if (!end || end == host)
		return -EBADMSG;
	end += *end == ']';
	if (mp_streq(end, "") || mp_streq(end, "/"))
		return otherwise;
	if (*end != ':' || mp_str_parse_u64(end + 1, 65535, &port) < 0 || port == 0)
		return -EBADMSG;
	return (int)port;
}

/* That of a URL of this scheme, unless the port has been named. */
static void take_port(const char *url, const char *scheme, uint64_t *port)
{
	int n = url_port(url, scheme, 5684);

	if (n > 0 && !*port)
		*port = (uint64_t)n;
}

static int check_url(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (url_port(text, HTTPS, 443) > 0)
		return 0;
	return mp_yaml_err(n, err, -EBADMSG,
			   "'%s' is not the server's address: write https://HOST:PORT", text);
}

static int check_lwm2m(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if ((url_port(text, COAPS, 5684) > 0 || url_port(text, COAPS_TCP, 5684) > 0) &&
	    strlen(text) < 200)
		return 0;
	return mp_yaml_err(n, err, -EBADMSG,
			   "'%s' is not the address of an LwM2M server: write coaps://HOST:PORT, "
			   "or coaps+tcp://HOST:PORT where UDP does not get through",
			   text);
}

static int check_channel(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (mp_streq(text, "ddi") || mp_streq(text, "lwm2m"))
		return 0;
	return mp_yaml_err(n, err, -EBADMSG,
			   "'%s' is no channel by which updates come: write ddi, lwm2m, or both",
			   text);
}

static int check_firmware_version(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (mp_str_is_name(text, 63))
		return 0;
	return mp_yaml_err(n, err, -EBADMSG,
			   "'%s' is not a version: write at most 63 letters, digits, '.', '_' and "
			   "'-', like 1.10.0 (in quotes)",
			   text);
}

static int check_object(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (mp_streq(text, "firmware") || mp_streq(text, "software") || mp_streq(text, "advanced"))
		return 0;
	return mp_yaml_err(n, err, -EBADMSG,
			   "'%s' is not an object that takes firmware: write firmware, software or "
			   "advanced",
			   text);
}

static int check_component(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	size_t len = 0;

	while (text[len] >= ' ' && text[len] <= '~')
		len++;
	if (len > 0 && len <= MP_PRODUCT_COMPONENT && !text[len])
		return 0;
	return mp_yaml_err(n, err, -EBADMSG, "'%s' is not the name of a component", text);
}

static int check_transfer(const struct mp_yaml *n, const char *text, struct mp_err *err)
{
	if (mp_streq(text, "push") || mp_streq(text, "pull"))
		return 0;
	return mp_yaml_err(n, err, -EBADMSG, "'%s' is no way to travel: write push or pull", text);
}

#define AT(member) offsetof(struct mp_product, member)
#define LIST_AT(member, n_member, most)                                                            \
	.kind = LIST, .at = AT(member), .n_at = AT(n_member), .max = (most)

#define NUMBER_AT(member, the_most) .kind = NUMBER, .at = AT(member), .least = 1, .most = (the_most)

static const struct key port_keys[] = {
	{.name = "coaps", NUMBER_AT(server.lwm2m.coaps_port, PORT_MAX)},
	{.name = "coap", NUMBER_AT(server.lwm2m.coap_port, PORT_MAX)},
	{.name = "coap_tcp", NUMBER_AT(server.lwm2m.coap_tcp_port, PORT_MAX)},
	{.name = "coaps_tcp", NUMBER_AT(server.lwm2m.coaps_tcp_port, PORT_MAX)},
	{.name = "bootstrap", NUMBER_AT(server.lwm2m.bootstrap_port, PORT_MAX)},
	{.name = "bootstrap_coap", NUMBER_AT(server.lwm2m.bootstrap_coap_port, PORT_MAX)},
	{0},
};
static const struct key telemetry_keys[] = {
	{.name = "days", NUMBER_AT(server.lwm2m.telemetry_days, DAYS_MAX)},
	{.name = "hourly_days", NUMBER_AT(server.lwm2m.telemetry_hourly_days, DAYS_MAX)},
	{0},
};
static const struct key lwm2m_keys[] = {
	{.name = "url", .check = check_lwm2m, .at = AT(server.lwm2m.url)},
	{.name = "ports", .kind = MAP, .members = port_keys},
	{.name = "telemetry", .kind = MAP, .members = telemetry_keys},
	{0},
};
static const struct key server_keys[] = {
	{.name = "url", .check = check_url, .at = AT(server.url), .required = true},
	{.name = "names",
	 .check = check_host,
	 .required = true,
	 LIST_AT(server.names, server.n_names, MP_PRODUCT_NAMES)},
	{.name = "lwm2m", .kind = MAP, .is_short = true, .members = lwm2m_keys},
	{0},
};
static const struct key os_keys[] = {
	{.name = "overlay", .check = check_path, .at = AT(os.overlay)},
	{.name = "packages",
	 .check = check_package,
	 LIST_AT(os.packages, os.n_packages, MP_PRODUCT_PACKAGES)},
	{.name = "kernel_arguments", .check = check_kernel, .at = AT(os.kernel_arguments)},
	{0},
};
static const struct key update_keys[] = {
	{.name = "poll", .kind = SECONDS, .at = AT(update.poll), .least = 1, .most = DAY},
	{.name = "proof_timeout",
	 .kind = SECONDS,
	 .at = AT(update.proof_timeout),
	 .least = 10,
	 .most = DAY},
	{.name = "grace", .kind = SECONDS, .at = AT(update.grace), .most = 30 * DAY},
	{.name = "channels",
	 .check = check_channel,
	 LIST_AT(update.channels, update.n_channels, MP_PRODUCT_CHANNELS)},
	{0},
};
#define ROW_AT(member) offsetof(struct mp_product_firmware, member)
static const struct key firmware_keys[] = {
	{.name = "file", .check = check_path, .at = ROW_AT(file), .required = true},
	{.name = "version",
	 .check = check_firmware_version,
	 .at = ROW_AT(version),
	 .required = true},
	{.name = "object", .check = check_object, .at = ROW_AT(object)},
	{.name = "transfer", .check = check_transfer, .at = ROW_AT(transfer)},
	{0},
};
/* Of a board with components, whose own keys are the next ones. */
static const struct key parted_keys[] = {
	{.name = "components", .kind = MAP, .required = true},
	{.name = "object", .check = check_object, .at = ROW_AT(object)},
	{.name = "transfer", .check = check_transfer, .at = ROW_AT(transfer)},
	{0},
};
static const struct key component_keys[] = {
	{.name = "file", .check = check_path, .at = ROW_AT(file), .required = true},
	{.name = "version",
	 .check = check_firmware_version,
	 .at = ROW_AT(version),
	 .required = true},
	{0},
};
#undef ROW_AT
static const struct key product_keys[] = {
	{.name = "product", .check = check_product, .at = AT(name), .required = true},
	{.name = "version", .check = check_version, .at = AT(version), .required = true},
	{.name = "notes", .at = AT(notes)},
	{.name = "minimum_version", .check = check_version, .at = AT(minimum_version)},
	{.name = "boards", .check = check_board, LIST_AT(boards, n_boards, MP_PRODUCT_BOARDS)},
	{.name = "firmware", .kind = FIRMWARE},
	{.name = "server", .kind = MAP, .members = server_keys, .required = true},
	{.name = "os", .kind = MAP, .members = os_keys},
	{.name = "app", .check = check_path, .at = AT(app)},
	{.name = "update", .kind = MAP, .members = update_keys},
	{0},
};
#undef AT

static int read_text(const struct key *k, const struct mp_yaml *n, const char **ret,
		     struct mp_err *err)
{
	const char *text = mp_yaml_str(n);
	int r;

	if (!text)
		return mp_yaml_err(n, err, -EBADMSG, "'%s' must be text", k->name);
	r = k->check ? k->check(n, text, err) : 0;
	if (r == 0)
		*ret = text;
	return r;
}

static int read_list(const struct key *k, const struct mp_yaml *n, struct mp_product *p,
		     struct mp_err *err)
{
	const char **items = (const char **)(void *)((char *)p + k->at);
	size_t *len = (size_t *)(void *)((char *)p + k->n_at);

	if (mp_yaml_type(n) != MP_YAML_LIST)
		return mp_yaml_err(n, err, -EBADMSG, "'%s' must be a list, like [a, b]", k->name);
	if (mp_yaml_size(n) > k->max)
		return mp_yaml_err(n, err, -EBADMSG, "'%s' has more than %zu entries", k->name,
				   k->max);
	if (k->required && mp_yaml_size(n) == 0)
		return mp_yaml_err(n, err, -EBADMSG, "'%s' must name at least one", k->name);
	for (size_t i = 0; i < mp_yaml_size(n); i++) {
		const struct mp_yaml *item = mp_yaml_at(n, i);
		int r = read_text(k, item, &items[i], err);

		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++)
			if (mp_streq(items[i], items[j]))
				return mp_yaml_err(item, err, -EBADMSG, "'%s' is there twice",
						   items[i]);
		*len = i + 1;
	}
	return 0;
}

static int read_number(const struct key *k, const struct mp_yaml *n, struct mp_product *p,
		       struct mp_err *err)
{
	const char *unit = k->kind == SECONDS ? "s" : "";
	uint64_t value;
	int r = k->kind == SECONDS ? mp_yaml_read_duration(n, &value, err)
				   : mp_yaml_read_u64(n, UINT32_MAX, &value, err);

	if (r < 0)
		return r;
	if (value < k->least || value > k->most)
		return mp_yaml_err(n, err, -EBADMSG, "'%s' must be between %u%s and %u%s", k->name,
				   (unsigned)k->least, unit, (unsigned)k->most, unit);
	memcpy((char *)p + k->at, &value, sizeof(value));
	return 0;
}

static int read_map(const struct mp_yaml *map, const struct key *keys, struct mp_product *p,
		    struct mp_err *err);

static int read_row(const struct mp_yaml *map, const struct key *keys,
		    struct mp_product_firmware *row, struct mp_err *err)
{
	const char *names[8] = {NULL};
	int r;

	for (size_t i = 0; keys[i].name; i++)
		names[i] = keys[i].name;
	if (mp_yaml_type(map) != MP_YAML_MAP)
		return mp_yaml_err(map, err, -EBADMSG, "'%s' must hold keys of its own",
				   *row->component ? row->component : row->board);
	r = mp_yaml_check_keys(map, names, err);
	for (size_t i = 0; r == 0 && keys[i].name; i++) {
		const struct mp_yaml *n = mp_yaml_get(map, keys[i].name);

		if (n && keys[i].kind == TEXT)
			r = read_text(&keys[i], n,
				      (const char **)(void *)((char *)row + keys[i].at), err);
		else if (!n && keys[i].required)
			r = mp_yaml_err(map, err, -EBADMSG, "'%s' is missing", keys[i].name);
	}
	return r;
}

/* The row that comes next: what is alike for the whole board, then keys of its own. */
static int read_image(const struct mp_yaml *n, const struct key *keys,
		      const struct mp_product_firmware *like, struct mp_product *p,
		      struct mp_err *err)
{
	if (p->n_firmware == MP_PRODUCT_FIRMWARE)
		return mp_yaml_err(n, err, -EBADMSG, "'firmware' must hold at most %d images",
				   MP_PRODUCT_FIRMWARE);
	p->firmware[p->n_firmware] = *like;
	return read_row(n, keys, &p->firmware[p->n_firmware++], err);
}

/* A map of components, each with an image of its own. */
static int read_components(const struct mp_yaml *board, struct mp_product_firmware *like,
			   struct mp_product *p, struct mp_err *err)
{
	const struct mp_yaml *all = mp_yaml_get(board, "components");
	int r = read_row(board, parted_keys, like, err);

	if (r == 0 && !mp_streq(like->object, "advanced"))
		r = mp_yaml_err(mp_yaml_get(board, "object"), err, -EBADMSG,
				"'components' are of object advanced alone");
	if (r == 0 && (mp_yaml_type(all) != MP_YAML_MAP || mp_yaml_size(all) == 0 ||
		       mp_yaml_size(all) > MP_PRODUCT_COMPONENTS))
		r = mp_yaml_err(all, err, -EBADMSG, "'components' must hold 1 to %d of them",
				MP_PRODUCT_COMPONENTS);
	for (size_t i = 0; r == 0 && i < mp_yaml_size(all); i++) {
		like->component = mp_yaml_key(all, i);
		r = check_component(mp_yaml_at(all, i), like->component, err);
		if (r == 0)
			r = read_image(mp_yaml_at(all, i), component_keys, like, p, err);
	}
	return r;
}

static int read_board(const char *name, const struct mp_yaml *board, struct mp_product *p,
		      struct mp_err *err)
{
	struct mp_product_firmware like = {
		.board = name, .component = "", .object = "firmware", .transfer = "pull"};
	int r = check_board(board, name, err);

	if (r < 0)
		return r;
	if (mp_yaml_type(board) == MP_YAML_MAP && mp_yaml_get(board, "components")) {
		like.object = "advanced";
		return read_components(board, &like, p, err);
	}
	return read_image(board, firmware_keys, &like, p, err);
}

/* A map of boards, each with keys of its own. */
static int read_firmware(const struct key *k, const struct mp_yaml *n, struct mp_product *p,
			 struct mp_err *err)
{
	int r = 0;

	if (mp_yaml_type(n) != MP_YAML_MAP)
		return mp_yaml_err(n, err, -EBADMSG, "'%s' must hold boards", k->name);
	for (size_t i = 0; r == 0 && i < mp_yaml_size(n); i++)
		r = read_board(mp_yaml_key(n, i), mp_yaml_at(n, i), p, err);
	return r;
}

static int read_value(const struct key *k, const struct mp_yaml *n, struct mp_product *p,
		      struct mp_err *err)
{
	switch (k->kind) {
	case TEXT:
		return read_text(k, n, (const char **)(void *)((char *)p + k->at), err);
	case LIST:
		return read_list(k, n, p, err);
	case SECONDS:
	case NUMBER:
		return read_number(k, n, p, err);
	case MAP:
		if (k->is_short && mp_yaml_type(n) == MP_YAML_SCALAR)
			return read_value(k->members, n, p, err);
		if (mp_yaml_type(n) != MP_YAML_MAP)
			return mp_yaml_err(n, err, -EBADMSG, "'%s' must hold keys of its own",
					   k->name);
		return read_map(n, k->members, p, err);
	case FIRMWARE:
		return read_firmware(k, n, p, err);
	}
	return 0;
}

static int read_key(const struct mp_yaml *map, const struct key *k, struct mp_product *p,
		    struct mp_err *err)
{
	const struct mp_yaml *n = mp_yaml_get(map, k->name);

	if (!n && k->required)
		return mp_yaml_err(map, err, -EBADMSG, "'%s' is missing", k->name);
	return n ? read_value(k, n, p, err) : 0;
}

static int read_map(const struct mp_yaml *map, const struct key *keys, struct mp_product *p,
		    struct mp_err *err)
{
	const char *names[16] = {NULL};
	int r;

	for (size_t i = 0; keys[i].name; i++)
		names[i] = keys[i].name;
	r = mp_yaml_check_keys(map, names, err);
	for (size_t i = 0; r == 0 && keys[i].name; i++)
		r = read_key(map, &keys[i], p, err);
	return r;
}

static int check_whole(const struct mp_product *p, struct mp_err *err)
{
	const struct mp_yaml *root = mp_yaml_root(p->doc);

	if (*p->minimum_version && mp_version_compare(p->minimum_version, p->version) > 0)
		return mp_yaml_err(mp_yaml_get(root, "minimum_version"), err, -EBADMSG,
				   "minimum_version %s is newer than version %s",
				   p->minimum_version, p->version);
	if (p->n_boards + p->n_firmware == 0)
		return mp_yaml_err(root, err, -EBADMSG,
				   "there is nothing to build: name 'boards', 'firmware', or both");
	if (*p->app && p->n_boards == 0)
		return mp_yaml_err(mp_yaml_get(root, "app"), err, -EBADMSG,
				   "'app' needs a board whose operating system runs it");
	if (mp_product_has_channel(p, "lwm2m") && !*p->server.lwm2m.url)
		return mp_yaml_err(mp_yaml_get(root, "update"), err, -EBADMSG,
				   "the channel lwm2m needs a server: set server.lwm2m to "
				   "coaps://HOST:PORT");
	for (size_t i = 0; i < p->n_firmware; i++)
		if (mp_product_has_board(p, p->firmware[i].board))
			return mp_yaml_err(mp_yaml_get(root, "firmware"), err, -EBADMSG,
					   "'%s' is in 'boards' and in 'firmware'",
					   p->firmware[i].board);
	return 0;
}

static struct mp_product *product_new(const char *dir, const char *file)
{
	struct mp_product *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->dir = strdup(dir);
	p->file = strdup(file);
	p->name = p->version = p->minimum_version = p->notes = p->app = "";
	p->server.url = p->server.lwm2m.url = p->os.overlay = p->os.kernel_arguments = "";
	p->update.poll = 300;
	p->update.proof_timeout = 300;
	if (!p->dir || !p->file) {
		mp_product_free(p);
		return NULL;
	}
	return p;
}

int mp_product_parse(const char *dir, const char *file, const void *text, size_t len,
		     struct mp_product **ret, struct mp_err *err)
{
	auto_(mp_product) *p = product_new(dir, file);
	struct mp_yaml_doc *doc;
	const struct mp_yaml *root;
	int r;

	if (!p)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = mp_yaml_parse(file, text, len, &doc, err);
	if (r < 0)
		return r;
	p->doc = doc;
	root = mp_yaml_root(doc);
	if (!root || mp_yaml_type(root) != MP_YAML_MAP)
		return mp_err_set(err, -EBADMSG, "%s:1: this is not a product: it has no keys",
				  file);
	r = read_map(root, product_keys, p, err);
	if (p->update.n_channels == 0)
		p->update.channels[p->update.n_channels++] = "ddi";
	if (r == 0)
		r = check_whole(p, err);
	if (r < 0)
		return r;
	p->server.port = (unsigned)url_port(p->server.url, HTTPS, 443);
	take_port(p->server.lwm2m.url, COAPS, &p->server.lwm2m.coaps_port);
	take_port(p->server.lwm2m.url, COAPS_TCP, &p->server.lwm2m.coaps_tcp_port);
	*ret = take_ptr(p);
	return 0;
}

int mp_product_load(const char *dir, struct mp_product **ret, struct mp_err *err)
{
	auto_free char *whole = realpath(dir, NULL), *here = realpath(".", NULL);
	auto_free char *path = mp_str_format("%s/" MP_PRODUCT_FILE, whole ? whole : dir);
	MP_BUF(text, FILE_MAX);
	int r;

	if (!path || !here)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (!whole || !mp_file_exists(path))
		return mp_err_set(err, -ENOENT,
				  "%s is no product folder: it has no " MP_PRODUCT_FILE, dir);
	r = mp_file_read(path, &text, err);
	if (r < 0)
		return r;
	return mp_product_parse(whole, mp_streq(whole, here) ? MP_PRODUCT_FILE : path,
				mp_buf_str(&text), text.len, ret, err);
}

int mp_product_find(const char *start, struct mp_product **ret, struct mp_err *err)
{
	auto_free char *dir = realpath(start, NULL);

	while (dir) {
		auto_free char *path = mp_str_format("%s/" MP_PRODUCT_FILE, dir);

		if (!path)
			return mp_err_set(err, -ENOMEM, "out of memory");
		if (mp_file_exists(path))
			return mp_product_load(dir, ret, err);
		if (!strrchr(dir, '/') || mp_streq(dir, "/"))
			break;
		*strrchr(dir, '/') = '\0';
		if (!*dir)
			strcpy(dir, "/");
	}
	return mp_err_set(err, -ENOENT,
			  "this is no product folder (no " MP_PRODUCT_FILE
			  " here or above): make one with 'mp init NAME', or name yours with -C");
}

void mp_product_free(struct mp_product *p)
{
	if (!p)
		return;
	mp_yaml_doc_free(p->doc);
	free((char *)p->dir);
	free((char *)p->file);
	free(p);
}

char *mp_product_path(const struct mp_product *p, const char *relative)
{
	return *relative == '/' ? strdup(relative) : mp_str_format("%s/%s", p->dir, relative);
}

bool mp_product_has_channel(const struct mp_product *p, const char *channel)
{
	for (size_t i = 0; i < p->update.n_channels; i++)
		if (mp_streq(p->update.channels[i], channel))
			return true;
	return false;
}

bool mp_product_has_board(const struct mp_product *p, const char *board)
{
	for (size_t i = 0; i < p->n_boards; i++)
		if (mp_streq(p->boards[i], board))
			return true;
	return false;
}
