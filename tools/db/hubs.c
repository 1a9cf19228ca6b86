/* SPDX-License-Identifier: MIT */
/*
 * Hubs, the objects that most references lead to, and the types of those who refer to them. Two
 * passes over the references in the order of the file: how many lead to each object; and the types
 * of the hubs' sources, hub by hub, of which the most frequent ones are kept. The second one asks a
 * bit by object, few enough to stay near, whether it is a hub. Memory: 2 1/8 B an object, and 4 B a
 * reference to a hub, while they are looked for.
 */
#include "db/loader.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD 32u

/* Hubs: objects with at least so many references to them, the largest so many, and their types. */
#define HUB_MIN 1000u
#define HUBS_MAX 1000u
#define HUB_TYPES_MAX 50u

/* References are counted in 16 bits. */
#define WRAP (UINT64_C(1) << 16)
_Static_assert(HUBS_MAX < WRAP, "a count becomes the index of a hub");

struct hub {
    uint32_t row;     /* or a type, with its number of sources */
    uint32_t n_types; /* kept */
    uint64_t n;
};

/* In terms of the capture: objects by node. */
struct hubs {
    struct loader *l;
    const struct snapshot *s;
    uint16_t *count; /* by node: references to it, modulo WRAP; of a hub, then its index */
    uint32_t *wrapped; /* nodes whose count came round to 0, once for each time */
    size_t n_wrapped, wrapped_cap;
    uint64_t *is_hub; /* bit by node */
    struct hub *hub;
    size_t n, cap;
    uint64_t *next;     /* [n] by hub: where its next type goes, in the end its end */
    uint32_t *type;     /* of the sources of all references to hubs, hub by hub */
    uint64_t n_type;
    struct hub *kept; /* types of all hubs, hub by hub */
    size_t n_kept, kept_cap;
};

