/* SPDX-License-Identifier: MIT */
/*
 * Where the code of functions stands: "locations" gives a closure's script as a number, line and
 * column. The script's name is that of a node: newer files tell which, in others it is two references
 * away (closure -> shared -> script), so the first pass reads nodes and references, too, and keeps of
 * these what may lead there. A place becomes a stack of one frame, ready when the second pass meets
 * the closure.
 *
 * Memory: 12 bytes a reference between parts of code, 32 a closure with a place; the rest is what
 * the second pass needs anyway.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/v8_private.h"

/* References of one node that are looked at: those that are wanted are among the first. */
enum { MAX_LINKS = 64 };

bool v8_has_places(const struct v8_reading *v)
{
    const struct v8_location_fields *f = &v->meta.location;
    return f->n && f->object_index != V8_NONE && f->script_id != V8_NONE && f->line != V8_NONE &&
           f->column != V8_NONE;
}

/* ---- the first pass ------------------------------------------------------------------------ */

static enum v8_node node_kind(const struct v8_reading *v, uint64_t type)
{
    return type < v->meta.n_node_kinds ? v->meta.node_kind[type] : V8_UNKNOWN_NODE;
}

bool v8_scan_nodes(struct v8_reading *v)
{
    const struct v8_node_fields *f = &v->meta.node;
    struct jstream *j = &v->json;
    uint64_t row[V8_MAX_FIELDS];
    if (v->n_nodes) return jstream_fail(j, "nodes stand in the file twice");
    struct jstream_place place = jstream_enter(j, '[');
    while (v8_read_row(j, &place, f->n, row, "nodes end in the middle of a row"))
        if (!v8_keep_node(v, node_kind(v, row[f->type]), row[f->name], row[f->edge_count]))
            return false;
    return !j->error;
}

static bool keep_link(struct v8_reading *v, uint64_t source, uint64_t target, uint64_t name)
{
    if (!v8_grow(v, &v->link, &v->link_cap, v->n_links + 1, sizeof *v->link)) return false;
    v->link[v->n_links++] = (struct v8_link){ (uint32_t)source, (uint32_t)target,
                                              name < V8_NONE ? (uint32_t)name : V8_NONE };
    return true;
}

bool v8_scan_edges(struct v8_reading *v)
{
    const struct v8_edge_fields *f = &v->meta.edge;
    struct jstream *j = &v->json;
    uint64_t row[V8_MAX_FIELDS], width = v->meta.node.n;
    size_t from = 0;
    uint32_t left = v->n_nodes ? v->edge_count[0] : 0;
    struct jstream_place place = jstream_enter(j, '[');
    while (v8_read_row(j, &place, f->n, row, "edges end in the middle of a row")) {
        while (from < v->n_nodes && !left)
            if (++from < v->n_nodes) left = v->edge_count[from];
        if (from >= v->n_nodes) continue; /* the second pass tells */
        left--;
        if (v->kind[from] != V8_CLOSURE && v->kind[from] != V8_CODE) continue;
        uint64_t to = row[f->to_node] / width;
        if (row[f->type] < v->meta.n_edge_kinds &&
            v->meta.edge_kind[row[f->type]] == V8_INTERNAL && to < v->n_nodes &&
            v->kind[to] == V8_CODE && !keep_link(v, from, to, row[f->name_or_index]))
            return false;
    }
    return !j->error;
}

bool v8_read_locations(struct v8_reading *v)
{
    const struct v8_location_fields *f = &v->meta.location;
    struct jstream *j = &v->json;
    uint64_t row[V8_MAX_FIELDS], width = v->meta.node.n;
    struct jstream_place place = jstream_enter(j, '[');
    while (v8_read_row(j, &place, f->n, row, "an array ends in the middle of a row")) {
        uint64_t node = row[f->object_index] / width;
        if (row[f->object_index] % width || node >= v->n_nodes) {
            v->bad_places++;
            continue;
        }
        uint64_t script = f->script_object_index == V8_NONE
                              ? UINT64_MAX : row[f->script_object_index] / width;
        if (v->kind[node] != V8_CLOSURE || row[f->script_id] > UINT32_MAX ||
            row[f->line] >= INT32_MAX || row[f->column] >= INT32_MAX)
            continue;
        if (!v8_grow(v, &v->place, &v->place_cap, v->n_places + 1, sizeof *v->place))
            return false;
        v->place[v->n_places++] = (struct v8_place){
            .node = (uint32_t)node, .script = (uint32_t)row[f->script_id],
            .line = (uint32_t)row[f->line] + 1, .column = (uint32_t)row[f->column] + 1,
            .script_node = script && script < v->n_nodes ? (uint32_t)script : V8_NONE,
        };
    }
    return !j->error;
}

/* ---- between the passes: scripts ----------------------------------------------------------- */

/* Where a node's reference of one of two names leads; false: it has none. Links are in the order of
 * their sources. */
static bool follow(const struct v8_reading *v, uint32_t from, const char *name, const char *other,
                   uint32_t *to)
{
    size_t low = 0, high = v->n_links;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->link[middle].source < from) low = middle + 1;
        else high = middle;
    }
    for (size_t i = low; i < v->n_links && i - low < MAX_LINKS && v->link[i].source == from; i++) {
        struct record_text text = v8_text(v, v->link[i].name);
        if ((text.size == strlen(name) && memcmp(text.at, name, text.size) == 0) ||
            (text.size == strlen(other) && memcmp(text.at, other, text.size) == 0)) {
            *to = v->link[i].target;
            return true;
        }
    }
    return false;
}

