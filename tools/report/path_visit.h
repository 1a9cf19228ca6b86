/* SPDX-License-Identifier: MIT */
/*
 * The shortest paths of many objects at once: every object that lies on one of them, each with the
 * object before it and the reference between the two. Since every object has one parent, they form
 * a tree, in which shared beginnings stand once.
 *
 * Few objects are looked up one by one; many (PATH_SCAN_MIN) are read by one scan of the live
 * objects and one of their references.
 */
#ifndef SNAP_TOOLS_REPORT_PATH_VISIT_H
#define SNAP_TOOLS_REPORT_PATH_VISIT_H

#include "report/subject.h"

enum { PATH_SCAN_MIN = 50000 };

/* The reference into an object, in 64 bits: kind (16), then the number of its name in `string`; 0
 * where positions and unrecorded keys stand alike as `[*]`. A root: kind + 256 and its name. */
typedef uint64_t path_label_t;
#define PATH_LABEL(kind, name) ((path_label_t)(kind) << 48 | (uint64_t)(name))
#define PATH_LABEL_KIND(label) ((int)((label) >> 48))
#define PATH_LABEL_NAME(label) ((int64_t)((label) & ((UINT64_C(1) << 48) - 1)))
#define PATH_LABEL_ROOT        256

/* One object on a path. */
struct path_visit {
    uint32_t object;   /* id - live_root_id */
    uint32_t parent;   /* index of the visit before it, smaller than its own; UINT32_MAX: none */
    uint32_t type;     /* type_id */
    path_label_t label;
};

struct path_visits {
    struct path_visit *at; /* by distance from the roots, then in order of ids */
    uint32_t n;
    uint32_t *instance;    /* [n_instances] indexes of the objects asked for, by id ascending */
    uint32_t n_instances;
};

/** Visits the paths of the live objects ids[0 .. n-1] (sorted, no duplicates). Returns 0 or
 *  STATUS_UNUSABLE after a message. */
int path_visit(struct subject *s, const int64_t *ids, size_t n, struct path_visits *out);
void path_visits_free(struct path_visits *v);

#endif
