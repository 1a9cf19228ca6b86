/* SPDX-License-Identifier: MIT */
/*
 * Memory that several objects share: where it hangs in a dominator tree, and to whom it counts.
 *
 * A block is freed with the last of its objects, so it hangs below their nearest common dominator.
 * In preorder that is, of the places low < high of the first and the last of them, the smallest
 * dominator of the places low+1 .. high: the way to `high` branches off there, and nothing between
 * hangs higher. The smallest of any range comes from the smallest of every stretch of 64, and of
 * every power of two of these. O(n) to prepare, O(objects + 128) a block; about n B.
 */
#include "heap/internal.h"

enum { STRETCH = 64, LEVELS_MAX = 26 };

/* Smallest values: level[k][i] is that of the stretches i .. i + 2^k - 1. */
struct lows {
    const uint32_t *value;
    uint32_t *level[LEVELS_MAX];
    uint32_t n_levels;
};

static uint32_t smallest(const uint32_t *value, uint32_t first, uint32_t end)
{
    uint32_t low = HEAP_NONE;
    for (uint32_t i = first; i < end; i++)
        if (value[i] < low) low = value[i];
    return low;
}

static bool lows_build(struct lows *l, const uint32_t *value, uint32_t n)
{
    uint32_t count = n / STRETCH;
    *l = (struct lows){ .value = value };
    for (uint32_t width = 1; width <= count; width *= 2) {
        uint32_t k = l->n_levels, have = count - width + 1;
        uint32_t *to = l->level[l->n_levels++] = heap_new(have, sizeof *to);
        if (!to) return false;
        for (uint32_t i = 0; i < have; i++) {
            if (k == 0) {
                to[i] = smallest(value, i * STRETCH, (i + 1) * STRETCH);
                continue;
            }
            uint32_t a = l->level[k - 1][i], b = l->level[k - 1][i + width / 2];
            to[i] = a < b ? a : b;
        }
    }
    return true;
}

static void lows_free(struct lows *l)
{
    for (uint32_t k = 0; k < l->n_levels; k++) heap_free(l->level[k]);
}

/* The smallest value of first .. end-1. */
static uint32_t lows_get(const struct lows *l, uint32_t first, uint32_t end)
{
    uint32_t from = first / STRETCH + 1, to = end / STRETCH;
    if (from >= to) return smallest(l->value, first, end);
    uint32_t a = smallest(l->value, first, from * STRETCH), b;
    b = smallest(l->value, to * STRETCH, end);
    if (b < a) a = b;
    uint32_t k = 0;
    while (UINT32_C(2) << k <= to - from) k++;
    b = l->level[k][from];
    if (b < a) a = b;
    b = l->level[k][to - (UINT32_C(1) << k)];
    return b < a ? b : a;
}

/* The live objects of a block hold it where there are any: garbage holds nothing live. */
static uint32_t holder(const struct lows *l, const struct heap_places *p,
                       const struct heap_blocks *b, uint32_t i)
{
    uint32_t low = HEAP_NONE, high = 0, garbage_low = HEAP_NONE, garbage_high = 0;
    for (uint32_t k = b->off[i]; k < b->off[i + 1]; k++) {
        uint32_t at = p->place[b->node[k]];
        bool live = at < p->garbage_root;
        if (live && at < low) low = at;
        if (live && at > high) high = at;
        if (!live && at < garbage_low) garbage_low = at;
        if (!live && at > garbage_high) garbage_high = at;
    }
    if (low == HEAP_NONE) {
        low = garbage_low;
        high = garbage_high;
    }
    return low == high ? low : lows_get(l, low + 1, high + 1);
}

enum heap_status heap_blocks_place(const struct heap_blocks *b, const struct heap_places *p,
                                   uint32_t *out)
{
    struct lows lows;
    enum heap_status status = HEAP_NO_MEMORY;
    if (lows_build(&lows, p->dominator, p->n)) {
        for (uint32_t i = 0; i < b->n; i++) out[i] = holder(&lows, p, b, i);
        status = HEAP_OK;
    }
    lows_free(&lows);
    return status;
}

uint32_t heap_blocks_counted(const struct heap_blocks *b, const uint32_t *place,
                             uint32_t garbage_root, uint32_t i)
{
    for (uint32_t k = b->off[i]; k < b->off[i + 1]; k++)
        if (place[b->node[k]] < garbage_root) return b->node[k];
    return b->node[b->off[i]];
}

enum heap_status heap_blocks_check(const struct heap_graph *g)
{
    const struct heap_blocks *b = g->blocks;
    uint64_t sum = 0;
    if (!b) return HEAP_OK;
    if (!g->native || b->off[0] != 0) return HEAP_BAD_GRAPH;
    for (uint32_t v = 0; v < g->n; v++) sum += g->native[v];
    for (uint32_t i = 0; i < b->n; i++) {
        if (b->off[i + 1] <= b->off[i]) return HEAP_BAD_GRAPH;
        if (b->size[i] > INT64_MAX - sum) return HEAP_TOO_LARGE;
        sum += b->size[i];
    }
    for (uint32_t k = 0; k < b->off[b->n]; k++)
        if (b->node[k] >= g->n) return HEAP_BAD_GRAPH;
    return HEAP_OK;
}

/* Of the rows in preorder. */
enum heap_status heap_blocks_by_row(const struct heap_graph *g, struct heap_analysis *out)
{
    const struct heap_blocks *b = g->blocks;
    uint32_t *place = heap_new(g->n, sizeof *place);
    out->block_holder = heap_new(b->n, sizeof *out->block_holder);
    out->block_counted = heap_new(b->n, sizeof *out->block_counted);
    enum heap_status status = HEAP_NO_MEMORY;
    if (place && out->block_holder && out->block_counted) {
        for (uint32_t row = 0; row < out->n_rows; row++)
            if (out->node[row] != HEAP_NONE) place[out->node[row]] = row;
        const struct heap_places p = { place, out->dominator, out->n_rows, out->garbage_root };
        status = heap_blocks_place(b, &p, out->block_holder);
        for (uint32_t i = 0; i < b->n; i++)
            out->block_counted[i] = heap_blocks_counted(b, place, out->garbage_root, i);
    }
    heap_free(place);
    return status;
}

/* Sets of rows: a block goes where all of its objects go that hold it. */
uint64_t heap_blocks_held(const struct heap_graph *g, const struct heap_analysis *a,
                          const uint64_t *held)
{
    const struct heap_blocks *b = g->blocks;
    uint64_t sum = 0;
    for (uint32_t i = 0; b && i < b->n; i++) {
        bool live = false, stays = false, garbage_stays = false;
        for (uint32_t k = b->off[i]; k < b->off[i + 1]; k++) {
            uint32_t row = a->row_of[b->node[k]];
            bool goes = heap_holds_get(held, row);
            live |= row < a->garbage_root;
            *(row < a->garbage_root ? &stays : &garbage_stays) |= !goes;
        }
        if (live ? !stays : !garbage_stays) sum += b->size[i];
    }
    return sum;
}
