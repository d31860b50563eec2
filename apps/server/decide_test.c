/* SPDX-License-Identifier: Apache-2.0
 * Every state has its offer and its sentence. Texts that devices share are literals here. */
#include "decide.h"

#include "base/test.h"
#include "devices.h"
#include "releases.h"
#include "rollouts.h"

#define NOW 100000

static struct release release = {
	.version = "1.1.0", .minimum_version = "", .n_boards = 1, .boards = {"qemu"}};
static struct rollout rollout;
static struct device device;
static int64_t seen;
static char why[512];

static void reset(void)
{
	release.minimum_version = "";
	release.n_boards = 1;
	seen = NOW - 180;
	rollout = (struct rollout){.id = 7, .release = "1.1.0", .state = ROLLOUT_RUNNING};
	device = (struct device){.name = "d",
				 .board = "qemu",
				 .release = "1.0.0",
				 .target = "",
				 .product = "",
				 .rollout = &rollout,
				 .state = DEVICE_IDLE,
				 .member = MEMBER_WAITING};
}

static enum offer ask(void)
{
	enum offer quiet = decide(&device, device.rollout ? &release : NULL, NOW, seen, NULL, 0);
	enum offer told =
		decide(&device, device.rollout ? &release : NULL, NOW, seen, why, sizeof(why));

	return quiet == told ? told : (enum offer) - 1;
}

static void open_action(enum device_state state)
{
	device.action = 1001;
	device.target = "1.1.0";
	device.state = state;
	device.offered = NOW - 7200;
	device.fetched = state != DEVICE_OFFERED;
}

#define ASKED(offer, text)                                                                         \
	do {                                                                                       \
		ASSERT_INT(offer, ask());                                                          \
		ASSERT(strstr(why, text));                                                         \
	} while (0)

TEST(a_device_without_a_rollout_gets_nothing)
{
	reset();
	device.rollout = NULL;
	ASKED(OFFER_NOTHING, "No rollout includes it");
	seen = 0;
	ASKED(OFFER_NOTHING, "never heard of");
}

TEST(a_waiting_device_is_offered_the_release)
{
	reset();
	ASKED(OFFER_NEW, "as soon as it is heard of again; the last time was 3 minutes ago");
	seen = 0;
	ASKED(OFFER_NEW, "never heard of; 1.1.0 waits");
}

TEST(what_is_under_way_goes_on_whatever_the_rollout_does)
{
	reset();
	rollout.state = ROLLOUT_PAUSED;
	open_action(DEVICE_OFFERED);
	ASKED(OFFER_ACTION, "offered 1.1.0 2 hours ago and has not fetched the offer");
	open_action(DEVICE_DOWNLOADING);
	device.progress = 34;
	ASKED(OFFER_ACTION, "downloading 1.1.0, 34 % so far");
	open_action(DEVICE_INSTALLED);
	ASKED(OFFER_ACTION, "installing 1.1.0");
	open_action(DEVICE_REBOOTING);
	ASKED(OFFER_ACTION, "rebooting into 1.1.0");
	open_action(DEVICE_PROVING);
	ASKED(OFFER_ACTION, "not proved itself yet");
	device.action_state = ACTION_CANCELING;
	ASKED(OFFER_CANCEL, "give up the update to 1.1.0");
}

TEST(what_is_not_confirmed_is_asked_about)
{
	reset();
	rollout.state = ROLLOUT_PAUSED;
	open_action(DEVICE_UNCONFIRMED);
	device.action_state = ACTION_UNCONFIRMED;
	device.member = MEMBER_UNCONFIRMED;
	ASKED(OFFER_CONFIRM, "1.1.0 waits to be confirmed.");
	device.reason = (char *)"not on a Friday";
	ASKED(OFFER_CONFIRM, "waits to be confirmed; so far it was denied: not on a Friday");
}

TEST(a_withdrawn_question_is_asked_again)
{
	reset();
	device.member = MEMBER_UNCONFIRMED;
	ASSERT_INT(OFFER_NEW, ask());
}

TEST(what_has_ended_is_not_offered_again_by_the_same_rollout)
{
	reset();
	device.member = MEMBER_FAILED;
	device.reason = (char *)"The container web was not healthy.";
	ASKED(OFFER_NOTHING, "failed to bring up 1.1.0");
	ASSERT(strstr(why, "web was not healthy"));
	device.member = MEMBER_PROVEN;
	ASKED(OFFER_NOTHING, "up to date: 1.1.0 is proven");
	device.member = MEMBER_DOWNLOADED;
	ASKED(OFFER_NOTHING, "has fetched 1.1.0, and its rollout asks for no more");
	device.member = MEMBER_CANCELED;
	ASKED(OFFER_NOTHING, "cancelled");
}

TEST(a_rollout_that_does_not_run_offers_nothing)
{
	reset();
	rollout.state = ROLLOUT_PAUSED;
	ASKED(OFFER_NOTHING, "Rollout 7 of 1.1.0 is paused");
	rollout.state = ROLLOUT_STOPPED;
	rollout.reason = (char *)"too many failed";
	ASKED(OFFER_NOTHING, "stopped before its turn: too many failed");
	rollout.state = ROLLOUT_ABORTED;
	ASKED(OFFER_NOTHING, "aborted");
	rollout.state = ROLLOUT_FINISHED;
	ASKED(OFFER_NOTHING, "ended");
}

TEST(a_device_that_cannot_take_the_release_is_told_apart)
{
	reset();
	device.board = "other";
	ASKED(OFFER_NOTHING, "nothing for board other");
	device.board = "";
	ASSERT_INT(OFFER_NEW, ask()); /* there is but one board that it can be */
	release.n_boards = 2;
	ASKED(OFFER_NOTHING, "not said which board");
	reset();
	release.minimum_version = "1.0.5";
	ASKED(OFFER_NOTHING, "needs at least 1.0.5");
	device.release = "1.0.5";
	ASSERT_INT(OFFER_NEW, ask());
}
