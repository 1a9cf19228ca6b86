/* SPDX-License-Identifier: MIT */
/*
 * What closes a cycle: of the references between its members, the kind (type of the
 * source and name of the reference) without which no cycle is left. That is the reference to make
 * weak.
 *
 * A tree whose nodes know their parents has several such kinds: the children's list, its elements,
 * the parent. The one to weaken leads back: the kind whose references lead most often to an object
 * that is nearer to the roots wins; of equal ones the one with the fewest references. A reference
 * out of an instance's dictionary counts as the instance's.
 */
#ifndef SNAP_TOOLS_LEAK_CLOSES_H
#define SNAP_TOOLS_LEAK_CLOSES_H

#include "cli/text.h"
#include "db/heapdb.h"

/** Members of the largest cycle that is looked at. */
#define CLOSES_MAX HEAPDB_LIST_MAX

/** Appends "app.Node.parent" for the cycle with the members ids[0 .. n - 1], which ascend; nothing
 *  where no kind of reference closes it or it is too large. 0, or STATUS_UNUSABLE after a message.
 *  O(references * kinds), at most 64 kinds. */
int closes_members(struct heapdb *db, const int64_t *ids, uint32_t n, struct text *out);

#endif
