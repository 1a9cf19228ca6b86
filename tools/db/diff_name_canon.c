/* SPDX-License-Identifier: MIT */
/*
 * The name that an object has where its class is defined, whichever path is the shortest: the manager
 * of all loggers is `logging.Logger.manager`, not `concurrent.futures._base.LOGGER.manager`.
 *
 * Asked of objects of the program's own classes of which there are a few: registries, managers,
 * services, not records. Looked up are the references to them from the module of their class and
 * from the classes of that module, each by key, so that it does not matter how many others refer
 * to them.
 */
#include "db/diff_name_private.h"

#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "cli/message.h"

enum {
    INSTANCES_MAX = 16,  /* of the class of an object that is asked about */
    HOLDERS_MAX = 256,   /* of a module; modules with more classes than that have no such names */
    LOOKED_MAX = 200000, /* holders looked at in all */
};

/* What may hold objects of a module by a name: a row, or the attribute dictionary of one. */
struct holder {
    uint32_t module; /* text of the module */
    uint32_t label;  /* text of the own name */
    uint32_t row, dict; /* HEAP_NONE: no dictionary; NOT_READ: nobody has looked */
    size_t length;      /* of the label */
    uint64_t hash;      /* of the label: the same in every snapshot */
};

#define NOT_READ (HEAP_NONE - 1)

struct name_canon {
    uint32_t *instances; /* by type number */
    struct holder *at;   /* by module, then as compare_holders has it */
    uint32_t n;
    uint32_t looked;
    struct rowmap known; /* row -> node, or ROWMAP_NONE - 1: none */
    sqlite3_stmt *dict, *edge;
};

static const uint32_t none = ROWMAP_NONE - 1;

/* The text of the module of a name, "app.models" of "app.models.Session". TEXTS_NONE: it has none,
 * or nothing else has that name. */
static uint32_t module_of(const struct diff_names *n, const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? texts_find(&n->sign->texts, name, (size_t)(dot - name)) : TEXTS_NONE;
}

/* The module itself before its classes, short names before long ones. */
static int compare_holders(const void *x, const void *y)
{
    const struct holder *a = x, *b = y;
    if (a->module != b->module) return a->module < b->module ? -1 : 1;
    bool a_is = a->label == a->module, b_is = b->label == b->module;
    if (a_is != b_is) return a_is ? -1 : 1;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* Adds an object with a name as a holder in its module and, where it is one, in its own. */
static void add_holders(struct diff_names *n, uint32_t row, uint32_t label)
{
    struct name_canon *c = n->canon;
    struct texts *texts = &n->sign->texts;
    size_t length;
    const char *name = texts_get(texts, label, &length);
    struct holder h = { label, label, row, NOT_READ, length, texts_hash(texts, label) };
    c->at[c->n++] = h;
    h.module = module_of(n, name);
    if (h.module != TEXTS_NONE) c->at[c->n++] = h;
}

static bool make_holders(struct diff_names *n)
{
    const struct rowmap *own = &n->own;
    struct name_canon *c = n->canon;
    c->at = malloc((2 * (size_t)own->n + 1) * sizeof *c->at);
    if (!c->at) return false;
    for (uint32_t i = 0; i < own->n_slots; i++)
        if (own->keys[i]) add_holders(n, own->keys[i] - 1, own->values[i]);
    qsort(c->at, c->n, sizeof *c->at, compare_holders);
    return true;
}

static bool count_instances(struct diff_names *n)
{
    const struct diff_rows *a = n->from.rows;
    uint32_t *count = calloc((size_t)n->from.type_names->n + 1, sizeof *count);
    n->canon->instances = count;
    for (uint32_t i = 0; count && i < a->n_rows; i++)
        if (a->type[i] != HEAP_NONE) count[a->type[i]]++;
    return count != NULL;
}

int diff_names_canon_new(struct diff_names *n)
{
    n->canon = calloc(1, sizeof *n->canon);
    if (!n->canon || !make_holders(n) || !count_instances(n))
        return message_no_memory("names of objects");
    return heapdb_prepare(n->from.db, &n->canon->dict,
                          "SELECT r.target_id FROM ref r JOIN string s ON s.id = r.name_id "
                          "WHERE r.source_id = ?1 AND s.text = '__dict__'") ||
                   heapdb_prepare(
                       n->from.db, &n->canon->edge,
                       "SELECT r.kind, r.name_id FROM referrer b JOIN ref r "
                       "ON r.source_id = b.source_id AND r.position = b.position "
                       "WHERE b.target_id = ?1 AND b.source_id = ?2 AND r.name_id IS NOT NULL "
                       "ORDER BY r.position")
               ? STATUS_UNUSABLE
               : 0;
}

void diff_names_canon_free(struct diff_names *n)
{
    struct name_canon *c = n->canon;
    if (!c) return;
    sqlite3_finalize(c->dict);
    sqlite3_finalize(c->edge);
    rowmap_free(&c->known);
    free(c->instances);
    free(c->at);
    free(c);
}

/* Does the shortest path to a row have its name there already? */
static bool is_held_there(const struct diff_names *n, uint32_t row, uint32_t module)
{
    const struct diff_rows *a = n->from.rows;
    for (int up = 0; up < 2; up++) { /* its parent, or whose attribute dictionary that is */
        row = a->parent[row];
        if (row == 0 || row == HEAP_NONE) return false;
        uint32_t label = rowmap_get(&n->own, row);
        if (label == ROWMAP_NONE) continue;
        return label == module || module_of(n, texts_get(&n->sign->texts, label, NULL)) == module;
    }
    return false;
}

/* The holders of the module of a row's class, which it has: at[*first .. return - 1]. */
static uint32_t holders_of(const struct diff_names *n, uint32_t row, uint32_t *first)
{
    const struct name_canon *c = n->canon;
    uint32_t type = n->from.rows->type[row], low = 0, high = c->n;
    *first = 0;
    uint32_t module = module_of(n, texts_get(n->from.type_names, type, NULL));
    if (module == TEXTS_NONE || is_held_there(n, row, module)) return 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->at[middle].module < module)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (low < c->n && c->at[low].module == module) low++;
    return low - *first > HOLDERS_MAX ? *first : low;
}

