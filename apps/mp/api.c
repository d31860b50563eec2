/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "http/client.h"

#define ANSWER_MAX (64u << 20)
#define PAGE 500

struct mp_api {
	char *url, *token_file, *ca_file;
	char *authorization; /* the header line */
	struct mp_http_client *http;
};

void mp_api_free(struct mp_api *a)
{
	if (!a)
		return;
	mp_http_client_free(a->http);
	if (a->authorization)
		explicit_bzero(a->authorization, strlen(a->authorization));
	free(a->authorization);
	free(a->url);
	free(a->token_file);
	free(a->ca_file);
	free(a);
}

const char *mp_api_url(const struct mp_api *a)
{
	return a->url;
}

/* Without the '/' that an address may end in. */
static char *copy_url(const char *url)
{
	size_t len = strlen(url);

	return strndup(url, len > 0 && url[len - 1] == '/' ? len - 1 : len);
}

/* We are most likely beside the server: its loopback name, an address rather than a name that
 * has to be looked up. */
static char *loopback_url(const struct mp_product *p)
{
	const char *name = NULL;

	for (size_t i = 0; i < p->server.n_names && !name; i++)
		if (mp_str_starts_with(p->server.names[i], "127."))
			name = p->server.names[i];
	for (size_t i = 0; i < p->server.n_names && !name; i++)
		if (mp_streq(p->server.names[i], "localhost"))
			name = "localhost";
	return name ? mp_str_format("https://%s:%u", name, p->server.port)
		    : copy_url(p->server.url);
}

static const char *chosen(const char *option, const char *variable)
{
	const char *env = variable ? getenv(variable) : NULL;

	return option ? option : env && *env ? env : NULL;
}

/* Where the server is and what we show it; the product folder is asked for what is not given. */
static int locate(struct mp_api *a, const struct mp_server_options *o, struct mp_err *err)
{
	const char *url = chosen(o->url, "MP_SERVER");
	const char *token = chosen(o->token_file, "MP_TOKEN_FILE"), *ca = o->ca_file;
	auto_(mp_product) *p = NULL;
	int r;

	if (!url || !token || !ca) {
		r = mp_here(&p, err);
		if (r < 0)
			return r;
	}
	a->url = url ? copy_url(url) : loopback_url(p);
	a->token_file = token ? strdup(token) : mp_product_path(p, "server/admin.token");
	a->ca_file = ca ? strdup(ca) : mp_product_path(p, "keys/server-ca.crt");
	if (!a->url || !a->token_file || !a->ca_file)
		return mp_err_set(err, -ENOMEM, "out of memory");
	return 0;
}

static int read_token(struct mp_api *a, struct mp_err *err)
{
	MP_BUF(text, 4096);
	int r;

	if (!mp_file_exists(a->token_file))
		return mp_err_set(err, -ENOENT,
				  "there is no token in %s: start the server once with 'mp serve', "
				  "which writes it, or name a file with --token-file",
				  a->token_file);
	r = mp_file_read(a->token_file, &text, err);
	if (r < 0)
		return r;
	while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	for (size_t i = 0; i < text.len; i++)
		if (!isgraph((unsigned char)text.data[i]))
			text.len = 0;
	if (text.len == 0)
		return mp_err_set(err, -EBADMSG, "%s holds no token", a->token_file);
	a->authorization = mp_str_format("Authorization: Bearer %s", text.data);
	explicit_bzero(text.data, text.len);
	return a->authorization ? 0 : mp_err_set(err, -ENOMEM, "out of memory");
}

int mp_api_open(const struct mp_server_options *o, struct mp_api **ret, struct mp_err *err)
{
	auto_(mp_api) *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = locate(a, o, err);
	if (r == 0)
		r = read_token(a, err);
	if (r == 0 && mp_str_starts_with(a->url, "https:") && !mp_file_exists(a->ca_file))
		r = mp_err_set(err, -ENOENT,
			       "there is no %s to check the server by: name it with "
			       "--ca",
			       a->ca_file);
	if (r == 0)
		r = mp_http_client_new(
			&(struct mp_http_client_config){.ca_file = a->ca_file, .user_agent = "mp"},
			&a->http, err);
	if (r < 0)
		return r;
	*ret = take_ptr(a);
	return 0;
}

