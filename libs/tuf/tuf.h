/* tuf.h - TUF client: nothing is believed that this has not verified
 *
 * The client workflow of The Update Framework 1.0 (specification section 5), for any repository:
 * consistent snapshots on and off, delegations, thresholds, root rotation.
 *
 *     r = mp_tuf_open(&store, &c, &err);                     // reads what is trusted already
 *     r = mp_tuf_refresh(c, &fetcher, now, &err);            // root, timestamp, snapshot, targets
 *     r = mp_tuf_find(c, &fetcher, "1.1.0.manifest.json", &target, &err);
 *     r = mp_tuf_download(c, &fetcher, &target, &sink, &err);
 *
 * Time: `now` is the caller's clock; the client uses the later of it and the persisted time floor
 * ("time-floor" in the store), which only verified metadata raises: a member "x-mp-time" in the
 * signed part (docs/spec/tuf.md), which repositories of others do not have.
 * Memory: a few times the size of the files; limits: root 512 KiB, timestamp 16 KiB, snapshot
 * 2 MiB, targets 5 MiB, 256 roots a refresh, 32 delegated roles a search.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

/* Where trusted metadata lives, by unversioned name ("root.json", "timestamp.json", a delegated
 * role's "NAME.json" with NAME percent-encoded, "time-floor"): always one safe file name. save()
 * is atomic and durable before it returns. What lies here is verified again at each use. */
struct mp_tuf_store {
	int (*load)(void *user, const char *name,
		    struct mp_buf *out); /* -ENOENT: not there; -EFBIG */
	int (*save)(void *user, const char *name, const void *data, size_t len);
	int (*remove)(void *user, const char *name);
	void *user;
};

/* How files are had. `metadata` fetches "3.root.json", "timestamp.json", "7.snapshot.json" ...
 * (a delegated role's name in it is percent-encoded already); `target` fetches a target by its
 * path below the target base ("HASH.name" when consistent). Both hand bytes to `sink`, stop with
 * -EFBIG past `most` or with what the sink said, and return -ENOENT when the repository has no such
 * file. They own the time limits: a source that trickles must end in -ETIMEDOUT. */
typedef int (*mp_tuf_sink)(void *user, const void *data, size_t len);
struct mp_tuf_fetcher {
	int (*metadata)(void *user, const char *name, uint64_t most, mp_tuf_sink sink,
			void *sink_user, struct mp_err *err);
	int (*target)(void *user, const char *path, uint64_t most, mp_tuf_sink sink,
		      void *sink_user, struct mp_err *err);
	void *user;
};

struct mp_tuf_client;
/* Trust this root.json (checked against itself, expired or not) and write it to the store, in place
 * of one that is there. Makes no request. */
int mp_tuf_init(const struct mp_tuf_store *store, const void *root, size_t len, struct mp_err *err);
/* -ENOENT when the store has no root yet. `store` is copied, its `user` must outlive the client. */
int mp_tuf_open(const struct mp_tuf_store *store, struct mp_tuf_client **ret, struct mp_err *err);
void mp_tuf_client_free(struct mp_tuf_client *c);
DEFINE_AUTO(mp_tuf_client)

/* Bring all top-level roles up to date. Each file is stored as soon as it is trusted, exactly as
 * received, so a refresh that fails half-way keeps what it had verified. May be called again and
 * again. `now`: seconds since 1970; 0 or a dead clock's time is fine. Errors, each with a sentence naming role, found and
 * expected: -EKEYREJECTED (signatures below threshold), -ESTALE (expired), -EPROTO (rollback,
 * mix-and-match, wrong type, ...), -EFBIG (endless data), -EBADMSG (malformed), or the fetcher's. */
int mp_tuf_refresh(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, int64_t now,
		   struct mp_err *err);

struct mp_tuf_target {
	char path[512]; /* as in the targets role */
	char file[656]; /* what to ask the fetcher for: with the hash prefix when consistent */
	uint64_t length; /* bytes */
	char sha256[65], sha512[129]; /* hex; "" when the metadata does not give it (never both) */
	const struct mp_json *custom; /* borrowed from the client until its next call; NULL: none */
};
/* Look a target up, following delegations (their files are fetched as needed). Needs a refresh
 * that went through, -ESTALE otherwise. -ENOENT when no trusted role lists it. */
int mp_tuf_find(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, const char *path,
		struct mp_tuf_target *ret, struct mp_err *err);

/* Fetch and check length and hashes while the bytes pass to `sink`; what the sink got counts only
 * when this returns 0. -EFBIG (longer than signed), -EPROTO (shorter, or another hash), the sink's
 * or the fetcher's error. */
int mp_tuf_download(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f,
		    const struct mp_tuf_target *t, mp_tuf_sink sink, void *sink_user,
		    struct mp_err *err);

/* Version of a trusted top-level role ("root", "timestamp" ...). 0 when there is none, as for all
 * but the root before the first refresh. */
int64_t mp_tuf_version(const struct mp_tuf_client *c, const char *role);
int64_t mp_tuf_time_floor(const struct mp_tuf_client *c); /* seconds since 1970; 0: no evidence */

/* Append `text` with all but [A-Za-z0-9_.~-] percent-encoded: one safe file name, and how clients
 * of TUF repositories write role names in URLs and target names in folders. */
int mp_tuf_quote(const char *text, struct mp_buf *out);
