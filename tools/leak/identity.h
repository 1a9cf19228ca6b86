/* SPDX-License-Identifier: MIT */
/*
 * What makes an object of one snapshot the same as one of another of the process: one address, and a
 * type of one name. An object that took another's address and type is taken for it.
 *
 * Of one database an object is read, of it or another the same object is looked for, in any
 * snapshot. A call looks up one key. Functions print their error. One thread a database.
 */
#ifndef SNAP_TOOLS_LEAK_IDENTITY_H
#define SNAP_TOOLS_LEAK_IDENTITY_H

#include "db/heapdb.h"

/** Of a database: reads its objects, and finds in it what was read. `{0}` is none. */
struct identity {
    struct heapdb *db;
    sqlite3_stmt *of, *same;
};

/** 0, or STATUS_UNUSABLE after a message; identity_end in any case. */
int identity_begin(struct identity *identity, struct heapdb *db);
void identity_end(struct identity *identity);

/** Reads an object: 1, 0 where there is none or it has no address, -1 after a message. What was read
 *  holds until identity_reset. */
int identity_read(struct identity *identity, int64_t object_id);
void identity_reset(struct identity *identity);

/** Finds what `read` holds in a snapshot of `in`, which may be the same one: 1 with its id, 0 where
 *  it is not there, -1 after a message. */
int identity_find(struct identity *in, int64_t snapshot_id, const struct identity *read,
                  int64_t *object_id);

#endif
