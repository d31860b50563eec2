/* SPDX-License-Identifier: Apache-2.0
 * The order of the questions is the decision: what is under way comes first, then whether the
 * rollout still gives anything out, then whether this device can take it. */
#include "decide.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "devices.h"
#include "releases.h"
#include "rollouts.h"

struct reason {
	char *text;
	size_t room;
};

/* Write the sentence if somebody wants to read it, and pass the offer on. */
__attribute__((format(printf, 3, 4))) static enum offer say(const struct reason *why,
							    enum offer offer, const char *fmt, ...)
{
	va_list ap;

	if (!why->text)
		return offer;
	va_start(ap, fmt);
	vsnprintf(why->text, why->room, fmt, ap);
	va_end(ap);
	return offer;
}

/* "3 minutes" */
static void span(int64_t seconds, char *ret, size_t room)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	unsigned i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	snprintf(ret, room, "%lld %s%s", (long long)(seconds / units[i].seconds), units[i].unit,
		 seconds / units[i].seconds == 1 ? "" : "s");
}

static const char *detail(const struct device *d)
{
	return d->reason ? d->reason : "it gave no reason";
}

static enum offer under_way(const struct reason *why, const struct device *d, int64_t now)
{
	char since[64];

	if (d->action_state == ACTION_UNCONFIRMED)
		return say(why, OFFER_CONFIRM, "The update to %s waits to be confirmed%s%s",
			   d->target, d->reason ? "; so far it was denied: " : ".",
			   d->reason ? d->reason : "");
	if (d->action_state == ACTION_CANCELING)
		return say(why, OFFER_CANCEL, "It is being told to give up the update to %s.",
			   d->target);
	span(now - d->offered, since, sizeof(since));
	switch (d->state) {
	case DEVICE_DOWNLOADING:
		return say(why, OFFER_ACTION, "It is downloading %s, %d %% so far.", d->target,
			   d->progress);
	case DEVICE_VERIFYING:
	case DEVICE_INSTALLED:
		return say(why, OFFER_ACTION, "It is installing %s: %s.", d->target,
			   device_state_name(d->state));
	case DEVICE_REBOOTING:
		return say(why, OFFER_ACTION, "It is rebooting into %s.", d->target);
	case DEVICE_PROVING:
		return say(why, OFFER_ACTION, "It runs %s and has not proved itself yet.",
			   d->target);
	default:
		break;
	}
	if (!d->fetched)
		return say(why, OFFER_ACTION,
			   "It was offered %s %s ago and has not fetched the offer since.",
			   d->target, since);
	return say(why, OFFER_ACTION,
		   "It fetched the offer of %s %s ago and has not said more since.", d->target,
		   since);
}

static enum offer rollout_gives_nothing(const struct reason *why, const struct rollout *r)
{
	switch (r->state) {
	case ROLLOUT_PAUSED:
		return say(why, OFFER_NOTHING, "Rollout %lld of %s is paused.", (long long)r->id,
			   r->release);
	case ROLLOUT_STOPPED:
		return say(why, OFFER_NOTHING, "Rollout %lld of %s was stopped before its turn: %s",
			   (long long)r->id, r->release, r->reason ? r->reason : "");
	case ROLLOUT_ABORTED:
		return say(why, OFFER_NOTHING, "Rollout %lld of %s was aborted.", (long long)r->id,
			   r->release);
	default:
		return say(why, OFFER_NOTHING, "Rollout %lld of %s has ended.", (long long)r->id,
			   r->release);
	}
}

/* Can the device take the release at all? */
static enum offer suits(const struct reason *why, const struct device *d,
			const struct release *release)
{
	if (!release)
		return say(why, OFFER_NOTHING, "Release %s is not known any more.",
			   d->rollout->release);
	if (!*d->board && release->n_boards != 1)
		return say(why, OFFER_NOTHING,
			   "It has not said which board it is, and %s has more than one.",
			   release->version);
	if (!release_fits(release, d->board))
		return say(why, OFFER_NOTHING, "Release %s has nothing for board %s.",
			   release->version, d->board);
	if (*release->minimum_version && mp_version_is_valid(d->release) &&
	    mp_version_compare(d->release, release->minimum_version) < 0)
		return say(why, OFFER_NOTHING,
			   "It runs %s, and %s needs at least %s to update from.", d->release,
			   release->version, release->minimum_version);
	return OFFER_NEW;
}

static enum offer ended(const struct reason *why, const struct device *d)
{
	const char *release = d->rollout->release;

	switch (d->member) {
	case MEMBER_PROVEN:
		return say(why, OFFER_NOTHING, "It is up to date: %s is proven on it.", release);
	case MEMBER_DOWNLOADED:
		return say(why, OFFER_NOTHING,
			   "It has fetched %s, and its rollout asks for no more.", release);
	case MEMBER_CANCELED:
		return say(why, OFFER_NOTHING, "The update to %s was cancelled.", release);
	default:
		return say(
			why, OFFER_NOTHING,
			"It failed to bring up %s and is not offered it again by this rollout: %s",
			release, detail(d));
	}
}

enum offer decide(const struct device *d, const struct release *release, int64_t now, int64_t seen,
		  char *reason, size_t room)
{
	struct reason why = {reason, room};
	char since[64];
	enum offer offer;

	if (d->action)
		return under_way(&why, d, now);
	if (!d->rollout)
		return say(&why, OFFER_NOTHING,
			   seen ? "No rollout includes it."
				: "It was never heard of, and no rollout includes it.");
	if (member_is_over(d->member))
		return ended(&why, d);
	if (d->rollout->state != ROLLOUT_RUNNING)
		return rollout_gives_nothing(&why, d->rollout);
	offer = suits(&why, d, release);
	if (offer == OFFER_NOTHING)
		return offer;
	if (!seen)
		return say(&why, OFFER_NEW, "It was never heard of; %s waits for it.",
			   release->version);
	span(now - seen, since, sizeof(since));
	return say(&why, OFFER_NEW,
		   "It is offered %s as soon as it is heard of again; the last time was %s ago.",
		   release->version, since);
}
