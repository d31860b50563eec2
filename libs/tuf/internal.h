/* internal.h - what the files of libs/tuf share: parsed metadata, and who may sign it
 *
 * A metadata file goes bytes -> mp_tuf_file_parse (well-formed) -> mp_tuf_verify (signed by enough
 * of the right keys) -> the checks of the workflow in client.c. Nothing is trusted before the end.
 */
#pragma once

#include "tuf/tuf.h"

enum mp_tuf_type { MP_TUF_ROOT, MP_TUF_TIMESTAMP, MP_TUF_SNAPSHOT, MP_TUF_TARGETS };
#define MP_TUF_TYPES 4

/* Most bytes of a file, when the metadata above it does not say less. */
#define MP_TUF_ROOT_MAX (512u << 10)
#define MP_TUF_TIMESTAMP_MAX (16u << 10)
#define MP_TUF_SNAPSHOT_MAX (2u << 20)
#define MP_TUF_TARGETS_MAX (5u << 20)
#define MP_TUF_ROOT_UPDATES 256 /* most roots of one refresh */
#define MP_TUF_DELEGATIONS 32 /* most delegated roles of one search */
#define MP_TUF_NAME_MAX 200 /* bytes of a delegated role's name */

struct mp_tuf_file {
	struct mp_json *doc; /* the whole file */
	const struct mp_json *body; /* its "signed", borrowed from doc */
	int64_t version, expires;
	int64_t signed_at; /* "x-mp-time"; 0 when it has none */
};

/* "root", "timestamp", "snapshot", "targets" */
const char *mp_tuf_type_name(enum mp_tuf_type type);
/* Most bytes that a file of this type may have. */
size_t mp_tuf_type_max(enum mp_tuf_type type);

/* Parse and check the form of everything that later code reads. `name` is the role's, for the
 * sentence. -EBADMSG (malformed), -EPROTO (another type or specification version), -ENOMEM. */
int mp_tuf_file_parse(enum mp_tuf_type type, const char *name, const void *data, size_t len,
		      struct mp_tuf_file **ret, struct mp_err *err);
void mp_tuf_file_free(struct mp_tuf_file *f);
DEFINE_AUTO(mp_tuf_file)

/* ---- check.c: the form of each role's own part, after the common one ---- */
int mp_tuf_check_body(enum mp_tuf_type type, const struct mp_json *body, struct mp_err *err);
/* A list of strings, or of objects with the string `member`: none twice. -EBADMSG, -ENOMEM. */
int mp_tuf_check_unique(const struct mp_json *list, const char *member, struct mp_err *err);

/* ---- verify.c ---- */
struct mp_tuf_signers { /* borrowed from the file that delegates */
	const struct mp_json *keys, *keyids;
	int64_t threshold;
};
/* -ENOENT: `by` does not delegate to this role. */
int mp_tuf_signers_get(const struct mp_tuf_file *by, const char *role, struct mp_tuf_signers *ret);
/* Each key counts once, however often it is listed or has signed. 0, -EKEYREJECTED, -ENOMEM. */
int mp_tuf_verify(const struct mp_tuf_file *f, const char *role, const struct mp_tuf_signers *by,
		  struct mp_err *err);
/* Does `next` no longer accept a key that `old` accepted for this top-level role? */
bool mp_tuf_is_rotated(const struct mp_tuf_file *old, const struct mp_tuf_file *next,
		       const char *role);

/* ---- meta.c: what snapshot and timestamp say about other files; digests ---- */
struct mp_tuf_meta {
	int64_t version, length; /* length -1: not said */
	const struct mp_json *hashes; /* NULL: not said */
};
/* `file`: "snapshot.json", "targets.json" ... -ENOENT when `by` does not list it. */
int mp_tuf_meta_get(const struct mp_tuf_file *by, const char *file, struct mp_tuf_meta *ret);
/* Bytes to allow: as many as `m` says, but never more than our own limit. */
size_t mp_tuf_meta_most(const struct mp_tuf_meta *m, enum mp_tuf_type type);
/* Length and hashes, as far as given. -EPROTO with a sentence. */
int mp_tuf_meta_check(const struct mp_tuf_meta *m, const char *name, const void *data, size_t len,
		      struct mp_err *err);
/* Nothing that `old` lists is missing from `next` or has a lower version there. */
int mp_tuf_snapshot_follows(const struct mp_tuf_file *old, const struct mp_tuf_file *next,
			    struct mp_err *err);

/* ---- delegation.c ---- */
struct mp_tuf_child {
	struct mp_tuf_child *next;
	int parent; /* the caller's */
	bool terminating;
	char name[];
};
/* The roles that `by` trusts with this target path, in order, up to the first terminating one.
 * The caller frees them. 0 or -ENOMEM. */
