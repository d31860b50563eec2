/* SPDX-License-Identifier: Apache-2.0
 * Connection ids (RFC 9146). mbedTLS has them from 3.6 on; with an older one, these tests see that
 * sessions do without. */
#include "base/test.h"
#include "dtls/backend.h"
#include "dtls_mbedtls/sample.h"

static struct mp_dtls_config cid_config(bool server)
{
	struct mp_dtls_config c = sample_config(server);

	c.cid = true;
	return c;
}

static struct sample *connected(void)
{
	struct sample *s = sample_new(cid_config(true), cid_config(false));

	if (!s)
		return NULL;
	if (sample_connect(s) == 0)
		fake_run(&s->net, 1000);
	if (sample_ask(s, "first") == 0)
		return s;
	sample_free(s);
	return NULL;
}

TEST(both_sides_have_an_id_where_the_library_can)
{
	auto_sample *s = connected();
	int type = mp_dtls_mbedtls.cids ? MP_DTLS_WITH_CID : MP_DTLS_DATA;

	ASSERT(s);
	ASSERT_INT(mp_dtls_mbedtls.cids, mp_dtls_session_has_cid(s->server.session));
	ASSERT_INT(mp_dtls_mbedtls.cids, mp_dtls_session_has_cid(s->client.session));
	ASSERT_INT(type, s->net.last[0].data[0]);
	ASSERT_INT(type, s->net.last[1].data[0]);
	fake_run(&s->net, 15000);
	ASSERT_INT(1, sample_counters(&s->server).parked_now);
	ASSERT_OK(sample_ask(s, "parked"));
	ASSERT_INT(0, s->net.repeated);
}

TEST(a_side_without_ids_is_served_as_before)
{
	for (int server = 0; server < 2; server++) {
		auto_sample *s = sample_new(server ? cid_config(true) : sample_config(true),
					    server ? sample_config(false) : cid_config(false));

		ASSERT(s);
		ASSERT_OK(sample_connect(s));
		fake_run(&s->net, 1000);
		ASSERT_OK(sample_ask(s, "hello"));
		ASSERT(!mp_dtls_session_has_cid(s->server.session));
		ASSERT(!mp_dtls_session_has_cid(s->client.session));
		fake_run(&s->net, 15000);
		ASSERT_OK(sample_ask(s, "parked"));
		ASSERT_INT(MP_DTLS_DATA, s->net.last[0].data[0]);
	}
}

TEST(a_peer_with_an_id_is_followed_to_its_new_address)
{
	auto_sample *s = connected();

	ASSERT(s);
	if (!mp_dtls_mbedtls.cids)
		return;
	for (uint16_t port = 20; port < 25; port++) {
		char text[8];

		snprintf(text, sizeof(text), "%u", port);
		if (port % 2)
			fake_run(&s->net, 15000);
		s->client.address = fake_address(port);
		ASSERT_OK(sample_ask(s, text));
		ASSERT_INT(port, mp_dtls_session_address(s->server.session)->port);
	}
	ASSERT_INT(5, s->server.moved);
	ASSERT_INT(1, s->server.established);
	ASSERT_INT(0, s->server.closed);
	ASSERT_INT(1, sample_counters(&s->server).sessions_now);
}

static bool hold(struct fake_net *n, const struct fake_packet *p)
{
	(void)n;
	return p->from.port == 2;
}

TEST(only_the_newest_genuine_record_moves_a_peer)
{
	auto_sample *s = connected();
	struct fake_packet old, replay, forged;

	ASSERT(s);
	if (!mp_dtls_mbedtls.cids)
		return;
	s->net.drop = hold;
	ASSERT_OK(mp_dtls_write(s->client.session, "old", 3));
	old = s->net.last[0];
	s->net.drop = NULL;
	ASSERT_OK(sample_ask(s, "newer"));
	replay = forged = s->net.last[0];
	forged.data[9] = 9;
	old.from = replay.from = forged.from = fake_address(66);
	for (int parked = 0; parked < 2; parked++) {
		fake_put(&s->net, &replay);
		fake_put(&s->net, &forged);
		if (parked)
			fake_put(&s->net, &old);
		fake_run(&s->net, 100);
		ASSERT_INT(0, s->server.moved);
		ASSERT_INT(2, mp_dtls_session_address(s->server.session)->port);
		fake_run(&s->net, 15000);
	}
	ASSERT_STR("old", s->server.text);
}

TEST(a_wrong_id_or_none_is_dropped)
{
	auto_sample *s = connected();
	struct fake_packet p;
	unsigned got;

	ASSERT(s);
	if (!mp_dtls_mbedtls.cids)
		return;
	s->net.drop = hold;
	ASSERT_OK(mp_dtls_write(s->client.session, "lost", 4));
	p = s->net.last[0];
	got = s->server.got;
	p.data[11] ^= 1;
	fake_put(&s->net, &p);
	p.data[11] ^= 1;
	p.data[18] ^= 0x80;
	fake_put(&s->net, &p);
	p = s->net.last[0];
	memmove(p.data + 11, p.data + 19, p.len - 19);
	p.data[0] = MP_DTLS_DATA;
	p.len -= 8;
	fake_put(&s->net, &p);
	fake_run(&s->net, 100);
	ASSERT_INT(got, s->server.got);
	ASSERT_INT(3, sample_counters(&s->server).dropped);
	fake_put(&s->net, &s->net.last[0]);
	fake_run(&s->net, 100);
	ASSERT_INT(got + 1, s->server.got);
}

/* A NAT gives one device the port that another had. */
TEST(a_newcomer_at_the_address_of_a_peer_with_an_id_leaves_it_alone)
{
	auto_sample *s = connected();
	struct mp_dtls_credentials c = sample_credentials("device-2");
	struct mp_dtls_session *first;
	struct fake_end other;

	ASSERT(s);
	if (!mp_dtls_mbedtls.cids)
		return;
	first = s->server.session;
	s->client.address = fake_address(30);
	ASSERT_OK(fake_open(&s->net, &other, 2, cid_config(false)));
	ASSERT_OK(mp_dtls_connect(other.d, NULL, &s->server.address, &c, NULL, &other.session));
	fake_run(&s->net, 1000);
	ASSERT_INT(2, s->server.established);
	ASSERT_INT(0, s->server.closed);
	ASSERT_OK(sample_ask(s, "still known"));
	ASSERT(s->server.session == first);
	ASSERT_OK(mp_dtls_write(other.session, "me too", 6));
	fake_run(&s->net, 100);
	ASSERT_STR("me too", other.text);
	fake_close(&other);
}

TEST(ids_survive_a_clean_restart)
{
	auto_sample *s = connected();
	char folder[] = "/tmp/mp-dtls-XXXXXX", path[64];

	ASSERT(s && mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sessions", folder);
	ASSERT_INT(1, mp_dtls_save(s->server.d, path, NULL));
	fake_close(&s->server);
	ASSERT_OK(fake_open(&s->net, &s->server, 1, cid_config(true)));
	s->server.echo = true;
	ASSERT_INT(1, mp_dtls_load(s->server.d, path, NULL));
	(void)rmdir(folder);
	if (mp_dtls_mbedtls.cids)
		s->client.address = fake_address(40);
	ASSERT_OK(sample_ask(s, "again"));
	ASSERT_INT(mp_dtls_mbedtls.cids, s->server.moved);
	ASSERT_INT(0, s->net.repeated);
}