/* Newer versions of V8 call the script "x.js" "system / Script / x.js", and one without a name
 * "system / Script". */
static struct record_text name_of_script(const struct v8_reading *v, uint64_t index)
{
    static const char part[] = "system / Script", stroke[] = " / ";
    struct record_text text = v8_text(v, index);
    size_t n = sizeof part - 1, more = sizeof stroke - 1;
    if (text.size < n || memcmp(text.at, part, n) != 0) return text;
    if (text.size > n && (text.size < n + more || memcmp(text.at + n, stroke, more) != 0))
        return text;
    if (text.size > n) n += more;
    return (struct record_text){ text.at + n, text.size - n };
}

/* Names of scripts (a string's index + 1) by their numbers: of frames of allocations, and of the
 * scripts that closures lead to. */
static bool find_scripts(struct v8_reading *v, struct u64map *scripts)
{
    for (size_t i = 0; i < v->n_functions; i++) {
        const struct v8_function *f = &v->function[i];
        if (f->script_id == V8_NONE || !name_of_script(v, f->script_name).size) continue;
        uint64_t *name = u64map_put(scripts, f->script_id, NULL);
        if (!name) return v8_no_memory(v);
        *name = f->script_name + 1;
    }
    for (size_t i = 0; i < v->n_places; i++) {
        const struct v8_place *p = &v->place[i];
        uint32_t node = p->script_node;
        uint64_t *name = u64map_put(scripts, p->script, NULL);
        if (!name) return v8_no_memory(v);
        if (*name || (node == V8_NONE &&
                      !(follow(v, p->node, "shared", "shared_info", &node) &&
                        follow(v, node, "script", "script_or_debug_info", &node))))
            continue;
        if (name_of_script(v, v->name[node]).size) *name = (uint64_t)v->name[node] + 1;
    }
    return true;
}

/* ---- between the passes: frames ------------------------------------------------------------ */

static int by_node(const void *a, const void *b)
{
    const struct v8_place *x = a, *y = b;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    if (x->script != y->script) return x->script < y->script ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

/* A node has one place; the file may say otherwise, and in any order. */
static void sort_places(struct v8_reading *v)
{
    size_t n = 0;
    if (v->n_places) qsort(v->place, v->n_places, sizeof *v->place, by_node);
    for (size_t i = 0; i < v->n_places; i++)
        if (!n || v->place[n - 1].node != v->place[i].node) v->place[n++] = v->place[i];
    v->n_places = n;
}

static bool script_name(struct v8_reading *v, uint32_t script, const struct u64map *scripts,
                        uint64_t *id)
{
    const uint64_t *name = u64map_get(scripts, script);
    if (name && *name) {
        struct record_text own = name_of_script(v, *name - 1);
        bool whole = own.size == v8_text(v, *name - 1).size;
        return whole ? v8_name(v, *name - 1, id) : v8_define(v, own, id);
    }
    char text[32];
    int n = snprintf(text, sizeof text, "(script %u)", (unsigned)script);
    return v8_define(v, (struct record_text){ text, (size_t)n }, id);
}

/* The number of a pair of numbers below 2^32, from 1. */
static bool pair_number(struct v8_reading *v, struct u64map *pairs, uint64_t a, uint64_t b,
                        uint64_t *number, bool *is_new)
{
    uint64_t *known = u64map_put(pairs, a << 32 | b, is_new);
    if (!known) return v8_no_memory(v);
    if (*is_new) *known = pairs->n;
    *number = *known;
    return true;
}

/* A frame and a stack for every place in the program. */
static bool send_frames(struct v8_reading *v, const struct u64map *scripts, uint64_t n_stacks,
                        struct u64map *files, struct u64map *lines, struct u64map *columns)
{
    const struct record_sink *k = v->sink;
    for (size_t i = 0; i < v->n_places; i++) {
        struct v8_place *p = &v->place[i];
        uint64_t line = 0, number = 0, frame;
        bool is_new;
        uint64_t *file = u64map_put(files, p->script, &is_new);
        if (!file) return v8_no_memory(v);
        if (is_new) {
            uint64_t id;
            if (!script_name(v, p->script, scripts, &id)) return false;
            *file = id;
        }
        uint64_t file_id = *file;
        if (!pair_number(v, lines, p->script, p->line, &line, &is_new) ||
            !pair_number(v, columns, line, p->column, &number, &is_new))
            return false;
        p->stack = n_stacks + number;
        if (!is_new) continue;
        frame = v->n_functions + number;
        if (!v8_send_frame(v, frame, v->name[p->node], file_id, p->line, p->column)) return false;
        if (k->stack && !v8_sent(v, k->stack(k->opaque, p->stack, 0, frame))) return false;
    }
    return true;
}

bool v8_send_places(struct v8_reading *v, uint64_t n_stacks)
{
    struct u64map scripts = { 0 }, files = { 0 }, lines = { 0 }, columns = { 0 };
    sort_places(v);
    bool ok = find_scripts(v, &scripts) &&
              send_frames(v, &scripts, n_stacks, &files, &lines, &columns);
    u64map_free(&scripts);
    u64map_free(&files);
    u64map_free(&lines);
    u64map_free(&columns);
    free(v->link);
    v->link = NULL;
    v->n_links = v->link_cap = 0;
    return ok;
}

/* ---- the second pass ----------------------------------------------------------------------- */

uint64_t v8_place(struct v8_reading *v, size_t node)
{
    while (v->next_place < v->n_places && v->place[v->next_place].node < node) v->next_place++;
    if (v->next_place == v->n_places || v->place[v->next_place].node != node) return 0;
    return v->place[v->next_place].stack;
}
