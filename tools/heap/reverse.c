/* SPDX-License-Identifier: MIT */
/*
 * The back edges by target: a counting sort whose random writes are prefetched. Sources keep the order
 * in which the walk met the edges. O(n + edges) time; 4 B a vertex + 4 B an edge, all of it the result.
 */
#include "heap/internal.h"

enum heap_status heap_reverse_build(const struct heap_back_edge *edge, uint64_t n_edges,
                                    uint32_t first, uint32_t n, struct heap_reverse *out)
{
    *out = (struct heap_reverse){ .first = first, .n = n };
    if (n_edges >= UINT32_MAX) return HEAP_TOO_LARGE;
    out->off = heap_new_zeroed((uint64_t)n + 1, sizeof *out->off);
    out->source = heap_new(n_edges, sizeof *out->source);
    if (!out->off || !out->source) {
        heap_reverse_free(out);
        return HEAP_NO_MEMORY;
    }
    uint32_t *off = out->off;
    for (uint64_t i = 0; i < n_edges; i++) {
        if (i + HEAP_AHEAD < n_edges) HEAP_PREFETCH(&off[edge[i + HEAP_AHEAD].to - first]);
        off[edge[i].to - first]++;
    }
    uint32_t sum = 0;
    for (uint32_t v = 0; v < n; v++) off[v] = sum += off[v];
    off[n] = sum;
    /* off[v] is the end of v's edges now; filling backwards makes it their beginning. */
    for (uint64_t i = n_edges; i-- > 0;) {
        if (i >= 2 * HEAP_AHEAD) HEAP_PREFETCH(&off[edge[i - 2 * HEAP_AHEAD].to - first]);
        if (i >= HEAP_AHEAD) HEAP_PREFETCH(&out->source[off[edge[i - HEAP_AHEAD].to - first] - 1]);
        out->source[--off[edge[i].to - first]] = edge[i].from;
    }
    return HEAP_OK;
}

void heap_reverse_free(struct heap_reverse *r)
{
    free(r->off);
    free(r->source);
    *r = (struct heap_reverse){ 0 };
}
