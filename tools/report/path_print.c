/* SPDX-License-Identifier: MIT */
/* Paths as text and JSON; the contract is in path_print.h. */
#include "report/path_print.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/table.h"
#include "db/graph_search.h"

/* A table is kept in memory until it is printed, so only paths up to this length are one. */
enum { PATH_TABLE_MAX = 2000 };

void path_object_line(struct text *t, const struct heapdb_object *o)
{
    char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX];
    text_addf(t, "#%lld ", (long long)o->id);
    subject_type(t, o->module, o->type);
    if (o->name) text_addf(t, " %s", o->name);
    text_addf(t, ", retains %s in %s object%s, %s itself",
              subject_amount(a, subject_size(o->retained_size)),
              number_count(b, subject_size(o->retained_count)), o->retained_count == 1 ? "" : "s",
              subject_amount(c, subject_size(o->shallow_size)));
    if (o->has_retained_native && o->retained_native > 0)
        text_addf(t, ", %s outside the heap", subject_amount(a, subject_size(o->retained_native)));
}

/* Do other paths lead to the object as well? Of the steps shown, one that the step before does not
 * dominate says so; of a root object, a reference to it from what it does not dominate itself. */
static int path_others(struct subject *s, const struct graph_chain *chain, bool *others)
{
    sqlite3_stmt *q = NULL;
    int64_t dominator, root = chain->id[0];
    int more = 0;
    *others = false;
    for (size_t i = 1; !*others && i < chain->n && i < PATH_TABLE_MAX; i++) {
        if (chain->n_cut && i == chain->cut_at) continue;
        if (heapdb_number(s->db, "SELECT dominator_id FROM object WHERE id = ?", chain->id[i],
                          &dominator) < 0)
            return STATUS_UNUSABLE;
        *others = dominator != chain->id[i - 1];
    }
    if (*others || chain->position[0] >= 0) return STATUS_DONE;
    if (heapdb_prepare(s->db, &q, "SELECT b.source_id > o.last_dominated OR b.source_id < o.id,"
                                  " r.kind FROM object o JOIN referrer b ON b.target_id = o.id"
                                  " JOIN ref r ON r.source_id = b.source_id"
                                  " AND r.position = b.position"
                                  " WHERE o.id = ?1 AND b.source_id < ?2 LIMIT 1000"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, root);
    sqlite3_bind_int64(q, 2, s->snapshot->garbage_root_id);
    while (!*others && (more = heapdb_step(s->db, q)) == 1)
        *others = sqlite3_column_int(q, 0) && heapdb_edge_holds(sqlite3_column_int64(q, 1));
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* The number of a step in the whole path, from 1. */
static uint64_t path_number(const struct graph_chain *c, size_t i)
{
    return i + 1 + (c->n_cut && i >= c->cut_at ? c->n_cut : 0);
}

static void path_cells(struct table *t, struct text *buffer, uint64_t number,
                       const struct graph_step *step)
{
    table_count(t, number);
    text_clear(buffer);
    path_text_edge(buffer, step);
    path_text_where(buffer, step);
    table_cell(t, text_str(buffer), buffer->n);
    text_clear(buffer);
    subject_type(buffer, step->module, step->type);
    if (step->name) text_addf(buffer, " %s", step->name);
    table_color(t, COLOR_NAME);
    table_cell(t, text_str(buffer), buffer->n);
    table_size(t, subject_size(step->retained_size));
    table_cellf(t, "#%lld", (long long)step->id);
}

static void path_gap(struct table *t, uint64_t n)
{
    char count[NUMBER_MAX];
    table_cells(t, "");
    table_color(t, COLOR_FAINT);
    table_cellf(t, "... %s steps, --all shows them", number_count(count, n));
    table_cells(t, "");
    table_cells(t, "");
    table_cells(t, "");
}

static int path_table(struct graph_steps *steps, const struct graph_chain *chain)
{
    static const struct table_column columns[] = {
        { .title = "step", .align = TABLE_RIGHT },
        { .title = "reference", .shrink = true, .cut = TEXT_CUT_MIDDLE },
        { .title = "object", .shrink = true, .cut = TEXT_CUT_MIDDLE },
        { .title = "retained", .align = TABLE_RIGHT },
        { .title = "id", .align = TABLE_RIGHT },
    };
    struct table *t = table_new(columns, 5);
    struct graph_step step = { 0 };
    struct text buffer = { 0 };
    int status = STATUS_DONE;
    for (size_t i = 0; !status && i < chain->n; i++) {
        status = graph_step_read(steps, chain, i, &step);
        if (status) break;
        if (chain->n_cut && i == chain->cut_at) path_gap(t, chain->n_cut);
        path_cells(t, &buffer, path_number(chain, i), &step);
    }
    if (!status && (buffer.failed || table_print(t, stdout)))
        status = message_no_memory("a table");
    table_free(t);
    text_free(&buffer);
    graph_step_free(&step);
    return status;
}

/* A path of any length, a line a step, nothing kept. */
static int path_lines(struct graph_steps *steps, const struct graph_chain *chain)
{
    struct graph_step step = { 0 };
    struct text line = { 0 };
    char size[NUMBER_MAX];
    int status = STATUS_DONE;
    for (size_t i = 0; !status && i < chain->n; i++) {
        status = graph_step_read(steps, chain, i, &step);
        if (status) break;
        text_clear(&line);
        text_addf(&line, "%llu  ", (unsigned long long)path_number(chain, i));
        path_text_edge(&line, &step);
        path_text_where(&line, &step);
        text_adds(&line, "  ");
        subject_type(&line, step.module, step.type);
        text_addf(&line, "  %s  #%lld", number_size(size, subject_size(step.retained_size)),
                  (long long)step.id);
        text_put(stdout, text_str(&line), line.n);
        fputc('\n', stdout);
        if (line.failed) status = message_no_memory("a path");
        /* Nobody reads on: stop instead of looking up millions of steps. */
        if (ferror(stdout)) break;
    }
    text_free(&line);
    graph_step_free(&step);
    return status;
}

int path_print_chain(struct graph_steps *steps, const struct graph_chain *chain)
{
    return chain->n <= PATH_TABLE_MAX ? path_table(steps, chain) : path_lines(steps, chain);
}

/* `app.REGISTRY[3]`, on a line of its own. */
static int path_print_text(struct graph_steps *steps, const struct graph_chain *chain)
{
    struct text t = { 0 };
    /* Millions of steps make no line; the steps below say it all. */
    if (chain->n > PATH_TABLE_MAX) {
        printf("  a path of %zu steps\n", chain->n);
        return STATUS_DONE;
    }
    int status = path_text_chain(&t, steps, chain);
    if (!status) {
        fputs("  ", stdout);
        fputs(color_on(stdout, COLOR_HEAD), stdout);
        text_put(stdout, text_str(&t), t.n);
        fputs(color_off(stdout), stdout);
        fputs("\n", stdout);
    }
    text_free(&t);
    return status;
}

static int path_load(struct subject *s, int64_t id, const struct path_limits *limits,
                     struct graph_chains *out)
{
    if (limits->k > 1)
        return graph_disjoint(s->db, s->snapshot, id, limits->k, limits->head, limits->tail, out);
    *out = (struct graph_chains){ 0 };
    out->at = calloc(1, sizeof *out->at);
    if (!out->at) return message_no_memory("a path");
    int status = graph_chain_shortest(s->db, id, limits->head, limits->tail, &out->at[0]);
    out->n = !status && out->at[0].n > 0;
    if (status) graph_chains_free(out);
    return status;
}

static int path_print_live(struct subject *s, struct graph_steps *steps, int64_t id,
                           const struct path_limits *limits)
{
    struct graph_chains chains;
    bool others = false;
    char n[NUMBER_MAX];
    int status = path_load(s, id, limits, &chains);
    if (status) return status;
    for (size_t i = 0; !status && i < chains.n; i++) {
        if (limits->k > 1)
            printf("%spath %zu of %zu, %s steps\n", i ? "\n" : "", i + 1, chains.n,
                   number_count(n, chains.at[i].length));
        status = path_print_text(steps, &chains.at[i]);
        if (!status) status = path_print_chain(steps, &chains.at[i]);
    }
    if (!status && limits->k == 1 && chains.n) status = path_others(s, &chains.at[0], &others);
    if (!status && others) printf("other paths lead to it as well: -k 3 shows different ones\n");
    if (!status && limits->k > 1 && chains.n < limits->k)
        printf("no other path than these, or parts of them, leads to it\n");
    graph_chains_free(&chains);
    return status;
}

/* ---- garbage ---- */

static int path_print_garbage(struct subject *s, struct graph_steps *steps, int64_t id)
{
    struct graph_chain chain = { 0 }, cycle = { 0 };
    enum graph_found found, round = GRAPH_NOT_THERE;
    int64_t component = 0, members = 0;
    char n[NUMBER_MAX];
    int status = graph_garbage_holder(s->db, s->snapshot, id, &chain, &component, &found);
    if (!status && component) {
        status = graph_cycle(s->db, chain.id[0], component, &cycle, &round);
        if (!status && heapdb_number(s->db, "SELECT n FROM component WHERE id = ?", component,
                                     &members) < 0)
            status = STATUS_UNUSABLE;
    }
    if (!status) {
        fputs("  unreachable: no root leads to it\n", stdout);
        if (found != GRAPH_FOUND)
            fputs("  what holds it is too far away to be searched for\n", stdout);
        else if (!component && chain.n == 1)
            fputs("  nothing refers to it\n", stdout);
        else if (!component)
            printf("  held by #%lld, to which nothing refers:\n", (long long)chain.id[0]);
        else if (chain.n == 1)
            printf("  it is part of a cycle of %s objects%s\n",
                   number_count(n, subject_size(members)), round == GRAPH_FOUND ? ":" : "");
        else
            printf("  held by a cycle of %s objects%s\n", number_count(n, subject_size(members)),
                   round == GRAPH_FOUND ? ":" : "");
    }
    if (!status && round == GRAPH_FOUND) status = path_print_chain(steps, &cycle);
    if (!status && chain.n > 1) {
        if (component) fputs("  which leads to it:\n", stdout);
        status = path_print_chain(steps, &chain);
    }
    graph_chain_free(&chain);
    graph_chain_free(&cycle);
    return status;
}

int path_print_object(struct subject *s, int64_t id, const struct path_limits *limits)
{
    struct graph_steps steps;
    struct heapdb_object o;
    struct text line = { 0 };
    if (heapdb_object(s->db, id, &o)) return STATUS_UNUSABLE;
    path_object_line(&line, &o);
    fputs(color_on(stdout, COLOR_HEAD), stdout);
    text_put(stdout, text_str(&line), line.n);
    fputs(color_off(stdout), stdout);
    fputs("\n", stdout);
    bool garbage = o.is_garbage;
    text_free(&line);
    heapdb_object_free(&o);
    int status = graph_steps_begin(&steps, s->db);
    if (status) return status;
    status = garbage ? path_print_garbage(s, &steps, id) : path_print_live(s, &steps, id, limits);
    graph_steps_end(&steps);
    return status;
}

/* ---- JSON ---- */

static void path_json_step(struct json *j, uint64_t number, const struct graph_step *step)
{
    struct text t = { 0 };
    json_object(j, NULL);
    json_u64(j, "step", number);
    json_id(j, "id", (uint64_t)step->id);
    json_string(j, "type", step->type);
    json_string(j, "module", step->module);
    json_string(j, "name", step->name);
    path_text_edge(&t, step);
    json_stringn(j, "reference", text_str(&t), t.n);
    json_string(j, "kind", step->root_kind   ? heapdb_root_kind(step->root_kind)
                           : step->edge_kind ? heapdb_edge_kind(step->edge_kind)
                                             : NULL);
    if (step->root_kind) {
        json_string(j, "root_name", step->root_name);
        json_string(j, "thread", step->thread);
        json_string(j, "function", step->function);
        json_string(j, "file", step->file);
        if (step->line > 0) json_i64(j, "line", step->line);
    } else {
        json_i64(j, "position", step->position);
    }
    json_u64(j, "shallow_size", subject_size(step->shallow_size));
    json_u64(j, "retained_size", subject_size(step->retained_size));
    json_end_object(j);
    text_free(&t);
}

int path_json_chain(struct graph_steps *steps, struct json *j, const struct graph_chain *chain)
{
    struct graph_step step = { 0 };
    struct text t = { 0 };
    int status = STATUS_DONE;
    if (chain->n <= PATH_TABLE_MAX) {
        status = path_text_chain(&t, steps, chain);
        json_stringn(j, "text", text_str(&t), t.n);
    } else {
        json_null(j, "text");
    }
    json_u64(j, "length", chain->length);
    json_u64(j, "left_out", chain->n_cut);
    json_array(j, "steps");
    for (size_t i = 0; !status && i < chain->n; i++) {
        status = graph_step_read(steps, chain, i, &step);
        if (!status) path_json_step(j, path_number(chain, i), &step);
    }
    json_end_array(j);
    text_free(&t);
    graph_step_free(&step);
    return status;
}

static int path_json_garbage(struct subject *s, struct json *j, struct graph_steps *steps,
                             int64_t id)
{
    struct graph_chain chain = { 0 }, cycle = { 0 };
    enum graph_found found, round = GRAPH_NOT_THERE;
    int64_t component = 0;
    int status = graph_garbage_holder(s->db, s->snapshot, id, &chain, &component, &found);
    if (!status && component)
        status = graph_cycle(s->db, chain.id[0], component, &cycle, &round);
    json_object(j, "held_by");
    json_bool(j, "found", found == GRAPH_FOUND);
    if (component)
        json_id(j, "cycle_id", (uint64_t)component);
    else
        json_null(j, "cycle_id");
    if (!status && round == GRAPH_FOUND) {
        json_object(j, "cycle");
        status = path_json_chain(steps, j, &cycle);
        json_end_object(j);
    }
    if (!status && chain.n > 1) {
        json_object(j, "path");
        status = path_json_chain(steps, j, &chain);
        json_end_object(j);
    }
    json_end_object(j);
    graph_chain_free(&chain);
    graph_chain_free(&cycle);
    return status;
}

int path_json_object(struct subject *s, struct json *j, int64_t id,
                     const struct path_limits *limits)
{
    struct graph_steps steps;
    struct heapdb_object o;
    struct graph_chains chains = { 0 };
    if (heapdb_object(s->db, id, &o)) return STATUS_UNUSABLE;
    int status = graph_steps_begin(&steps, s->db);
    if (!status && !o.is_garbage) status = path_load(s, id, limits, &chains);
    json_object(j, NULL);
    json_id(j, "id", (uint64_t)id);
    json_string(j, "type", o.type);
    json_string(j, "module", o.module);
    json_string(j, "name", o.name);
    json_u64(j, "shallow_size", subject_size(o.shallow_size));
    json_u64(j, "retained_size", subject_size(o.retained_size));
    json_u64(j, "retained_count", subject_size(o.retained_count));
    if (o.has_retained_native) json_u64(j, "retained_native", subject_size(o.retained_native));
    json_bool(j, "is_garbage", o.is_garbage);
    json_array(j, "paths");
    for (size_t i = 0; !status && i < chains.n; i++) {
        json_object(j, NULL);
        status = path_json_chain(&steps, j, &chains.at[i]);
        json_end_object(j);
    }
    json_end_array(j);
    if (!status && o.is_garbage) status = path_json_garbage(s, j, &steps, id);
    json_end_object(j);
    graph_chains_free(&chains);
    graph_steps_end(&steps);
    heapdb_object_free(&o);
    return status;
}
