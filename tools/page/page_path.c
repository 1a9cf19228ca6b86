/* SPDX-License-Identifier: MIT */
/* Shortest paths for the page; page_path.h. */
#include "page/page_path.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "db/graph_chain.h"
#include "report/path_text.h"
#include "snap/format.h"

enum { PATH_HEAD = 12, PATH_TAIL = 24, STEPS_MOST = 16000, TEXT_HEAD = 5, TEXT_TAIL = 5 };

static int no_memory(void)
{
    return message_no_memory("the paths");
}

int page_paths_begin(struct page_paths *p, struct subject *s, struct page_names *names,
                     uint64_t bytes)
{
    *p = (struct page_paths){ .names = names, .s = s, .end = names->bytes + bytes };
    p->steps = calloc(1, sizeof *p->steps);
    if (!p->steps) return no_memory();
    int status = graph_steps_begin(p->steps, s->db);
    if (!status)
        status = heapdb_prepare(s->db, &p->sizes,
                                "SELECT coalesce(retained_native, 0), last_dominated"
                                " FROM object WHERE id = ?");
    return status;
}

void page_paths_free(struct page_paths *p)
{
    if (p->steps) graph_steps_end(p->steps);
    free(p->steps);
    sqlite3_finalize(p->sizes);
    free(p->at);
    free(p->slots);
    *p = (struct page_paths){ 0 };
}

/* ---- steps by id ---- */

