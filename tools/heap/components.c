/* SPDX-License-Identifier: MIT */
/*
 * The list of components and their exact retained sizes.
 *
 * A component with one entry is dominated by its smallest number, its member that the depth-first
 * search met first: that member's retained size is the component's. Members of a component with
 * several entries need not dominate what they hold together: cycle.c finds that.
 *
 * O(n + components * digits). Memory beside the result: 4 B a vertex, 4 more with shared blocks; at
 * the end 16 B a component.
 */
#include "heap/internal.h"

struct list {
    const struct heap_walk *walk;
    uint32_t *rep; /* by number: smallest member; in the end the component's index */
    uint32_t n;    /* numbers, virtual roots included */
    struct heap_analysis *out;
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

enum heap_status heap_components_list(const struct heap_walk *w, uint32_t *rep,
                                      struct heap_analysis *out)
{
    struct list l = { .walk = w, .rep = rep, .n = w->count, .out = out };
    uint32_t *index = NULL;
    enum heap_status status = count_members(&l, &index);
    if (status == HEAP_OK) add_members(&l, index);
    heap_free(index);
    return status == HEAP_OK ? add_blocks(&l) : status;
}

static void to_rows(const uint32_t *component, const uint32_t *row, struct heap_analysis *out)
{
    for (uint32_t i = 0; i < out->n_components; i++) out->components[i].first_row = HEAP_NONE;
    for (uint32_t v = 0; v < out->n_rows; v++) {
        if (v + HEAP_AHEAD < out->n_rows) HEAP_PREFETCH(&out->component[row[v + HEAP_AHEAD]]);
        out->component[row[v]] = component[v];
        if (component[v] == HEAP_NONE) continue;
        struct heap_component *c = &out->components[component[v]];
        if (row[v] < c->first_row) c->first_row = row[v];
    }
}

/* What its topmost members retain. */
static void add_topmost(struct heap_analysis *out)
{
    for (uint32_t row = 0; row < out->n_rows; row++) {
        uint32_t i = out->component[row];
        if (i == HEAP_NONE || out->component[out->dominator[row]] == i) continue;
        out->components[i].retained_size += out->retained_size[row];
        if (out->retained_native) out->components[i].retained_native += out->retained_native[row];
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

static enum heap_status sort_and_number(struct heap_analysis *out)
{
    uint32_t n = out->n_components;
    struct sorting s = { .key = heap_new(n, sizeof *s.key),
                         .order = heap_new(n, sizeof *s.order),
                         .scratch = heap_new(n, sizeof *s.scratch) };
    bool enough = s.key && s.order && s.scratch;
    if (enough) sort_components(&s, out);
    heap_free(s.key);
    heap_free(s.order);
    heap_free(s.scratch);
    return enough ? HEAP_OK : HEAP_NO_MEMORY;
}

enum heap_status heap_components_finish(const struct heap_graph *g, const uint32_t *component,
                                        const uint32_t *row, struct heap_cycles *c,
                                        struct heap_analysis *out)
{
    out->component = heap_new(out->n_rows, sizeof *out->component);
    if (!out->component) return HEAP_NO_MEMORY;
    to_rows(component, row, out);
    add_topmost(out);
    enum heap_status status = heap_cycles_retained(g, c, row, out);
    heap_cycles_free(c);
    return status == HEAP_OK ? sort_and_number(out) : status;
}
