/* SPDX-License-Identifier: MIT */
/*
 * Nodes and edges of a V8 heap snapshot as batches of records: the second pass over the file.
 */
#include <stdlib.h>
#include <string.h>

#include "import/v8_private.h"

/* ---- nodes --------------------------------------------------------------------------------- */

struct node_batch {
    uint64_t id[V8_BATCH], type[V8_BATCH], shallow[V8_BATCH], flags[V8_BATCH], name[V8_BATCH],
        stack[V8_BATCH];
    uint32_t content[V8_BATCH]; /* string + 1: contents that are wanted; 0: none */
    uint32_t rows;
    bool has_flags, has_names, has_stacks, has_contents;
};

static bool send_nodes(struct v8_reading *v, struct node_batch *b)
{
    const struct record_sink *k = v->sink;
    struct record_batch batch = { .snapshot = 1, .rows = b->rows, .first = v->objects_sent,
                                  .offset = jstream_offset(&v->json) };
    if (!b->rows) return true;
    batch.column[SNAP_COL_OBJECT_ID].value = b->id;
    batch.column[SNAP_COL_OBJECT_TYPE].value = b->type;
    batch.column[SNAP_COL_OBJECT_SHALLOW].value = b->shallow;
    if (b->has_flags) batch.column[SNAP_COL_OBJECT_FLAGS].value = b->flags;
    if (b->has_names) batch.column[SNAP_COL_OBJECT_NAME].value = b->name;
    if (b->has_stacks) batch.column[SNAP_COL_OBJECT_STACK].value = b->stack;
    if (k->objects && !v8_sent(v, k->objects(k->opaque, &batch))) return false;
    for (uint32_t i = 0; b->has_contents && i < b->rows; i++) {
        if (!b->content[i]) continue;
        struct record_text text = v8_text(v, b->content[i] - 1);
        if (!v8_sent(v, k->value(k->opaque, 1, v->objects_sent + i, text))) return false;
    }
    v->objects_sent += b->rows;
    b->rows = 0;
    b->has_flags = b->has_names = b->has_stacks = b->has_contents = false;
    return true;
}

/* Weak maps that names of ephemerons mention. */
static bool note_table(struct v8_reading *v, uint64_t id)
{
    if (!u64map_get(&v->table_ids, id)) return true;
    if (!v8_grow(v, &v->table, &v->table_cap, v->n_tables + 1, sizeof *v->table) ||
        !v8_grow(v, &v->table_id, &v->table_id_cap, v->n_tables + 1, sizeof *v->table_id))
        return false;
    v->table[v->n_tables] = (uint32_t)v->n_nodes;
    v->table_id[v->n_tables++] = id;
    return true;
}

bool v8_keep_node(struct v8_reading *v, enum v8_node kind, uint64_t name, uint64_t edges)
{
    if (edges > UINT32_MAX) return jstream_fail(&v->json, "an impossible number of edges");
    if (v->n_nodes == UINT32_MAX - 2) return jstream_fail(&v->json, "too many nodes");
    if (!v8_grow(v, &v->edge_count, &v->edge_count_cap, v->n_nodes + 1, sizeof *v->edge_count) ||
        !v8_grow(v, &v->name, &v->name_cap, v->n_nodes + 1, sizeof *v->name) ||
        !v8_grow(v, &v->kind, &v->kind_cap, v->n_nodes + 1, sizeof *v->kind))
        return false;
    v->edge_count[v->n_nodes] = (uint32_t)edges;
    v->name[v->n_nodes] = name < V8_NONE ? (uint32_t)name : V8_NONE - 1;
    v->kind[v->n_nodes] = (uint8_t)kind;
    v->n_nodes++;
    return true;
}

static bool put_node(struct v8_reading *v, struct node_batch *b, const uint64_t *row)
{
    const struct v8_node_fields *f = &v->meta.node;
    uint64_t name = row[f->name];
    enum v8_node kind = V8_UNKNOWN_NODE;
    enum v8_name_is is;
    uint32_t i = b->rows;
    if (row[f->type] < v->meta.n_node_kinds) kind = v->meta.node_kind[row[f->type]];
    else v->bad_kinds++;
    if (name >= v->strings.n) {
        v->bad_names += !v->cut;
        name = V8_NONE - 1;
    }
    if (!v8_type(v, kind, (uint32_t)name, &b->type[i], &is)) return false;
    b->id[i] = row[f->id];
    b->shallow[i] = row[f->self_size];
    bool detached = f->detachedness != V8_NONE && row[f->detachedness] == 2;
    b->flags[i] = detached ? SNAP_OBJECT_DETACHED : 0;
    b->has_flags |= b->flags[i] != 0;
    b->stack[i] = f->trace_node_id == V8_NONE ? 0 : v8_stack(v, row[f->trace_node_id]);
    if (kind == V8_CLOSURE && !b->stack[i]) b->stack[i] = v8_place(v, v->n_nodes);
    b->has_stacks |= b->stack[i] != 0;
    b->name[i] = b->content[i] = 0;
    if (is == V8_NAME_IS_OWN && name < v->strings.n && !v8_name(v, name, &b->name[i])) return false;
    if (is == V8_NAME_IS_PARTED && !v8_part_name(v, (uint32_t)name, &b->name[i])) return false;
    b->has_names |= b->name[i] != 0;
    if (is == V8_NAME_IS_CONTENT && v->options && v->options->values && v->sink->value &&
        name < v->strings.n) {
        b->content[i] = (uint32_t)name + 1;
        b->has_contents = true;
    }
    if ((v->table_ids.n && !note_table(v, row[f->id])) ||
        !v8_keep_node(v, kind, name, row[f->edge_count]))
        return false;
    return ++b->rows < V8_BATCH || send_nodes(v, b);
}

