/* SPDX-License-Identifier: MIT */
/*
 * What became of each line from snapshot to snapshot: how much it changed in each interval, and
 * whether that is growth.
 *
 * An interval in which a line became larger is none in which it grew where its elements only took
 * turns: at least TREND_TURNS objects went, no more came (or the owner has no more elements than
 * before: keys may be objects that others hold as well), and what came is not visibly larger (an
 * eighth) than what went. What is left is a table that was made anew while a full cache was in use.
 *
 * Memory: 40 B a line and interval, of the first DIFF_STEPS_MAX intervals only; 64 B a line.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_TREND_H
#define SNAP_TOOLS_REPORT_DIFF_TREND_H

#include "db/diff_rowmap.h"
#include "report/diff_lines.h"

enum { TREND_TURNS = 16 };

/** `{0}` is empty. */
struct trends {
    struct rowmap by_node; /* -> index of `at` */
    uint32_t n, cap;
    struct trend *at;
    uint32_t n_points, cap_points;
    struct trend_point *points;
};

/** Does a line's growth die away, as that of a cache does which fills with what is asked for again
 *  and again? In three intervals or more each brought something, at most five eighths of the one
 *  before, and the last a quarter of the first or less; where `seconds` [n_steps], how long they
 *  took, is not NULL, by the second as well. *left is what would still come in such steps, bytes. */
bool diff_trend_slows(const struct diff_line *line, const double *seconds, int64_t *left);

/** Did a line come to exchange its elements, as a cache does that became full within an interval?
 *  In the last one at least three quarters as many went as came, TREND_TURNS or more, and it grew by
 *  at most a quarter of the first; of three or more by at most five eighths of the one before, too. */
bool diff_trend_exchanges(const struct diff_line *line, const double *seconds);

/** What happened to a line between two snapshots. */
struct diff_step diff_trend_step(const struct line *line);

/** Keeps what interval number `interval` (from 0, ascending) did to its lines. False without
 *  memory. O(lines). */
bool trends_add(struct trends *trends, uint32_t interval, const struct lines *lines);

/** Fills in intervals, last, and steps of a line of n_intervals intervals; with one interval from
 *  the line itself. False without memory. O(intervals). */
bool trends_tell(const struct trends *trends, uint32_t n_intervals, const struct line *line,
                 struct diff_line *out);

void trends_free(struct trends *trends);

#endif
