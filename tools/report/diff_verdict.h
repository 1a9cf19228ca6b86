/* SPDX-License-Identifier: MIT */
/*
 * The verdict: what grew at all, before any detail. Plain rules over totals, in this order; the
 * first that holds is taken, and its words stand in verdict.rule.
 *
 *   undecided        a capture is incomplete: missing references can make objects look new, gone or
 *                    unreachable
 *   collector-off    the managed heap grew, more than half of that is garbage, and the cycle
 *                    collector is switched off in B
 *   native-leak, fragmentation, undecided
 *                    the resident memory grew by more than three times what the managed heap grew.
 *                    native-leak: most of it was handed out by allocators to something that is no
 *                    object. fragmentation: most of it is free memory that an allocator holds, or
 *                    in arenas for small objects, which nothing else uses. undecided: neither.
 *   native-leak      also where the native blocks that both captures recorded grew and neither the
 *                    managed heap nor, by these rules, the resident memory did
 *   cache-filling    the owner that holds at least half of the growth is bounded, stopped growing
 *                    while its elements took turns, or slows down (diff_trend_slows) and no other
 *                    owner grew in every interval without doing so, or came to exchange its elements
 *                    (diff_trend_exchanges)
 *   managed-leak     three snapshots or more, the managed heap grew, and the owner that grew most
 *                    grew in every interval, holds at least half of the growth, and declares no
 *                    bound; or, where none holds half, several such owners do together
 *   managed-growth   the managed heap grew (live objects and their native memory); or it did not,
 *                    and garbage did
 *   no-growth        nothing grew
 *
 * The managed heap is what is alive, as for limits: garbage that comes and goes hides no growth and
 * is none. It is told apart. Beside the resident memory it counts as well, and where the collector
 * is off, if the runtime would have freed it at once (diff_facts_garbage_counts): not that of a JVM,
 * of V8 or Ruby.
 *
 * "Grew" is by more than the noise of two captures. The managed heap is counted object by object;
 * what an idle process changes there are caches and counters of its runtime: more than 64 KiB and
 * more than 1 in 200 of what was there is growth. Resident memory comes in steps: an arena of small
 * objects is 1 MiB (256 KiB before CPython 3.10), malloc asks for 132 KiB at a time, a thread's
 * stack is touched page by page, and a capture itself writes to pages that were shared. So less
 * than two arenas, or 1 in 100, is noise. A slow leak passes both after a longer interval.
 *
 * Two snapshots alone never tell a leak from a cache that fills, so what they show is called
 * growth, and the advice says how to find out.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_VERDICT_H
#define SNAP_TOOLS_REPORT_DIFF_VERDICT_H

#include "report/diff_report.h"

/** Fills report->verdict from the rest of the report. False without memory. */
bool diff_verdict_set(struct diff_report *report);

/** Did a managed heap that was `before` bytes grow by more than noise? */
bool diff_grew(int64_t before, int64_t after);

/** The same for resident memory. */
bool diff_grew_resident(int64_t before, int64_t after);

#endif
