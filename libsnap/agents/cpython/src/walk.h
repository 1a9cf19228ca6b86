/* SPDX-License-Identifier: MIT */
/*
 * The walk over the heap: every object that the collector knows, everything that these and the
 * interpreter's own references reach, each once, written as it is met.
 *
 * The heap must stand still: the caller holds the GIL all the while, or the walk runs in a forked
 * child. Nothing is allocated but through mem.h, no reference is taken, no Python code runs. The
 * functions tp_traverse of extension types are called, as the collector would.
 *
 * Order. The objects of the collector's lists come first, list by list, which gives each its
 * generation for free; then what the interpreter holds; then, breadth first, what all of them
 * reach. An object's place in this order is its ordinal: edges name their targets by it. Object k's
 * row and then its edges are written in this order.
 *
 * Speed. The heap is larger than any cache, so that the cost is that of waiting for memory. Work is
 * done in batches: headers of the next batch are prefetched while this one is read, and references
 * are looked up in the set only after their slots have been prefetched (objset.h).
 *
 * Memory: 14 to 20 bytes an object, the writer's own, and under 3 MiB besides.
 */
#ifndef HEAPSNAP_WALK_H
#define HEAPSNAP_WALK_H

#include "describe.h"
#include "names.h"
#include "objset.h"
#include "pairmap.h"
#include "types.h"

#define WALK_BATCH 64u
#define WALK_EDGES 2048u

/** An object's row that waits for the edges of its batch to be looked up. */
struct walk_row {
    snap_object object;
    PyObject *op;
    uint32_t first_edge;
};

/** A reference of the object in hand that is known by name and that tp_traverse may show again. */
struct known_ref {
    PyObject *target; /* NULL: shown already */
    uint64_t name;
    uint16_t kind;
    bool pending; /* not written yet: whether it is owned depends on its being shown */
};

struct walk_known {
    struct known_ref *refs;
    uint32_t n, room;
    uint32_t left;    /* not shown yet */
    uint32_t next;    /* where the next match is likely */
    uint32_t pending; /* not written yet */
};

struct walk {
    struct mem *mem;
    snap_writer *writer;
    struct arena arena;
    struct objset set;
    struct names names;
    struct types types;
    struct describe describe;
    struct pairmap frames;        /* code object and line -> frame id */
    struct pairmap stacks;        /* parent stack and frame -> stack id */
    struct site_code *site_codes; /* the program's code by file and line (sites.c) */
    uint64_t n_site_codes;
    size_t site_codes_size;
    struct objset garbage; /* what the collector could not free */
    bool sites;            /* write allocation stacks */
    uint64_t *sites_ns;

    uint64_t generation_end[LAYOUT_GC_LISTS]; /* ordinal after the last object of each list */
    uint64_t next;                            /* ordinal to be visited next */
    struct walk_known known;
    const struct lru_link *lru_head, *lru_at; /* the lru_cache being visited, and where (visit.c) */
    unsigned lru_told;
    struct walk_row *rows;
    uint32_t n_rows;
    snap_edge *edges;
    uint32_t n_edges;
    uint16_t other_kind; /* kind of the references that only tp_traverse tells */

    bool values;         /* write previews */
    PyObject *interned;  /* the table of interned strings, whose references do not count */
    const char *failure; /* NULL, or why the walk cannot go on: a sentence */
    /** Asked once in a while; a sentence to give up, or NULL. */
    const char *(*give_up)(void *ctx);
    void *give_up_ctx;
};

struct walk_options {
    const struct describe *describe; /* from describe_init; copied */
    struct hash_key key;
    dump_names names;
    bool values;
    bool stacks;         /* allocation stacks: tracemalloc is on and readable here */
    uint64_t *stacks_ns; /* where the time spent on allocation stacks is added up */
    const char *(*give_up)(void *ctx);
    void *give_up_ctx;
};

/** Everything, between snap_writer_begin and snap_writer_finish. Returns NULL, or why it failed. */
const char *walk_run(struct mem *mem, snap_writer *writer, const struct walk_options *options);

/* ---- between the parts of the walk ----------------------------------------------------------- */

/** Why a walk fails that has no memory left. */
#define WALK_NO_MEMORY "no memory left for the walk"

/** Ordinal of an object, put into the queue if it is new; OBJSET_NONE after a failure. */
uint64_t walk_ordinal(struct walk *walk, PyObject *op);

/** Look up the targets of the pending edges and write what is pending. */
void walk_flush(struct walk *walk);

/** Write a reference of the object in hand. */
static inline void walk_edge(struct walk *walk, const PyObject *target, uint16_t kind,
                             uint16_t flags, uint64_t name)
{
    if (walk->n_edges == WALK_EDGES) walk_flush(walk);
    objset_prefetch_slot(&walk->set, (uintptr_t)target);
    walk->edges[walk->n_edges++] = (snap_edge){
        .target = (uint64_t)(uintptr_t)target, .name = name, .kind = kind, .flags = flags
    };
}

/** Write an element of the object in hand, or nothing where it is NULL. Positions count up by
 *  themselves from the first edge of an object on, which is why elements come before what else it
 *  refers to; they are told after a hole. */
static inline void walk_element(struct walk *walk, const PyObject *target, uint64_t index,
                                bool *hole)
{
    if (target == NULL) {
        *hole = true;
        return;
    }
    walk_edge(walk, target, SNAP_EDGE_ELEMENT, (uint16_t)SNAP_EDGE_OWNS, 0);
    if (!*hole) return;
    snap_edge *edge = &walk->edges[walk->n_edges - 1];
    edge->flags = (uint16_t)(edge->flags | SNAP_EDGE_HAS_INDEX);
    edge->index = index;
    *hole = false;
}

/** References of an object (visit.c). */
void visit_object(struct walk *walk, PyObject *op, const struct type_info *info);

/** The elements of an array of numpy, which stand before its other references (visit_numpy.c).
 *  O(elements). */
void visit_ndarray_items(struct walk *walk, PyObject *op);

/** What else the array's structure refers to. */
void visit_ndarray_fields(struct walk *walk, PyObject *op);

/** Root rows of the interpreter, its modules and threads (roots.c). */
void roots_write(struct walk *walk);

/** Root rows of the classes that are part of loaded files; after the walk has met them all. */
void roots_write_classes(struct walk *walk);

/** The id of a frame row for a code object at a line (roots.c). */
uint64_t roots_frame(struct walk *walk, PyCodeObject *code, int line);

/** The id of a stack row for a frame on top of a stack (roots.c). */
uint64_t roots_stack(struct walk *walk, uint64_t parent, uint64_t frame);

/** Put the program's code in order by file and line, for sites_stack (sites.c). */
void sites_prepare(struct walk *walk);

/** Stack id of the allocation of an object, 0: unknown (sites.c). */
uint64_t sites_stack(struct walk *walk, PyObject *op, const struct type_info *info);

#endif
