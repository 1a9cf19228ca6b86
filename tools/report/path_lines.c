/* SPDX-License-Identifier: MIT */
/* The lines of a merged tree that are shown; the contract is in path_lines.h. Nothing recurses. */
#include "report/path_lines.h"

#include <stdlib.h>

#define NONE UINT32_MAX

struct chooser {
    const struct path_tree *tree;
    uint32_t *children; /* [n] by node: how many */
    uint32_t *above;    /* [n] by node that ends a line: the end of the line above, 0 for the top */
    struct rank *rank;  /* the lines by objects */
    uint32_t n;
    uint32_t *line;     /* [n] by node: index in rank, NONE */
};

struct rank {
    uint32_t node;
    uint64_t n, bytes;
    uint32_t first, last, next; /* chosen lines below, and the next one beside; indexes in rank */
    uint32_t below;             /* lines directly below, chosen or not */
};

static int rank_compare(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return (x->node > y->node) - (x->node < y->node);
}

/* A node ends a line unless it only leads on. */
static bool ends_line(const struct chooser *c, uint32_t node)
{
    return c->tree->at[node].own.n > 0 || c->children[node] != 1;
}

static bool chooser_begin(struct chooser *c, const struct path_tree *tree)
{
    uint32_t n = tree->n;
    *c = (struct chooser){ .tree = tree };
    c->children = calloc((size_t)n + 1, sizeof *c->children);
    c->above = calloc((size_t)n + 1, sizeof *c->above);
    c->line = malloc(((size_t)n + 1) * sizeof *c->line);
    c->rank = malloc(((size_t)n + 1) * sizeof *c->rank);
    if (!c->children || !c->above || !c->line || !c->rank) return false;
    for (uint32_t i = 1; i < n; i++) c->children[tree->at[i].parent]++;
    for (uint32_t i = 1; i < n; i++) {
        uint32_t parent = tree->at[i].parent;
        c->above[i] = parent == 0 || ends_line(c, parent) ? parent : c->above[parent];
        if (ends_line(c, i))
            c->rank[c->n++] = (struct rank){ .node = i, .n = tree->at[i].all.n,
                                             .bytes = tree->at[i].all.retained_size,
                                             .first = NONE, .last = NONE, .next = NONE };
    }
    if (c->n) qsort(c->rank, c->n, sizeof *c->rank, rank_compare);
    for (uint32_t i = 0; i < n; i++) c->line[i] = NONE;
    for (uint32_t i = 0; i < c->n; i++) c->line[c->rank[i].node] = i;
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t above = c->above[c->rank[i].node];
        if (above) c->rank[c->line[above]].below++;
    }
    return true;
}

/* Links the first `shown` lines into lists of children; returns the first at the top. Lines come
 * most first, so the lists are in order. A line above has as many objects and a smaller number, so
 * it is among the chosen ones. */
static uint32_t chooser_link(struct chooser *c, uint32_t shown)
{
    uint32_t first = NONE, last = NONE;
    for (uint32_t i = 0; i < shown; i++) {
        uint32_t above = c->above[c->rank[i].node];
        uint32_t *head = above ? &c->rank[c->line[above]].first : &first;
        uint32_t *tail = above ? &c->rank[c->line[above]].last : &last;
        if (*head == NONE)
            *head = i;
        else
            c->rank[*tail].next = i;
        *tail = i;
    }
    return first;
}

/* The chosen lines in the order of printing. `stack` holds the next line of each open level. */
static void chooser_list(struct chooser *c, uint32_t first, uint32_t *stack, struct path_lines *out)
{
    uint32_t depth = 0;
    stack[depth++] = first;
    uint32_t *index = c->children; /* by rank from here on: where the line stands in out */
    while (depth > 0) {
        uint32_t i = stack[depth - 1];
        if (i == NONE) {
            depth--;
            continue;
        }
        const struct rank *r = &c->rank[i];
        uint32_t above = c->above[r->node];
        index[i] = out->n;
        out->at[out->n++] = (struct path_line){
            .node = r->node, .above = above, .depth = depth - 1,
            .parent = above ? index[c->line[above]] : NONE, .n_hidden = r->below,
            .n_hidden_objects = c->tree->at[r->node].all.n - c->tree->at[r->node].own.n,
        };
        stack[depth - 1] = r->next;
        stack[depth++] = r->first;
    }
}

bool path_lines_choose(const struct path_tree *tree, uint32_t limit, struct path_lines *out)
{
    struct chooser c;
    *out = (struct path_lines){ 0 };
    bool ok = chooser_begin(&c, tree);
    uint32_t shown = ok && c.n < limit ? c.n : limit;
    uint32_t *stack = ok ? malloc(((size_t)shown + 2) * sizeof *stack) : NULL;
    out->at = ok ? malloc(((size_t)shown + 1) * sizeof *out->at) : NULL;
    ok = ok && stack && out->at;
    if (ok) {
        out->total = c.n;
        for (uint32_t i = 0; i < c.n; i++) {
            if (c.above[c.rank[i].node]) continue;
            out->n_hidden++;
            out->n_hidden_objects += c.rank[i].n;
        }
        chooser_list(&c, chooser_link(&c, shown), stack, out);
        /* What is shown is not hidden. */
        for (uint32_t i = 0; i < out->n; i++) {
            const struct path_line *x = &out->at[i];
            uint32_t *n = x->parent == NONE ? &out->n_hidden : &out->at[x->parent].n_hidden;
            uint64_t *objects = x->parent == NONE ? &out->n_hidden_objects
                                                  : &out->at[x->parent].n_hidden_objects;
            (*n)--;
            *objects -= tree->at[x->node].all.n;
        }
    }
    free(stack);
    free(c.children);
    free(c.above);
    free(c.line);
    free(c.rank);
    if (!ok) path_lines_free(out);
    return ok;
}

void path_lines_free(struct path_lines *lines)
{
    free(lines->at);
    *lines = (struct path_lines){ 0 };
}
