/* SPDX-License-Identifier: MIT */
/*
 * A tree of sizes with what is large in it, and the rest of every node folded: the dominator tree
 * (page_heap.h) and the stacks of allocations (page_sites.h).
 *
 * For every node: bytes = own + its children's bytes + rest, and likewise for what is counted:
 * count = n + its children's count + rest_count. So nothing is lost and nothing stands twice.
 */
#ifndef SNAP_TOOLS_PAGE_PAGE_TREE_H
#define SNAP_TOOLS_PAGE_PAGE_TREE_H

#include "page/page_names.h"

#define PAGE_NO_NODE UINT32_MAX

struct page_node {
    uint32_t parent; /* smaller than its own number; PAGE_NO_NODE: none */
    uint32_t depth;
    uint32_t type;   /* names */
    uint32_t label;  /* what this one is called in its parent; PAGE_NO_NAME: by its type alone */
    uint32_t path;   /* its place in page_paths; PAGE_NO_NODE: none */
    int64_t object;  /* the object, or the largest one of several; 0: none */
    uint64_t n;      /* objects that stand here */
    uint64_t own;    /* their own bytes */
    uint64_t count, bytes;           /* with all below */
    uint64_t rest_count, rest_bytes; /* below, folded */
};

/** `{0}` is empty; node 0 is the top. */
struct page_tree {
    struct page_node *at;
    uint32_t n, capacity;
};

/** Appends a node below `parent`; PAGE_NO_NODE without memory. */
uint32_t page_tree_add(struct page_tree *t, uint32_t parent);
void page_tree_free(struct page_tree *t);

/** Whether every node adds up. O(nodes). */
bool page_tree_adds_up(const struct page_tree *t);

/** Bytes that are folded in all nodes together. */
uint64_t page_tree_folded(const struct page_tree *t);

/** Writes it as an object of columns. */
void page_tree_json(const struct page_tree *t, struct json *j, const char *key);

#endif
