/* SPDX-License-Identifier: MIT */
/* Intervals by the lines of the span; see the header. O(rows) an interval. */
#include "report/diff_interval.h"

#include <stdlib.h>

#include "cli/message.h"
#include "heap/analysis.h"

/* In line_of, of rows that have been looked for and have no line. */
#define NO_LINE (HEAP_NONE - 1)

/* The lines of the owners themselves. */
static bool own_lines(struct intervals *at)
{
    const struct comparison *c = at->span;
    for (uint32_t i = 0; i < c->lines.n; i++) {
        const struct line *l = &c->lines.at[i];
        if (l->place && !rowmap_set(&at->by_place, l->node, i)) return false;
        for (uint32_t k = l->first_owner; k != HEAP_NONE; k = c->lines.next_owner[k])
            if (!c->match.owners[k].place) at->line_of[c->match.owners[k].a_row] = i;
    }
    return true;
}

static bool start(struct intervals *at)
{
    uint32_t n = at->span->a->n_rows;
    at->n = n;
    at->line_of = malloc((size_t)n * sizeof *at->line_of);
    at->first = malloc((size_t)n * sizeof *at->first);
    at->lasting = calloc((size_t)heap_holds_words(n), sizeof *at->lasting);
    if (!at->line_of || !at->first || !at->lasting) return false;
    for (uint32_t row = 0; row < n; row++) {
        at->line_of[row] = HEAP_NONE;
        at->first[row] = row;
        heap_holds_set(at->lasting, row);
    }
    return own_lines(at);
}

bool intervals_begin(struct intervals *at, const struct comparison *span)
{
    *at = (struct intervals){ .span = span };
    bool ok = start(at);
    if (!ok) intervals_free(at);
    return ok;
}

/* The line of a row that is in the first and the last snapshot: of what it is a part of. */
static uint32_t line_of_whole(const struct intervals *at, uint32_t row)
{
    const struct heap_match *m = &at->span->match;
    uint32_t in_last = m->a_to_b[row];
    uint32_t whole = m->b_to_a[m->whole_b ? m->whole_b[in_last] : in_last];
    uint32_t line = whole == HEAP_NONE ? HEAP_NONE : at->line_of[whole];
    return line == HEAP_NONE ? NO_LINE : line;
}

static uint32_t above(const struct diff_rows *a, uint32_t row)
{
    return a->parent[row] == HEAP_NONE ? a->dominator[row] : a->parent[row];
}

/* Of a row that is gone: the line of the first one on its way to the roots that is not. What is
 * found is kept for all of the way. */
static uint32_t line_of(struct intervals *at, uint32_t row)
{
    const struct diff_rows *a = at->span->a;
    uint32_t x = row, next, line;
    while (at->line_of[x] == HEAP_NONE && at->span->match.a_to_b[x] == HEAP_NONE)
        x = above(a, x);
    line = at->line_of[x];
    if (line == HEAP_NONE) line = at->line_of[x] = line_of_whole(at, x);
    for (uint32_t k = row; k != x; k = next) {
        next = above(a, k);
        at->line_of[k] = line;
    }
    return line;
}

/* The line that counts what came to an owner of an interval. */
static uint32_t line_of_owner(struct intervals *at, const struct heap_owner *o)
{
    if (o->place) return rowmap_get(&at->by_place, (uint32_t)(o->place - 1));
    uint32_t row = at->first[o->a_row];
    return row == HEAP_NONE ? HEAP_NONE : line_of(at, row);
}

int intervals_lines(struct intervals *at, struct comparison *c)
{
    const struct lines *all = &at->span->lines;
    struct lines *out = &c->lines;
    /* Line of the span -> line of *out. */
    uint32_t *index = malloc(((size_t)all->n + 1) * sizeof *index);
    *out = (struct lines){ .at = malloc(((size_t)all->n + 1) * sizeof *out->at),
                           .next_owner = malloc(((size_t)c->match.n_owners + 1) *
                                                sizeof *out->next_owner) };
    if (!index || !out->at || !out->next_owner) {
        free(index);
        lines_free(out);
        return message_no_memory("the intervals");
    }
    for (uint32_t i = 0; i < all->n; i++) index[i] = HEAP_NONE;
    for (uint32_t i = 0; i < c->match.n_owners; i++) {
        uint32_t line = line_of_owner(at, &c->match.owners[i]);
        if (line >= all->n) continue;
        if (index[line] == HEAP_NONE) {
            index[line] = out->n;
            out->at[out->n++] = (struct line){ .kind = all->at[line].kind,
                                               .node = all->at[line].node,
                                               .place = all->at[line].place,
                                               .first_owner = HEAP_NONE };
        }
        lines_add_owner(out, &out->at[index[line]], &c->match, i);
    }
    free(index);
    return 0;
}

bool intervals_next(struct intervals *at, const struct comparison *c)
{
    uint32_t n = c->b->n_rows;
    uint32_t *first = malloc((size_t)n * sizeof *first);
    uint64_t *lasting = calloc((size_t)heap_holds_words(n), sizeof *lasting);
    if (!first || !lasting) {
        free(first);
        free(lasting);
        return false;
    }
    for (uint32_t row = 0; row < n; row++) {
        uint32_t before = c->match.b_to_a[row];
        first[row] = before == HEAP_NONE ? HEAP_NONE : at->first[before];
        if (first[row] != HEAP_NONE) heap_holds_set(lasting, row);
    }
    free(at->first);
    free(at->lasting);
    at->first = first;
    at->lasting = lasting;
    at->n = n;
    return true;
}

void intervals_free(struct intervals *at)
{
    free(at->line_of);
    free(at->first);
    free(at->lasting);
    rowmap_free(&at->by_place);
    *at = (struct intervals){ 0 };
}
