/* SPDX-License-Identifier: Apache-2.0 */
/* Updates that an LwM2M server brings. */
#include "machine_fake.h"

#define URL "https://server/deployment/7"
#define OTHER "https://server/deployment/8"

/* fetch answers with what the source holds. */
static void source_offers(struct fake *f, const char *action, const char *version)
{
	(void)machine_tick(&f->m);
	machine_offered(&f->m, action, version, true);
	machine_answered(&f->m, 0, "");
	drain(f);
}

/* A release that waits for its word. */
static void download(struct fake *f)
{
	(void)machine_source(&f->m, URL);
	source_offers(f, "7", "1.1.0");
	end(f, JOB_PREFLIGHT, 0, "");
	end(f, JOB_INSTALL, 0, "");
}

static void settle_poll(struct fake *f)
{
	if (f->m.asked == ASK_POLL)
		machine_answered(&f->m, 0, "");
}

/* The power was cut: what is durable stays, and install says where things stand. */
static void restart(struct fake *f, const struct setup *s)
{
	const struct record durable = f->durable;

	fake_init(f, &config);
	f->record = durable;
	machine_ended(&f->m, JOB_SETUP, 0, "", s);
	(void)machine_tick(&f->m);
}

TEST(a_source_is_fetched_downloaded_and_held_back)
{
	BOOT_IDLE(f);

	settle_poll(f);
	ASSERT_OK(machine_source(&f->m, URL));
	ASSERT_INT(UPDATE_DOWNLOADING, f->m.state);
	source_offers(f, "7", "1.1.0");
	ASSERT_INT(1, f->sources);
	ASSERT_STR(URL, f->source);
	ASSERT_STR("lwm2m/7", f->m.action);
	ASSERT_INT(1, f->started[JOB_PREFLIGHT]);
	end(f, JOB_PREFLIGHT, 0, "");
	ASSERT_INT(1, f->started[JOB_INSTALL]);
	end(f, JOB_INSTALL, 0, "");
	ASSERT_INT(UPDATE_DOWNLOADED, f->m.state);
	f->now += 600 * 1000;
	drain(f);
	ASSERT_INT(0, f->reboots);
	ASSERT(!was_said(f, "lwm2m/")); /* DDI's server knows nothing of it */
}

TEST(what_was_downloaded_boots_when_it_is_told_to)
{
	BOOT_IDLE(f);

	settle_poll(f);
	ASSERT_ERR(-EPERM, machine_commit(&f->m));
	download(f);
	ASSERT_OK(machine_commit(&f->m));
	ASSERT_INT(1, f->started[JOB_COMMIT]);
	ASSERT_INT(UPDATE_INSTALLED, f->m.state);
	end(f, JOB_COMMIT, 0, "");
	ASSERT_INT(UPDATE_REBOOTING, f->m.state);
	ASSERT_STR("", f->record.source);
	f->now += 10000;
	(void)machine_tick(&f->m);
	ASSERT_INT(1, f->reboots);
}

TEST(a_boot_entry_that_can_never_be_made_is_a_failure)
{
	BOOT_IDLE(f);

	settle_poll(f);
	download(f);
	ASSERT_OK(machine_commit(&f->m));
	end(f, JOB_COMMIT, -ENOENT, "the file is gone");
	ASSERT_INT(UPDATE_FAILED, f->m.state);
	ASSERT_INT(8, machine_result(&f->m));
	ASSERT_STR("", f->durable.source);
	f->now += 600 * 1000;
	drain(f);
	ASSERT_INT(1, f->started[JOB_COMMIT]);
}

