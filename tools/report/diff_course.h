/* SPDX-License-Identifier: MIT */
/*
 * The course of a process over the snapshots of a comparison: how fast its memory grows by the
 * hour, and when it reaches a limit if it goes on so.
 *
 * The resident memory where every snapshot has it and, beside it, the managed heap (live objects
 * and their native memory, without garbage). A rate is told from DIFF_RATE_SECONDS on; what happened in
 * less is one burst, and nothing follows from it for an hour.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_COURSE_H
#define SNAP_TOOLS_REPORT_DIFF_COURSE_H

#include "report/diff_report.h"

/** Fills report->resident, managed and reach, and slope and left of the lines, from the facts of the
 *  snapshots and the steps of the lines. False without memory. O(snapshots + lines * intervals). */
bool diff_course_set(struct diff_report *report);

#endif