int mp_tuf_children(const struct mp_tuf_file *by, const char *path, struct mp_tuf_child **ret);
void mp_tuf_children_free(struct mp_tuf_child *list);
/* The name of the hash bin of `path`, at most MP_TUF_NAME_MAX + 10 bytes. 0 or -ENOMEM. */
#define MP_TUF_BIN_NAME (MP_TUF_NAME_MAX + 10)
int mp_tuf_bin_name(const struct mp_json *succinct, const char *path, char ret[MP_TUF_BIN_NAME]);
/* Is `name` one of the bins? */
bool mp_tuf_is_bin(const struct mp_json *succinct, const char *name);

/* glob.c: shell pattern (*, ?, [a-z], [!a-z]) against a path; no wildcard matches a '/'. */
bool mp_tuf_glob(const char *pattern, const char *path);

/* ---- time.c ---- */
/* "2030-01-31T23:59:59Z" and nothing else. 0 or -EBADMSG. */
int mp_tuf_time_parse(const char *text, int64_t *ret);
/* Years 1 to 9999, which is all that parse gives. */
void mp_tuf_time_format(int64_t t, char text[21]);

/* ---- floor.c ---- */
struct mp_tuf_floor {
	int64_t by[MP_TUF_TYPES]; /* seconds since 1970, by the role that gave evidence; 0: none */
};
int64_t mp_tuf_floor_get(const struct mp_tuf_floor *f);
/* A missing or malformed file is a floor of 0; -ENOMEM or what the store says otherwise. */
int mp_tuf_floor_load(struct mp_tuf_floor *f, const struct mp_tuf_store *store);
int mp_tuf_floor_save(const struct mp_tuf_floor *f, const struct mp_tuf_store *store,
		      struct mp_err *err);

/* ---- client.c ---- */
struct mp_tuf_role { /* a delegated role of the last search */
	char name[MP_TUF_BIN_NAME];
	struct mp_tuf_file *file;
};

struct mp_tuf_client {
	struct mp_tuf_store store;
	struct mp_tuf_file *root, *timestamp, *snapshot, *targets;
	struct mp_tuf_floor floor;
	int64_t clock; /* the caller's, fixed at the start of a refresh */
	bool fresh; /* the last refresh went through */
	unsigned n_roles;
	struct mp_tuf_role roles[MP_TUF_DELEGATIONS];
};

/* The delegated roles of the last search go. */
void mp_tuf_forget_roles(struct mp_tuf_client *c);

/* -ESTALE with a sentence when `f` has expired by the clock or by the time floor. */
int mp_tuf_check_expiry(const struct mp_tuf_client *c, const struct mp_tuf_file *f,
			const char *name, struct mp_err *err);

/* What `f` says about the time is believed from here on, in memory and in the store. */
int mp_tuf_raise_floor(struct mp_tuf_client *c, enum mp_tuf_type type, const struct mp_tuf_file *f,
		       struct mp_err *err);

/* ---- root.c: the chain of roots, one version at a time ---- */
int mp_tuf_update_root(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, struct mp_err *err);

/* ---- online.c: timestamp and snapshot ---- */
int mp_tuf_update_timestamp(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f,
			    struct mp_err *err);
int mp_tuf_update_snapshot(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f,
			   struct mp_err *err);

/* ---- role.c: the targets role or one that it delegates to, from the store or else from the
 * repository, verified against `by` ---- */
int mp_tuf_load_targets(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, const char *role,
			const struct mp_tuf_file *by, struct mp_tuf_file **ret, struct mp_err *err);

/* ---- io.c: bytes from the repository and from the store, by role ---- */
/* `version` 0: a name without version. */
int mp_tuf_fetch(const struct mp_tuf_fetcher *f, const char *role, int64_t version, size_t most,
		 struct mp_buf *out, struct mp_err *err);
int mp_tuf_save(const struct mp_tuf_store *s, const char *role, const struct mp_buf *data,
		struct mp_err *err);
int mp_tuf_remove(const struct mp_tuf_store *s, const char *role, struct mp_err *err);
/* Load, parse and verify what the store has. 1: here it is; 0: nothing there that is still good
 * (it will be fetched anew); -ENOMEM or the store's error. */
int mp_tuf_load(const struct mp_tuf_store *s, enum mp_tuf_type type, const char *role,
		const struct mp_tuf_file *by, struct mp_buf *data, struct mp_tuf_file **ret,
		struct mp_err *err);
/* Parse what was fetched and verify it against `by`. */
int mp_tuf_read(enum mp_tuf_type type, const char *role, const struct mp_tuf_file *by,
		const struct mp_buf *data, struct mp_tuf_file **ret, struct mp_err *err);