TEST(a_boot_entry_is_tried_three_times)
{
	static const int failures[] = {-EIO, -EAGAIN, -ENOSPC, -ENOMEM};

	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		BOOT_IDLE(f);

		settle_poll(f);
		download(f);
		ASSERT_OK(machine_commit(&f->m));
		for (unsigned tries = 1; tries < 3; tries++) {
			ASSERT_INT(tries, f->started[JOB_COMMIT]);
			end(f, JOB_COMMIT, failures[i], "the worker died");
			ASSERT_INT(UPDATE_INSTALLED, f->m.state);
			ASSERT_STR(URL, f->durable.source);
			ASSERT_ERR(-EBUSY, machine_source(&f->m, OTHER));
			ASSERT_INT(tries, f->started[JOB_COMMIT]); /* not at once */
			f->now += machine_tick(&f->m);
			drain(f);
		}
		ASSERT_INT(3, f->started[JOB_COMMIT]);
		end(f, JOB_COMMIT, failures[i], "the worker died");
		ASSERT_INT(UPDATE_FAILED, f->m.state);
		ASSERT_STR("the worker died", f->m.reason);
		ASSERT_INT(8, machine_result(&f->m));
		f->now += 600 * 1000;
		drain(f);
		ASSERT_INT(3, f->started[JOB_COMMIT]);
	}
}

TEST(a_boot_entry_that_is_made_in_the_end_boots)
{
	BOOT_IDLE(f);

	settle_poll(f);
	download(f);
	ASSERT_OK(machine_commit(&f->m));
	end(f, JOB_COMMIT, -EIO, "the worker died");
	f->now += 1000;
	(void)machine_tick(&f->m);
	ASSERT_INT(0, f->reboots);
	end(f, JOB_COMMIT, 0, "");
	ASSERT_INT(UPDATE_REBOOTING, f->m.state);
	ASSERT_STR("", f->m.waiting);
	f->now += 10000;
	(void)machine_tick(&f->m);
	ASSERT_INT(1, f->reboots);
	ASSERT_INT(2, f->started[JOB_COMMIT]);
}

TEST(what_is_found_installed_at_a_start_boots_and_is_not_committed_again)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_INSTALLED, "1.1.0", "lwm2m/7", "");

	fake_init(f, &config);
	strcpy(f->record.source, URL);
	strcpy(f->record.sourced, "lwm2m/7");
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	drain(f);
	f->now += 10000;
	drain(f);
	ASSERT_INT(1, f->reboots);
	ASSERT_INT(0, f->started[JOB_COMMIT]);
}

TEST(what_is_given_up_is_forgotten)
{
	BOOT_IDLE(f);

	settle_poll(f);
	ASSERT_OK(machine_source(&f->m, URL));
	source_offers(f, "7", "1.1.0");
	end(f, JOB_PREFLIGHT, 0, "");
	machine_drop(&f->m);
	ASSERT_INT(1, f->stopped[JOB_INSTALL]);
	ASSERT_INT(UPDATE_IDLE, f->m.state);
	ASSERT_STR("", f->record.source);
	ASSERT_INT(0, machine_result(&f->m));
}

TEST(only_what_came_by_lwm2m_is_given_up)
{
	BOOT_IDLE(f);

	offer(f, "1001", "1.1.0");
	machine_drop(&f->m);
	ASSERT_INT(UPDATE_DOWNLOADING, f->m.state);
	ASSERT_ERR(-EBUSY, machine_source(&f->m, URL));
}

TEST(an_offer_by_ddi_waits_for_an_update_by_lwm2m)
{
	BOOT_IDLE(f);

	settle_poll(f);
	download(f);
	offer(f, "1001", "1.2.0");
	ASSERT_INT(UPDATE_DOWNLOADED, f->m.state);
	ASSERT_STR("1.1.0", f->m.version);
}

TEST(a_network_that_is_down_is_waited_for_and_told_in_the_end)
{
	BOOT_IDLE(f);
	unsigned tries = 0;

	settle_poll(f);
	ASSERT_OK(machine_source(&f->m, URL));
	for (unsigned i = 0; f->m.state == UPDATE_DOWNLOADING && i < 200; i++) {
		(void)machine_tick(&f->m);
		if (f->m.asked == ASK_SOURCE) {
			tries++;
			machine_answered(&f->m, -ECONNREFUSED, "nothing answers");
		} else if (f->m.asked != ASK_NOTHING) {
			machine_answered(&f->m, 0, "");
		}
		f->now += 1000 << (tries < 8 ? tries : 8);
	}
	ASSERT_INT(UPDATE_FAILED, f->m.state);
	ASSERT_INT(4, machine_result(&f->m));
	ASSERT(tries > 1);
}

