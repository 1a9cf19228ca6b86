/* SPDX-License-Identifier: MIT */
/*
 * Names objects of one snapshot by their signature (db/diff_sign.h): which path is taken, read from
 * the database reference by reference, only for objects that are asked for.
 *
 * The path. Starting at the object, the loader's shortest path (parent) is climbed until an object
 * that has a name of its own, a module or a class, or else a root object. So a path begins with the
 * innermost name that stands in the program: `app.Handler.cache`, wherever the class is held.
 *   The rule of choice: canonical over borrowed, lasting over momentary, short over long. An object
 * of a class of the program that has few instances is called by the module of its class, or by a class
 * of that module, where one of these has it in an attribute: `logging.Logger.manager`, and not
 * `concurrent.futures._base.LOGGER.manager`, a reference that another module has borrowed.
 *   A shortest path may run through something that happens to hold the object at the moment, such
 * as a local variable of the thread that is using it; the signature would come and go. Where the
 * climb meets no name, the references to the object are searched backwards, breadth first and
 * bounded, for a holder whose own path has a name; the first found is taken. What the rows met so
 * far dominate is no way to them, and jumped over: thousands of tasks in a queue. Only where there
 * is none does the path begin at the root: `<local handle.batch>`, `<external>`.
 *
 * Functions print their error and return STATUS_UNUSABLE, or 0. One thread a database.
 */
#ifndef SNAP_TOOLS_DB_DIFF_NAME_H
#define SNAP_TOOLS_DB_DIFF_NAME_H

#include "db/diff_rows.h"
#include "db/diff_sign.h"

/** Steps climbed before a path is cut (`(...)` stands for the rest): long lists. */
enum { NAME_CLIMB_MAX = 4096 };

/** Properties of a plain object of JavaScript; one with more is a dictionary, its keys are data. */
enum { NAME_PROPERTIES_MAX = 32 };

struct diff_names;

/** What is needed of a snapshot; all of it outlives the names. */
struct diff_name_source {
    struct heapdb *db;
    const struct heapdb_snapshot *snapshot;
    const struct diff_rows *rows;
    const struct texts *type_names; /* diff_types.names */
};

/** Starts; reads the roots and the names of modules and classes. `sign` is shared by all snapshots
 *  that are compared. *out is NULL after an error. O(roots + types). */
int diff_names_new(struct diff_names **out, const struct diff_name_source *source,
                   struct sign *sign);

/** The signature of a row in *node. Virtual roots are `(live)` and `(garbage)`; garbage, which no
 *  path leads to, is `(garbage)` with its type. Some microseconds a step that was not met before.
 */
int diff_names_row(struct diff_names *names, uint32_t row, uint32_t *node);

/** A hash of the same, that is the same in every process; 0 for garbage and where only the type is
 *  known of the path. An error is remembered (diff_names_failed), and 0. */
uint64_t diff_names_hash(struct diff_names *names, uint32_t row);
bool diff_names_failed(const struct diff_names *names);

/** A hash of the place where a row hangs, of one that holds one object at a time, so that what is
 *  there in another snapshot is the row or its successor: of its path where no step of it is one of
 *  many (`app.history`, `<local main.history>`), else of its reference from a parent that is in
 *  both snapshots (`matched`, by row: not HEAP_NONE) where the reference is a named one. `in_b`:
 *  rows of parents are those of B themselves, not the partners. 0: no such place. An error is
 *  remembered. */
uint64_t diff_names_place(struct diff_names *names, uint32_t row, const uint32_t *matched,
                          bool in_b);

/** An object that is in both snapshots and holds a row that a root holds (heap_match_options'
 *  `beside`): of a module the table of modules, else the first, by id, of at most 256 references
 *  whose own path begins with a name that lasts. HEAP_NONE: none. */
uint32_t diff_names_beside(struct diff_names *names, uint32_t row, const uint32_t *matched);

/** The place in the runtime that holds a row as its root, `<runtime attribute cache>`,
 *  `<callback atexit>`: its node + 1; 0 where the row is no such root, or one that has other names
 *  as well or is a variable. In records of allocations, without references, the place where it was
 *  allocated: `<allocated at app/views.py:12>`. */
uint64_t diff_names_root_place(struct diff_names *names, uint32_t row);

/** Are these records of allocations, of which the places are all that is known? */
bool diff_names_is_traced(const struct diff_names *names);

/** How the parent refers to a row: appends `[*]`, `.x`; nothing where it has no parent. */
int diff_names_edge(struct diff_names *names, uint32_t row, struct text *out);

/** Another holder of a row beside `holder`: of those that `matched` has a partner for (not
 * HEAP_NONE) the first, by id, of at most 256 references. *node is SIGN_NONE where there is none.
 */
int diff_names_other(struct diff_names *names, uint32_t row, uint32_t holder,
                     const uint32_t *matched, uint32_t *node);

/** A hash of the name that a row has by itself: of a module or class, else of the root that it is;
 * 0 where it has neither. The same for the same name in every snapshot. */
uint64_t diff_names_label_hash(const struct diff_names *names, uint32_t row);

/** The name of a type of the comparison. */
const char *diff_names_of_type(const struct diff_names *names, uint32_t type);

/** The name that a row has of its own, as modules and classes have; NULL: none. */
const char *diff_names_own(const struct diff_names *names, uint32_t row);

void diff_names_free(struct diff_names *names);

#endif
