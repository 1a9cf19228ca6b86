/* SPDX-License-Identifier: MIT */
/*
 * The list of components and their exact retained sizes.
 *
 * A component with one entry is dominated by its smallest number, its member that the
 * depth-first search met first: that member's retained size is the component's. (The dominator
 * of every other member is then a member too, which is the test.) For a cycle with several
 * entries this does not hold, and what the members keep alive together may hang below none of
 * them. Taking out the whole cycle is taking out one vertex of the graph in which each
 * component is one vertex, since a path in that graph and a path in the heap that avoid the
 * cycle come from each other. So its dominator tree is computed as well, on the same
 * depth-first tree and edges, when there is a cycle that needs it.
 *
 * O((n + back edges) log n). Peak: 20 B a vertex beside its input.
 */
#include "heap/internal.h"

struct list {
    const struct heap_walk *walk;
    const struct heap_reverse *reverse;
    const uint32_t *idom;
    uint32_t *rep; /* by number: smallest member; in the end the component's index */
    uint32_t n;    /* numbers, virtual roots included */
    bool lengauer_tarjan;
    struct heap_analysis *out;
    uint32_t *outer; /* by rep: dominator in the graph of components, as a number */
    uint64_t *sum;   /* by rep: sizes on the way to retained sizes of components */
};

static inline bool is_component(const struct list *l, const uint32_t *members, uint32_t r)
{
    return members[r] > 1 || heap_holds_get(l->walk->self, r);
}

/* A component of each set of two and each self-reference. Virtual roots have no edge into them, so
 * they never are one. index[r] gets the component's index for each of them, HEAP_NONE elsewhere. */
static enum heap_status count_members(struct list *l, uint32_t **index)
{
    uint32_t *members = heap_new_zeroed(l->n, sizeof *members), found = 0;
    if (!members) return HEAP_NO_MEMORY;
    *index = members;
    for (uint32_t v = 0; v < l->n; v++) members[l->rep[v]]++;
    for (uint32_t v = 0; v < l->n; v++) found += l->rep[v] == v && is_component(l, members, v);
    l->out->components = heap_new_zeroed(found, sizeof *l->out->components);
    if (!l->out->components) return HEAP_NO_MEMORY;
    for (uint32_t v = 0; v < l->n; v++) {
        bool is = l->rep[v] == v && is_component(l, members, v);
        if (is) l->out->components[l->out->n_components].n = members[v];
        members[v] = is ? l->out->n_components++ : HEAP_NONE;
    }
    return HEAP_OK;
}

/* Some component has more than one entry. */
static bool several_entries(const struct list *l)
{
    for (uint32_t v = 0; v < l->n; v++)
        if (l->rep[v] != v && l->rep[l->idom[v]] != l->rep[v]) return true;
    return false;
}

static enum heap_status outer_dominators(struct list *l)
{
    uint32_t *next = heap_new_none(l->n);
    l->outer = heap_new(l->n, sizeof *l->outer);
    enum heap_status status = next && l->outer ? HEAP_OK : HEAP_NO_MEMORY;
    if (status == HEAP_OK) {
        for (uint32_t v = 0; v < l->n; v++) {
            uint32_t r = l->rep[v];
            if (r == v) continue;
            next[v] = next[r];
            next[r] = v;
        }
        struct heap_flow flow = { .root = 0,
                                  .end = l->walk->root,
                                  .tree = l->walk->tree,
                                  .fold = l->walk->fold,
                                  .reverse = l->reverse,
                                  .rep = l->rep,
                                  .next = next };
        status = heap_dominators(&flow, l->lengauer_tarjan, l->outer, &l->out->steps);
        flow.root = l->walk->root;
        flow.end = l->n;
        if (status == HEAP_OK)
            status = heap_dominators(&flow, l->lengauer_tarjan, l->outer, &l->out->steps);
    }
    heap_free(next);
    return status;
}

/* By rep its place in a preorder of the tree of components, in *place; by place its dominator's. A
 * dominator has a smaller number, so one pass counts subtrees and another one hands out places. */
static enum heap_status outer_places(struct list *l, uint32_t **place, uint32_t **dominator)
{
    uint32_t n = l->n, *at = *place = heap_new(n, sizeof **place);
    uint32_t *above = *dominator = heap_new(n, sizeof **dominator);
    uint32_t *count = heap_new_zeroed(n, sizeof *count), *next = heap_new(n, sizeof *next);
    enum heap_status status = at && above && count && next ? HEAP_OK : HEAP_NO_MEMORY;
    for (uint32_t v = n; status == HEAP_OK && v-- > 0;) {
        if (l->rep[v] != v) continue;
        count[v]++;
        if (v != 0 && v != l->walk->root) count[l->outer[v]] += count[v];
    }
    for (uint32_t v = 0; status == HEAP_OK && v < n; v++) {
        if (l->rep[v] != v) continue;
        bool top = v == 0 || v == l->walk->root;
        uint32_t d = top ? HEAP_NONE : l->outer[v];
        at[v] = top ? (v ? count[0] : 0) : next[d];
        if (!top) next[d] += count[v];
        next[v] = at[v] + 1;
        above[at[v]] = top ? HEAP_NONE : at[d];
    }
    heap_free(count);
    heap_free(next);
    return status;
}

