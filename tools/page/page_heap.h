/* SPDX-License-Identifier: MIT */
/*
 * The dominator tree as it can be walked down on the page: what is large stands alone, what is
 * small stands together by type, what is smaller still is folded.
 *
 * The largest node is opened first: its children come out one by one where they are few or large,
 * else one node for all of a type ("Session x 99,990", whose children are again the children of all
 * of them). A type within itself (a linked list, a tree) is one node from its third step on.
 * Sizes are what snaptop calls retained, native memory included.
 *
 * It ends when the names and rows have taken their share of the page, when nothing is left that is
 * larger than 1/60,000 of the heap, or after PAGE_HEAP_READ objects; every object is read at most
 * twice. Memory: 40 bytes for each child of the node that is opened, 16 for those that wait.
 */
#ifndef SNAP_TOOLS_PAGE_PAGE_HEAP_H
#define SNAP_TOOLS_PAGE_PAGE_HEAP_H

#include "page/page_tree.h"
#include "page/page_types.h"

enum { PAGE_HEAP_READ = 12000000, PAGE_HEAP_NODES = 12000 };

/** Fills *out; `bytes` is what names added from here on may take. 0, or STATUS_UNUSABLE after a
 *  message; page_tree_free in any case. */
int page_heap_load(struct subject *s, const struct page_types *types, struct page_names *names,
                   uint64_t bytes, struct page_tree *out);

#endif
