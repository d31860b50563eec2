/* SPDX-License-Identifier: Apache-2.0
 * One struct run for each device that is being updated. It always does one of three things: it asks
 * the device something (`request`), it waits for a time (`due`), or for the device to come back
 * (which makes it due). What was read ends in course_next(), and that in the next step. */
#include "lwm2m/campaign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "base/log.h"
#include "base/str.h"
#include "blobs.h"
#include "devices.h"
#include "lwm2m/interview.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/parts.h"
#include "lwm2m/registry.h"
#include "lwm2m/requests.h"
#include "metrics.h"
#include "releases.h"
#include "rollouts.h"
#include "server.h"

#define RUNS_MAX 2048 /* devices that are updated at the same time */
#define SCAN 4096 /* devices looked at in one second for whether their turn has come */
#define TRIES 4 /* of the transfer; and of the order to update */
#define LOOK_MIN_MS 1000 /* between two looks at a device that is busy: a quarter of the time */
#define LOOK_MAX_MS 10000 /* since its last progress, within these bounds */
#define AGAIN_MS 5000 /* before another try; longer with each */
#define SILENCE_MS 600000 /* a transfer without progress is over */
#define BACK_MS 900000 /* as long may a device take to come back with the new version */
#define LOG_DATA 4014 /* of object 20 */
#define REBOOT_SECONDS 120 /* within which a device that polls does so again after a reboot */

struct run {
	struct run *next, **link;
	struct server *server;
	struct device *device;
	const struct carrier *carrier;
	struct parts parts;
	struct part *at; /* whose image is under way, or was told to run */
	char refusal[300]; /* why the last transfer ended early; "" when it did not */
	struct lwm2m_request *request; /* under way */
	int64_t due, moved; /* ms since 1970: the next look; the last progress */
	const char *ordered; /* what it was told last: "to run the image" */
	unsigned tries;
	int percent; /* told last */
	bool is_lost; /* its device is gone */
	bool is_os; /* the image is a release for an operating system: the agent fetches its files */
	int fd; /* of the image that is being pushed; -1: none */
	struct mp_coap_source source;
};

struct campaigns {
	struct run *runs;
	size_t n;
	size_t cursor; /* of the scan */
	struct lwm2m_listener listener;
};

static void look(struct run *run);
static void step(struct run *run);

/* ---- the list; its device leads to a run at once ---- */

static void add(struct campaigns *c, struct run *run)
{
	run->next = c->runs;
	run->link = &c->runs;
	if (run->next)
		run->next->link = &run->next;
	c->runs = run;
	c->n++;
	run->device->campaign = run;
}

static void end(struct run *run)
{
	run->is_lost = true;
	if (run->request)
		lwm2m_cancel(run->request);
	*run->link = run->next;
	if (run->next)
		run->next->link = run->link;
	run->server->campaigns->n--;
	run->device->campaign = NULL;
	if (run->fd >= 0)
		close(run->fd);
	free(run->parts.part);
	free(run);
}

static struct registration *registration_of(const struct run *run)
{
	return registry_find(run->server->lwm2m->registry, run->device->name);
}

static int64_t now_ms(const struct run *run)
{
	return run->server->lwm2m->now_ms;
}

static void wait_ms(struct run *run, int64_t ms)
{
	run->due = now_ms(run) + ms;
}

/* ---- what the rollout engine hears ---- */

static void tell(struct server *s, struct device *d, enum mp_ddi_execution execution,
		 enum mp_ddi_finished finished, int percent, const char *details)
{
	struct mp_ddi_report report = {
		.execution = execution, .finished = finished, .percent = percent};
	int r;

	snprintf(report.details, sizeof(report.details), "%s", details);
	r = actions_feedback(s, d, &report);
	if (r < 0 && r != -EDQUOT) /* an action's steps beyond its quota are not noted */
		server_write_failed(s);
}

static void proceed(struct run *run, const char *details)
{
	run->moved = now_ms(run);
	tell(run->server, run->device, MP_DDI_PROCEEDING, MP_DDI_NONE, -1, details);
}

static void close_run(struct run *run, enum mp_ddi_finished how, const char *reason)
{
	tell(run->server, run->device, MP_DDI_CLOSED, how, -1, reason);
	end(run);
}

