/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - object 5: the supervisor's update, as LwM2M tells it
 *
 * A package is a deployment: hawkBit's deploymentBase document, pushed, or the https address of
 * one. What becomes of it the supervisor knows, and says with each change; nothing is kept here.
 * Updates that came by another channel show in the same way, and cannot be replaced from here.
 *
 *     downloading, verifying -> Downloading    downloaded -> Downloaded
 *     installed, rebooting, proving -> Updating    all others -> Idle, with the last result
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "worker.h"

#define PACKAGE "package"
#define PACKAGE_MOST (64u << 10)
#define PROTOCOL_HTTPS (1u << 3)

static struct mp_buf pushed = {.limit = PACKAGE_MOST};

static uint8_t state_of(const char *state)
{
	static const struct {
		const char *name;
		enum mp_lwm2m_update_state state;
	} states[] = {{"downloading", MP_LWM2M_UPDATE_DOWNLOADING},
		      {"verifying", MP_LWM2M_UPDATE_DOWNLOADING},
		      {"downloaded", MP_LWM2M_UPDATE_DOWNLOADED},
		      {"installed", MP_LWM2M_UPDATE_UPDATING},
		      {"rebooting", MP_LWM2M_UPDATE_UPDATING},
		      {"proving", MP_LWM2M_UPDATE_UPDATING}};

	for (unsigned i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (mp_streq(state, states[i].name))
			return (uint8_t)states[i].state;
	return MP_LWM2M_UPDATE_IDLE;
}

/* A result that the object found by itself (an address that is none, cancelled) stays until the
 * supervisor has news. Idle without news, when we had begun: it has refused. */
void update_show(struct worker *w, unsigned result)
{
	struct mp_lwm2m_firmware *f = &w->firmware;
	uint8_t state = state_of(w->update.state), before = f->state;
	bool is_news = state != w->update.shown_state || result != w->update.shown_result;

	w->update.shown_state = state;
	w->update.shown_result = (uint8_t)result;
	if (state == MP_LWM2M_UPDATE_IDLE && before == state && (!is_news || !result))
		return;
	if (state == MP_LWM2M_UPDATE_IDLE && !is_news) {
		result = MP_LWM2M_RESULT_FAILED;
		log_update(w, "failed", "", "another update is under way, or it is too early");
	}
	if (state == before && result == f->result)
		return;
	f->state = state;
	f->result = (uint8_t)result;
	if (!w->client)
		return;
	mp_lwm2m_client_changed(w->client, &mp_lwm2m_path(5, 0, 5));
	if (state != before)
		mp_lwm2m_client_changed(w->client, &mp_lwm2m_path(5, 0, 3));
}

/* ---- the provider ---- */

static int write_package(void *user, uint64_t offset, const void *data, size_t len)
{
	int r;

	(void)user;
	if (offset == 0)
		pushed.len = 0;
	r = mp_buf_add(&pushed, data, len);
	return r == -EFBIG ? -ENOTSUP : r; /* no deployment is so long */
}

static int end_package(void *user)
{
	struct worker *w = user;
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s" STATE_DIR "/lwm2m/package.json", w->config.root);
	r = mp_file_write(path, pushed.data, pushed.len, 0600, NULL);
	mp_buf_done(&pushed);
	pushed.limit = PACKAGE_MOST;
	if (r < 0)
		return r;
	supervisor_say(w, &(struct mp_msg){.type = MP_MSG_UPDATE, .text = {PACKAGE}});
	return -EINPROGRESS;
}

static int pull(void *user, const char *uri)
{
	supervisor_say(user, &(struct mp_msg){.type = MP_MSG_UPDATE, .text = {uri}});
	return 0;
}

static void drop(void *user)
{
	supervisor_say(user, &(struct mp_msg){.type = MP_MSG_DROP});
}

static int commit(void *user)
{
	supervisor_say(user, &(struct mp_msg){.type = MP_MSG_COMMIT});
	return 0;
}

/* What the object ends by itself, before the supervisor has heard of it. */
static void note(void *user, uint8_t state, uint8_t result, const char *uri)
{
	(void)uri;
	if (state == MP_LWM2M_UPDATE_IDLE && result > MP_LWM2M_RESULT_SUCCESS)
		log_update(user, "failed", "", mp_lwm2m_update_result_text(result));
}

static const char *package_name(void *user)
{
	struct worker *w = user;

	return w->config.product;
}

static const char *package_version(void *user)
{
	struct worker *w = user;

	return w->update.version;
}

const struct mp_lwm2m_firmware_provider update_provider = {
	.delivery = 2,
	.protocols = PROTOCOL_HTTPS,
	.write = write_package,
	.end = end_package,
	.pull = pull,
	.drop = drop,
	.update = commit,
	.save = note,
	.name = package_name,
	.version = package_version,
};

/* ---- the class: the library's, but for updates of other channels ---- */

static bool is_anothers(void *user)
{
	const struct mp_lwm2m_firmware *f = user;
	const struct worker *w = f->user;

	return w->update.shown_state != MP_LWM2M_UPDATE_IDLE &&
	       !mp_str_starts_with(w->update.action, "lwm2m/");
}

static int check(void *user, const struct mp_lwm2m_path *path, const struct mp_lwm2m_value *value)
{
	(void)path;
	(void)value;
	return is_anothers(user) ? -EBUSY : 0;
}

static int sink(void *user, uint16_t instance, uint16_t resource, struct mp_coap_sink *ret)
{
	return is_anothers(user) ? -EBUSY
				 : mp_lwm2m_firmware_class.sink(user, instance, resource, ret);
}

static int execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
		   size_t len)
{
	return is_anothers(user)
		       ? -EBUSY
		       : mp_lwm2m_firmware_class.execute(user, instance, resource, arguments, len);
}

const struct mp_lwm2m_class *update_class(void)
{
	static struct mp_lwm2m_class class;

	class = mp_lwm2m_firmware_class;
	class.check = check;
	class.sink = sink;
	class.execute = execute;
	return &class;
}
