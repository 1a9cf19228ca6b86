/* SPDX-License-Identifier: MIT */
/*
 * Ids to nodes, edges to compressed rows. See resolve.h.
 */
#include "db/resolve.h"

#include <string.h>

#include "db/heapdb.h"
#include "db/sort.h"
#include "heap/analysis.h"
#include "heap/prefetch.h"

/* Look-ups that are under way at the same time: their cache misses overlap. */
#define AHEAD 16u
/* Owned references of one object are counted up to here and, at most, 255 more. */
#define OWNED_MAX (UINT32_MAX - UINT8_MAX)

/* The work of one call. */
struct work {
    struct capture *c;
    struct resolved *out;
    struct budget *b;
    uint32_t *renumber; /* [nodes before] new number; a duplicate's is that of the one that holds.
                           NULL without duplicates */
    uint64_t *dead;     /* bit by old node: dropped. NULL without duplicates */
    uint32_t n_before;
    uint32_t *slot;     /* hash table of nodes + 1 by id, 0 is free */
    uint64_t slots;
    uint32_t *order;    /* [nodes before] nodes by id */
    uint64_t nowhere;   /* targets that are CAPTURE_NONE */
    uint32_t *external; /* [nodes] as in resolved, CAPTURE_NONE for none; NULL: nobody knows */
};

static bool is_dead(const struct work *w, uint32_t node)
{
    return w->dead && (w->dead[node / 64] >> (node % 64) & 1);
}

/* ---- duplicates ---------------------------------------------------------------------------- */

/* Marks all but the first node of each id, and shortens the order to those that stay. */
static bool find_duplicates(struct work *w)
{
    const uint64_t *id = w->c->id;
    uint32_t *order = w->order, n = w->c->n, keep = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (i == 0 || id[order[i]] != id[order[i - 1]]) continue;
        if (!w->dead) {
            w->dead = memory_zeroed(w->b, heap_holds_words(n), sizeof *w->dead);
            w->renumber = memory_new(w->b, n, sizeof *w->renumber);
            if (!w->dead || !w->renumber) return false;
        }
        heap_holds_set(w->dead, order[i]);
        w->out->duplicates++;
    }
    if (!w->dead) return true;
    uint32_t next = 0;
    for (uint32_t v = 0; v < n; v++)
        if (!is_dead(w, v)) w->renumber[v] = next++;
    /* Equal ids stand together, the one that holds before the others. */
    for (uint32_t i = 0; i < n; i++)
        if (is_dead(w, order[i])) w->renumber[order[i]] = w->renumber[order[i - 1]];
    for (uint32_t i = 0; i < n; i++)
        if (!is_dead(w, order[i])) order[keep++] = w->renumber[order[i]];
    return true;
}

/* Takes the dropped nodes out of all columns. */
static bool compact_objects(struct work *w)
{
    struct capture *c = w->c;
    struct packed *p[] = { &c->type, &c->state, &c->refcount, &c->hash, &c->length, &c->capacity,
                           &c->stack };
    uint32_t to = 0;
    for (size_t i = 0; i < sizeof p / sizeof p[0]; i++)
        if (!packed_drop(p[i], w->b, w->n_before, w->dead)) return false;
    for (uint32_t v = 0; v < w->n_before; v++) {
        if (is_dead(w, v)) continue;
        c->id[to] = c->id[v];
        c->shallow[to] = c->shallow[v];
        if (c->native) c->native[to] = c->native[v];
        to++;
    }
    c->n = to;
    size_t keep = 0;
    for (size_t i = 0; i < c->n_extra; i++) {
        if (is_dead(w, c->extra[i].node)) continue;
        c->extra[keep] = c->extra[i];
        c->extra[keep++].node = w->renumber[c->extra[i].node];
    }
    c->n_extra = keep;
    for (size_t i = 0; i < c->n_preview; i++)
        c->preview[i].node = w->renumber[c->preview[i].node];
    return true;
}