static enum stage stage_of(const struct device *d)
{
	switch (d->state) {
	case DEVICE_DOWNLOADING:
		return STAGE_TRANSFER;
	case DEVICE_VERIFYING:
	case DEVICE_INSTALLED:
		return STAGE_DELIVERED;
	case DEVICE_REBOOTING:
		return STAGE_TOLD;
	case DEVICE_PROVING:
		return STAGE_BACK;
	default:
		return STAGE_OFFERED;
	}
}

/* Another try of the transfer, or the end. */
static void again(struct run *run, struct part *part, const char *reason)
{
	char text[400];

	if (++run->tries >= TRIES) {
		snprintf(text, sizeof(text), "%s That was try %d of %d.", reason, TRIES, TRIES);
		close_run(run, MP_DDI_FAILURE, text);
		return;
	}
	snprintf(text, sizeof(text), "download is tried again: %s", reason);
	proceed(run, text);
	run->percent = 0;
	wait_ms(run, AGAIN_MS * (INT64_C(1) << run->tries));
	part->is_anew = true;
}

/* ---- asking ---- */

static void look_later(struct run *run)
{
	int64_t ms = (now_ms(run) - run->moved) / 4;

	wait_ms(run, ms < LOOK_MIN_MS ? LOOK_MIN_MS : ms > LOOK_MAX_MS ? LOOK_MAX_MS : ms);
}

/* The device cannot be asked now, or did not answer: its coming back makes the run due at once. */
static void unheard(struct run *run)
{
	const struct registration *r = registration_of(run);
	bool told = stage_of(run->device) >= STAGE_TOLD;
	/* it is not silent but asleep, or between two sessions, for as long as it is registered */
	bool is_away = r && !registration_is_awake(r) && (!told || r->binding & BINDING_Q);
	char text[200];

	if (is_away || now_ms(run) - run->moved < (told ? BACK_MS : SILENCE_MS)) {
		look_later(run);
		return;
	}
	snprintf(text, sizeof(text), "The device has not been heard of for %lld minutes%s.",
		 (long long)(now_ms(run) - run->moved) / 60000,
		 told ? " since it was told to run the new version" : "");
	close_run(run, MP_DDI_FAILURE, text);
}

static bool ask(struct run *run, struct lwm2m_operation *o, const struct mp_lwm2m_path *path,
		void (*handler)(void *user, const struct lwm2m_result *result))
{
	struct registration *r = registration_of(run);
	int code;

	o->paths = path;
	o->n_paths = 1;
	o->asleep = LWM2M_FAIL;
	code = r ? lwm2m_ask(run->server, r, o, handler, run, &run->request, NULL) : -EHOSTDOWN;
	if (code < 0)
		unheard(run);
	return code == 0;
}

static bool is_answered(struct run *run, const struct lwm2m_result *result)
{
	run->request = NULL;
	if (run->is_lost || result->outcome == LWM2M_CANCELED)
		return false;
	if (result->outcome == LWM2M_ANSWERED || result->outcome == LWM2M_UNREADABLE)
		return true;
	unheard(run);
	return false;
}

static void refused(const struct lwm2m_result *result, const char *what, char *text, size_t room)
{
	char code[5];

	mp_coap_code_format(result->code, code);
	snprintf(text, room, "The device refused %s: %s %s%s%s.", what, code,
		 mp_coap_code_name(result->code), *result->diagnostic ? ", " : "",
		 result->diagnostic);
}

/* ---- looking ---- */

static void device_read(void *user, const struct lwm2m_result *result)
{
	struct run *run = user;

	if (!is_answered(run, result))
		return;
	parts_text(result, 0, 3, run->parts.part->facts.running,
		   sizeof(run->parts.part->facts.running));
	interview_heard(run->server, run->device, result);
	step(run);
}

static void look_at_version(struct run *run)
{
	static const struct mp_lwm2m_path device = {.id = {3, 0}, .n = 2};
	struct lwm2m_operation read = LWM2M_OPERATION(LWM2M_READ);

	if (run->carrier->version == CARRIER_NONE)
		(void)ask(run, &read, &device, device_read);
	else
		step(run);
}