TEST(every_failure_has_its_result)
{
	static const struct {
		int r;
		unsigned result;
	} cases[] = {{-ENOSPC, 2}, {-ENOMEM, 3}, {-EKEYREJECTED, 5}, {-EBADMSG, 5}, {-ESTALE, 5},
		     {-EPROTO, 6}, {-EPERM, 6},	 {-ENOTSUP, 6},	     {-ENOENT, 8},  {-EEXIST, 8}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		BOOT_IDLE(f);

		settle_poll(f);
		ASSERT_OK(machine_source(&f->m, URL));
		source_offers(f, "7", "1.1.0");
		end(f, JOB_PREFLIGHT, 0, "");
		end(f, JOB_INSTALL, cases[i].r, "why");
		ASSERT_INT(UPDATE_FAILED, f->m.state);
		ASSERT_INT(cases[i].result, machine_result(&f->m));
	}
}

TEST(an_offer_for_the_source_before_is_not_taken_for_the_new_one)
{
	BOOT_IDLE(f);

	settle_poll(f);
	ASSERT_OK(machine_source(&f->m, URL));
	(void)machine_tick(&f->m);
	ASSERT_STR(URL, f->source);
	ASSERT_OK(machine_source(&f->m, OTHER)); /* while fetch still asks for the first */
	(void)machine_tick(&f->m);
	ASSERT_INT(1, f->sources);
	machine_offered(&f->m, "7", "1.1.0", true);
	ASSERT_INT(0, f->started[JOB_PREFLIGHT]);
	ASSERT_STR("", f->m.version);
	machine_answered(&f->m, 0, "");
	(void)machine_tick(&f->m);
	ASSERT_INT(2, f->sources);
	ASSERT_STR(OTHER, f->source);
	source_offers(f, "8", "1.2.0");
	ASSERT_STR("lwm2m/8", f->m.action);
	ASSERT_INT(1, f->started[JOB_PREFLIGHT]);
}

TEST(a_failure_of_the_source_before_is_not_that_of_the_new_one)
{
	static const int failures[] = {-ENOENT, -EBADMSG, -ECONNREFUSED};

	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		BOOT_IDLE(f);

		settle_poll(f);
		ASSERT_OK(machine_source(&f->m, URL));
		(void)machine_tick(&f->m);
		machine_drop(&f->m);
		ASSERT_OK(machine_source(&f->m, OTHER));
		machine_answered(&f->m, failures[i], "why");
		ASSERT_INT(UPDATE_DOWNLOADING, f->m.state);
		ASSERT_STR(OTHER, f->durable.source);
		ASSERT_STR("", f->m.waiting);
		(void)machine_tick(&f->m);
		ASSERT_STR(OTHER, f->source);
		machine_answered(&f->m, -ENOENT, "404"); /* this one counts */
		ASSERT_INT(7, machine_result(&f->m));
	}
}

TEST(an_offer_for_a_source_that_was_given_up_begins_nothing)
{
	BOOT_IDLE(f);

	settle_poll(f);
	ASSERT_OK(machine_source(&f->m, URL));
	(void)machine_tick(&f->m);
	machine_drop(&f->m);
	source_offers(f, "7", "1.1.0");
	ASSERT_INT(UPDATE_IDLE, f->m.state);
	ASSERT_INT(0, f->started[JOB_PREFLIGHT]);
}

TEST(a_source_that_is_no_address_is_result_7_and_no_deployment_is_6)
{
	BOOT_IDLE(f);

	settle_poll(f);
	ASSERT_OK(machine_source(&f->m, URL));
	(void)machine_tick(&f->m);
	machine_answered(&f->m, -ENOENT, "404");
	ASSERT_INT(7, machine_result(&f->m));
	ASSERT_OK(machine_source(&f->m, "package"));
	for (unsigned i = 0; f->m.asked != ASK_SOURCE && i < 20; i++) {
		if (f->m.asked != ASK_NOTHING)
			machine_answered(&f->m, 0, "");
		(void)machine_tick(&f->m);
	}
	machine_answered(&f->m, -EBADMSG, "no JSON");
	ASSERT_INT(6, machine_result(&f->m));
}

