/* SPDX-License-Identifier: Apache-2.0
 * The whole server against one device: what is asked and answered. */
#include "base/test.h"
#include "testbed_ask.h"

/* ---- registration ---- */

TEST(ets_101_103_registers_updates_and_deregisters)
{
	auto_bed *b = bed_open();

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lt=60&lwm2m=1.1&b=U&sms=1", LINKS));
	ASSERT(strncmp(b->location, "rd/", 3) == 0 && strlen(b->location) == 15);
	ASSERT(find(b, "a"));
	ASSERT_STR("sms=1", find(b, "a")->attributes);
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, b->location, "lt=90", -1, "", 0));
	ASSERT_INT(90, find(b, "a")->lifetime);
	ASSERT_STR("registered updated", b->events);
}

TEST(ets_103_deregistration_frees_the_location)
{
	auto_bed *b = bed_open();
	char location[64];

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	snprintf(location, sizeof(location), "%s", b->location);
	ASSERT_INT(CODE(2, 2), bed_ask(b, MP_COAP_DELETE, location, "", -1, "", 0));
	ASSERT(!find(b, "a"));
	ASSERT_INT(CODE(4, 4), bed_ask(b, MP_COAP_DELETE, location, "", -1, "", 0));
	ASSERT_STR("registered deregistered", b->events);
}

TEST(registration_refuses_what_is_malformed)
{
	static const struct {
		const char *query, *links;
		uint8_t code;
	} cases[] = {
		{"lwm2m=1.1", LINKS, CODE(4, 3)},
		{"ep=&lwm2m=1.1", LINKS, CODE(4, 0)},
		{"ep=a", LINKS, CODE(4, 0)},
		{"ep=a&lwm2m=9.9", LINKS, CODE(4, 12)},
		{"ep=a&lwm2m=2.0", LINKS, CODE(4, 12)},
		{"ep=a&lwm2m=x", LINKS, CODE(4, 0)},
		{"ep=a&lwm2m=1.1&lt=x", LINKS, CODE(4, 0)},
		{"ep=a&lwm2m=1.1&lt=-1", LINKS, CODE(4, 0)},
		{"ep=a&lwm2m=1.1&lt=4294967296", LINKS, CODE(4, 0)},
		{"ep=a&lwm2m=1.1&b=Z", LINKS, CODE(4, 0)},
		{"ep=a&lwm2m=1.1&b=UU", LINKS, CODE(4, 0)},
		{"ep=a&lwm2m=1.1&b=Q", LINKS, CODE(4, 0)},
		{"ep=a/../b&lwm2m=1.1", LINKS, CODE(4, 0)},
		{"ep=a&lwm2m=1.1", "garbage", CODE(4, 0)},
		{"ep=a&lwm2m=1.1", "", CODE(4, 0)},
		{"ep=a&lwm2m=1.2", "", CODE(4, 9)},
		{"ep=a&pid=7&lwm2m=1.2", LINKS, CODE(4, 0)},
	};
	auto_bed *b = bed_open();

	ASSERT(b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ASSERT_INT(cases[i].code, bed_register(b, cases[i].query, cases[i].links));
	ASSERT_INT(0, registry_count(b->s.lwm2m->registry));
	ASSERT_INT(CODE(4, 4), bed_ask(b, MP_COAP_POST, "rd/nothing", "", -1, "", 0));
	ASSERT_INT(CODE(4, 5), bed_ask(b, MP_COAP_GET, "rd", "", -1, "", 0));
}

TEST(registration_takes_every_version_and_binding_there_is)
{
	static const char *const good[] = {"ep=a&lwm2m=1.0&b=UQ",   "ep=a&lwm2m=1.0&b=UQS",
					   "ep=a&lwm2m=1.1&b=UT&Q", "ep=a&lwm2m=1.2&pid=6:1234abcd",
					   "ep=a&lwm2m=1.1&lt=0",   "ep=a&lwm2m=1.1&b=N"};
	auto_bed *b = bed_open();

	ASSERT(b);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ASSERT_INT(CODE(2, 1), bed_register(b, good[i], LINKS));
}

#define PID(ep) "ep=" ep "&pid=6:1234abcd&lwm2m=1.2"

TEST(a_profile_id_is_learnt_and_survives_a_crash)
{
	auto_bed *b = bed_open();

	ASSERT(b);
	ASSERT_INT(CODE(4, 9), bed_register(b, PID("a"), ""));
	ASSERT_INT(CODE(2, 1), bed_register(b, PID("a"), LINKS));
	ASSERT_STR("6:1234abcd", registration_profile(find(b, "a")));
	ASSERT(!find(b, "a")->attributes);
	ASSERT_INT(CODE(2, 1), bed_register(b, PID("b"), ""));
	ASSERT(find(b, "b")->links == find(b, "a")->links);
	ASSERT_INT(1, b->s.lwm2m->counters.refused_profile);
	ASSERT_OK(bed_crash(b));
	ASSERT_STR("6:1234abcd", registration_profile(find(b, "b")));
	ASSERT_INT(CODE(2, 1), bed_register(b, PID("a"), ""));
	ASSERT_INT(CODE(2, 1), bed_register(b, PID("c"), ""));
	ASSERT(registration_has(find(b, "c"), &sensor));
}

TEST(a_profile_id_ends_with_the_list_that_it_stood_for)
{
	auto_bed *b = bed_open();
	char location[64];

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, PID("a"), LINKS));
	snprintf(location, sizeof(location), "%s", b->location);
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, location, "", 40, "</3/0>", 6));
	ASSERT(!registration_profile(find(b, "a")));
	ASSERT_INT(CODE(4, 9), bed_register(b, PID("b"), ""));
	/* an update may tell one, too */
	ASSERT_INT(CODE(4, 9), bed_ask(b, MP_COAP_POST, location, "pid=6:1234abcd", -1, "", 0));
	ASSERT_INT(CODE(2, 4),
		   bed_ask(b, MP_COAP_POST, location, "pid=6:1234abcd", 40, "</3/0>", 6));
	ASSERT_STR("6:1234abcd", registration_profile(find(b, "a")));
}

