/* SPDX-License-Identifier: MIT */
/* Between diff_name.c, which names objects by their paths, diff_name_canon.c and diff_name_search.c,
 * which look for better ones, and diff_name_place.c, which tells the places where they hang. */
#ifndef SNAP_TOOLS_DB_DIFF_NAME_PRIVATE_H
#define SNAP_TOOLS_DB_DIFF_NAME_PRIVATE_H

#include "db/diff_name.h"
#include "db/diff_rowmap.h"

enum {
    SEARCH_OBJECTS = 1000,  /* rows a search may visit */
    SEARCH_REFERRERS = 256, /* references looked at of one row */
    SEARCH_BUDGET = 400000, /* references looked at by all searches */
    PLACE_SEARCHES = 100    /* of those that ask for a place, which must not use up the others' */
};

#define NAME_NO_LABEL (ROWMAP_NONE - 1)

struct diff_names {
    struct diff_name_source from;
    struct sign *sign;
    struct rowmap own;   /* row -> label of a module or class */
    struct rowmap roots; /* row -> label of its best root */
    struct rowmap ranks; /* row -> rank of that root */
    uint32_t *site;      /* by stack id: label of its innermost frame; NULL where references tell
                            what holds objects, which only records of allocations lack */
    uint32_t n_sites;
    struct rowmap held;  /* row -> label of the variable that its parent has it in, or NAME_NO_LABEL */
    struct rowmap nodes; /* row -> node, of climbed rows */
    struct rowmap found; /* row -> node, of rows that were searched for */
    bool failed;         /* in diff_names_hash */
    uint32_t *climb;     /* [NAME_CLIMB_MAX] */
    uint32_t *type_text; /* by type number: its number in the signature's texts, or TEXTS_NONE */
    uint64_t looked;     /* references looked at by searches so far */
    struct diff_variables *variables;
    uint64_t looked_beside; /* by diff_names_beside */
    uint32_t places_searched;
    struct name_canon *canon; /* NULL until it is there */
    sqlite3_stmt *ref; /* of the parent to an object */
    sqlite3_stmt *referrer, *behind, *text, *function;
    sqlite3_stmt *dictionary;    /* NULL where the runtime is not V8 */
    struct rowmap dictionaries; /* row -> 1: an object that is used as a dictionary; 0 */
};

/** The row of an id that a table names, or HEAP_NONE when it is not of this snapshot. */
uint32_t diff_names_row_of(const struct diff_names *names, int64_t id);

/** The label of the best root of a root object, or of where it was allocated where nothing else is
 *  known; ROWMAP_NONE. */
uint32_t diff_names_root_label(const struct diff_names *names, uint32_t row);

/** The signature along the shortest path, whatever it begins with. */
int diff_names_climb(struct diff_names *names, uint32_t row, uint32_t *node);

/** Does the shortest path to a row begin with a name that lasts? */
int diff_names_is_named(struct diff_names *names, uint32_t row, bool *named);

/** The number of a row's type in the signature's texts, or TEXTS_NONE. */
uint32_t diff_names_type(struct diff_names *names, uint32_t row);

/** The node of a row with a name of its own, the text `label`. */
uint32_t diff_names_own_node(struct diff_names *names, uint32_t row, uint32_t label);

/** The label of what the variable with the name `name_id` of a context is called. */
int diff_names_variable(struct diff_names *names, uint32_t context, int64_t name_id,
                        uint32_t *label);
uint32_t diff_names_variable_node(struct diff_names *names, uint32_t row, uint32_t label);

/** The signature of a row by a search backwards; *node stays as it is where nothing was found. */
int diff_names_search(struct diff_names *names, uint32_t row, uint32_t *node);

/** Adds a step over an edge of `source` to a row; name_id is negative for none. */
int diff_names_step(struct diff_names *names, uint32_t source, int kind, int64_t name_id,
                    uint32_t parent, uint32_t row, uint32_t *node);

/** The signature of an object that the module of its class holds, or a class of that module does, by
 *  a name (diff_name_canon.c); SIGN_NONE: no such thing. */
int diff_names_canonical(struct diff_names *names, uint32_t row, uint32_t *node);

/** Starts that, once modules and classes have their names. What was made is freed in any case by
 *  diff_names_canon_free. */
int diff_names_canon_new(struct diff_names *names);
void diff_names_canon_free(struct diff_names *names);

#endif
