/* SPDX-License-Identifier: MIT */
/*
 * Names by searches backwards: an object that its shortest path gives no lasting name is called by
 * the first of its holders that has one. What the rows met so far hold alone is no way to them, so it
 * is jumped over in the index, however much it is. Bounded by SEARCH_OBJECTS, SEARCH_REFERRERS and
 * SEARCH_BUDGET.
 */
#include "db/diff_name_private.h"

#include <stdlib.h>

#include <snap/format.h>

#include "cli/message.h"
#include "db/diff_variable.h"

/* A search backwards: rows met, each with the row nearer to the start that it refers to. */
struct search {
    uint32_t row[SEARCH_OBJECTS], next[SEARCH_OBJECTS];
    int kind[SEARCH_OBJECTS];        /* of the reference to row[next[i]] */
    int64_t name_id[SEARCH_OBJECTS]; /* -1: none */
    uint32_t n;
    bool inside; /* holders that the rows met hold themselves count as well */
    struct rowmap seen;
};

static bool search_add(struct search *s, uint32_t row, uint32_t next, int kind, int64_t name_id)
{
    if (s->n == SEARCH_OBJECTS || rowmap_get(&s->seen, row) != ROWMAP_NONE) return true;
    s->row[s->n] = row;
    s->next[s->n] = next;
    s->kind[s->n] = kind;
    s->name_id[s->n] = name_id;
    return rowmap_set(&s->seen, row, s->n++);
}

/* Is an entry a context that has the next row in one of its variables? */
static bool is_name(const struct search *s, const struct diff_names *n, uint32_t i)
{
    return s->kind[i] == SNAP_EDGE_VARIABLE && s->name_id[i] >= 0 &&
           diff_variables_in(n->variables, s->row[i]);
}

/* A row of the search that a row is held by alone, itself not counted, at most HELD_CLIMB dominators
 * up: no way leads there through this one but by way of that. HEAP_NONE: there is none. */
static uint32_t held_by_search(const struct diff_names *n, const struct search *s, uint32_t row)
{
    enum { HELD_CLIMB = 16 };
    const struct diff_rows *a = n->from.rows;
    if (s->inside || row == HEAP_NONE) return HEAP_NONE;
    if (row > s->row[0] && row <= a->last[s->row[0]]) return s->row[0];
    for (int up = 0; up < HELD_CLIMB; up++) {
        row = a->dominator[row];
        if (row == HEAP_NONE || row == 0) return HEAP_NONE;
        if (rowmap_get(&s->seen, row) != ROWMAP_NONE) return row;
    }
    return HEAP_NONE;
}

/* Looks at who refers to entry i; 1 when a named holder was found (the last entry). */
static int search_step(struct diff_names *n, struct search *s, uint32_t i)
{
    const struct diff_rows *a = n->from.rows;
    sqlite3_stmt *q = n->behind;
    int got, found = 0;
    sqlite3_bind_int64(q, 1, a->first_id + (int64_t)s->row[i]);
    sqlite3_bind_int64(q, 2, SEARCH_REFERRERS);
    sqlite3_bind_int64(q, 3, 0);
    while (!found && (got = heapdb_step(n->from.db, q)) != 0) {
        if (got < 0) return -1;
        n->looked++;
        uint32_t row = diff_names_row_of(n, sqlite3_column_int64(q, 0));
        int64_t kind = sqlite3_column_int64(q, 1);
        uint32_t holder = held_by_search(n, s, row);
        if (holder != HEAP_NONE) { /* goes on behind all that it holds, however many they are */
            sqlite3_reset(q);
            sqlite3_bind_int64(q, 3, a->first_id + (int64_t)a->last[holder]);
            continue;
        }
        if (row == HEAP_NONE || !heapdb_edge_holds(kind) || kind == SNAP_EDGE_TYPE) continue;
        bool name = sqlite3_column_type(q, 2) != SQLITE_NULL;
        uint32_t before = s->n;
        if (!search_add(s, row, i, (int)kind, name ? sqlite3_column_int64(q, 2) : -1)) {
            n->sign->failed = true;
            found = -1;
        } else if (s->n > before && is_name(s, n, s->n - 1)) {
            found = 1;
        } else if (s->n > before) {
            bool named;
            int status = diff_names_is_named(n, row, &named);
            found = status ? -1 : named;
        }
    }
    sqlite3_reset(q);
    return found;
}

/* The path of a finished search: the named holder's, then forwards to the start. */
static int search_path(struct diff_names *n, const struct search *s, uint32_t *node)
{
    uint32_t i = s->n - 1, at, label = NAME_NO_LABEL;
    if (is_name(s, n, i) && diff_names_variable(n, s->row[i], s->name_id[i], &label))
        return STATUS_UNUSABLE;
    if (label != NAME_NO_LABEL) {
        i = s->next[i];
        at = diff_names_variable_node(n, s->row[i], label);
    } else if (diff_names_climb(n, s->row[i], &at)) {
        return STATUS_UNUSABLE;
    }
    for (; i != 0 && !n->sign->failed; i = s->next[i]) {
        if (diff_names_step(n, s->row[i], s->kind[i], s->name_id[i], at, s->row[s->next[i]], &at))
            return STATUS_UNUSABLE;
    }
    if (n->sign->failed) return message_no_memory("names of objects");
    *node = at;
    return 0;
}

/* Looks backwards for a path with a name, 1 where there is one; *node stays as it is where not.
 * *all: it was not cut short. */
static int search_from(struct diff_names *n, uint32_t row, bool inside, bool *all, uint32_t *node)
{
    struct search *s = calloc(1, sizeof *s);
    if (!s || !search_add(s, row, 0, 0, -1)) {
        free(s);
        message_no_memory("names of objects");
        return -1;
    }
    s->inside = inside;
    int found = 0;
    for (uint32_t i = 0; !found && i < s->n && n->looked < SEARCH_BUDGET; i++)
        found = search_step(n, s, i);
    *all = s->n < SEARCH_OBJECTS;
    if (found < 0 && n->sign->failed) message_no_memory("names of objects");
    if (found > 0 && search_path(n, s, node)) found = -1;
    rowmap_free(&s->seen);
    free(s);
    return found;
}

/* What refers to an executor's queue by way of the thousands of tasks in it comes last: a class that
 * only the object itself holds may be its name, `Plugin.instances`. */
int diff_names_search(struct diff_names *n, uint32_t row, uint32_t *node)
{
    bool all;
    int found = search_from(n, row, false, &all, node);
    if (found == 0 && all && n->from.rows->last[row] > row)
        found = search_from(n, row, true, &all, node);
    return found < 0 ? STATUS_UNUSABLE : 0;
}