static bool drop_duplicates(struct work *w)
{
    w->n_before = w->c->n;
    if (capture_end(w->c) != CAPTURE_OK) return false;
    bool distinct;
    if (!sort_ids(w->b, w->c->id, w->c->n, &w->order, &distinct)) return false;
    if (!distinct && (!find_duplicates(w) || (w->dead && !compact_objects(w)))) return false;
    w->out->n = w->c->n;
    return true;
}

/* ---- ids to nodes -------------------------------------------------------------------------- */

static uint64_t slot_hash(const struct work *w, uint64_t id)
{
    /* Fibonacci hashing: ids are addresses, whose low bits say little. */
    return (id * UINT64_C(0x9e3779b97f4a7c15)) >> 20 & (w->slots - 1);
}

static bool build_table(struct work *w)
{
    if (w->slot) return true;
    w->slots = 1024;
    while (w->slots / 2 < w->c->n) w->slots *= 2;
    w->slot = memory_zeroed(w->b, w->slots, sizeof *w->slot);
    if (!w->slot) return false;
    for (uint32_t v = 0; v < w->c->n; v++) {
        uint64_t i = slot_hash(w, w->c->id[v]);
        while (w->slot[i]) i = (i + 1) & (w->slots - 1);
        w->slot[i] = v + 1;
    }
    return true;
}

static uint32_t node_of_id(const struct work *w, uint64_t id)
{
    for (uint64_t i = slot_hash(w, id);; i = (i + 1) & (w->slots - 1)) {
        uint32_t v = w->slot[i];
        if (!v) return CAPTURE_NONE;
        if (w->c->id[v - 1] == id) return v - 1;
    }
}

static void resolve_by_id(struct work *w, const struct capture_by_id *s)
{
    const uint64_t *id = w->c->target_id + s->at;
    for (uint64_t i = 0; i < s->n; i++) {
        if (i + AHEAD < s->n) HEAP_PREFETCH(&w->slot[slot_hash(w, id[i + AHEAD])]);
        uint32_t node = node_of_id(w, id[i]);
        w->c->target[s->first + i] = node;
        w->nowhere += node == CAPTURE_NONE;
    }
}

static uint32_t node_of_ordinal(struct work *w, uint64_t ordinal)
{
    uint64_t node;
    if (!idmap_find(&w->c->ordinal, ordinal, &node)) return CAPTURE_NONE;
    return w->renumber ? w->renumber[node] : (uint32_t)node;
}

static void resolve_by_ordinal(struct work *w, uint64_t from, uint64_t to)
{
    uint32_t *target = w->c->target, n = w->c->n;
    const struct idmap *map = &w->c->ordinal;
    uint64_t nowhere = 0;
    bool plain = !w->renumber && map->n == 1 && map->at[0].first == 0;
    for (uint64_t e = from; e < to; e++) {
        if (plain)
            target[e] = target[e] < n ? target[e] : CAPTURE_NONE;
        else if (target[e] != CAPTURE_NONE)
            target[e] = node_of_ordinal(w, target[e]);
        nowhere += target[e] == CAPTURE_NONE;
    }
    w->nowhere += nowhere;
}

/* All targets become nodes; CAPTURE_NONE for those that are nowhere. */
static bool resolve_targets(struct work *w)
{
    struct capture *c = w->c;
    uint64_t at = 0;
    if (c->n_by_id && !build_table(w)) return false;
    for (size_t i = 0; i < c->n_by_id; i++) {
        resolve_by_ordinal(w, at, c->by_id[i].first);
        resolve_by_id(w, &c->by_id[i]);
        at = c->by_id[i].first + c->by_id[i].n;
    }
    resolve_by_ordinal(w, at, c->m);
    heap_free(c->target_id);
    c->target_id = NULL;
    c->n_target_id = c->target_id_cap = 0;
    return true;
}

/* ---- rows of edges ------------------------------------------------------------------------- */

/* How many references of a run stay; drops those of a dropped node by their target. */
static uint32_t count_run(const struct work *w, uint64_t first, uint32_t n, bool dead)
{
    uint32_t *target = w->c->target + first, stay = 0;
    if (!dead && !w->nowhere) return n;
    for (uint32_t k = 0; k < n; k++) {
        if (dead) target[k] = CAPTURE_NONE;
        stay += target[k] != CAPTURE_NONE;
    }
    return stay;
}

