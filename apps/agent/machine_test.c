/* SPDX-License-Identifier: Apache-2.0 */
/* The whole life of an update. */
#include "machine_fake.h"

TEST(nothing_is_asked_before_it_is_known_where_things_stand)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));

	fake_init(f, &config);
	ASSERT_INT(1, f->started[JOB_SETUP]);
	ASSERT_INT(0, f->polls);
	machine_ended(&f->m, JOB_SETUP, -EIO, "the disk does not answer", NULL);
	f->now += 1000;
	(void)machine_tick(&f->m);
	ASSERT_INT(2, f->started[JOB_SETUP]);
}

TEST(an_offer_is_downloaded_installed_and_booted_without_claiming_success)
{
	BOOT_IDLE(f);

	offer(f, "1001", "1.1.0");
	ASSERT_INT(1, f->started[JOB_PREFLIGHT]);
	ASSERT_INT(0, f->started[JOB_INSTALL]);
	end(f, JOB_PREFLIGHT, 0, "");
	ASSERT_INT(1, f->started[JOB_INSTALL]);
	f->now += 3000;
	machine_progress(&f->m, JOB_INSTALL, "downloading", 34, 100);
	drain(f);
	ASSERT(was_said(f, "1001 proceeding none: downloading 34 %"));
	machine_progress(&f->m, JOB_INSTALL, "verifying", 1, 2);
	drain(f);
	ASSERT_INT(UPDATE_VERIFYING, f->m.state);
	end(f, JOB_INSTALL, 0, "");
	ASSERT_INT(UPDATE_REBOOTING, f->m.state);
	ASSERT(was_said(f, "1001 proceeding none: rebooting"));
	(void)machine_tick(&f->m);
	ASSERT_INT(1, f->reboots);
	ASSERT(!was_said(f, "closed"));
}

TEST(an_installation_that_goes_on_says_where)
{
	BOOT_IDLE(f);

	offer(f, "1001", "1.1.0");
	end(f, JOB_PREFLIGHT, 0, "");
	f->now += 3000;
	machine_progress(&f->m, JOB_INSTALL, "downloading", 34, 100);
	machine_progress(&f->m, JOB_INSTALL, "resumed at frame 34 of 96", 0, 0);
	drain(f);
	ASSERT(was_said(f, "1001 proceeding none: downloading 34 %: resumed at frame 34 of 96"));
	ASSERT_STR("", f->m.resumed);
}

TEST(a_release_is_proven_only_with_containers_checks_and_server)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.1.0", UPDATE_PROVING, "1.1.0", "1001", "");

	boot(f, &s);
	ASSERT_INT(1, f->started[JOB_APPLY]);
	ASSERT_INT(0, f->started[JOB_CHECK]);
	end(f, JOB_APPLY, 0, "");
	end(f, JOB_CHECK, 0, "");
	ASSERT_INT(0, f->started[JOB_MARK_GOOD]);
	poll_once(f);
	ASSERT_INT(1, f->started[JOB_MARK_GOOD]);
	ASSERT(!was_said(f, "closed"));
	end(f, JOB_MARK_GOOD, 0, "");
	ASSERT_INT(UPDATE_PROVEN, f->m.state);
	ASSERT(was_said(f, "1001 closed success: proven"));
	ASSERT(record_find(&f->record, "1001", "1.1.0")->told);
	ASSERT_INT(1, f->started[JOB_PRUNE]);
}

TEST(containers_that_are_up_are_looked_at_from_time_to_time)
{
	BOOT_IDLE(f);
	ASSERT_INT(1, f->started[JOB_APPLY]);
	ASSERT_INT(0, f->started[JOB_LOOK]);
	ASSERT(machine_tick(&f->m) <= 60000);
	for (unsigned i = 1; i < 4; i++) {
		f->now += 60000;
		drain(f);
		ASSERT_INT(i, f->started[JOB_LOOK]);
		f->now += 1000000; /* not twice at a time */
		drain(f);
		ASSERT_INT(i, f->started[JOB_LOOK]);
		end(f, JOB_LOOK, i == 2 ? -EIO : 0, "");
	}
	ASSERT_INT(1, f->started[JOB_APPLY]);
	ASSERT_INT(UPDATE_IDLE, f->m.state);
}