TEST(a_profile_id_that_cannot_be_trusted_asks_for_the_list)
{
	auto_bed *b = bed_open();

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, PID("a"), LINKS));
	ASSERT_INT(CODE(2, 1), bed_register(b, PID("b"), "</3/0>"));
	ASSERT(!registration_has(find(b, "b"), &sensor));
	ASSERT_INT(CODE(4, 9), bed_register(b, PID("c"), ""));
	/* what server and client were to agree on, and what 1.1 means by it */
	ASSERT_INT(CODE(4, 9), bed_register(b, "ep=d&lwm2m=1.2&pid=oma:x", "</3/0>"));
	ASSERT_INT(CODE(4, 9), bed_register(b, "ep=d&lwm2m=1.2&pid=\"6:1234abcd,v:x\"", LINKS));
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=d&pid=oma:x&lwm2m=1.1", LINKS));
	ASSERT_STR("pid=oma:x", find(b, "d")->attributes);
}

TEST(registering_again_makes_the_old_location_unknown)
{
	auto_bed *b = bed_open();
	char old[64];

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	snprintf(old, sizeof(old), "%s", b->location);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	ASSERT_INT(CODE(4, 4), bed_ask(b, MP_COAP_POST, old, "", -1, "", 0));
	ASSERT_INT(1, registry_count(b->s.lwm2m->registry));
}

TEST(ets_107_a_registration_lives_as_long_as_it_is_updated)
{
	auto_bed *b = bed_open();

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1&lt=60", LINKS));
	bed_pass(b, 50);
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, b->location, "", -1, "", 0));
	bed_pass(b, 50);
	ASSERT(find(b, "a"));
	bed_pass(b, 15);
	ASSERT(!find(b, "a"));
	ASSERT_STR("registered updated expired", b->events);
}

