/* SPDX-License-Identifier: MIT */
/*
 * One leak, one finding. Several rules meet the same leak: the list that grew is a global variable,
 * a large object, and full of exceptions. A rule names in its head those that say more of the same
 * (`yields`); a finding of it is folded into one of theirs that is as severe or more, and
 *
 *   - is about the same object, or
 *   - is about at most twice as many bytes, and its object lies within what the other's retains,
 *     or the other way round, or both are garbage, or is of the type that the other is about.
 *
 * Folded findings are told beside the one that explains them, and not counted.
 */
#ifndef SNAP_TOOLS_LEAK_FOLD_H
#define SNAP_TOOLS_LEAK_FOLD_H

#include "leak/finding.h"

enum { FOLD_MAX = 256 };

/** Gives all findings numbers and sets explained_by. Which rule yields to which has no circle; of
 *  several that explain one the most severe is taken, then that with the most bytes. O(n^2) in the
 *  findings, of which the first FOLD_MAX of each rule are looked at; others stay as they are. */
void fold_findings(struct findings *f);

/** Counts what is not folded; of each rule leaves out all but `keep` of those and all but `keep` of
 *  the others, and what is explained by what was left out; orders the rules, and numbers what is
 *  left in their order from 1. False without memory. O(n + rules * log rules). */
bool fold_cut(struct findings *f, size_t keep);

/** The first finding of a rule that the finding `number` explains, NULL: none, and how many more
 *  there are. O(findings of the rule). */
const struct finding *fold_first(const struct rule_findings *r, uint64_t number, uint64_t *more);

#endif
