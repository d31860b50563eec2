/* SPDX-License-Identifier: Apache-2.0
 * By which channel a device gets its update: what it polls over DDI decides. */
#include "lwm2m/campaign.h"

#include "base/test.h"
#include "events.h"
#include "intern.h"
#include "metrics.h"
#include "releases.h"
#include "rollouts.h"
#include "testbed.h"

#define LONG_AGO 86400

struct fleet { /* one device, registered by LwM2M, whose rollout to 1.1.0 runs */
	struct bed *b;
	struct device *d;
};

static void fleet_close(struct fleet *f)
{
	struct server *s = &f->b->s;

	if (!f->b)
		return;
	campaigns_free(take_ptr(s->campaigns));
	rollouts_free(take_ptr(s->rollouts));
	releases_free(take_ptr(s->releases));
	events_free(take_ptr(s->events));
	free(take_ptr(s->metrics));
	bed_close(f->b);
}
#define auto_fleet __attribute__((cleanup(fleet_close))) struct fleet

static int add_release(struct server *s)
{
	struct release *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->version = intern("1.1.0");
	r->minimum_version = intern("");
	r->product = intern("demo");
	(void)release_add_board(r, "qemu-x86_64", NULL);
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
	return r < 0 || !s->events || !s->metrics ? -ENOMEM : add_release(s);
}

static int fleet_open(struct fleet *f)
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
	if (r < 0 ||
	    bed_register(f->b, "ep=a&lwm2m=1.1&lt=86400", "</3/0>,</5/0>") != MP_COAP_CREATED)
		return -EIO;
	f->d = devices_find(s->devices, "a");
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

	ASSERT_OK(fleet_open(&f));
	ASSERT(begins(&f, LONG_AGO, -1));
	ASSERT_STR("1.1.0", f.d->target);
}

TEST(whether_a_device_polls_is_known_some_polls_after_the_start)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f));
	ASSERT(!begins(&f, 0, -1));
	ASSERT(!begins(&f, 10, -1));
	ASSERT(begins(&f, 20, -1));
}

TEST(a_device_that_polls_keeps_its_channel_over_a_reboot)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f));
	ASSERT(!begins(&f, LONG_AGO, 0));
	ASSERT(!begins(&f, LONG_AGO, 20)); /* more than some polls: it reboots */
	ASSERT_INT(MP_COAP_CREATED, bed_register(f.b, "ep=a&lwm2m=1.1&lt=86400", "</3/0>,</5/0>"));
	ASSERT(!f.d->campaign); /* it came back by LwM2M first */
	ASSERT(!begins(&f, LONG_AGO, 110));
	ASSERT_INT(0, f.d->action);
	ASSERT(begins(&f, LONG_AGO, 130));
}

TEST(a_device_that_polls_rarely_is_given_longer)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f));
	f.b->s.poll_seconds = 300;
	ASSERT(!begins(&f, LONG_AGO, 130));
	ASSERT(!begins(&f, LONG_AGO, 890));
	ASSERT(begins(&f, LONG_AGO, 910));
}

TEST(a_channel_is_no_matter_for_firmware)
{
	auto_fleet f = {0};

	ASSERT_OK(fleet_open(&f));
	releases_at(f.b->s.releases, 0)->firmware[0] = intern("1.1.0");
	(void)begins(&f, LONG_AGO, 0);
	ASSERT(f.d->action);
}