/* A log that cannot be read, or does not tell, leaves the result alone. */
static void log_read(void *user, const struct lwm2m_result *result)
{
	struct run *run = user;
	const struct mp_lwm2m_value *v = parts_value(result, 0, LOG_DATA);

	run->request = NULL;
	if (run->is_lost || result->outcome == LWM2M_CANCELED)
		return;
	if (v && v->type == MP_LWM2M_OPAQUE)
		parts_explain(&run->parts, v->opaque.data, v->opaque.len);
	look_at_version(run);
}

/* Where does the device tell why it failed? No object that takes images has a place for that, but the log. */
static bool look_at_log(struct run *run)
{
	static const struct mp_lwm2m_path log = {.id = {20, 0}, .n = 2},
					  data = {.id = {20, 0, LOG_DATA}, .n = 3};
	struct lwm2m_operation read = LWM2M_OPERATION(LWM2M_READ);
	struct registration *r = registration_of(run);

	if (stage_of(run->device) == STAGE_OFFERED || !r || !registration_has(r, &log) ||
	    !parts_have_failed(&run->parts))
		return false;
	(void)ask(run, &read, &data, log_read);
	return true;
}

static void object_read(void *user, const struct lwm2m_result *result)
{
	struct run *run = user;
	const char *missing;
	char text[300];

	if (!is_answered(run, result))
		return;
	if (!lwm2m_result_is_success(result) && !run->carrier->has_instances) {
		refused(result, "to show the object that takes firmware", text, sizeof(text));
		close_run(run, MP_DDI_FAILURE, text);
		return;
	}
	missing = parts_read(&run->parts, result);
	if (missing) {
		snprintf(text, sizeof(text), "The device has no component '%s'.", missing);
		close_run(run, MP_DDI_FAILURE, text);
		return;
	}
	if (!look_at_log(run))
		look_at_version(run);
}

static void look(struct run *run)
{
	struct lwm2m_operation read = LWM2M_OPERATION(LWM2M_READ);
	const struct mp_lwm2m_path path = parts_path(&run->parts);

	run->due = INT64_MAX;
	(void)ask(run, &read, &path, object_read);
}

/* ---- bringing the image ---- */

static int read_image(void *user, uint64_t offset, void *data, size_t room)
{
	struct run *run = user;
	int percent = parts_percent(&run->parts, run->at, offset);
	ssize_t n = pread(run->fd, data, room, (off_t)offset);
	char text[40];

	run->moved = now_ms(run);
	if (percent >= run->percent + 10) {
		run->percent = percent;
		snprintf(text, sizeof(text), "downloading %d %%", percent);
		proceed(run, text);
	}
	return n < 0 ? -errno : (int)n;
}

static void transferred(void *user, const struct lwm2m_result *result)
{
	struct run *run = user;

	if (run->fd >= 0)
		close(run->fd);
	run->fd = -1;
	if (!is_answered(run, result))
		return;
	run->moved = now_ms(run);
	*run->refusal = '\0';
	if (!lwm2m_result_is_success(result))
		refused(result, run->at->firmware.pull ? "the address of the image" : "the image",
			run->refusal, sizeof(run->refusal));
	else if (!run->at->firmware.pull)
		proceed(run, "verifying");
	look(run); /* its result tells more than the code of a refusal */
}

static void push(struct run *run, const struct mp_lwm2m_path *path)
{
	struct lwm2m_operation write = LWM2M_OPERATION(LWM2M_WRITE_REPLACE);

	if (run->fd >= 0) /* of one that could not be sent */
		close(run->fd);
	run->fd = blobs_open(run->server, run->at->firmware.sha256);
	if (run->fd < 0) {
		close_run(run, MP_DDI_FAILURE, "The server does not have the image any more.");
		return;
	}
	run->source = (struct mp_coap_source){
		.size = run->at->firmware.size, .read = read_image, .user = run};
	write.source = &run->source;
	write.format = MP_LWM2M_FORMAT_OPAQUE;
	(void)ask(run, &write, path, transferred);
}

/* Where the device can fetch the image. The agent of an operating system gets the address of its deployment, which
 * lists the files of the release. */
static int image_uri(const struct run *run, const struct registration *r, char *ret, size_t room)
{
	int n;

	if (!run->is_os)
		return lwm2m_firmware_uri(run->server->lwm2m, r, run->at->firmware.sha256, ret,
					  room);
	n = snprintf(ret, room, "%s/DEFAULT/controller/v1/%s/deploymentBase/%lld",
		     run->server->product_url, run->device->name, (long long)run->device->action);
	return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
}

