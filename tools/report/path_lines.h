/* SPDX-License-Identifier: MIT */
/*
 * Which lines of a merged tree of paths are shown. A chain without a branch is one line; of all
 * lines the ones with most objects are kept, so what is shown is always connected to the top.
 * Pure. O(nodes log nodes).
 */
#ifndef SNAP_TOOLS_REPORT_PATH_LINES_H
#define SNAP_TOOLS_REPORT_PATH_LINES_H

#include "report/path_merge.h"

struct path_line {
    uint32_t node;   /* the last node of the line's chain */
    uint32_t above;  /* the node after which the chain begins: the end of the line above, or 0 */
    uint32_t parent; /* index of the line above; UINT32_MAX: none */
    uint32_t depth;
    uint32_t n_hidden; /* lines below that are not shown */
    uint64_t n_hidden_objects; /* objects asked for below those */
};

struct path_lines {
    struct path_line *at; /* as they are printed: each followed by the lines below it, most first */
    uint32_t n;
    uint32_t total;       /* lines in all */
    uint32_t n_hidden;    /* at the top */
    uint64_t n_hidden_objects;
};

/** Chooses at most `limit` lines. False without memory. */
bool path_lines_choose(const struct path_tree *tree, uint32_t limit, struct path_lines *out);
void path_lines_free(struct path_lines *lines);

#endif
