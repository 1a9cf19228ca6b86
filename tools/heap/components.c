/* SPDX-License-Identifier: MIT */
/*
 * The list of components and their exact retained sizes.
 *
 * A component with one entry is dominated by its smallest number, its member that the depth-first
 * search met first: that member's retained size is the component's. (The dominator of every other
 * member is then a member too, which is the test.) For a cycle with several entries this does not
 * hold, and what the members keep alive together may hang below none of them. Taking out the whole
 * cycle is taking out one vertex of the graph in which each component is one vertex, since a path in
 * that graph and a path in the heap that avoid the cycle come from each other. So its dominator tree
 * is computed as well, on the same depth-first tree and edges, when there is a cycle that needs it.
 *
 * O((n + back edges) log n); 24 B a vertex beside the input during the call.
 */
#include "heap/internal.h"

struct list {
    const struct heap_component_input *in;
    struct heap_analysis *out;
    uint32_t n;           /* numbers, virtual roots included */
    uint32_t *index;      /* by rep: members; then the index of the component or HEAP_NONE */
    uint32_t *next;       /* by number: the next member of its component */
    uint32_t *outer_idom; /* by rep: dominator in the graph of components, as a number */
    uint64_t *sum;        /* by rep: sizes on the way to retained sizes of components */
    bool several_entries; /* some component has more than one entry */
};

/* Counts members, and makes a component of each set of two and each self-reference. Virtual roots
 * have no edge into them, so they never are one. */
static enum heap_status count_members(struct list *l)
{
    const uint32_t *rep = l->in->rep;
    struct heap_analysis *out = l->out;
    l->index = heap_new_zeroed(l->n, sizeof *l->index);
    if (!l->index) return HEAP_NO_MEMORY;
    for (uint32_t v = 0; v < l->n; v++) l->index[rep[v]]++;
    uint32_t found = 0;
    for (uint32_t v = 0; v < l->n; v++)
        if (l->index[v] > 1 || (rep[v] == v && heap_holds_get(l->in->walk->self, v))) found++;
    out->n_components = found;
    out->components = heap_new_zeroed(found, sizeof *out->components);
    out->component = heap_new_none(l->n);
    return out->components && out->component ? HEAP_OK : HEAP_NO_MEMORY;
}

/* Numbers the components in the order of their first rows; component[row] goes from the smallest
 * member's number to the component's number. */
static void number_by_row(struct list *l)
{
    const struct heap_component_input *in = l->in;
    struct heap_analysis *out = l->out;
    for (uint32_t v = 0; v < l->n; v++) {
        if (v + HEAP_AHEAD < l->n) HEAP_PREFETCH(&out->component[in->row[v + HEAP_AHEAD]]);
        uint32_t r = in->rep[v];
        if (l->index[r] > 1 || heap_holds_get(in->walk->self, r)) {
            out->component[in->row[v]] = r;
            if (v != r && in->rep[in->idom[v]] != r) l->several_entries = true;
        }
    }
    memset(l->index, 0xff, (size_t)l->n * sizeof *l->index);
    uint32_t found = 0;
    for (uint32_t row = 0; row < l->n; row++) {
        uint32_t r = out->component[row];
        if (r == HEAP_NONE) continue;
        if (l->index[r] == HEAP_NONE) {
            l->index[r] = found++;
            out->components[l->index[r]].first_row = row;
        }
        out->component[row] = l->index[r];
        struct heap_component *c = &out->components[l->index[r]];
        c->n++;
        c->shallow_size += in->walk->g->shallow[out->node[row]];
        if (in->walk->g->native) c->native_size += in->walk->g->native[out->node[row]];
    }
}

