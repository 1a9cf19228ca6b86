/* SPDX-License-Identifier: MIT */
/* See diff_follow.h. */
#include "report/diff_follow.h"

#include <stdlib.h>

#include <snap/format.h>

#include "cli/message.h"
#include "db/diff_rowmap.h"

struct follow {
    struct comparison *c;
    const struct diff_types *types;
    struct rowmap owner; /* row of an owner -> its line */
    uint32_t *votes;     /* by line */
    sqlite3_stmt *refs;
};

static bool index_owners(struct follow *f)
{
    const struct lines *lines = &f->c->lines;
    for (uint32_t i = 0; i < lines->n; i++) {
        if (lines->at[i].kind != DIFF_LINE_OWNER) continue;
        for (uint32_t o = lines->at[i].first_owner; o != HEAP_NONE; o = lines->next_owner[o])
            if (!rowmap_set(&f->owner, f->c->match.owners[o].b_row, i)) return false;
    }
    return true;
}

/* The line that has a new object; ROWMAP_NONE: it is not new, or nobody has it alone. */
static uint32_t line_of(const struct follow *f, uint32_t row)
{
    const struct heap_match *m = &f->c->match;
    if (row >= f->c->b->n_rows || m->b_to_a[row] != HEAP_NONE) return ROWMAP_NONE;
    while (row != HEAP_NONE && m->b_to_a[row] == HEAP_NONE) row = f->c->b->dominator[row];
    if (row == HEAP_NONE) return ROWMAP_NONE;
    return rowmap_get(&f->owner, m->whole_b ? m->whole_b[row] : row);
}

/* Counts where the weak references of an object lead to: *weak is 1 where to something new that
 * another line has than its own, number i. */
static int look(struct follow *f, uint32_t i, uint32_t row, uint32_t *weak)
{
    int64_t first = f->c->b->first_id;
    int got;
    *weak = 0;
    sqlite3_bind_int64(f->refs, 1, first + (int64_t)row);
    sqlite3_bind_int(f->refs, 2, SNAP_EDGE_WEAK);
    while ((got = heapdb_step(f->c->db_b, f->refs)) == 1) {
        uint32_t line = line_of(f, (uint32_t)(sqlite3_column_int64(f->refs, 0) - first));
        if (line == ROWMAP_NONE || line == i) continue;
        f->votes[line]++;
        *weak = 1;
    }
    sqlite3_reset(f->refs);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* What came to the largest owner of a line: things, and of them weak references to what is new.
 * *weak is 0 where objects of the program's classes are among them. */
static int sample(struct follow *f, uint32_t i, uint32_t *tops, uint32_t *weak)
{
    const struct line *l = &f->c->lines.at[i];
    const struct diff_rows *b = f->c->b;
    const uint32_t *matched = f->c->match.b_to_a;
    uint32_t looked = 0, one;
    *tops = *weak = 0;
    for (uint32_t row = l->b_row + 1; row <= b->last[l->b_row] && looked < FOLLOW_ROWS; row++) {
        if (matched[row] != HEAP_NONE) continue;
        looked++;
        if (f->types->part[b->type[row]] & HEAP_NODE) {
            *weak = 0;
            return 0;
        }
        *tops += matched[b->dominator[row]] != HEAP_NONE;
        if (look(f, i, row, &one)) return STATUS_UNUSABLE;
        *weak += one;
    }
    return 0;
}

/* Finds the line that line i follows, and adds to what that brings. */
static int find(struct follow *f, uint32_t i)
{
    struct lines *lines = &f->c->lines;
    struct line *l = &lines->at[i];
    uint32_t tops, weak, best = 0;
    for (uint32_t k = 0; k < lines->n; k++) f->votes[k] = 0;
    if (sample(f, i, &tops, &weak)) return STATUS_UNUSABLE;
    if (weak < FOLLOW_MIN || weak < tops / 2) return 0;
    for (uint32_t k = 1; k < lines->n; k++)
        if (f->votes[k] > f->votes[best]) best = k;
    struct line *m = &lines->at[best];
    if (f->votes[best] < weak - weak / 10 || line_growth(m) <= 0 || m->follows)
        return 0;
    l->follows = true;
    if (m->brings == 0) m->follower = l->node; /* the largest comes first */
    m->brings += line_growth(l);
    return 0;
}

/* Lines that bring others go up, before those that all of it is more than. */
static void reorder(struct lines *lines)
{
    for (uint32_t i = 1; i < lines->n; i++) {
        struct line l = lines->at[i];
        uint32_t k = i;
        if (l.brings <= 0) continue;
        for (; k > 0; k--) {
            const struct line *above = &lines->at[k - 1];
            if (line_growth(above) + above->brings >= line_growth(&l) + l.brings) break;
            lines->at[k] = *above;
        }
        lines->at[k] = l;
    }
}

int diff_follow(struct comparison *c, const struct diff_types *types)
{
    struct follow f = { .c = c, .types = types };
    struct lines *lines = &c->lines;
    if (lines->n < 2) return 0;
    f.votes = calloc(lines->n, sizeof *f.votes);
    int status = 0;
    if (!f.votes || !index_owners(&f)) status = message_no_memory("the lines of the comparison");
    if (!status)
        status = heapdb_prepare(c->db_b, &f.refs,
                                "SELECT target_id FROM ref WHERE source_id = ?1 AND kind = ?2");
    for (uint32_t i = 0; !status && i < lines->n && i < FOLLOW_LINES; i++)
        if (lines->at[i].kind == DIFF_LINE_OWNER && line_growth(&lines->at[i]) > 0)
            status = find(&f, i);
    if (!status) reorder(lines);
    sqlite3_finalize(f.refs);
    rowmap_free(&f.owner);
    free(f.votes);
    return status ? STATUS_UNUSABLE : 0;
}
