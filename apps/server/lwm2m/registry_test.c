/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/test.h"
#include "registry_edit.h"

static void free_registry(struct registry **g)
{
	registry_free(*g);
}
#define auto_registry __attribute__((cleanup(free_registry))) struct registry

static struct mp_coap_remote at_port(unsigned port)
{
	return (struct mp_coap_remote){
		.address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = (uint16_t)port}};
}

static int put_all(struct registry *g, const char *endpoint, unsigned port, uint32_t lifetime,
		   struct peer *peer, uint64_t location, struct registration **ret)
{
	struct mp_coap_remote remote = at_port(port);
	struct object_links *links;
	bool replaced;
	int r = object_links_take(registry_links(g), "</1/0>,</3/0>;ver=1.1", 21, &links);

	if (r < 0)
		return r;
	r = registry_put(g,
			 &(struct registration_facts){.endpoint = endpoint,
						      .endpoint_len = strlen(endpoint),
						      .remote = &remote,
						      .peer = peer,
						      .links = links,
						      .location = location,
						      .registered = 100000,
						      .updated = 100000,
						      .lifetime = lifetime,
						      .version = 0x101,
						      .binding = BINDING_U},
			 ret, &replaced);
	return r < 0 ? r : replaced;
}

static struct registration *put(struct registry *g, const char *endpoint, unsigned port,
				uint32_t lifetime)
{
	struct registration *r = NULL;

	return put_all(g, endpoint, port, lifetime, NULL, 0, &r) < 0 ? NULL : r;
}

TEST(registry_finds_by_name_location_and_address)
{
	auto_registry *g = NULL;
	char location[REGISTRATION_LOCATION];
	struct registration *r;
	struct mp_coap_remote remote = at_port(7);

	ASSERT_OK(registry_new(&g));
	r = put(g, "a", 7, 60);
	ASSERT(r);
	registration_location(r, location);
	ASSERT(registry_find(g, "a") == r);
	ASSERT(!registry_find(g, "ab") && !registry_find(g, ""));
	ASSERT(registry_at_location(g, location, 12) == r);
	ASSERT(!registry_at_location(g, location, 11));
	ASSERT(!registry_at_location(g, "zzzzzzzzzzzz", 12));
	ASSERT(registry_of_remote(g, &remote) == r);
	remote = at_port(8);
	ASSERT(!registry_of_remote(g, &remote));
}

TEST(registry_gives_a_second_registration_the_place_of_the_first)
{
	auto_registry *g = NULL;
	char old[REGISTRATION_LOCATION];
	struct registration *r, *again = NULL;

	ASSERT_OK(registry_new(&g));
	r = put(g, "a", 7, 60);
	ASSERT(r);
	registration_location(r, old);
	ASSERT_INT(1, put_all(g, "a", 9, 60, NULL, 0, &again));
	ASSERT(again == r && registry_count(g) == 1);
	ASSERT(!registry_at_location(g, old, 12));
}

TEST(registry_keeps_a_hundred_thousand_apart)
{
	auto_registry *g = NULL;
	char name[32];
	size_t n = 0;

	ASSERT_OK(registry_new(&g));
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "device-%u", i);
		ASSERT(put(g, name, 1, 60)); /* all of one address */
	}
	for (struct registration *r = registry_first(g); r; r = registry_next(g, r))
		n++;
	ASSERT_INT(100000, n);
	for (unsigned i = 0; i < 100000; i += 2) {
		snprintf(name, sizeof(name), "device-%u", i);
		registry_remove(g, registry_find(g, name));
	}
	ASSERT_INT(50000, registry_count(g));
	ASSERT(!registry_find(g, "device-4") && registry_find(g, "device-5"));
	ASSERT(registry_after(g, registry_find(g, "device-5")->slot) ==
	       registry_find(g, "device-7"));
}