TEST(an_update_without_security_may_come_from_elsewhere)
{
	auto_bed *b = bed_open();
	struct got g;
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	b->here.address.port = 6000;
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, b->location, "", -1, "", 0));
	ASSERT_INT(6000, find(b, "a")->remote.address.port);
	ASSERT(registry_of_remote(b->s.lwm2m->registry, &b->here) == find(b, "a"));
	ASSERT_OK(bed_crash(b));
	ASSERT_INT(6000, find(b, "a")->remote.address.port);
	b->answer = (struct bed_answer){
		.code = CODE(2, 5), .format = 0, .payload = "95", .observe = -1};
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(1, g.calls);
}

TEST(a_session_that_ends_is_kept_by_none_of_its_registrations)
{
	auto_bed *b = bed_open();
	struct mp_coap_remote other;
	char session, another;

	ASSERT(b);
	b->here.is_reliable = true;
	b->here.session = &another;
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=c&lwm2m=1.1&b=T", LINKS));
	other = b->here;
	b->here.session = &session;
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1&b=T", LINKS));
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=b&lwm2m=1.1&b=T", LINKS));
	ASSERT(registration_uses(b->s.lwm2m, &b->here) && registration_uses(b->s.lwm2m, &other));
	registration_disconnected(b->s.lwm2m, &b->here);
	ASSERT(!find(b, "a")->remote.session && !find(b, "b")->remote.session);
	ASSERT(!registration_is_awake(find(b, "a")));
	ASSERT(find(b, "c")->remote.session == &another);
	ASSERT(!registration_uses(b->s.lwm2m, &b->here) && registration_uses(b->s.lwm2m, &other));
	/* a session of its own is no proof of where the others are */
	b->here.address.port = 6000;
	registration_connected(b->s.lwm2m, &b->here);
	ASSERT(find(b, "c")->remote.session == &another);
	registration_disconnected(b->s.lwm2m, &other);
}

TEST(a_session_that_another_has_taken_the_place_of_ends)
{
	auto_bed *b = bed_open();
	bool first = false, second = false;

	ASSERT(b);
	b->here.session = &first;
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	b->here.session = &second;
	registration_connected(b->s.lwm2m, &b->here);
	ASSERT(find(b, "a")->remote.session == &second);
	ASSERT(first && !second); /* ended */
	registration_disconnected(b->s.lwm2m, &b->here);
}

TEST(an_address_is_proven_by_an_answer_and_stays_so_over_a_crash)
{
	auto_bed *b = bed_open();
	struct got g;
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	ASSERT(!find(b, "a")->is_proven);
	b->answer = (struct bed_answer){.code = CODE(4, 4), .format = -1, .observe = -1};
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(find(b, "a")->is_proven);
	ASSERT_OK(bed_crash(b));
	ASSERT(find(b, "a")->is_proven);
	ASSERT_OK(bed_restart(b));
	ASSERT(find(b, "a")->is_proven);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	ASSERT(find(b, "a")->is_proven);
	b->here.address.port = 6000;
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, b->location, "", -1, "", 0));
	ASSERT(!find(b, "a")->is_proven);
	ASSERT_OK(bed_crash(b));
	ASSERT(!find(b, "a")->is_proven);
}

TEST(whatever_comes_from_a_device_is_a_sign_of_life_and_no_update)
{
	static const char pack[] = "[{\"bn\":\"/3/0/\",\"n\":\"9\",\"v\":77}]";
	auto_bed *b = bed_open();
	int64_t began, expires;
	size_t bytes;

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1&lt=300", LINKS));
	began = registration_seen(find(b, "a"));
	expires = registration_expires(find(b, "a"));
	bytes = durable_journal_bytes(b->s.lwm2m->durable);
	bed_pass(b, 70);
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, "dp", "", 110, pack, sizeof(pack) - 1));
	ASSERT_INT(began + 70, registration_seen(find(b, "a")));
	ASSERT_INT(expires, registration_expires(find(b, "a")));
	ASSERT_INT(bytes, durable_journal_bytes(b->s.lwm2m->durable)); /* nothing was written */
	ASSERT_OK(bed_restart(b));
	ASSERT_INT(began + 70, registration_seen(find(b, "a")));
}

