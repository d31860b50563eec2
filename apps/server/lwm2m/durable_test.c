/* SPDX-License-Identifier: Apache-2.0
 * What a crash of the server leaves, at whatever moment it comes. */
#include "base/test.h"
#include "durable.h"
#include "testbed_ask.h"

TEST(what_was_acknowledged_survives_a_crash)
{
	auto_bed *b = bed_open();
	char query[64];

	ASSERT(b);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(query, sizeof(query), "ep=d%u&lwm2m=1.1&lt=%u", i, 1000 + i);
		ASSERT_INT(CODE(2, 1), bed_register(b, query, i % 2 ? LINKS : "</3/0>"));
		if (i % 100 == 50)
			durable_fold(b->s.lwm2m, 1);
		if (i % 3 == 0)
			ASSERT_INT(CODE(2, 2),
				   bed_ask(b, MP_COAP_DELETE, b->location, "", -1, "", 0));
		if (i % 90 == 1)
			ASSERT_OK(bed_crash(b));
	}
	ASSERT_OK(bed_crash(b));
	ASSERT_INT(400, registry_count(b->s.lwm2m->registry));
	ASSERT(!find(b, "d3") && find(b, "d4") && find(b, "d599"));
	ASSERT_INT(1004, find(b, "d4")->lifetime);
	ASSERT(registration_has(find(b, "d5"), &sensor) &&
	       !registration_has(find(b, "d4"), &sensor));
	ASSERT_OK(bed_restart(b));
	ASSERT_INT(400, registry_count(b->s.lwm2m->registry));
	ASSERT_INT(0, durable_journal_bytes(b->s.lwm2m->durable));
}

TEST(an_interrupted_fold_brings_nobody_back)
{
	auto_bed *b = bed_open();
	char query[64], first[64] = "";

	ASSERT(b);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(query, sizeof(query), "ep=d%u&lwm2m=1.1", i);
		ASSERT_INT(CODE(2, 1), bed_register(b, query, LINKS));
		if (i == 0)
			snprintf(first, sizeof(first), "%s", b->location);
	}
	ASSERT_OK(bed_restart(b)); /* all is in chunks */
	ASSERT_INT(CODE(2, 2), bed_ask(b, MP_COAP_DELETE, first, "", -1, "", 0));
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=new&lwm2m=1.1", LINKS)); /* in its slot */
	ASSERT_INT(CODE(2, 1), bed_register(b, "ep=d0&lwm2m=1.1", LINKS)); /* elsewhere */
	for (unsigned n = 0; n < 5; n++) {
		ASSERT_OK(bed_crash(b));
		ASSERT_INT(601, registry_count(b->s.lwm2m->registry));
		ASSERT(find(b, "d0") && find(b, "new"));
		durable_fold_slice(b->s.lwm2m, 1);
		ASSERT_OK(bed_turn(b));
	}
	ASSERT_INT(CODE(2, 2), bed_ask(b, MP_COAP_DELETE, b->location, "", -1, "", 0));
	ASSERT_OK(bed_restart(b));
	ASSERT(!find(b, "d0"));
}

TEST(an_interrupted_fold_of_a_full_set_of_observations_can_be_read)
{
	struct mp_lwm2m_path path = {{3303, 0, 0}, 3};
	struct lwm2m_operation o = on(LWM2M_OBSERVE, &path);
	auto_bed *b = bed_open();
	char query[64];
	struct got g;

	ASSERT(b && bed_register(b, "ep=a&lwm2m=1.1", LINKS) == CODE(2, 1));
	for (unsigned i = 0; i < 300; i++) { /* another chunk, so that a fold has a middle */
		snprintf(query, sizeof(query), "ep=d%u&lwm2m=1.1", i);
		ASSERT_INT(CODE(2, 1), bed_register(b, query, LINKS));
	}
	b->answer =
		(struct bed_answer){.code = CODE(2, 5), .format = 0, .payload = "5", .observe = 1};
	for (; path.id[2] < OBSERVATIONS_MAX; path.id[2]++)
		ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(OBSERVATIONS_MAX, observations_count(&b->s));
	observation_forget(&b->s, find(b, "a")->observations);
	ASSERT_INT(0, ask(b, &o, &g));
	ASSERT_INT(OBSERVATIONS_MAX, observations_count(&b->s));
	durable_fold_slice(b->s.lwm2m, 1);
	ASSERT_OK(bed_turn(b));
	ASSERT_OK(bed_crash(b));
	ASSERT_INT(OBSERVATIONS_MAX, observations_count(&b->s));
	ASSERT(observation_find(find(b, "a"), &path, 1, false));
	path.id[2]--;
	ASSERT(!observation_find(find(b, "a"), &path, 1, false));
}
