/* SPDX-License-Identifier: MIT */
/*
 * The parts of a report, filled in from one comparison: owner lines with their texts, types, places
 * of allocation, the memory map. Between diff_build.c and its helpers only.
 *
 * Functions print their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_FILL_H
#define SNAP_TOOLS_REPORT_DIFF_FILL_H

#include "report/diff_lines.h"
#include "report/diff_tally.h"
#include "report/diff_trend.h"

/** What one comparison consists of. */
struct comparison {
    struct heapdb *db_a, *db_b;
    const struct heapdb_snapshot *snapshot_a, *snapshot_b;
    const struct diff_rows *a, *b;
    struct heap_match match;
    struct diff_names *names; /* of B */
    struct diff_about *about; /* of B; NULL where nobody asks */
    struct lines lines;
    const uint64_t *lasting; /* of an interval: as heap_match_options; NULL: of the whole span */
};

/** Sums by type, [n_types] each; of the snapshots between only whether a type grew is kept. What is
 * new in the first is what the last has not, and the other way round. */
struct type_sums {
    uint32_t n_types;
    struct diff_sum *first, *last;
    int64_t *resized; /* by the objects that are in the first and the last */
    int64_t *size;    /* bytes in the snapshot that was looked at last */
    uint32_t *grown;  /* in how many intervals the objects of a type became larger together */
};

/** Matches c->a with c->b in the way of report->matching, into c->match; needs c->names. With the
 *  steps of two databases read in two threads. */
int comparison_match(struct comparison *c, struct diff_report *report);

/** Of n changes the indexes of those to be shown, in their order: all of at least min_size bytes,
 * but at most `top` of them, the largest upwards or downwards. *out is malloc'd, [*n_out]. False
 * without memory. O(n log n). */
bool fill_choose(const int64_t *change, uint32_t n, uint64_t top, uint64_t min_size, uint32_t **out,
                 uint32_t *n_out);

/** The lines that are to be shown, and where their objects were allocated. `trends` has all
 *  intervals where there are several. */
int fill_lines(struct diff_report *report, const struct diff_options *options,
               const struct comparison *c, const struct trends *trends);

int fill_types(struct diff_report *report, const struct diff_options *options,
               const struct type_sums *sums);

int fill_sites(struct diff_report *report, const struct diff_options *options,
               const struct comparison *c);
/** Growth of native blocks by place of allocation, where both snapshots have them. */
int fill_native(struct diff_report *report, const struct diff_options *options,
                const struct comparison *c);

/** The memory maps of A and B side by side. */
int fill_parts(struct diff_report *report);

/** Evaluates report->limits, which are parsed, over all lines and types (shown or not), and warns
 *  of names that nothing in B has: such a limit can hardly be passed. */
int fill_limits(struct diff_report *report, const struct comparison *c,
                const struct type_sums *sums);

/** Keeps a sentence among the warnings of the report, and says it on stderr. */
int fill_warning(struct diff_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Keeps a text in the report. */
const char *fill_text(struct diff_report *report, const struct text *t);

#endif
