/* SPDX-License-Identifier: MIT */
/*
 * One analysis from beginning to end: checks the input, walks the live part, finds where the
 * garbage begins and walks that, then hands the walk to dominators, rows, components and paths,
 * each of which frees what the next does not need. Contract and complexity in analysis.h.
 */
#include "heap/beside.h"
#include "heap/internal.h"

struct build {
    const struct heap_graph *g;
    struct heap_analysis *out;
    struct heap_walk walk;
    struct heap_reverse reverse;
    bool lengauer_tarjan;
    uint32_t *rep;   /* by number: smallest member of its component; later the component's index */
    struct heap_cycles cycles;
    uint32_t *idom;  /* by number */
    uint32_t *row;   /* by number */
    uint32_t *entry; /* nodes that the garbage root refers to */
    uint32_t n_entry;
    uint64_t back_of_live; /* back edges of the live part */
    struct heap_shortest paths;
};

static bool sum_fits(const uint64_t *size, uint32_t n)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (size[i] > INT64_MAX - sum) return false;
        sum += size[i];
    }
    return true;
}

static enum heap_status check(const struct heap_graph *g)
{
    if (g->n > HEAP_MAX_NODES) return HEAP_TOO_LARGE;
    if (g->off[0] != 0) return HEAP_BAD_GRAPH;
    for (uint32_t v = 0; v < g->n; v++) {
        if (g->off[v + 1] < g->off[v]) return HEAP_BAD_GRAPH;
        if (g->off[v + 1] - g->off[v] >= UINT32_MAX) return HEAP_TOO_LARGE;
    }
    for (uint64_t e = 0; e < g->off[g->n]; e++)
        if (g->target[e] >= g->n) return HEAP_BAD_GRAPH;
    for (uint64_t i = 0; i < g->n_roots; i++)
        if (g->root[i] >= g->n) return HEAP_BAD_GRAPH;
    if (!sum_fits(g->shallow, g->n)) return HEAP_TOO_LARGE;
    if (g->native && !sum_fits(g->native, g->n)) return HEAP_TOO_LARGE;
    return heap_blocks_check(g);
}

static enum heap_status walk_live(struct build *b, unsigned want)
{
    const struct heap_graph *g = b->g;
    enum heap_status status = heap_walk_begin(&b->walk, g, want & HEAP_SAVE_MEMORY);
    if (status != HEAP_OK) return status;
    heap_walk_root(&b->walk);
    for (uint64_t i = 0; i < g->n_roots; i++) {
        if (i + HEAP_AHEAD < g->n_roots) HEAP_PREFETCH(&b->walk.num[g->root[i + HEAP_AHEAD]]);
        heap_walk_from(&b->walk, g->root[i]);
    }
    for (uint64_t i = 0; i < g->n_roots; i++) heap_walk_root_edge(&b->walk, g->root[i]);
    b->out->n_live = b->walk.count - 1;
    b->out->garbage_root = b->walk.count;
    b->back_of_live = b->walk.n_back;
    return HEAP_OK;
}

/* Marks every component of the garbage that other garbage refers to. Tree edges count through the
 * trees' roots: a component whose smallest number is no root of a tree has one coming in. */
static void mark_entered(const struct build *b, const struct heap_reverse *r, const uint32_t *rep,
                         uint64_t *entered)
{
    for (uint32_t v = r->first + 1; v < r->first + r->n; v++) {
        uint32_t mine = rep[v];
        if (mine == v && b->walk.tree[v] != r->first) heap_holds_set(entered, v);
        for (uint32_t i = r->off[v - r->first]; i < r->off[v - r->first + 1]; i++)
            if (rep[r->source[i]] != mine) heap_holds_set(entered, mine);
    }
}

/* Lists the members of source components. *whole is set when each tree of the walk began in one, so
 * that the walk is one from the garbage root already. */
