/* SPDX-License-Identifier: MIT */
/* The dominator tree, folded; page_heap.h. */
#include "page/page_heap.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

/* Children that stand alone: where there are no more than a few, and else the large ones. */
enum { ALONE_FEW = 12, ALONE_MOST = 40, ALONE_SHARE = 1000, FLOOR_SHARE = 60000 };
/* Nodes below one, and steps below the top. */
enum { CHILDREN_MOST = 500, DEPTH_MOST = 60, SMALL_TREE = 3000 };
/* From this number of children on they are sorted by counting. */
enum { COUNTED = 1024 };
/* From this step of one type on, those of the same type below are the same node. */
enum { RUN_MOST = 3 };
/* So many objects further on the next one is not looked up. */
enum { NEAR = 12 };

struct member {
    int64_t id, last;
};

/* What stands for a node that is not opened yet. */
struct waiting {
    struct member *at;
    size_t n, capacity;
    uint32_t type, run; /* number of the type's name; steps of this type above, itself included */
    bool closed;        /* nothing below */
};

/* A child of the node that is being opened. */
struct child {
    struct member m;
    uint64_t bytes, own;
    uint32_t type;
};

struct children {
    struct child *at;
    size_t n, capacity;
};

struct heap {
    struct subject *s;
    const struct page_types *types;
    struct page_names *names;
    struct page_tree *tree;
    struct waiting *waiting; /* [tree->capacity], one a node */
    uint32_t waiting_n;
    uint32_t *queue;         /* nodes to be opened, the largest first */
    uint32_t queue_n, queue_capacity;
    struct children children;
    sqlite3_stmt *row; /* objects from one on, by id */
    int64_t at;        /* the one that it stands on; 0: on none */
    uint64_t floor, alone, read, end; /* end: of names->bytes */
};

static int no_memory(void)
{
    return message_no_memory("the dominator tree");
}

/* ---- the queue: a heap by size, then by number ---- */

static bool before(const struct heap *h, uint32_t a, uint32_t b)
{
    uint64_t x = h->tree->at[a].bytes, y = h->tree->at[b].bytes;
    return x != y ? x > y : a < b;
}

static bool queue_push(struct heap *h, uint32_t node)
{
    if (h->queue_n == h->queue_capacity) {
        uint32_t capacity = h->queue_capacity ? h->queue_capacity * 2 : 256;
        uint32_t *queue = realloc(h->queue, capacity * sizeof *queue);
        if (!queue) return false;
        h->queue = queue;
        h->queue_capacity = capacity;
    }
    uint32_t i = h->queue_n++;
    for (; i > 0 && before(h, node, h->queue[(i - 1) / 2]); i = (i - 1) / 2)
        h->queue[i] = h->queue[(i - 1) / 2];
    h->queue[i] = node;
    return true;
}

static uint32_t queue_pop(struct heap *h)
{
    uint32_t top = h->queue[0], node = h->queue[--h->queue_n], i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= h->queue_n) break;
        if (child + 1 < h->queue_n && before(h, h->queue[child + 1], h->queue[child])) child++;
        if (!before(h, h->queue[child], node)) break;
        h->queue[i] = h->queue[child];
        i = child;
    }
    if (h->queue_n) h->queue[i] = node;
    return top;
}

/* ---- reading ---- */

static bool wait_for(struct waiting *w, struct member m)
{
    if (w->n == w->capacity) {
        size_t capacity = w->capacity ? w->capacity * 2 : 1;
        struct member *at = realloc(w->at, capacity * sizeof *at);
        if (!at) return false;
        w->at = at;
        w->capacity = capacity;
    }
    w->at[w->n++] = m;
    return true;
}

/* Brings the row `id` under the statement: by going on where it is near, which costs a tenth of
 * looking it up. *found is false where there is none. */
