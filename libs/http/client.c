/* SPDX-License-Identifier: Apache-2.0
 * client.c - one easy handle, reset before each call; its connections live on */
#include "http/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/str.h"

#define MOST_ERROR_BODY (1u << 20) /* bytes of an error's body that we wait for */

struct mp_http_client {
	CURL *curl;
	char *ca_file, *cert_file, *key_file, *unix_socket, *user_agent, *no_proxy;
	long connect_timeout, stall_timeout, stall_rate;
	char message[CURL_ERROR_SIZE];
};

/* One call under way. */
struct run {
	const struct mp_http_call *call;
	struct mp_http_result res;
	uint64_t received; /* body bytes from the wire, also those passed over */
	uint64_t sent;
	off_t body_at; /* where the body began in body_fd */
	int r; /* why a callback ended the call */
};

/* Proxies of the environment are for the wide world, never for this machine. */
static char *no_proxy(void)
{
	const char *env = getenv("no_proxy");

	if (!env)
		env = getenv("NO_PROXY");
	return mp_str_format("%s%slocalhost,127.0.0.1,::1", env ? env : "", env ? "," : "");
}

static int copy(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

int mp_http_client_new(const struct mp_http_client_config *config, struct mp_http_client **ret,
		       struct mp_err *err)
{
	static bool ready;
	auto_(mp_http_client) *c = calloc(1, sizeof(*c));

	if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return mp_err_set(err, -ENOMEM, "cannot set up libcurl");
	ready = true;
	if (!c || copy(config->ca_file, &c->ca_file) || copy(config->cert_file, &c->cert_file) ||
	    copy(config->key_file, &c->key_file) || copy(config->unix_socket, &c->unix_socket) ||
	    copy(config->user_agent, &c->user_agent) || !(c->no_proxy = no_proxy()) ||
	    !(c->curl = curl_easy_init()))
		return mp_err_set(err, -ENOMEM, "out of memory");
	c->connect_timeout = config->connect_timeout ? (long)config->connect_timeout : 10;
	c->stall_timeout = config->stall_timeout ? (long)config->stall_timeout : 30;
	c->stall_rate = config->stall_rate ? (long)config->stall_rate : 1;
	*ret = take_ptr(c);
	return 0;
}

void mp_http_client_free(struct mp_http_client *c)
{
	if (!c)
		return;
	if (c->curl)
		curl_easy_cleanup(c->curl);
	free(c->ca_file);
	free(c->cert_file);
	free(c->key_file);
	free(c->unix_socket);
	free(c->user_agent);
	free(c->no_proxy);
	free(c);
}

/* ---- the answer ---- */
static bool is_success(const struct run *run)
{
	return run->res.status >= 200 && run->res.status < 300;
}

/* The value of this header, without the blanks around it; NULL when the line is of another. */
static const char *value_of(const char *line, size_t len, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	for (n++; n < len && (line[n] == ' ' || line[n] == '\t');)
		n++;
	while (len > n && strchr(" \t\r\n", line[len - 1]))
		len--;
	*ret_len = len - n;
	return line + n;
}

static void keep(char *to, size_t room, const char *line, size_t len, const char *name)
{
	size_t n;
	const char *value = value_of(line, len, name, &n);

	if (value && n < room) {
		memcpy(to, value, n);
		to[n] = '\0';
	}
}

/* "HTTP/1.1 206 Partial Content"; a new head begins, and forgets an interim one. */
static void begin_head(struct run *run, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);

	run->res = (struct mp_http_result){0};
	if (blank && len - (size_t)(blank - line) > 3)
		for (int i = 1; i <= 3; i++)
			run->res.status = run->res.status * 10 + (blank[i] - '0');
}

/* "bytes 100-199/200" (RFC 9110, section 14.4). */
static int read_range(struct run *run, const char *value, size_t len)
{
	char number[24];
	size_t n = 0;

	if (len < 6 || strncasecmp(value, "bytes ", 6) != 0)
		return -EPROTO;
	for (value += 6, len -= 6; n < len && n < sizeof(number) - 1 && value[n] != '-'; n++)
		number[n] = value[n];
	number[n] = '\0';
	return mp_str_parse_u64(number, UINT64_MAX, &run->res.range_from) < 0 ? -EPROTO : 0;
}

