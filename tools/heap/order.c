/* SPDX-License-Identifier: MIT */
/* Columns, orders and lists by row: one radix sort, then counting sorts. Contract in order.h. */
#include "heap/internal.h"
#include "heap/order.h"

/* A gather whose addresses are known ahead. */
void heap_permute(const struct heap_analysis *a, const uint64_t *by_node, uint64_t virtual_value,
                  uint64_t *out)
{
    for (uint32_t row = 0; row < a->n_rows; row++) {
        if (row + HEAP_AHEAD < a->n_rows && a->node[row + HEAP_AHEAD] != HEAP_NONE)
            HEAP_PREFETCH(&by_node[a->node[row + HEAP_AHEAD]]);
        out[row] = a->node[row] == HEAP_NONE ? virtual_value : by_node[a->node[row]];
    }
}

enum heap_status heap_order(const struct heap_analysis *a, uint32_t **order)
{
    uint32_t *index = heap_new(a->n_nodes, sizeof *index);
    uint32_t *scratch = heap_new(a->n_nodes, sizeof *scratch);
    if (!index || !scratch) {
        heap_free(index);
        heap_free(scratch);
        return HEAP_NO_MEMORY;
    }
    uint32_t n = 0;
    for (uint32_t row = 0; row < a->n_rows; row++)
        if (a->node[row] != HEAP_NONE) index[n++] = row;
    heap_sort_descending(a->retained_size, index, scratch, n);
    heap_free(scratch);
    *order = index;
    return HEAP_OK;
}

/* start[k + 1] = how many rows of `order` have key k, at most cap. False for an unknown key. */
static bool count_keys(const struct heap_analysis *a, const uint32_t *order, uint64_t n,
                       const uint32_t *key, uint64_t cap, struct heap_lists *out)
{
    for (uint64_t i = 0; i < n; i++) {
        if (order[i] >= a->n_rows) return false;
        if (i + HEAP_AHEAD < n && order[i + HEAP_AHEAD] < a->n_rows)
            HEAP_PREFETCH(&key[order[i + HEAP_AHEAD]]);
        uint32_t k = key[order[i]];
        if (k == HEAP_NONE) continue;
        if (k >= out->n_keys) return false;
        out->start[k + 1]++;
    }
    for (uint32_t k = 0; k < out->n_keys; k++) {
        if (cap && out->start[k + 1] > cap) out->start[k + 1] = cap;
        out->start[k + 1] += out->start[k];
    }
    return true;
}

enum heap_status heap_group(const struct heap_analysis *a, const uint32_t *order, uint64_t n,
                            const uint32_t *key, uint32_t n_keys, uint64_t cap,
                            struct heap_lists *out)
{
    *out = (struct heap_lists){ .n_keys = n_keys };
    out->start = heap_new_zeroed((uint64_t)n_keys + 1, sizeof *out->start);
    uint64_t *next = heap_new(n_keys, sizeof *next);
    enum heap_status status = out->start && next ? HEAP_OK : HEAP_NO_MEMORY;
    if (status == HEAP_OK && !count_keys(a, order, n, key, cap, out)) status = HEAP_BAD_GRAPH;
    if (status == HEAP_OK) {
        out->row = heap_new(out->start[n_keys], sizeof *out->row);
        if (!out->row) status = HEAP_NO_MEMORY;
    }
    if (status == HEAP_OK) {
        memcpy(next, out->start, (size_t)n_keys * sizeof *next);
        for (uint64_t i = 0; i < n; i++) {
            if (i + HEAP_AHEAD < n) HEAP_PREFETCH(&key[order[i + HEAP_AHEAD]]);
            uint32_t k = key[order[i]];
            if (k != HEAP_NONE && next[k] < out->start[k + 1]) out->row[next[k]++] = order[i];
        }
    } else {
        heap_lists_free(out);
    }
    heap_free(next);
    return status;
}

void heap_lists_free(struct heap_lists *lists)
{
    if (!lists) return;
    heap_free(lists->start);
    heap_free(lists->row);
    *lists = (struct heap_lists){ 0 };
}

enum heap_status heap_referrers(const struct heap_graph *g, const struct heap_analysis *a,
                                struct heap_referrers *out)
{
    uint64_t m = g->off[g->n];
    *out = (struct heap_referrers){ 0 };
    out->off = heap_new_zeroed((uint64_t)a->n_rows + 1, sizeof *out->off);
    out->source = heap_new(m, sizeof *out->source);
    out->position = heap_new(m, sizeof *out->position);
    if (!out->off || !out->source || !out->position) {
        heap_referrers_free(out);
        return HEAP_NO_MEMORY;
    }
    for (uint64_t e = 0; e < m; e++) {
        if (e + 2 * HEAP_AHEAD < m) HEAP_PREFETCH(&a->row_of[g->target[e + 2 * HEAP_AHEAD]]);
        if (e + HEAP_AHEAD < m) HEAP_PREFETCH(&out->off[a->row_of[g->target[e + HEAP_AHEAD]]]);
        out->off[a->row_of[g->target[e]]]++;
    }
    uint64_t sum = 0;
    for (uint32_t row = 0; row < a->n_rows; row++) out->off[row] = sum += out->off[row];
    out->off[a->n_rows] = sum;
    /* off[row] is the end of its references now; sources and positions fill backwards. */
    for (uint32_t row = a->n_rows; row-- > 0;) {
        if (row >= HEAP_AHEAD && a->node[row - HEAP_AHEAD] != HEAP_NONE)
            HEAP_PREFETCH(&g->off[a->node[row - HEAP_AHEAD]]);
        if (a->node[row] == HEAP_NONE) continue;
        uint64_t first = g->off[a->node[row]];
        for (uint64_t e = g->off[a->node[row] + 1]; e-- > first;) {
            if (e >= HEAP_AHEAD) HEAP_PREFETCH(&a->row_of[g->target[e - HEAP_AHEAD]]);
            uint64_t i = --out->off[a->row_of[g->target[e]]];
            out->source[i] = row;
            out->position[i] = (uint32_t)(e - first);
        }
    }
    return HEAP_OK;
}

void heap_referrers_free(struct heap_referrers *r)
{
    if (!r) return;
    heap_free(r->off);
    heap_free(r->source);
    heap_free(r->position);
    *r = (struct heap_referrers){ 0 };
}