/* Counts the references that stay into off[v+1], and tells whether the runs ascend already. */
static bool count_edges(struct work *w)
{
    const struct capture *c = w->c;
    uint64_t *off = w->out->off, e = 0;
    bool ascending = true;
    uint32_t last = 0;
    for (size_t r = 0; r < c->n_runs; r++) {
        struct capture_run run = c->run[r];
        bool dead = is_dead(w, run.source);
        uint32_t node = w->renumber ? w->renumber[run.source] : run.source;
        if (!dead) {
            if (r && node <= last) ascending = false;
            last = node;
        }
        off[node + 1] += count_run(w, e, run.n, dead);
        e += run.n;
    }
    for (uint32_t v = 0; v < c->n; v++) off[v + 1] += off[v];
    w->out->m = off[c->n];
    w->out->dangling = e - w->out->m;
    return ascending;
}

/* Where the columns of edges are written to: the same arrays, or new ones. */
struct edge_columns {
    uint32_t *target, *name, *key;
    uint8_t *kind;
};

/* Moves every reference to its place. A list's element whose place among the references of its
 * source changes keeps its index in `key`. `next` is where each source's next reference goes;
 * NULL when the runs ascend, and then writing in place never overtakes reading. */
static void place_edges(struct work *w, const struct edge_columns *to, uint64_t *next)
{
    struct capture *c = w->c;
    const uint64_t *off = w->out->off;
    uint64_t e = 0, write = 0;
    for (size_t r = 0; r < c->n_runs; r++) {
        uint32_t source = w->renumber ? w->renumber[c->run[r].source] : c->run[r].source;
        for (uint32_t k = 0; k < c->run[r].n; k++, e++) {
            if (c->target[e] == CAPTURE_NONE) continue;
            uint64_t at = next ? next[source]++ : write++;
            uint32_t key = c->key ? c->key[e] : 0;
            if (!key && (c->kind[e] & ~CAPTURE_OWNS) == SNAP_EDGE_ELEMENT && at - off[source] != k)
                key = k + 1;
            to->target[at] = c->target[e];
            to->kind[at] = c->kind[e];
            to->name[at] = c->name[e];
            if (to->key) to->key[at] = key;
        }
    }
}

/* The runs do not ascend: counting sort into new columns. */
static bool scatter_edges(struct work *w)
{
    struct capture *c = w->c;
    uint64_t m = w->out->m;
    struct edge_columns to = {
        .target = memory_new(w->b, m, sizeof *to.target),
        .name = memory_new(w->b, m, sizeof *to.name),
        .key = memory_zeroed(w->b, m, sizeof *to.key),
        .kind = memory_new(w->b, m, sizeof *to.kind),
    };
    uint64_t *next = memory_new(w->b, c->n, sizeof *next);
    bool ok = to.target && to.name && to.key && to.kind && next;
    if (ok) {
        memcpy(next, w->out->off, (size_t)c->n * sizeof *next);
        place_edges(w, &to, next);
        heap_free(c->target);
        heap_free(c->name);
        heap_free(c->key);
        heap_free(c->kind);
        c->target = to.target;
        c->name = to.name;
        c->key = to.key;
        c->kind = to.kind;
    } else {
        heap_free(to.target);
        heap_free(to.name);
        heap_free(to.key);
        heap_free(to.kind);
    }
    memory_free(w->b, next, c->n, sizeof *next);
    return ok;
}

static bool build_rows(struct work *w)
{
    struct capture *c = w->c;
    w->out->off = memory_zeroed(w->b, (uint64_t)c->n + 1, sizeof *w->out->off);
    if (!w->out->off) return false;
    bool ascending = count_edges(w);
    bool ok = true;
    if (!ascending) {
        ok = scatter_edges(w);
    } else if (w->out->dangling) {
        if (!c->key) {
            c->key = memory_zeroed(w->b, c->m, sizeof *c->key);
            c->key_cap = (size_t)c->m;
        }
        struct edge_columns to = { c->target, c->name, c->key, c->kind };
        ok = c->key != NULL;
        if (ok) place_edges(w, &to, NULL);
    }
    c->m = w->out->m;
    heap_free(c->run);
    c->run = NULL;
    c->n_runs = c->run_cap = 0;
    return ok;
}

