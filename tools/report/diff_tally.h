/* SPDX-License-Identifier: MIT */
/*
 * Sums over the rows of one snapshot: by type and by allocation site, of all live objects and of
 * those that the other snapshot has not. One pass each, arrays in, arrays out.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_TALLY_H
#define SNAP_TOOLS_REPORT_DIFF_TALLY_H

#include "db/diff_rows.h"

struct diff_sum {
    int64_t n, shallow, native;
    int64_t retained; /* of the topmost objects of a type; not filled for sites */
    /* of the objects that the other snapshot has not: */
    int64_t n_new, shallow_new;
    int64_t retained_new, native_new; /* of the topmost among them; not filled for sites */
};

/** By type number, into sums[n_types] (zeroed first). `matched` is the partner by row, HEAP_NONE
 * for none; NULL: nothing is counted as new. `replaced` has a bit by row (NULL: none) where the
 * partner is another object in the same place (heap/match.h): n_new and shallow_new count it, and
 * retained_new does not, since what it holds may be in both. False without memory. O(rows + types).
 * The sums of retained sizes of new objects are growth that does not depend on who holds the old
 * ones: nothing below an object that the other snapshot lacks is in both. */
bool diff_tally_types(const struct diff_rows *rows, const uint32_t *matched,
                      const uint64_t *replaced, uint32_t n_types, struct diff_sum *sums);

/** What the live objects that are in both grew by themselves, native memory included, added to
 *  resized[n_types]. */
void diff_tally_resized(const struct diff_rows *a, const struct diff_rows *b,
                        const uint32_t *b_to_a, int64_t *resized);

/** Bytes of the live objects by type, native memory included, into size[n_types]; grown[] counts
 *  where that is more than size[] held before (not where `first`). False without memory. */
bool diff_tally_grown(const struct diff_rows *rows, uint32_t n_types, bool first, int64_t *size,
                      uint32_t *grown);

/** By allocation stack, into sums[n_stacks] (zeroed first); rows without a stack count at 0. */
void diff_tally_stacks(const struct diff_rows *rows, const uint32_t *matched,
                       const uint64_t *replaced, uint32_t n_stacks, struct diff_sum *sums);

/** The owner that an unmatched row of B belongs to, by the rule of heap/match.h with `to_holders`,
 *  into owner[n_rows] (rows; HEAP_NONE for matched rows): what lies below an unmatched object
 * belongs with it, a topmost one to the first matched object on its shortest path, or where there
 * is none to its dominator. False without memory. O(rows). */
bool diff_tally_owners(const struct diff_rows *b, const uint32_t *b_to_a, uint32_t *owner);

#endif
