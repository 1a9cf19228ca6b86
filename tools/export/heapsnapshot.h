/* SPDX-License-Identifier: MIT */
/*
 * The state of the writer of V8 heap snapshots (.heapsnapshot), shared by its files.
 *
 *   heapsnapshot.c        the flow, the header, nodes
 *   heapsnapshot_edges.c  edges and roots
 *   heapsnapshot_names.c  the table of strings; kinds of nodes
 *   heapsnapshot_trace.c  the tree of allocations
 *
 * Such a file is a few flat arrays in a fixed order: nodes, edges by node, stacks, strings.
 * Nodes say how many edges they have, so references are read twice: to count, and to write.
 *
 * Node 0 is the root; nodes of our own follow; then objects in the order of their ids (in the order
 * of the dominator tree), so that an object's number is its id less a constant. The virtual root of
 * the garbage is a node among them. Of a snapshot that came from V8, the root is its own root node.
 *
 * Memory: 4 bytes a node for the number of its edges, 12 for its id where that is made from its
 * address, and the names of types. Cost: O(objects + references), two scans of `ref`.
 */
#ifndef SNAP_TOOLS_EXPORT_HEAPSNAPSHOT_H
#define SNAP_TOOLS_EXPORT_HEAPSNAPSHOT_H

#include "export/emit.h"
#include "export/export.h"
#include "export/stacks.h"

/* Kinds of nodes and edges by their numbers in the lists that the header has. */
enum v8_out_node {
    OUT_HIDDEN, OUT_ARRAY, OUT_STRING, OUT_OBJECT, OUT_CODE, OUT_CLOSURE, OUT_REGEXP, OUT_NUMBER,
    OUT_NATIVE, OUT_SYNTHETIC, OUT_CONCATENATED, OUT_SLICED, OUT_SYMBOL, OUT_BIGINT, OUT_SHAPE
};
enum v8_out_edge {
    OUT_CONTEXT, OUT_ELEMENT, OUT_PROPERTY, OUT_INTERNAL, OUT_HIDDEN_EDGE, OUT_SHORTCUT, OUT_WEAK
};

enum { OUT_FIELDS = 7, OUT_ROOT_KINDS = 32, OUT_EDGE_KINDS = 18, OUT_NAME_BYTES = 1024 };

/* Largest value of a field. */
#define OUT_MAX UINT32_MAX

/* The first strings; those of kinds, types, the database and the contents follow. */
enum out_string {
    OUT_S_DUMMY, OUT_S_EMPTY, OUT_S_GC_ROOTS, OUT_S_GARBAGE, OUT_S_UNREACHABLE, OUT_S_ENTRY,
    OUT_S_NO_FUNCTION, OUT_S_EDGE_KINDS, OUT_S_ROOT_KINDS = OUT_S_EDGE_KINDS + OUT_EDGE_KINDS,
    OUT_S_TYPES = OUT_S_ROOT_KINDS + OUT_ROOT_KINDS
};

/* What nodes of a type are. */
struct out_type {
    uint64_t name;  /* offset in v8_out.type_names */
    uint8_t kind;   /* enum v8_out_node */
    bool is_string; /* contents, where they were recorded, are the name; the kind is string then */
    bool own_name;  /* the object's own name is the node's; then a function's */
    bool unnamed;   /* V8's nodes without a name of their own */
};

struct out_edge {
    enum v8_out_edge kind;
    uint32_t name_or_index, to;
};

struct v8_out {
    struct export_job *job;
    struct heapdb *db;
    struct emit e;
    bool is_v8;           /* the dump came from V8 */
    bool kinds_told;      /* by the flags of types: of V8's internal nodes */
    bool sites_are_places; /* stacks of functions tell where these stand: nothing else has one */
    int64_t root_object;  /* its root node; 0: none, the root is made here */
    int64_t live, garbage, last; /* ids: of the virtual roots, of the last row that is a node */
    uint32_t n_nodes, n_own;     /* n_own: nodes made here, after the root */
    uint32_t garbage_node;       /* 0: there is no garbage */
    uint64_t n_edges;

    int n_root_kinds;     /* roots by kind: a node each, where the root is made here */
    int64_t root_kind[OUT_ROOT_KINDS];

    uint32_t *edges;      /* [n_nodes] how many each has */

    struct u64map type_of; /* type id -> index + 1 */
    struct out_type *types;
    size_t n_types, type_capacity;
    struct text type_names;
    uint64_t first_db_string, max_db_string;
    uint8_t *used;        /* bits: strings of the database that were named */
    uint64_t first_value, n_values;

    struct export_stacks stacks;
    uint32_t *script;     /* [stacks.n_frames] number of a frame's file, from 1; 0: none */
    struct out_place {
        uint32_t node, frame;
    } *places;            /* of functions, by node ascending */
    size_t n_places, place_capacity;

    bool keep_ids;        /* V8's own ids */
    bool stable_ids;      /* ids are made from addresses */
    uint32_t *taken;      /* a set of ids; 0: free */
    size_t taken_mask;
    uint64_t next_id;

    uint64_t sizes_clamped, indexes_clamped, names_cut, refs_dropped;
};

/** The number of an object's node; OUT_MAX where it has none. */
static inline uint32_t out_node(const struct v8_out *x, int64_t id)
{
    if (id <= x->live || id > x->last) return OUT_MAX;
    if (id == x->root_object) return 0;
    return (uint32_t)(id - x->live) + x->n_own - (x->root_object && id > x->root_object);
}

/* ---- heapsnapshot_names.c ---- */

/** The types and their names; where each kind of strings begins. */
int out_names_load(struct v8_out *x);

/** The type with this id; NULL after a message. */
const struct out_type *out_type(struct v8_out *x, int64_t type_id);
uint32_t out_type_string(const struct v8_out *x, const struct out_type *type);

/** The index of a string of the database. */
int out_db_string(struct v8_out *x, int64_t id, uint32_t *index);

/** One more string of the table. */
void out_string(struct v8_out *x, const char *s);

/** The member "strings". */
int out_strings(struct v8_out *x);

/* ---- heapsnapshot_edges.c ---- */

/** Counts, into x->edges and x->n_edges. */
int out_count_edges(struct v8_out *x);

/** The member "edges". */
int out_edges(struct v8_out *x);

/* ---- heapsnapshot_trace.c ---- */

/** Numbers the files of frames. False: no memory. */
bool out_scripts(struct v8_out *x);

/** Members "trace_function_infos" and "trace_tree". False: no memory. */
bool out_trace(struct v8_out *x);

/** Notes where a function stands: at the innermost frame of its stack. False: no memory. */
bool out_add_place(struct v8_out *x, uint32_t node, int64_t stack_id);

/** The member "locations". */
void out_locations(struct v8_out *x);

/** Its part of the strings, the last ones. */
void out_trace_strings(struct v8_out *x);

/** The number of an allocation stack; 0: none. */
uint32_t out_trace_node(const struct v8_out *x, int64_t stack_id);

#endif