static int go_to(struct heap *h, int64_t id, bool *found)
{
    int got = 1;
    if (h->at == 0 || id <= h->at || id - h->at > NEAR) {
        sqlite3_reset(h->row);
        sqlite3_bind_int64(h->row, 1, id);
        h->at = 0;
    }
    while (h->at < id && (got = heapdb_step(h->s->db, h->row)) == 1)
        h->at = sqlite3_column_int64(h->row, 0);
    *found = got == 1 && h->at == id;
    if (got != 1) h->at = 0;
    return got < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Object `id`, which lies below one whose objects end at `end`. */
static int read_object(struct heap *h, int64_t id, int64_t end, struct child *out)
{
    bool got;
    h->read++;
    if (go_to(h, id, &got)) return STATUS_UNUSABLE;
    int64_t v[5] = { 0 };
    for (int i = 0; got && i < 5; i++) v[i] = sqlite3_column_int64(h->row, i + 1);
    const int64_t limit = INT64_MAX / 4;
    *out = (struct child){ .m = { id, v[4] } };
    bool good = got && v[4] >= id && v[4] <= end && v[1] >= 0 && v[2] >= v[1] && v[3] >= 0 &&
                v[2] < limit && v[3] < limit;
    if (!good)
        return heapdb_damaged(h->s->db, "rows do not fit together at object #%lld", (long long)id);
    out->type = page_types_name(h->types, v[0]);
    out->own = (uint64_t)v[1];
    out->bytes = (uint64_t)v[2] + (uint64_t)v[3];
    return STATUS_DONE;
}

static bool children_add(struct children *c, const struct child *x)
{
    if (c->n == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 1024;
        struct child *at = realloc(c->at, capacity * sizeof *at);
        if (!at) return false;
        c->at = at;
        c->capacity = capacity;
    }
    c->at[c->n++] = *x;
    return true;
}

/* The children of all members of a node; in a long run of one type those of the type are members
 * too, and their children are children. */
static int read_children(struct heap *h, uint32_t node)
{
    struct waiting *w = &h->waiting[node];
    struct page_node *x = &h->tree->at[node];
    h->children.n = 0;
    for (size_t i = 0; i < w->n; i++) {
        struct member m = w->at[i];
        for (int64_t id = m.id; id < m.last;) {
            struct child c;
            if (read_object(h, id + 1, m.last, &c)) return STATUS_UNUSABLE;
            bool same = w->run >= RUN_MOST && c.type == w->type;
            if (!(same ? wait_for(w, c.m) : children_add(&h->children, &c))) return no_memory();
            if (same) {
                x->n++;
                x->own += c.own;
            }
            id = c.m.last;
        }
        if (h->read > PAGE_HEAP_READ) return STATUS_DONE;
    }
    return STATUS_DONE;
}

/* ---- who stands alone, who together ---- */

static int by_bytes(const void *a, const void *b)
{
    const struct child *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return (x->m.id > y->m.id) - (x->m.id < y->m.id);
}

static int by_type(const void *a, const void *b)
{
    const struct child *x = a, *y = b;
    if (x->type != y->type) return x->type < y->type ? -1 : 1;
    return (x->m.id > y->m.id) - (x->m.id < y->m.id);
}

/* Brings n children into the order of their types, of one type by id: as they come, but for those
 * that were moved to the front. Where there are more of them than types, without comparing. */
static bool sort_by_type(struct child *at, size_t n, uint32_t types)
{
    if (n < COUNTED || n < types) {
        if (n) qsort(at, n, sizeof *at, by_type);
        return true;
    }
    size_t *end = calloc((size_t)types + 1, sizeof *end);
    struct child *sorted = malloc(n * sizeof *sorted);
    if (end && sorted) {
        for (size_t i = 0; i < n; i++) end[at[i].type + 1]++;
        for (uint32_t t = 0; t < types; t++) end[t + 1] += end[t];
        for (size_t i = 0; i < n; i++) sorted[end[at[i].type]++] = at[i];
        memcpy(at, sorted, n * sizeof *at);
    }
    bool done = end && sorted;
    free(end);
    free(sorted);
    return done;
}

/* Moves the children that are large enough to stand alone to the front, the largest first; there
 * are never many. */
static size_t large_first(struct children *c, uint64_t alone)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->n > ALONE_FEW && c->at[i].bytes < alone) continue;
        struct child large = c->at[i];
        c->at[i] = c->at[n];
        c->at[n++] = large;
    }
    if (n) qsort(c->at, n, sizeof *c->at, by_bytes);
    return n < ALONE_MOST ? n : ALONE_MOST;
}