TEST(containers_of_which_one_is_bad_are_looked_at_between_the_tries)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_IDLE, "", "", "");

	boot(f, &s);
	for (unsigned i = 1; i < 12; i++) {
		ASSERT_INT(i, f->started[JOB_APPLY]);
		end(f, JOB_APPLY, -EREMOTEIO, "service web is unhealthy");
		for (unsigned k = 0; k < 700 && f->started[JOB_APPLY] == i; k++) {
			unsigned looks = f->started[JOB_LOOK];

			f->now += 1000;
			drain(f);
			if (f->started[JOB_LOOK] > looks)
				end(f, JOB_LOOK, 0, "");
		}
	}
	ASSERT(f->started[JOB_LOOK] > 10);
}

TEST(containers_that_are_unhealthy_again_and_again_send_the_release_away)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.2.0", UPDATE_PROVING, "1.2.0", "1002", "");

	boot(f, &s);
	poll_once(f);
	for (unsigned i = 1; i <= 3; i++) {
		ASSERT_INT(i, f->started[JOB_APPLY]);
		ASSERT_INT(0, f->started[JOB_MARK_BAD]);
		end(f, JOB_APPLY, -EREMOTEIO, "service web is unhealthy: exit 1");
		if (i == 3)
			break;
		f->now += 3000;
		drain(f);
	}
	ASSERT_INT(1, f->started[JOB_MARK_BAD]);
	ASSERT_STR("release 1.2.0 did not prove itself: its containers were not healthy: "
		   "service web is unhealthy: exit 1",
		   f->reason);
	end(f, JOB_MARK_BAD, 0, "");
	ASSERT_INT(UPDATE_REBOOTING, f->m.state);
	machine_answered(&f->m, 0, ""); /* the poll that is due by now */
	drain(f);
	ASSERT(was_said(f, "1002 proceeding none: rebooting"));
	(void)machine_tick(&f->m);
	drain(f);
	(void)machine_tick(&f->m);
	ASSERT_INT(1, f->reboots); /* a second one would not be an orderly one */
	f->now += 61 * 1000;
	(void)machine_tick(&f->m);
	ASSERT_INT(2, f->reboots);
}

TEST(containers_that_do_not_come_up_have_the_whole_time)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.2.0", UPDATE_PROVING, "1.2.0", "1002", "");

	boot(f, &s);
	poll_once(f);
	for (int i = 0; i < 5; i++) {
		end(f, JOB_APPLY, -ECONNREFUSED, "Docker does not run");
		f->now += 3000;
		drain(f);
	}
	ASSERT_INT(0, f->started[JOB_MARK_BAD]);
	f->now += 60000;
	drain(f);
	ASSERT_INT(1, f->started[JOB_MARK_BAD]);
	ASSERT_STR("release 1.2.0 did not prove itself within 60 s: its containers were not "
		   "healthy: Docker does not run",
		   f->reason);
}

TEST(the_release_before_reports_why_the_new_one_is_gone)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.1.0", UPDATE_ROLLED_BACK, "1.2.0", "1002", "it was unhealthy");

	boot(f, &s);
	poll_once(f);
	ASSERT_INT(UPDATE_ROLLED_BACK, f->m.state);
	ASSERT(was_said(f, "1002 closed failure: rolled back to 1.1.0: it was unhealthy"));
	ASSERT_INT(1, f->started[JOB_APPLY]); /* its own containers, again */
}

TEST(an_answer_that_the_server_did_not_get_is_given_again)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.1.0", UPDATE_FAILED, "1.2.0", "1002", "bad signature");

	boot(f, &s);
	f->now += 5000;
	(void)machine_tick(&f->m);
	machine_answered(&f->m, 0, ""); /* the poll */
	(void)machine_tick(&f->m);
	ASSERT_INT(ASK_FEEDBACK, f->m.asked);
	machine_answered(&f->m, -ECONNRESET, "cut");
	ASSERT(!record_find(&f->record, "1002", "1.2.0")->told);
	poll_once(f);
	ASSERT_INT(2, f->n_said);
	ASSERT(record_find(&f->record, "1002", "1.2.0")->told);
	poll_once(f);
	ASSERT_INT(2, f->n_said);
}

