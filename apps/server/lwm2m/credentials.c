/* SPDX-License-Identifier: Apache-2.0
 * A dense array of entries, each one block of memory with its texts behind it, and two hash tables
 * of 4-byte numbers over it: by endpoint, and by what is shown in a handshake (PSK identity, raw
 * public key). A PSK of 16 bytes whose identity is its endpoint costs about 100 bytes all in. */
#include "lwm2m/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "devices.h"
#include "server.h"

#define SEAL_FILE "credentials.key"

struct entry {
	uint8_t kind, endpoint_len, identity_len, key_len; /* identity_len 0: as the endpoint */
	bool has_sha256; /* then it lies where a key would */
	uint8_t data[]; /* endpoint, NUL, identity, key */
};

struct table { /* open addressing, linear probing; 0: free, else index + 1 */
	uint32_t *slots;
	size_t n; /* a power of two */
};

struct credentials {
	struct mp_seal *seal;
	struct entry **all;
	size_t n, room;
	struct table by_endpoint, by_shown;
};

static const char *const kind_names[] = {[CREDENTIAL_NONE] = "none",
					 [CREDENTIAL_PSK] = "psk",
					 [CREDENTIAL_RPK] = "rpk",
					 [CREDENTIAL_X509] = "x509"};

const char *credential_kind_name(enum credential_kind k)
{
	return kind_names[k];
}

/* ---- entries ---- */

static const char *endpoint_of(const struct entry *e)
{
	return (const char *)e->data;
}

static const uint8_t *identity_of(const struct entry *e, size_t *ret_len)
{
	*ret_len = e->identity_len ? e->identity_len : e->endpoint_len;
	return e->identity_len ? e->data + e->endpoint_len + 1 : e->data;
}

static const uint8_t *key_of(const struct entry *e)
{
	return e->data + e->endpoint_len + 1 + e->identity_len;
}

static struct entry *entry_new(const struct credential_info *info, const void *key, size_t key_len)
{
	size_t endpoint_len = strlen(info->endpoint), identity_len = info->identity_len;
	struct entry *e;

	if (identity_len == endpoint_len &&
	    memcmp(info->identity, info->endpoint, endpoint_len) == 0)
		identity_len = 0;
	e = malloc(sizeof(*e) + endpoint_len + 1 + identity_len + key_len);
	if (!e)
		return NULL;
	e->kind = (uint8_t)info->kind;
	e->endpoint_len = (uint8_t)endpoint_len;
	e->identity_len = (uint8_t)identity_len;
	e->key_len = (uint8_t)key_len;
	e->has_sha256 = info->sha256 != NULL;
	memcpy(e->data, info->endpoint, endpoint_len + 1);
	if (identity_len)
		memcpy(e->data + endpoint_len + 1, info->identity, identity_len);
	if (key_len)
		memcpy(e->data + endpoint_len + 1 + identity_len, key, key_len);
	return e;
}

static void entry_free(struct entry *e)
{
	if (!e)
		return;
	explicit_bzero(e->data + e->endpoint_len + 1 + e->identity_len, e->key_len);
	free(e);
}

/* ---- the tables ---- */

struct shown { /* what a table is searched for */
	enum credential_kind kind; /* NONE: an endpoint */
	const void *data;
	size_t len;
};

static struct shown name_of(const struct entry *e)
{
	return (struct shown){CREDENTIAL_NONE, e->data, e->endpoint_len};
}

/* False: nothing that a handshake asks for. */
static bool shown_of(const struct entry *e, struct shown *ret)
{
	*ret = (struct shown){.kind = (enum credential_kind)e->kind};
	if (e->kind == CREDENTIAL_PSK) {
		ret->data = identity_of(e, &ret->len);
		return true;
	}
	ret->data = key_of(e);
	ret->len = 32;
	return e->kind == CREDENTIAL_RPK;
}

