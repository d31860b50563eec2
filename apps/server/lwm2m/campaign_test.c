/* SPDX-License-Identifier: Apache-2.0
 * By which channel a device gets its update, which what it polls over DDI decides; and why one failed. */
#include "lwm2m/campaign.h"

#include "base/test.h"
#include "events.h"
#include "intern.h"
#include "metrics.h"
#include "releases.h"
#include "rollouts.h"
#include "testbed.h"

#define LONG_AGO 86400
#define LINKS "</3/0>,</5/0>"

struct fleet { /* one device, registered by LwM2M, whose rollout to 1.1.0 runs */
	struct bed *b;
	struct device *d;
};

static void fleet_close(struct fleet *f)
{
	struct server *s = &f->b->s;

	if (!f->b)
		return;
	campaigns_free(s->campaigns); /* whose runs still look for it */
	rollouts_free(take_ptr(s->rollouts));
	releases_free(take_ptr(s->releases));
	events_free(take_ptr(s->events));
	free(take_ptr(s->metrics));
	bed_close(f->b);
}
#define auto_fleet __attribute__((cleanup(fleet_close))) struct fleet

static int add_release(struct server *s, const char *version, const char *board,
		       const char *firmware)
{
	struct release *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->version = intern(version);
	r->minimum_version = intern("");
	r->product = intern("demo");
	(void)release_add_board(r, board, firmware);
	return releases_insert(s->releases, r);
}

static int open_parts(struct server *s, struct mp_err *err)
{
	int r = releases_load(s, &s->releases, err);

	s->events = events_new(event_kinds, false);
	s->metrics = calloc(1, sizeof(*s->metrics));
	s->poll_seconds = 5;
	if (r == 0)
		r = rollouts_load(s, &s->rollouts, err);
	if (r == 0)
		r = campaigns_new(s, &s->campaigns);
	return r < 0 || !s->events || !s->metrics ? -ENOMEM
						  : add_release(s, "1.1.0", "qemu-x86_64", NULL);
}

static int fleet_open(struct fleet *f, const char *links)
{
	struct rollout_config config = {.release = "1.1.0",
					.board = "",
					.n = 1,
					.success_threshold = 100,
					.error_threshold = 100};
	struct mp_err err = {{0}};
	struct rollout *rollout;
	struct server *s;
	int r;

	f->b = bed_open();
	if (!f->b)
		return -ENOMEM;
	s = &f->b->s;
	r = open_parts(s, &err);
	if (r < 0 || bed_register(f->b, "ep=a&lwm2m=1.1&lt=86400", links) != MP_COAP_CREATED)
		return -EIO;
	bed_pass(f->b, 1); /* it becomes a device */
	f->d = devices_find(s->devices, "a");
	if (!f->d)
		return -ENOENT;
	f->d->board = intern("qemu-x86_64");
	config.devices = &f->d;
	return rollouts_start(s, &config, &rollout, &err);
}

/* Does the update begin over LwM2M? */
static bool begins(struct fleet *f, int64_t up, int64_t silent)
{
	struct server *s = &f->b->s;

	s->metrics->started = server_now() - up;
	f->d->polled = silent < 0 ? 0 : (uint32_t)(server_now() - silent);
	campaigns_tick(s);
	return f->d->campaign;
}

TEST(a_device_that_never_polls_is_updated_over_lwm2m)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f, LINKS));
	ASSERT(begins(&f, LONG_AGO, -1));
	ASSERT_STR("1.1.0", f.d->target);
}

TEST(a_device_that_sleeps_gets_its_turn_when_it_wakes)
{
	auto_fleet f = {0};
	struct registration *r;

	ASSERT_OK(fleet_open(&f, LINKS));
	r = registry_find(f.b->s.lwm2m->registry, "a");
	r->binding |= BINDING_Q;
	r->is_awake = false;
	ASSERT(!begins(&f, LONG_AGO, -1));
	ASSERT_INT(0, f.d->action);
	r->is_awake = true;
	ASSERT(begins(&f, LONG_AGO, -1));
}

TEST(a_device_that_falls_asleep_in_its_update_is_waited_for)
{
	auto_fleet f = {0};
	struct registration *r;

	ASSERT_OK(fleet_open(&f, LINKS));
	f.b->deaf = true;
	ASSERT(begins(&f, LONG_AGO, -1));
	r = registry_find(f.b->s.lwm2m->registry, "a");
	r->binding |= BINDING_Q;
	r->is_awake = false;
	for (int i = 0; i < 3600; i++) {
		bed_pass(f.b, 1);
		campaigns_tick(&f.b->s);
	}
	ASSERT(f.d->campaign && f.d->state != DEVICE_FAILED);
	r->binding &= (uint8_t)~BINDING_Q; /* it is awake and says nothing */
	for (int i = 0; i < 1200 && f.d->campaign; i++) {
		bed_pass(f.b, 1);
		campaigns_tick(&f.b->s);
	}
	ASSERT_INT(DEVICE_FAILED, f.d->state);
}

TEST(whether_a_device_polls_is_known_some_polls_after_the_start)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f, LINKS));
	ASSERT(!begins(&f, 0, -1));
	ASSERT(!begins(&f, 10, -1));
	ASSERT(begins(&f, 20, -1));
}