TEST(an_action_that_failed_is_answered_and_not_tried_again)
{
	BOOT_IDLE(f);

	offer(f, "1001", "1.1.0");
	end(f, JOB_PREFLIGHT, 0, "");
	end(f, JOB_INSTALL, -EKEYREJECTED, "the signature of targets is not good");
	ASSERT_INT(UPDATE_FAILED, f->m.state);
	ASSERT(was_said(f, "1001 closed failure: the signature of targets is not good"));
	f->n_said = 0;
	offer(f, "1001", "1.1.0");
	ASSERT_INT(1, f->started[JOB_INSTALL]);
	ASSERT(was_said(f, "1001 closed failure"));
	offer(f, "1002", "1.1.0"); /* somebody wants it again */
	ASSERT_INT(2, f->started[JOB_PREFLIGHT]);
}

TEST(an_action_of_another_server_with_the_same_number_is_another_one)
{
	BOOT_IDLE(f);

	record_add(&f->record, "1", "1.0.0", true, "proven");
	record_add(&f->record, "1", "1.1.0", false, "bad signature");
	f->record.outcomes[0].told = f->record.outcomes[1].told = true;
	offer(f, "1", "1.2.0");
	ASSERT(!was_said(f, "closed"));
	ASSERT_INT(1, f->started[JOB_PREFLIGHT]);
	end(f, JOB_PREFLIGHT, -EREMOTEIO, "battery at 9 %");
	offer(f, "1", "1.3.0");
	ASSERT_STR("1.3.0", f->m.version);
}

TEST(attributes_that_the_server_refuses_hold_up_nothing)
{
	BOOT_IDLE(f);

	offer(f, "1001", "1.1.0");
	f->now += 3000;
	machine_wanted(&f->m);
	(void)machine_tick(&f->m);
	ASSERT_INT(ASK_ATTRIBUTES, f->m.asked);
	machine_answered(&f->m, -EPROTO, "the server answered 400");
	ASSERT(f->m.online);
	end(f, JOB_PREFLIGHT, -EREMOTEIO, "battery at 9 %");
	ASSERT(was_said(f, "1001 proceeding none: downloading 0 %: waiting: battery at 9 %"));
}

TEST(a_failure_that_may_pass_waits_and_goes_on)
{
	BOOT_IDLE(f);

	offer(f, "1001", "1.1.0");
	end(f, JOB_PREFLIGHT, 0, "");
	f->now += 3000;
	end(f, JOB_INSTALL, -ECONNRESET, "the connection was cut");
	ASSERT_INT(UPDATE_DOWNLOADING, f->m.state);
	ASSERT(was_said(f, "waiting: the connection was cut"));
	ASSERT(!record_find(&f->record, "1001", "1.1.0"));
	offer(f, "1001", "1.1.0");
	ASSERT_INT(2, f->started[JOB_PREFLIGHT]);
	end(f, JOB_PREFLIGHT, 0, "");
	ASSERT_INT(2, f->started[JOB_INSTALL]);
}

TEST(a_preflight_that_says_no_delays_and_does_not_fail)
{
	BOOT_IDLE(f);

	offer(f, "1001", "1.1.0");
	f->now += 3000;
	end(f, JOB_PREFLIGHT, -EAGAIN, "battery at 9 %");
	ASSERT_INT(0, f->started[JOB_INSTALL]);
	ASSERT(was_said(f, "waiting: battery at 9 %"));
	offer(f, "1001", "1.1.0");
	ASSERT_INT(2, f->started[JOB_PREFLIGHT]);
}

TEST(a_bad_line_that_gets_on_does_not_wait_longer_each_time)
{
	BOOT_IDLE(f);

	for (unsigned i = 1; i < 6; i++) {
		offer(f, "1001", "1.1.0");
		end(f, JOB_PREFLIGHT, 0, "");
		machine_progress(&f->m, JOB_INSTALL, "downloading", i * 10, 100);
		end(f, JOB_INSTALL, -ECONNRESET, "the connection was cut");
		ASSERT_INT(f->now + 1000, f->m.not_before[JOB_INSTALL]);
	}
	offer(f, "1001", "1.1.0");
	end(f, JOB_PREFLIGHT, 0, "");
	end(f, JOB_INSTALL, -ECONNRESET, "nothing came");
	ASSERT_INT(f->now + 2000, f->m.not_before[JOB_INSTALL]);
}

