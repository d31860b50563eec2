/* SPDX-License-Identifier: Apache-2.0
 * hawkBit's DDI knows "proceeding" and leaves the rest to free text. Our agent's details begin with
 * the word for what it does ("downloading 34 %", "verifying", "rebooting", "proving"), from which
 * the finer states come; any other client's updates show as downloading until they are closed.
 *
 * Proven is what closed with success, or with none as hawkBit reads it. A client that closes before
 * its reboot is believed, until its attributes name another release: then it counts as rolled back. */
#include "actions.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "devices.h"
#include "events.h"
#include "lwm2m/campaign.h"
#include "lwm2m/interview.h"
#include "metrics.h"
#include "releases.h"
#include "rollouts.h"
#include "server.h"

#define ROWS_MAX 1000 /* history rows of one action, as hawkBit has it */

static void tell(struct server *s, const struct device *d)
{
	if (events_wanted(s->events, EVENT_DEVICE, d->name))
		events_add(s->events, EVENT_DEVICE, d->name, device_json(s, d, false));
}

static int move_member(struct server *s, struct device *d, enum member_state to)
{
	/* An action of a rollout that was superseded says nothing about the new one. */
	if (!d->rollout || d->member == MEMBER_SUPERSEDED ||
	    (d->action && d->target != d->rollout->release))
		return 0;
	return rollouts_member_moved(s, d, to);
}

/* ---- offers ---- */

static int offer(struct server *s, struct device *d)
{
	int r = devices_open_action(s, d, d->rollout);
	bool waits = d->action_state == ACTION_UNCONFIRMED;

	if (r == 0)
		r = devices_note(s, d, "offered", d->target);
	if (r == 0 && d->rollout->confirm && !waits)
		r = devices_note(s, d, "confirmed", "The device takes updates unasked.");
	if (r == 0)
		r = waits ? devices_report(s, d, &(struct report){.state = DEVICE_UNCONFIRMED})
			  : devices_report(
				    s, d,
				    &(struct report){.state = DEVICE_OFFERED, .reason = d->target});
	if (r == 0)
		r = move_member(s, d, waits ? MEMBER_UNCONFIRMED : MEMBER_OFFERED);
	if (r == 0)
		tell(s, d);
	return r;
}

int actions_poll(struct server *s, struct device *d, enum offer *ret, bool *ret_wrote)
{
	const struct release *release =
		d->rollout ? releases_find(s->releases, d->rollout->release) : NULL;
	enum offer what;
	int r = 0;

	*ret_wrote = false;
	if (d->state == DEVICE_UNKNOWN) {
		r = devices_report(s, d,
				   &(struct report){.state = DEVICE_IDLE, .what = "first poll"});
		if (r < 0)
			return r;
		tell(s, d);
	}
	what = decide(d, release, 0, 0, NULL, 0);
	if (what == OFFER_NEW) {
		r = offer(s, d);
		*ret_wrote = true;
		if (d->action_state == ACTION_UNCONFIRMED)
			what = OFFER_CONFIRM;
	}
	*ret = what;
	return r;
}

/* ---- confirmation ---- */

static int confirm(struct server *s, struct device *d, const char *details)
{
	int r = devices_note(s, d, "confirmed", details);

	if (r == 0)
		r = devices_resume(s, d);
	if (r == 0)
		r = devices_report(s, d,
				   &(struct report){.state = DEVICE_OFFERED, .reason = d->target});
	return r < 0 ? r : move_member(s, d, MEMBER_OFFERED);
}

int actions_confirm(struct server *s, struct device *d, bool is_welcome, const char *details)
{
	int r;

	if (!d->action || d->action_state != ACTION_UNCONFIRMED)
		return -EPROTO;
	if (!is_welcome && d->rows >= ROWS_MAX)
		return -EDQUOT;
	d->rows++;
	if (is_welcome)
		r = confirm(s, d, details);
	else
		r = devices_report(
			s, d,
			&(struct report){.state = DEVICE_UNCONFIRMED,
					 .reason = *details ? details : "No reason was given.",
					 .what = "denied"});
	if (r == 0)
		tell(s, d);
	return r;
}

int actions_auto_confirm(struct server *s, struct device *d, const struct auto_confirm *how)
{
	int r = devices_set_auto_confirm(s, d, how);

	if (r == 0 && how->since && d->action && d->action_state == ACTION_UNCONFIRMED)
		r = confirm(s, d, "The device takes updates unasked.");
	if (r == 0)
		tell(s, d);
	return r;
}

/* ---- fetching ---- */

int actions_fetched(struct server *s, struct device *d)
{
	if (d->fetched)
		return 0;
	return devices_fetched(s, d);
}

/* ---- feedback ---- */

