/* SPDX-License-Identifier: MIT */
/*
 * Why an object is alive, as text and as JSON (snap.path/1 in format/feed.schema.json): its paths,
 * or for garbage what keeps it from being freed yet.
 * Functions print their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_REPORT_PATH_PRINT_H
#define SNAP_TOOLS_REPORT_PATH_PRINT_H

#include "db/graph_disjoint.h"
#include "report/path_text.h"
#include "report/subject.h"

/* How much is shown. */
struct path_limits {
    uint32_t k;        /* paths */
    size_t head, tail; /* steps of a long one: the first and the last */
};

/** One object: a line about it, then its paths, or the story of garbage. */
int path_print_object(struct subject *s, int64_t id, const struct path_limits *limits);

/** An element of the array "targets". */
int path_json_object(struct subject *s, struct json *j, int64_t id,
                     const struct path_limits *limits);

/** "#12 app.Request 'name', retains 1.2 KiB in 12 objects, 56 B itself": appended to `t`. */
void path_object_line(struct text *t, const struct heapdb_object *o);

/** Prints a chain as a table, step by step; long ones a line at a time. `cycle`: the first step is
 *  no root and the last is the first again. */
int path_print_chain(struct graph_steps *steps, const struct graph_chain *chain);

/** Members "text", "length", "cut", "steps" of the open object. */
int path_json_chain(struct graph_steps *steps, struct json *j, const struct graph_chain *chain);

#endif
