/* SPDX-License-Identifier: Apache-2.0
 * GET /fw/<sha256>: what a device pulls when it was given a URI (object 5, Package URI), block by
 * block from the disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blobs.h"
#include "server.h"
#include "inside.h"
#include "lwm2m.h"
#include "registry_edit.h"

static int read_part(void *user, uint64_t offset, void *data, size_t room)
{
	const int *fd = user;
	ssize_t n = pread(*fd, data, room, (off_t)offset);

	return n < 0 ? -1 : (int)n;
}

static void done(void *user)
{
	int *fd = user;

	close(*fd);
	free(fd);
}

static void stream(struct lwm2m *l, const struct mp_coap_request *rq, const struct blob *blob,
		   int fd)
{
	struct mp_coap_response answer = MP_COAP_RESPONSE(MP_COAP_CONTENT);
	struct mp_coap_source source = {
		.size = blob->size, .read = read_part, .done = done, .user = malloc(sizeof(int))};

	if (!source.user) {
		close(fd);
		lwm2m_refuse(rq, MP_COAP_UNAVAILABLE, NULL);
		return;
	}
	*(int *)source.user = fd;
	answer.format = MP_LWM2M_FORMAT_OPAQUE;
	answer.source = &source;
	/* The same for every block, so that a change in between is seen: a blob's name is its digest. */
	answer.etag = (const uint8_t *)blob->sha256;
	answer.etag_len = 8;
	l->counters.firmware_reads++;
	mp_coap_respond(rq->reply, &answer);
}

void firmware_serve(struct lwm2m *l, const struct mp_coap_request *rq, const struct uri *uri)
{
	struct registration *r = registry_of_remote(l->registry, rq->remote);
	const struct uri_part *part = &uri->part[1];
	struct blob blob;
	char name[65];
	int fd;

	if (rq->message->code != MP_COAP_GET) {
		lwm2m_refuse(rq, MP_COAP_METHOD_NOT_ALLOWED, NULL);
		return;
	}
	if (!r) {
		lwm2m_refuse(rq, MP_COAP_FORBIDDEN, "register first");
		return;
	}
	registration_noticed(l, r);
	if (part->len != 64) {
		lwm2m_refuse(rq, MP_COAP_NOT_FOUND, NULL);
		return;
	}
	memcpy(name, part->text, 64);
	name[64] = '\0';
	fd = blobs_is_name(name) && blobs_find(l->server, name, &blob) == 0
		     ? blobs_open(l->server, name)
		     : -1;
	if (fd < 0)
		lwm2m_refuse(rq, MP_COAP_NOT_FOUND, NULL);
	else
		stream(l, rq, &blob, fd);
}

/* ---- its address ---- */

static bool is_loopback(const struct mp_net_address *a)
{
	static const uint8_t four[13] = {[10] = 0xff, [11] = 0xff, [12] = 127},
			     six[16] = {[15] = 1};

	return memcmp(a->ip, four, sizeof(four)) == 0 || memcmp(a->ip, six, sizeof(six)) == 0;
}

/* Our name as devices know it, from the product's server address. */
static void host_of(const struct server *s, const struct registration *r, char *ret, size_t room)
{
	const char *url = s->product_url + strlen("https://");
	size_t len = *url == '[' ? strcspn(url, "]") + 1 : strcspn(url, ":/");

	if (is_loopback(&r->remote.address))
		snprintf(ret, room, "127.0.0.1");
	else
		snprintf(ret, room, "%.*s", (int)len, url);
}

int lwm2m_firmware_uri(const struct lwm2m *l, const struct registration *r, const char *sha256,
		       char *ret, size_t room)
{
	bool secure = registration_is_secure(r), tcp = r->remote.is_reliable;
	char host[256];
	int n;

	host_of(l->server, r, host, sizeof(host));
	n = snprintf(ret, room, "coap%s%s://%s:%u/fw/%s", secure ? "s" : "", tcp ? "+tcp" : "",
		     host, lwm2m_port(l, secure, tcp), sha256);
	return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
}