TEST(a_worker_that_keeps_dying_is_not_started_for_ever)
{
	BOOT_IDLE(f);

	for (unsigned i = 0; i < 3; i++) {
		offer(f, "1001", "1.1.0");
		end(f, JOB_PREFLIGHT, 0, "");
		end(f, JOB_INSTALL, -EIO, "the install worker was killed");
		f->now += 60000;
	}
	ASSERT_INT(UPDATE_FAILED, f->m.state);
	ASSERT(was_said(f, "1001 closed failure: the install worker was killed"));
}

TEST(a_cancellation_in_time_stops_the_installation)
{
	BOOT_IDLE(f);
	struct setup s = setup_of("1.0.0", UPDATE_DOWNLOADING, "1.1.0", "1001", "");

	offer(f, "1001", "1.1.0");
	end(f, JOB_PREFLIGHT, 0, "");
	machine_cancelled(&f->m, "1001");
	ASSERT_INT(1, f->stopped[JOB_INSTALL]);
	drain(f);
	ASSERT_INT(2, f->started[JOB_SETUP]);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	drain(f);
	ASSERT_INT(UPDATE_IDLE, f->m.state);
	ASSERT(f->cancel_said && was_said(f, "1001 closed success: cancelled"));
}

TEST(a_cancellation_that_comes_too_late_is_rejected)
{
	BOOT_IDLE(f);
	struct setup s = setup_of("1.0.0", UPDATE_REBOOTING, "1.1.0", "1001", "");

	offer(f, "1001", "1.1.0");
	end(f, JOB_PREFLIGHT, 0, "");
	machine_cancelled(&f->m, "1001"); /* it had just been installed */
	drain(f);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	drain(f);
	ASSERT(was_said(f, "1001 rejected none"));
	f->now += 6000;
	(void)machine_tick(&f->m);
	ASSERT_INT(1, f->reboots);
}

TEST(a_cancellation_during_the_proof_is_rejected)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.1.0", UPDATE_PROVING, "1.1.0", "1001", "");

	boot(f, &s);
	machine_cancelled(&f->m, "1001");
	poll_once(f);
	ASSERT(was_said(f, "1001 rejected none"));
	ASSERT_INT(UPDATE_PROVING, f->m.state);
}

TEST(the_release_that_runs_already_is_a_success_at_once)
{
	BOOT_IDLE(f);

	offer(f, "1001", "1.0.0");
	ASSERT_INT(0, f->started[JOB_PREFLIGHT]);
	ASSERT(was_said(f, "1001 closed success"));
}

TEST(a_factory_image_is_proven_without_anybody_having_asked)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_IDLE, "", "", "");

	s.trial = true;
	boot(f, &s);
	ASSERT_INT(UPDATE_PROVING, f->m.state);
	offer(f, "1001", "1.1.0"); /* not before this one is proven */
	ASSERT_INT(0, f->started[JOB_PREFLIGHT]);
	end(f, JOB_APPLY, 0, "");
	end(f, JOB_CHECK, 0, "");
	end(f, JOB_MARK_GOOD, 0, "");
	ASSERT_INT(UPDATE_PROVEN, f->m.state);
	ASSERT_INT(0, f->n_said);
	offer(f, "1001", "1.1.0");
	ASSERT_INT(1, f->started[JOB_PREFLIGHT]);
}

TEST(the_offer_of_what_is_on_trial_is_answered_when_it_is_proven)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_IDLE, "", "", "");

	s.trial = true;
	boot(f, &s);
	offer(f, "1001", "1.0.0");
	ASSERT(!was_said(f, "closed"));
	end(f, JOB_APPLY, 0, "");
	end(f, JOB_CHECK, 0, "");
	end(f, JOB_MARK_GOOD, 0, "");
	ASSERT(was_said(f, "1001 closed success: proven"));
}