TEST(a_power_cut_while_it_waits_changes_nothing)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_DOWNLOADED, "1.1.0", "lwm2m/7", "");

	fake_init(f, &config);
	strcpy(f->record.source, URL);
	strcpy(f->record.sourced, "lwm2m/7");
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	ASSERT_INT(UPDATE_DOWNLOADED, f->m.state);
	ASSERT_OK(machine_commit(&f->m));
}

TEST(after_a_power_cut_the_deployment_that_was_replaced_does_not_boot)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_DOWNLOADED, "1.1.0", "lwm2m/7", "");

	boot_idle(f);
	settle_poll(f);
	download(f);
	ASSERT_OK(machine_source(&f->m, OTHER)); /* install's state is still that of the first */
	restart(f, &s);
	ASSERT_INT(UPDATE_DOWNLOADING, f->m.state);
	ASSERT_STR("", f->m.version);
	ASSERT_ERR(-EPERM, machine_commit(&f->m));
	ASSERT_INT(ASK_SOURCE, f->m.asked);
	ASSERT_STR(OTHER, f->source);
	source_offers(f, "8", "1.2.0");
	end(f, JOB_PREFLIGHT, 0, "");
	end(f, JOB_INSTALL, 0, "");
	s = setup_of("1.0.0", UPDATE_DOWNLOADED, "1.2.0", "lwm2m/8", "");
	restart(f, &s);
	ASSERT_INT(UPDATE_DOWNLOADED, f->m.state);
}

TEST(the_same_source_written_again_is_not_what_lies_on_disk)
{
	BOOT_IDLE(f);
	struct setup s = setup_of("1.0.0", UPDATE_DOWNLOADED, "1.1.0", "lwm2m/7", "");

	settle_poll(f);
	download(f);
	ASSERT_OK(machine_source(&f->m, URL)); /* "package" may hold another by the same number */
	source_offers(f, "7", "1.2.0");
	restart(f, &s);
	ASSERT_INT(UPDATE_DOWNLOADING, f->m.state);
	ASSERT_INT(ASK_SOURCE, f->m.asked);
}

TEST(a_release_that_has_had_its_end_is_not_begun_again)
{
	static const struct {
		enum update_state state;
		const char *running;
		unsigned result;
	} cases[] = {{UPDATE_ROLLED_BACK, "1.0.0", 8},
		     {UPDATE_FAILED, "1.0.0", 8},
		     {UPDATE_PROVEN, "1.1.0", 1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		BOOT_IDLE(f);
		struct setup s = setup_of(cases[i].running, cases[i].state, "1.1.0", "lwm2m/7", "");

		settle_poll(f);
		download(f);
		ASSERT_OK(machine_commit(&f->m)); /* done on disk; then the power is cut */
		restart(f, &s);
		ASSERT_INT(cases[i].state, f->m.state);
		ASSERT_INT(cases[i].result, machine_result(&f->m));
		ASSERT_STR("", f->durable.source);
		ASSERT_ERR(-EPERM, machine_commit(&f->m));
		drain(f);
		ASSERT_INT(0, f->sources);
	}
}

TEST(a_source_named_after_a_release_that_had_its_end_is_begun_after_a_restart)
{
	BOOT_IDLE(f);
	struct setup s = setup_of("1.0.0", UPDATE_ROLLED_BACK, "1.1.0", "lwm2m/7", "why");

	restart(f, &s);
	settle_poll(f);
	ASSERT_OK(machine_source(&f->m, URL));
	restart(f, &s);
	ASSERT_INT(UPDATE_DOWNLOADING, f->m.state);
	ASSERT_INT(ASK_SOURCE, f->m.asked);
}

TEST(a_record_of_the_release_before_changes_nothing_for_what_waits)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_DOWNLOADED, "1.1.0", "lwm2m/7", "");

	fake_init(f, &config);
	strcpy(f->record.source, URL);
	strcpy(f->record.sourced, RECORD_UNKNOWN);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	ASSERT_INT(UPDATE_DOWNLOADED, f->m.state);
	ASSERT_STR("lwm2m/7", f->record.sourced);
	ASSERT_INT(1, f->saves);
	ASSERT_OK(machine_commit(&f->m));
}

