/* SPDX-License-Identifier: MIT */
/*
 * The V8 importer's state, shared by its files; not for others (they see import_v8 only).
 *
 *   v8.c        the flow: two passes over the file
 *   v8_rows.c   nodes and edges, in batches
 *   v8_meta.c   the header: which fields and kinds the file has, by name
 *   v8_names.c  strings: which are names, and the types made of them
 *   v8_trace.c  allocation stacks, samples
 *   v8_places.c where the code of functions stands
 *
 * A heap snapshot names everything by index into an array of strings that stands at its end. So the
 * first pass takes header, stacks and strings, and of the two large arrays only what leads from a
 * function to its script; the second hands on nodes and edges as it meets them. Memory: the strings,
 * 9 bytes a node, and what v8_places.c says.
 *
 * Functions return false after an error; the first one stands in `json.error`, or `stopped` is set
 * when the sink has said why.
 */
#ifndef SNAP_TOOLS_IMPORT_V8_PRIVATE_H
#define SNAP_TOOLS_IMPORT_V8_PRIVATE_H

#include "import/file_source.h"
#include "import/json_stream.h"
#include "info/u64map.h"

enum { V8_MAX_FIELDS = 32, V8_MAX_KINDS = 64, V8_BATCH = 8192, V8_MAX_PARTED = 256 };

/* No index: of a field that the file does not have, of a string. */
#define V8_NONE UINT32_MAX

/* Kinds of nodes, by what is done with them. */
enum v8_node {
    V8_HIDDEN, V8_ARRAY, V8_STRING, V8_OBJECT, V8_CODE, V8_CLOSURE, V8_REGEXP, V8_NUMBER,
    V8_NATIVE, V8_SYNTHETIC, V8_CONCATENATED, V8_SLICED, V8_SYMBOL, V8_BIGINT, V8_SHAPE, V8_WASM,
    V8_UNKNOWN_NODE
};

enum v8_edge {
    V8_CONTEXT, V8_ELEMENT, V8_PROPERTY, V8_INTERNAL, V8_HIDDEN_EDGE, V8_SHORTCUT, V8_WEAK,
    V8_UNKNOWN_EDGE
};

/* Positions of fields in a row of one of the arrays; V8_NONE: not in this file. */
struct v8_node_fields {
    uint32_t type, name, id, self_size, edge_count, trace_node_id, detachedness, n;
};

struct v8_edge_fields {
    uint32_t type, name_or_index, to_node, n;
};

struct v8_function_fields {
    uint32_t function_id, name, script_name, script_id, line, column, n;
};

struct v8_trace_fields {
    uint32_t id, function_info_index, children, n;
};

struct v8_sample_fields {
    uint32_t timestamp_us, last_assigned_id, n;
};

struct v8_location_fields {
    uint32_t object_index, script_id, script_object_index, line, column, n;
};

struct v8_meta {
    bool there;
    struct v8_node_fields node;
    struct v8_edge_fields edge;
    struct v8_function_fields function;
    struct v8_trace_fields trace;
    struct v8_sample_fields sample;
    struct v8_location_fields location;
    uint32_t n_node_kinds, n_edge_kinds;
    uint8_t node_kind[V8_MAX_KINDS], edge_kind[V8_MAX_KINDS];
    uint64_t node_count, edge_count, root_index, extra_native_bytes;
    bool has_counts, has_extra_native;
};

/* The strings, one after the other. */
struct v8_strings {
    char *bytes;
    size_t size, cap;
    uint64_t *end; /* [n] where string i ends in bytes */
    size_t n, end_cap;
    uint32_t *id;  /* [n] the id under which it was defined in the sink; 0: not yet */
};

/* Entries of v8_strings.id that are no ids. */
#define V8_EPHEMERON   UINT32_MAX       /* tells of a value of a weak map */
#define V8_NUMBER_NAME (UINT32_MAX - 1) /* a number: a position in an array of V8's own */

/* A node of the tree of allocation stacks. */
struct v8_trace_node {
    uint64_t id;
    uint32_t parent; /* index + 1; 0: the root */
    uint32_t function;
};

struct v8_function {
    uint64_t name, script_name, script_id, line, column;
};

/* A reference from a closure or a part of code to a part of code. */
struct v8_link {
    uint32_t source, target, name;
};

/* Where a closure's code stands; line and column from 1. */
struct v8_place {
    uint32_t node, script, line, column;
    uint32_t script_node; /* V8_NONE: not told */
    uint64_t stack;
};

struct v8_reading {
    const char *path;
    const struct record_sink *sink;
    const struct import_options *options;
    struct import_result *result;
    const struct file_source *source;
    struct jstream json;
    struct v8_meta meta;
    struct v8_strings strings;
    bool stopped;   /* the sink said why */
    bool no_memory;
    bool cut;       /* the file ends early */
    const char *damage; /* of the file's end or its wrapper; NULL: none */
    uint64_t damage_offset;

    uint64_t next_string, next_type;
    uint64_t anonymous;      /* id of the name of functions without one; 0: not yet */
    struct u64map types;     /* (kind, string) -> type id */
    struct { uint32_t name; size_t size; uint64_t type; uint8_t kind; } parted[V8_MAX_PARTED];
    size_t n_parted;         /* types that are the first part of a name */
    struct u64map parts;     /* string -> id of its second part */
    struct u64map table_ids; /* ids of weak maps that names of ephemerons mention */