TEST(without_another_release_to_boot_the_proof_goes_on)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_IDLE, "", "", "");

	s.trial = true;
	boot(f, &s);
	end(f, JOB_APPLY, 0, "");
	end(f, JOB_CHECK, 0, "");
	f->now += 61000; /* the server is down for the whole boot */
	drain(f);
	ASSERT_INT(1, f->started[JOB_MARK_BAD]);
	end(f, JOB_MARK_BAD, -ENOENT, "no other release could boot");
	ASSERT_INT(0, f->reboots);
	poll_once(f);
	ASSERT_INT(1, f->started[JOB_MARK_GOOD]);
}

TEST(after_the_grace_period_the_server_need_not_be_reached)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct machine_config c = config;
	struct setup s = setup_of("1.1.0", UPDATE_PROVING, "1.1.0", "1001", "");

	c.grace_ms = 20000;
	fake_init(f, &c);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	drain(f);
	end(f, JOB_APPLY, 0, "");
	end(f, JOB_CHECK, 0, "");
	machine_answered(&f->m, -ECONNREFUSED, "nothing answers");
	drain(f);
	ASSERT_INT(0, f->started[JOB_MARK_GOOD]);
	f->now += 20000;
	drain(f);
	ASSERT_INT(1, f->started[JOB_MARK_GOOD]);
	end(f, JOB_MARK_GOOD, 0, "");
	ASSERT_INT(UPDATE_PROVEN, f->m.state);
	ASSERT(!record_find(&f->record, "1001", "1.1.0")->told); /* owed until the server is back */
	machine_answered(&f->m, -ECONNREFUSED, "nothing answers");
	poll_once(f);
	ASSERT(record_find(&f->record, "1001", "1.1.0")->told);
}

TEST(a_restart_of_the_agent_gives_no_more_time_to_prove)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.1.0", UPDATE_PROVING, "1.1.0", "1001", "");

	fake_init(f, &config);
	strcpy(f->record.proving_boot, "boot-1");
	f->record.proving_since = 1000;
	f->now = 62000;
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	drain(f);
	ASSERT_INT(1, f->started[JOB_MARK_BAD]);
}

TEST(a_restart_between_installation_and_reboot_reboots)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_REBOOTING, "1.1.0", "1001", "");

	boot(f, &s);
	f->now += 6000;
	(void)machine_tick(&f->m);
	ASSERT_INT(1, f->reboots);
}

TEST(polls_slow_down_while_the_server_is_away_and_follow_its_wish)
{
	BOOT_IDLE(f);
	unsigned polls = f->polls;

	machine_slept(&f->m, 300);
	poll_once(f);
	ASSERT_INT(polls + 1, f->polls);
	f->now += 200000;
	drain(f);
	ASSERT_INT(polls + 1, f->polls);
	f->now += 100000;
	drain(f);
	ASSERT_INT(polls + 2, f->polls);
	for (unsigned i = 0; i < 6; i++) { /* 1, 2, 4 ... 32 s */
		machine_answered(&f->m, -ECONNREFUSED, "");
		ASSERT_INT(1000 << i,
			   machine_tick(&f->m) < 60000 ? machine_tick(&f->m) : 1000 << i);
		f->now += 1000 << i;
		(void)machine_tick(&f->m);
		ASSERT_INT(ASK_POLL, f->m.asked);
	}
}

TEST(the_enrollment_token_leaves_the_esp_once_it_is_stored)
{
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));
	struct setup s = setup_of("1.0.0", UPDATE_IDLE, "", "", "");

	strcpy(s.id, "demo-1");
	strcpy(s.token, "secret");
	fake_init(f, &config);
	machine_ended(&f->m, JOB_SETUP, 0, "", &s);
	(void)machine_tick(&f->m);
	ASSERT_INT(0, f->started[JOB_SEEDED]);
	drain(f);
	ASSERT_INT(2, f->seeds);
	ASSERT_INT(1, f->started[JOB_SEEDED]);
	end(f, JOB_SEEDED, 0, "");
	poll_once(f);
	ASSERT_INT(1, f->started[JOB_SEEDED]);
}
