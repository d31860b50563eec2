/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "worker.h"

static int read_file(const struct worker *w, const char *path, struct mp_buf *to)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s%s", w->config.root, path);
	return mp_file_read(whole, to, NULL);
}

void fact_text(const struct worker *w, const char *path, char *ret, size_t room)
{
	MP_BUF(text, 4096);

	*ret = '\0';
	if (read_file(w, path, &text) == 0)
		snprintf(ret, room, "%.*s", (int)strcspn(mp_buf_str(&text), "\r\n"),
			 mp_buf_str(&text));
}

int64_t fact_number(const struct worker *w, const char *path)
{
	char text[32], *end;
	long long v;

	fact_text(w, path, text, sizeof(text));
	v = strtoll(text, &end, 10);
	return end == text ? -1 : v;
}

int64_t fact_after(const struct worker *w, const char *path, const char *key)
{
	MP_BUF(text, 16 * 1024);
	const char *at;

	if (read_file(w, path, &text) < 0)
		return -1;
	at = strstr(mp_buf_str(&text), key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* "eth0 00000000 0202000A ...", addresses in the machine's order of bytes. */
static bool is_default4(const char *line, char interface[32], char router[48])
{
	unsigned destination, gateway;

	if (sscanf(line, "%31s %x %x", interface, &destination, &gateway) != 3 || destination)
		return false;
	if (gateway)
		(void)inet_ntop(AF_INET, &gateway, router, 48);
	return true;
}

/* "DESTINATION LENGTH SOURCE LENGTH ROUTER METRIC REFERENCES USE FLAGS lo" */
static bool is_default6(const char *line, char interface[32], char router[48])
{
	char destination[33], hex[33];
	uint8_t ip[16];
	unsigned length;

	if (sscanf(line, "%32s %x %*s %*x %32s %*x %*x %*x %*x %31s", destination, &length, hex,
		   interface) != 4 ||
	    length || strspn(destination, "0") != 32 || strlen(hex) != 32 ||
	    mp_streq(interface, "lo"))
		return false;
	for (unsigned i = 0; i < 16; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &ip[i]) != 1)
			return false;
	if (strspn(hex, "0") != 32)
		(void)inet_ntop(AF_INET6, ip, router, 48);
	return true;
}

static bool find_route(const struct worker *w, const char *path,
		       bool (*is_default)(const char *line, char interface[32], char router[48]),
		       char ret_interface[32], char ret_router[48])
{
	MP_BUF(text, 64 * 1024);
	bool found = false;

	if (read_file(w, path, &text) < 0)
		return false;
	for (const char *line = mp_buf_str(&text); line && !found; line = strchr(line, '\n')) {
		line += *line == '\n';
		found = is_default(line, ret_interface, ret_router);
	}
	if (!found)
		*ret_interface = *ret_router = '\0';
	return found;
}

void fact_route(const struct worker *w, char ret_interface[32], char ret_router[48])
{
	*ret_interface = *ret_router = '\0';
	if (!find_route(w, "/proc/net/route", is_default4, ret_interface, ret_router))
		(void)find_route(w, "/proc/net/ipv6_route", is_default6, ret_interface, ret_router);
}

uint64_t fact_traffic(const struct worker *w, const char *interface, const char *which)
{
	char path[128];
	int64_t v;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s_bytes", interface, which);
	v = fact_number(w, path);
	return v < 0 ? 0 : (uint64_t)v;
}
