/* SPDX-License-Identifier: MIT */
/*
 * The order of keys that lie close together, as addresses of objects do, without moving them: every
 * possible key between has a place, and a key comes after as many as have places before its own.
 */
#ifndef SNAP_TOOLS_DB_SORT_DENSE_H
#define SNAP_TOOLS_DB_SORT_DENSE_H

#include "db/memory.h"

/**
 * Puts the numbers 0 .. n-1 in the order of key[number] ascending as signed numbers into order[n].
 * False, and `order` is not touched, where two keys are equal, where keys lie too far from each
 * other (more than 32 places a key in all areas together), or without memory.
 * O(n); at most 8 B an element during the call, usually 1 to 2, and 16 KiB of stack.
 */
bool sort_dense(struct budget *b, const uint64_t *key, uint32_t n, uint32_t *order);

#endif
