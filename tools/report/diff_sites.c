/* SPDX-License-Identifier: MIT */
/* Growth by place of allocation: the whole heap, each line that is shown, native blocks. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "db/diff_place.h"
#include "report/diff_fill.h"

enum { LINE_SITES = 3 };

/* What is known of one stack of one side. */
struct stack_sum {
    uint64_t place;
    uint32_t stack_a, stack_b; /* ids; 0: not there */
    struct diff_sum a, b;
};

static int by_place(const void *x, const void *y)
{
    const struct stack_sum *a = x, *b = y;
    return a->place < b->place ? -1 : a->place > b->place;
}

static int64_t site_growth(const struct stack_sum *s)
{
    return s->b.shallow + s->b.native - s->a.shallow - s->a.native;
}

static int by_growth(const void *x, const void *y)
{
    const struct stack_sum *a = x, *b = y;
    int64_t ga = site_growth(a), gb = site_growth(b);
    if (ga != gb) return ga < gb ? 1 : -1;
    return by_place(x, y);
}

/* Adds one side's stacks that hold something to all[]; returns how many there are then. Without
 * memory UINT32_MAX. */
static uint32_t add_side(const struct diff_rows *rows, const struct heap_match *match,
                         const struct diff_places *places, bool is_b, struct stack_sum *all,
                         uint32_t n)
{
    struct diff_sum *sums = calloc((size_t)places->n + 1, sizeof *sums);
    if (!sums) return UINT32_MAX;
    diff_tally_stacks(rows, match ? match->b_to_a : NULL, match ? match->replaced_b : NULL,
                      places->n, sums);
    for (uint32_t stack = 1; stack < places->n; stack++) {
        if (sums[stack].n == 0) continue;
        struct stack_sum *s = &all[n++];
        *s = (struct stack_sum){ .place = places->hash[stack] };
        *(is_b ? &s->stack_b : &s->stack_a) = stack;
        *(is_b ? &s->b : &s->a) = sums[stack];
    }
    free(sums);
    return n;
}

/* Sums of equal places become one. */
static uint32_t merge(struct stack_sum *all, uint32_t n)
{
    uint32_t kept = 0;
    qsort(all, n, sizeof *all, by_place);
    for (uint32_t i = 0; i < n; i++) {
        struct stack_sum *to = kept ? &all[kept - 1] : NULL;
        if (!to || to->place != all[i].place) {
            all[kept++] = all[i];
            continue;
        }
        if (all[i].stack_a) to->stack_a = all[i].stack_a;
        if (all[i].stack_b) to->stack_b = all[i].stack_b;
        to->a.n += all[i].a.n;
        to->a.shallow += all[i].a.shallow;
        to->a.native += all[i].a.native;
        to->b.n += all[i].b.n;
        to->b.shallow += all[i].b.shallow;
        to->b.native += all[i].b.native;
        to->b.n_new += all[i].b.n_new;
        to->b.shallow_new += all[i].b.shallow_new;
    }
    return kept;
}

static int site_texts(struct diff_report *r, const struct comparison *c, const struct stack_sum *s,
                      struct diff_site *out)
{
    struct diff_place place;
    int status = s->stack_b ? diff_place_read(c->db_b, s->stack_b, &r->texts, &place)
                            : diff_place_read(c->db_a, s->stack_a, &r->texts, &place);
    if (status) return status;
    if (!*place.stack) place.stack = place.brief = "(not recorded)";
    *out = (struct diff_site){ .place = s->place,
                               .function = place.function,
                               .file = place.file,
                               .line = place.line,
                               .stack = place.stack,
                               .brief = place.brief,
                               .capture = place.capture,
                               .n_a = s->a.n,
                               .n_b = s->b.n,
                               .shallow_a = s->a.shallow,
                               .shallow_b = s->b.shallow,
                               .n_new = s->b.n_new,
                               .shallow_new = s->b.shallow_new };
    return 0;
}

static int show_sites(struct diff_report *r, const struct diff_options *options,
                      const struct comparison *c, struct stack_sum *all, uint32_t n,
                      struct diff_site_list *out)
{
    uint32_t changed = 0, kept = 0, *chosen = NULL;
    int64_t *change = malloc(((size_t)n + 1) * sizeof *change);
    qsort(all, n, sizeof *all, by_growth);
    for (uint32_t i = 0; change && i < n; i++) {
        change[i] = site_growth(&all[i]);
        if (change[i] != 0 || all[i].a.n != all[i].b.n) changed++;
    }
    bool failed =
        !change || !fill_choose(change, n, options->top, options->min_size, &chosen, &kept);
    out->at = failed ? NULL : calloc((size_t)kept + 1, sizeof *out->at);
    int status = out->at ? 0 : message_no_memory("the places of allocation");
    for (uint32_t i = 0; !status && i < kept; i++) {
        const struct stack_sum *s = &all[chosen[i]];
        if (site_growth(s) == 0 && s->a.n == s->b.n) continue;
        status = site_texts(r, c, s, &out->at[out->n++]);
    }
    out->n_all = changed;
    free(change);
    free(chosen);
    return status;
}