TEST(an_endpoint_with_credentials_registers_with_security_only)
{
	auto_bed *b = bed_open();

	ASSERT(b);
	ASSERT_OK(credentials_set_psk(&b->s, "a", "id", 2, "0123456789abcdef", 16));
	ASSERT_INT(CODE(4, 3), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	ASSERT_INT(1, b->s.lwm2m->counters.refused_unsecured);
	b->s.options.open_registration = false;
	ASSERT_INT(CODE(4, 3), bed_register(b, "ep=stranger&lwm2m=1.1", LINKS));
	ASSERT_INT(1, b->s.lwm2m->counters.refused_unknown);
}

TEST(every_endpoint_becomes_a_device)
{
	auto_bed *b = bed_open();

	ASSERT(b);
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	bed_pass(b, 2);
	ASSERT(devices_find(b->s.devices, "a"));
}

/* ---- operations ---- */

TEST(ets_201_reads_text_with_the_type_of_the_model)
{
	auto_bed *b = bed_open();
	struct got g;
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	b->answer = (struct bed_answer){
		.code = CODE(2, 5), .format = 0, .payload = "95", .observe = -1};
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(1, g.calls);
	ASSERT_INT(LWM2M_ANSWERED, g.outcome);
	ASSERT(g.n == 1 && g.value == 95);
	ASSERT_STR("3/0/9", b->path);
	b->answer.payload = "ninety";
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(LWM2M_UNREADABLE, g.outcome);
	b->answer = (struct bed_answer){.code = CODE(4, 5), .format = -1, .observe = -1};
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(CODE(4, 5), g.code);
}

TEST(ets_203_reads_an_instance_in_tlv)
{
	static const char tlv[] = "\xc1\x09\x5f\xc1\x0b\x00"; /* 9: 95, 11: 0 */
	auto_bed *b = bed_open();
	struct got g;
	struct lwm2m_operation o = on(LWM2M_READ, &device);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.0", LINKS) == CODE(2, 1));
	b->answer = (struct bed_answer){
		.code = CODE(2, 5), .format = 11542, .payload = tlv, .len = 6, .observe = -1};
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(g.n == 2 && g.value == 95);
}

TEST(ets_205_writes_executes_creates_and_deletes)
{
	auto_bed *b = bed_open();
	struct got g;
	struct mp_lwm2m_record record = {
		.path = lifetime, .has_value = true, .value = mp_lwm2m_integer(300)};
	struct lwm2m_operation o = on(LWM2M_WRITE_REPLACE, &lifetime);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	o.records = &record;
	o.n_records = 1;
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(b->method == MP_COAP_PUT && b->format == MP_LWM2M_FORMAT_TLV && b->body_len > 2);
	o.format = MP_LWM2M_FORMAT_TEXT;
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(b->body_len == 3 && memcmp(b->body, "300", 3) == 0);
	o = on(LWM2M_EXECUTE, &reboot);
	o.arguments = "0='x'";
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(b->method == MP_COAP_POST && b->body_len == 5 && b->format == 0);
	o = on(LWM2M_DELETE, &sensor);
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(MP_COAP_DELETE, b->method);
	record = (struct mp_lwm2m_record){
		.path = {{3303, 2, 5700}, 3}, .has_value = true, .value = mp_lwm2m_float(1)};
	o = on(LWM2M_CREATE, &sensors);
	o.records = &record;
	o.n_records = 1;
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_STR("3303", b->path);
	ASSERT_INT(MP_COAP_POST, b->method);
}

TEST(ets_260_261_discovers_and_writes_attributes)
{
	auto_bed *b = bed_open();
	struct got g;
	struct mp_lwm2m_attributes a = {
		.set = MP_LWM2M_PMIN | MP_LWM2M_PMAX, .pmin = 10, .pmax = 60};
	struct lwm2m_operation o = on(LWM2M_DISCOVER, &device);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	b->answer = (struct bed_answer){
		.code = CODE(2, 5), .format = 40, .payload = "</3/0>,</3/0/9>", .observe = -1};
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_STR("</3/0>,</3/0/9>", g.text);
	ASSERT_INT(40, b->accept);
	o = on(LWM2M_WRITE_ATTRIBUTES, &device);
	o.attributes = &a;
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_STR("pmin=10&pmax=60", b->query);
	ASSERT(b->method == MP_COAP_PUT && b->body_len == 0 && b->format == -1);
}

TEST(ets_229_235_reads_composite_also_from_the_root)
{
	auto_bed *b = bed_open();
	struct got g;
	struct mp_lwm2m_path paths[] = {battery, lifetime};
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_READ_COMPOSITE);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	o.paths = paths;
	o.n_paths = 2;
	b->answer = (struct bed_answer){.code = CODE(2, 5),
					.format = 110,
					.payload = "[{\"bn\":\"/\",\"n\":\"3/0/9\",\"v\":7},"
						   "{\"n\":\"1/0/1\",\"v\":300}]",
					.observe = -1};
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(b->method == MP_COAP_FETCH && *b->path == '\0' && b->format == 112);
	ASSERT(g.n == 2 && g.value == 7);
	paths[0] = mp_lwm2m_path_root;
	o.n_paths = 1;
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(g.n == 2);
}

