/* SPDX-License-Identifier: Apache-2.0 */
/* machine_fake.h - for tests: the state machine with a fake outside, a clock that we turn, workers
 * and a server that do what the test says
 *
 *     BOOT_IDLE(f);
 *     offer(f, "1001", "1.1.0");
 *     end(f, JOB_PREFLIGHT, 0, "");
 *     ASSERT_INT(1, f->started[JOB_INSTALL]);
 */
#pragma once

#include <stdlib.h>

#include "base/str.h"
#include "base/test.h"
#include "machine.h"

struct fake {
	struct platform platform;
	int64_t now;
	struct machine m;
	struct record record, durable; /* as it is, and as it was saved last */
	unsigned started[JOBS], stopped[JOBS], saves, reboots;
	char reason[512]; /* of the last job */
	char said[64][700]; /* feedback in order: "action execution finished: details" */
	unsigned n_said, polls, attributes, seeds;
	bool cancel_said;
	unsigned enrolls, sources;
	char source[256];
};

static inline struct fake *fake_of(struct platform *p)
{
	return (struct fake *)p;
}

static inline int64_t fake_now(struct platform *p)
{
	return fake_of(p)->now;
}

static inline void fake_start(struct platform *p, enum job job, const char *version,
			      const char *action, const char *reason)
{
	struct fake *f = fake_of(p);

	(void)version, (void)action;
	f->started[job]++;
	snprintf(f->reason, sizeof(f->reason), "%s", reason);
}

static inline void fake_stop(struct platform *p, enum job job)
{
	fake_of(p)->stopped[job]++;
}

static inline void fake_poll(struct platform *p)
{
	fake_of(p)->polls++;
}

static inline void fake_enroll(struct platform *p)
{
	fake_of(p)->enrolls++;
}

static inline void fake_source(struct platform *p, const char *source)
{
	struct fake *f = fake_of(p);

	f->sources++;
	snprintf(f->source, sizeof(f->source), "%s", source);
}

static inline void fake_seed(struct platform *p, const char *what, const char *value)
{
	(void)what, (void)value;
	fake_of(p)->seeds++;
}

static inline void fake_feedback(struct platform *p, bool cancel, const struct feedback *b)
{
	struct fake *f = fake_of(p);

	f->cancel_said = cancel;
	if (f->n_said < 64)
		snprintf(f->said[f->n_said++], sizeof(f->said[0]), "%s %s %s: %s", b->action,
			 b->execution, b->finished, b->details);
}

static inline void fake_attributes(struct platform *p)
{
	fake_of(p)->attributes++;
}

static inline void fake_nothing(struct platform *p)
{
	(void)p;
}

static inline void fake_save(struct platform *p, const struct record *r)
{
	fake_of(p)->durable = *r;
	fake_of(p)->saves++;
}

static inline void fake_reboot(struct platform *p)
{
	fake_of(p)->reboots++;
}

static const struct machine_config config = {.poll_ms = 5000, .proof_ms = 60000, .look_ms = 60000};

static inline void fake_init(struct fake *f, const struct machine_config *c)
{
	*f = (struct fake){.platform = {.now = fake_now,
					.start = fake_start,
					.stop = fake_stop,
					.ask_poll = fake_poll,
					.ask_enroll = fake_enroll,
					.ask_source = fake_source,
					.ask_seed = fake_seed,
					.ask_feedback = fake_feedback,
					.ask_attributes = fake_attributes,
					.leave_server = fake_nothing,
					.save = fake_save,
					.reboot = fake_reboot,
					.changed = fake_nothing}};
	f->now = 10000;
	machine_init(&f->m, c, &f->platform, &f->record);
	(void)machine_tick(&f->m);
}

static inline struct setup setup_of(const char *running, enum update_state state,
				    const char *version, const char *action, const char *reason)
{
	struct setup s = {.state = state, .slot = 'a'};

	snprintf(s.running, sizeof(s.running), "%s", running);
	snprintf(s.version, sizeof(s.version), "%s", version);
	snprintf(s.action, sizeof(s.action), "%s", action);
	snprintf(s.reason, sizeof(s.reason), "%s", reason);
	strcpy(s.boot_id, "boot-1");
	s.trial = state == UPDATE_PROVING;
	return s;
}

/* Answer whatever fetch was asked, well, until it is asked nothing or a poll. */
static inline void drain(struct fake *f)
{
	for (unsigned i = 0; i < 50; i++) {
		(void)machine_tick(&f->m);
		if (f->m.asked == ASK_NOTHING || f->m.asked == ASK_POLL)
			return;
		machine_answered(&f->m, 0, "");
	}
}

/* A poll that goes well and brings nothing. */
static inline void poll_once(struct fake *f)
{
	f->now += 5000;
	drain(f);
	machine_answered(&f->m, 0, "");
	drain(f);
}

/* One that brings an offer. */
static inline void offer(struct fake *f, const char *action, const char *version)
{
	f->now += 5000;
	drain(f);
	machine_offered(&f->m, action, version, true);
	machine_answered(&f->m, 0, "");
	drain(f);
}

static inline void end(struct fake *f, enum job job, int r, const char *reason)
{
	machine_ended(&f->m, job, r, reason, NULL);
	drain(f);
}

static inline void boot(struct fake *f, const struct setup *s)
{
	fake_init(f, &config);
	machine_ended(&f->m, JOB_SETUP, 0, "", s);
	drain(f);
}

static inline void boot_idle(struct fake *f)
{
	struct setup s = setup_of("1.0.0", UPDATE_IDLE, "", "", "");

	boot(f, &s);
	end(f, JOB_APPLY, 0, "");
	poll_once(f);
}

static inline bool was_said(const struct fake *f, const char *what)
{
	for (unsigned i = 0; i < f->n_said; i++)
		if (strstr(f->said[i], what))
			return true;
	return false;
}

#define BOOT_IDLE(f)                                                                               \
	auto_free_fake struct fake *f = calloc(1, sizeof(*f));                                     \
	ASSERT(f);                                                                                 \
	boot_idle(f)
static inline void free_fake(struct fake **f)
{
	free(*f);
}
#define auto_free_fake __attribute__((cleanup(free_fake)))