TEST(a_power_cut_while_it_downloads_goes_on_from_its_source)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_DOWNLOADING, "1.1.0", "lwm2m/7", "");

	fake_init(f, &config);
	strcpy(f->record.source, URL);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	(void)machine_tick(&f->m);
	ASSERT_INT(ASK_SOURCE, f->m.asked);
	ASSERT_INT(UPDATE_DOWNLOADING, f->m.state);
}

TEST(a_download_that_was_given_up_does_not_go_on_after_a_restart)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_DOWNLOADED, "1.1.0", "lwm2m/7", "");

	fake_init(f, &config);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	ASSERT_INT(UPDATE_IDLE, f->m.state);
	ASSERT_INT(0, machine_result(&f->m));
}

TEST(a_registration_is_a_server_that_was_reached)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	const struct machine_config alone = {.proof_ms = 60000, .lwm2m_alone = true};
	struct setup s = setup_of("1.1.0", UPDATE_PROVING, "1.1.0", "lwm2m/7", "");

	fake_init(f, &alone);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	drain(f);
	end(f, JOB_APPLY, 0, "");
	end(f, JOB_CHECK, 0, "");
	ASSERT_INT(0, f->started[JOB_MARK_GOOD]);
	machine_reached(&f->m, true);
	drain(f);
	ASSERT_INT(1, f->started[JOB_MARK_GOOD]);
	end(f, JOB_MARK_GOOD, 0, "");
	ASSERT_INT(UPDATE_PROVEN, f->m.state);
	ASSERT_INT(1, machine_result(&f->m));
	ASSERT_INT(0, f->record.n); /* nothing is owed to a DDI server */
}

TEST(the_esp_may_turn_a_device_to_lwm2m_alone_and_back)
{
	static const struct {
		bool lwm2m, alone;
		const char *channels;
		unsigned enrolls;
	} cases[] = {
		{true, false, "lwm2m", 1},     {true, true, "ddi", 0}, {true, true, "ddi,lwm2m", 0},
		{true, false, "ddi,lwm2m", 0}, {true, true, "", 1},    {true, false, "", 0},
		{false, false, "lwm2m", 0}, /* nobody could bring it an update */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_free_fake struct fake *f = calloc(1, sizeof(*f));
		const struct machine_config here = {
			.poll_ms = 5000, .lwm2m = cases[i].lwm2m, .lwm2m_alone = cases[i].alone};
		struct setup s = setup_of("1.0.0", UPDATE_IDLE, "", "", "");

		snprintf(s.channels, sizeof(s.channels), "%s", cases[i].channels);
		fake_init(f, &here);
		machine_ended(&f->m, JOB_SETUP, 0, "", &s);
		(void)machine_tick(&f->m);
		ASSERT_INT(cases[i].enrolls, f->enrolls);
		ASSERT_INT(1 - cases[i].enrolls, f->polls);
	}
}

TEST(without_ddi_the_device_enrolls_once_and_never_polls)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	const struct machine_config alone = {.poll_ms = 5000, .lwm2m_alone = true};
	struct setup s = setup_of("1.0.0", UPDATE_IDLE, "", "", "");

	fake_init(f, &alone);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	(void)machine_tick(&f->m);
	ASSERT_INT(1, f->enrolls);
	machine_answered(&f->m, -ECONNREFUSED, "");
	f->now += 1000;
	(void)machine_tick(&f->m);
	ASSERT_INT(2, f->enrolls);
	machine_answered(&f->m, 0, "");
	f->now += 60 * 60 * 1000;
	(void)machine_tick(&f->m);
	ASSERT_INT(2, f->enrolls);
	ASSERT_INT(0, f->polls);
}