static enum device_state state_of(const struct device *d, const struct mp_ddi_report *report)
{
	static const struct {
		const char *word;
		enum device_state state;
	} words[] = {
		{"download", DEVICE_DOWNLOADING}, {"verif", DEVICE_VERIFYING},
		{"install", DEVICE_INSTALLED},	  {"reboot", DEVICE_REBOOTING},
		{"proving", DEVICE_PROVING},
	};

	if (report->execution == MP_DDI_DOWNLOAD)
		return DEVICE_DOWNLOADING;
	if (report->execution == MP_DDI_DOWNLOADED)
		return DEVICE_VERIFYING;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strncasecmp(report->details, words[i].word, strlen(words[i].word)) == 0)
			return words[i].state;
	if (d->state == DEVICE_OFFERED && report->execution == MP_DDI_PROCEEDING)
		return DEVICE_DOWNLOADING;
	return d->state;
}

/* "downloading 34 %": 34; -1 when no percentage is said. */
static int percent_in(const char *text)
{
	const char *sign = strchr(text, '%'), *p = sign;

	if (!sign)
		return -1;
	while (p > text && p[-1] == ' ')
		p--;
	if (p == text || !isdigit((unsigned char)p[-1]))
		return -1;
	while (p > text && isdigit((unsigned char)p[-1]) && sign - p < 8)
		p--;
	return atoi(p) > 100 ? 100 : atoi(p);
}

static enum member_state member_of(enum device_state s)
{
	switch (s) {
	case DEVICE_DOWNLOADING:
		return MEMBER_DOWNLOADING;
	case DEVICE_VERIFYING:
	case DEVICE_INSTALLED:
	case DEVICE_REBOOTING:
		return MEMBER_INSTALLING;
	case DEVICE_PROVING:
		return MEMBER_PROVING;
	case DEVICE_PROVEN:
		return MEMBER_PROVEN;
	case DEVICE_FAILED:
	case DEVICE_ROLLED_BACK:
		return MEMBER_FAILED;
	default:
		return MEMBER_OFFERED;
	}
}

static int proceed(struct server *s, struct device *d, const struct mp_ddi_report *report)
{
	enum device_state state = state_of(d, report);
	int percent = report->percent >= 0 ? report->percent : percent_in(report->details);
	/* A remark behind the percentage ("resumed at frame 34 of 96") is worth a row. */
	bool only_progress = state == d->state && state == DEVICE_DOWNLOADING &&
			     (!*report->details || (percent_in(report->details) >= 0 &&
						    mp_str_ends_with(report->details, "%")));
	int r;

	if (percent < 0)
		percent = state == d->state ? d->progress : state > DEVICE_DOWNLOADING ? 100 : 0;
	r = devices_report(
		s, d,
		&(struct report){
			.state = state,
			.progress = percent,
			.reason = report->details,
			.what = only_progress ? NULL : mp_ddi_execution_name(report->execution),
		});
	return r < 0 ? r : move_member(s, d, member_of(state));
}

static bool tells_of_rollback(const char *details)
{
	return strcasestr(details, "rolled back") || strcasestr(details, "fell back") ||
	       strcasestr(details, "roll back");
}

static int fail(struct server *s, struct device *d, const struct mp_ddi_report *report)
{
	const char *reason = *report->details ? report->details : "The device gave no reason.";
	enum device_state state = tells_of_rollback(reason) ? DEVICE_ROLLED_BACK : DEVICE_FAILED;
	int r = devices_report(
		s, d, &(struct report){.state = state, .reason = reason, .what = "failed"});

	if (r == 0)
		r = move_member(s, d, MEMBER_FAILED);
	return r < 0 ? r : devices_close_action(s, d, ACTION_FAILED, reason);
}

static int prove(struct server *s, struct device *d, const struct mp_ddi_report *report)
{
	int r = devices_set_release(s, d, d->target);

	if (r == 0)
		r = devices_report(s, d,
				   &(struct report){.state = DEVICE_PROVEN,
						    .progress = 100,
						    .reason = report->details,
						    .what = "proven"});
	if (r == 0)
		r = move_member(s, d, MEMBER_PROVEN);
	return r < 0 ? r : devices_close_action(s, d, ACTION_FINISHED, report->details);
}

/* All that a download without an installation can come to. A client that knows no such thing takes it
 * for done and closes it: it then has proved nothing. */
static int downloaded(struct server *s, struct device *d, const struct mp_ddi_report *report)
{
	int r = devices_report(s, d,
			       &(struct report){.state = DEVICE_DOWNLOADED,
						.progress = 100,
						.reason = report->details,
						.what = "downloaded"});

	if (r == 0)
		r = move_member(s, d, MEMBER_DOWNLOADED);
	return r < 0 ? r : devices_close_action(s, d, ACTION_DOWNLOADED, report->details);
}

