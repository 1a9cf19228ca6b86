/* SPDX-License-Identifier: MIT */
/*
 * The table `grown` for rules: what grew since the earlier snapshot, as snapdiff tells
 * it (report/diff_report.h). A row an owner, the largest first; none where there is no earlier
 * snapshot.
 *
 *   name         the owner as people read code: "app.CACHE"; "<callback atexit>" of a place of the
 *                runtime; "new roots" for what no old object holds
 *   type         its type, or null
 *   signature    of the owner (format/owner-signature.md)
 *   growth       bytes, native ones included; no byte stands in two rows
 *   objects      how many more there are
 *   rate         bytes an hour; null where the snapshots are less than a minute apart
 *   held_type    type of most of what came directly below the owner, or null
 *   held_count   how many more of these
 *   about        the function behind them, or null
 *   object_id    the owner in the later snapshot, or null
 *   verdict      of the whole comparison: "managed-leak", "no-growth" ...
 *   brings       growth of registries of weak references to what the owner has, not part of growth
 *   follows      1: this is such a registry: what it has goes with what another owner has
 *
 * The comparison is made once, when a rule asks first; its cost is that of snapdiff.
 */
#ifndef SNAP_TOOLS_LEAK_GROWN_H
#define SNAP_TOOLS_LEAK_GROWN_H

#include "report/subject.h"

struct grown;

struct diff_report;

/** Makes the table known to the subject's database. `base` may be NULL; `made` is the comparison of
 *  the two, all lines of it, where it was made already, or NULL. All must outlive *out, which must
 *  outlive every statement that asks it. 0, or STATUS_UNUSABLE after a message; then *out is to be
 *  freed all the same. */
int grown_new(struct grown **out, struct subject *subject, struct subject *base,
              const struct diff_report *made);
/** Compares, if a statement was prepared that asks the table: before that is stepped. 0, or
 *  STATUS_UNUSABLE after a message. */
int grown_ready(struct grown *g);
void grown_free(struct grown *g);

#endif
