/* SPDX-License-Identifier: MIT */
/* Between diff_name.c, which names objects by their paths, and diff_name_place.c, which tells the
 * places where they hang. */
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

struct diff_names {
    struct diff_name_source from;
    struct sign *sign;
    struct rowmap own;   /* row -> label of a module or class */
    struct rowmap roots; /* row -> label of its best root */
    struct rowmap ranks; /* row -> rank of that root */
    uint32_t *site;      /* by stack id: label of its innermost frame; NULL where references tell
                            what holds objects, which only records of allocations lack */
    uint32_t n_sites;
    struct rowmap held;  /* row -> label of the variable that its parent has it in, or no_label */
    struct rowmap nodes; /* row -> node, of climbed rows */
    struct rowmap found; /* row -> node, of rows that were searched for */
    bool failed;         /* in diff_names_hash */
    uint32_t *climb;     /* [NAME_CLIMB_MAX] */
    uint32_t *type_text; /* by type number: its number in the signature's texts, or TEXTS_NONE */
    uint64_t looked;     /* references looked at by searches so far */
    struct diff_variables *variables;
    uint64_t looked_beside; /* by diff_names_beside */
    uint32_t places_searched;
    sqlite3_stmt *ref, *referrer, *text, *function;
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

#endif
