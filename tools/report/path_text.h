/* SPDX-License-Identifier: MIT */
/*
 * A path as people read code: `app.REGISTRY['done'][3].body`.
 *
 * A variable that is no root, such as a static field of Java, is called by its own name, wherever the
 * path comes from (db/variable.h): `com.example.Cache.entries[3]`; a class of Ruby by its own.
 * The root stands for itself by its name (a module, a global or local variable) or as `<external>`,
 * `<thread worker-1>`, .. where it has none. Steps are those of heapdb_label. An instance's
 * dictionary is no step that a programmer would write: `.__dict__['x']` is `.x`.
 * All text is appended as it is: escape it on its way out.
 */
#ifndef SNAP_TOOLS_REPORT_PATH_TEXT_H
#define SNAP_TOOLS_REPORT_PATH_TEXT_H

#include <stdbool.h>

#include "cli/text.h"
#include "db/graph_chain.h"

/** A path under way; `{0}` to begin with. */
struct path_text {
    bool dict;   /* `.__dict__` was met and not yet written: the next step decides */
    bool global; /* the step before is a global; its namespace's keys are its attributes */
};

/** Appends one step (the first one of a path is a root). */
void path_text_step(struct path_text *p, struct text *t, const struct graph_step *step);

/** Ends the path. */
void path_text_end(struct path_text *p, struct text *t);

/** The edge into a step by itself, for a table: `.body`, `[3]`, `global app`, `local x`. */
void path_text_edge(struct text *t, const struct graph_step *step);

/** As path_text_edge, but list positions and data keys are `[*]`: what alike steps share. */
void path_text_alike(struct text *t, const struct graph_step *step);

/** Where a local variable lives: ` of handle (app.py:12) in thread worker-1`; "" for other
 *  roots. */
void path_text_where(struct text *t, const struct graph_step *step);

/** The whole expression of a chain; left-out steps are ` ... `, the same step many times over is
 *  written once (`.next(x9)`), and a local variable is told where it lives: ` (local of handle
 *  (app.py:12) in thread worker-1)`. Returns 0 or STATUS_UNUSABLE after a message. */
int path_text_chain(struct text *t, struct graph_steps *r, const struct graph_chain *chain);

#endif