static bool is_shown(const struct entry *e, const struct shown *what)
{
	struct shown mine = name_of(e);

	if (what->kind != CREDENTIAL_NONE && !shown_of(e, &mine))
		return false;
	return mine.kind == what->kind && mine.len == what->len &&
	       memcmp(mine.data, what->data, mine.len) == 0;
}

static size_t hash_of(const struct shown *what)
{
	uint64_t h = 14695981039346656037u ^ what->kind; /* FNV-1a */
	const uint8_t *p = what->data;

	for (size_t i = 0; i < what->len; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

/* The slot that has it, or the free one where it would go. */
static size_t slot_of(const struct credentials *c, const struct table *t, const struct shown *what)
{
	size_t at = hash_of(what) & (t->n - 1);

	while (t->slots[at] && !is_shown(c->all[t->slots[at] - 1], what))
		at = (at + 1) & (t->n - 1);
	return at;
}

static struct entry *find(const struct credentials *c, const struct table *t,
			  const struct shown *what)
{
	uint32_t i = t->n ? t->slots[slot_of(c, t, what)] : 0;

	return i ? c->all[i - 1] : NULL;
}

static struct entry *find_endpoint(const struct credentials *c, const char *endpoint)
{
	return find(c, &c->by_endpoint,
		    &(struct shown){CREDENTIAL_NONE, endpoint, strlen(endpoint)});
}

static void point(struct credentials *c, size_t i, uint32_t value)
{
	struct shown name = name_of(c->all[i]), shown;

	c->by_endpoint.slots[slot_of(c, &c->by_endpoint, &name)] = value;
	if (shown_of(c->all[i], &shown))
		c->by_shown.slots[slot_of(c, &c->by_shown, &shown)] = value;
}

/* Take one out and let those behind it move up (Knuth, 6.4, algorithm R). */
static void take_out(struct credentials *c, struct table *t, size_t hole, bool by_name)
{
	size_t at = hole;

	for (;;) {
		struct shown what;
		size_t home;

		at = (at + 1) & (t->n - 1);
		if (!t->slots[at])
			break;
		what = name_of(c->all[t->slots[at] - 1]);
		if (!by_name)
			(void)shown_of(c->all[t->slots[at] - 1], &what);
		home = hash_of(&what) & (t->n - 1);
		if (((at - home) & (t->n - 1)) < ((at - hole) & (t->n - 1)))
			continue;
		t->slots[hole] = t->slots[at];
		hole = at;
	}
	t->slots[hole] = 0;
}

static int grow_table(struct table *t, size_t n)
{
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(t->slots);
	t->slots = slots;
	t->n = n;
	return 0;
}

static int grow(struct credentials *c)
{
	size_t room = c->room ? c->room + c->room / 2 : 64, n;
	struct entry **all;
	int r = 0;

	if (c->n == c->room) {
		all = realloc(c->all, room * sizeof(*all));
		if (!all)
			return -ENOMEM;
		c->all = all;
		c->room = room;
	}
	if (c->by_endpoint.n && c->by_endpoint.n / 4 * 3 > c->n)
		return 0;
	n = c->by_endpoint.n ? c->by_endpoint.n * 2 : 128;
	/* Both or none: with the first alone there would be entries in one table only. */
	if (c->by_shown.n < n)
		r = grow_table(&c->by_shown, n);
	if (r == 0)
		r = grow_table(&c->by_endpoint, n);
	for (size_t i = 0; i < c->n; i++)
		if (r == 0 || c->by_endpoint.n)
			point(c, i, (uint32_t)i + 1);
	return r;
}

static int insert(struct credentials *c, struct entry *e)
{
	int r = grow(c);

	if (r < 0)
		return r;
	c->all[c->n] = e;
	point(c, c->n, (uint32_t)c->n + 1);
	c->n++;
	return 0;
}

static void drop(struct credentials *c, struct entry *e)
{
	struct shown name = name_of(e), shown;
	size_t slot = slot_of(c, &c->by_endpoint, &name), i = c->by_endpoint.slots[slot] - 1;

	take_out(c, &c->by_endpoint, slot, true);
	if (shown_of(e, &shown))
		take_out(c, &c->by_shown, slot_of(c, &c->by_shown, &shown), false);
	if (i != --c->n) {
		point(c, c->n, (uint32_t)i + 1);
		c->all[i] = c->all[c->n];
	}
	entry_free(e);
}

void credentials_free(struct credentials *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		entry_free(c->all[i]);
	free(c->all);
	free(c->by_endpoint.slots);
	free(c->by_shown.slots);
	mp_seal_free(c->seal);
	free(c);
}

size_t credentials_count(const struct credentials *c)
{
	return c->n;
}

/* ---- loading ---- */

/* The seal lies beside the database, so that a copy of that alone shows no key. */
static int open_seal(struct credentials *c, struct mp_err *err)
{
	MP_BUF(file, MP_SEAL_KEY);
	uint8_t key[MP_SEAL_KEY];
	int r;

	if (mp_file_exists(SEAL_FILE)) {
		r = mp_file_read(SEAL_FILE, &file, err);
		if (r == 0 && file.len != MP_SEAL_KEY)
			r = -EBADMSG;
		if (r < 0)
			return mp_err_set(err, r, "%s in the data folder is damaged", SEAL_FILE);
		memcpy(key, file.data, MP_SEAL_KEY);
		explicit_bzero(file.data, file.len);
	} else {
		mp_random(key, sizeof(key));
		r = mp_file_write(SEAL_FILE, key, sizeof(key), 0600, err);
		if (r < 0)
			return r;
	}
	r = mp_seal_new(key, &c->seal);
	explicit_bzero(key, sizeof(key));
	return r < 0 ? mp_err_set(err, r, "memory is out") : 0;
}

static int load_one(struct credentials *c, const struct mp_query *q)
{
	struct credential_info info = {.endpoint = mp_query_text(q, 0),
				       .kind = (enum credential_kind)mp_query_int(q, 1)};
	size_t endpoint_len = strlen(info.endpoint), len;
	const void *secret = mp_query_bytes(q, 3, &len);
	struct entry *e;
	uint8_t key[PSK_MAX];
	int r = 0;

	info.identity = mp_query_bytes(q, 2, &info.identity_len);
	if (endpoint_len > LWM2M_ENDPOINT_MAX || info.identity_len > PSK_IDENTITY_MAX ||
	    info.kind > CREDENTIAL_X509 || len > PSK_MAX + MP_SEAL_EXTRA)
		return -EBADMSG;
	if (info.kind == CREDENTIAL_PSK) {
		r = mp_unseal(c->seal, info.endpoint, endpoint_len, secret, len, key);
		secret = key;
		len -= MP_SEAL_EXTRA;
	} else if (len == 32) {
		info.sha256 = secret;
	}
	if (r < 0)
		return r;
	e = entry_new(&info, secret, len);
	explicit_bzero(key, sizeof(key));
	r = e ? insert(c, e) : -ENOMEM;
	if (r < 0)
		entry_free(e);
	return r;
}

int credentials_load(struct server *s, struct credentials **ret, struct mp_err *err)
{
	struct credentials *c = calloc(1, sizeof(*c));
	auto_(mp_query) *q = NULL;
	int r = c ? open_seal(c, err) : mp_err_set(err, -ENOMEM, "memory is out");

	if (r < 0) {
		credentials_free(c);
		return r;
	}
	r = mp_store_query(s->store,
			   "SELECT endpoint, kind, identity, secret FROM lwm2m_credential", &q,
			   MP_NOTHING);
	while (r == 0 && (r = mp_query_next(q)) > 0)
		r = load_one(c, q);
	if (r == 0) {
		*ret = c;
		return 0;
	}
	credentials_free(c);
	if (r == -EKEYREJECTED)
		return mp_err_set(err, r,
				  "the keys of the LwM2M devices do not open with %s in the data "
				  "folder; put the one back that belongs to the database",
				  SEAL_FILE);
	return mp_err_set(err, r, "the credentials could not be read from the database: %s",
			  strerror(-r));
}

/* ---- asked by handshakes and registrations ---- */

int credentials_find_psk(const struct credentials *c, const void *identity, size_t len,
			 uint8_t key[PSK_MAX])
{
	const struct entry *e =
		find(c, &c->by_shown, &(struct shown){CREDENTIAL_PSK, identity, len});

	if (!e)
		return -ENOENT;
	memcpy(key, key_of(e), e->key_len);
	return e->key_len;
}

bool credentials_has_rpk(const struct credentials *c, const uint8_t sha256[32])
{
	return find(c, &c->by_shown, &(struct shown){CREDENTIAL_RPK, sha256, 32}) != NULL;
}

static bool is_name(const struct credential_proof *proof, const void *name, size_t len)
{
	return proof->identity && proof->identity_len == len &&
	       memcmp(proof->identity, name, len) == 0;
}

static bool is_certificate(const struct entry *e, const struct credential_proof *proof)
{
	const uint8_t *name;
	size_t len;

	if (e->has_sha256)
		return proof->sha256 && memcmp(proof->sha256, key_of(e), 32) == 0;
	name = identity_of(e, &len);
	return is_name(proof, name, len);
}

bool credentials_allow(const struct credentials *c, const char *endpoint,
		       const struct credential_proof *proof)
{
	const struct entry *e = find_endpoint(c, endpoint);

	if (!e) /* a certificate speaks for itself, others are known by their credential alone */
		return proof->kind == CREDENTIAL_NONE ||
		       (proof->kind == CREDENTIAL_X509 &&
			is_name(proof, endpoint, strlen(endpoint)));
	if ((enum credential_kind)e->kind != proof->kind)
		return false;
	switch (proof->kind) {
	case CREDENTIAL_PSK:
		return is_shown(
			e, &(struct shown){CREDENTIAL_PSK, proof->identity, proof->identity_len});
	case CREDENTIAL_RPK:
		return proof->sha256 && memcmp(proof->sha256, key_of(e), 32) == 0;
	case CREDENTIAL_X509:
		return is_certificate(e, proof);
	default:
		return false;
	}
}

/* ---- changed by the administrator ---- */

static int write_row(struct server *s, const struct credential_info *info, const void *secret,
		     size_t len)
{
	int r = mp_store_run(
		s->store,
		"INSERT INTO lwm2m_credential (endpoint, kind, identity, secret)"
		" VALUES (?, ?, ?, ?) ON CONFLICT (endpoint) DO UPDATE SET kind = excluded.kind,"
		" identity = excluded.identity, secret = excluded.secret",
		MP_TEXT(info->endpoint), MP_INT(info->kind),
		MP_BYTES(info->identity ? info->identity : "", info->identity_len),
		MP_BYTES(secret ? secret : "", len));

	return r < 0 ? r : 0;
}

/* `secret` goes to the database, `key` into memory. */
static int replace(struct server *s, const struct credential_info *info, const void *secret,
		   size_t secret_len, const void *key, size_t key_len)
{
	struct credentials *c = s->credentials;
	struct entry *e = entry_new(info, key, key_len), *before = find_endpoint(c, info->endpoint);
	const struct entry *taken = NULL;
	struct shown shown;
	int r = e ? 0 : -ENOMEM;

	if (r == 0 && shown_of(e, &shown))
		taken = find(c, &c->by_shown, &shown);
	if (taken && taken != before)
		r = -EEXIST;
	if (r == 0)
		r = grow(c); /* so that nothing fails after the row is written */
	if (r == 0)
		r = write_row(s, info, secret, secret_len);
	if (r < 0) {
		entry_free(e);
		return r;
	}
	if (before)
		drop(c, before);
	return insert(c, e);
}

int credentials_set_psk(struct server *s, const char *endpoint, const void *identity,
			size_t identity_len, const void *key, size_t key_len)
{
	struct credential_info info = {.endpoint = endpoint,
				       .kind = CREDENTIAL_PSK,
				       .identity = identity,
				       .identity_len = identity_len};
	uint8_t sealed[PSK_MAX + MP_SEAL_EXTRA];
	int r;

	if (!device_name_is_valid(endpoint) || identity_len < 1 ||
	    identity_len > PSK_IDENTITY_MAX || key_len < PSK_MIN || key_len > PSK_MAX)
		return -EBADMSG;
	r = mp_seal(s->credentials->seal, endpoint, strlen(endpoint), key, key_len, sealed);
	return r < 0 ? r : replace(s, &info, sealed, key_len + MP_SEAL_EXTRA, key, key_len);
}

int credentials_set_rpk(struct server *s, const char *endpoint, const uint8_t sha256[32])
{
	struct credential_info info = {
		.endpoint = endpoint, .kind = CREDENTIAL_RPK, .sha256 = sha256};

	if (!device_name_is_valid(endpoint))
		return -EBADMSG;
	return replace(s, &info, sha256, 32, sha256, 32);
}

int credentials_set_x509(struct server *s, const char *endpoint, const char *common_name,
			 const uint8_t *sha256)
{
	struct credential_info info = {.endpoint = endpoint,
				       .kind = CREDENTIAL_X509,
				       .identity = common_name ? common_name : endpoint,
				       .sha256 = sha256};

	info.identity_len = strlen(info.identity);
	if (!device_name_is_valid(endpoint) || info.identity_len < 1 || info.identity_len > 64)
		return -EBADMSG;
	return replace(s, &info, sha256, sha256 ? 32 : 0, sha256, sha256 ? 32 : 0);
}

int credentials_remove(struct server *s, const char *endpoint)
{
	struct entry *e = find_endpoint(s->credentials, endpoint);
	int r;

	if (!e)
		return -ENOENT;
	r = mp_store_run(s->store, "DELETE FROM lwm2m_credential WHERE endpoint = ?",
			 MP_TEXT(endpoint));
	if (r < 0)
		return r;
	drop(s->credentials, e);
	return 0;
}

int credentials_seal(const struct credentials *c, const char *about, const void *secret, size_t len,
		     struct mp_buf *out)
{
	int r = mp_buf_reserve(out, len + MP_SEAL_EXTRA);

	if (r == 0)
		r = mp_seal(c->seal, about, strlen(about), secret, len,
			    (uint8_t *)out->data + out->len);
	if (r == 0)
		out->len += len + MP_SEAL_EXTRA;
	return r;
}

int credentials_unseal(const struct credentials *c, const char *about, const void *sealed,
		       size_t len, struct mp_buf *out)
{
	int r = len < MP_SEAL_EXTRA ? -EKEYREJECTED : mp_buf_reserve(out, len - MP_SEAL_EXTRA);

	if (r == 0)
		r = mp_unseal(c->seal, about, strlen(about), sealed, len,
			      (uint8_t *)out->data + out->len);
	if (r == 0)
		out->len += len - MP_SEAL_EXTRA;
	return r;
}

/* ---- looked at ---- */

static void tell(const struct entry *e, struct credential_info *ret)
{
	*ret = (struct credential_info){.endpoint = endpoint_of(e),
					.kind = (enum credential_kind)e->kind};
	if (e->kind != CREDENTIAL_RPK)
		ret->identity = identity_of(e, &ret->identity_len);
	if (e->has_sha256)
		ret->sha256 = key_of(e);
}

bool credentials_info(const struct credentials *c, const char *endpoint,
		      struct credential_info *ret)
{
	const struct entry *e = find_endpoint(c, endpoint);

	if (e)
		tell(e, ret);
	return e != NULL;
}

bool credentials_at(const struct credentials *c, size_t i, struct credential_info *ret)
{
	if (i >= c->n)
		return false;
	tell(c->all[i], ret);
	return true;
}
