/* SPDX-License-Identifier: MIT */
/* The text of a comparison, between the printers for people only. */
#ifndef SNAP_TOOLS_REPORT_DIFF_TEXT_H
#define SNAP_TOOLS_REPORT_DIFF_TEXT_H

#include "cli/table.h"
#include "report/diff_report.h"

/** The owners with their heading. 0, or STATUS_UNUSABLE after a message. */
int diff_text_owners(const struct diff_report *report, FILE *out);

/** How fast the memory grows, where there is a course to speak of, and how long it lasts: at most
 *  two lines of our own words. */
void diff_text_course(const struct diff_report *report, FILE *out);

/** An empty line and a title. */
void diff_text_heading(FILE *out, const char *title);

/** Prints a table and frees it; nothing where it has no rows. 0, or STATUS_UNUSABLE. */
int diff_text_rows(struct table *t, FILE *out);

/** Is a change too small to be told beside the largest one? Those of no size never say anything
 *  about memory. */
bool diff_text_folds(const struct diff_report *report, int64_t change, int64_t largest);

/** The cell "2 of 3", where there is a column of intervals: empty where it is not known. */
void diff_text_intervals(struct table *t, const struct diff_report *report, bool known,
                         uint32_t grown);

#endif
