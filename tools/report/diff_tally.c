/* SPDX-License-Identifier: MIT */
/* Sums over rows; see the header. Sizes were checked when the rows were read: no sum of a snapshot
 * leaves 63 bits. */
#include "report/diff_tally.h"

#include <stdlib.h>
#include <string.h>

#include "heap/analysis.h"

static void add(struct diff_sum *s, const struct diff_rows *o, uint32_t row, bool is_new)
{
    s->n++;
    s->shallow += (int64_t)o->shallow[row];
    if (o->native) s->native += (int64_t)o->native[row];
    if (is_new) {
        s->n_new++;
        s->shallow_new += (int64_t)o->shallow[row];
    }
}

static bool is_replaced(const uint64_t *replaced, uint32_t row)
{
    return replaced && heap_holds_get(replaced, row);
}

bool diff_tally_types(const struct diff_rows *o, const uint32_t *matched, const uint64_t *replaced,
                      uint32_t n_types, struct diff_sum *sums)
{
    uint32_t *until = calloc(2 * (size_t)n_types + 1, sizeof *until);
    if (!until) return false;
    uint32_t *until_new = until + n_types;
    if (n_types) memset(sums, 0, n_types * sizeof *sums);
    for (uint32_t row = 1; row < o->garbage_root; row++) {
        uint32_t type = o->type[row];
        struct diff_sum *s = &sums[type];
        bool is_new = matched && matched[row] == HEAP_NONE;
        add(s, o, row, is_new || is_replaced(replaced, row));
        if (row > until[type]) { /* not inside one of its own type */
            s->retained += (int64_t)o->retained[row];
            until[type] = o->last[row];
        }
        if (is_new && row > until_new[type]) {
            s->retained_new += (int64_t)o->retained[row];
            if (o->retained_native) s->native_new += (int64_t)o->retained_native[row];
            until_new[type] = o->last[row];
        }
    }
    free(until);
    return true;
}

void diff_tally_resized(const struct diff_rows *a, const struct diff_rows *b,
                        const uint32_t *b_to_a, int64_t *resized)
{
    for (uint32_t row = 1; row < b->garbage_root; row++) {
        uint32_t x = b_to_a[row];
        if (x == HEAP_NONE) continue;
        int64_t change = (int64_t)b->shallow[row] - (int64_t)a->shallow[x];
        if (b->native) change += (int64_t)b->native[row];
        if (a->native) change -= (int64_t)a->native[x];
        resized[b->type[row]] += change;
    }
}

bool diff_tally_grown(const struct diff_rows *o, uint32_t n_types, bool first, int64_t *size,
                      uint32_t *grown)
{
    int64_t *now = calloc((size_t)n_types + 1, sizeof *now);
    if (!now) return false;
    for (uint32_t row = 1; row < o->garbage_root; row++)
        now[o->type[row]] += (int64_t)(o->shallow[row] + (o->native ? o->native[row] : 0));
    for (uint32_t i = 0; i < n_types; i++) {
        if (!first && now[i] > size[i]) grown[i]++;
        size[i] = now[i];
    }
    free(now);
    return true;
}

void diff_tally_stacks(const struct diff_rows *o, const uint32_t *matched, const uint64_t *replaced,
                       uint32_t n_stacks, struct diff_sum *sums)
{
    if (n_stacks) memset(sums, 0, n_stacks * sizeof *sums);
    if (!o->stack) return;
    for (uint32_t row = 1; row < o->garbage_root; row++) {
        uint32_t stack = o->stack[row] < n_stacks ? o->stack[row] : 0;
        add(&sums[stack], o, row,
            matched && (matched[row] == HEAP_NONE || is_replaced(replaced, row)));
    }
}

/* The first matched object on the shortest path to an unmatched row, its dominator where there is
 * none. The objects climbed over are unmatched, too; what is found is kept for all of them. */
static uint32_t holder_of(const struct diff_rows *b, const uint32_t *b_to_a, uint32_t *holder,
                          uint32_t row)
{
    uint32_t at = row, found = HEAP_NONE;
    while (at != HEAP_NONE && b_to_a[at] == HEAP_NONE && holder[at] == HEAP_NONE)
        at = b->parent[at];
    if (at != HEAP_NONE && at != 0) found = b_to_a[at] != HEAP_NONE ? at : holder[at];
    if (found == HEAP_NONE) found = 0; /* no matched object on the path */
    for (uint32_t k = row; k != at; k = b->parent[k]) holder[k] = found;
    return found ? found : b->dominator[row];
}

bool diff_tally_owners(const struct diff_rows *b, const uint32_t *b_to_a, uint32_t *owner)
{
    uint32_t *holder = malloc((size_t)b->n_rows * sizeof *holder);
    if (!holder) return false;
    for (uint32_t row = 0; row < b->n_rows; row++) holder[row] = HEAP_NONE;
    for (uint32_t row = 0; row < b->n_rows; row++) {
        owner[row] = HEAP_NONE;
        if (b_to_a[row] != HEAP_NONE) continue;
        uint32_t d = b->dominator[row];
        owner[row] = b_to_a[d] == HEAP_NONE ? owner[d] : holder_of(b, b_to_a, holder, row);
    }
    free(holder);
    return true;
}