/* Adds shared memory to sum[]: a set of components holds a block where the way to each of its
 * objects leads through it. */
static enum heap_status outer_blocks(struct list *l)
{
    const struct heap_graph *g = l->walk->g;
    const struct heap_blocks *b = g->blocks;
    uint32_t *place = NULL, *dominator = NULL, *holder = heap_new(b->n, sizeof *holder);
    uint32_t *of_node = heap_new(g->n, sizeof *of_node), *rep_at = heap_new(l->n, sizeof *rep_at);
    enum heap_status status = HEAP_NO_MEMORY;
    if (holder && of_node && rep_at) status = outer_places(l, &place, &dominator);
    if (status == HEAP_OK) {
        uint32_t n = 0;
        for (uint32_t v = 0; v < l->n; v++) {
            if (l->rep[v] == v) rep_at[place[v]] = v;
            n += l->rep[v] == v;
            if (l->walk->vertex[v] != HEAP_NONE)
                of_node[l->walk->vertex[v]] = place[l->rep[v]];
        }
        const struct heap_places p = { of_node, dominator, n, place[l->walk->root] };
        status = heap_blocks_place(b, &p, holder);
    }
    for (uint32_t i = 0; status == HEAP_OK && i < b->n; i++)
        l->sum[rep_at[holder[i]]] += b->size[i];
    heap_free(holder);
    heap_free(of_node);
    heap_free(rep_at);
    heap_free(place);
    heap_free(dominator);
    return status;
}

/* sum[rep] becomes the retained size of the component, of one column of sizes. */
static enum heap_status outer_retained(struct list *l, const uint64_t *size, bool blocks)
{
    const uint32_t *vertex = l->walk->vertex;
    memset(l->sum, 0, (size_t)l->n * sizeof *l->sum);
    for (uint32_t v = 0; v < l->n; v++) {
        if (v + HEAP_AHEAD < l->n && vertex[v + HEAP_AHEAD] != HEAP_NONE)
            HEAP_PREFETCH(&size[vertex[v + HEAP_AHEAD]]);
        if (vertex[v] != HEAP_NONE) l->sum[l->rep[v]] += size[vertex[v]];
    }
    enum heap_status status = blocks ? outer_blocks(l) : HEAP_OK;
    for (uint32_t v = l->n; v-- > 0;)
        if (l->rep[v] == v && vertex[v] != HEAP_NONE) l->sum[l->outer[v]] += l->sum[v];
    return status;
}

static enum heap_status retained_sizes(struct list *l, const uint32_t *index)
{
    const struct heap_graph *g = l->walk->g;
    struct heap_component *components = l->out->components;
    l->sum = heap_new(l->n, sizeof *l->sum);
    if (!l->sum) return HEAP_NO_MEMORY;
    enum heap_status status = outer_retained(l, g->shallow, false);
    for (uint32_t v = 0; v < l->n; v++)
        if (index[v] != HEAP_NONE) components[index[v]].retained_size = l->sum[v];
    if (!g->native) return status;
    status = outer_retained(l, g->native, g->blocks != NULL);
    for (uint32_t v = 0; v < l->n; v++)
        if (index[v] != HEAP_NONE) components[index[v]].retained_native = l->sum[v];
    return status;
}

/* What is shared counts to the cycle of the object that it counts to. */
static enum heap_status add_blocks(struct list *l)
{
    const struct heap_graph *g = l->walk->g;
    if (!g->blocks) return HEAP_OK;
    uint32_t *number = heap_new(g->n, sizeof *number);
    if (!number) return HEAP_NO_MEMORY;
    for (uint32_t v = 0; v < l->n; v++)
        if (l->walk->vertex[v] != HEAP_NONE) number[l->walk->vertex[v]] = v;
    for (uint32_t i = 0; i < g->blocks->n; i++) {
        uint32_t node = heap_blocks_counted(g->blocks, number, l->walk->root, i);
        uint32_t component = l->rep[number[node]];
        if (component != HEAP_NONE)
            l->out->components[component].native_size += g->blocks->size[i];
    }
    heap_free(number);
    return HEAP_OK;
}