/* ---- lines --------------------------------------------------------------------------- */

/* Objects and bytes of one place in one line. */
struct share {
    uint32_t line, stack;
    int64_t n, shallow;
};

static int by_line(const void *x, const void *y)
{
    const struct share *a = x, *b = y;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    if (a->shallow != b->shallow) return a->shallow < b->shallow ? 1 : -1;
    return a->stack < b->stack ? -1 : a->stack > b->stack;
}

/* owner row -> index of its line in report->lines, for the lines that are shown. */
static bool line_map(const struct diff_report *r, const struct comparison *c, struct rowmap *map)
{
    struct rowmap by_node = { 0 };
    bool ok = true;
    for (uint32_t i = 0; ok && i < r->n_lines; i++) ok = rowmap_set(&by_node, r->lines[i].node, i);
    for (uint32_t k = 0; ok && k < c->lines.n; k++) {
        uint32_t i = rowmap_get(&by_node, c->lines.at[k].node);
        uint32_t o = i == ROWMAP_NONE ? HEAP_NONE : c->lines.at[k].first_owner;
        for (; ok && o != HEAP_NONE; o = c->lines.next_owner[o])
            ok = rowmap_set(map, c->match.owners[o].b_row, i);
    }
    rowmap_free(&by_node);
    return ok;
}

/* Sums the new objects of the lines by stack: an array of *n, malloc'd, NULL without memory. */
static struct share *line_shares(const struct comparison *c, const struct rowmap *lines,
                                 uint32_t n_stacks, uint32_t *n)
{
    const struct diff_rows *b = c->b;
    struct rowmap by_key = { 0 };
    uint32_t cap = 64;
    struct share *all = malloc(cap * sizeof *all);
    uint32_t *owner = malloc(((size_t)b->n_rows + 1) * sizeof *owner);
    bool failed = !all || !owner || !diff_tally_owners(b, c->match.b_to_a, owner);
    *n = 0;
    for (uint32_t row = 1; !failed && row < b->n_rows; row++) {
        if (owner[row] == HEAP_NONE || b->stack[row] == 0 || b->stack[row] >= n_stacks) continue;
        const uint32_t *whole = c->match.whole_b;
        uint32_t line = rowmap_get(lines, whole ? whole[owner[row]] : owner[row]);
        if (line == ROWMAP_NONE || line >= (UINT32_MAX - 1) / n_stacks) continue;
        uint32_t key = line * n_stacks + b->stack[row], i = rowmap_get(&by_key, key);
        if (i == ROWMAP_NONE) {
            struct share *grown = *n == cap ? realloc(all, 2 * (size_t)cap * sizeof *all) : all;
            if (!grown || !rowmap_set(&by_key, key, *n)) {
                all = grown ? grown : all;
                failed = true;
                continue;
            }
            if (*n == cap) cap *= 2;
            all = grown;
            i = (*n)++;
            all[i] = (struct share){ .line = line, .stack = b->stack[row] };
        }
        all[i].n++;
        all[i].shallow += (int64_t)b->shallow[row];
    }
    free(owner);
    rowmap_free(&by_key);
    if (!failed) return all;
    free(all);
    return NULL;
}

static int fill_line_sites(struct diff_report *r, const struct comparison *c,
                           const struct diff_places *places)
{
    struct rowmap lines = { 0 };
    uint32_t n = 0;
    struct share *all = NULL;
    if (line_map(r, c, &lines)) all = line_shares(c, &lines, places->n, &n);
    rowmap_free(&lines);
    if (!all) return message_no_memory("the places of allocation");
    qsort(all, n, sizeof *all, by_line);
    int status = 0;
    for (uint32_t i = 0; !status && i < n; i++) {
        struct diff_line *l = &r->lines[all[i].line];
        if (l->n_sites == LINE_SITES) continue;
        if (!l->sites) l->sites = calloc(LINE_SITES, sizeof *l->sites);
        if (!l->sites) {
            status = message_no_memory("the places of allocation");
            continue;
        }
        struct stack_sum s = { .place = places->hash[all[i].stack],
                               .stack_b = all[i].stack,
                               .b = { .n = all[i].n,
                                      .shallow = all[i].shallow,
                                      .n_new = all[i].n,
                                      .shallow_new = all[i].shallow } };
        status = site_texts(r, c, &s, &l->sites[l->n_sites++]);
    }
    free(all);
    return status;
}

