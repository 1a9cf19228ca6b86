/* SPDX-License-Identifier: MIT */
/*
 * The exact retained size of each group that a list shows; top.h. The reference graph is read once;
 * one pass over its objects deals them to the rows; then one search a row (heap_retained_set).
 * O(objects log keys + rows * (objects + references)).
 */
#include <stdlib.h>

#include "cli/message.h"
#include "report/top.h"

static int exact_compare(const void *a, const void *b)
{
    const struct top_key *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

/* The keys of all rows, ascending. */
static struct top_key *exact_keys(const struct top_list *list, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < list->n; i++) *n += list->rows[i].n_keys;
    struct top_key *keys = malloc((*n ? *n : 1) * sizeof *keys);
    if (!keys) return NULL;
    size_t k = 0;
    for (size_t i = 0; i < list->n; i++)
        for (size_t j = 0; j < list->rows[i].n_keys; j++)
            keys[k++] = (struct top_key){ list->rows[i].key[j], i };
    if (*n) qsort(keys, *n, sizeof *keys, exact_compare);
    return keys;
}

/* The list row of a key, or list->n. */
static size_t exact_row(const struct top_key *keys, size_t n, uint32_t key, size_t none)
{
    size_t first = 0, end = n;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (keys[middle].key < (int64_t)key)
            first = middle + 1;
        else
            end = middle;
    }
    return first < n && keys[first].key == (int64_t)key ? keys[first].group : none;
}

/* Deals the graph's objects to the list's rows: those of row i are member[start[i] ..
 * start[i+1]-1]. */
static int exact_deal(const struct graph *g, const struct top_list *list, uint32_t **member,
                      uint64_t *start)
{
    size_t n_keys;
    struct top_key *keys = exact_keys(list, &n_keys);
    int status = STATUS_UNUSABLE;
    *member = NULL;
    if (!keys) return message_no_memory("the groups");
    for (size_t i = 0; i <= list->n; i++) start[i] = 0;
    for (uint32_t v = 0; v < g->heap.n; v++) {
        size_t row = exact_row(keys, n_keys, g->key[v], list->n);
        if (row < list->n) start[row + 1]++;
    }
    for (size_t i = 0; i < list->n; i++) start[i + 1] += start[i];
    *member = malloc(((size_t)start[list->n] + 1) * sizeof **member);
    uint64_t *at = malloc((list->n + 1) * sizeof *at);
    if (*member && at) {
        for (size_t i = 0; i <= list->n; i++) at[i] = start[i];
        for (uint32_t v = 0; v < g->heap.n; v++) {
            size_t row = exact_row(keys, n_keys, g->key[v], list->n);
            if (row < list->n) (*member)[at[row]++] = g->analysis.row_of[v];
        }
        status = STATUS_DONE;
    } else {
        status = message_no_memory("the groups");
    }
    free(at);
    free(keys);
    return status;
}

int top_exact(struct subject *s, struct top_list *list)
{
    struct graph g = { 0 };
    uint32_t *member = NULL;
    const struct heapdb_snapshot *x = s->snapshot;
    enum graph_key key = list->request.by == TOP_SITE ? GRAPH_KEY_SITE : GRAPH_KEY_TYPE;
    if (list->n == 0 || !list->rows[0].n_keys) return STATUS_DONE;
    uint64_t *start = malloc((list->n + 1) * sizeof *start);
    if (!start) return message_no_memory("the groups");
    int status = graph_load(s->db, x, list->request.garbage ? x->garbage_root_id : x->live_root_id,
                            key, &g);
    if (!status) status = exact_deal(&g, list, &member, start);
    for (size_t i = 0; !status && i < list->n; i++) {
        struct top_row *row = &list->rows[i];
        status = graph_status(s->db,
                              heap_retained_set(&g.heap, &g.analysis, member + start[i],
                                                start[i + 1] - start[i], NULL, &row->exact),
                              "computing the retained size of a set");
        row->has_exact = !status;
    }
    free(start);
    free(member);
    graph_free(&g);
    return status;
}