TEST(operations_that_make_no_sense_are_refused_before_they_are_sent)
{
	auto_bed *b = bed_open();
	struct got g;
	struct lwm2m_operation o = on(LWM2M_EXECUTE, &device);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	ASSERT_INT(-EINVAL, ask(b, &o, &g));
	o = on(LWM2M_WRITE_REPLACE, &lifetime);
	ASSERT_INT(-EINVAL, ask(b, &o, &g));
	o = on(LWM2M_READ, &mp_lwm2m_path_root);
	ASSERT_INT(-EINVAL, ask(b, &o, &g));
	ASSERT(b->asked == 0 && g.calls == 0);
}

TEST(a_request_ends_with_its_registration)
{
	auto_bed *b = bed_open();
	struct got g = {0};
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	b->deaf = true;
	ASSERT_INT(0, lwm2m_ask(&b->s, find(b, "a"), &o, take, &g, NULL, NULL));
	bed_run(b);
	registration_end(b->s.lwm2m, find(b, "a"), LWM2M_DEREGISTERED);
	ASSERT_INT(1, g.calls);
	ASSERT_INT(LWM2M_GONE, g.outcome);
}

TEST(a_device_that_does_not_answer_times_out)
{
	auto_bed *b = bed_open();
	struct got g = {0};
	struct lwm2m_request *q;
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	b->deaf = true;
	ASSERT_INT(0, lwm2m_ask(&b->s, find(b, "a"), &o, take, &g, &q, NULL));
	bed_pass(b, 120);
	ASSERT_INT(LWM2M_TIMED_OUT, g.outcome);
	ASSERT_INT(0, lwm2m_ask(&b->s, find(b, "a"), &o, take, &g, &q, NULL));
	lwm2m_cancel(q);
	ASSERT_INT(LWM2M_CANCELED, g.outcome);
	ASSERT_INT(2, g.calls);
}

/* ---- observing, Send ---- */

static int observe(struct bed *b, struct got *g)
{
	struct lwm2m_operation o = on(LWM2M_OBSERVE, &battery);

	b->answer =
		(struct bed_answer){.code = CODE(2, 5), .format = 0, .payload = "50", .observe = 1};
	return ask(b, &o, g);
}

