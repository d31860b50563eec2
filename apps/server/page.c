/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "call.h"
#include "crypto/hash.h"
#include "server.h"

struct page {
	size_t n;
	struct mp_answer *answers[]; /* of page_files, in their order */
};

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {
		{".html", "text/html; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".mjs", "text/javascript; charset=utf-8"},
		{".json", "application/json"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".ico", "image/x-icon"},
		{".woff2", "font/woff2"},
		{".txt", "text/plain; charset=utf-8"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (mp_str_ends_with(name, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static int make(const struct page_file *f, struct mp_answer **ret)
{
	auto_(mp_answer) *a = NULL;
	char etag[67], digest[65];
	int r;

	mp_sha256_hex(f->data, f->len, digest);
	snprintf(etag, sizeof(etag), "\"%s\"", digest);
	r = mp_answer_new(200, type_of(f->name), etag, f->data, f->len, &a);
	if (r == 0)
		r = mp_answer_header(a, "Cache-Control", "no-cache");
	if (r == 0)
		r = mp_answer_header(a, "Content-Security-Policy",
				     "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
				     "form-action 'self'");
	if (r == 0)
		r = mp_answer_header(a, "X-Content-Type-Options", "nosniff");
	if (r == 0)
		r = mp_answer_header(a, "Referrer-Policy", "no-referrer");
	if (r < 0)
		return r;
	*ret = take_ptr(a);
	return 0;
}

int page_new(struct page **ret, struct mp_err *err)
{
	struct page *p;
	size_t n = 0;
	int r = 0;

	while (page_files[n].name)
		n++;
	p = calloc(1, sizeof(*p) + n * sizeof(p->answers[0]));
	if (!p)
		return mp_err_set(err, -ENOMEM, "memory is out");
	for (; r == 0 && p->n < n; p->n++)
		r = make(&page_files[p->n], &p->answers[p->n]);
	if (r < 0) {
		page_free(p);
		return mp_err_set(err, r, "memory is out");
	}
	*ret = p;
	return 0;
}

void page_free(struct page *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		mp_answer_free(p->answers[i]);
	free(p);
}

void page_serve(struct call *c)
{
	const struct page *p = c->server->page;
	char name[256] = "index.html";
	size_t at = 0;

	for (unsigned i = 0; i < c->path.n && at < sizeof(name); i++) {
		int n = snprintf(name + at, sizeof(name) - at, "%s%s", i ? "/" : "",
				 c->path.part[i]);

		at += (size_t)n;
	}
	for (size_t i = 0; at < sizeof(name) && i < p->n; i++)
		if (strcmp(page_files[i].name, name) == 0) {
			mp_reply_answer(c->rq, p->answers[i]);
			return;
		}
	call_error(c, 404, "There is nothing at this address.");
}
