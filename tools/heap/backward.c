/* SPDX-License-Identifier: MIT */
/* References by target, in two passes over memory in order. Contract in order.h. */
#include "heap/internal.h"
#include "heap/order.h"

#define TARGETS (UINT32_C(1) << HEAP_BACKWARD_BITS)

/* The place of half h and bucket i gets how many references from that half lead to that bucket. */
static enum heap_status count_targets(const struct heap_backward_edges *e, struct heap_backward *b)
{
    for (uint32_t v = 0; v < e->n_nodes; v++) {
        unsigned half = e->row_of[v] >= e->middle;
        for (uint64_t i = e->off[v]; i < e->off[v + 1]; i++) {
            if (e->target[i] >= e->n_rows) return HEAP_BAD_GRAPH;
            ++*heap_backward_next(b, half, e->target[i] >> HEAP_BACKWARD_BITS);
        }
    }
    return HEAP_OK;
}

/* Counts become places; largest[h] = the references of the largest bucket of half h of them. */
static enum heap_status place_buckets(struct heap_backward *b, uint64_t m, uint64_t largest[2])
{
    uint64_t sum = 0;
    largest[0] = largest[1] = 0;
    b->middle = b->n_buckets;
    for (uint32_t i = 0; i < b->n_buckets; i++) {
        uint64_t *place[2] = { heap_backward_next(b, 0, i), heap_backward_next(b, 1, i) };
        uint64_t first = *place[0], n = first + *place[1];
        if (n >= UINT32_MAX) return HEAP_TOO_LARGE;
        *place[0] = sum;
        *place[1] = sum + first;
        sum += n;
        unsigned half = i >= b->middle;
        if (n > largest[half]) largest[half] = n;
        if (!half && sum >= m / 2 + m % 2) b->middle = i + 1;
    }
    return HEAP_OK;
}

enum heap_status heap_backward_begin(const struct heap_backward_edges *e, struct heap_backward *out)
{
    uint64_t largest[2], m = e->off[e->n_nodes];
    *out = (struct heap_backward){ .n_buckets = e->n_rows / TARGETS + (e->n_rows % TARGETS != 0) };
    out->next = heap_new_zeroed(2 * (uint64_t)out->n_buckets + HEAP_BACKWARD_APART,
                                sizeof *out->next);
    if (!out->next) return HEAP_NO_MEMORY;
    enum heap_status status = count_targets(e, out);
    if (status == HEAP_OK) status = place_buckets(out, m, largest);
    if (status != HEAP_OK) return status;
    out->all = heap_new(m, sizeof *out->all);
    for (int i = 0; i < 2; i++) out->order[i] = heap_new(largest[i], sizeof *out->order[i]);
    return out->all && out->order[0] && out->order[1] ? HEAP_OK : HEAP_NO_MEMORY;
}

enum heap_status heap_backward_sort(const struct heap_backward *b, uint32_t bucket,
                                    struct heap_backward_sorted *out)
{
    uint64_t first = bucket ? *heap_backward_next(b, 1, bucket - 1) : 0;
    uint32_t *place = heap_new_zeroed(TARGETS, sizeof *place), sum = 0;
    uint32_t *order = b->order[bucket >= b->middle];
    if (!place) return HEAP_NO_MEMORY;
    const struct heap_backward_ref *ref = b->all + first;
    uint32_t n = (uint32_t)(*heap_backward_next(b, 1, bucket) - first);
    for (uint32_t i = 0; i < n; i++) place[ref[i].target % TARGETS]++;
    for (uint32_t t = 0; t < TARGETS; t++) {
        uint32_t count = place[t];
        place[t] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++) order[place[ref[i].target % TARGETS]++] = i;
    heap_free(place);
    *out = (struct heap_backward_sorted){ ref, order, n };
    return HEAP_OK;
}

void heap_backward_free(struct heap_backward *b)
{
    heap_free(b->next);
    heap_free(b->all);
    heap_free(b->order[0]);
    heap_free(b->order[1]);
    *b = (struct heap_backward){ 0 };
}
