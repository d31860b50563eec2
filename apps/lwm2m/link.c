/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - object 4, Connectivity Monitoring: the interface of the default route, and the others that are up */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "worker.h"

enum { WLAN = 21, ETHERNET = 41 };
#define TYPE_ETHERNET 1 /* ARPHRD_ETHER, which wireless interfaces have, too */

static bool is_wireless(const struct worker *w, const char *interface)
{
	char path[128], type[16];

	snprintf(path, sizeof(path), "/sys/class/net/%.60s/phy80211/index", interface);
	fact_text(w, path, type, sizeof(type));
	return *type || mp_str_starts_with(interface, "wl");
}

static bool is_up(const struct worker *w, const char *interface)
{
	char path[128], state[16];

	snprintf(path, sizeof(path), "/sys/class/net/%.60s/type", interface);
	if (fact_number(w, path) != TYPE_ETHERNET)
		return false;
	snprintf(path, sizeof(path), "/sys/class/net/%.60s/operstate", interface);
	fact_text(w, path, state, sizeof(state));
	return mp_streq(state, "up");
}

/* Each kind once; that of the default route in any case. */
static int give_bearers(const struct worker *w, int bearer, struct mp_lwm2m_out *out)
{
	bool wlan = bearer == WLAN, ethernet = bearer == ETHERNET;
	struct dirent *e;
	char path[300];
	int r = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/sys/class/net", w->config.root);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && is_up(w, e->d_name))
			*(is_wireless(w, e->d_name) ? &wlan : &ethernet) = true;
	if (d)
		closedir(d);
	if (wlan)
		r = mp_lwm2m_give_instance(out, 0, mp_lwm2m_integer(WLAN));
	if (r == 0 && ethernet)
		r = mp_lwm2m_give_instance(out, wlan, mp_lwm2m_integer(ETHERNET));
	return r;
}

/* /proc/net/wireless: "wlan0: 0000   54.  -56.  -256 ...": status, link quality, level in dBm. */
static bool read_radio(const struct worker *w, const char *interface, int *ret_quality,
		       int *ret_level)
{
	char line[300], key[40], path[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/net/wireless", w->config.root);
	snprintf(key, sizeof(key), "%s:", interface);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		const char *at = line + strspn(line, " ");

		found = mp_str_starts_with(at, key) &&
			sscanf(at + strlen(key), "%*x %d. %d.", ret_quality, ret_level) == 2;
	}
	if (f)
		fclose(f);
	return found;
}

/* The next address of the interface ("" : of any but the loopback) after `a`, as text. */
static const struct ifaddrs *next_address(const struct ifaddrs *a, const char *interface,
					  char text[INET6_ADDRSTRLEN])
{
	for (; a; a = a->ifa_next) {
		const void *sa = a->ifa_addr;
		const struct sockaddr_in *v4 = sa;
		const struct sockaddr_in6 *v6 = sa;
		int family = sa ? a->ifa_addr->sa_family : AF_UNSPEC;
		const void *ip = family == AF_INET ? (const void *)&v4->sin_addr : &v6->sin6_addr;

		if ((family == AF_INET || family == AF_INET6) && !(a->ifa_flags & IFF_LOOPBACK) &&
		    (!*interface || mp_streq(a->ifa_name, interface)) &&
		    inet_ntop(family, ip, text, INET6_ADDRSTRLEN))
			return a;
	}
	return NULL;
}

static int give_addresses(const char *interface, struct mp_lwm2m_out *out)
{
	char text[INET6_ADDRSTRLEN];
	struct ifaddrs *all;
	uint16_t n = 0;
	int r = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *a = all;
	     r == 0 && (a = next_address(a, interface, text)) != NULL; a = a->ifa_next)
		r = mp_lwm2m_give_instance(out, n++, mp_lwm2m_string(text));
	freeifaddrs(all);
	return r;
}

int64_t link_addresses(const struct worker *w)
{
	char interface[32], router[48], text[INET6_ADDRSTRLEN];
	struct ifaddrs *all;
	uint64_t sum = 5381;

	fact_route(w, interface, router);
	if (getifaddrs(&all) < 0)
		return 0;
	for (const struct ifaddrs *a = all; (a = next_address(a, interface, text)) != NULL;
	     a = a->ifa_next)
		for (const char *c = text; *c; c++)
			sum = sum * 33 + (uint8_t)*c;
	freeifaddrs(all);
	return (int64_t)(sum >> 1);
}

static int read_link(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct worker *w = user;
	char interface[32], router[48];
	int quality, level, bearer;
	bool has_radio;

	(void)instance;
	fact_route(w, interface, router);
	bearer = is_wireless(w, interface) ? WLAN : ETHERNET;
	has_radio = bearer == WLAN && read_radio(w, interface, &quality, &level);
	switch (resource) {
	case 0:
		return mp_lwm2m_give(out, mp_lwm2m_integer(bearer));
	case 1:
		return give_bearers(w, bearer, out);
	case 2: /* there must be one: a wire has none to tell */
		return mp_lwm2m_give(out, mp_lwm2m_integer(has_radio ? level : 0));
	case 3:
		return has_radio ? mp_lwm2m_give(out, mp_lwm2m_integer(quality)) : -ENOENT;
	case 4:
		return give_addresses(interface, out);
	case 5:
		return *router ? mp_lwm2m_give_instance(out, 0, mp_lwm2m_string(router)) : -ENOENT;
	default:
		return -ENOENT;
	}
}

int64_t link_level(const struct worker *w)
{
	char interface[32], router[48];
	int quality, level;

	fact_route(w, interface, router);
	return read_radio(w, interface, &quality, &level) ? level : 0;
}

static const uint16_t resources[] = {0, 1, 2, 3, 4, 5};

const struct mp_lwm2m_class link_class = {
	.id = 4, .resources = resources, .n_resources = 6, .read = read_link};
