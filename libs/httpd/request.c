/* SPDX-License-Identifier: Apache-2.0
 * What a request says: headers, query, body, and who sent it. */
#include "internal.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/str.h"

enum mp_method mp_request_method(const struct mp_request *rq)
{
	return rq->method;
}

const char *mp_request_path(const struct mp_request *rq)
{
	return rq->uri;
}

const char *mp_request_header(struct mp_request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, name);
}

const char *mp_request_query(struct mp_request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct walk {
	void (*each)(void *user, const char *name, const char *value);
	void *user;
};

static enum MHD_Result on_query(void *user, enum MHD_ValueKind kind, const char *name,
				const char *value)
{
	const struct walk *w = user;

	(void)kind;
	w->each(w->user, name, value);
	return MHD_YES;
}

void mp_request_each_query(struct mp_request *rq,
			   void (*each)(void *user, const char *name, const char *value),
			   void *user)
{
	MHD_get_connection_values(rq->connection, MHD_GET_ARGUMENT_KIND, on_query,
				  &(struct walk){each, user});
}

bool mp_request_is_tls(const struct mp_request *rq)
{
	return rq->h->config.cert_pem != NULL;
}

uint64_t mp_request_body_len(struct mp_request *rq)
{
	const char *text;
	uint64_t len;

	if (mp_request_header(rq, "Transfer-Encoding"))
		return UINT64_MAX;
	text = mp_request_header(rq, "Content-Length");
	if (!text)
		return 0;
	return mp_str_parse_u64(text, UINT64_MAX - 1, &len) == 0 ? len : UINT64_MAX;
}

void mp_request_address(struct mp_request *rq, uint8_t ret[16])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	memset(ret, 0, 16);
	if (!info)
		return;
	if (info->client_addr->sa_family == AF_INET6) {
		memcpy(ret, &((const struct sockaddr_in6 *)info->client_addr)->sin6_addr, 16);
	} else if (info->client_addr->sa_family == AF_INET) {
		ret[10] = ret[11] = 0xff;
		memcpy(ret + 12, &((const struct sockaddr_in *)info->client_addr)->sin_addr, 4);
	}
}

const struct mp_identity *mp_request_identity(struct mp_request *rq)
{
	struct connection *c = mp_request_is_tls(rq) ? mp_connection_of(rq->connection) : NULL;
	struct peer *p;

	if (!c)
		return NULL;
	p = &c->peer;
	if (!p->looked) {
		p->looked = true;
		mp_peer_look(rq->connection, p);
	}
	return p->known ? &p->identity : NULL;
}

void mp_request_set_data(struct mp_request *rq, void *data)
{
	rq->data = data;
}

void *mp_request_data(const struct mp_request *rq)
{
	return rq->data;
}

void mp_request_collect(struct mp_request *rq, size_t limit)
{
	rq->mode = BODY_COLLECT;
	rq->body.limit = limit;
}

const char *mp_request_body(const struct mp_request *rq, size_t *ret_len)
{
	*ret_len = rq->body.len;
	return mp_buf_str(&rq->body);
}

void mp_request_stream(struct mp_request *rq, int (*sink)(void *user, const void *data, size_t len),
		       void *user)
{
	rq->mode = BODY_STREAM;
	rq->sink = sink;
	rq->sink_user = user;
}

int mp_request_stream_result(const struct mp_request *rq)
{
	return rq->sink_result;
}

/* One of the tags in the list, "W/" in front of it or not, or "*". */
bool mp_request_has_etag(struct mp_request *rq, const char *etag)
{
	const char *list = mp_request_header(rq, "If-None-Match");
	size_t len = strlen(etag);

	while (list && *list) {
		list += strspn(list, " \t,");
		if (*list == '*')
			return true;
		if (list[0] == 'W' && list[1] == '/')
			list += 2;
		if (strncmp(list, etag, len) == 0 && strchr(" \t,", list[len]))
			return true;
		list = strchr(list, ',');
	}
	return false;
}