static void notify(struct bed *b, int64_t number, const char *value)
{
	static const struct mp_coap_remote server = {
		.address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 2}, .port = 5683}};
	struct mp_coap_response r = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	r.format = 0;
	r.payload = value;
	r.payload_len = strlen(value);
	r.observe = number;
	mp_coap_notify(b->device, &server, b->token, b->token_len, true, &r, NULL, NULL);
	bed_run(b);
}

TEST(ets_301_notifications_are_told_with_their_values)
{
	auto_bed *b = bed_open();
	struct got g;

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	ASSERT_INT(0, observe(b, &g));
	ASSERT(g.observed && observations_count(&b->s) == 1);
	notify(b, 2, "51");
	ASSERT_STR("registered notified", b->events);
	ASSERT(b->value == 51);
	notify(b, 1, "49"); /* overtaken on its way */
	ASSERT(b->value == 51);
}

TEST(ets_302_303_observations_end_by_rst_and_by_asking)
{
	auto_bed *b = bed_open();
	struct got g;
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_CANCEL_OBSERVE);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	ASSERT_INT(0, observe(b, &g));
	o.observation = find(b, "a")->observations;
	b->answer.observe = -1;
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(1, b->observe);
	ASSERT_INT(0, observations_count(&b->s));
	ASSERT_INT(0, observe(b, &g));
	observation_forget(&b->s, find(b, "a")->observations);
	notify(b, 3, "51");
	ASSERT_INT(1, b->s.lwm2m->counters.unknown_notifications);
	ASSERT_STR("registered", b->events);
}

TEST(ets_305_a_composite_observation_ends_by_asking)
{
	auto_bed *b = bed_open();
	struct got g;
	struct mp_lwm2m_path paths[] = {battery, lifetime};
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_OBSERVE_COMPOSITE);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	o.paths = paths;
	o.n_paths = 2;
	b->answer = (struct bed_answer){.code = CODE(2, 5),
					.format = 110,
					.payload = "[{\"n\":\"/3/0/9\",\"v\":7}]",
					.observe = 1};
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(g.observed && b->method == MP_COAP_FETCH);
	o = LWM2M_OPERATION(LWM2M_CANCEL_OBSERVE);
	o.observation = find(b, "a")->observations;
	b->answer.observe = -1;
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT(b->method == MP_COAP_FETCH && *b->path == '\0' && b->format == 112);
	ASSERT_INT(1, b->observe);
	ASSERT(g.n == 1 && g.value == 7);
	ASSERT_INT(0, observations_count(&b->s));
}

TEST(observations_survive_a_crash_and_a_restart)
{
	auto_bed *b = bed_open();
	struct got g;

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	ASSERT_INT(0, observe(b, &g));
	ASSERT_OK(bed_crash(b));
	notify(b, 5, "61");
	ASSERT(b->value == 61);
	ASSERT_OK(bed_restart(b));
	notify(b, 6, "62");
	ASSERT(b->value == 62);
	ASSERT_INT(1, observations_count(&b->s));
}

TEST(observations_are_made_again_after_a_registration)
{
	auto_bed *b = bed_open();
	struct got g;
	uint8_t token[8];

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	ASSERT_INT(0, observe(b, &g));
	memcpy(token, b->token, sizeof(token));
	b->asked = 0;
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	ASSERT(b->asked == 1 && b->observe == 0 && memcmp(token, b->token, 8) == 0);
	ASSERT(!find(b, "a")->observations->is_stale);
	b->s.options.no_reobserve = true;
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	ASSERT_INT(0, observations_count(&b->s));
}