int mp_api_begin(const struct mp_option *options, void *into,
		 const struct mp_server_options *server, int *argc, char ***argv,
		 struct mp_api **ret)
{
	struct mp_err err = {0};
	int status = mp_options_parse(options, into, argc, argv);

	if (status != MP_GO_ON)
		return status;
	return mp_api_open(server, ret, &err) < 0 ? mp_fail(&err) : MP_GO_ON;
}

/* A connection that failed, in words that say what to do. */
static int explain(const struct mp_api *a, int r, struct mp_err *err)
{
	switch (r) {
	case -ECONNREFUSED:
		return mp_err_set(err, r, "cannot reach the server at %s: start it with 'mp serve'",
				  a->url);
	case -ETIMEDOUT:
	case -EHOSTUNREACH:
		return mp_err_set(err, r,
				  "the server at %s does not answer: check the address and "
				  "the network",
				  a->url);
	case -EKEYREJECTED:
		return mp_err_set(err, r,
				  "the server at %s has no certificate by %s: it is another "
				  "product's server, or its name is not in product.yaml's "
				  "server.names",
				  a->url, a->ca_file);
	default:
		return mp_err_wrap(err, r, "talking to the server at %s", a->url);
	}
}

/* The server's sentence as it goes on behind "mp VERB: ": no capital, no full stop. */
static const char *inner_sentence(const char *text, char ret[400])
{
	size_t len = text ? strlen(text) : 0;

	if (len == 0 || len >= 400)
		return text;
	memcpy(ret, text, len + 1);
	if (!isupper((unsigned char)ret[1]))
		ret[0] = (char)tolower((unsigned char)ret[0]);
	if (ret[len - 1] == '.')
		ret[len - 1] = '\0';
	return ret;
}

/* What the server said no with, as one of our codes. */
static int refusal(const struct mp_api *a, int status, const struct mp_buf *body,
		   struct mp_err *err)
{
	int code = status == 404		    ? -ENOENT
		   : status == 409		    ? -EEXIST
		   : status == 401 || status == 403 ? -EPERM
						    : -EREMOTEIO;
	auto_(mp_json) *answer = NULL;
	const char *why = NULL;
	char sentence[400];

	if (mp_json_parse(mp_buf_str(body), body->len, &answer, NULL) == 0)
		why = inner_sentence(mp_json_str(mp_json_get(answer, "error"), NULL), sentence);
	if (status == 401)
		return mp_err_set(err, code, "the server does not accept the token in %s%s%s",
				  a->token_file, why ? ": " : "", why ? why : "");
	if (why)
		return mp_err_set(err, code, "%s", why);
	return mp_err_set(err, code, "the server at %s answered with status %d", a->url, status);
}

static int call(struct mp_api *a, struct mp_http_call *c, const char *path,
		const char *content_type, struct mp_http_result *ret, struct mp_err *err)
{
	auto_free char *url = mp_str_format("%s/api/v1/%s", a->url, path);
	const char *headers[] = {a->authorization, content_type, NULL};
	int r;

	if (!url)
		return mp_err_set(err, -ENOMEM, "out of memory");
	c->url = url;
	c->headers = headers;
	r = mp_http_call(a->http, c, ret, err);
	return r < 0 ? explain(a, r, err) : 0;
}

/* One call whose whole answer is wanted, any 2xx being good. */
static int call_for(struct mp_api *a, struct mp_http_call *c, const char *path, const char *type,
		    struct mp_buf *into, struct mp_err *err)
{
	struct mp_http_result result = {0};
	int r;

	c->into = into;
	r = call(a, c, path, type, &result, err);
	if (r < 0)
		return r;
	return result.status / 100 == 2 ? 0 : refusal(a, result.status, into, err);
}

int mp_api_send(struct mp_api *a, const char *method, const char *path, const struct mp_json *body,
		struct mp_json **ret, struct mp_err *err)
{
	MP_BUF(text, ANSWER_MAX);
	MP_BUF(answer, ANSWER_MAX);
	struct mp_http_call c = {.method = method};
	int r = body ? mp_json_format(body, &text) : 0;

