/* SPDX-License-Identifier: MIT */
/* Many shortest paths as one tree; the contract is in path_merge.h. */
#include "report/path_merge.h"

#include <stdlib.h>
#include <string.h>

#include "snap/format.h"

struct merger {
    struct path_tree *tree;
    uint32_t capacity;
    uint32_t *slot;   /* hash table of node numbers + 1; 0: free */
    uint32_t n_slots; /* a power of two, at least twice the nodes */
};

static uint64_t merge_hash(uint32_t parent, uint32_t type, path_label_t label)
{
    uint64_t h = (uint64_t)parent << 32 | type;
    h = (h ^ label * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 29)) * UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 32);
}

static bool merge_same(const struct path_node *x, uint32_t type, path_label_t label)
{
    return x->type == type && x->label == label;
}

/* The slot of a node, or a free one where it would stand. */
static uint32_t merge_slot(const struct merger *m, uint32_t parent, uint32_t type,
                           path_label_t label)
{
    uint32_t i = (uint32_t)merge_hash(parent, type, label) & (m->n_slots - 1);
    for (; m->slot[i]; i = (i + 1) & (m->n_slots - 1)) {
        const struct path_node *x = &m->tree->at[m->slot[i] - 1];
        if (x->parent == parent && merge_same(x, type, label)) break;
    }
    return i;
}

static bool merge_grow(struct merger *m)
{
    if (m->tree->n < m->capacity) return true;
    if (m->capacity >= UINT32_MAX / 8) return false;
    uint32_t capacity = m->capacity ? m->capacity * 2 : 1024;
    struct path_node *at = realloc(m->tree->at, (size_t)capacity * sizeof *at);
    if (!at) return false;
    m->tree->at = at;
    m->capacity = capacity;
    free(m->slot);
    m->n_slots = capacity * 4;
    m->slot = calloc(m->n_slots, sizeof *m->slot);
    if (!m->slot) return false;
    for (uint32_t i = 1; i < m->tree->n; i++) {
        const struct path_node *x = &at[i];
        m->slot[merge_slot(m, x->parent, x->type, x->label)] = i + 1;
    }
    return true;
}

/* The ancestor into which a further step of a repeating chain is folded, or 0. With period L the
 * step and the L steps before it must equal what stands L steps further up: two whole rounds are
 * kept. */
static uint32_t merge_repeat(const struct path_tree *t, uint32_t parent, uint32_t type,
                             path_label_t label)
{
    uint32_t above[2 * PATH_PERIOD_MAX]; /* above[i]: i steps up from the parent */
    uint32_t n = 0;
    for (uint32_t x = parent; x && n < 2 * PATH_PERIOD_MAX; x = t->at[x].parent) above[n++] = x;
    for (uint32_t period = 1; period <= PATH_PERIOD_MAX && 2 * period <= n; period++) {
        bool same = merge_same(&t->at[above[period - 1]], type, label);
        for (uint32_t i = 0; same && i < period; i++) {
            const struct path_node *x = &t->at[above[i]];
            same = merge_same(&t->at[above[i + period]], x->type, x->label);
        }
        if (same) return above[period - 1];
    }
    return 0;
}

static bool merge_is_key(path_label_t label)
{
    return PATH_LABEL_NAME(label) != 0 &&
           (PATH_LABEL_KIND(label) == SNAP_EDGE_VALUE || PATH_LABEL_KIND(label) == SNAP_EDGE_KEY ||
            PATH_LABEL_KIND(label) == SNAP_EDGE_EPHEMERON);
}

/* The node of an object below `parent`; UINT32_MAX without memory. */
static uint32_t merge_node(struct merger *m, uint32_t parent, uint32_t type, path_label_t label)
{
    if (!merge_grow(m)) return UINT32_MAX;
    struct path_tree *t = m->tree;
    bool key = merge_is_key(label);
    uint32_t slot = merge_slot(m, parent, type, label);
    if (!m->slot[slot] && key && t->at[parent].keys >= PATH_NAMES_MAX) {
        label = PATH_LABEL(PATH_LABEL_KIND(label), 0);
        key = false;
        slot = merge_slot(m, parent, type, label);
    }
    if (m->slot[slot]) return m->slot[slot] - 1;
    uint32_t again = merge_repeat(t, parent, type, label);
    if (again) {
        t->at[again].repeats = true;
        return again;
    }
    if (key) t->at[parent].keys++;
    t->at[t->n] = (struct path_node){ .parent = parent, .type = type, .label = label };
    m->slot[slot] = ++t->n;
    return t->n - 1;
}

static void merge_add(struct path_amount *to, const struct path_amount *from)
{
    to->n += from->n;
    to->shallow_size += from->shallow_size;
    to->retained_size += from->retained_size;
}

bool path_merge(const struct path_visits *visits, const struct path_amount *amount,
                struct path_tree *out)
{
    struct merger m = { .tree = out };
    *out = (struct path_tree){ 0 };
    bool ok = false;
    uint32_t *node = malloc(((size_t)visits->n + 1) * sizeof *node);
    if (!node || !merge_grow(&m)) goto done;
    out->at[0] = (struct path_node){ 0 };
    out->n = 1;
    for (uint32_t i = 0; i < visits->n; i++) {
        const struct path_visit *x = &visits->at[i];
        uint32_t parent = x->parent == UINT32_MAX ? 0 : node[x->parent];
        node[i] = merge_node(&m, parent, x->type, x->label);
        if (node[i] == UINT32_MAX) goto done;
        out->at[node[i]].objects++;
    }
    for (uint32_t i = 0; i < visits->n_instances; i++)
        merge_add(&out->at[node[visits->instance[i]]].own, &amount[i]);
    /* Parents have smaller numbers, so one pass from the end sums the tree up. */
    for (uint32_t i = 0; i < out->n; i++) out->at[i].all = out->at[i].own;
    for (uint32_t i = out->n; i-- > 1;) merge_add(&out->at[out->at[i].parent].all, &out->at[i].all);
    ok = true;
done:
    free(node);
    free(m.slot);
    if (!ok) path_tree_free(out);
    return ok;
}

void path_tree_free(struct path_tree *tree)
{
    free(tree->at);
    *tree = (struct path_tree){ 0 };
}
