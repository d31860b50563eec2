/* SPDX-License-Identifier: Apache-2.0
 * Times are seconds since 1970; states are the numbers of the enums in devices.h and rollouts.h,
 * which therefore only grow at their ends. */
#include "schema.h"

#include <stddef.h>

static const char first[] =
	"CREATE TABLE device ("
	"  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,"
	"  last_seen INTEGER NOT NULL DEFAULT 0, product TEXT NOT NULL DEFAULT '',"
	"  board TEXT NOT NULL DEFAULT '', release TEXT NOT NULL DEFAULT '',"
	"  fingerprint TEXT, key_id TEXT, token BLOB,"
	"  state INTEGER NOT NULL DEFAULT 0, progress INTEGER NOT NULL DEFAULT 0,"
	"  reason TEXT NOT NULL DEFAULT '', wants_config INTEGER NOT NULL DEFAULT 1,"
	"  action INTEGER, installed INTEGER, rollout INTEGER, member INTEGER NOT NULL DEFAULT 0,"
	"  attributes TEXT NOT NULL DEFAULT '{}');"
	/* one offer of one release to one device; its id is what DDI calls the action */
	"CREATE TABLE action ("
	"  id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,"
	"  release TEXT NOT NULL, rollout INTEGER, state INTEGER NOT NULL, fetched INTEGER NOT NULL"
	"  DEFAULT 0, created INTEGER NOT NULL, ended INTEGER, reason TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX action_device ON action (device);"
	"CREATE TABLE history ("
	"  id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,"
	"  action INTEGER, time INTEGER NOT NULL, what TEXT NOT NULL, details TEXT NOT NULL);"
	"CREATE INDEX history_device ON history (device, id);"
	"CREATE TABLE blob ("
	"  sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL, sha1 TEXT NOT NULL, md5 TEXT NOT NULL,"
	"  created INTEGER NOT NULL) WITHOUT ROWID;"
	/* metadata by file name; their bytes are blobs */
	"CREATE TABLE tuf ("
	"  name TEXT PRIMARY KEY, role TEXT NOT NULL, version INTEGER NOT NULL,"
	"  sha256 TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE release ("
	"  id INTEGER PRIMARY KEY, version TEXT NOT NULL UNIQUE, minimum_version TEXT NOT NULL,"
	"  product TEXT NOT NULL, notes TEXT NOT NULL, published INTEGER NOT NULL,"
	"  boards TEXT NOT NULL, services TEXT NOT NULL, size INTEGER NOT NULL);"
	/* board '': for every board, '-': for none */
	"CREATE TABLE release_file ("
	"  release INTEGER NOT NULL REFERENCES release, name TEXT NOT NULL, board TEXT NOT NULL,"
	"  sha256 TEXT NOT NULL REFERENCES blob, PRIMARY KEY (release, name, board)) WITHOUT ROWID;"
	"CREATE TABLE channel (name TEXT PRIMARY KEY, release TEXT NOT NULL, updated INTEGER NOT "
	"NULL)"
	"  WITHOUT ROWID;"
	"CREATE TABLE rollout ("
	"  id INTEGER PRIMARY KEY, release TEXT NOT NULL, state INTEGER NOT NULL,"
	"  everyone INTEGER NOT NULL, success_threshold INTEGER NOT NULL,"
	"  error_threshold INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL"
	"  DEFAULT 0, reason TEXT NOT NULL DEFAULT '');"
	"CREATE TABLE member ("
	"  rollout INTEGER NOT NULL REFERENCES rollout, device INTEGER NOT NULL REFERENCES device"
	"  ON DELETE CASCADE, state INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '',"
	"  PRIMARY KEY (rollout, device)) WITHOUT ROWID;"
	"CREATE INDEX member_device ON member (device);"
	"CREATE TABLE token ("
	"  name TEXT PRIMARY KEY, hash BLOB NOT NULL, role INTEGER NOT NULL, created INTEGER NOT "
	"NULL)"
	"  WITHOUT ROWID;"
	"CREATE TABLE enroll_token (id INTEGER PRIMARY KEY, hash BLOB NOT NULL, created INTEGER "
	"NOT NULL);";

