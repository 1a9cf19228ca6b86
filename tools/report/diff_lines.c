/* SPDX-License-Identifier: MIT */
/* Lines by signature. Owners come sorted by growth, so those that changed by most are taken from
 * the two ends of the list. O(owners log owners), and the naming of at most LINES_NAMED_MAX. */
#include "report/diff_lines.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "db/collection.h"
#include "db/diff_rowmap.h"
#include "heap/analysis.h"

int64_t line_retained(const struct line *l)
{
    return (int64_t)(l->added.shallow_size - l->removed.shallow_size) + l->resized;
}

int64_t line_native(const struct line *l)
{
    return (int64_t)(l->added.native_size - l->removed.native_size) + l->resized_native;
}

int64_t line_growth(const struct line *l)
{
    return line_retained(l) + line_native(l);
}

static uint64_t magnitude(int64_t x)
{
    return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static void add(struct heap_amount *to, const struct heap_amount *what)
{
    to->count += what->count;
    to->shallow_size += what->shallow_size;
    to->native_size += what->native_size;
}

void lines_add_owner(struct lines *lines, struct line *l, const struct heap_match *m, uint32_t i)
{
    const struct heap_owner *o = &m->owners[i];
    uint64_t size = magnitude(heap_owner_growth(o));
    if (l->n_owners == 0 || size > l->largest || (size == l->largest && o->b_row < l->b_row)) {
        l->largest = size;
        l->a_row = o->a_row;
        l->b_row = o->b_row;
    }
    l->n_owners += o->n_owners;
    l->deep |= o->deep;
    l->n_replaced += m->replaced_b && heap_holds_get(m->replaced_b, o->b_row);
    add(&l->added, &o->added);
    add(&l->removed, &o->removed);
    add(&l->shared, &o->shared);
    add(&l->moved, &o->moved);
    l->resized += o->resized_shallow;
    l->resized_native += o->resized_native;
    l->retained_delta += o->retained_delta;
    lines->next_owner[i] = l->first_owner;
    l->first_owner = i;
}

/* The line of a node, made where there is none. NULL without memory. */
static struct line *line_of(struct lines *lines, struct rowmap *by_node, uint32_t node,
                            enum diff_line_kind kind)
{
    uint32_t i = rowmap_get(by_node, node);
    if (i == ROWMAP_NONE) {
        i = lines->n;
        if (!rowmap_set(by_node, node, i)) return NULL;
        lines->at[lines->n++] =
            (struct line){ .kind = kind, .node = node, .first_owner = HEAP_NONE };
    }
    return &lines->at[i];
}

static enum diff_line_kind kind_of(const struct diff_rows *b, uint32_t row)
{
    if (row == 0) return DIFF_LINE_LIVE;
    return row == b->garbage_root ? DIFF_LINE_GARBAGE : DIFF_LINE_OWNER;
}

/* Is what came to an owner, and went, code of V8's own, nine parts in ten of it? */
static bool is_code(const struct heap_match *m, const struct heap_owner *o,
                    const struct diff_rows *b, const struct diff_names *names)
{
    uint64_t code = 0, all = 0;
    for (uint32_t i = 0; i < o->n_clusters; i++) {
        const struct heap_cluster *c = &m->clusters[o->first_cluster + i];
        uint64_t bytes = c->added.shallow_size + c->removed.shallow_size;
        all += bytes;
        if (collection_is_code(diff_names_of_type(names, c->type))) code += bytes;
    }
    if (all == 0) return collection_is_code(diff_names_of_type(names, b->type[o->b_row]));
    return code >= all - all / 10;
}

/* The line of all that V8 made of the program's code, whichever functions it hangs in. */
static int place_code(const struct heap_match *m, uint32_t i, struct sign *sign,
                      struct lines *lines, struct rowmap *by_node)
{
    uint32_t node = sign_root(sign, LINES_CODE, sizeof LINES_CODE - 1, TEXTS_NONE);
    struct line *l = node == SIGN_NONE ? NULL : line_of(lines, by_node, node, DIFF_LINE_LIVE);
    if (!l) return message_no_memory("the lines of the comparison");
    l->place = (uint64_t)node + 1;
    lines_add_owner(lines, l, m, i);
    l->a_row = l->b_row = 0;
    return 0;
}

/* Names the owner and adds it to its line. */
static int place(const struct heap_match *m, uint32_t i, const struct diff_rows *b,
                 struct diff_names *names, struct sign *sign, struct lines *lines,
                 struct rowmap *by_node)
{
    const struct heap_owner *o = &m->owners[i];
    uint32_t node = (uint32_t)(o->place - 1);
    if (!o->place && kind_of(b, o->b_row) == DIFF_LINE_OWNER && is_code(m, o, b, names))
        return place_code(m, i, sign, lines, by_node);
    if (!o->place && diff_names_row(names, o->b_row, &node)) return STATUS_UNUSABLE;
    struct line *l = line_of(lines, by_node, node, kind_of(b, o->b_row));
    if (!l) return message_no_memory("the lines of the comparison");
    l->place = o->place;
    lines_add_owner(lines, l, m, i);
    return 0;
}

static int place_all(const struct heap_match *m, const struct diff_rows *b,
                     struct diff_names *names, struct sign *sign, struct lines *lines,
                     struct rowmap *by_node)
{
    uint32_t low = 0, high = m->n_owners;
    for (uint32_t named = 0; low < high && named < LINES_NAMED_MAX; named++) {
        bool front = magnitude(heap_owner_growth(&m->owners[low])) >=
                     magnitude(heap_owner_growth(&m->owners[high - 1]));
        if (place(m, front ? low++ : --high, b, names, sign, lines,
                  by_node)) return STATUS_UNUSABLE;
    }
    if (low == high) return 0;
    uint32_t node = sign_root(sign, "(other owners)", 14, TEXTS_NONE);
    struct line *rest = line_of(lines, by_node, node, DIFF_LINE_REST);
    if (!rest || node == SIGN_NONE) return message_no_memory("the lines of the comparison");
    while (low < high) lines_add_owner(lines, rest, m, low++);
    return 0;
}

/* For sorting: the growth and, for ties, the text of the signature. */
struct keyed {
    bool last;
    int64_t growth;
    const char *text;
    uint32_t index;
};

static int by_growth(const void *x, const void *y)
{
    const struct keyed *a = x, *b = y;
    if (a->last != b->last) return a->last - b->last;
    if (a->growth != b->growth) return a->growth < b->growth ? 1 : -1;
    return strcmp(a->text, b->text);
}

/* By growth descending, garbage that does not count last; the text of the signature decides ties,
 * whatever the order of the rows. */
static int sort_lines(struct lines *lines, const struct sign *sign, bool garbage_counts)
{
    struct keyed *key = malloc(((size_t)lines->n + 1) * sizeof *key);
    struct line *sorted = malloc(((size_t)lines->n + 1) * sizeof *sorted);
    struct text *texts = calloc((size_t)lines->n + 1, sizeof *texts);
    bool failed = !key || !sorted || !texts;
    for (uint32_t i = 0; !failed && i < lines->n; i++) {
        sign_text(sign, lines->at[i].node, &texts[i]);
        failed = texts[i].failed;
        bool last = lines->at[i].kind == DIFF_LINE_GARBAGE && !garbage_counts;
        key[i] = (struct keyed){ last, line_growth(&lines->at[i]), text_str(&texts[i]), i };
    }
    if (!failed) {
        qsort(key, lines->n, sizeof *key, by_growth);
        for (uint32_t i = 0; i < lines->n; i++) sorted[i] = lines->at[key[i].index];
        memcpy(lines->at, sorted, lines->n * sizeof *sorted);
    }
    for (uint32_t i = 0; texts && i < lines->n; i++) text_free(&texts[i]);
    free(texts);
    free(sorted);
    free(key);
    return failed ? message_no_memory("the lines of the comparison") : 0;
}

int lines_make(const struct heap_match *match, const struct diff_rows *b, struct diff_names *names,
               bool garbage_counts, struct sign *sign, struct lines *out)
{
    struct rowmap by_node = { 0 };
    uint32_t most = match->n_owners < LINES_NAMED_MAX ? match->n_owners : LINES_NAMED_MAX;
    *out = (struct lines){ 0 };
    out->at = malloc(((size_t)most + 1) * sizeof *out->at);
    out->next_owner = malloc(((size_t)match->n_owners + 1) * sizeof *out->next_owner);
    int status = 0;
    if (!out->at || !out->next_owner) status = message_no_memory("the lines of the comparison");
    if (!status) status = place_all(match, b, names, sign, out, &by_node);
    if (!status) status = sort_lines(out, sign, garbage_counts);
    rowmap_free(&by_node);
    if (status) lines_free(out);
    return status;
}

void lines_free(struct lines *lines)
{
    free(lines->at);
    free(lines->next_owner);
    *lines = (struct lines){ 0 };
}
