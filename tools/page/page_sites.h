/* SPDX-License-Identifier: MIT */
/*
 * Where the objects were allocated, as a tree of calls, the outermost first: of the objects of the
 * snapshot (table site), or of native blocks (table native_site). Node 0 is all of them, those of
 * which no stack is known included, which are its rest. Sizes are shallow ones.
 *
 * Of more stacks than there is room for the largest are kept, the others are the rest of their
 * callers. O(stacks * depth) look-ups at most; 64 bytes a frame of a stack.
 */
#ifndef SNAP_TOOLS_PAGE_PAGE_SITES_H
#define SNAP_TOOLS_PAGE_PAGE_SITES_H

#include "page/page_tree.h"
#include "report/subject.h"

enum { PAGE_SITE_NODES = 6000 };

/** Fills *out, which stays empty where nothing was recorded. 0, or STATUS_UNUSABLE after a message;
 *  page_tree_free in any case. */
int page_sites_load(struct subject *s, bool native, struct page_names *names, uint64_t bytes,
                    struct page_tree *out);

#endif