TEST(observations_over_a_connection_are_made_again_over_the_next)
{
	auto_bed *b = bed_open();
	uint8_t token[8];
	char first, second, location[64];
	struct got g;
	struct mp_coap_message m = {.token_len = sizeof(token)};
	struct mp_coap_answer a = {.outcome = MP_COAP_ANSWERED,
				   .code = CODE(2, 5),
				   .format = 0,
				   .payload = (const uint8_t *)"51",
				   .payload_len = 2,
				   .remote = &b->here};

	ASSERT(b);
	b->here.is_reliable = true;
	b->here.session = &first;
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1&b=T", LINKS));
	snprintf(location, sizeof(location), "%s", b->location);
	ASSERT_INT(0, observe(b, &g));
	memcpy(token, b->token, sizeof(token));
	a.message = &m;
	m.token = token;
	ASSERT(observations_notified(b->s.lwm2m, &a));
	a.payload = (const uint8_t *)"52"; /* the number may be missing there: nothing overtakes */
	ASSERT(observations_notified(b->s.lwm2m, &a));
	ASSERT(b->value == 52);
	registration_disconnected(b->s.lwm2m, &b->here);
	for (int i = 0; i < 2; i++) {
		b->here.session = &second;
		b->here.address.port++;
		bed_pass(
			b,
			300); /* messages have no ids there, which the device takes for repetitions */
		b->asked = 0;
		ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, location, "", -1, "", 0));
		ASSERT(b->asked == 1 && b->observe == 0 && memcmp(token, b->token, 8) == 0);
		ASSERT(!find(b, "a")->observations->is_stale);
		ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, location, "", -1, "", 0));
		ASSERT_INT(1, b->asked);
		ASSERT_OK(bed_crash(b));
	}
}

TEST(ets_306_send_is_told_and_needs_a_registration)
{
	static const char pack[] = "[{\"bn\":\"/3/0/\",\"n\":\"9\",\"v\":77}]";
	auto_bed *b = bed_open();

	ASSERT(b);
	ASSERT_INT(CODE(4, 4), bed_ask(b, MP_COAP_POST, "dp", "", 110, pack, sizeof(pack) - 1));
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=a&lwm2m=1.1", LINKS));
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, "dp", "", 110, pack, sizeof(pack) - 1));
	ASSERT_STR("registered sent", b->events);
	ASSERT(b->value == 77);
	ASSERT_INT(CODE(4, 0), bed_ask(b, MP_COAP_POST, "dp", "", 110, "[{", 2));
	ASSERT_INT(CODE(4, 15), bed_ask(b, MP_COAP_POST, "dp", "", 11542, "x", 1));
}

/* ---- queue mode ---- */

static int remember(void *user, const struct queue_entry *e)
{
	struct queue_entry *to = user;

	*to = *e;
	to->diagnostic = to->path = to->endpoint = NULL;
	to->payload = NULL;
	return 0;
}

TEST(ets_108_109_a_sleeping_device_is_asked_when_it_wakes)
{
	auto_bed *b = bed_open();
	struct got g;
	struct queue_entry e;
	int64_t first = 0, second = 0;
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1&Q&lt=1000", LINKS) == CODE(2, 1));
	bed_pass(b, 100);
	ASSERT_STR("registered awake asleep", b->events);
	ASSERT_INT(-EHOSTDOWN, ask(b, &o, &g));
	o.asleep = LWM2M_QUEUE;
	ASSERT_INT(1, lwm2m_ask(&b->s, find(b, "a"), &o, take, &g, NULL, &first));
	o.kind = LWM2M_EXECUTE;
	o.paths = &reboot;
	ASSERT_INT(1, lwm2m_ask(&b->s, find(b, "a"), &o, take, &g, NULL, &second));
	ASSERT(b->asked == 0 && queue_length(&b->s) == 2 && second > first);
	ASSERT_OK(bed_turn(b));
	ASSERT_OK(bed_crash(b));
	b->events[0] = '\0';
	b->answer = (struct bed_answer){
		.code = CODE(2, 5), .format = 0, .payload = "95", .observe = -1};
	bed_pass(b, 100); /* after a start everybody counts as awake for a while */
	b->events[0] = '\0';
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, b->location, "", -1, "", 0));
	ASSERT_INT(2, b->asked);
	ASSERT_STR("3/0/4", b->path);
	ASSERT_STR("updated awake done done", b->events);
	ASSERT_OK(queue_get(&b->s, first, remember, &e));
	ASSERT(e.state == QUEUE_DONE && e.code == CODE(2, 5) && e.payload_len == 2);
	ASSERT_INT(0, queue_length(&b->s));
	ASSERT_INT(2, queue_clear(&b->s, "a"));
}

