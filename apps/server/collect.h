/* SPDX-License-Identifier: Apache-2.0
 * collect.h - blobs and metadata that nobody needs any more
 *
 * Soon after the start and once a day: snapshots and targets that were replaced more than two days
 * ago (the timestamps that led to them have expired by then); blobs that no release, no metadata
 * file and no entry of the current targets names, and that nobody has uploaded or asked for in a
 * day; files without a row. The work is cut into pieces of a few milliseconds, one a second.
 */
#pragma once

struct server;

struct collector;
struct collector *collect_new(void); /* NULL: memory is out */
void collect_free(struct collector *c);
/* Once a second. Writes; what it deletes from the database it takes from the disk only in a later
 * turn, when that is durable. */
void collect_tick(struct server *s);
