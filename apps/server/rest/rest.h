/* SPDX-License-Identifier: Apache-2.0
 * rest.h - our own API under /api/v1, and the few addresses beside it (docs/api/openapi.yaml)
 *
 * Lists are {"items": [...], "total": n} with ?offset and ?limit; errors {"error": "sentence"}.
 */
#pragma once

#include <stdint.h>

#include "call.h"
#include "server.h"

extern const struct route rest_routes[];
/* Is it one of ours, so that nothing of the page can be there? */
bool rest_is_path(const struct mp_path *p);

void rest_get_status(struct call *c);
void rest_get_metrics(struct call *c);
void rest_get_events(struct call *c);
void rest_enroll_begin(struct call *c);
void rest_post_enroll(struct call *c);

void rest_head_blob(struct call *c);
void rest_put_blob_begin(struct call *c);
void rest_put_blob(struct call *c);
void rest_post_root(struct call *c);
void rest_post_targets(struct call *c);
void rest_post_rotation(struct call *c);
void rest_get_tuf(struct call *c);

void rest_post_release(struct call *c);
void rest_get_releases(struct call *c);
void rest_get_release(struct call *c);
void rest_get_channels(struct call *c);
void rest_put_channel(struct call *c);
void rest_delete_channel(struct call *c);

void rest_get_rollouts(struct call *c);
void rest_get_rollout(struct call *c);
void rest_post_rollout(struct call *c);
void rest_pause_rollout(struct call *c);
void rest_resume_rollout(struct call *c);
void rest_abort_rollout(struct call *c);

void rest_get_devices(struct call *c);
void rest_get_device(struct call *c);
void rest_post_device(struct call *c);
void rest_delete_device(struct call *c);
void rest_get_why(struct call *c);
void rest_get_history(struct call *c);
void rest_confirm_device(struct call *c);
void rest_deny_device(struct call *c);

void rest_get_tokens(struct call *c);
void rest_post_token(struct call *c);
void rest_delete_token(struct call *c);
void rest_post_enroll_token(struct call *c);

void rest_list_credentials(struct call *c);
void rest_post_credentials(struct call *c);
void rest_get_credentials(struct call *c);
void rest_put_credentials(struct call *c);
void rest_delete_credentials(struct call *c);

void rest_get_registrations(struct call *c);
void rest_get_registration(struct call *c);
void rest_lwm2m_read(struct call *c);
void rest_lwm2m_write(struct call *c);
void rest_lwm2m_update(struct call *c);
void rest_lwm2m_post(struct call *c);
void rest_lwm2m_delete(struct call *c);
void rest_lwm2m_discover(struct call *c);
void rest_lwm2m_attributes(struct call *c);
void rest_lwm2m_observe(struct call *c);
void rest_lwm2m_unobserve(struct call *c);
void rest_lwm2m_read_composite(struct call *c);
void rest_lwm2m_write_composite(struct call *c);
void rest_lwm2m_observe_composite(struct call *c);
void rest_lwm2m_unobserve_composite(struct call *c);
void rest_get_telemetry(struct call *c);
void rest_get_queue(struct call *c);
void rest_delete_queue(struct call *c);
void rest_get_queued(struct call *c);
void rest_delete_queued(struct call *c);

void rest_get_bootstrap(struct call *c);
void rest_start_bootstrap(struct call *c);
void rest_put_bootstrap(struct call *c);
void rest_delete_bootstrap(struct call *c);
void rest_get_bootstrap_sessions(struct call *c);

/* ?offset and ?limit (100, at most 500). False: answered 400. */
struct rest_window {
	uint64_t offset, limit;
};
bool rest_window(struct call *c, struct rest_window *ret);
/* Takes `items`. */
void rest_reply_list(struct call *c, struct mp_json *items, uint64_t total);