TEST(a_device_that_polls_keeps_its_channel_over_a_reboot)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f, LINKS));
	ASSERT(!begins(&f, LONG_AGO, 0));
	ASSERT(!begins(&f, LONG_AGO, 20)); /* more than some polls: it reboots */
	ASSERT_INT(MP_COAP_CREATED, bed_register(f.b, "ep=a&lwm2m=1.1&lt=86400", LINKS));
	ASSERT(!f.d->campaign); /* it came back by LwM2M first */
	ASSERT(!begins(&f, LONG_AGO, 110));
	ASSERT_INT(0, f.d->action);
	ASSERT(begins(&f, LONG_AGO, 130));
}

TEST(a_device_that_polls_rarely_is_given_longer)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f, LINKS));
	f.b->s.poll_seconds = 300;
	ASSERT(!begins(&f, LONG_AGO, 130));
	ASSERT(!begins(&f, LONG_AGO, 890));
	ASSERT(begins(&f, LONG_AGO, 910));
}

TEST(a_channel_is_no_matter_for_firmware)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f, LINKS));
	releases_at(f.b->s.releases, 0)->firmware[0] = intern("1.1.0");
	(void)begins(&f, LONG_AGO, 0);
	ASSERT(f.d->action);
}

/* ---- why it failed ---- */

#define TLV(text)                                                                                  \
	{                                                                                          \
		.code = MP_COAP_CONTENT, .format = MP_LWM2M_FORMAT_TLV, .payload = text,           \
		.len = sizeof(text) - 1, .observe = -1                                             \
	}

static const char *the_log; /* of the device; NULL: it does not show it */
static bool is_given; /* has the device been told where the image is? */

/* It runs 1.0.0, and loses the connection when it fetches the image (result 4). */
static struct bed_answer loses_the_connection(struct bed *b)
{
	static const struct bed_answer idle = TLV("\xc1\x03\x00\xc1\x05\x00"),
				       lost = TLV("\xc1\x03\x00\xc1\x05\x04"),
				       device = TLV("\xc5\x03\x31.0.0");
	struct bed_answer log = {.code = MP_COAP_CONTENT, .format = 42, .observe = -1};

	log.payload = the_log;
	if (!strcmp(b->path, "5/0"))
		return is_given ? lost : idle;
	if (!strcmp(b->path, "3/0"))
		return device;
	if (!strcmp(b->path, "20/0/4014") && the_log)
		return log;
	is_given = is_given || !strcmp(b->path, "5/0/1");
	return (struct bed_answer){.code = !strcmp(b->path, "5/0/1") ? MP_COAP_CHANGED
								     : MP_COAP_NOT_FOUND,
				   .format = -1,
				   .observe = -1};
}

/* What the server shows as the device's reason. */
static const char *reason_of(struct fleet *f, const char *links, const char *log)
{
	the_log = log;
	is_given = false;
	if (fleet_open(f, links) < 0)
		return "no fleet";
	f->b->answers = loses_the_connection;
	strcpy(f->b->s.product_url, "https://fleet.example:8443");
	(void)begins(f, LONG_AGO, -1);
	bed_run(f->b);
	return f->d->reason ? f->d->reason : "";
}

#define LOST                                                                                       \
	"download is tried again: The device lost the connection while it took the image (result " \
	"4)"

TEST(the_reason_of_a_failure_is_read_from_the_log)
{
	auto_fleet f = {0};

	ASSERT_STR(LOST ": nothing answers",
		   reason_of(&f, LINKS ",</20/0>", "T update failed 1.1.0: nothing answers\n"));
}

TEST(a_device_without_a_log_or_with_one_that_cannot_be_read_has_its_result)
{
	static const char *const logs[] = {NULL, "no lines at all", "T update failed 1.0.9: old\n"};

	for (unsigned i = 0; i < 3; i++) {
		auto_fleet f = {0};

		ASSERT_STR(LOST ".", reason_of(&f, LINKS ",</20/0>", logs[i]));
	}
	{
		auto_fleet f = {0};

		ASSERT_STR(LOST ".",
			   reason_of(&f, LINKS, "T update failed 1.1.0: not asked for\n"));
	}
}

/* ---- what it runs ---- */

/* The device says that it is a lamp with firmware 2.0. */
static void tell_firmware(struct fleet *f)
{
	struct mp_lwm2m_record records[] = {
		{.path = mp_lwm2m_path(3, 0, 1),
		 .has_value = true,
		 .value = mp_lwm2m_string("lamp")},
		{.path = mp_lwm2m_path(3, 0, 3),
		 .has_value = true,
		 .value = mp_lwm2m_string("2.0")},
	};

	interview_heard(&f->b->s, f->d,
			&(struct lwm2m_result){.outcome = LWM2M_ANSWERED,
					       .code = MP_COAP_CONTENT,
					       .records = records,
					       .n_records = 2});
}

TEST(a_newer_release_with_the_same_firmware_changes_nothing)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f, LINKS));
	ASSERT_OK(add_release(&f.b->s, "1.2.0", "lamp", "2.0"));
	tell_firmware(&f);
	ASSERT_STR("1.2.0", f.d->release);
	ASSERT_OK(add_release(&f.b->s, "1.3.0", "lamp", "2.0"));
	tell_firmware(&f);
	ASSERT_STR("1.2.0", f.d->release);
}
