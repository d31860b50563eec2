/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/parts.h"

#include <string.h>

#include "base/test.h"

struct scene {
	struct part part[3];
	struct parts parts;
	char reason[300];
};

/* Three components of version 2, which run version 1 and have nothing. */
static void begin(struct scene *s)
{
	static const char *const names[] = {"application", "modem", "bootloader"};

	*s = (struct scene){.parts = {carrier_of(MP_RELEASE_ADVANCED), s->part, 3}};
	for (unsigned i = 0; i < 3; i++) {
		struct part *p = &s->part[i];

		p->instance = (uint16_t)(2 - i);
		p->is_unseen = true;
		p->facts.carrier = s->parts.carrier;
		p->firmware.size = 100;
		strcpy(p->firmware.component, names[i]);
		strcpy(p->firmware.version, "2");
		strcpy(p->facts.running, "1");
	}
}

static struct part *next(struct scene *s, enum stage stage)
{
	return parts_next(&s->parts, stage, s->reason, sizeof(s->reason));
}

static void set(struct scene *s, enum phase phase, int64_t result, const char *running)
{
	for (unsigned i = 0; i < 3; i++) {
		s->part[i].facts.phase = phase;
		s->part[i].facts.result = result;
		strcpy(s->part[i].facts.running, running);
	}
}

TEST(images_are_brought_one_after_another_and_run_together)
{
	struct scene s;
	char others[64];

	begin(&s);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT(next(&s, i ? STAGE_DELIVERED : STAGE_OFFERED) == &s.part[i]);
		ASSERT_INT(NEXT_TRANSFER, s.part[i].next);
		ASSERT_INT((int)i * 33, parts_percent(&s.parts, &s.part[i], 0));
		s.part[i].is_unseen = false;
		s.part[i].facts.phase = PHASE_DOWNLOADING;
		ASSERT(next(&s, STAGE_TRANSFER) == &s.part[i] && s.part[i].next == NEXT_WAIT);
		s.part[i].facts.phase = PHASE_DELIVERED;
	}
	ASSERT(next(&s, STAGE_DELIVERED) == s.part && s.part->next == NEXT_UPDATE);
	parts_others(&s.parts, s.part, others, sizeof(others));
	ASSERT_STR("0='</33629/1>,</33629/0>'", others);
	set(&s, PHASE_IDLE, 1, "2");
	ASSERT_INT(NEXT_WAIT, next(&s, STAGE_TOLD)->next);
	ASSERT_INT(NEXT_PROVEN, next(&s, STAGE_BACK)->next);
}

TEST(what_runs_already_is_left_alone)
{
	struct scene s;
	char others[64];

	begin(&s);
	strcpy(s.part[0].facts.running, "2");
	strcpy(s.part[2].facts.running, "2");
	ASSERT(next(&s, STAGE_OFFERED) == &s.part[1] && s.part[1].next == NEXT_TRANSFER);
	s.part[1].is_unseen = false;
	s.part[1].facts.phase = PHASE_DELIVERED;
	ASSERT(next(&s, STAGE_TRANSFER) == &s.part[1] && s.part[1].next == NEXT_UPDATE);
	parts_others(&s.parts, &s.part[1], others, sizeof(others));
	ASSERT_STR("", others);
}

TEST(a_component_that_was_not_told_is_told_after_the_others_came_back)
{
	struct scene s;

	begin(&s);
	set(&s, PHASE_IDLE, 1, "2");
	s.part[2].facts.phase = PHASE_DELIVERED;
	strcpy(s.part[2].facts.running, "1");
	s.part[0].facts.phase = PHASE_UPDATING;
	ASSERT(next(&s, STAGE_TOLD) == s.part && s.part->next == NEXT_WAIT);
	s.part[0].facts.phase = PHASE_IDLE;
	ASSERT(next(&s, STAGE_BACK) == &s.part[2] && s.part[2].next == NEXT_UPDATE);
}

TEST(after_a_restart_an_image_of_another_version_is_not_taken_for_ours)
{
	struct scene s;

	begin(&s);
	set(&s, PHASE_DELIVERED, 0, "1");
	strcpy(s.part[0].facts.package, "2");
	strcpy(s.part[1].facts.package, "1.9");
	ASSERT(next(&s, STAGE_DELIVERED) == &s.part[1] && s.part[1].next == NEXT_TRANSFER);
	s.part[1].is_unseen = false; /* brought anew */
	ASSERT(next(&s, STAGE_DELIVERED) == s.part && s.part->next == NEXT_UPDATE);
}

TEST(the_component_that_failed_by_itself_is_named)
{
	struct scene s;

	begin(&s);
	set(&s, PHASE_IDLE, 12, "1");
	s.part[1].facts.result = 8;
	ASSERT(next(&s, STAGE_BACK) == &s.part[1]);
	ASSERT_INT(NEXT_FAILED, s.part[1].next);
	ASSERT_STR("modem: The device could not bring up the new version (result 8).", s.reason);
	s.part[2].facts.phase = PHASE_UPDATING; /* wait until all is said */
	ASSERT(next(&s, STAGE_TOLD) == &s.part[2]);
}