static void add_members(struct list *l, const uint32_t *index)
{
    const struct heap_graph *g = l->walk->g;
    for (uint32_t v = 0; v < l->n; v++) {
        uint32_t i = l->rep[v] = index[l->rep[v]];
        if (i == HEAP_NONE) continue;
        l->out->components[i].shallow_size += g->shallow[l->walk->vertex[v]];
        if (g->native) l->out->components[i].native_size += g->native[l->walk->vertex[v]];
    }
}

enum heap_status heap_components_list(const struct heap_walk *w, const struct heap_reverse *r,
                                      const uint32_t *idom, bool lengauer_tarjan, uint32_t *rep,
                                      bool *exact, struct heap_analysis *out)
{
    struct list l = { .walk = w,
                      .reverse = r,
                      .idom = idom,
                      .rep = rep,
                      .n = w->count,
                      .lengauer_tarjan = lengauer_tarjan,
                      .out = out };
    uint32_t *index = NULL;
    *exact = several_entries(&l);
    enum heap_status status = *exact ? outer_dominators(&l) : HEAP_OK;
    if (status == HEAP_OK) status = count_members(&l, &index);
    if (status == HEAP_OK && *exact) status = retained_sizes(&l, index);
    if (status == HEAP_OK) add_members(&l, index);
    if (status == HEAP_OK) status = add_blocks(&l);
    heap_free(index);
    heap_free(l.outer);
    heap_free(l.sum);
    return status;
}

static void to_rows(const uint32_t *component, const uint32_t *row, bool exact,
                    struct heap_analysis *out)
{
    for (uint32_t i = 0; i < out->n_components; i++) out->components[i].first_row = HEAP_NONE;
    for (uint32_t v = 0; v < out->n_rows; v++) {
        if (v + HEAP_AHEAD < out->n_rows) HEAP_PREFETCH(&out->component[row[v + HEAP_AHEAD]]);
        out->component[row[v]] = component[v];
        if (component[v] == HEAP_NONE) continue;
        struct heap_component *c = &out->components[component[v]];
        if (row[v] < c->first_row) c->first_row = row[v];
    }
    for (uint32_t i = 0; i < out->n_components && !exact; i++) {
        struct heap_component *c = &out->components[i];
        c->retained_size = out->retained_size[c->first_row];
        if (out->retained_native) c->retained_native = out->retained_native[c->first_row];
    }
}

struct sorting {
    uint64_t *key;
    uint32_t *order, *scratch;
};

/* list[i] becomes the former list[order[i]], cycle by cycle; order is used up. */
static void permute(struct heap_component *list, uint32_t *order, uint32_t n)
{
    for (uint32_t first = 0; first < n; first++) {
        struct heap_component displaced = list[first];
        uint32_t i = first;
        while (order[i] != first) {
            uint32_t from = order[i];
            list[i] = list[from];
            order[i] = i;
            i = from;
        }
        list[i] = displaced;
        order[i] = i;
    }
}

/* Largest first, ties by first row: by first row, then, stably, by retained size. */
static void sort_components(struct sorting *s, struct heap_analysis *out)
{
    uint32_t n = out->n_components;
    for (uint32_t i = 0; i < n; i++) {
        s->key[i] = UINT64_MAX - out->components[i].first_row;
        s->order[i] = i;
    }
    heap_sort_descending(s->key, s->order, s->scratch, n);
    for (uint32_t i = 0; i < n; i++) s->key[i] = out->components[i].retained_size;
    heap_sort_descending(s->key, s->order, s->scratch, n);
    for (uint32_t i = 0; i < n; i++) s->scratch[s->order[i]] = i;
    for (uint32_t row = 0; row < out->n_rows; row++)
        if (out->component[row] != HEAP_NONE) out->component[row] = s->scratch[out->component[row]];
    permute(out->components, s->order, n);
}

enum heap_status heap_components_finish(const uint32_t *component, const uint32_t *row, bool exact,
                                        struct heap_analysis *out)
{
    uint32_t n = out->n_components;
    struct sorting s = { .key = heap_new(n, sizeof *s.key),
                         .order = heap_new(n, sizeof *s.order),
                         .scratch = heap_new(n, sizeof *s.scratch) };
    enum heap_status status = HEAP_NO_MEMORY;
    out->component = heap_new(out->n_rows, sizeof *out->component);
    if (out->component && s.key && s.order && s.scratch) {
        to_rows(component, row, exact, out);
        sort_components(&s, out);
        status = HEAP_OK;
    }
    heap_free(s.key);
    heap_free(s.order);
    heap_free(s.scratch);
    return status;
}