static bool find_holds(struct work *w)
{
    const struct capture *c = w->c;
    uint64_t weak = 0;
    bool holds[CAPTURE_OWNS];
    for (unsigned k = 0; k < CAPTURE_OWNS; k++) holds[k] = heapdb_edge_holds(k);
    for (uint64_t e = 0; e < c->m; e++) weak += !holds[c->kind[e] & ~CAPTURE_OWNS];
    if (!weak) return true;
    w->out->holds = memory_zeroed(w->b, heap_holds_words(c->m), sizeof *w->out->holds);
    if (!w->out->holds) return false;
    for (uint64_t e = 0; e < c->m; e++)
        if (holds[c->kind[e] & ~CAPTURE_OWNS]) heap_holds_set(w->out->holds, e);
    return true;
}

/* ---- roots --------------------------------------------------------------------------------- */

bool resolved_add_root(struct resolved *r, uint32_t node, uint8_t kind, uint32_t capture)
{
    if (!memory_grow(r->budget, (void **)&r->root, &r->root_cap, r->n_roots + 1, sizeof *r->root))
        return false;
    r->root[r->n_roots++] = (struct resolved_root){ node, capture, kind };
    return true;
}

static bool resolve_roots(struct work *w)
{
    const struct capture *c = w->c;
    bool by_id = false;
    for (size_t i = 0; i < c->n_roots; i++) by_id |= !c->root[i].by_ordinal;
    if (by_id && !build_table(w)) return false;
    for (size_t i = 0; i < c->n_roots; i++) {
        const struct capture_root *r = &c->root[i];
        uint32_t node = r->by_ordinal ? node_of_ordinal(w, r->object) : node_of_id(w, r->object);
        if (node == CAPTURE_NONE || node >= c->n)
            w->out->lost_roots++;
        else if (!resolved_add_root(w->out, node, r->kind, (uint32_t)i))
            return false;
    }
    return true;
}

/* ---- rules --------------------------------------------------------------------------------- */

static bool mark(uint64_t *bits, uint32_t node)
{
    if (bits[node / 64] >> (node % 64) & 1) return false;
    bits[node / 64] |= UINT64_C(1) << (node % 64);
    return true;
}

/* Marks what roots of kind `global` reach over anything but weak references. `queue` has room for
 * every node. */
static void mark_page(const struct work *w, uint64_t *page, uint32_t *queue)
{
    const struct capture *c = w->c;
    const uint64_t *off = w->out->off;
    uint32_t n = 0;
    for (size_t i = 0; i < w->out->n_roots; i++) {
        const struct resolved_root *r = &w->out->root[i];
        if (r->kind == SNAP_ROOT_GLOBAL && mark(page, r->node)) queue[n++] = r->node;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v = queue[i];
        for (uint64_t e = off[v]; e < off[v + 1]; e++) {
            if (e + AHEAD < c->m) HEAP_PREFETCH(&page[c->target[e + AHEAD] / 64]);
            if ((c->kind[e] & ~CAPTURE_OWNS) != SNAP_EDGE_WEAK && mark(page, c->target[e]))
                queue[n++] = c->target[e];
        }
    }
}

/* RESOLVE_V8_PAGE: what lies outside of the page holds nothing of it. */
static bool rule_v8_page(struct work *w)
{
    struct capture *c = w->c;
    const uint64_t *off = w->out->off;
    uint64_t *page = memory_zeroed(w->b, heap_holds_words(c->n), sizeof *page);
    uint32_t *queue = memory_new(w->b, c->n, sizeof *queue);
    if (page && queue) mark_page(w, page, queue);
    for (uint32_t v = 0; page && queue && v < c->n; v++) {
        if (heap_holds_get(page, v)) continue;
        for (uint64_t e = off[v]; e < off[v + 1]; e++) {
            if (!heap_holds_get(page, c->target[e]) ||
                !heapdb_edge_holds(c->kind[e] & ~CAPTURE_OWNS))
                continue;
            c->kind[e] = (uint8_t)(SNAP_EDGE_RULED_OUT | (c->kind[e] & CAPTURE_OWNS));
        }
    }
    bool ok = page && queue;
    memory_free(w->b, page, heap_holds_words(c->n), sizeof *page);
    memory_free(w->b, queue, c->n, sizeof *queue);
    return ok;
}

