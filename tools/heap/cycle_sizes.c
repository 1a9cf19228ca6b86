/* SPDX-License-Identifier: MIT */
/*
 * Retained sizes of components with several entries, once rows and the retained sizes of objects
 * are known: what cycle.c has left is added up.
 *
 * A block of shared memory that hangs below a row goes with whatever holds the row. Only one that
 * hangs below a split vertex itself may belong to a component below that: if all of its objects
 * hang below siblings, it goes with the nearest that holds them all.
 *
 * O(entries + objects of blocks * log entries). Memory: 8 B an entry; with blocks 4 B
 * an object and 36 B an entry.
 */
#include "heap/internal.h"
#include "heap/jump.h"

/* For blocks: entries by dominator and row, largest first, and the tree that they make, below the
 * vertex c->n. */
struct places {
    const struct heap_graph *g;
    const struct heap_analysis *a;
    const struct heap_cycles *c;
    uint32_t *row; /* by node */
    uint64_t *key; /* by entry */
    uint32_t *order;
    struct heap_jump *tree;
};

static inline uint64_t place_key(uint32_t dominator, uint32_t row)
{
    return (uint64_t)dominator << 32 | row;
}

/* The entry with this dominator that holds a row, or c->n. */
static uint32_t entry_above(const struct places *p, uint32_t dominator, uint32_t row)
{
    uint32_t low = 0, high = p->c->n; /* the first that is not larger is one of low .. high */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (p->key[p->order[middle]] > place_key(dominator, row))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == p->c->n) return low;
    uint32_t entry = p->order[low], top = p->c->number[entry];
    bool holds = p->a->dominator[top] == dominator && heap_dominates(p->a, top, row);
    return holds ? entry : p->c->n;
}

/* The nearest entry that holds a block, or c->n. Of a block of live and of garbage objects the live
 * ones count. */
static uint32_t block_entry(const struct places *p, uint32_t block)
{
    const struct heap_blocks *b = p->g->blocks;
    uint32_t holder = p->a->block_holder[block], common = HEAP_NONE;
    uint64_t steps = 0;
    for (uint32_t k = b->off[block]; k < b->off[block + 1] && common != p->c->n; k++) {
        uint32_t row = p->row[b->node[k]];
        if (heap_is_garbage(p->a, row) && !heap_is_garbage(p->a, holder)) continue;
        uint32_t entry = entry_above(p, holder, row);
        common = common == HEAP_NONE ? entry : heap_jump_common(p->tree, common, entry, &steps);
    }
    return common;
}

static enum heap_status build_places(struct places *p)
{
    const struct heap_cycles *c = p->c;
    p->row = heap_new(p->g->n, sizeof *p->row);
    p->key = heap_new(c->n, sizeof *p->key);
    p->order = heap_new(c->n, sizeof *p->order);
    p->tree = heap_new((uint64_t)c->n + 1, sizeof *p->tree);
    uint32_t *scratch = heap_new(c->n, sizeof *scratch);
    enum heap_status status = HEAP_NO_MEMORY;
    if (p->row && p->key && p->order && p->tree && scratch) {
        for (uint32_t row = 0; row < p->a->n_rows; row++)
            if (p->a->node[row] != HEAP_NONE) p->row[p->a->node[row]] = row;
        heap_jump_root(p->tree, c->n);
        for (uint32_t i = 0; i < c->n; i++) {
            p->order[i] = i;
            p->key[i] = place_key(p->a->dominator[c->number[i]], c->number[i]);
            heap_jump_add(p->tree, i, c->into[i] == HEAP_NONE ? c->n : c->into[i]);
        }
        heap_sort_descending(p->key, p->order, scratch, c->n);
        status = HEAP_OK;
    }
    heap_free(scratch);
    return status;
}

static enum heap_status add_blocks(const struct heap_graph *g, const struct heap_cycles *c,
                                   const struct heap_analysis *a, uint64_t *sum)
{
    struct places p = { .g = g, .a = a, .c = c };
    if (!g->blocks || g->blocks->n == 0) return HEAP_OK;
    enum heap_status status = build_places(&p);
    for (uint32_t i = 0; status == HEAP_OK && i < g->blocks->n; i++) {
        uint32_t entry = block_entry(&p, i);
        if (entry != c->n) sum[entry] += g->blocks->size[i];
    }
    heap_free(p.row);
    heap_free(p.key);
    heap_free(p.order);
    heap_free(p.tree);
    return status;
}

/* What an entry adds of its own: a component all that its topmost members retain, at the first of
 * its entries. */
static uint64_t own_size(const struct heap_cycles *c, const struct heap_analysis *a, uint32_t entry,
                         bool native)
{
    uint32_t row = c->number[entry], number = a->component[row], into = c->into[entry];
    if (number == HEAP_NONE) return native ? a->retained_native[row] : a->retained_size[row];
    if (into != HEAP_NONE && a->component[c->number[into]] == number) return 0;
    const struct heap_component *component = &a->components[number];
    return native ? component->retained_native : component->retained_size;
}

/* Sums over the tree. What an entry adds to comes before it, and a component's first entry before
 * its others, whose part is overwritten. */
static void add_up(const struct heap_cycles *c, const struct heap_analysis *a, uint64_t *sum,
                   bool native)
{
    for (uint32_t i = c->n; i-- > 0;) {
        uint32_t number = a->component[c->number[i]];
        if (c->into[i] != HEAP_NONE) sum[c->into[i]] += sum[i];
        if (number == HEAP_NONE) continue;
        struct heap_component *component = &a->components[number];
        *(native ? &component->retained_native : &component->retained_size) = sum[i];
    }
}

enum heap_status heap_cycles_retained(const struct heap_graph *g, struct heap_cycles *c,
                                      const uint32_t *row, struct heap_analysis *out)
{
    if (c->n == 0) return HEAP_OK;
    uint64_t *sum = heap_new(c->n, sizeof *sum);
    if (!sum) return HEAP_NO_MEMORY;
    for (uint32_t i = 0; i < c->n; i++) c->number[i] = row[c->number[i]];
    for (uint32_t i = 0; i < c->n; i++) sum[i] = own_size(c, out, i, false);
    add_up(c, out, sum, false);
    enum heap_status status = HEAP_OK;
    if (g->native) {
        for (uint32_t i = 0; i < c->n; i++) sum[i] = own_size(c, out, i, true);
        status = add_blocks(g, c, out, sum);
        add_up(c, out, sum, true);
    }
    heap_free(sum);
    return status;
}
