/* SPDX-License-Identifier: MIT */
/* Merged paths of all objects of a type; the contract is in path_type.h. */
#include "report/path_type.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/table.h"
#include "report/path_lines.h"
#include "report/path_text.h"
#include "snap/format.h"

/* The objects asked for. */
struct instances {
    int64_t *id;
    struct path_amount *amount;
    size_t n, capacity;
    int64_t n_garbage;
};

/* Numbers of the matching types as a JSON array, and whether the stored lists hold all of their
 * objects. */
static int type_list(struct subject *s, const char *pattern, struct text *out, bool *listed,
                     int64_t *n_garbage)
{
    struct heapdb_ids types = { 0 };
    sqlite3_stmt *q = NULL;
    int status = heapdb_types(s->db, s->snapshot, pattern, &types);
    *listed = true;
    if (status) return status;
    status = heapdb_prepare(s->db, &q, "SELECT n, n_garbage FROM type WHERE id = ?");
    text_adds(out, "[");
    for (size_t i = 0; !status && i < types.n; i++) {
        text_addf(out, "%s%lld", i ? "," : "", (long long)types.at[i]);
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, types.at[i]);
        int more = heapdb_step(s->db, q);
        if (more < 0) status = STATUS_UNUSABLE;
        if (more != 1) continue;
        int64_t live = sqlite3_column_int64(q, 0), garbage = sqlite3_column_int64(q, 1);
        *n_garbage += garbage;
        if (live > HEAPDB_LIST_MAX || garbage > HEAPDB_LIST_MAX - live) *listed = false;
    }
    text_adds(out, "]");
    if (!status && out->failed) status = message_no_memory("the types");
    sqlite3_finalize(q);
    heapdb_ids_free(&types);
    return status;
}

static bool instance_add(struct instances *x, int64_t id, struct path_amount amount)
{
    if (x->n == x->capacity) {
        size_t capacity = x->capacity ? x->capacity * 2 : 1024;
        int64_t *ids = realloc(x->id, capacity * sizeof *ids);
        if (ids) x->id = ids;
        struct path_amount *amounts = ids ? realloc(x->amount, capacity * sizeof *amounts) : NULL;
        if (!amounts) return false;
        x->amount = amounts;
        x->capacity = capacity;
    }
    x->id[x->n] = id;
    x->amount[x->n++] = amount;
    return true;
}

static int instances_load(struct subject *s, const char *pattern, struct instances *out)
{
    const struct heapdb_snapshot *x = s->snapshot;
    struct text types = { 0 };
    sqlite3_stmt *q = NULL;
    bool listed;
    int64_t until = 0;
    int more = 0, status = type_list(s, pattern, &types, &listed, &out->n_garbage);
    if (!status)
        status = heapdb_prepare(
            s->db, &q,
            listed ? "SELECT o.id, o.shallow_size, o.retained_size, o.last_dominated"
                     " FROM type_object x JOIN object o ON o.id = x.object_id WHERE x.type_id IN"
                     " (SELECT value FROM json_each(?1)) AND o.id > ?2 AND o.id < ?3 ORDER BY o.id"
                   : "SELECT o.id, o.shallow_size, o.retained_size, o.last_dominated"
                     " FROM object o WHERE o.type_id IN (SELECT value FROM json_each(?1))"
                     " AND o.id > ?2 AND o.id < ?3 ORDER BY o.id");
    if (!status) {
        sqlite3_bind_text(q, 1, text_str(&types), -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 2, x->live_root_id);
        sqlite3_bind_int64(q, 3, x->garbage_root_id);
    }
    while (!status && (more = heapdb_step(s->db, q)) == 1) {
        int64_t id = sqlite3_column_int64(q, 0);
        struct path_amount amount = { 1, subject_size(sqlite3_column_int64(q, 1)), 0 };
        /* In preorder, what lies below one of them comes right after it. */
        if (id > until) {
            amount.retained_size = subject_size(sqlite3_column_int64(q, 2));
            until = sqlite3_column_int64(q, 3);
        }
        if (!instance_add(out, id, amount)) status = message_no_memory("the objects of a type");
    }
    if (!status && more < 0) status = STATUS_UNUSABLE;
    sqlite3_finalize(q);
    text_free(&types);
    return status;
}

/* ---- what the lines are called ---- */

struct namer {
    struct subject *s;
    sqlite3_stmt *string, *type;
    const struct path_tree *tree;
    bool failed; /* to read a text: told, and the line is not to be shown */
};

/* Looks a text up; NULL where there is none, or it cannot be read. Valid until the next call. */
static const char *namer_text(struct namer *m, int64_t id)
{
    sqlite3_reset(m->string);
    if (id == 0 || m->failed) return NULL;
    sqlite3_bind_int64(m->string, 1, id);
    int more = heapdb_step(m->s->db, m->string);
    if (more < 0) m->failed = true;
    return more == 1 ? (const char *)sqlite3_column_text(m->string, 0) : NULL;
}