static bool ends(const struct device *d, const struct mp_ddi_report *report)
{
	return report->execution == MP_DDI_CLOSED ||
	       (d->download_only && report->execution == MP_DDI_DOWNLOADED);
}

static int end(struct server *s, struct device *d, const struct mp_ddi_report *report)
{
	if (report->execution == MP_DDI_CLOSED && report->finished == MP_DDI_FAILURE)
		return fail(s, d, report);
	return d->download_only ? downloaded(s, d, report) : prove(s, d, report);
}

int actions_feedback(struct server *s, struct device *d, const struct mp_ddi_report *report)
{
	int r;

	if (!ends(d, report) && d->rows >= ROWS_MAX)
		return -EDQUOT;
	d->rows++;
	s->metrics->feedback++;
	if (ends(d, report))
		r = end(s, d, report);
	else if (report->execution == MP_DDI_CANCELED || /* only a warning: hawkbit#952 */
		 report->execution == MP_DDI_REJECTED)
		r = devices_note(s, d, mp_ddi_execution_name(report->execution), report->details);
	else
		r = proceed(s, d, report);
	if (r == 0)
		tell(s, d);
	return r;
}

static int canceled(struct server *s, struct device *d, const struct mp_ddi_report *report)
{
	int r = devices_report(s, d,
			       &(struct report){.state = DEVICE_IDLE,
						.reason = report->details,
						.what = "canceled"});

	if (r == 0)
		r = move_member(s, d, MEMBER_CANCELED);
	return r < 0 ? r : devices_close_action(s, d, ACTION_CANCELED, report->details);
}

int actions_cancel_feedback(struct server *s, struct device *d, const struct mp_ddi_report *report)
{
	bool closed = report->execution == MP_DDI_CLOSED,
	     settled = closed || report->execution == MP_DDI_REJECTED;
	int r;

	if (!settled && d->rows >= ROWS_MAX)
		return -EDQUOT;
	d->rows++;
	s->metrics->feedback++;
	if (closed && report->finished != MP_DDI_FAILURE) {
		r = canceled(s, d, report);
	} else if (settled) {
		/* hawkBit calls closed and failed an error of the action; the update runs on. */
		r = devices_note(s, d, "cancel rejected", report->details);
		if (r == 0)
			r = devices_resume(s, d);
	} else {
		r = devices_note(s, d, mp_ddi_execution_name(report->execution), report->details);
	}
	if (r == 0)
		tell(s, d);
	return r;
}

/* ---- attributes ---- */

static int not_what_was_proven(struct server *s, struct device *d, const char *release)
{
	char reason[256];
	int r;

	snprintf(reason, sizeof(reason), "It had proved %s and now reports that it runs %s.",
		 d->rollout->release, release);
	r = devices_report(s, d,
			   &(struct report){.state = DEVICE_ROLLED_BACK,
					    .reason = reason,
					    .what = "rolled back"});
	return r < 0 ? r : move_member(s, d, MEMBER_FAILED);
}

int actions_attributes(struct server *s, struct device *d, int mode, const struct mp_json *data)
{
	const char *release = mp_json_str(mp_json_get(data, "release"), ""), *board = d->board;
	int r = devices_set_attributes(s, d, (enum attribute_mode)mode, data);

	if (r == 0 && *release && strlen(release) < 32 && strcmp(release, d->release) != 0) {
		if (d->state == DEVICE_PROVEN && d->rollout && d->member == MEMBER_PROVEN)
			r = not_what_was_proven(s, d, release);
		if (r == 0)
			r = devices_set_release(s, d, release);
	}
	if (r == 0 && d->board != board)
		r = rollouts_join(s, d);
	if (r == 0)
		tell(s, d);
	return r;
}

/* ---- coming and going ---- */

int actions_register(struct server *s, const char *name, struct device **ret)
{
	struct device *d;
	int r = devices_add(s, name, &d);

	if (r == 0)
		r = devices_note(s, d, "registered", "");
	if (r == 0)
		r = rollouts_join(s, d);
	if (r < 0)
		return r;
	tell(s, d);
	*ret = d;
	return 0;
}

int actions_remove(struct server *s, struct device *d)
{
	auto_(mp_json) *gone = mp_json_new_object();

	if (mp_json_put_str(gone, "id", d->name) < 0 || mp_json_put_bool(gone, "removed", true) < 0)
		return -ENOMEM;
	campaigns_forget(d);
	interviews_forget(s->interviews, d);
	rollouts_forget(s, d);
	if (events_wanted(s->events, EVENT_DEVICE, d->name))
		events_add(s->events, EVENT_DEVICE, d->name, take_ptr(gone));
	return devices_remove(s, d);
}
