/* SPDX-License-Identifier: MIT */
/*
 * The shortest paths of many objects merged into one tree: what holds all objects of a type, in how
 * many ways, and how much by each. Pure: arrays in, a tree out.
 *
 * Objects whose paths look alike are one node of the tree: the same type, reached by the same label
 * (list positions and unrecorded keys are alike) from objects that are one node. Two rules keep the
 * tree readable where data shapes the heap:
 *   - A node that fans out into more than PATH_NAMES_MAX different recorded keys is a table of
 *     data: its keys are treated alike from then on.
 *   - A chain that repeats itself (`.next.next.next`, `.parent['children'][*]..`) is folded from
 *     its third round on into the second, for periods up to PATH_PERIOD_MAX steps; the node says
 * so. Every object has one shortest path here, so counts and bytes add up: a node's are its own
 * objects' plus its children's.
 *
 * O(objects on the paths) expected time, 32 B an object and 64 B a node.
 */
#ifndef SNAP_TOOLS_REPORT_PATH_MERGE_H
#define SNAP_TOOLS_REPORT_PATH_MERGE_H

#include <stdbool.h>

#include "report/path_visit.h"

enum { PATH_NAMES_MAX = 20, PATH_PERIOD_MAX = 4 };

/* What one object asked for adds to its node. */
struct path_amount {
    uint64_t n;
    uint64_t shallow_size;
    uint64_t retained_size; /* topmost objects only; nothing is counted twice */
};

struct path_node {
    uint32_t parent;      /* smaller than its own number; 0 for the children of the top */
    uint32_t type;        /* type_id */
    path_label_t label;
    uint64_t objects;     /* different objects that stand here */
    struct path_amount own; /* objects asked for that stand here */
    struct path_amount all; /* the same, with everything below */
    uint32_t keys;        /* different recorded keys among its children */
    bool repeats;         /* stands for further rounds of a repeating chain as well */
};

struct path_tree {
    struct path_node *at; /* at[0] is the top, which is no object */
    uint32_t n;
};

/** Merges the visits; amount[i] belongs to visits->instance[i]. False without memory. */
bool path_merge(const struct path_visits *visits, const struct path_amount *amount,
                struct path_tree *out);
void path_tree_free(struct path_tree *tree);

#endif
