/* SPDX-License-Identifier: MIT */
/*
 * Registries of weak references: a WeakSet, a WeakValueDictionary, weakref.finalize, receivers of a
 * signal. What comes to one comes with the objects that it refers to, and goes with them: the leak is
 * what keeps these, however small beside the registry.
 *
 * A line follows another where what came to its largest owner is of the library's types alone, with a
 * weak reference for every two things that came or more, and nine in ten of these lead to new objects
 * that the other line has. At most FOLLOW_LINES lines are looked at, of each FOLLOW_ROWS objects.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_FOLLOW_H
#define SNAP_TOOLS_REPORT_DIFF_FOLLOW_H

#include "report/diff_fill.h"

enum { FOLLOW_LINES = 8, FOLLOW_ROWS = 4096, FOLLOW_MIN = 16 };

/** Finds lines that follow others among c->lines, and puts these before them: a line counts with what
 *  follows it. `types` are those of c->b. Prints its error and returns STATUS_UNUSABLE, or 0. */
int diff_follow(struct comparison *c, const struct diff_types *types);

#endif
