/* SPDX-License-Identifier: MIT */
/* Sums over rows; see the header. Sizes were checked when the rows were read: no sum of a snapshot
 * leaves 63 bits. */
#include "report/diff_tally.h"

#include <stdlib.h>
#include <string.h>

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

bool diff_tally_types(const struct diff_rows *o, const uint32_t *matched, uint32_t n_types,
                      struct diff_sum *sums)
{
    uint32_t *until = calloc((size_t)n_types + 1, sizeof *until);
    if (!until) return false;
    if (n_types) memset(sums, 0, n_types * sizeof *sums);
    for (uint32_t row = 1; row < o->garbage_root; row++) {
        struct diff_sum *s = &sums[o->type[row]];
        add(s, o, row, matched && matched[row] == HEAP_NONE);
        if (row <= until[o->type[row]]) continue; /* inside one of its own type */
        s->retained += (int64_t)o->retained[row];
        until[o->type[row]] = o->last[row];
    }
    free(until);
    return true;
}

void diff_tally_stacks(const struct diff_rows *o, const uint32_t *matched, uint32_t n_stacks,
                       struct diff_sum *sums)
{
    if (n_stacks) memset(sums, 0, n_stacks * sizeof *sums);
    if (!o->stack) return;
    for (uint32_t row = 1; row < o->garbage_root; row++) {
        uint32_t stack = o->stack[row] < n_stacks ? o->stack[row] : 0;
        add(&sums[stack], o, row, matched && matched[row] == HEAP_NONE);
    }
}

/* The first matched object on the shortest path to a topmost row, which is unmatched itself. The
 * objects climbed over are unmatched, too; what is found is kept for all of them in holder[]. */
static uint32_t holder_of(const struct diff_rows *b, const uint32_t *b_to_a, uint32_t *holder,
                          uint32_t row)
{
    uint32_t at = row, found;
    while (b_to_a[at] == HEAP_NONE && holder[at] == HEAP_NONE && b->parent[at] != HEAP_NONE)
        at = b->parent[at];
    if (b_to_a[at] != HEAP_NONE)
        found = at;
    else
        found = holder[at] != HEAP_NONE ? holder[at] : 0;
    for (uint32_t k = row; k != at; k = b->parent[k]) holder[k] = found;
    return found;
}

void diff_tally_owners(const struct diff_rows *b, const uint32_t *b_to_a, uint32_t *owner)
{
    /* owner[] serves as the memory of holder_of first: a row's holder, in rows not yet decided. A
     * row is decided when the pass comes to it, and by then only its own value is read. */
    for (uint32_t row = 0; row < b->n_rows; row++) owner[row] = HEAP_NONE;
    for (uint32_t row = 1; row < b->garbage_root; row++)
        if (b_to_a[row] == HEAP_NONE && b->dominator[row] == 0) holder_of(b, b_to_a, owner, row);
    for (uint32_t row = 1; row < b->n_rows; row++) {
        uint32_t d = b->dominator[row];
        if (b_to_a[row] != HEAP_NONE || row == b->garbage_root) {
            owner[row] = HEAP_NONE;
        } else if (b_to_a[d] == HEAP_NONE) {
            owner[row] = owner[d];
        } else if (d != 0 || owner[row] == HEAP_NONE) {
            owner[row] = d;
        }
    }
}