bool v8_read_nodes(struct v8_reading *v)
{
    struct jstream *j = &v->json;
    uint32_t n = v->meta.node.n;
    uint64_t row[V8_MAX_FIELDS];
    if (v->n_nodes) return jstream_fail(j, "nodes stand in the file twice");
    struct node_batch *b = malloc(sizeof *b);
    if (!b) return v8_no_memory(v);
    *b = (struct node_batch){ .rows = 0 };
    struct jstream_place place = jstream_enter(j, '[');
    bool ok = true;
    while (ok && jstream_array_number(j, &place, &row[0])) {
        for (uint32_t i = 1; i < n && ok; i++) ok = jstream_array_number(j, &place, &row[i]);
        if (ok) ok = put_node(v, b, row);
        else jstream_fail(j, "nodes end in the middle of a row");
    }
    /* A file that is cut here still has the nodes before the cut. */
    if (!v->stopped && !v->no_memory && (!j->error || j->ended)) send_nodes(v, b);
    free(b);
    return !j->error;
}

/* ---- edges --------------------------------------------------------------------------------- */

struct edge_batch {
    uint64_t source[V8_BATCH], target[V8_BATCH], kind[V8_BATCH], name[V8_BATCH], index[V8_BATCH];
    uint32_t rows;
    /* Roots among the targets. */
    uint64_t root[V8_BATCH], root_kind[V8_BATCH], root_name[V8_BATCH];
    uint32_t roots;
    /* Where in the nodes. */
    uint64_t from;      /* the source of the next edge */
    uint32_t position;  /* among its edges */
    size_t next_table;
};

static bool send_roots(struct v8_reading *v, struct edge_batch *b)
{
    const struct record_sink *k = v->sink;
    struct record_batch batch = { .snapshot = 1, .rows = b->roots,
                                  .offset = jstream_offset(&v->json) };
    batch.column[SNAP_COL_ROOT_OBJECT_ORDINAL].value = b->root;
    batch.column[SNAP_COL_ROOT_KIND].value = b->root_kind;
    batch.column[SNAP_COL_ROOT_NAME].value = b->root_name;
    if (!b->roots) return true;
    v->n_roots += b->roots;
    b->roots = 0;
    return !k->roots || v8_sent(v, k->roots(k->opaque, &batch));
}

static bool put_root(struct v8_reading *v, struct edge_batch *b, uint64_t node,
                     enum snap_root_kind kind)
{
    uint64_t name = 0;
    if (node >= v->n_nodes) return true;
    if (v->kind[node] != V8_STRING && !v8_name(v, v->name[node], &name)) return false;
    b->root[b->roots] = node;
    b->root_kind[b->roots] = kind;
    b->root_name[b->roots] = name;
    return ++b->roots < V8_BATCH || send_roots(v, b);
}

static bool send_edges(struct v8_reading *v, struct edge_batch *b)
{
    const struct record_sink *k = v->sink;
    struct record_batch batch = { .snapshot = 1, .rows = b->rows, .edge_index = b->index,
                                  .offset = jstream_offset(&v->json) };
    batch.column[SNAP_COL_EDGE_SOURCE].value = b->source;
    batch.column[SNAP_COL_EDGE_TARGET_ORDINAL].value = b->target;
    batch.column[SNAP_COL_EDGE_KIND].value = b->kind;
    batch.column[SNAP_COL_EDGE_NAME].value = b->name;
    batch.column[SNAP_COL_EDGE_INDEX].value = b->index;
    if (!b->rows) return true;
    v->n_edges += b->rows;
    b->rows = 0;
    return !k->edges || v8_sent(v, k->edges(k->opaque, &batch));
}

/* Does the name belong to a value of the weak map that the edge comes from? */
static bool from_table(struct v8_reading *v, struct edge_batch *b, uint64_t name)
{
    uint64_t id;
    while (b->next_table < v->n_tables && v->table[b->next_table] < b->from) b->next_table++;
    return b->next_table < v->n_tables && v->table[b->next_table] == b->from &&
           v8_table_id(v8_text(v, name), &id) && v->table_id[b->next_table] == id;
}

/* What the root refers to is a root: the objects that the page or the program owns by a shortcut,
 * or in the table of documents. */