/* ---- what is held from outside ------------------------------------------------------------- */

/* Does the runtime hold one counted reference for each root of this kind, which no object's edge
 * explains (format/registry.md)? Modules, types and interned strings stand in tables that are
 * objects themselves. */
static bool root_owns(uint8_t kind)
{
    switch (kind) {
    case SNAP_ROOT_LOCAL:
    case SNAP_ROOT_RUNTIME:
    case SNAP_ROOT_CALLBACK:
    case SNAP_ROOT_TASK:
        return true;
    default:
        return false;
    }
}

/* Adds up, for every node, the references to it that own it. In bytes first, which are a quarter of
 * the memory that is hit at random; `owned` is all zero and takes what does not fit them. */
static bool count_owned(const struct work *w, uint32_t *owned)
{
    const uint32_t *target = w->c->target, n = w->c->n;
    const uint8_t *kind = w->c->kind;
    uint64_t m = w->c->m;
    uint8_t *few = memory_zeroed(w->b, n, sizeof *few);
    if (!few) return false;
    for (uint64_t e = 0; e < m; e++) {
        if (e + AHEAD < m) HEAP_PREFETCH(&few[target[e + AHEAD]]);
        if (kind[e] & CAPTURE_OWNS && ++few[target[e]] == 0 && owned[target[e]] < OWNED_MAX)
            owned[target[e]] += UINT8_MAX + 1;
    }
    for (uint32_t v = 0; v < n; v++) owned[v] += few[v];
    memory_free(w->b, few, n, sizeof *few);
    return true;
}

/* external[v] = reference count - owned edges - owning roots, where the count is known. */
static bool find_external(struct work *w)
{
    const struct capture *c = w->c;
    if (!c->refcount.block) return true;
    uint32_t *owned = memory_zeroed(w->b, c->n, sizeof *owned);
    if (!owned) return false;
    w->external = owned;
    if (!count_owned(w, owned)) return false;
    for (uint32_t v = 0; v < c->n; v++) {
        bool immortal = capture_flags(packed_get(&c->state, v)) & SNAP_OBJECT_IMMORTAL;
        uint32_t count = (uint32_t)packed_get(&c->refcount, v);
        if (!packed_has(&c->refcount, v) || immortal) {
            owned[v] = CAPTURE_NONE;
        } else if (owned[v] > count) {
            owned[v] = CAPTURE_NONE;
            w->out->over_owned++;
        } else {
            owned[v] = count - owned[v];
        }
    }
    for (size_t i = 0; i < w->out->n_roots; i++) {
        uint32_t *x = &owned[w->out->root[i].node];
        if (root_owns(w->out->root[i].kind) && *x != CAPTURE_NONE && *x > 0) --*x;
    }
    return true;
}

/* In a complete capture what is held from outside, and what is never freed, is a root. */
static bool add_roots(struct work *w)
{
    const struct capture *c = w->c;
    for (uint32_t v = 0; v < c->n; v++) {
        uint32_t x = w->external ? w->external[v] : CAPTURE_NONE;
        uint8_t kind = 0;
        if (capture_flags(packed_get(&c->state, v)) & SNAP_OBJECT_IMMORTAL)
            kind = SNAP_ROOT_IMMORTAL;
        else if (x != CAPTURE_NONE && x > 0)
            kind = SNAP_ROOT_EXTERNAL;
        if (kind && !resolved_add_root(w->out, v, kind, CAPTURE_NONE)) return false;
    }
    return true;
}

