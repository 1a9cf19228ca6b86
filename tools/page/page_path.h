/* SPDX-License-Identifier: MIT */
/*
 * Shortest paths of objects for the page's path viewer. Paths that begin alike share their
 * beginning: every object on one is one step, which knows the step before it.
 *
 * Of a long path the first and the last steps are kept; how many are left out between them stands
 * in the step that follows.
 */
#ifndef SNAP_TOOLS_PAGE_PAGE_PATH_H
#define SNAP_TOOLS_PAGE_PAGE_PATH_H

#include "page/page_tree.h"
#include "page/page_types.h"

/** No step. */
#define PAGE_NO_STEP UINT32_MAX

struct page_step {
    int64_t id;
    uint32_t up;    /* the step before; PAGE_NO_STEP at a root */
    uint32_t edge;  /* names: the reference into it, or the root */
    uint32_t type;  /* names */
    bool is_namespace; /* its keys are global variables or attributes */
    uint64_t gap;   /* steps left out before it */
    uint64_t shallow, retained, native, count;
};

struct page_paths {
    struct page_step *at;
    uint32_t n, capacity;
    uint32_t *slots; /* a hash table of ids: number + 1, 0: free */
    uint32_t n_slots;
    struct page_names *names;
    struct subject *s;
    struct graph_steps *steps;
    sqlite3_stmt *sizes;
    uint64_t end; /* of names->bytes: beyond it nothing is added */
};

/** Begins; `bytes` is what names added from here on may take. 0, or STATUS_UNUSABLE after a
 *  message; page_paths_free in any case. */
int page_paths_begin(struct page_paths *p, struct subject *s, struct page_names *names,
                     uint64_t bytes);
void page_paths_free(struct page_paths *p);

/** Adds the path of a live object, or an object of the garbage by itself; *out is its step, or
 *  PAGE_NO_STEP where there is no room for it any more or no such object. */
int page_paths_add(struct page_paths *p, int64_t id, uint32_t *out);

/** Adds paths of what stands alone in the dominator tree, the largest first, and calls each by the
 *  reference from the object that it stands below, or where there is none by its whole path. */
int page_paths_label(struct page_paths *p, struct page_tree *tree);

/** Writes them as an object of columns. */
void page_paths_json(const struct page_paths *p, struct json *j, const char *key);

#endif
