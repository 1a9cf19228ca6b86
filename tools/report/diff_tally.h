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
    int64_t n_new, shallow_new;
};

/** By type number, into sums[n_types] (zeroed first). `matched` is the partner by row, HEAP_NONE for
 *  none; NULL: nothing is counted as new. False without memory. O(rows + types). */
bool diff_tally_types(const struct diff_rows *rows, const uint32_t *matched, uint32_t n_types,
                      struct diff_sum *sums);

/** By allocation stack, into sums[n_stacks] (zeroed first); rows without a stack count at 0. */
void diff_tally_stacks(const struct diff_rows *rows, const uint32_t *matched, uint32_t n_stacks,
                       struct diff_sum *sums);

/** The owner that an unmatched row of B belongs to, by the rule of heap/match.h, into owner[n_rows]
 *  (rows; HEAP_NONE for matched rows): what lies below an unmatched object belongs with it; a
 *  topmost one to its dominator, or below a virtual root to the first matched object on its shortest
 *  path, if there is one. O(rows). */
void diff_tally_owners(const struct diff_rows *b, const uint32_t *b_to_a, uint32_t *owner);

#endif