static enum heap_status list_entries(struct build *b, const uint32_t *rep, const uint64_t *entered,
                                     bool *whole)
{
    uint32_t garbage_root = b->out->garbage_root;
    *whole = true;
    for (uint32_t v = garbage_root + 1; v < b->walk.count; v++) {
        bool source = !heap_holds_get(entered, rep[v]);
        b->n_entry += source;
        if (!source && b->walk.tree[v] == garbage_root) *whole = false;
    }
    b->entry = heap_new(b->n_entry, sizeof *b->entry);
    if (!b->entry) return HEAP_NO_MEMORY;
    uint32_t n = 0;
    for (uint32_t v = garbage_root + 1; v < b->walk.count; v++)
        if (!heap_holds_get(entered, rep[v])) b->entry[n++] = b->walk.vertex[v];
    return HEAP_OK;
}

static enum heap_status find_entries(struct build *b, bool *whole)
{
    uint32_t first = b->out->garbage_root;
    struct heap_reverse reverse;
    enum heap_status status = heap_reverse_build(&b->walk, b->back_of_live, first, &reverse);
    if (status != HEAP_OK) return status;
    uint32_t *rep = heap_new(b->walk.count, sizeof *rep);
    uint64_t *entered = heap_new_zeroed(heap_holds_words(b->walk.count), sizeof *entered);
    status = rep && entered ? heap_components_find(&reverse, b->walk.tree, rep, &b->out->steps)
                            : HEAP_NO_MEMORY;
    if (status == HEAP_OK) {
        mark_entered(b, &reverse, rep, entered);
        status = list_entries(b, rep, entered, whole);
    }
    heap_free(rep);
    heap_free(entered);
    heap_reverse_free(&reverse);
    return status;
}

/* Takes the numbers of the garbage back, and walks it again from its entries. */
static void walk_again(struct build *b)
{
    struct heap_walk *w = &b->walk;
    for (uint32_t v = b->out->garbage_root + 1; v < w->count; v++) {
        w->num[w->vertex[v]] = HEAP_NONE;
        w->self[v / 64] &= ~(UINT64_C(1) << (v % 64));
    }
    w->count = b->out->garbage_root;
    if (!w->overflowed) w->n_back = b->back_of_live;
    heap_walk_root(w);
    for (uint32_t i = 0; i < b->n_entry; i++) heap_walk_from(w, b->entry[i]);
}

static enum heap_status walk_garbage(struct build *b)
{
    struct heap_walk *w = &b->walk;
    heap_walk_root(w);
    if (b->out->n_live == b->g->n) return HEAP_OK;
    for (uint32_t node = 0; node < b->g->n; node++) heap_walk_from(w, node);
    bool whole;
    enum heap_status status = find_entries(b, &whole);
    if (status != HEAP_OK) return status;
    if (!whole) walk_again(b);
    for (uint32_t i = 0; i < b->n_entry; i++) heap_walk_root_edge(w, b->entry[i]);
    return HEAP_OK;
}

static enum heap_status reverse_all(struct build *b)
{
    struct heap_walk *w = &b->walk;
    heap_free(w->stack);
    w->stack = NULL;
    if (!w->overflowed) {
        heap_free(w->num);
        w->num = NULL;
    }
    enum heap_status status = heap_reverse_build(w, 0, 0, &b->reverse);
    heap_free(w->num);
    heap_free(w->back);
    w->num = NULL;
    w->back = NULL;
    return status;
}

static enum heap_status find_components(struct build *b)
{
    struct heap_steps steps = { 0 }; /* in no cache line in which others count meanwhile */
    b->rep = heap_new(b->walk.count, sizeof *b->rep);
    if (!b->rep) return HEAP_NO_MEMORY;
    enum heap_status status = heap_components_find(&b->reverse, b->walk.tree, b->rep, &steps);
    b->out->steps.component_edges += steps.component_edges;
    return status;
}