static int namer_type(struct namer *m, int64_t id, struct text *out)
{
    sqlite3_reset(m->type);
    sqlite3_bind_int64(m->type, 1, id);
    int more = heapdb_step(m->s->db, m->type);
    if (more < 0) return STATUS_UNUSABLE;
    subject_type(out, more ? (const char *)sqlite3_column_text(m->type, 0) : NULL,
                 more ? (const char *)sqlite3_column_text(m->type, 1) : NULL);
    return STATUS_DONE;
}

/* One node as a step of a path. */
static void namer_step(struct namer *m, const struct path_node *x, struct path_text *p,
                       struct text *out)
{
    int kind = PATH_LABEL_KIND(x->label);
    const char *name = namer_text(m, PATH_LABEL_NAME(x->label));
    struct text copy = { 0 };
    struct graph_step step = { .position = kind >= PATH_LABEL_ROOT ? -1 : 0 };
    if (name) text_adds(&copy, name);
    if (kind >= PATH_LABEL_ROOT) {
        step.root_kind = kind - PATH_LABEL_ROOT;
        step.root_name = copy.s;
        /* Here nothing says that a name is a local variable's. */
        if (copy.s && step.root_kind == SNAP_ROOT_LOCAL)
            text_addf(out, "<local %s>", copy.s);
        else
            path_text_step(p, out, &step);
    } else if (copy.s) {
        step.edge_kind = kind;
        step.edge_name = copy.s;
        path_text_step(p, out, &step);
    } else {
        step.edge_kind = kind;
        path_text_end(p, out);
        path_text_alike(out, &step);
    }
    if (x->repeats) text_adds(out, "(repeats)");
    text_free(&copy);
}

/* How a path goes on after a node: below a dictionary of attributes, a name is written with a
 * point. */
static struct path_text namer_after(struct namer *m, uint32_t node)
{
    struct path_text p = { 0 };
    struct text ignored = { 0 };
    if (node) namer_step(m, &m->tree->at[node], &p, &ignored);
    text_free(&ignored);
    return p;
}

enum { CHAIN_MAX = 24 }; /* steps of one line; of longer chains the beginning and the end */

/* The chain of a line: the nodes after `above` down to its own. */
static int namer_line(struct namer *m, const struct path_line *line, bool leads_on,
                      struct text *out)
{
    uint32_t length = 0, at[CHAIN_MAX], n = 0;
    struct path_text p = namer_after(m, line->above);
    for (uint32_t x = line->node; x != line->above; x = m->tree->at[x].parent) length++;
    uint32_t skip = length > CHAIN_MAX ? length - CHAIN_MAX : 0, i = length;
    for (uint32_t x = line->node; x != line->above; x = m->tree->at[x].parent) {
        i--;
        if (i < CHAIN_MAX / 2 || i >= CHAIN_MAX / 2 + skip) at[n++] = x;
    }
    while (n-- > 0) {
        if (skip && n == CHAIN_MAX / 2 - 1) text_addf(out, " ...%u steps... ", (unsigned)skip);
        namer_step(m, &m->tree->at[at[n]], &p, out);
    }
    if (!leads_on || m->tree->at[line->node].own.n) path_text_end(&p, out);
    if (m->failed) return STATUS_UNUSABLE;
    return out->failed ? message_no_memory("the paths") : STATUS_DONE;
}

static int namer_begin(struct namer *m, struct subject *s, const struct path_tree *tree)
{
    *m = (struct namer){ .s = s, .tree = tree };
    if (heapdb_prepare(s->db, &m->string, "SELECT text FROM string WHERE id = ?") ||
        heapdb_prepare(s->db, &m->type, "SELECT module, name FROM type WHERE id = ?"))
        return STATUS_UNUSABLE;
    return STATUS_DONE;
}

static void namer_end(struct namer *m)
{
    sqlite3_finalize(m->string);
    sqlite3_finalize(m->type);
}

/* ---- output ---- */

static void type_more(struct table *t, unsigned depth, uint32_t lines, uint64_t objects)
{
    char n[NUMBER_MAX];
    struct text text = { 0 };
    table_count(t, objects);
    table_cells(t, "");
    table_cells(t, "");
    text_addf(&text, "%s more way%s", number_count(n, lines), lines == 1 ? "" : "s");
    table_color(t, COLOR_FAINT);
    table_tree(t, depth, text_str(&text), text.n);
    table_cells(t, "");
    text_free(&text);
}