/* by what LwM2M devices prove who they are; a secret is a sealed key, or a digest */
static const char credentials[] =
	"CREATE TABLE lwm2m_credential ("
	"  endpoint TEXT PRIMARY KEY, kind INTEGER NOT NULL, identity BLOB NOT NULL,"
	"  secret BLOB NOT NULL) WITHOUT ROWID;";

/* firmware: {"BOARD": "VERSION"}; a rollout to the devices of one board, '' for all boards */
static const char firmware[] = "ALTER TABLE release ADD COLUMN firmware TEXT NOT NULL DEFAULT '{}';"
			       "ALTER TABLE rollout ADD COLUMN board TEXT NOT NULL DEFAULT '';";

/* registrations and observations (docs/spec/lwm2m-store.md); requests for devices that sleep */
static const char lwm2m[] =
	"CREATE TABLE lwm2m_journal (id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
	"CREATE TABLE lwm2m_chunk (id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
	"CREATE TABLE lwm2m_queue ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, kind INTEGER NOT NULL,"
	"  path TEXT NOT NULL, format INTEGER NOT NULL, accept INTEGER NOT NULL, payload BLOB,"
	"  arguments TEXT, timeout INTEGER NOT NULL, created INTEGER NOT NULL,"
	"  expires INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL"
	"  DEFAULT 0, outcome INTEGER NOT NULL DEFAULT 0, code INTEGER NOT NULL DEFAULT 0,"
	"  answer_format INTEGER NOT NULL DEFAULT -1, answer BLOB, diagnostic TEXT NOT NULL"
	"  DEFAULT '');"
	"CREATE INDEX lwm2m_queue_endpoint ON lwm2m_queue (endpoint, id);"
	"CREATE INDEX lwm2m_queue_expires ON lwm2m_queue (expires) WHERE state = 0;"
	"CREATE INDEX lwm2m_queue_ended ON lwm2m_queue (ended) WHERE state = 2;";

/* what devices report: times in ms since 1970, hours since 1970; values are reals or text. A series
 * without an endpoint is going away */
static const char telemetry[] =
	"CREATE TABLE telemetry_series ("
	"  id INTEGER PRIMARY KEY, endpoint TEXT, path TEXT NOT NULL, units TEXT NOT NULL,"
	"  UNIQUE (endpoint, path));"
	"CREATE TABLE telemetry ("
	"  series INTEGER NOT NULL, time INTEGER NOT NULL, value NOT NULL,"
	"  PRIMARY KEY (series, time)) WITHOUT ROWID;"
	"CREATE TABLE telemetry_hour ("
	"  series INTEGER NOT NULL, hour INTEGER NOT NULL, min REAL NOT NULL, avg REAL NOT NULL,"
	"  max REAL NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (series, hour)) WITHOUT ROWID;";

/* what the bootstrap server gives to a device, '' to all others; sealed JSON */
static const char bootstrap[] = "CREATE TABLE bootstrap_config (endpoint TEXT PRIMARY KEY, config "
				"BLOB NOT NULL) WITHOUT ROWID;";

/* updates that wait for somebody's word, or are fetched and not installed; auto_confirm: since when
 * the device takes all without being asked, 0 when it does not */
static const char confirmation[] =
	"ALTER TABLE rollout ADD COLUMN confirm INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE rollout ADD COLUMN download_only INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE action ADD COLUMN download_only INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE device ADD COLUMN auto_confirm INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE device ADD COLUMN auto_confirm_initiator TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE device ADD COLUMN auto_confirm_remark TEXT NOT NULL DEFAULT '';";

const char *const server_migrations[] = {first,	    credentials, firmware,     lwm2m,
					 telemetry, bootstrap,	 confirmation, NULL};