    struct v8_function *function;
    size_t n_functions, function_cap;
    struct v8_trace_node *trace;
    size_t n_trace, trace_cap;
    struct u64map stacks;    /* id of a trace node -> stack id */
    uint64_t samples;

    struct v8_link *link;
    size_t n_links, link_cap;
    struct v8_place *place; /* by node */
    size_t n_places, place_cap, next_place;

    /* Per node, for the edges: */
    uint32_t *edge_count, *name;
    uint8_t *kind;
    size_t n_nodes, edge_count_cap, name_cap, kind_cap;
    uint32_t *table; /* nodes that are weak maps, ascending, and their ids */
    uint64_t *table_id;
    size_t n_tables, table_cap, table_id_cap;

    uint64_t n_edges, n_roots, objects_sent;
    uint64_t bad_names, bad_targets, bad_kinds, bad_places;
};

/* ---- v8.c ---- */

bool v8_no_memory(struct v8_reading *v);
/* An answer of the sink. */
bool v8_sent(struct v8_reading *v, int status);
/* Makes room for `need` elements of `size` bytes. */
bool v8_grow(struct v8_reading *v, void *array, size_t *cap, size_t need, size_t size);

/* Something is missing or wrong, but the rest is an answer. */
void v8_damage(struct v8_reading *v, uint64_t offset, const char *text);
void v8_damage_count(struct v8_reading *v, uint64_t n, const char *what);

/* ---- v8_rows.c ---- */

/* Notes the next node: what its references need. */
bool v8_keep_node(struct v8_reading *v, enum v8_node kind, uint64_t name, uint64_t edges);
/* The arrays "nodes" and "edges", in this order. */
bool v8_read_nodes(struct v8_reading *v);
bool v8_read_edges(struct v8_reading *v);

/* ---- v8_meta.c ---- */

/* The value of "snapshot". */
bool v8_read_meta(struct v8_reading *v);

/* ---- v8_names.c ---- */

/* The array "strings"; false at its end or an error, json.error tells. */
bool v8_read_strings(struct v8_reading *v);
struct record_text v8_text(const struct v8_reading *v, uint64_t index);
/* The sink's id of a name; 0 where there is none. Of an edge, it may be V8_EPHEMERON or
 * V8_NUMBER_NAME. */
bool v8_name(struct v8_reading *v, uint64_t index, uint64_t *id);
bool v8_edge_name(struct v8_reading *v, uint64_t index, uint64_t *id);
/* Defines a text that is not in the file. */
bool v8_define(struct v8_reading *v, struct record_text text, uint64_t *id);
/* The type of a node, and whether its name is its own (a function's) or content. */
enum v8_name_is { V8_NAME_IS_TYPE, V8_NAME_IS_OWN, V8_NAME_IS_CONTENT, V8_NAME_IS_PARTED };
bool v8_type(struct v8_reading *v, enum v8_node kind, uint32_t name, uint64_t *id,
             enum v8_name_is *is);
/* The own name in one that is type and name ("system / Code / Array.from"); 0 where it has none. */
bool v8_part_name(struct v8_reading *v, uint32_t name, uint64_t *id);
/* The id of the weak map that this name of an ephemeron mentions. */
bool v8_table_id(struct record_text name, uint64_t *id);
/* Is it a number of at most 10 digits? */
bool v8_number(struct record_text name, uint64_t *value);

/* ---- v8_places.c ---- */

/* Does the file tell where functions stand? Then the first pass takes the arrays "nodes", "edges" and
 * "locations" by these. */
bool v8_has_places(const struct v8_reading *v);
bool v8_scan_nodes(struct v8_reading *v);
bool v8_scan_edges(struct v8_reading *v);
bool v8_read_locations(struct v8_reading *v);
/* Frames and stacks, once strings are known; so many stacks are out. */
bool v8_send_places(struct v8_reading *v, uint64_t n_stacks);
/* The stack of a closure, 0 for none; nodes are asked for in ascending order. */
uint64_t v8_place(struct v8_reading *v, size_t node);

/* ---- v8_trace.c ---- */

/* One row of `n` numbers of an array. False at the array's end, or with this error within a row. */
bool v8_read_row(struct jstream *j, struct jstream_place *place, uint32_t n, uint64_t *row,
                 const char *error);
/* A function (its name a string's index) in a file (an id). A line or column of 0 is unknown. */
bool v8_send_frame(struct v8_reading *v, uint64_t id, uint64_t name, uint64_t file, uint64_t line,
                   uint64_t column);
bool v8_read_functions(struct v8_reading *v);
bool v8_read_trace(struct v8_reading *v);
bool v8_read_samples(struct v8_reading *v);
/* Frames and stacks, once strings are known; so many stacks are out then. */
bool v8_send_stacks(struct v8_reading *v, uint64_t *n_stacks);
/* The stack of a trace node; 0 for none. */
uint64_t v8_stack(const struct v8_reading *v, uint64_t trace_node_id);

#endif