/* Children first .. end - 1, which become one node or none. */
struct group {
    size_t first, end, largest;
    uint64_t bytes, count, own;
};

static struct group group_of(const struct children *c, size_t first, size_t end)
{
    struct group g = { .first = first, .end = end, .largest = first };
    for (size_t i = first; i < end; i++) {
        if (c->at[i].bytes > c->at[g.largest].bytes) g.largest = i;
        g.bytes += c->at[i].bytes;
        g.own += c->at[i].own;
        g.count += (uint64_t)(c->at[i].m.last - c->at[i].m.id) + 1;
    }
    return g;
}

static int groups_by_bytes(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

/* All children in groups, the largest first; malloc'd. */
static struct group *make_groups(struct heap *h, size_t *n)
{
    struct children *c = &h->children;
    uint32_t types = h->types->texts.n;
    size_t alone = large_first(c, h->alone);
    *n = 0;
    if (!sort_by_type(c->at + alone, c->n - alone, types)) return NULL;
    size_t most = alone + (c->n - alone < types ? c->n - alone : types);
    struct group *groups = calloc(most + 1, sizeof *groups);
    if (!groups) return NULL;
    for (size_t i = 0; i < alone; i++) groups[(*n)++] = group_of(c, i, i + 1);
    for (size_t i = alone; i < c->n;) {
        size_t end = i + 1;
        while (end < c->n && c->at[end].type == c->at[i].type) end++;
        groups[(*n)++] = group_of(c, i, end);
        i = end;
    }
    if (*n) qsort(groups, *n, sizeof *groups, groups_by_bytes);
    return groups;
}

/* ---- nodes ---- */

static bool grow_waiting(struct heap *h)
{
    if (h->waiting_n < h->tree->n) {
        uint32_t n = h->tree->capacity;
        struct waiting *at = realloc(h->waiting, n * sizeof *at);
        if (!at) return false;
        memset(at + h->waiting_n, 0, (n - h->waiting_n) * sizeof *at);
        h->waiting = at;
        h->waiting_n = n;
    }
    return true;
}

/* A node for objects that are not opened: all that is below is folded. */
static void set_amounts(struct page_node *x, const struct group *g)
{
    x->n = g->end - g->first;
    x->own = g->own;
    x->count = g->count;
    x->bytes = g->bytes;
    x->rest_count = x->count - x->n;
    x->rest_bytes = x->bytes - x->own;
}

static int add_node(struct heap *h, uint32_t parent, const struct group *g)
{
    const struct child *largest = &h->children.at[g->largest];
    uint32_t node = page_tree_add(h->tree, parent);
    if (node == PAGE_NO_NODE || !grow_waiting(h)) return no_memory();
    struct page_node *x = &h->tree->at[node];
    struct waiting *w = &h->waiting[node];
    set_amounts(x, g);
    x->object = largest->m.id;
    x->type = page_names_add(h->names, texts_get(&h->types->texts, largest->type, NULL));
    w->type = largest->type;
    w->run = h->waiting[parent].type == w->type && parent != 0 ? h->waiting[parent].run + 1 : 1;
    for (size_t i = g->first; i < g->end; i++)
        if (!wait_for(w, h->children.at[i].m)) return no_memory();
    if (x->rest_count == 0 || x->depth >= DEPTH_MOST) return STATUS_DONE;
    return queue_push(h, node) ? STATUS_DONE : no_memory();
}

static bool room(const struct heap *h)
{
    return h->tree->n < PAGE_HEAP_NODES && h->names->bytes < h->end && !h->names->failed;
}

/* Opens a node: its large children become nodes, the others its rest. */
static int open_node(struct heap *h, uint32_t node)
{
    struct page_node before_reading = h->tree->at[node];
    int status = read_children(h, node);
    if (status) return status;
    if (h->read > PAGE_HEAP_READ) { /* as if it had not been tried */
        h->tree->at[node] = before_reading;
        return STATUS_DONE;
    }
    free(h->waiting[node].at);
    h->waiting[node].at = NULL;
    h->waiting[node].n = h->waiting[node].capacity = 0;
    size_t n, kept = 0;
    struct group *groups = make_groups(h, &n);
    if (!groups) return no_memory();
    uint64_t below = 0, count = 0;
    for (size_t i = 0; i < n; i++) below += groups[i].bytes;
    if (below > h->tree->at[node].bytes)
        status = heapdb_damaged(h->s->db, "retained sizes do not add up at object #%lld",
                                (long long)h->tree->at[node].object);
    /* Native memory that is freed with this one is its own. */
    h->tree->at[node].own = h->tree->at[node].bytes - below;
    uint64_t bytes = 0;
    for (; !status && kept < n && kept < CHILDREN_MOST && room(h); kept++) {
        /* In a small tree also what is small. */
        if (groups[kept].bytes < h->floor && (kept >= ALONE_FEW || h->tree->n >= SMALL_TREE)) break;
        status = add_node(h, node, &groups[kept]);
        bytes += groups[kept].bytes;
        count += groups[kept].count;
    }
    struct page_node *x = &h->tree->at[node];
    x->rest_bytes = below - bytes;
    x->rest_count = x->count - x->n - count;
    free(groups);
    return status;
}

/* A virtual root as a node below `parent`. */
static int add_root(struct heap *h, uint32_t parent, int64_t id, const char *name)
{
    struct child root;
    if (read_object(h, id, INT64_MAX / 2, &root)) return STATUS_UNUSABLE;
    uint32_t node = page_tree_add(h->tree, parent);
    if (node == PAGE_NO_NODE || !grow_waiting(h)) return no_memory();
    struct page_node *x = &h->tree->at[node];
    struct group g = { .bytes = root.bytes, .count = (uint64_t)(root.m.last - id) };
    set_amounts(x, &g);
    x->type = page_names_add(h->names, name);
    h->waiting[node].type = TEXTS_NONE;
    if (!wait_for(&h->waiting[node], root.m) || !queue_push(h, node)) return no_memory();
    return STATUS_DONE;
}

static int start(struct heap *h)
{
    const struct heapdb_snapshot *s = h->s->snapshot;
    int64_t first, last;
    int status = subject_range(h->s, false, &first, &last);
    if (!status && s->n_garbage == 0) {
        status = add_root(h, PAGE_NO_NODE, s->live_root_id, "live heap");
    } else if (!status) {
        if (page_tree_add(h->tree, PAGE_NO_NODE) == PAGE_NO_NODE || !grow_waiting(h))
            return no_memory();
        h->tree->at[0].type = page_names_add(h->names, "heap");
        status = add_root(h, 0, s->live_root_id, "live heap");
        if (!status) status = add_root(h, 0, s->garbage_root_id, "garbage");
        for (uint32_t i = 1; !status && i < 3; i++) {
            h->tree->at[0].bytes += h->tree->at[i].bytes;
            h->tree->at[0].count += h->tree->at[i].count;
        }
    }
    if (status) return status;
    h->floor = h->tree->at[0].bytes / FLOOR_SHARE;
    h->alone = h->tree->at[0].bytes / ALONE_SHARE;
    return STATUS_DONE;
}

int page_heap_load(struct subject *s, const struct page_types *types, struct page_names *names,
                   uint64_t bytes, struct page_tree *out)
{
    struct heap h = { .s = s, .types = types, .names = names, .tree = out,
                      .end = names->bytes + bytes };
    *out = (struct page_tree){ 0 };
    int status = heapdb_prepare(s->db, &h.row,
                                "SELECT id, type_id, shallow_size, retained_size,"
                                " retained_native, last_dominated"
                                " FROM object WHERE id >= ? ORDER BY id");
    if (!status) status = start(&h);
    while (!status && h.queue_n && room(&h) && h.read <= PAGE_HEAP_READ) {
        uint32_t node = queue_pop(&h);
        if (out->at[node].bytes < h.floor) break;
        status = open_node(&h, node);
    }
    if (!status && names->failed) status = no_memory();
    sqlite3_finalize(h.row);
    for (uint32_t i = 0; i < h.waiting_n; i++) free(h.waiting[i].at);
    free(h.waiting);
    free(h.queue);
    free(h.children.at);
    return status;
}
