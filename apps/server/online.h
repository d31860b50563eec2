/* SPDX-License-Identifier: Apache-2.0
 * online.h - the two TUF roles whose keys the server holds: snapshot and timestamp
 *
 * Roots and targets come signed from the product team and are only checked. Whenever the targets
 * change, a new snapshot and a new timestamp are signed; both are signed again well before they
 * expire: the timestamp lives a day and is renewed after 6 hours, the snapshot lives 7 days and
 * is renewed after 3, and with every timestamp that follows it. A device that reads them just
 * before the server goes down has at least 18 hours to finish.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct server;
struct mp_buf;

/* Roots and targets from PRODUCT/tuf, keys from PRODUCT/keys. */
struct online;
int online_new(struct server *s, struct online **ret, struct mp_err *err);
void online_free(struct online *o);
/* Take in newer roots of the product folder, with its targets when the roots do not vouch for ours,
 * and sign what is due. Writes. */
int online_start(struct server *s, struct mp_err *err);
/* Sign again what expires soon, unless the clock may not (clock.h), which is logged; once a minute.
 * Writes. */
int online_tick(struct server *s, struct mp_err *err);
/* Forget versions that a commit did not make durable. */
int online_reload(struct server *s, struct mp_err *err);

/* New keys: roots, targets, or both at once, so that no device ever sees a root with targets that
 * it does not vouch for. Each root is the next in number, signed by the keys of the one before and
 * by its own, and the last one names the server's own keys. The targets are signed by keys that the
 * last root names, have a version above the current one, and list every file of every published
 * release as it is. All or nothing. -EKEYREJECTED, -EBADMSG, -EPROTO (a wrong version, or targets
 * are needed). */
struct rotation {
	const char *const *roots; /* texts of N.root.json, in order */
	size_t n_roots;
	const char *targets; /* text of N.targets.json; NULL: they stay */
};
int online_rotate(struct server *s, const struct rotation *rotation, struct mp_err *err);
/* Check a targets file: signature, and a version above the current one. */
struct mp_json;
int online_check_targets(struct server *s, const char *file, size_t len, struct mp_json **ret,
			 struct mp_err *err);
/* It is what devices get from now on. */
int online_set_targets(struct server *s, const char *file, size_t len, int64_t version,
		       struct mp_err *err);

/* A metadata file by name ("timestamp.json", "2.root.json"): the digest of its bytes. -ENOENT. */
int online_find(struct server *s, const char *name, char ret_sha256[65]);

int64_t online_targets_version(const struct online *o);
int64_t online_snapshot_version(const struct online *o);
