/* SPDX-License-Identifier: MIT */
/*
 * Paths from a root to an object: which objects (a chain), and what each step is called (a step).
 *
 * A chain can be millions of steps long, so it is read with a limit: the first `head` and the last
 * `tail` steps. The tail is found by climbing from the object. The head is not found by climbing
 * all the way but from above: every path to the object leads through its dominators, so the
 * shortest path to one that is near the root is the beginning of the shortest path to the object.
 *
 * Errors are printed (cli/message.h); functions return 0 or STATUS_UNUSABLE. Rows that contradict
 * each other (a parent that is no nearer to the root) are refused as damaged, so no loop is
 * endless. Threads: one at a time.
 */
#ifndef SNAP_TOOLS_DB_GRAPH_CHAIN_H
#define SNAP_TOOLS_DB_GRAPH_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/graph_load.h"
#include "db/variable.h"

/* Shows all steps where it stands for head or tail. */
#define GRAPH_CHAIN_ALL SIZE_MAX

struct graph_chain {
    size_t n;          /* steps here */
    int64_t *id;       /* [n] the objects, the root object first, the target last */
    int64_t *position; /* [n] ref.position of the reference of the step before that leads here;
                          -1 at a root object */
    size_t cut_at;     /* the step before which others are left out; 0: none are, or the first
                          ones */
    uint64_t n_cut;    /* how many */
    uint64_t length;   /* steps of the whole path, n + n_cut; 0 when there is none (garbage) */
};

/** The shortest path to object `id` that was stored when the database was made: its first `head`
 *  and last `tail` (at least 1) steps. O((head + tail) log objects); all steps: O(steps). Where no
 *  dominator is near the root, the head is left out. */
int graph_chain_shortest(struct heapdb *db, int64_t id, size_t head, size_t tail,
                         struct graph_chain *out);

/** Path number i of a search in the graph. */
int graph_chain_from_paths(struct heapdb *db, const struct graph *g, const struct heap_paths *paths,
                           uint32_t i, struct graph_chain *out);

/** Leaves out the middle of a whole chain, as graph_chain_shortest does. */
void graph_chain_cut(struct graph_chain *chain, size_t head, size_t tail);

void graph_chain_free(struct graph_chain *chain);

/* One step with its names; texts belong to the step. */
struct graph_step {
    int64_t id;
    char *type, *module;   /* module may be NULL */
    char *name;            /* the object's own name, or NULL */
    int64_t shallow_size, retained_size;
    int edge_kind;         /* snap_edge_kind of the reference into it; 0 at a root object */
    char *edge_name;
    char *variable;        /* the whole name of the variable that the reference is (variable.h) */
    bool has_key;
    uint64_t key;
    int64_t position;
    int root_kind;         /* snap_root_kind at a root object; 0 elsewhere */
    char *root_name;       /* name of the global or local, or NULL */
    char *thread;          /* thread of a local, or NULL */
    char *function, *file; /* its frame, or NULL */
    int64_t line;          /* 0: unknown */
};

/* Prepared statements for reading steps. */
struct graph_steps {
    struct heapdb *db;
    sqlite3_stmt *object, *ref, *root;
    struct variables *variables; /* once one is met */
};

int graph_steps_begin(struct graph_steps *r, struct heapdb *db);
void graph_steps_end(struct graph_steps *r);

/** Step i of a chain. A root object with several roots is shown by the most telling one: a global
 *  before a local before a thread before what the runtime keeps. Frees what *out held. */
int graph_step_read(struct graph_steps *r, const struct graph_chain *chain, size_t i,
                    struct graph_step *out);

/** The step from object `source` over its reference `position` to `id`, or the root object `id`
 *  when position is negative. */
int graph_step_edge(struct graph_steps *r, int64_t source, int64_t position, int64_t id,
                    struct graph_step *out);
void graph_step_free(struct graph_step *step);

#endif
