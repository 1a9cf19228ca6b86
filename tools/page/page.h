/* SPDX-License-Identifier: MIT */
/*
 * One HTML page about a snapshot, whole in itself: verdict, findings, what grew, where the memory
 * is, the dominator tree to be walked down, largest objects, types, allocation sites, paths, search.
 *
 * Its tables are HTML and can be read without JavaScript; tree, flame graph, paths and search are
 * made by its script from data in the page. The page asks no network for anything: a
 * Content-Security-Policy forbids all but its own style and script, by their hashes, and any way
 * from text to markup. Names are escaped on their way (page_text.h), and the script only writes
 * texts.
 *
 * It stays below PAGE_BYTES_MOST for any heap: of every list and tree what is large is kept, and
 * what is folded stands as such beside it, so that sums are exact.
 *
 * The same snapshots give the same bytes.
 */
#ifndef SNAP_TOOLS_PAGE_PAGE_H
#define SNAP_TOOLS_PAGE_PAGE_H

#include "leak/finding.h"
#include "report/diff_report.h"

enum { PAGE_BYTES_MOST = 5000000 };

struct page_request {
    struct subject *subject;
    struct subject *base;           /* the earlier snapshot, or NULL */
    const struct findings *findings;
    const struct diff_report *diff; /* of base and subject, all lines; NULL without base */
};

/** What the page holds. */
struct page_result {
    uint64_t bytes;
    uint64_t tree_nodes, tree_bytes, tree_folded; /* of the dominator tree; bytes of the heap */
    uint64_t types, types_folded;
    uint64_t paths;
    uint64_t sites;
};

/** Writes the page. 0, or STATUS_UNUSABLE after a message. Time: the largest list of snaptop, and
 *  page_heap.h. */
int page_write(const struct page_request *request, FILE *out, struct page_result *result);

#endif
