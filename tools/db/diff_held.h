/* SPDX-License-Identifier: MIT */
/*
 * Evidence that an object is the one that was there before although its dominator has changed: a
 * reference to it, in both snapshots, from something that is in both. This is what
 * heap_match_options wants as `held`.
 *
 * Looked at are the references that the two snapshots' own paths name: does the object before x on
 * A's shortest path still refer to y in B; did the object before y on B's already refer to x in A;
 * does x's dominator still refer to y. Three look-ups by key at most, and none is made twice.
 */
#ifndef SNAP_TOOLS_DB_DIFF_HELD_H
#define SNAP_TOOLS_DB_DIFF_HELD_H

#include "db/diff_rows.h"

struct diff_held_by;

/** *out is NULL after an error (printed). Databases and rows outlive it. */
int diff_held_new(struct diff_held_by **out, struct heapdb *db_a, const struct diff_rows *a,
                  struct heapdb *db_b, const struct diff_rows *b);

/** The callback; `opaque` is the structure. After a failed look-up the answer is no, and
 *  diff_held_failed tells. */
bool diff_held(void *opaque, uint32_t x, uint32_t y, const uint32_t *a_to_b,
               const uint32_t *b_to_a);

/** Did a look-up fail? The message has been printed. */
bool diff_held_failed(const struct diff_held_by *h);

void diff_held_free(struct diff_held_by *h);

#endif
