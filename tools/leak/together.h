/* SPDX-License-Identifier: MIT */
/*
 * The aggregate together(id, last_dominated, retained_size) of rules: what a group of objects
 * retains, each byte counted once.
 *
 * Retained sizes of objects of which one dominates another overlap: of a chain of 1,000 tasks, each
 * waiting for the next, their sum is 500 times the heap. What an object retains are the objects
 * with ids from its own to last_dominated, and such ranges nest, so the sum over the outermost ones
 * is exact for them. What only several objects of the group hold together is not in it: the group
 * retains at least that.
 *
 * Rows with a null count for nothing. The answer is 0 for no rows, and the largest 64-bit integer
 * where the sum of a lying database would be larger. Memory: 24 bytes a row; time: O(n log n) a
 * group. One thread a database.
 */
#ifndef SNAP_TOOLS_LEAK_TOGETHER_H
#define SNAP_TOOLS_LEAK_TOGETHER_H

struct heapdb;

/** Makes the aggregate known to a database. 0, or STATUS_UNUSABLE after a message. */
int together_define(struct heapdb *db);

#endif
