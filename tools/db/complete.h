/* SPDX-License-Identifier: MIT */
/*
 * Adding references to a database that was loaded without them (snapload --summary).
 */
#ifndef SNAP_TOOLS_DB_COMPLETE_H
#define SNAP_TOOLS_DB_COMPLETE_H

#include "db/heapdb.h"

/**
 * Fills `ref` and `referrer` of the database `name` (which `db` has open for reading) from the
 * snapshot file `source`, or where that is NULL from the file that each snapshot was loaded from.
 * The file must be the same one, by its uuid. Object ids stay as they are.
 * Returns 0 or STATUS_UNUSABLE after a message.
 */
int complete_database(struct heapdb *db, const char *name, const char *source);

#endif
