/* SPDX-License-Identifier: MIT */
/*
 * The depth-first search: the only place that reads the edge filter. It numbers the objects in
 * preorder and, while it looks at each edge once, sorts the edges into what later phases need:
 *   to an unnumbered object    a tree edge: tree[];
 *   to a larger number         to a descendant: only the smallest source matters to dominators, and
 *                              none of them to components, since the tree has a path: fold[];
 *   to a smaller number        kept, in preorder numbers, in the list `back`, up to a limit;
 *   to itself                  a bit;
 *   below the current root     from garbage to a live object: holds nothing.
 * So the target array is read once, and unless back edges are too many for the list no later phase
 * touches the input's edges.
 *
 * O(n + m) time. An explicit stack holds only objects that still have edges to look at: a leaf
 * never enters it, and an object that follows its last edge leaves it, so a list needs no stack
 * at all.
 */
#include "heap/internal.h"

/*
 * How many back edges are kept as a list. The list and the arrays sorted from it take 12 B an
 * edge while both exist; looking for the edges again takes 4, and 4 B a node, but reads all
 * edges twice, with a cache miss each. This limit keeps either way within 32 B a node + 9 B an
 * edge, input included.
 */
static uint64_t back_limit(uint64_t n, uint64_t m)
{
    return n * 2 / 3 + m / 12 * 5;
}

struct heap_frame {
    uint32_t number;   /* preorder number of the object */
    uint32_t position; /* its next edge, counted from its first one */
};

enum heap_status heap_walk_begin(struct heap_walk *w, const struct heap_graph *g, bool save_memory)
{
    uint64_t rows = (uint64_t)g->n + 2, m = g->off[g->n], limit = back_limit(g->n, m);
    *w = (struct heap_walk){ .g = g, .overflowed = save_memory };
    if (!save_memory) w->back_limit = limit < m ? limit : m;
    w->num = heap_new_none(g->n);
    w->vertex = heap_new(rows, sizeof *w->vertex);
    w->tree = heap_new(rows, sizeof *w->tree);
    w->fold = heap_new(rows, sizeof *w->fold);
    w->self = heap_new_zeroed(heap_holds_words(rows), sizeof *w->self);
    w->stack = heap_new(g->n, sizeof *w->stack);
    w->back = heap_new(w->back_limit, sizeof *w->back);
    if (w->num && w->vertex && w->tree && w->fold && w->self && w->stack && w->back) return HEAP_OK;
    heap_walk_free(w);
    return HEAP_NO_MEMORY;
}

void heap_walk_free(struct heap_walk *w)
{
    heap_free(w->num);
    heap_free(w->vertex);
    heap_free(w->tree);
    heap_free(w->fold);
    heap_free(w->self);
    heap_free(w->back);
    heap_free(w->stack);
    *w = (struct heap_walk){ 0 };
}

void heap_walk_root(struct heap_walk *w)
{
    uint32_t number = w->count++;
    w->vertex[number] = HEAP_NONE;
    w->tree[number] = HEAP_NONE;
    w->fold[number] = HEAP_NONE;
    w->root = number;
}

void heap_walk_root_edge(struct heap_walk *w, uint32_t node)
{
    w->fold[w->num[node]] = w->root;
}

/* An object is on the stack at most once, so n entries are always enough. */
static inline void push(struct heap_walk *w, uint32_t *depth, uint32_t number, uint64_t position)
{
    w->stack[(*depth)++] = (struct heap_frame){ number, (uint32_t)position };
}

/* Past the limit the list is given up: its memory is worth more than a second look at the edges. */
static void give_up(struct heap_walk *w)
{
    heap_free(w->back);
    w->back = NULL;
    w->n_back = 0;
    w->overflowed = true;
}

static inline void keep(struct heap_walk *w, uint32_t from, uint32_t to)
{
    if (w->overflowed) return;
    if (HEAP_LIKELY(w->n_back < w->back_limit))
        w->back[w->n_back++] = (struct heap_back_edge){ from, to };
    else
        give_up(w);
}

static inline uint32_t number_node(struct heap_walk *w, uint32_t node, uint32_t parent)
{
    uint32_t number = w->count++;
    w->num[node] = number;
    w->vertex[number] = node;
    w->tree[number] = parent;
    w->fold[number] = parent;
    return number;
}

/* The children's numbers and offsets are asked for together, as soon as their parent is entered:
 * each is a cache miss on a large heap, and they overlap. */
static inline void prefetch_children(const struct heap_walk *w, uint64_t e, uint64_t end)
{
    const struct heap_graph *g = w->g;
    uint64_t stop = end - e > HEAP_AHEAD ? e + HEAP_AHEAD : end;
    for (; e < stop; e++) {
        HEAP_PREFETCH(&w->num[g->target[e]]);
        HEAP_PREFETCH(&g->off[g->target[e]]);
    }
}

/* An edge between two objects that both have numbers. */
static inline void sort_edge(struct heap_walk *w, uint32_t from, uint32_t to)
{
    if (to > from) {
        if (from < w->fold[to]) w->fold[to] = from;
    } else if (to == from) {
        heap_holds_set(w->self, from);
    } else if (to > w->root) {
        keep(w, from, to);
    }
}

/* The search itself; `filter` is a constant in each of its two instances. */
static inline void walk(struct heap_walk *w, uint32_t start, const bool filter)
{
    const struct heap_graph *g = w->g;
    uint32_t depth = 0, v = number_node(w, start, w->root);
    uint64_t first = g->off[start], e = first, end = g->off[start + 1];
    w->edges_walked += end - e;
    prefetch_children(w, e, end);
    for (;;) {
        while (e < end) {
            uint64_t edge = e++;
            if (filter && !heap_holds_get(g->holds, edge)) continue;
            uint32_t node = g->target[edge], to = w->num[node];
            if (to != HEAP_NONE) {
                sort_edge(w, v, to);
                if (e + HEAP_AHEAD < end) HEAP_PREFETCH(&w->num[g->target[e + HEAP_AHEAD]]);
                continue;
            }
            uint32_t child = number_node(w, node, v);
            uint64_t child_first = g->off[node], child_end = g->off[node + 1];
            if (child_first == child_end) continue;
            if (e < end) push(w, &depth, v, e - first);
            v = child;
            first = e = child_first;
            end = child_end;
            w->edges_walked += end - e;
            prefetch_children(w, e, end);
        }
        if (depth == 0) return;
        struct heap_frame top = w->stack[--depth];
        v = top.number;
        first = g->off[w->vertex[v]];
        end = g->off[w->vertex[v] + 1];
        e = first + top.position;
    }
}

void heap_walk_from(struct heap_walk *w, uint32_t node)
{
    if (w->num[node] != HEAP_NONE) return;
    if (w->g->holds)
        walk(w, node, true);
    else
        walk(w, node, false);
}