TEST(registry_lets_each_expire_in_its_second)
{
	auto_registry *g = NULL;

	ASSERT_OK(registry_new(&g));
	ASSERT(put(g, "short", 1, 10) && put(g, "long", 2, 20000) &&
	       put(g, "forever", 3, UINT32_MAX));
	ASSERT(!registry_due(g, 110000));
	ASSERT(registry_due(g, 111000) == registry_find(g, "short"));
	registry_remove(g, registry_find(g, "short"));
	for (int64_t ms = 112000; ms < 20100000; ms += 1000)
		ASSERT(!registry_due(g, ms));
	ASSERT(registry_due(g, 20101000) == registry_find(g, "long"));
	registry_remove(g, registry_find(g, "long"));
	ASSERT(!registry_due(g, 20102000));
	ASSERT(!registry_due(g, 2000000000)); /* a leap */
	ASSERT_INT(1, registry_count(g));
}

TEST(registry_begins_the_lifetime_anew_with_each_sign_of_life)
{
	auto_registry *g = NULL;
	struct registration *r;

	ASSERT_OK(registry_new(&g));
	r = put(g, "a", 1, 10);
	for (int64_t ms = 101000; ms < 200000; ms += 1000) {
		if (ms % 5000 == 0)
			registry_heard(g, r, ms);
		ASSERT(!registry_due(g, ms));
	}
	registry_set_lifetime(g, r, 3);
	ASSERT(registry_due(g, 200000) == r);
}

TEST(registry_knows_a_secure_device_by_its_identity_wherever_it_is)
{
	auto_registry *g = NULL;
	auto_(peer) *p = peer_new(CREDENTIAL_PSK, "me", 2, NULL);
	struct registration *r;
	struct mp_coap_remote remote = at_port(99);

	ASSERT(p);
	ASSERT_OK(registry_new(&g));
	ASSERT_INT(0, put_all(g, "a", 1, 60, p, 0, &r));
	remote.identity = "psk:me";
	ASSERT(registry_of_remote(g, &remote) == r);
	remote.identity = "x509:me";
	ASSERT(!registry_of_remote(g, &remote));
	remote = at_port(1);
	ASSERT(!registry_of_remote(g, &remote)); /* its address alone proves nothing */
}

TEST(registry_puts_a_stored_registration_where_its_location_says)
{
	auto_registry *g = NULL;
	struct registration *a = NULL, *b = NULL;

	ASSERT_OK(registry_new(&g));
	ASSERT_INT(0, put_all(g, "a", 1, 60, NULL, 1ull << 24 | 700, &a));
	ASSERT_INT(700, a->slot);
	ASSERT(registry_take_dirty(g, 700 / CHUNK));
	ASSERT(!registry_take_dirty(g, 700 / CHUNK));
	ASSERT_INT(0, put_all(g, "b", 1, 60, NULL, 2ull << 24 | 700, &b));
	ASSERT(!registry_find(g, "a") && registry_find(g, "b") == b);
	ASSERT(registry_take_dirty(g, 700 / CHUNK));
	for (unsigned i = 0; i < 2000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "x%u", i);
		ASSERT(put(g, name, 1, 60));
	}
	ASSERT(registry_find(g, "b") == b && b->slot == 700);
}

TEST(registration_tells_objects_and_their_versions)
{
	auto_registry *g = NULL;
	struct registration *r;

	ASSERT_OK(registry_new(&g));
	r = put(g, "a", 1, 60);
	ASSERT(registration_has(r, &mp_lwm2m_path(3)) &&
	       registration_has(r, &mp_lwm2m_path(3, 0, 9)));
	ASSERT(registration_has(r, &mp_lwm2m_path_root));
	ASSERT(!registration_has(r, &mp_lwm2m_path(3, 1)) &&
	       !registration_has(r, &mp_lwm2m_path(4)));
	ASSERT_INT(0x101, registration_object_version(r, 3));
	ASSERT_INT(0, registration_object_version(r, 1));
}

static int grow_to(struct registry *g, unsigned n)
{
	struct registration *r;
	char name[16];
	int k = 0;

	for (unsigned i = 0; k >= 0 && i < n; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		k = put_all(g, name, i, 60, NULL, 0, &r);
	}
	return k < 0 ? k : 0;
}

TORTURE(registry_survives_oom)
{
	auto_registry *g = NULL;
	int r = registry_new(&g);

	return r < 0 ? r : grow_to(g, 40);
}
