/* SPDX-License-Identifier: MIT */
/* See notable.h. */
#include "db/notable.h"

#include <stdlib.h>
#include <string.h>

#include "db/heapdb.h"
#include "db/sort.h"

#define AHEAD 32u

/* ---- lists ---- */

static int compare_entries(const void *pa, const void *pb)
{
    const struct notable_entry *a = pa, *b = pb;
    if (a->weight != b->weight) return a->weight > b->weight ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

void notable_list_sort(struct notable_list *list)
{
    if (list->n) qsort(list->at, list->n, sizeof *list->at, compare_entries);
    list->full = list->keep && list->n >= list->keep;
    if (list->full) list->n = list->keep;
}

bool notable_list_add(struct budget *b, struct notable_list *list, uint64_t weight, uint32_t row)
{
    const struct notable_entry entry = { weight, row };
    if (list->full && compare_entries(&entry, &list->at[list->keep - 1]) > 0) return true;
    if (list->keep && list->n >= 2 * list->keep) notable_list_sort(list);
    if (!memory_grow(b, (void **)&list->at, &list->cap, list->n + 1, sizeof *list->at)) return false;
    list->at[list->n++] = entry;
    return true;
}

void notable_list_free(struct budget *b, struct notable_list *list)
{
    memory_free(b, list->at, list->cap, sizeof *list->at);
}

/* Rows (snapshot, rank, object). */
struct list_rows {
    const struct snapshot *s;
    const struct notable_list *list;
    size_t at;
};

static bool list_next(void *opaque, struct rows_row *out)
{
    struct list_rows *x = opaque;
    if (x->at >= x->list->n) return false;
    rows_set(out, 0, x->s->id);
    rows_set(out, 2, loader_object_id(x->s, x->list->at[x->at++].row));
    rows_set(out, 1, (int64_t)x->at);
    return true;
}

static int list_write(struct notable *x, struct notable_list *list, const char *table)
{
    notable_list_sort(list);
    struct list_rows rows = { x->s, list, 0 };
    return loader_rows(x->l, table, &(struct rows_source){ &rows, list_next, 3, ROWS_NO_TEXT });
}

/* ---- contents that count ---- */

/* What a type is to the question whose contents may be shared; found out when it is asked. */
enum { KIND_UNKNOWN, KIND_OTHER, KIND_BYTES, KIND_CODE, KIND_ARRAY, KIND_STRING };

/* `module` NULL: a type of no module. */
static bool is_type(const struct notable *x, uint32_t type, const char *module, const char *name)
{
    if (type < CAPTURE_TYPES) return false;
    const struct type_record *t = &x->l->file.type[type - CAPTURE_TYPES];
    const struct strings *s = &x->l->strings;
    if (!t->name || strcmp(strings_text(s, t->name), name) != 0) return false;
    if (!t->module || !module) return !t->module && !module;
    return strcmp(strings_text(s, t->module), module) == 0;
}

static uint8_t find_kind(const struct notable *x, uint32_t type)
{
    static const struct {
        const char *module, *name;
        uint8_t kind;
    } known[] = {
        { "builtins", "bytes", KIND_BYTES },
        { "builtins", "code", KIND_CODE },
        { NULL, "byte[]", KIND_ARRAY },
        { NULL, "char[]", KIND_ARRAY },
        { "java.lang", "java.lang.String", KIND_STRING },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (is_type(x, type, known[i].module, known[i].name)) return known[i].kind;
    return KIND_OTHER;
}

static uint8_t kind_of(const struct notable *x, uint32_t row)
{
    uint32_t type = x->s->type[row];
    if (x->kind[type] == KIND_UNKNOWN) x->kind[type] = find_kind(x, type);
    return x->kind[type];
}

static bool is_held_by(const struct notable *x, uint32_t row, uint8_t kind)
{
    uint32_t holder = x->s->analysis.dominator[row];
    return holder != HEAP_NONE && kind_of(x, holder) == kind;
}

/* Tables of compiled code are nobody's to share; neither are arrays that are written to, such as
 * Java's but for those of its texts. */
static bool counts(const struct notable *x, uint32_t row)
{
    uint8_t kind = kind_of(x, row);
    if (kind == KIND_BYTES) return !is_held_by(x, row, KIND_CODE);
    return kind != KIND_ARRAY || is_held_by(x, row, KIND_STRING);
}

/* ---- gathering ---- */

void notable_init(struct notable *x, struct loader *l, const struct snapshot *s)
{
    *x = (struct notable){ .l = l, .s = s };
    x->longest.keep = x->sparsest.keep = HEAPDB_NOTABLE_MAX;
    x->heaviest.keep = HEAPDB_LIST_MAX;
    if (!s->capture.hash.block) return;
    x->kind = memory_zeroed(&l->budget, s->n_types, sizeof *x->kind);
    x->failed = !x->kind;
}

static void list_add(struct notable *x, struct notable_list *list, uint64_t weight, uint32_t row)
{
    if (!notable_list_add(&x->l->budget, list, weight, row)) x->failed = true;
}

static void add_hash(struct notable *x, uint32_t row, uint64_t hash)
{
    struct budget *b = &x->l->budget;
    if (!memory_grow(b, (void **)&x->hash, &x->hash_cap, x->n + 1, sizeof *x->hash) ||
        !memory_grow(b, (void **)&x->row, &x->row_cap, x->n + 1, sizeof *x->row)) {
        x->failed = true;
        return;
    }
    x->hash[x->n] = hash;
    x->row[x->n++] = row;
}

/* The open ones first, then the closed, then those of which it is not known; by kind. */
static uint64_t resource_weight(uint8_t resource, uint8_t state)
{
    return (uint64_t)(state ? UINT8_MAX - state : 0) << 8 | (uint64_t)(UINT8_MAX - resource);
}

void notable_add(struct notable *x, uint32_t row, const struct notable_detail *d)
{
    if (d->hash && row <= x->s->analysis.n_live && !x->failed && counts(x, row))
        add_hash(x, row, d->hash);
    if (d->has_length && d->length > NOTABLE_LONG) list_add(x, &x->longest, d->length, row);
    if (d->has_length && d->has_capacity && d->length <= d->capacity / 2 &&
        d->capacity - 2 * d->length > NOTABLE_SPARE)
        list_add(x, &x->sparsest, d->capacity - d->length, row);
    if (d->resource) list_add(x, &x->resources, resource_weight(d->resource, d->state), row);
}

/* The order by retained size does not tell it: what is small in the heap may be large outside. */
static void find_heaviest(struct notable *x)
{
    const struct heap_analysis *a = &x->s->analysis;
    if (!a->retained_native || a->live_native == 0) return;
    for (uint32_t row = 1; row <= a->n_live && !x->failed; row++)
        list_add(x, &x->heaviest, a->retained_size[row] + a->retained_native[row], row);
}

/* ---- equal contents ---- */

/* Objects of one type with equal contents. */
struct copies {
    uint64_t wasted, size; /* what all but the largest take; what all take */
    uint64_t n, length;    /* of the shortest; equal ones may be stored in different ways */
    uint32_t type, row;    /* of the first of them */
};

struct type_copies {
    uint64_t contents, n, wasted;
};

struct typed_row {
    uint32_t type, row;
};

struct duplicates {
    struct notable *x;
    struct copies *at;
    size_t n, cap;
    struct type_copies *type; /* by index of the type */
    struct typed_row *run;    /* objects of equal hash */
    size_t run_n, run_cap;
};

static int compare_copies(const void *pa, const void *pb)
{
    const struct copies *a = pa, *b = pb;
    if (a->wasted != b->wasted) return a->wasted > b->wasted ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int compare_typed(const void *pa, const void *pb)
{
    const struct typed_row *a = pa, *b = pb;
    if (a->type != b->type) return a->type < b->type ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static bool keep_copies(struct duplicates *d, const struct copies *c)
{
    if (d->n >= 2 * (size_t)HEAPDB_LIST_MAX) {
        qsort(d->at, d->n, sizeof *d->at, compare_copies);
        d->n = HEAPDB_LIST_MAX;
    }
    if (!memory_grow(&d->x->l->budget, (void **)&d->at, &d->cap, d->n + 1, sizeof *d->at))
        return false;
    d->at[d->n++] = *c;
    return true;
}

/* Objects of one type and hash, by row. */
static bool add_copies(struct duplicates *d, const struct typed_row *at, size_t n)
{
    const struct snapshot *s = d->x->s;
    struct copies c = { .n = n, .type = at->type, .row = at->row, .length = UINT64_MAX };
    uint64_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t size = s->own[at[i].row];
        uint32_t node = s->analysis.node[at[i].row];
        uint64_t length = packed_get(&s->capture.length, node);
        c.size += size;
        if (size > largest) largest = size;
        if (packed_has(&s->capture.length, node) && length < c.length) c.length = length;
    }
    c.wasted = c.size - largest;
    d->type[c.type].contents++;
    d->type[c.type].n += n;
    d->type[c.type].wasted += c.wasted;
    return keep_copies(d, &c);
}

/* The run is complete: it falls apart by type. */
static bool end_run(struct duplicates *d)
{
    size_t n = d->run_n, begin = 0;
    d->run_n = 0;
    if (n < 2) return true;
    qsort(d->run, n, sizeof *d->run, compare_typed);
    for (size_t i = 1; i <= n; i++) {
        if (i < n && d->run[i].type == d->run[begin].type) continue;
        if (i - begin > 1 && !add_copies(d, d->run + begin, i - begin)) return false;
        begin = i;
    }
    return true;
}

static bool add_to_run(struct duplicates *d, uint32_t row)
{
    if (!memory_grow(&d->x->l->budget, (void **)&d->run, &d->run_cap, d->run_n + 1,
                     sizeof *d->run))
        return false;
    d->run[d->run_n++] = (struct typed_row){ d->x->s->type[row], row };
    return true;
}

/* In the order of hashes all that is known of an object stands at a place of its own. */
static void prefetch_copy(const struct notable *x, const uint32_t *order, size_t i)
{
    if (i + AHEAD < x->n) {
        HEAP_PREFETCH(&x->hash[order[i + AHEAD]]);
        HEAP_PREFETCH(&x->row[order[i + AHEAD]]);
    }
    if (i + AHEAD / 2 < x->n) {
        uint32_t row = x->row[order[i + AHEAD / 2]];
        HEAP_PREFETCH(&x->s->type[row]);
        HEAP_PREFETCH(&x->s->own[row]);
        HEAP_PREFETCH(&x->s->analysis.node[row]);
    }
}

static bool find_duplicates(struct duplicates *d)
{
    const struct notable *x = d->x;
    uint32_t *order;
    if (!sort_ids(&x->l->budget, x->hash, (uint32_t)x->n, &order, NULL)) return false;
    bool done = true;
    for (size_t i = 0, end = 0; i < x->n && done; i = end) {
        for (end = i; end < x->n && x->hash[order[end]] == x->hash[order[i]]; end++)
            prefetch_copy(x, order, end);
        if (end - i < 2) continue;
        for (size_t k = i; k < end && done; k++) done = add_to_run(d, x->row[order[k]]);
        done = done && end_run(d);
    }
    memory_free(&x->l->budget, order, x->n, sizeof *order);
    if (d->n) qsort(d->at, d->n, sizeof *d->at, compare_copies);
    if (d->n > HEAPDB_LIST_MAX) d->n = HEAPDB_LIST_MAX;
    return done;
}

/* ---- their rows ---- */

struct copies_rows {
    const struct duplicates *d;
    size_t at;
};

static bool copies_next(void *opaque, struct rows_row *out)
{
    struct copies_rows *x = opaque;
    const struct snapshot *s = x->d->x->s;
    if (x->at >= x->d->n) return false;
    const struct copies *c = &x->d->at[x->at++];
    rows_set(out, 0, s->id);
    rows_set(out, 1, (int64_t)x->at);
    rows_set(out, 2, s->type_base + c->type);
    rows_set(out, 3, (int64_t)c->n);
    if (c->length != UINT64_MAX) rows_set(out, 4, (int64_t)c->length);
    rows_set(out, 5, (int64_t)c->size);
    rows_set(out, 6, (int64_t)c->wasted);
    rows_set(out, 7, loader_object_id(s, c->row));
    return true;
}

static bool type_next(void *opaque, struct rows_row *out)
{
    struct copies_rows *x = opaque;
    const struct snapshot *s = x->d->x->s;
    while (x->at < s->n_types && !x->d->type[x->at].n) x->at++;
    if (x->at >= s->n_types) return false;
    const struct type_copies *t = &x->d->type[x->at];
    rows_set(out, 0, s->id);
    rows_set(out, 1, s->type_base + (int64_t)x->at++);
    rows_set(out, 2, (int64_t)t->contents);
    rows_set(out, 3, (int64_t)t->n);
    rows_set(out, 4, (int64_t)t->wasted);
    return true;
}

static int duplicates_write(struct notable *x)
{
    struct budget *b = &x->l->budget;
    struct duplicates d = { .x = x };
    struct copies_rows groups = { &d, 0 }, types = { &d, 0 };
    d.type = memory_zeroed(b, x->s->n_types, sizeof *d.type);
    int status = d.type && find_duplicates(&d) ? 0 : loader_no_memory(x->l);
    if (!status)
        status = loader_rows(x->l, "duplicate",
                             &(struct rows_source){ &groups, copies_next, 8, ROWS_NO_TEXT });
    if (!status)
        status = loader_rows(x->l, "duplicate_type",
                             &(struct rows_source){ &types, type_next, 5, ROWS_NO_TEXT });
    memory_free(b, d.type, x->s->n_types, sizeof *d.type);
    memory_free(b, d.at, d.cap, sizeof *d.at);
    memory_free(b, d.run, d.run_cap, sizeof *d.run);
    return status;
}

/* ---- all of it ---- */

int notable_write(struct notable *x)
{
    find_heaviest(x);
    int status = x->failed ? loader_no_memory(x->l) : 0;
    if (!status) status = list_write(x, &x->heaviest, "heavy_object");
    if (!status) status = list_write(x, &x->longest, "long_object");
    if (!status) status = list_write(x, &x->sparsest, "sparse_object");
    if (!status) status = list_write(x, &x->resources, "resource_object");
    if (!status && x->n) status = duplicates_write(x);
    return status;
}

void notable_free(struct notable *x)
{
    struct budget *b = &x->l->budget;
    memory_free(b, x->kind, x->s->n_types, sizeof *x->kind);
    memory_free(b, x->hash, x->hash_cap, sizeof *x->hash);
    memory_free(b, x->row, x->row_cap, sizeof *x->row);
    notable_list_free(b, &x->heaviest);
    notable_list_free(b, &x->longest);
    notable_list_free(b, &x->sparsest);
    notable_list_free(b, &x->resources);
}
