/* SPDX-License-Identifier: MIT */
/*
 * Distances and shortest paths from the roots: breadth-first search over edges that hold, roots
 * and edges in the order of the input, the first path found stands. "Met" is one bit a node,
 * which stays in the cache, and all else is written in the order of the queue; the queue is
 * known ahead, so every gather is prefetched in three stages (offsets, targets, bits). O(n + m).
 * Peak: 16 B a node, 12 of them the result.
 */
#include "heap/internal.h"

struct search {
    const struct heap_graph *g;
    uint64_t *met; /* bit by node */
    uint32_t *queue, *parent, *position;
    uint32_t length;
    uint64_t edges;
};

static inline void meet(struct search *s, uint32_t node, uint32_t parent, uint64_t position)
{
    if (heap_holds_get(s->met, node)) return;
    heap_holds_set(s->met, node);
    s->queue[s->length] = node;
    s->parent[s->length] = parent;
    s->position[s->length++] = position < HEAP_NONE ? (uint32_t)position : HEAP_NONE;
}

static inline void prefetch_ahead(const struct search *s, uint32_t i)
{
    const struct heap_graph *g = s->g;
    if (i + 12 < s->length) HEAP_PREFETCH(&g->off[s->queue[i + 12]]);
    if (i + 8 < s->length) heap_prefetch_targets(g, s->queue[i + 8]);
    if (i + 4 >= s->length) return;
    uint64_t e = g->off[s->queue[i + 4]], end = g->off[s->queue[i + 4] + 1];
    if (end - e > HEAP_AHEAD) end = e + HEAP_AHEAD;
    for (; e < end; e++) HEAP_PREFETCH(&s->met[g->target[e] / 64]);
}

static inline void run(struct search *s, const bool filter)
{
    const struct heap_graph *g = s->g;
    for (uint64_t i = 0; i < g->n_roots; i++) meet(s, g->root[i], HEAP_NONE, i);
    for (uint32_t i = 0; i < s->length; i++) {
        prefetch_ahead(s, i);
        uint64_t first = g->off[s->queue[i]], end = g->off[s->queue[i] + 1];
        s->edges += end - first;
        for (uint64_t e = first; e < end; e++) {
            if (e + HEAP_AHEAD < end) HEAP_PREFETCH(&s->met[g->target[e + HEAP_AHEAD] / 64]);
            if (filter && !heap_holds_get(g->holds, e)) continue;
            meet(s, g->target[e], i, e - first);
        }
    }
}

/* A column by row, HEAP_NONE where nothing is said. */
static uint32_t *new_column(const struct heap_analysis *a)
{
    return heap_new_none(a->n_rows);
}

static inline void prefetch_row(const struct heap_shortest *s, const uint32_t *column, uint32_t i)
{
    if (i + HEAP_AHEAD < s->length) HEAP_PREFETCH(&column[s->queue[i + HEAP_AHEAD]]);
}

enum heap_status heap_shortest_search(const struct heap_graph *g, struct heap_shortest *out)
{
    struct search s = { .g = g };
    enum heap_status status = HEAP_NO_MEMORY;
    s.met = heap_new_zeroed(heap_holds_words(g->n), sizeof *s.met);
    s.queue = heap_new(g->n, sizeof *s.queue);
    s.parent = heap_new(g->n, sizeof *s.parent);
    s.position = heap_new(g->n, sizeof *s.position);
    if (s.met && s.queue && s.parent && s.position) {
        if (g->holds)
            run(&s, true);
        else
            run(&s, false);
        status = HEAP_OK;
    }
    heap_free(s.met);
    *out = (struct heap_shortest){ s.queue, s.parent, s.position, s.length, s.edges };
    if (status != HEAP_OK) heap_shortest_free(out);
    return status;
}

void heap_shortest_free(struct heap_shortest *p)
{
    heap_free(p->queue);
    heap_free(p->parent);
    heap_free(p->position);
    *p = (struct heap_shortest){ 0 };
}

/* Columns by row, and what they come from is freed, so that little stands twice. */
static bool positions_to_rows(struct heap_shortest *s, struct heap_analysis *a)
{
    if (!(a->parent_position = new_column(a))) return false;
    for (uint32_t i = 0; i < s->length; i++) {
        prefetch_row(s, a->parent_position, i);
        a->parent_position[s->queue[i]] = s->position[i];
    }
    heap_free(s->position);
    s->position = NULL;
    return true;
}

static bool parents_to_rows(struct heap_shortest *s, struct heap_analysis *a)
{
    if (!(a->parent = new_column(a))) return false;
    for (uint32_t i = 0; i < s->length; i++) {
        prefetch_row(s, a->parent, i);
        a->parent[s->queue[i]] = s->parent[i] == HEAP_NONE ? 0 : s->queue[s->parent[i]];
    }
    heap_free(s->parent);
    s->parent = NULL;
    return true;
}

/* A parent was met before; those of neighbours in the queue are neighbours there, too. */
static bool find_distances(const struct heap_shortest *s, struct heap_analysis *a)
{
    if (!(a->distance = new_column(a))) return false;
    a->distance[0] = 0;
    for (uint32_t i = 0; i < s->length; i++) {
        prefetch_row(s, a->distance, i);
        prefetch_row(s, a->parent, i);
        a->distance[s->queue[i]] = a->distance[a->parent[s->queue[i]]] + 1;
    }
    return true;
}

enum heap_status heap_shortest_to_rows(struct heap_shortest *p, struct heap_analysis *a)
{
    for (uint32_t i = 0; i < p->length; i++) {
        prefetch_row(p, a->row_of, i);
        p->queue[i] = a->row_of[p->queue[i]];
    }
    a->steps.path_edges += p->edges;
    if (positions_to_rows(p, a) && parents_to_rows(p, a) && find_distances(p, a)) return HEAP_OK;
    heap_free(a->distance);
    heap_free(a->parent);
    heap_free(a->parent_position);
    a->distance = a->parent = a->parent_position = NULL;
    return HEAP_NO_MEMORY;
}

enum heap_status heap_add_paths(const struct heap_graph *g, struct heap_analysis *a)
{
    struct heap_shortest p;
    if (a->distance) return HEAP_OK;
    enum heap_status status = heap_shortest_search(g, &p);
    if (status == HEAP_OK) status = heap_shortest_to_rows(&p, a);
    heap_shortest_free(&p);
    return status;
}