/* The dictionary of a module that is held from outside too, as Cython does, is a root beside its
 * module: the module's name says more than `external`. */
static bool add_namespaces(struct work *w, uint32_t dict_name)
{
    const struct capture *c = w->c;
    const uint64_t *off = w->out->off;
    size_t n = w->external && dict_name ? w->out->n_roots : 0;
    uint64_t *seen = memory_zeroed(w->b, heap_holds_words(c->n), sizeof *seen);
    bool ok = seen;
    for (size_t i = 0; ok && i < n; i++) {
        struct resolved_root r = w->out->root[i];
        if (r.kind != SNAP_ROOT_GLOBAL || !c->root[r.capture].name || !mark(seen, r.node)) continue;
        for (uint64_t e = off[r.node]; ok && e < off[r.node + 1]; e++) {
            uint32_t outside = w->external[c->target[e]];
            if (c->name[e] == dict_name && outside != CAPTURE_NONE && outside > 0 &&
                (c->kind[e] & ~CAPTURE_OWNS) == SNAP_EDGE_ATTRIBUTE)
                ok = resolved_add_root(w->out, c->target[e], r.kind, r.capture);
        }
    }
    memory_free(w->b, seen, heap_holds_words(c->n), sizeof *seen);
    return ok;
}

/* ---- what waits for the tables ------------------------------------------------------------- */

/* Packs a column, leaving out one value. */
static bool pack(struct work *w, struct packed *p, const uint32_t *value, uint64_t n,
                 uint32_t without)
{
    bool ok = true;
    for (uint64_t i = 0; ok && i < n; i++)
        if (value[i] != without) ok = packed_set(p, w->b, i, value[i]);
    return ok && packed_end(p, w->b, n);
}

/* Ids, names and the like are not needed while the graph is analysed, which needs the memory. */
static bool pack_away(struct work *w, bool names)
{
    struct capture *c = w->c;
    bool ok = true;
    for (uint32_t v = 0; ok && v < c->n; v++) ok = packed_set(&c->ids, w->b, v, c->id[v]);
    if (!ok || !packed_end(&c->ids, w->b, c->n) ||
        (names && !pack(w, &c->names, c->name, c->m, 0)) ||
        !pack(w, &w->out->by_address, w->order, c->n, CAPTURE_NONE) ||
        (w->external && !pack(w, &w->out->external, w->external, c->n, CAPTURE_NONE)))
        return false;
    heap_free(c->id);
    c->id = NULL;
    if (!names) return true;
    heap_free(c->name);
    c->name = NULL;
    c->name_cap = 0;
    return true;
}

bool resolve(struct capture *c, bool complete, const struct resolve_how *how, struct resolved *out)
{
    struct work w = { .c = c, .out = out, .b = c->budget };
    *out = (struct resolved){ .budget = c->budget };
    bool ok = drop_duplicates(&w) && resolve_targets(&w) && build_rows(&w) && resolve_roots(&w) &&
              (how->rule != RESOLVE_V8_PAGE || rule_v8_page(&w)) && find_holds(&w);
    if (ok && complete)
        ok = find_external(&w) && add_roots(&w) && add_namespaces(&w, how->dict_name);
    memory_free(w.b, w.slot, w.slots, sizeof *w.slot);
    ok = ok && pack_away(&w, how->keep_names);
    memory_free(w.b, w.renumber, w.n_before, sizeof *w.renumber);
    memory_free(w.b, w.dead, heap_holds_words(w.n_before), sizeof *w.dead);
    memory_free(w.b, w.order, w.n_before, sizeof *w.order);
    memory_free(w.b, w.external, c->n, sizeof *w.external);
    return ok;
}

void resolved_release_external(struct resolved *r)
{
    packed_free(&r->external, r->budget);
}

void resolved_release(struct resolved *r)
{
    resolved_release_external(r);
    packed_free(&r->by_address, r->budget);
    heap_free(r->root);
    r->root = NULL;
}

void resolved_free(struct resolved *r)
{
    resolved_release(r);
    heap_free(r->off);
    heap_free(r->holds);
    *r = (struct resolved){ 0 };
}