TEST(the_queue_replaces_expires_and_is_bounded)
{
	auto_bed *b = bed_open();
	struct queue_entry e;
	int64_t id = 0, other = 0;
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1&Q&lt=10000", LINKS) == CODE(2, 1));
	o.asleep = LWM2M_QUEUE_REPLACE;
	ASSERT_OK(queue_add(&b->s, "a", &o, &id));
	ASSERT_OK(queue_add(&b->s, "a", &o, &other));
	ASSERT_INT(1, queue_length(&b->s));
	ASSERT_ERR(-ENOENT, queue_get(&b->s, id, remember, &e));
	o.asleep = LWM2M_QUEUE;
	for (unsigned i = 1; i < QUEUE_MAX; i++)
		ASSERT_OK(queue_add(&b->s, "a", &o, &id));
	ASSERT_ERR(-ENOBUFS, queue_add(&b->s, "a", &o, &id));
	ASSERT_OK(queue_remove(&b->s, "a", id));
	ASSERT_ERR(-ENOENT, queue_remove(&b->s, "b", other));
	ASSERT_INT(QUEUE_MAX - 1, queue_clear(&b->s, "a"));
	ASSERT_INT(0, queue_length(&b->s));
}

TEST(a_request_that_times_out_waits_for_the_next_waking)
{
	auto_bed *b = bed_open();
	int64_t id;
	char location[64];
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1&Q&lt=10000", LINKS) == CODE(2, 1));
	snprintf(location, sizeof(location), "%s", b->location);
	ASSERT_OK(queue_add(&b->s, "a", &o, &id));
	b->deaf = true;
	ASSERT(bed_ask(b, MP_COAP_POST, location, "", -1, "", 0) == 0);
	bed_pass(b, 120);
	ASSERT_INT(1, queue_length(&b->s));
	ASSERT(!registration_is_awake(find(b, "a")));
	b->deaf = false;
	ASSERT_INT(CODE(2, 4), bed_ask(b, MP_COAP_POST, location, "", -1, "", 0));
	ASSERT_INT(0, queue_length(&b->s));
}

TEST(what_is_asked_while_the_queue_is_sent_waits_behind_it)
{
	auto_bed *b = bed_open();
	int64_t id;
	struct got g;
	struct lwm2m_operation o = on(LWM2M_READ, &battery);

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1&Q&lt=10000", LINKS) == CODE(2, 1));
	ASSERT_OK(queue_add(&b->s, "a", &o, &id));
	ASSERT_OK(queue_add(&b->s, "a", &o, &id));
	b->deaf = true;
	ASSERT(bed_ask(b, MP_COAP_POST, b->location, "", -1, "", 0) == 0);
	ASSERT(registration_is_awake(find(b, "a")) && find(b, "a")->is_sending_queue);
	o.asleep = LWM2M_QUEUE;
	ASSERT_INT(1, lwm2m_ask(&b->s, find(b, "a"), &o, take, &g, NULL, &id));
	ASSERT_INT(3, queue_length(&b->s));
	o.asleep = LWM2M_FAIL; /* now or not at all */
	ASSERT_INT(0, ask(b, &o, &g));
	b->deaf = false;
	bed_pass(b, 30); /* it is sent again */
	ASSERT_INT(0, queue_length(&b->s));
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(1, g.calls);
}