static enum heap_status find_dominators(struct build *b)
{
    b->idom = heap_new(b->walk.count, sizeof *b->idom);
    if (!b->idom) return HEAP_NO_MEMORY;
    struct heap_flow flow = { .root = 0,
                              .end = b->out->garbage_root,
                              .tree = b->walk.tree,
                              .fold = b->walk.fold,
                              .reverse = &b->reverse };
    enum heap_status status = heap_dominators(&flow, b->lengauer_tarjan, b->idom, &b->out->steps);
    if (status != HEAP_OK) return status;
    flow.root = b->out->garbage_root;
    flow.end = b->walk.count;
    b->idom[0] = b->idom[flow.root] = HEAP_NONE;
    return heap_dominators(&flow, b->lengauer_tarjan, b->idom, &b->out->steps);
}

static enum heap_status list_components(struct build *b)
{
    enum heap_status status = heap_cycles_find(&b->walk, &b->reverse, b->idom, b->rep, &b->cycles,
                                               &b->out->steps);
    return status == HEAP_OK ? heap_components_list(&b->walk, b->rep, b->out) : status;
}

/* From here on only vertices, dominators and components are needed. */
static void free_edges(struct build *b)
{
    heap_reverse_free(&b->reverse);
    heap_free(b->walk.tree);
    heap_free(b->walk.fold);
    heap_free(b->walk.self);
    b->walk.tree = b->walk.fold = NULL;
    b->walk.self = NULL;
}

static enum heap_status fill_rows(struct build *b)
{
    struct heap_analysis *out = b->out;
    enum heap_status status = heap_rows_build(b->g, b->walk.vertex, b->idom, &b->row, out);
    if (status != HEAP_OK) return status;
    heap_free(b->walk.vertex);
    heap_free(b->idom);
    b->walk.vertex = b->idom = NULL;
    out->retained_size = heap_retained_by_row(out, b->g->shallow, NULL);
    if (!out->retained_size) return HEAP_NO_MEMORY;
    out->live_size = out->retained_size[0];
    out->garbage_size = out->retained_size[out->garbage_root];
    if (!b->g->native) return HEAP_OK;
    if (b->g->blocks && (status = heap_blocks_by_row(b->g, out)) != HEAP_OK) return status;
    out->retained_native = heap_retained_by_row(out, b->g->native, b->g->blocks);
    if (!out->retained_native) return HEAP_NO_MEMORY;
    out->live_native = out->retained_native[0];
    out->garbage_native = out->retained_native[out->garbage_root];
    return HEAP_OK;
}

static void free_build(struct build *b)
{
    heap_walk_free(&b->walk);
    heap_reverse_free(&b->reverse);
    heap_cycles_free(&b->cycles);
    heap_free(b->rep);
    heap_free(b->idom);
    heap_free(b->row);
    b->rep = b->idom = b->row = NULL;
}

/* By node first, then by row: the garbage root's edges in increasing order of rows. */
static enum heap_status fill_nodes(struct build *b)
{
    struct heap_analysis *out = b->out;
    out->row_of = heap_new(out->n_nodes, sizeof *out->row_of);
    if (!out->row_of) return HEAP_NO_MEMORY;
    for (uint32_t row = 0; row < out->n_rows; row++) {
        if (row + HEAP_AHEAD < out->n_rows && out->node[row + HEAP_AHEAD] != HEAP_NONE)
            HEAP_PREFETCH(&out->row_of[out->node[row + HEAP_AHEAD]]);
        if (out->node[row] != HEAP_NONE) out->row_of[out->node[row]] = row;
    }
    uint64_t *is_entry = heap_new_zeroed(heap_holds_words(out->n_rows), sizeof *is_entry);
    if (!is_entry) return HEAP_NO_MEMORY;
    for (uint32_t i = 0; i < b->n_entry; i++) heap_holds_set(is_entry, out->row_of[b->entry[i]]);
    uint32_t n = 0;
    for (uint32_t row = out->garbage_root; row < out->n_rows; row++)
        if (heap_holds_get(is_entry, row)) b->entry[n++] = row;
    heap_free(is_entry);
    out->garbage_entry = b->entry;
    out->n_garbage_entry = b->n_entry;
    b->entry = NULL;
    return HEAP_OK;
}

