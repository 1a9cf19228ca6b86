/* SPDX-License-Identifier: MIT */
/*
 * What is in a heap database, for snapinfo: its snapshots in a line each, and on request whether
 * SQLite finds the file whole. Errors are printed; functions return 0 or STATUS_UNUSABLE. Threads:
 * one at a time.
 */
#ifndef SNAP_TOOLS_REPORT_DATABASE_H
#define SNAP_TOOLS_REPORT_DATABASE_H

#include <stdbool.h>

#include "cli/json.h"

/** Prints for people, or, where `j` is given, as the members of an entry of "files" in snap.info/1
 *  (the caller opens and closes the object). With `verify` the whole file is checked, and damage is
 *  STATUS_UNUSABLE after the answer; *shown says whether there was one. O(snapshots), or O(bytes)
 *  with `verify`. */
int database_show(const char *path, bool verify, struct json *j, bool *shown);

#endif
