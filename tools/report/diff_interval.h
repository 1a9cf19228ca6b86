/* SPDX-License-Identifier: MIT */
/*
 * What one interval of several did to the lines of the whole comparison.
 *
 * A line is named for an object of the first snapshot, and so is what an interval brought to it:
 * objects are followed from snapshot to snapshot, and what came below one that the first did not
 * have, such as a list that was made on the first request, belongs to the object that it had. So
 * the intervals of a line add up to the line, up to objects that a snapshot between lost sight of.
 * What the first snapshot had and the last has not counts for the line that counts it as gone.
 *
 * Memory: 4 B a row of the first snapshot, and 4 B and a bit a row of the one that was reached.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_INTERVAL_H
#define SNAP_TOOLS_REPORT_DIFF_INTERVAL_H

#include "report/diff_fill.h"

/** The comparison of the first with the last snapshot, and where the intervals have come to. */
struct intervals {
    const struct comparison *span;
    uint32_t *line_of;      /* [rows of the first]: the line of its owner; HEAP_NONE: not yet known */
    struct rowmap by_place; /* node of a line that is a place of the runtime -> line */
    uint32_t n;             /* rows of the snapshot reached */
    uint32_t *first;        /* [n] the row of the first snapshot, HEAP_NONE: it had no such object */
    uint64_t *lasting;      /* [n] bits: it had (heap_match_options) */
};

/** Starts at the first snapshot; `span` has its match and its lines. False without memory, and then
 *  nothing is left. O(rows of the first). */
bool intervals_begin(struct intervals *at, const struct comparison *span);

/** Fills in the lines of an interval that begins where `at` has come to: those lines of the span
 *  that changed in it, with their nodes. Its match was made with at->lasting. 0 or a status. */
int intervals_lines(struct intervals *at, struct comparison *interval);

/** Goes to the end of the interval. False without memory. */
bool intervals_next(struct intervals *at, const struct comparison *interval);

void intervals_free(struct intervals *at);

#endif
