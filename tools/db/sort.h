/* SPDX-License-Identifier: MIT */
/*
 * Sorting many 64-bit keys with a 32-bit payload.
 */
#ifndef SNAP_TOOLS_DB_SORT_H
#define SNAP_TOOLS_DB_SORT_H

#include "db/memory.h"

/**
 * The numbers 0 .. n-1 in the order of key[number] ascending as signed numbers (the order in which
 * SQLite keeps them), ties by number ascending. *order is made under the budget ([n]), the caller
 * frees it with memory_free.
 * *distinct (NULL: not wanted) says that no two keys are equal; where it is false, some may be.
 * Nothing is moved where the keys ascend already, or are distinct and lie close together
 * (sort_dense.h): O(n), at most 12 B an element during the call, 4 after it. Otherwise a
 * least-significant-digit radix sort over the digits that differ, keys carried along:
 * O(n * digits); 24 B an element during the call, 4 after it.
 */
bool sort_ids(struct budget *b, const uint64_t *key, uint32_t n, uint32_t **order, bool *distinct);

#endif