	if (r < 0)
		return mp_err_set(err, r, "out of memory");
	c.body = text.data;
	c.body_len = text.len;
	r = call_for(a, &c, path, body ? "Content-Type: application/json" : NULL, &answer, err);
	if (r < 0 || !ret)
		return r;
	r = mp_json_parse(mp_buf_str(&answer), answer.len, ret, err);
	return r < 0 ? mp_err_wrap(err, r, "the server's answer to %s", path) : 0;
}

int mp_api_get(struct mp_api *a, const char *path, struct mp_json **ret, struct mp_err *err)
{
	return mp_api_send(a, "GET", path, NULL, ret, err);
}

/* Add one page's items to the list. The number of items, or negative. */
static int add_page(struct mp_api *a, const char *path, struct mp_json *items, struct mp_err *err)
{
	auto_(mp_json) *page = NULL;
	const struct mp_json *more;
	int r = mp_api_get(a, path, &page, err);

	if (r == 0)
		r = mp_json_read_array(page, "items", &more, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < mp_json_size(more); i++)
		if (mp_json_append(items, mp_json_copy(mp_json_at(more, i))) < 0)
			return mp_err_set(err, -ENOMEM, "out of memory");
	return (int)mp_json_size(more);
}

int mp_api_list(struct mp_api *a, const char *path, const char *query, struct mp_json **ret,
		struct mp_err *err)
{
	auto_(mp_json) *list = mp_json_new_object();
	struct mp_json *items = mp_json_new_array();
	int r = PAGE;

	if (!list || !items || mp_json_put(list, "items", items) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	while (r == PAGE) {
		auto_free char *page =
			mp_str_format("%s?offset=%zu&limit=%d%s%s", path, mp_json_size(items), PAGE,
				      *query ? "&" : "", query);

		if (!page)
			return mp_err_set(err, -ENOMEM, "out of memory");
		r = add_page(a, page, items, err);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(list);
	return 0;
}

int mp_api_get_file(struct mp_api *a, const char *path, struct mp_buf *into, struct mp_err *err)
{
	struct mp_http_call c = {.method = "GET"};

	return call_for(a, &c, path, NULL, into, err);
}

int mp_api_stream(struct mp_api *a, const char *path, uint64_t most,
		  int (*sink)(void *user, const void *data, size_t len), void *user,
		  struct mp_err *err)
{
	MP_BUF(refused, 65536);
	struct mp_http_call c = {.method = "GET", .most = most, .sink = sink, .user = user};

	return call_for(a, &c, path, NULL, &refused, err);
}

int mp_api_has_blob(struct mp_api *a, const char *sha256, struct mp_err *err)
{
	auto_free char *path = mp_str_format("blobs/%s", sha256);
	MP_BUF(answer, 65536);
	struct mp_http_call c = {.method = "HEAD", .into = &answer};
	struct mp_http_result result = {0};
	int r;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = call(a, &c, path, NULL, &result, err);
	if (r < 0)
		return r;
	if (result.status / 100 == 2)
		return 1;
	return result.status == 404 ? 0 : refusal(a, result.status, &answer, err);
}

int mp_api_put_blob(struct mp_api *a, const char *sha256, const char *file, uint64_t size,
		    struct mp_progress *progress, struct mp_err *err)
{
	auto_free char *path = mp_str_format("blobs/%s", sha256);
	auto_close int fd = open(file, O_RDONLY | O_CLOEXEC);
	MP_BUF(answer, 65536);
	struct mp_http_call c = {.method = "PUT",
				 .body_fd = fd,
				 .body_len = (size_t)size,
				 .progress = mp_progress_update,
				 .user = progress};

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (fd < 0)
		return mp_err_set(err, -errno, "cannot open %s: %s", file, strerror(errno));
	return call_for(a, &c, path, "Content-Type: application/octet-stream", &answer, err);
}

int mp_url_escape(struct mp_buf *b, const char *text)
{
	int r = 0;

	for (; *text && r == 0; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			r = mp_buf_add(b, text, 1);
		else
			r = mp_buf_printf(b, "%%%02X", (unsigned char)*text);
	}
	return r;
}
