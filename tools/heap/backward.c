/* SPDX-License-Identifier: MIT */
/* References by target, in two passes over memory in order. Contract in order.h. */
#include "heap/internal.h"
#include "heap/order.h"

#define TARGETS (UINT32_C(1) << HEAP_BACKWARD_BITS)

/* next[i] = where bucket i begins; *largest = the references of the largest. */
static enum heap_status find_buckets(const uint32_t *target, uint64_t m, uint32_t n_rows,
                                     struct heap_backward *b, uint64_t *largest)
{
    uint64_t sum = 0;
    *largest = 0;
    for (uint64_t e = 0; e < m; e++) {
        if (target[e] >= n_rows) return HEAP_BAD_GRAPH;
        b->next[target[e] >> HEAP_BACKWARD_BITS]++;
    }
    for (uint32_t i = 0; i < b->n_buckets; i++) {
        uint64_t n = b->next[i];
        if (n >= UINT32_MAX) return HEAP_TOO_LARGE;
        if (n > *largest) *largest = n;
        b->next[i] = sum;
        sum += n;
    }
    return HEAP_OK;
}

enum heap_status heap_backward_begin(const uint32_t *target, uint64_t m, uint32_t n_rows,
                                     struct heap_backward *out)
{
    uint64_t largest;
    *out = (struct heap_backward){ .n_buckets = n_rows / TARGETS + (n_rows % TARGETS != 0) };
    out->next = heap_new_zeroed(out->n_buckets, sizeof *out->next);
    if (!out->next) return HEAP_NO_MEMORY;
    enum heap_status status = find_buckets(target, m, n_rows, out, &largest);
    if (status != HEAP_OK) return status;
    out->all = heap_new(m, sizeof *out->all);
    out->order = heap_new(largest, sizeof *out->order);
    return out->all && out->order ? HEAP_OK : HEAP_NO_MEMORY;
}

enum heap_status heap_backward_sort(struct heap_backward *b, uint32_t bucket)
{
    uint64_t first = bucket ? b->next[bucket - 1] : 0;
    uint32_t *place = heap_new_zeroed(TARGETS, sizeof *place), sum = 0;
    if (!place) return HEAP_NO_MEMORY;
    b->ref = b->all + first;
    b->n = (uint32_t)(b->next[bucket] - first);
    for (uint32_t i = 0; i < b->n; i++) place[b->ref[i].target % TARGETS]++;
    for (uint32_t t = 0; t < TARGETS; t++) {
        uint32_t count = place[t];
        place[t] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < b->n; i++) b->order[place[b->ref[i].target % TARGETS]++] = i;
    heap_free(place);
    return HEAP_OK;
}

void heap_backward_free(struct heap_backward *b)
{
    heap_free(b->next);
    heap_free(b->all);
    heap_free(b->order);
    *b = (struct heap_backward){ 0 };
}