int fill_sites(struct diff_report *r, const struct diff_options *options,
               const struct comparison *c)
{
    struct diff_places a = { 0 }, b = { 0 };
    r->has_sites = c->b->stack != NULL;
    if (!r->has_sites) return 0;
    int status = diff_places_load(c->db_b, &b);
    if (!status && c->a->stack) status = diff_places_load(c->db_a, &a);
    struct stack_sum *all = malloc(((size_t)a.n + b.n + 1) * sizeof *all);
    uint32_t n = 0;
    if (!status && !all) status = message_no_memory("the places of allocation");
    if (!status && c->a->stack) n = add_side(c->a, NULL, &a, false, all, 0);
    if (!status && n != UINT32_MAX) n = add_side(c->b, &c->match, &b, true, all, n);
    if (!status && n == UINT32_MAX) status = message_no_memory("the places of allocation");
    struct diff_site_list list = { 0 };
    if (!status) status = show_sites(r, options, c, all, merge(all, n), &list);
    r->sites = list.at;
    r->n_sites = list.n;
    r->n_sites_all = list.n_all;
    if (!status && b.n) status = fill_line_sites(r, c, &b);
    free(all);
    diff_places_free(&a);
    diff_places_free(&b);
    return status;
}

/* ---- native blocks ------------------------------------------------------------------------- */

/* Adds the sites of a snapshot's native blocks to all[n ..]; of `most`, which has a place for each
 * stack and one for blocks without. */
static int add_native(struct heapdb *db, const struct heapdb_snapshot *s,
                      const struct diff_places *places, bool is_b, struct stack_sum *all,
                      uint32_t *n)
{
    sqlite3_stmt *q;
    uint32_t end = *n + places->n + 1;
    int more = 0;
    if (heapdb_prepare(db, &q, "SELECT coalesce(stack_id, 0), n_blocks, block_size FROM native_site"
                               " WHERE snapshot_id = ?1 AND n_blocks > 0"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->id);
    while (*n < end && (more = heapdb_step(db, q)) == 1) {
        int64_t stack = sqlite3_column_int64(q, 0);
        if (stack < 0 || stack >= (int64_t)places->n) stack = 0;
        const struct diff_sum sum = { .n = sqlite3_column_int64(q, 1),
                                      .shallow = sqlite3_column_int64(q, 2) };
        if (sum.n < 0 || sum.shallow < 0 || sum.shallow > INT64_MAX / 4) continue;
        struct stack_sum *to = &all[(*n)++];
        *to = (struct stack_sum){ .place = stack ? places->hash[stack] : 0 };
        *(is_b ? &to->stack_b : &to->stack_a) = (uint32_t)stack;
        *(is_b ? &to->b : &to->a) = sum;
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : 0;
}

/* 1 where the snapshot has native blocks, of *size bytes; 0 where not, negative after an error. */
static int has_native(struct heapdb *db, const struct heapdb_snapshot *s, int64_t *size)
{
    int got = heapdb_number(db, "SELECT block_size FROM snapshot WHERE id = ?", s->id, size);
    if (got == 0 && *size < 0) *size = 0;
    return got < 0 ? got : got == 0;
}

int fill_native(struct diff_report *r, const struct diff_options *options,
                const struct comparison *c)
{
    struct diff_places a = { 0 }, b = { 0 };
    int in_a = has_native(c->db_a, c->snapshot_a, &r->blocks_a);
    int in_b = has_native(c->db_b, c->snapshot_b, &r->blocks_b);
    if (in_a < 0 || in_b < 0) return STATUS_UNUSABLE;
    r->has_native = in_a && in_b;
    if (!r->has_native) return 0;
    int status = diff_places_load(c->db_b, &b);
    if (!status) status = diff_places_load(c->db_a, &a);
    struct stack_sum *all = calloc((size_t)a.n + b.n + 3, sizeof *all);
    uint32_t n = 0;
    if (!status && !all) status = message_no_memory("the places of allocation");
    if (!status) status = add_native(c->db_a, c->snapshot_a, &a, false, all, &n);
    if (!status) status = add_native(c->db_b, c->snapshot_b, &b, true, all, &n);
    if (!status) status = show_sites(r, options, c, all, merge(all, n), &r->native);
    free(all);
    diff_places_free(&a);
    diff_places_free(&b);
    return status;
}
