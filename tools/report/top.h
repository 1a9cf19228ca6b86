/* SPDX-License-Identifier: MIT */
/*
 * What is largest in a snapshot, by one dimension: the answers of snaptop, one list each.
 *
 * Retained sizes are exact sizes of dominator subtrees. For an object it is its own; for a group of
 * objects (a type, a package, a site, what the classes of one class loader made) it is the sum over the group's topmost objects, those that
 * hang below no other member in the dominator tree, so that nothing is counted twice. Memory
 * outside the heap that goes with them is told beside, and counts in the order and in the shares.
 * What only two members together hold is in neither's subtree: `exact` adds it (top_exact), at the price of
 * reading the reference graph.
 *
 * Functions print their error and return 0 or STATUS_UNUSABLE; on failure the list is empty.
 * Threads: one at a time. Texts in rows are hostile and not yet escaped.
 */
#ifndef SNAP_TOOLS_REPORT_TOP_H
#define SNAP_TOOLS_REPORT_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/graph_set.h"
#include "report/subject.h"

/* The order of the words of --by. */
enum top_by {
    TOP_OBJECT,
    TOP_TYPE,
    TOP_SITE,
    TOP_PACKAGE,
    TOP_LOADER,
    TOP_GLOBAL,
    TOP_THREAD,
    TOP_CYCLE,
    TOP_ROOT
};
extern const char *const top_by_words[];

enum top_sort { TOP_RETAINED, TOP_SHALLOW, TOP_COUNT };
extern const char *const top_sort_words[];

struct top_request {
    enum top_by by;
    enum top_sort sort;
    bool garbage;     /* of the garbage, not of what is live; not by global, thread, root, which
                         hold none */
    size_t n;         /* rows wanted; SIZE_MAX: all */
    unsigned depth;   /* of packages: 1 `django`, 2 `django.db`; at most 3 */
    const char *type; /* TOP_OBJECT: only objects of types that match; NULL: all */
};

/* One line. */
struct top_row {
    int64_t id;        /* object, type, loader, stack, cycle or thread; 0: none (packages, kinds of
                          roots, no loader) */
    char *name;        /* what it is */
    char *detail;      /* more about it, or NULL */
    uint64_t n;        /* members; for one object those that it retains */
    uint64_t shallow_size;
    uint64_t retained_size;
    uint64_t retained_native; /* outside the heap; 0 where the list has none */
    bool has_exact;
    struct heap_retained exact; /* the retained size of all members together */
    int64_t *key;      /* TOP_TYPE, _PACKAGE, _LOADER: type ids of the group; TOP_SITE: stack id */
    size_t n_keys;
};

struct top_list {
    struct top_request request;
    struct top_row *rows;
    size_t n, capacity;
    uint64_t total;   /* groups or objects there are, shown or not */
    uint64_t whole;   /* the live or the garbage size */
    uint64_t whole_native; /* outside the heap; 0: there is none, or it is not known */
};

/** What a row retains, memory outside the heap included; shares are of top_whole. */
static inline uint64_t top_retained(const struct top_row *row)
{
    return row->retained_size + row->retained_native;
}

static inline uint64_t top_whole(const struct top_list *list)
{
    return list->whole + list->whole_native;
}

/** Frees the rows. */
void top_list_free(struct top_list *list);

/** The largest by request->by. */
int top_list_load(struct subject *s, const struct top_request *request, struct top_list *out);

/** Adds `exact` to every row that has members to sum up: types, packages, class loaders, sites. One pass over the
 *  reference graph for all rows, then one search a row. */
int top_exact(struct subject *s, struct top_list *list);

/** The objects that a query returns in its first column; *ids is malloc'd. */
int top_query_ids(struct subject *s, const char *sql, int64_t **ids, size_t *n);

/** Every object of the types that match `pattern`, live or garbage, as for top_query_ids. */
int top_type_ids(struct subject *s, const char *pattern, bool garbage, int64_t **ids, size_t *n);

/* ---- for the files that fill lists ---- */

/** Appends a zeroed row; NULL without memory. */
struct top_row *top_add(struct top_list *list);

/** Brings the rows into the order of request.sort (ties: retained, shallow, name, id) and drops all
 *  beyond request.n. Lists of objects are filled in their order and stay as they are. */
void top_order(struct top_list *list);

/** A text column, "" where null; NULL without memory. */
char *top_text(sqlite3_stmt *q, int column);

int top_objects(struct subject *s, struct top_list *list);
int top_types(struct subject *s, struct top_list *list); /* also by class loader */
int top_packages(struct subject *s, struct top_list *list);
int top_sites(struct subject *s, struct top_list *list);
int top_globals(struct subject *s, struct top_list *list);
int top_cycles(struct subject *s, struct top_list *list);
int top_roots(struct subject *s, struct top_list *list);
int top_threads(struct subject *s, struct top_list *list);

/* Sums by group over a range of ids, in one scan. */
struct top_sum {
    uint64_t n, shallow_size, retained_size, retained_native;
    int64_t until; /* while scanning: objects up to this id are below a member already */
};

/* Which group a type or site belongs to; keys ascending. */
struct top_key {
    int64_t key;
    size_t group;
};

/** Sums objects low .. high by the group of their type_id (or stack_id with `site`); objects whose
 *  key is not listed are left out. `sum` is the caller's, zeroed. O(objects log keys). */
int top_scan(struct subject *s, int64_t low, int64_t high, bool site, const struct top_key *keys,
             size_t n_keys, struct top_sum *sum);

#endif
