/* SPDX-License-Identifier: Apache-2.0
 * handlers.h - what the files of this folder share */
#pragma once

#include <stdint.h>

#include "call.h"
#include "ddi/routes.h"
#include "devices.h"
#include "server.h"

struct release;

void ddi_get_base(struct call *c);
void ddi_get_deployment(struct call *c);
void ddi_get_installed(struct call *c);
void ddi_put_installed(struct call *c);
void ddi_post_feedback(struct call *c);
void ddi_get_cancel(struct call *c);
void ddi_post_cancel_feedback(struct call *c);
void ddi_put_config(struct call *c);
void ddi_get_artifacts(struct call *c);
void ddi_get_artifact(struct call *c);
void ddi_get_confirmation(struct call *c);
void ddi_get_confirmation_action(struct call *c);
void ddi_post_confirmation_feedback(struct call *c);
void ddi_post_auto_confirm(struct call *c);
void ddi_post_no_auto_confirm(struct call *c);

/* "https://host:port/DEFAULT/controller/v1/ID", from what the request says of itself. False:
 * answered 400, since the Host header is no host. */
bool ddi_base(struct call *c, char *ret, size_t room);

/* hawkBit's errors. */
void ddi_error(struct call *c, int status, const char *code, const char *class_name,
	       const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void ddi_not_readable(struct call *c);
/* Is a body that is no JSON announced? Then it has been answered with 415. */
bool ddi_is_not_json(struct call *c);

/* The action that `text` names, if it is the device's. False: answered 400 or 404. */
struct ddi_action {
	int64_t id;
	enum action_state state;
	bool download_only;
	char release[32];
};
bool ddi_find_action(struct call *c, const char *text, struct ddi_action *ret);

/* "CONTENT": what the action wants, in the words of deploymentBase: under that name the deployment or
 * what is to be confirmed is told. */
void ddi_reply_action(struct call *c, const struct ddi_action *action, const char *name);
/* Where the device finds the action ("deploymentBase", "confirmationBase"). It changes with the kind
 * of the action, so that the device reads it anew. */
int ddi_action_href(const struct device *d, const char *base, const char *place,
		    struct mp_buf *out);
int ddi_put_link(struct mp_json *links, const char *name, const char *href);
/* The rest of an exchange that wrote: its failure, or 200 and nothing more. */
void ddi_finish(struct call *c, int r);

/* [{"filename", "hashes", "size", "_links"}] */
int ddi_artifacts_json(struct call *c, const struct release *r, struct mp_json **ret);
/* JSON with an entity tag, in the type that the client asks for. */
void ddi_reply(struct call *c, struct mp_json *j);
const char *ddi_content_type(struct call *c);