static int type_table(struct namer *m, const struct path_lines *lines, uint64_t total)
{
    static const struct table_column columns[] = {
        { .title = "count", .align = TABLE_RIGHT },
        { .title = "share", .align = TABLE_RIGHT },
        { .title = "retained", .align = TABLE_RIGHT },
        { .title = "held by", .shrink = true, .cut = TEXT_CUT_MIDDLE },
        { .title = "object", .shrink = true, .cut = TEXT_CUT_MIDDLE },
    };
    struct table *t = table_new(columns, 5);
    struct text text = { 0 };
    char share[NUMBER_MAX];
    int status = STATUS_DONE;
    for (uint32_t i = 0; !status && i < lines->n; i++) {
        const struct path_line *line = &lines->at[i];
        const struct path_node *x = &m->tree->at[line->node];
        table_count(t, x->all.n);
        table_cells(t, number_percent(share, x->all.n, total));
        table_size(t, x->all.retained_size);
        text_clear(&text);
        status = namer_line(m, line, line->n_hidden || x->all.n > x->own.n, &text);
        table_tree(t, line->depth, text_str(&text), text.n);
        text_clear(&text);
        if (!status) status = namer_type(m, x->type, &text);
        table_color(t, COLOR_NAME);
        table_text(t, &text);
        /* After the last shown line below it: how many are not shown. */
        for (const struct path_line *up = line;;) {
            bool last = i + 1 == lines->n || lines->at[i + 1].depth <= up->depth;
            if (!last) break;
            if (up->n_hidden) type_more(t, up->depth + 1, up->n_hidden, up->n_hidden_objects);
            if (up->parent == UINT32_MAX) break;
            up = &lines->at[up->parent];
        }
    }
    if (lines->n_hidden) type_more(t, 0, lines->n_hidden, lines->n_hidden_objects);
    if (!status && table_print(t, stdout)) status = message_no_memory("a table");
    table_free(t);
    text_free(&text);
    return status;
}

static void type_title(const struct instances *x, const char *pattern, const struct path_node *top)
{
    char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX];
    printf("%s%s live object%s of ", color_on(stdout, COLOR_HEAD), number_count(a, x->n),
           x->n == 1 ? "" : "s");
    text_put(stdout, pattern, strlen(pattern));
    printf("%s: %s itself, %s retained", color_off(stdout),
           subject_amount(b, top->all.shallow_size), subject_amount(c, top->all.retained_size));
    if (x->n_garbage) printf("; %s more are garbage", number_count(a, (uint64_t)x->n_garbage));
    fputs("\n", stdout);
}

static int type_json(struct namer *m, const struct path_lines *lines, const struct instances *x,
                     const char *pattern, struct json *j)
{
    const struct path_node *top = &m->tree->at[0];
    struct text text = { 0 };
    int status = STATUS_DONE;
    json_object(j, "type_paths");
    json_string(j, "type", pattern);
    json_u64(j, "count", x->n);
    json_u64(j, "garbage_count", subject_size(x->n_garbage));
    json_u64(j, "shallow_size", top->all.shallow_size);
    json_u64(j, "retained_size", top->all.retained_size);
    json_u64(j, "lines_total", lines->total);
    json_array(j, "lines");
    for (uint32_t i = 0; !status && i < lines->n; i++) {
        const struct path_line *line = &lines->at[i];
        const struct path_node *n = &m->tree->at[line->node];
        json_object(j, NULL);
        json_u64(j, "line", i);
        if (line->parent == UINT32_MAX)
            json_null(j, "parent");
        else
            json_u64(j, "parent", line->parent);
        text_clear(&text);
        status = namer_line(m, line, line->n_hidden || n->all.n > n->own.n, &text);
        json_stringn(j, "path", text_str(&text), text.n);
        text_clear(&text);
        if (!status) status = namer_type(m, n->type, &text);
        json_stringn(j, "object_type", text_str(&text), text.n);
        json_u64(j, "objects", n->objects);
        json_bool(j, "repeats", n->repeats);
        json_u64(j, "count", n->all.n);
        json_u64(j, "own_count", n->own.n);
        json_u64(j, "shallow_size", n->all.shallow_size);
        json_u64(j, "retained_size", n->all.retained_size);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    text_free(&text);
    return status;
}

static int type_show(struct subject *s, const struct path_tree *tree, const struct instances *x,
                     const char *pattern, uint32_t limit, struct json *j)
{
    struct path_lines lines;
    struct namer m;
    if (!path_lines_choose(tree, limit, &lines)) return message_no_memory("the paths");
    int status = namer_begin(&m, s, tree);
    if (!status) {
        if (j) {
            status = type_json(&m, &lines, x, pattern, j);
        } else {
            type_title(x, pattern, &tree->at[0]);
            if (lines.n) status = type_table(&m, &lines, x->n);
        }
    }
    namer_end(&m);
    path_lines_free(&lines);
    return status;
}

int path_type(struct subject *s, const char *pattern, uint32_t limit, struct json *j)
{
    struct instances x = { 0 };
    struct path_visits visits = { 0 };
    struct path_tree tree = { 0 };
    int status = instances_load(s, pattern, &x);
    if (!status) status = path_visit(s, x.id, x.n, &visits);
    if (!status && !path_merge(&visits, x.amount, &tree)) status = message_no_memory("the paths");
    path_visits_free(&visits);
    if (!status) status = type_show(s, &tree, &x, pattern, limit, j);
    path_tree_free(&tree);
    free(x.id);
    free(x.amount);
    return status;
}