static void give_uri(struct run *run, const struct mp_lwm2m_path *path)
{
	struct lwm2m_operation write = LWM2M_OPERATION(LWM2M_WRITE_REPLACE);
	struct registration *r = registration_of(run);
	char uri[300];
	struct mp_lwm2m_record record = {.path = *path, .has_value = true};

	if (!r || image_uri(run, r, uri, sizeof(uri)) < 0) {
		unheard(run);
		return;
	}
	record.value = mp_lwm2m_string(uri);
	write.records = &record;
	write.n_records = 1;
	(void)ask(run, &write, path, transferred);
}

static void created(void *user, const struct lwm2m_result *result)
{
	struct run *run = user;
	char text[300];

	if (!is_answered(run, result))
		return;
	if (lwm2m_result_is_success(result)) {
		run->at->is_there = true;
		look(run);
		return;
	}
	refused(result, "to make an instance for the software", text, sizeof(text));
	close_run(run, MP_DDI_FAILURE, text);
}

/* Software has to have an instance; most devices make one only when asked. */
static bool has_place(struct run *run)
{
	const struct mp_lwm2m_path object = {.id = {run->carrier->object}, .n = 1};
	const struct mp_lwm2m_path instance = {.id = {run->carrier->object, run->at->instance},
					       .n = 2};
	struct lwm2m_operation create = LWM2M_OPERATION(LWM2M_CREATE);
	struct registration *r = registration_of(run);
	struct mp_lwm2m_record empty = {.path = instance};

	if (!run->carrier->has_instances || run->at->is_there ||
	    (r && registration_has(r, &instance)))
		return true;
	create.records = &empty;
	create.n_records = 1;
	(void)ask(run, &create, &object, created);
	return false;
}

static void transfer(struct run *run, struct part *part)
{
	struct mp_lwm2m_path path = {
		.id = {run->carrier->object, part->instance,
		       part->firmware.pull ? run->carrier->uri : run->carrier->package},
		.n = 3};
	char text[40];

	run->at = part;
	if (!has_place(run))
		return;
	run->percent = parts_percent(&run->parts, part, 0);
	snprintf(text, sizeof(text), "downloading %d %%", run->percent);
	proceed(run, text);
	part->is_anew = part->is_unseen = false;
	if (part->firmware.pull)
		give_uri(run, &path);
	else
		push(run, &path);
}

/* ---- telling it to run the image ---- */

static void told(void *user, const struct lwm2m_result *result)
{
	struct run *run = user;

	run->request = NULL;
	if (run->is_lost || result->outcome == LWM2M_CANCELED)
		return;
	/* A device may reboot before it has answered, and it refuses an order whose first answer was
	 * lost: how it stands tells more than what it says. */
	look_later(run);
	if (result->outcome != LWM2M_ANSWERED)
		return;
	run->at->facts.is_told = lwm2m_result_is_success(result);
	if (run->at->facts.is_told)
		return;
	refused(result, run->ordered, run->refusal, sizeof(run->refusal));
	/* Software that is being installed refuses to be installed, and shows no more than that. */
	if (run->at->facts.phase == PHASE_DELIVERED && run->carrier->activate != CARRIER_NONE)
		wait_ms(run, AGAIN_MS * (INT64_C(1) << run->at->orders));
}

static void order(struct run *run, struct part *part, uint16_t resource, const char *what)
{
	struct lwm2m_operation execute = LWM2M_OPERATION(LWM2M_EXECUTE);
	const struct mp_lwm2m_path path = {.id = {run->carrier->object, part->instance, resource},
					   .n = 3};
	char text[300], others[400];

	run->at = part;
	if (++part->orders > TRIES) {
		snprintf(text, sizeof(text), "The device was told %s again and again, and did not.",
			 what);
		close_run(run, MP_DDI_FAILURE, *run->refusal ? run->refusal : text);
		return;
	}
	run->ordered = what;
	if (resource == run->carrier->uninstall)
		execute.arguments = "1"; /* for an update: what has to be kept for it may stay */
	parts_others(&run->parts, part, others, sizeof(others));
	if (*others)
		execute.arguments = others;
	execute.timeout_ms = 30000;
	(void)ask(run, &execute, &path, told);
}