/* Finds the attribute dictionary of a holder. */
static int find_dict(struct diff_names *n, struct holder *h)
{
    sqlite3_stmt *q = n->canon->dict;
    if (h->dict != NOT_READ) return 0;
    sqlite3_bind_int64(q, 1, n->from.rows->first_id + (int64_t)h->row);
    int got = heapdb_step(n->from.db, q);
    h->dict = got == 1 ? diff_names_row_of(n, sqlite3_column_int64(q, 0)) : HEAP_NONE;
    sqlite3_reset(q);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* The step to a row from `source`, whose node is `from`; *node is SIGN_NONE where that does not
 * hold it by a name. */
static int step_from(struct diff_names *n, uint32_t source, uint32_t from, uint32_t row,
                     uint32_t *node)
{
    sqlite3_stmt *q = n->canon->edge;
    int64_t first = n->from.rows->first_id;
    int got, status = 0;
    *node = SIGN_NONE;
    sqlite3_bind_int64(q, 1, first + (int64_t)row);
    sqlite3_bind_int64(q, 2, first + (int64_t)source);
    while (!status && *node == SIGN_NONE && (got = heapdb_step(n->from.db, q)) != 0) {
        int64_t kind = got < 0 ? 0 : sqlite3_column_int64(q, 0);
        bool by_name = kind == SNAP_EDGE_ATTRIBUTE || kind == SNAP_EDGE_STATIC ||
                       kind == SNAP_EDGE_VALUE;
        if (got < 0)
            status = STATUS_UNUSABLE;
        else if (by_name)
            status = diff_names_step(n, source, (int)kind, sqlite3_column_int64(q, 1), from, row,
                                     node);
    }
    sqlite3_reset(q);
    return status;
}

/* The same from a holder or its dictionary. */
static int step_from_holder(struct diff_names *n, struct holder *h, uint32_t row,
                            uint32_t *node)
{
    static const char name[] = "__dict__";
    uint32_t from = diff_names_own_node(n, h->row, h->label);
    n->canon->looked++;
    if (step_from(n, h->row, from, row, node)) return STATUS_UNUSABLE;
    if (*node != SIGN_NONE || n->sign->failed) return 0;
    if (find_dict(n, h)) return STATUS_UNUSABLE;
    if (h->dict == HEAP_NONE) return 0;
    from = sign_step(n->sign, from, SNAP_EDGE_ATTRIBUTE, name, sizeof name - 1,
                     diff_names_type(n, h->dict));
    return step_from(n, h->dict, from, row, node);
}

int diff_names_canonical(struct diff_names *n, uint32_t row, uint32_t *node)
{
    struct name_canon *c = n->canon;
    uint32_t type = n->from.rows->type[row], first;
    *node = SIGN_NONE;
    if (!c || type == HEAP_NONE || c->instances[type] > INSTANCES_MAX) return 0;
    uint32_t known = rowmap_get(&c->known, row);
    if (known != ROWMAP_NONE) {
        *node = known == none ? SIGN_NONE : known;
        return 0;
    }
    uint32_t end = c->looked < LOOKED_MAX ? holders_of(n, row, &first) : 0;
    for (uint32_t i = end ? first : 0; i < end && *node == SIGN_NONE && !n->sign->failed; i++)
        if (c->at[i].row != row && step_from_holder(n, &c->at[i], row, node))
            return STATUS_UNUSABLE;
    if (!rowmap_set(&c->known, row, *node == SIGN_NONE ? none : *node)) n->sign->failed = true;
    return n->sign->failed ? message_no_memory("names of objects") : 0;
}