static bool put_root_edge(struct v8_reading *v, struct edge_batch *b, enum v8_edge kind,
                          uint64_t target)
{
    if (kind == V8_WEAK || target >= v->n_nodes) return true;
    struct record_text name = v8_text(v, v->name[target]);
    static const char documents[] = "(Document DOM trees)";
    bool global = kind == V8_SHORTCUT ||
                  (kind == V8_ELEMENT && v->kind[target] == V8_SYNTHETIC &&
                   name.size == sizeof documents - 1 &&
                   memcmp(name.at, documents, name.size) == 0);
    return put_root(v, b, target, global ? SNAP_ROOT_GLOBAL : SNAP_ROOT_RUNTIME);
}

/* An edge of the batch whose name is no name: it tells of a weak map, or is the position in one of
 * V8's own arrays. */
static void put_special_name(struct v8_reading *v, struct edge_batch *b, enum v8_edge kind,
                             uint64_t name)
{
    uint32_t i = b->rows;
    if (b->name[i] == V8_NUMBER_NAME) {
        v8_number(v8_text(v, name), &b->index[i]);
        if (kind == V8_INTERNAL) b->kind[i] = SNAP_EDGE_ELEMENT;
    } else if (kind == V8_INTERNAL) {
        b->kind[i] = from_table(v, b, name) ? SNAP_EDGE_RULED_OUT : SNAP_EDGE_EPHEMERON;
    }
    b->name[i] = 0;
}

static bool put_edge(struct v8_reading *v, struct edge_batch *b, const uint64_t *row)
{
    static const uint8_t kinds[] = {
        [V8_CONTEXT] = SNAP_EDGE_VARIABLE,     [V8_ELEMENT] = SNAP_EDGE_ELEMENT,
        [V8_PROPERTY] = SNAP_EDGE_ATTRIBUTE,   [V8_INTERNAL] = SNAP_EDGE_INTERNAL,
        [V8_HIDDEN_EDGE] = SNAP_EDGE_HIDDEN,   [V8_SHORTCUT] = SNAP_EDGE_SHORTCUT,
        [V8_WEAK] = SNAP_EDGE_WEAK,            [V8_UNKNOWN_EDGE] = SNAP_EDGE_INTERNAL,
    };
    const struct v8_edge_fields *f = &v->meta.edge;
    uint64_t name = row[f->name_or_index], to = row[f->to_node];
    enum v8_edge kind = V8_UNKNOWN_EDGE;
    uint32_t i = b->rows;
    if (row[f->type] < v->meta.n_edge_kinds) kind = v->meta.edge_kind[row[f->type]];
    else v->bad_kinds++;
    bool aligned = to % v->meta.node.n == 0 && to / v->meta.node.n < v->n_nodes;
    v->bad_targets += !aligned && !v->cut;
    b->source[i] = b->from;
    b->target[i] = aligned ? to / v->meta.node.n : UINT64_MAX;
    b->kind[i] = kinds[kind];
    b->name[i] = 0;
    b->index[i] = b->position++;
    if (kind == V8_ELEMENT || kind == V8_HIDDEN_EDGE) b->index[i] = name;
    else if (!v8_edge_name(v, name, &b->name[i])) return false;
    if (b->name[i] >= V8_NUMBER_NAME) put_special_name(v, b, kind, name);
    b->rows++;
    if (b->from == v->meta.root_index && !put_root_edge(v, b, kind, b->target[i])) return false;
    return b->rows < V8_BATCH || send_edges(v, b);
}

static bool read_edge_rows(struct v8_reading *v, struct edge_batch *b)
{
    struct jstream *j = &v->json;
    uint32_t n = v->meta.edge.n;
    uint64_t row[V8_MAX_FIELDS];
    struct jstream_place place = jstream_enter(j, '[');
    uint64_t surplus = 0;
    while (jstream_array_number(j, &place, &row[0])) {
        for (uint32_t i = 1; i < n; i++)
            if (!jstream_array_number(j, &place, &row[i]))
                return jstream_fail(j, "edges end in the middle of a row");
        while (b->from < v->n_nodes && b->position == v->edge_count[b->from]) {
            b->from++;
            b->position = 0;
        }
        if (b->from == v->n_nodes) surplus++;
        else if (!put_edge(v, b, row)) return false;
    }
    if (!v->cut) v8_damage_count(v, surplus, "references dropped that belong to no node");
    return !j->error;
}

bool v8_read_edges(struct v8_reading *v)
{
    struct jstream *j = &v->json;
    if (v->n_edges) return jstream_fail(j, "edges stand in the file twice");
    if (!v->n_nodes) return jstream_fail(j, "edges stand before the nodes, or there are no nodes");
    struct edge_batch *b = malloc(sizeof *b);
    if (!b) return v8_no_memory(v);
    b->rows = b->roots = b->position = 0;
    b->from = 0;
    b->next_table = 0;
    bool ok = put_root(v, b, v->meta.root_index, SNAP_ROOT_RUNTIME) && read_edge_rows(v, b);
    if (!v->stopped && !v->no_memory && (!j->error || j->ended))
        ok = send_edges(v, b) && send_roots(v, b) && ok;
    free(b);
    return ok;
}