static void order_to_run(struct run *run, struct part *part, uint16_t resource)
{
	proceed(run, "rebooting");
	order(run, part, resource, "to run the image");
}

/* ---- the next step ---- */

/* The image is there, and no more is wanted. */
static void leave_it_there(struct run *run)
{
	tell(run->server, run->device, MP_DDI_DOWNLOADED, MP_DDI_NONE, 100, "downloaded");
	end(run);
}

/* The image is only to be brought there: what the device runs stays as it is. */
static void step_aside(struct run *run, enum next next)
{
	if (next == NEXT_UNINSTALL)
		close_run(run, MP_DDI_FAILURE,
			  "The device takes no other software before what it has is removed, and "
			  "the rollout asks for the download alone.");
	else
		leave_it_there(run);
}

static void step(struct run *run)
{
	char reason[480] = "";
	struct part *part = parts_next(&run->parts, stage_of(run->device), reason, sizeof(reason));
	enum next next = part->next;

	if (run->device->download_only &&
	    (next == NEXT_UNINSTALL || next == NEXT_UPDATE || next == NEXT_ACTIVATE)) {
		step_aside(run, next);
		return;
	}
	switch (next) {
	case NEXT_WAIT:
		unheard(run); /* it answers, but does not get on */
		break;
	case NEXT_TRANSFER:
		transfer(run, part);
		break;
	case NEXT_AGAIN:
		again(run, part,
		      part == run->at && *run->refusal && part->facts.result == 0 ? run->refusal
										  : reason);
		break;
	case NEXT_UNINSTALL:
		order(run, part, run->carrier->uninstall, "to give way to the new software");
		break;
	case NEXT_UPDATE:
		order_to_run(run, part, run->carrier->update);
		break;
	case NEXT_ACTIVATE:
		order_to_run(run, part, run->carrier->activate);
		break;
	case NEXT_PROVEN:
		close_run(run, MP_DDI_SUCCESS, reason);
		break;
	case NEXT_FAILED:
		close_run(run, MP_DDI_FAILURE, reason);
		break;
	}
}

/* ---- beginning ---- */

/* The agent of an operating system takes the release as one image. */
static int choose_release(struct run *run, const struct release *release)
{
	struct part *part = calloc(1, sizeof(*part));

	if (!part)
		return -ENOMEM;
	run->is_os = true;
	run->parts.part = part;
	run->parts.n = 1;
	part->firmware.pull = true;
	part->firmware.object = MP_RELEASE_FIRMWARE;
	snprintf(part->firmware.version, sizeof(part->firmware.version), "%s", release->version);
	return 0;
}

static int choose_images(struct run *run, const struct release *release)
{
	auto_free struct mp_release_firmware *firmware = NULL;
	const struct device *d = run->device;
	unsigned n;
	int r;

	if (!release_firmware_version(release, d->board))
		return choose_release(run, release);
	r = release_firmware(run->server, release, d->board, &firmware, &n);
	if (r < 0)
		return r;
	run->parts.part = calloc(n, sizeof(*run->parts.part));
	if (!run->parts.part)
		return -ENOMEM;
	run->parts.n = n;
	for (unsigned i = 0; i < n; i++) {
		run->parts.part[i].firmware = firmware[i];
		run->parts.part[i].is_unseen = n > 1;
	}
	return 0;
}

static void begin(struct server *s, struct device *d, const struct release *release)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return;
	run->server = s;
	run->device = d;
	if (choose_images(run, release) < 0) {
		free(run);
		return;
	}
	run->at = run->parts.part;
	run->carrier = run->parts.carrier = carrier_of(run->at->firmware.object);
	run->fd = -1;
	run->moved = s->lwm2m->now_ms;
	add(s->campaigns, run);
	look(run);
}

/* A device that polls over DDI takes its updates there, also when it comes back from a reboot by LwM2M
 * first. Whether it does, we know only some polls after our start. */