static uint32_t *slot_of(const struct page_paths *p, int64_t id)
{
    uint32_t mask = p->n_slots - 1;
    uint32_t i = (uint32_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
    while (p->slots[i] && p->at[p->slots[i] - 1].id != id) i = (i + 1) & mask;
    return &p->slots[i];
}

static uint32_t find(const struct page_paths *p, int64_t id)
{
    return p->n_slots ? *slot_of(p, id) - 1 : PAGE_NO_STEP; /* 0 - 1 is PAGE_NO_STEP */
}

static bool grow(struct page_paths *p)
{
    if (p->n < p->capacity) return true;
    uint32_t capacity = p->capacity ? p->capacity * 2 : 256;
    struct page_step *at = realloc(p->at, capacity * sizeof *at);
    if (!at) return false;
    p->at = at;
    uint32_t *slots = calloc(2 * (size_t)capacity, sizeof *slots);
    if (!slots) return false;
    free(p->slots);
    p->slots = slots;
    p->n_slots = 2 * capacity;
    p->capacity = capacity;
    for (uint32_t i = 0; i < p->n; i++) *slot_of(p, p->at[i].id) = i + 1;
    return true;
}

/* What of a step is not in graph_step. */
static int read_sizes(struct page_paths *p, struct page_step *x)
{
    sqlite3_reset(p->sizes);
    sqlite3_bind_int64(p->sizes, 1, x->id);
    int got = heapdb_step(p->s->db, p->sizes);
    if (got < 0) return STATUS_UNUSABLE;
    if (got == 0) return STATUS_DONE;
    x->native = subject_size(sqlite3_column_int64(p->sizes, 0));
    int64_t last = sqlite3_column_int64(p->sizes, 1);
    x->count = last >= x->id ? (uint64_t)last - (uint64_t)x->id + 1 : 1;
    return STATUS_DONE;
}

static bool is_namespace(const struct graph_step *step)
{
    return step->root_kind == SNAP_ROOT_GLOBAL ||
           (step->edge_name && strcmp(step->edge_name, "__dict__") == 0 &&
            (step->edge_kind == SNAP_EDGE_ATTRIBUTE || step->edge_kind == SNAP_EDGE_INTERNAL));
}

static int add_step(struct page_paths *p, const struct graph_step *step, uint32_t up, uint64_t gap,
                    uint32_t *out)
{
    struct page_step x = { .id = step->id, .up = up, .gap = gap,
                           .is_namespace = is_namespace(step),
                           .shallow = subject_size(step->shallow_size),
                           .retained = subject_size(step->retained_size) };
    struct text edge = { 0 }, type = { 0 };
    /* A variable of a module is `.REGISTRY` here as in paths that are one text. */
    struct path_text variable = { .global = up != PAGE_NO_STEP && !gap && p->at[up].is_namespace };
    if (read_sizes(p, &x)) return STATUS_UNUSABLE;
    if (variable.global) {
        path_text_step(&variable, &edge, step);
        path_text_end(&variable, &edge);
    } else {
        path_text_edge(&edge, step);
    }
    path_text_where(&edge, step);
    subject_type(&type, step->module, step->type);
    if (step->name) text_addf(&type, " %s", step->name);
    x.edge = page_names_add(p->names, text_str(&edge));
    x.type = page_names_add(p->names, text_str(&type));
    bool good = !edge.failed && !type.failed && !p->names->failed && grow(p);
    text_free(&edge);
    text_free(&type);
    if (!good) return no_memory();
    p->at[p->n] = x;
    *out = p->n;
    *slot_of(p, x.id) = ++p->n;
    return STATUS_DONE;
}

/* The steps of a chain that are not there yet. */
static int add_chain(struct page_paths *p, const struct graph_chain *chain, uint32_t *out)
{
    struct graph_step step = { 0 };
    size_t first = chain->n;
    int status = STATUS_DONE;
    *out = PAGE_NO_STEP;
    /* Every object has one shortest path here: from the last step that is known on. */
    while (first > 0 && *out == PAGE_NO_STEP) *out = find(p, chain->id[--first]);
    if (*out != PAGE_NO_STEP) first++;
    for (size_t i = first; !status && i < chain->n; i++) {
        status = graph_step_read(p->steps, chain, i, &step);
        uint64_t gap = chain->n_cut && i == chain->cut_at ? chain->n_cut : 0;
        if (!status) status = add_step(p, &step, *out, gap, out);
    }
    graph_step_free(&step);
    return status;
}

/* An object that no root holds. */
static int add_alone(struct page_paths *p, int64_t id, uint32_t *out)
{
    struct graph_step step = { 0 };
    *out = find(p, id);
    if (*out != PAGE_NO_STEP) return STATUS_DONE;
    int status = graph_step_edge(p->steps, 0, -1, id, &step);
    if (!status) status = add_step(p, &step, PAGE_NO_STEP, 0, out);
    graph_step_free(&step);
    return status;
}

int page_paths_add(struct page_paths *p, int64_t id, uint32_t *out)
{
    struct graph_chain chain = { 0 };
    *out = find(p, id);
    if (*out != PAGE_NO_STEP) return STATUS_DONE;
    if (p->n >= STEPS_MOST || p->names->bytes >= p->end || !p->s->snapshot->has_refs)
        return STATUS_DONE;
    int status = graph_chain_shortest(p->s->db, id, PATH_HEAD, PATH_TAIL, &chain);
    if (!status && chain.n) status = add_chain(p, &chain, out);
    else if (!status) status = add_alone(p, id, out);
    graph_chain_free(&chain);
    return status;
}

/* ---- what nodes of the dominator tree are called ---- */

/* The whole path of an object, for one that stands below others than its referrer. */
static int path_label(struct page_paths *p, int64_t id, uint32_t *out)
{
    struct graph_chain chain = { 0 };
    struct text t = { 0 };
    if (p->names->bytes >= p->end) return STATUS_DONE;
    int status = graph_chain_shortest(p->s->db, id, TEXT_HEAD, TEXT_TAIL, &chain);
    if (!status && chain.n) status = path_text_chain(&t, p->steps, &chain);
    if (!status && t.n) *out = page_names_add(p->names, text_str(&t));
    text_free(&t);
    graph_chain_free(&chain);
    return status;
}

static int label_node(struct page_paths *p, struct page_tree *tree, struct page_node *x)
{
    int status = page_paths_add(p, x->object, &x->path);
    if (status || x->path == PAGE_NO_STEP) return status;
    const struct page_step *step = &p->at[x->path];
    const struct page_node *above = &tree->at[x->parent];
    if (step->up != PAGE_NO_STEP && step->gap == 0 && above->n == 1 && above->object &&
        p->at[step->up].id == above->object) {
        x->label = step->edge;
        return STATUS_DONE;
    }
    return path_label(p, x->object, &x->label);
}

int page_paths_label(struct page_paths *p, struct page_tree *tree)
{
    int status = STATUS_DONE;
    /* Nodes were made roughly by size, so those that come first matter most. */
    for (uint32_t i = 1; !status && i < tree->n; i++)
        if (tree->at[i].n == 1 && tree->at[i].object) status = label_node(p, tree, &tree->at[i]);
    return status;
}

void page_paths_json(const struct page_paths *p, struct json *j, const char *key)
{
    json_object(j, key);
    json_array(j, "id");
    for (uint32_t i = 0; i < p->n; i++) json_id(j, NULL, (uint64_t)p->at[i].id);
    json_end_array(j);
    json_array(j, "up");
    for (uint32_t i = 0; i < p->n; i++)
        json_i64(j, NULL, p->at[i].up == PAGE_NO_STEP ? -1 : (int64_t)p->at[i].up);
    json_end_array(j);
#define COLUMN(member)                                                                             \
    json_array(j, #member);                                                                        \
    for (uint32_t i = 0; i < p->n; i++) json_u64(j, NULL, p->at[i].member);                        \
    json_end_array(j)
    COLUMN(edge);
    COLUMN(type);
    COLUMN(gap);
    COLUMN(shallow);
    COLUMN(retained);
    COLUMN(native);
    COLUMN(count);
#undef COLUMN
    json_end_object(j);
}