static size_t on_header(char *line, size_t size, size_t len, void *user)
{
	struct run *run = user;
	const char *value;
	size_t n;

	(void)size;
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
		begin_head(run, line, len);
	keep(run->res.etag, sizeof(run->res.etag), line, len, "ETag");
	keep(run->res.content_type, sizeof(run->res.content_type), line, len, "Content-Type");
	value = run->res.status == 206 ? value_of(line, len, "Content-Range", &n) : NULL;
	if (value && read_range(run, value, n) < 0)
		run->r = -EPROTO;
	return run->r < 0 ? 0 : len;
}

static int hand_on(struct run *run, const char *data, size_t len)
{
	const struct mp_http_call *call = run->call;
	int r = 0;

	if (call->sink && !is_success(run)) { /* an error's text: as much as there is room for */
		size_t room = call->into ? call->into->limit - call->into->len : 0;

		if (run->received > MOST_ERROR_BODY)
			return -EFBIG;
		if (call->into)
			(void)mp_buf_add(call->into, data, len < room ? len : room);
		return 0;
	}
	run->res.body_len += len;
	if (call->most > 0 && run->res.body_len > call->most)
		return -EFBIG;
	if (call->sink)
		r = call->sink(call->user, data, len);
	else if (call->into)
		r = mp_buf_add(call->into, data, len);
	return r < 0 ? r : 0;
}

static size_t on_body(char *data, size_t size, size_t len, void *user)
{
	struct run *run = user;
	uint64_t from = run->call->range_from, skip = 0, before = run->received;

	(void)size;
	if (run->res.status == 206 && run->res.range_from != from) {
		run->r = -EPROTO;
		return 0;
	}
	/* A server without ranges sends the whole: what was not asked for is passed over. */
	if (is_success(run) && run->res.status != 206 && before < from)
		skip = from - before < len ? from - before : len;
	run->received += len;
	if (skip < len)
		run->r = hand_on(run, data + skip, len - (size_t)skip);
	return run->r < 0 ? 0 : len;
}

static int on_progress(void *user, curl_off_t to_come, curl_off_t come, curl_off_t to_go,
		       curl_off_t gone)
{
	struct run *run = user;

	run->call->progress(run->call->user, (uint64_t)(come + gone), (uint64_t)(to_come + to_go));
	return 0;
}