static int compare_size(const void *pa, const void *pb)
{
    const struct hub *a = pa, *b = pb;
    if (a->n != b->n) return a->n > b->n ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int compare_row(const void *pa, const void *pb)
{
    const struct hub *a = pa, *b = pb;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int compare_nodes(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return a < b ? -1 : a > b;
}

static bool count_references(struct hubs *h)
{
    const uint32_t *target = h->s->capture.target;
    uint64_t m = h->s->resolved.m;
    h->count = memory_zeroed(&h->l->budget, h->s->resolved.n, sizeof *h->count);
    for (uint64_t e = 0; h->count && e < m; e++) {
        if (e + AHEAD < m) HEAP_PREFETCH(&h->count[target[e + AHEAD]]);
        if (++h->count[target[e]]) continue;
        if (!memory_grow(&h->l->budget, (void **)&h->wrapped, &h->wrapped_cap, h->n_wrapped + 1,
                         sizeof *h->wrapped))
            return false;
        h->wrapped[h->n_wrapped++] = target[e];
    }
    if (h->n_wrapped) qsort(h->wrapped, h->n_wrapped, sizeof *h->wrapped, compare_nodes);
    return h->count;
}

/* All that are large enough, by node. */
static bool list_hubs(struct hubs *h)
{
    const struct heap_analysis *a = &h->s->analysis;
    size_t w = 0;
    for (uint32_t v = 0; v < a->n_nodes; v++) {
        uint64_t n = h->count[v];
        for (; w < h->n_wrapped && h->wrapped[w] == v; w++) n += WRAP;
        if (n < HUB_MIN) continue;
        if (!memory_grow(&h->l->budget, (void **)&h->hub, &h->cap, h->n + 1, sizeof *h->hub))
            return false;
        h->hub[h->n++] = (struct hub){ .row = a->row_of[v], .n = n };
    }
    return true;
}

/* The largest hubs, by row; `count` becomes their index by node. */
static bool choose(struct hubs *h)
{
    const struct heap_analysis *a = &h->s->analysis;
    if (!list_hubs(h)) return false;
    if (!h->n) return true;
    qsort(h->hub, h->n, sizeof *h->hub, compare_size);
    if (h->n > HUBS_MAX) h->n = HUBS_MAX;
    qsort(h->hub, h->n, sizeof *h->hub, compare_row);
    h->is_hub = memory_zeroed(&h->l->budget, heap_holds_words(a->n_nodes), sizeof *h->is_hub);
    for (size_t i = 0; h->is_hub && i < h->n; i++) {
        uint32_t v = a->node[h->hub[i].row];
        heap_holds_set(h->is_hub, v);
        h->count[v] = (uint16_t)i;
    }
    return h->is_hub;
}

/* The types of all sources, in the order of the hubs. */
static bool list_types(struct hubs *h)
{
    const struct capture *c = &h->s->capture;
    const uint64_t *off = h->s->resolved.off;
    for (size_t i = 0; i < h->n; i++) h->n_type += h->hub[i].n;
    h->next = memory_new(&h->l->budget, h->n, sizeof *h->next);
    h->type = memory_new(&h->l->budget, h->n_type, sizeof *h->type);
    if (!h->next || !h->type) return false;
    uint64_t first = 0;
    for (size_t i = 0; i < h->n; first += h->hub[i++].n) h->next[i] = first;
    uint32_t *const type = h->type;
    for (uint32_t v = 0; v < c->n; v++) {
        uint32_t of = (uint32_t)packed_get(&c->type, v);
        for (uint64_t e = off[v]; e < off[v + 1]; e++) {
            uint32_t to = c->target[e];
            if (heap_holds_get(h->is_hub, to)) type[h->next[h->count[to]]++] = of;
        }
    }
    return true;
}

/* Counts by type, used again for each hub: `touched` lists the types whose count is not 0. */
struct hub_counts {
    uint64_t *count;
    struct hub *touched; /* type and count, to be sorted as hubs are */
    uint32_t n_touched;
};

static bool keep_types_of(struct hubs *h, struct hub *hub, uint64_t end, struct hub_counts *c)
{
    c->n_touched = 0;
    for (uint64_t i = end - hub->n; i < end; i++)
        if (!c->count[h->type[i]]++) c->touched[c->n_touched++].row = h->type[i];
    for (uint32_t i = 0; i < c->n_touched; i++) {
        c->touched[i].n = c->count[c->touched[i].row];
        c->count[c->touched[i].row] = 0;
    }
    qsort(c->touched, c->n_touched, sizeof *c->touched, compare_size);
    hub->n_types = c->n_touched < HUB_TYPES_MAX ? c->n_touched : HUB_TYPES_MAX;
    if (!memory_grow(&h->l->budget, (void **)&h->kept, &h->kept_cap, h->n_kept + hub->n_types,
                     sizeof *h->kept))
        return false;
    if (hub->n_types) memcpy(&h->kept[h->n_kept], c->touched, hub->n_types * sizeof *h->kept);
    h->n_kept += hub->n_types;
    return true;
}

/* The most frequent types of each hub; the lists of all go. */
static bool keep_types(struct hubs *h)
{
    struct budget *b = &h->l->budget;
    uint32_t n_types = h->s->n_types;
    struct hub_counts c = { .count = memory_zeroed(b, n_types, sizeof *c.count),
                            .touched = memory_zeroed(b, n_types, sizeof *c.touched) };
    bool ok = c.count && c.touched;
    for (size_t i = 0; i < h->n && ok; i++) ok = keep_types_of(h, &h->hub[i], h->next[i], &c);
    memory_free(b, c.count, n_types, sizeof *c.count);
    memory_free(b, c.touched, n_types, sizeof *c.touched);
    return ok;
}

/* What is needed only while they are looked for. */
static void release_lists(struct hubs *h)
{
    struct budget *b = &h->l->budget;
    memory_free(b, h->count, h->s->resolved.n, sizeof *h->count);
    memory_free(b, h->is_hub, heap_holds_words(h->s->analysis.n_nodes), sizeof *h->is_hub);
    memory_give(b, (void **)&h->wrapped, &h->wrapped_cap, sizeof *h->wrapped);
    memory_free(b, h->type, h->n_type, sizeof *h->type);
    memory_free(b, h->next, h->n, sizeof *h->next);
    h->count = NULL;
    h->type = NULL;
    h->is_hub = h->next = NULL;
}

static int insert_hub(const struct hubs *h, const struct hub *hub, const struct hub *types,
                      sqlite3_stmt **q)
{
    struct loader *l = h->l;
    int64_t id = loader_object_id(h->s, hub->row);
    sqlite3_bind_int64(q[0], 1, id);
    sqlite3_bind_int64(q[0], 2, (int64_t)hub->n);
    int status = loader_insert(l, q[0]);
    for (uint32_t i = 0; i < hub->n_types && !status; i++) {
        sqlite3_bind_int64(q[1], 1, id);
        sqlite3_bind_int64(q[1], 2, (int64_t)i + 1);
        sqlite3_bind_int64(q[1], 3, h->s->type_base + types[i].row);
        sqlite3_bind_int64(q[1], 4, (int64_t)types[i].n);
        status = loader_insert(l, q[1]);
    }
    return status;
}

static int insert_hubs(const struct hubs *h)
{
    struct loader *l = h->l;
    sqlite3_stmt *q[2] = { NULL, NULL };
    const struct hub *types = h->kept;
    int status = loader_prepare(l, &q[0], "INSERT INTO hub VALUES (?, ?)");
    if (!status) status = loader_prepare(l, &q[1], "INSERT INTO hub_type VALUES (?, ?, ?, ?)");
    for (size_t i = 0; i < h->n && !status; types += h->hub[i++].n_types)
        status = insert_hub(h, &h->hub[i], types, q);
    sqlite3_finalize(q[0]);
    sqlite3_finalize(q[1]);
    return status;
}

bool hubs_find(struct loader *l, const struct snapshot *s, struct hubs **out)
{
    struct hubs *h = *out = calloc(1, sizeof *h);
    if (!h) return false;
    h->l = l;
    h->s = s;
    bool found = count_references(h) && choose(h) && (!h->n || (list_types(h) && keep_types(h)));
    release_lists(h);
    return found;
}

int hubs_write(const struct hubs *h)
{
    return h->n ? insert_hubs(h) : 0;
}

void hubs_free(struct hubs *h)
{
    if (!h) return;
    release_lists(h);
    heap_free(h->hub);
    heap_free(h->kept);
    free(h);
}
