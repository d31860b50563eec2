/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/course.h"

#include "base/test.h"

struct sight { /* what is read from a device, and what follows */
	enum stage stage;
	enum phase phase;
	int64_t result;
	const char *running;
	enum next next;
	const char *words; /* of the reason */
};

static void check(enum mp_release_object object, const struct sight *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct facts f = {.carrier = carrier_of(object),
				  .phase = all[i].phase,
				  .result = all[i].result};
		struct so_far s = {.wanted = "2.0", .stage = all[i].stage};
		char reason[256] = "";
		enum next next;

		snprintf(f.running, sizeof(f.running), "%s", all[i].running);
		next = course_next(&f, &s, reason, sizeof(reason));
		if (next != all[i].next || !strstr(reason, all[i].words))
			mp_test_fail(__FILE__, __LINE__, "row %zu: %d \"%s\"", i, (int)next,
				     reason);
	}
}

TEST(an_update_goes_from_transfer_to_proof)
{
	static const struct sight all[] = {
		{STAGE_OFFERED, PHASE_IDLE, 0, "1.0", NEXT_TRANSFER, ""},
		{STAGE_OFFERED, PHASE_IDLE, 0, "2.0", NEXT_PROVEN, "runs 2.0 already"},
		{STAGE_OFFERED, PHASE_DELIVERED, 0, "1.0", NEXT_TRANSFER, ""},
		{STAGE_TRANSFER, PHASE_DOWNLOADING, 0, "1.0", NEXT_WAIT, "fetching"},
		{STAGE_TRANSFER, PHASE_DELIVERED, 0, "1.0", NEXT_UPDATE, ""},
		{STAGE_DELIVERED, PHASE_DELIVERED, 0, "1.0", NEXT_UPDATE, ""},
		{STAGE_TOLD, PHASE_UPDATING, 0, "1.0", NEXT_WAIT, "bringing up"},
		{STAGE_TOLD, PHASE_DELIVERED, 0, "1.0", NEXT_UPDATE, ""},
		{STAGE_BACK, PHASE_IDLE, 1, "2.0", NEXT_PROVEN, "came back with 2.0"},
	};

	check(MP_RELEASE_FIRMWARE, all, sizeof(all) / sizeof(*all));
}

TEST(a_new_version_counts_only_after_the_device_has_registered_again)
{
	static const struct sight all[] = {
		{STAGE_TOLD, PHASE_IDLE, 1, "2.0", NEXT_WAIT, "has not come back"},
		{STAGE_TOLD, PHASE_IDLE, 1, "1.0", NEXT_WAIT, "has not come back"},
		{STAGE_BACK, PHASE_UPDATING, 0, "2.0", NEXT_WAIT, "bringing up"},
		{STAGE_BACK, PHASE_IDLE, 1, "1.0", NEXT_FAILED, "rolled back"},
		{STAGE_BACK, PHASE_IDLE, 0, "", NEXT_FAILED, "no version"},
	};

	check(MP_RELEASE_FIRMWARE, all, sizeof(all) / sizeof(*all));
}

TEST(ets_772_to_780_each_result_has_a_sentence)
{
	static const struct sight all[] = {
		{STAGE_TRANSFER, PHASE_IDLE, 2, "1.0", NEXT_FAILED, "storage"},
		{STAGE_TRANSFER, PHASE_IDLE, 3, "1.0", NEXT_AGAIN, "memory"},
		{STAGE_TRANSFER, PHASE_IDLE, 4, "1.0", NEXT_AGAIN, "connection"},
		{STAGE_TRANSFER, PHASE_IDLE, 5, "1.0", NEXT_AGAIN, "checksum"},
		{STAGE_TRANSFER, PHASE_IDLE, 6, "1.0", NEXT_FAILED, "type of image"},
		{STAGE_TRANSFER, PHASE_IDLE, 7, "1.0", NEXT_FAILED, "address"},
		{STAGE_TOLD, PHASE_IDLE, 8, "1.0", NEXT_FAILED, "could not bring up"},
		{STAGE_TRANSFER, PHASE_IDLE, 9, "1.0", NEXT_FAILED, "protocol"},
		{STAGE_TRANSFER, PHASE_IDLE, 10, "1.0", NEXT_FAILED, "cancelled"},
		{STAGE_TRANSFER, PHASE_IDLE, 0, "1.0", NEXT_AGAIN, "no longer has"},
		{STAGE_TRANSFER, PHASE_IDLE, 99, "1.0", NEXT_FAILED, "result 99"},
	};

	check(MP_RELEASE_FIRMWARE, all, sizeof(all) / sizeof(*all));
}

