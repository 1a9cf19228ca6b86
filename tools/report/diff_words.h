/* SPDX-License-Identifier: MIT */
/*
 * What is said of an owner's line, in words: for text and page alike. Each appends a sentence
 * without a full stop, or nothing where there is nothing to say. Names are as they are: escape
 * them.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_WORDS_H
#define SNAP_TOOLS_REPORT_DIFF_WORDS_H

#include "cli/text.h"
#include "report/diff_report.h"

/** Who it is: "app.CACHE -> dict". */
void diff_words_owner(struct text *t, const struct diff_line *l);

/** What it is beside that, and how full. */
void diff_words_about(struct text *t, const struct diff_line *l);

/** The heading of a memory map: dumps of other runtimes know of no more than their heap. */
const char *diff_words_memory(bool resident_is_known);

/** How much came in which interval, of few intervals and lines that matter. */
void diff_words_steps(struct text *t, const struct diff_report *r, const struct diff_line *l);

/** "3 d 4 h"; beyond a hundred years, where nothing is worth a figure, "never". */
const char *diff_words_after(char out[NUMBER_MAX], double seconds);

/** When the limit of memory is reached if the line alone grows on, of lines that matter, where
 *  three snapshots or more tell how fast they grow. */
void diff_words_left(struct text *t, const struct diff_report *r, const struct diff_line *l);

/** One thing that hangs in it: "[*] Request x 12,000, such as handle". */
void diff_words_held(struct text *t, const struct diff_held *h);

/** Where what came was allocated; `brief`: in few words. */
void diff_words_site(struct text *t, const struct diff_site *site, bool brief);

/** That much of it may have been there before. */
void diff_words_moved(struct text *t, const struct diff_line *l);

/** That others hold much of it as well. */
void diff_words_shared(struct text *t, const struct diff_line *l);

#endif