static bool is_ours(const struct server *s, const struct device *d, const struct release *release)
{
	int64_t now = server_now(), polls = 3 * (int64_t)s->poll_seconds;
	int64_t silence = d->polled && polls < REBOOT_SECONDS ? REBOOT_SECONDS : polls;

	if (!*d->board || !release_fits(release, d->board))
		return false;
	if (release_firmware_version(release, d->board))
		return true;
	return now - s->metrics->started > polls && now - d->polled > silence;
}

/* Is it this device's turn, or does it have an action that nobody drives since we started? */
static void consider(struct server *s, struct device *d)
{
	const struct registration *where;
	const struct release *release;
	enum offer offer;
	bool wrote;
	int r;

	if (d->campaign || (!d->action && (!d->rollout || member_is_over(d->member))))
		return;
	release = releases_find(s->releases, d->action ? d->target : d->rollout->release);
	if (!release || !is_ours(s, d, release))
		return;
	where = registry_find(s->lwm2m->registry, d->name);
	if (s->campaigns->n >= RUNS_MAX || !where || !registration_is_awake(where))
		return; /* one that sleeps gets its turn when it wakes */
	r = actions_poll(s, d, &offer, &wrote);
	if (r == 0 && offer == OFFER_CANCEL)
		r = actions_cancel_feedback(
			s, d, &(struct mp_ddi_report){.execution = MP_DDI_CLOSED, .percent = -1});
	if (r == 0 && (offer == OFFER_NEW || offer == OFFER_ACTION)) {
		r = actions_fetched(s, d);
		if (r == 0)
			begin(s, d, release);
	}
	if (r < 0)
		server_write_failed(s);
}

/* Its rollout was aborted, or another took the device over. */
static bool is_called_off(const struct run *run)
{
	return !run->device->action || run->device->action_state != ACTION_OPEN;
}

void campaigns_tick(struct server *s)
{
	struct campaigns *c = s->campaigns;
	struct device *d;

	for (struct run *run = c->runs, *next; run; run = next) {
		next = run->next;
		if (is_called_off(run))
			end(run);
		else if (!run->request && run->due <= s->lwm2m->now_ms)
			look(run);
	}
	for (size_t i = 0; i < SCAN && rollouts_count(s->rollouts); i++) {
		d = devices_at(s->devices, c->cursor++);
		if (!d) {
			c->cursor = 0;
			break;
		}
		consider(s, d);
	}
}

/* ---- hearing ---- */

/* Also when nobody drives its action yet, since we have just started. */
static void came_back(struct server *s, struct device *d, struct run *run)
{
	if (run) {
		run->at->facts.is_told = false; /* whatever it was doing, it does no more */
		run->moved = now_ms(run);
	}
	if (d->action && d->action_state == ACTION_OPEN && stage_of(d) == STAGE_TOLD)
		tell(s, d, MP_DDI_PROCEEDING, MP_DDI_NONE, -1, "proving");
}

static void hear(void *user, const struct lwm2m_event *e)
{
	struct server *s = user;
	struct device *d;
	struct run *run;

	/* Updates are many, and nothing waits for them while nothing is rolled out. */
	if (e->kind == LWM2M_UPDATED && !s->campaigns->n && !rollouts_count(s->rollouts))
		return;
	d = devices_find(s->devices, e->endpoint);
	run = d ? d->campaign : NULL;
	if (d && e->kind == LWM2M_REGISTERED) {
		interview_wanted(s, d);
		came_back(s, d, run);
	}
	if (!run) {
		if (d)
			consider(s, d);
		return;
	}
	if (!run->request) /* with the next tick: the device's answer comes first */
		run->due = s->lwm2m->now_ms;
}

/* ---- coming and going ---- */

int campaigns_new(struct server *s, struct campaigns **ret)
{
	struct campaigns *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->listener = (struct lwm2m_listener){
		.hear = hear,
		.user = s,
		.kinds = LWM2M_REGISTERED | LWM2M_UPDATED | LWM2M_AWAKE,
	};
	lwm2m_listen(s->lwm2m, &c->listener);
	*ret = c;
	return 0;
}

void campaigns_reset(struct campaigns *c)
{
	while (c && c->runs)
		end(c->runs);
}

void campaigns_forget(const struct device *d)
{
	if (d->campaign)
		end(d->campaign);
}

void campaigns_free(struct campaigns *c)
{
	campaigns_reset(c);
	free(c);
}