static enum heap_status outer_dominators(struct list *l, bool lengauer_tarjan)
{
    const struct heap_component_input *in = l->in;
    l->next = heap_new_none(l->n);
    l->outer_idom = heap_new_none(l->n);
    l->sum = heap_new(l->n, sizeof *l->sum);
    if (!l->next || !l->outer_idom || !l->sum) return HEAP_NO_MEMORY;
    for (uint32_t v = 0; v < l->n; v++) {
        uint32_t r = in->rep[v];
        if (r == v) continue;
        l->next[v] = l->next[r];
        l->next[r] = v;
    }
    struct heap_flow flow = { .root = 0, .end = in->garbage_root, .tree = in->walk->tree,
                              .fold = in->walk->fold, .reverse = in->reverse,
                              .rep = in->rep, .next = l->next };
    enum heap_status status = heap_dominators(&flow, lengauer_tarjan, l->outer_idom, &l->out->steps);
    if (status != HEAP_OK) return status;
    flow.root = in->garbage_root;
    flow.end = l->n;
    return heap_dominators(&flow, lengauer_tarjan, l->outer_idom, &l->out->steps);
}

/* sum[rep] becomes the retained size of the component, of one column of sizes. */
static void outer_retained(struct list *l, const uint64_t *size)
{
    const struct heap_component_input *in = l->in;
    memset(l->sum, 0, (size_t)l->n * sizeof *l->sum);
    for (uint32_t v = 0; v < l->n; v++)
        if (in->walk->vertex[v] != HEAP_NONE) l->sum[in->rep[v]] += size[in->walk->vertex[v]];
    for (uint32_t v = l->n; v-- > 0;)
        if (l->outer_idom[v] != HEAP_NONE) l->sum[l->outer_idom[v]] += l->sum[v];
}

static enum heap_status retained_sizes(struct list *l, bool lengauer_tarjan)
{
    struct heap_analysis *out = l->out;
    const struct heap_graph *g = l->in->walk->g;
    if (l->several_entries) {
        enum heap_status status = outer_dominators(l, lengauer_tarjan);
        if (status != HEAP_OK) return status;
        outer_retained(l, g->shallow);
        for (uint32_t v = 0; v < l->n; v++)
            if (l->index[v] != HEAP_NONE) out->components[l->index[v]].retained_size = l->sum[v];
        if (!g->native) return HEAP_OK;
        outer_retained(l, g->native);
        for (uint32_t v = 0; v < l->n; v++)
            if (l->index[v] != HEAP_NONE) out->components[l->index[v]].retained_native = l->sum[v];
        return HEAP_OK;
    }
    for (uint32_t v = 0; v < l->n; v++) {
        if (l->index[v] == HEAP_NONE) continue;
        struct heap_component *c = &out->components[l->index[v]];
        c->retained_size = out->retained_size[l->in->row[v]];
        if (g->native) c->retained_native = out->retained_native[l->in->row[v]];
    }
    return HEAP_OK;
}

/* Largest first; the order of first rows decides ties, being the order they have already. */
static enum heap_status sort_by_retained(struct heap_analysis *out)
{
    uint32_t n = out->n_components;
    uint64_t *key = heap_new(n, sizeof *key);
    uint32_t *order = heap_new(n, sizeof *order), *scratch = heap_new(n, sizeof *scratch);
    struct heap_component *sorted = heap_new(n, sizeof *sorted);
    enum heap_status status = key && order && scratch && sorted ? HEAP_OK : HEAP_NO_MEMORY;
    if (status == HEAP_OK) {
        for (uint32_t i = 0; i < n; i++) {
            key[i] = out->components[i].retained_size;
            order[i] = i;
        }
        heap_sort_descending(key, order, scratch, n);
        for (uint32_t i = 0; i < n; i++) {
            sorted[i] = out->components[order[i]];
            scratch[order[i]] = i;
        }
        for (uint32_t row = 0; row < out->n_rows; row++)
            if (out->component[row] != HEAP_NONE)
                out->component[row] = scratch[out->component[row]];
        free(out->components);
        out->components = sorted;
        sorted = NULL;
    }
    free(key);
    free(order);
    free(scratch);
    free(sorted);
    return status;
}

enum heap_status heap_components_build(const struct heap_component_input *in,
                                       bool lengauer_tarjan, struct heap_analysis *out)
{
    struct list l = { .in = in, .out = out, .n = out->n_rows };
    enum heap_status status = count_members(&l);
    if (status == HEAP_OK) {
        number_by_row(&l);
        status = retained_sizes(&l, lengauer_tarjan);
    }
    free(l.index);
    free(l.next);
    free(l.outer_idom);
    free(l.sum);
    return status == HEAP_OK ? sort_by_retained(out) : status;
}