/* ---- the request ---- */
static ssize_t next_of_body(const struct mp_http_call *call, char *to, size_t len)
{
	ssize_t n;

	if (call->source)
		return call->source(call->user, to, len);
	do
		n = read(call->body_fd, to, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static size_t on_upload(char *to, size_t size, size_t len, void *user)
{
	struct run *run = user;
	uint64_t left = run->call->body_len - run->sent;
	ssize_t n;

	len *= size;
	if (left == 0)
		return 0;
	n = next_of_body(run->call, to, left < len ? (size_t)left : len);
	if (n <= 0) {
		run->r = n < 0 ? (int)n : -EIO;
		return CURL_READFUNC_ABORT;
	}
	run->sent += (uint64_t)n;
	return (size_t)n;
}

/* Asked for when a kept connection turns out to be dead and the request goes out again. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
	struct run *run = user;

	if (run->call->source && (uint64_t)offset != run->sent)
		return CURL_SEEKFUNC_CANTSEEK;
	if (run->call->source)
		return CURL_SEEKFUNC_OK;
	if (origin != SEEK_SET || lseek(run->call->body_fd, run->body_at + offset, SEEK_SET) < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	run->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void set_client(struct mp_http_client *c)
{
	CURL *h = c->curl;

	curl_easy_reset(h);
	c->message[0] = '\0';
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->message);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, c->connect_timeout);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, c->stall_timeout);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, c->stall_rate);
	curl_easy_setopt(h, CURLOPT_NOPROXY, c->no_proxy);
	if (c->user_agent)
		curl_easy_setopt(h, CURLOPT_USERAGENT, c->user_agent);
	if (c->unix_socket) {
		curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, c->unix_socket);
		curl_easy_setopt(h, CURLOPT_PROXY, "");
	}
	if (c->ca_file) {
		curl_easy_setopt(h, CURLOPT_CAINFO, c->ca_file);
		curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
	}
	if (c->cert_file)
		curl_easy_setopt(h, CURLOPT_SSLCERT, c->cert_file);
	if (c->key_file)
		curl_easy_setopt(h, CURLOPT_SSLKEY, c->key_file);
}

static void set_body(CURL *h, struct run *run)
{
	const struct mp_http_call *call = run->call;

	if (call->source || call->body_fd > 0) {
		run->body_at = call->source ? 0 : lseek(call->body_fd, 0, SEEK_CUR);
		curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body_len);
		curl_easy_setopt(h, CURLOPT_READFUNCTION, on_upload);
		curl_easy_setopt(h, CURLOPT_READDATA, run);
		curl_easy_setopt(h, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(h, CURLOPT_SEEKDATA, run);
	} else if (call->body || mp_streq(call->method, "POST") || mp_streq(call->method, "PUT")) {
		curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, call->body ? call->body : "");
	} else if (mp_streq(call->method, "HEAD")) {
		curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, call->method);
}

static void set_call(CURL *h, struct run *run, char range[32])
{
	const struct mp_http_call *call = run->call;

	curl_easy_setopt(h, CURLOPT_URL, call->url);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, run);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, run);
	if (call->range_from > 0) {
		snprintf(range, 32, "%llu-", (unsigned long long)call->range_from);
		curl_easy_setopt(h, CURLOPT_RANGE, range);
	}
	if (call->progress) {
		curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(h, CURLOPT_XFERINFODATA, run);
	}
	set_body(h, run);
}

/* The caller's headers, and without what libcurl would add to a body by itself. */
static int make_headers(const struct mp_http_call *call, struct curl_slist **ret)
{
	static const char *const none[] = {NULL};
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *more;
	bool has_type = false;

	if (!list)
		return -ENOMEM;
	for (const char *const *h = call->headers ? call->headers : none; *h; h++) {
		has_type = has_type || strncasecmp(*h, "Content-Type:", 13) == 0;
		more = curl_slist_append(list, *h);
		if (!more)
			goto fail;
		list = more;
	}
	if (!has_type) {
		more = curl_slist_append(list, "Content-Type:");
		if (!more)
			goto fail;
		list = more;
	}
	*ret = list;
	return 0;
fail:
	curl_slist_free_all(list);
	return -ENOMEM;
}

/* ---- what went wrong ---- */

/* "host:port" of a URL, without a password. */
static void name_host(const struct mp_http_client *c, const char *url, char *to, size_t room)
{
	const char *p = strstr(url, "://"), *at;
	size_t n;

	if (c->unix_socket) {
		snprintf(to, room, "%s", c->unix_socket);
		return;
	}
	p = p ? p + 3 : url;
	n = strcspn(p, "/?#");
	at = memchr(p, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	snprintf(to, room, "%.*s", (int)n, p);
}

static int say_no_connection(struct mp_http_client *c, const char *host, struct mp_err *err)
{
	long e = 0;

	curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &e);
	if (c->unix_socket && e != ECONNREFUSED)
		return mp_err_set(err, -ECONNREFUSED,
				  "cannot connect to %s: %s; is its service "
				  "running?",
				  host, e ? strerror((int)e) : c->message);
	if (e == ECONNREFUSED || e == 0)
		return mp_err_set(err, -ECONNREFUSED,
				  "nothing answers at %s: is the server running there?", host);
	return mp_err_set(err, -EHOSTUNREACH, "cannot reach %s: %s; check the network", host,
			  strerror((int)e));
}

/* GnuTLS and libcurl tell these apart by their text alone. */
static bool mentions(const struct mp_http_client *c, const char *words)
{
	return strstr(c->message, words) != NULL;
}

/* The connection ended while it was set up or in use. In TLS 1.3 a server refuses our certificate
 * only after the handshake, so that its alert may come instead of an answer. */
static int say_cut(const struct mp_http_client *c, const char *host, struct mp_err *err)
{
	if (mentions(c, "alert"))
		return mp_err_set(err, -EKEYREJECTED,
				  "%s refuses us: is our certificate from its authority? (%s)",
				  host, c->message);
	return mp_err_set(err, -ECONNRESET, "%s cut the connection: %s", host, c->message);
}

static int say_no_files(const struct mp_http_client *c, const char *host, struct mp_err *err)
{
	return mp_err_set(err, -ENOENT, "cannot use the certificate files for %s: %s", host,
			  c->message);
}

static int say_no_tls(const struct mp_http_client *c, const char *host, struct mp_err *err)
{
	if (mentions(c, "alert") || mentions(c, "non-properly terminated") ||
	    mentions(c, "pull function") || mentions(c, "push function"))
		return say_cut(c, host, err);
	if (mentions(c, "error reading X.509"))
		return say_no_files(c, host, err);
	return mp_err_set(err, -EPROTO, "no TLS connection with %s: %s; is it an https server?",
			  host, c->message);
}

static int say_callback(const struct run *run, const char *host, struct mp_err *err)
{
	uint64_t most = run->call->most;

	if (run->r == -EPROTO)
		return mp_err_set(err, run->r, "%s sent another range than the one asked for",
				  host);
	if (run->r == -EFBIG && most > 0)
		return mp_err_set(err, run->r, "%s sends more than the %llu bytes expected", host,
				  (unsigned long long)most);
	if (run->r == -EFBIG)
		return mp_err_set(err, run->r, "%s sends more than there is room for", host);
	if ((run->call->source || run->call->body_fd > 0) && run->sent < run->call->body_len &&
	    run->received == 0)
		return mp_err_set(err, run->r, "cannot read the file to send to %s: %s", host,
				  strerror(-run->r));
	/* A sink's own sentence, if it left one, is the caller's to find. */
	return mp_err_set(err, run->r, "the transfer from %s was ended: %s", host,
			  strerror(-run->r));
}

static int say(struct mp_http_client *c, const struct run *run, CURLcode code, struct mp_err *err)
{
	const char *why = c->message[0] ? c->message : curl_easy_strerror(code);
	char host[200];

	name_host(c, run->call->url, host, sizeof(host));
	if (run->r < 0)
		return say_callback(run, host, err);
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
		if (mp_str_starts_with(why, "Received HTTP/0.9"))
			return mp_err_set(err, -EPROTO, "%s does not speak HTTP", host);
		/* fall through */
	case CURLE_URL_MALFORMAT:
		return mp_err_set(err, -EINVAL,
				  "'%s' is not an address of the form "
				  "http://HOST or https://HOST",
				  run->call->url);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return mp_err_set(err, -EHOSTUNREACH,
				  "cannot find the host %s: check the name and the network", host);
	case CURLE_COULDNT_CONNECT:
		return say_no_connection(c, host, err);
	case CURLE_OPERATION_TIMEDOUT:
		return mp_err_set(err, -ETIMEDOUT, "%s does not answer in time: check the network",
				  host);
	case CURLE_PEER_FAILED_VERIFICATION:
		return mp_err_set(err, -EKEYREJECTED, "%s is not a server that we trust: %s", host,
				  why);
	case CURLE_SSL_CONNECT_ERROR:
		return say_no_tls(c, host, err);
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return say_no_files(c, host, err);
	case CURLE_OUT_OF_MEMORY:
		return mp_err_set(err, -ENOMEM, "out of memory");
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
		return say_cut(c, host, err);
	default:
		return mp_err_set(err, -EPROTO, "the answer of %s cannot be used: %s", host, why);
	}
}

int mp_http_call(struct mp_http_client *c, const struct mp_http_call *call,
		 struct mp_http_result *ret, struct mp_err *err)
{
	struct run run = {.call = call};
	struct curl_slist *headers = NULL;
	curl_off_t retry_after = 0;
	char range[32];
	CURLcode code;

	if (make_headers(call, &headers) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	set_client(c);
	set_call(c->curl, &run, range);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return say(c, &run, code, err);
	if (run.res.status == 206 && run.res.range_from != call->range_from) {
		run.r = -EPROTO;
		return say(c, &run, CURLE_OK, err);
	}
	if (curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK)
		run.res.retry_after = (unsigned)retry_after;
	*ret = run.res;
	return 0;
}