TEST(what_the_device_says_of_its_failure_follows_the_result)
{
	struct facts f = {.carrier = carrier_of(MP_RELEASE_FIRMWARE),
			  .phase = PHASE_IDLE,
			  .result = 8,
			  .why = "web is not healthy",
			  .running = "1.0"};
	struct so_far s = {.wanted = "2.0", .stage = STAGE_BACK};
	char reason[256];

	ASSERT_INT(NEXT_FAILED, course_next(&f, &s, reason, sizeof(reason)));
	ASSERT_STR("The device could not bring up the new version (result 8): web is not healthy",
		   reason);
}

TEST(software_is_activated_and_needs_no_reboot)
{
	struct facts f = {.carrier = carrier_of(MP_RELEASE_SOFTWARE),
			  .phase = PHASE_INSTALLED,
			  .result = 2,
			  .running = "2.0"};
	struct so_far s = {.wanted = "2.0", .stage = STAGE_TOLD};
	char reason[256];
	static const struct sight all[] = {
		{STAGE_TOLD, PHASE_INSTALLED, 2, "1.0", NEXT_FAILED, "1.0 instead of 2.0"},
		{STAGE_TOLD, PHASE_DELIVERED, 58, "2.0", NEXT_FAILED, "could not install"},
		{STAGE_DELIVERED, PHASE_DELIVERED, 3, "2.0", NEXT_UPDATE, ""},
		{STAGE_TOLD, PHASE_DELIVERED, 3, "2.0", NEXT_UPDATE, ""}, /* the order was lost */
		{STAGE_TOLD, PHASE_IDLE, 0, "", NEXT_AGAIN, "no longer has"},
		{STAGE_TRANSFER, PHASE_IDLE, 53, "", NEXT_AGAIN, "checksum"},
		{STAGE_TOLD, PHASE_IDLE, 58, "", NEXT_FAILED, "could not install"},
	};

	ASSERT_INT(NEXT_ACTIVATE, course_next(&f, &s, reason, sizeof(reason)));
	f.is_active = true;
	ASSERT_INT(NEXT_PROVEN, course_next(&f, &s, reason, sizeof(reason)));
	check(MP_RELEASE_SOFTWARE, all, sizeof(all) / sizeof(*all));
}

TEST(software_that_is_there_has_to_go_first)
{
	static const struct sight all[] = {
		{STAGE_OFFERED, PHASE_INSTALLED, 2, "1.0", NEXT_UNINSTALL, ""},
		{STAGE_OFFERED, PHASE_IDLE, 0, "1.0", NEXT_TRANSFER, ""},
		{STAGE_OFFERED, PHASE_INSTALLED, 2, "2.0", NEXT_ACTIVATE, ""},
	};

	check(MP_RELEASE_SOFTWARE, all, sizeof(all) / sizeof(*all));
}

TEST(a_package_that_names_its_version_is_no_proof_that_it_runs)
{
	static const struct sight all[] = {
		{STAGE_OFFERED, PHASE_IDLE, 0, "2.0", NEXT_TRANSFER, ""},
		{STAGE_OFFERED, PHASE_DELIVERED, 3, "2.0", NEXT_TRANSFER, ""},
		{STAGE_BACK, PHASE_IDLE, 0, "2.0", NEXT_AGAIN, "no longer has"},
	};

	check(MP_RELEASE_SOFTWARE, all, sizeof(all) / sizeof(*all));
}

TEST(software_that_is_being_installed_is_waited_for)
{
	struct facts f = {.carrier = carrier_of(MP_RELEASE_SOFTWARE),
			  .phase = PHASE_DELIVERED,
			  .result = 3,
			  .running = "2.0",
			  .is_told = true};
	struct so_far s = {.wanted = "2.0", .stage = STAGE_TOLD};
	char reason[256];

	ASSERT_INT(NEXT_WAIT, course_next(&f, &s, reason, sizeof(reason)));
	ASSERT_STR("It is installing 2.0.", reason);
}

TEST(states_that_no_specification_names_are_refused)
{
	ASSERT_INT(-1, carrier_phase(carrier_of(MP_RELEASE_FIRMWARE), 4));
	ASSERT_INT(-1, carrier_phase(carrier_of(MP_RELEASE_FIRMWARE), -1));
	ASSERT_INT(PHASE_DOWNLOADING, carrier_phase(carrier_of(MP_RELEASE_SOFTWARE), 2));
	ASSERT_INT(PHASE_INSTALLED, carrier_phase(carrier_of(MP_RELEASE_SOFTWARE), 4));
}
