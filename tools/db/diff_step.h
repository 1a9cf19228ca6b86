/* SPDX-License-Identifier: MIT */
/*
 * The steps by which two snapshots of different processes are matched: for each row a hash of what
 * it is below its dominator.
 *
 *   step = type, and
 *          the object's own name, where it has one (modules, classes, functions, tasks); else
 *          how the dominator refers to it, where the dominator's reference is the row's shortest
 * path: list positions and data keys all alike, names as they are; roots by kind and name; else
 *          nothing.
 *
 * What hangs directly below the live root hangs there because several things hold it, and its type
 * alone says little: the STEP_NAMED_MAX of them that retain most go by the name of their path
 * (db/diff_name.h).
 *
 * It takes one scan of `ref`, which is why matching by address does without steps. Functions print
 * their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_DB_DIFF_STEP_H
#define SNAP_TOOLS_DB_DIFF_STEP_H

#include "db/diff_name.h"

enum { STEP_NAMED_MAX = 20000 };

/** Reads how rows hang below their dominators, and makes steps of it by types and names, into
 * step[n_rows], the caller's. `names` is of the same snapshot. `data_keys`: recorded key names are
 * data. Reads the names and writes nothing but steps, so that two snapshots may be read in two
 * threads. About 0.15 us a reference. */
int diff_steps_read(const struct diff_name_source *source, const struct diff_names *names,
                    bool data_keys, uint64_t *step);

/** Adds what the names of paths tell of it: by one thread, since snapshots share the signatures. */
int diff_steps_finish(const struct diff_name_source *source, struct diff_names *names,
                      uint64_t *step);

#endif