/* One of two pieces of work that read the same and write what is their own. */
struct piece {
    struct build *b;
    enum heap_status (*find)(struct build *b);
    enum heap_status status;
};

static void run_piece(void *opaque)
{
    struct piece *p = opaque;
    p->status = p->find(p->b);
}

/* The first's status where it failed; with one thread the second runs in any case. */
static enum heap_status find_both(struct build *b, bool two,
                                  enum heap_status (*first)(struct build *b),
                                  enum heap_status (*second)(struct build *b))
{
    struct piece one = { b, first, HEAP_OK }, other = { b, second, HEAP_OK };
    beside_run(two, run_piece, &one, &other);
    return one.status == HEAP_OK ? other.status : one.status;
}

/* What needs edges. */
static enum heap_status run_on_edges(struct build *b, unsigned want)
{
    enum heap_status status = walk_live(b, want);
    if (status == HEAP_OK) status = walk_garbage(b);
    if (status == HEAP_OK) status = reverse_all(b);
    if (status == HEAP_OK)
        status = want & HEAP_WANT_COMPONENTS ? find_both(b, want & HEAP_TWO_THREADS,
                                                         find_dominators, find_components)
                                             : find_dominators(b);
    if (status == HEAP_OK && want & HEAP_WANT_COMPONENTS)
        status = list_components(b);
    b->out->steps.edges_walked = b->walk.edges_walked;
    free_edges(b);
    return status;
}

/* Everything by row but the paths. */
static enum heap_status find_rows(struct build *b)
{
    enum heap_status status = fill_rows(b);
    if (status == HEAP_OK && b->rep)
        status = heap_components_finish(b->g, b->rep, b->row, &b->cycles, b->out);
    free_build(b);
    return status == HEAP_OK ? fill_nodes(b) : status;
}

static enum heap_status find_paths(struct build *b)
{
    return heap_shortest_search(b->g, &b->paths);
}

static enum heap_status run(struct build *b, unsigned want)
{
    enum heap_status status = run_on_edges(b, want);
    if (status == HEAP_OK)
        status = want & HEAP_WANT_PATHS
                     ? find_both(b, want & HEAP_TWO_THREADS, find_rows, find_paths)
                     : find_rows(b);
    if (status == HEAP_OK && want & HEAP_WANT_PATHS)
        status = heap_shortest_to_rows(&b->paths, b->out);
    return status;
}

enum heap_status heap_analyse(const struct heap_graph *g, unsigned want, uint64_t first_id,
                              struct heap_analysis *out)
{
    *out = (struct heap_analysis){ .first_id = first_id };
    enum heap_status status = check(g);
    if (status != HEAP_OK) return status;
    out->n_nodes = g->n;
    out->n_rows = g->n + 2;
    struct build b = { .g = g, .out = out, .lengauer_tarjan = want & HEAP_USE_LENGAUER_TARJAN };
    status = run(&b, want);
    free_build(&b);
    heap_shortest_free(&b.paths);
    heap_free(b.entry);
    if (status != HEAP_OK) heap_analysis_free(out);
    return status;
}

void heap_analysis_free(struct heap_analysis *a)
{
    if (!a) return;
    heap_free(a->row_of);
    heap_free(a->node);
    heap_free(a->last);
    heap_free(a->dominator);
    heap_free(a->retained_size);
    heap_free(a->retained_native);
    heap_free(a->distance);
    heap_free(a->parent);
    heap_free(a->parent_position);
    heap_free(a->component);
    heap_free(a->components);
    heap_free(a->block_holder);
    heap_free(a->block_counted);
    heap_free(a->garbage_entry);
    *a = (struct heap_analysis){ 0 };
}
