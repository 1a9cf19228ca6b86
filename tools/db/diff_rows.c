/* SPDX-License-Identifier: MIT */
/*
 * Reads a snapshot's columns into arrays. The objects come from the pages of the file
 * (db/table_scan.h), or, where these cannot be read so, like all other rows from an aggregate
 * function that SQLite calls from inside its scan: a result row a step costs about twice as much.
 */
#include "db/diff_rows.h"

#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "cli/message.h"
#include "cli/type_name.h"
#include "db/collection.h"
#include "db/table_scan.h"
#include "heap/analysis.h"

enum { TYPE_IDS_MAX = 1 << 26 };

/* ---- types --------------------------------------------------------------------------- */

/* Makes one of the arrays by number larger; the new part is zero. */
static bool grow_flags(uint8_t **flags, uint32_t old, uint32_t cap)
{
    uint8_t *grown = realloc(*flags, cap);
    if (!grown) return false;
    memset(grown + old, 0, cap - old);
    *flags = grown;
    return true;
}

static bool set_flags(struct diff_types *t, uint32_t number, int64_t flags)
{
    if (number >= t->cap) {
        uint32_t cap = number < 512 ? 1024 : number * 2;
        if (!grow_flags(&t->resizable, t->cap, cap) || !grow_flags(&t->unknown, t->cap, cap) ||
            !grow_flags(&t->part, t->cap, cap))
            return false;
        t->cap = cap;
    }
    if (!(flags & SNAP_TYPE_FIXED_SIZE)) t->resizable[number] = 1;
    if (flags & SNAP_TYPE_NATIVE_UNKNOWN) t->unknown[number] = 1;
    return true;
}

static bool add_type(struct diff_types *t, sqlite3_stmt *q, struct diff_type_map *map)
{
    struct text name = { 0 };
    const char *module = (const char *)sqlite3_column_text(q, 2);
    const char *own = (const char *)sqlite3_column_text(q, 1);
    type_name(&name, module, (size_t)sqlite3_column_bytes(q, 2), own,
              (size_t)sqlite3_column_bytes(q, 1));
    uint32_t number = name.failed ? TEXTS_NONE : texts_add(&t->names, text_str(&name), name.n);
    text_free(&name);
    if (number == TEXTS_NONE) return false;
    map->number[sqlite3_column_int64(q, 0) - map->first] = number;
    if (!set_flags(t, number, sqlite3_column_int64(q, 3))) return false;
    t->part[number] |= collection_part(module, own);
    return true;
}

/* The range of the snapshot's type ids, as an empty map. */
static int type_range(struct heapdb *db, int64_t snapshot, struct diff_type_map *map)
{
    int64_t first = 1, last = 0;
    if (heapdb_number(db, "SELECT min(id) FROM type WHERE snapshot_id = ?1", snapshot, &first) <
            0 ||
        heapdb_number(db, "SELECT max(id) FROM type WHERE snapshot_id = ?1", snapshot, &last) < 0)
        return STATUS_UNUSABLE;
    if (last < first) return 0;
    if ((uint64_t)last - (uint64_t)first >= TYPE_IDS_MAX)
        return heapdb_damaged(db, "its type ids do not fit its types");
    map->first = first;
    map->n = (uint32_t)(last - first) + 1;
    map->number = malloc(map->n * sizeof *map->number);
    if (!map->number) return message_no_memory("the types");
    for (uint32_t i = 0; i < map->n; i++) map->number[i] = HEAP_NONE;
    return 0;
}

int diff_types_add(struct diff_types *types, struct heapdb *db,
                   const struct heapdb_snapshot *snapshot, struct diff_type_map *map)
{
    sqlite3_stmt *q = NULL;
    int got = 0, status;
    *map = (struct diff_type_map){ 0 };
    status = type_range(db, snapshot->id, map);
    if (!status)
        status = heapdb_prepare(db, &q,
                                "SELECT id, name, module, flags FROM type "
                                "WHERE snapshot_id = ?1 ORDER BY id");
    if (!status) sqlite3_bind_int64(q, 1, snapshot->id);
    while (!status && (got = heapdb_step(db, q)) == 1)
        if (!add_type(types, q, map)) status = message_no_memory("the types");
    sqlite3_finalize(q);
    if (got < 0) status = STATUS_UNUSABLE;
    if (status) diff_type_map_free(map);
    return status;
}

void diff_type_map_free(struct diff_type_map *map)
{
    free(map->number);
    *map = (struct diff_type_map){ 0 };
}

void diff_types_free(struct diff_types *types)
{
    texts_free(&types->names);
    free(types->resizable);
    free(types->unknown);
    free(types->part);
    *types = (struct diff_types){ 0 };
}

/* ---- objects ------------------------------------------------------------------------- */

/* What is filled in, and which of the columns that are read stands for what. */
struct reading {
    struct diff_rows *rows;
    const struct diff_type_map *types;
    uint64_t seen; /* rows so far; they come in the order of their ids */
    int side;
    bool flat;                            /* nothing refers to anything */
    int address, position, native, stack; /* number of the column; 0: not read */
    struct table_scan scan;               /* of `object` */
};

/* Columns that are always read; those of a tree follow, where it is one. */
enum { C_TYPE, C_SHALLOW, C_LAST, C_PARENT };

static uint32_t row_of(const struct reading *r, int64_t id)
{
    uint64_t row = (uint64_t)id - (uint64_t)r->rows->first_id;
    return row < r->rows->n_rows ? (uint32_t)row : HEAP_NONE - 1; /* refused later */
}

static uint32_t small_or(int64_t n, bool is_null, uint32_t null)
{
    if (is_null) return null;
    return n >= 0 && n < (int64_t)HEAP_NONE ? (uint32_t)n : HEAP_NONE;
}

static uint64_t size_of(int64_t n)
{
    return n < 0 ? UINT64_MAX : (uint64_t)n; /* refused later: sums would not fit */
}

static uint64_t identity_of(const struct reading *r, uint32_t row, int64_t address, bool is_null)
{
    return is_null ? ~((uint64_t)row << 16 | ((uint64_t)r->side & 0xffff)) : (uint64_t)address;
}

/* Which columns are read. What follows from others is not: dominators from the ranges of the
 * tree, retained sizes from shallow ones, and of objects without references all but two. */
static int choose_columns(struct heapdb *db, const struct heapdb_snapshot *s, unsigned wants,
                          struct reading *r)
{
    struct table_scan *scan = &r->scan;
    int64_t has_stacks = 0;
    if (heapdb_number(db, "SELECT EXISTS (SELECT 1 FROM site WHERE snapshot_id = ?1)", s->id,
                      &has_stacks) < 0)
        return STATUS_UNUSABLE;
    scan->column[C_TYPE] = "type_id";
    scan->column[C_SHALLOW] = "shallow_size";
    scan->n_columns = C_LAST;
    if (!r->flat) {
        scan->column[C_LAST] = "last_dominated";
        scan->column[C_PARENT] = "parent_id";
        scan->n_columns = C_PARENT + 1;
    }
    const struct {
        bool wanted;
        int *number;
        const char *column;
    } more[] = { { wants & DIFF_ROWS_IDENTITY, &r->address, "address" },
                 { wants & DIFF_ROWS_POSITION, &r->position, "parent_position" },
                 { s->live_native || s->garbage_native, &r->native, "native_size" },
                 { has_stacks, &r->stack, "stack_id" } };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        if (!more[i].wanted) continue;
        scan->column[scan->n_columns] = more[i].column;
        *more[i].number = scan->n_columns++;
    }
    return 0;
}

static void take_object(void *opaque, int64_t id, const int64_t *v, unsigned null)
{
    struct reading *r = opaque;
    struct diff_rows *o = r->rows;
    (void)id;
    if (r->seen++ >= o->n_rows) return;
    uint32_t row = (uint32_t)r->seen - 1;
    uint64_t type = (uint64_t)v[C_TYPE] - (uint64_t)r->types->first;
    o->type[row] = type < r->types->n ? r->types->number[type] : HEAP_NONE;
    o->shallow[row] = size_of(v[C_SHALLOW]);
    if (!r->flat) {
        o->last[row] = row_of(r, v[C_LAST]);
        o->parent[row] = v[C_PARENT] ? row_of(r, v[C_PARENT]) : HEAP_NONE;
    }
    if (r->address) o->identity[row] = identity_of(r, row, v[r->address], null >> r->address & 1);
    if (r->position)
        o->parent_position[row] = small_or(v[r->position], null >> r->position & 1, HEAP_NONE);
    if (r->native) o->native[row] = size_of(v[r->native]);
    if (r->stack) o->stack[row] = small_or(v[r->stack], null >> r->stack & 1, 0);
}

/* The same from SQLite. What is 0 may be null: only then it is asked. */
static void take_arguments(sqlite3_context *c, int n, sqlite3_value **v)
{
    int64_t value[TABLE_SCAN_COLUMNS];
    unsigned null = 0;
    for (int i = 0; i < n; i++) {
        value[i] = sqlite3_value_int64(v[i]);
        if (value[i] == 0 && sqlite3_value_type(v[i]) == SQLITE_NULL) null |= 1u << i;
    }
    take_object(sqlite3_user_data(c), 0, value, null);
}

static void take_hash(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct reading *r = sqlite3_user_data(c);
    (void)n;
    uint32_t row = row_of(r, sqlite3_value_int64(v[0]));
    if (row < r->rows->n_rows) r->rows->check[row] = (uint64_t)sqlite3_value_int64(v[1]);
}

/* Memory that several objects share counts to one of them. */
static void take_shared(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct reading *r = sqlite3_user_data(c);
    (void)n;
    uint32_t row = row_of(r, sqlite3_value_int64(v[0]));
    if (row < r->rows->n_rows) r->rows->native[row] = size_of(sqlite3_value_int64(v[1]));
}

static void take_end(sqlite3_context *c)
{
    sqlite3_result_null(c);
}

/* Runs an aggregate query over the ids of the snapshot. */
static int scan(struct heapdb *db, const char *function, int n_args,
                void (*take)(sqlite3_context *, int, sqlite3_value **), const char *sql,
                struct reading *r)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_create_function_v2(db->sqlite, function, n_args, SQLITE_UTF8 | SQLITE_DIRECTONLY, r,
                                   NULL, take, take_end, NULL) != SQLITE_OK)
        return heapdb_error(db, "reading the objects");
    int status = heapdb_prepare(db, &q, sql);
    if (!status) {
        sqlite3_bind_int64(q, 1, r->rows->first_id);
        sqlite3_bind_int64(q, 2, r->rows->first_id + (int64_t)r->rows->n_rows - 1);
        if (heapdb_step(db, q) < 0) status = STATUS_UNUSABLE;
    }
    sqlite3_finalize(q);
    sqlite3_create_function_v2(db->sqlite, function, n_args, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                               NULL);
    return status;
}

/* Fills in the objects. */
static int scan_objects(struct heapdb *db, struct reading *r)
{
    struct table_scan *o = &r->scan;
    o->table = "object";
    o->first = r->rows->first_id;
    o->last = r->rows->first_id + (int64_t)r->rows->n_rows - 1;
    o->take = take_object;
    o->opaque = r;
    if (table_scan(db->sqlite, o)) return 0;
    struct text sql = { 0 };
    for (int i = 0; i < o->n_columns; i++)
        text_addf(&sql, "%s%s", i ? ", " : "SELECT diff_object(", o->column[i]);
    text_adds(&sql, ") FROM object NOT INDEXED WHERE id BETWEEN ?1 AND ?2");
    r->seen = 0;
    int status = sql.failed ? message_no_memory("the objects of a snapshot")
                            : scan(db, "diff_object", o->n_columns, take_arguments, text_str(&sql),
                                   r);
    text_free(&sql);
    return status;
}

/* Of objects without references each is held by a root, and holds nothing. */
static void set_flat(struct diff_rows *o)
{
    for (uint32_t i = 0; i < o->n_rows; i++) o->last[i] = i;
    o->last[0] = o->garbage_root - 1;
    o->dominator[0] = o->dominator[o->garbage_root] = HEAP_NONE;
    o->parent[0] = o->parent[o->garbage_root] = HEAP_NONE;
}

/* The dominator of a row is the last one before it whose range has not ended, and holds its range.
 * False where the ranges do not nest. */
static bool set_dominators(struct diff_rows *o)
{
    uint32_t garbage_root = o->garbage_root;
    if (o->last[0] != garbage_root - 1 || o->last[garbage_root] != o->n_rows - 1) return false;
    o->dominator[0] = o->dominator[garbage_root] = HEAP_NONE;
    for (uint32_t row = 1; row < o->n_rows; row++) {
        if (row == garbage_root) continue;
        uint32_t d = row - 1;
        while (o->last[d] < row) d = o->dominator[d];
        if (o->last[row] < row || o->last[row] > o->last[d]) return false;
        o->dominator[row] = d;
    }
    return true;
}

/* Does the path from a row over its parents end at the live root, if what comes before the row and
 * what is marked does? Marks those that it leads over. */
static bool path_ends(const struct diff_rows *o, uint32_t row, uint64_t *good)
{
    uint32_t at = row;
    for (uint32_t steps = 0; at >= row && !heap_holds_get(good, at); steps++) {
        at = o->parent[at];
        if (at >= o->garbage_root || steps == o->garbage_root) return false;
    }
    if (at != 0 && o->parent[at] == HEAP_NONE) return false;
    for (at = row; at >= row && !heap_holds_get(good, at); at = o->parent[at])
        heap_holds_set(good, at);
    return true;
}

/* The rows agree with each other. What counts is that no number leads outside the arrays and no
 * path runs in a circle. Sets *sound; STATUS_UNUSABLE without memory. */
static int check_rows(const struct reading *r, bool *sound)
{
    struct diff_rows *o = r->rows;
    *sound = false;
    if (r->seen != o->n_rows) return 0;
    o->type[0] = o->type[o->garbage_root] = HEAP_NONE;
    for (uint32_t i = 1; i < o->n_rows; i++)
        if (o->type[i] == HEAP_NONE && i != o->garbage_root) return 0;
    if (r->flat) set_flat(o);
    *sound = r->flat || set_dominators(o);
    if (r->flat || !*sound) return 0;
    uint64_t *good = calloc((size_t)heap_holds_words(o->garbage_root), sizeof *good);
    if (!good) return message_no_memory("the objects of a snapshot");
    o->parent[0] = HEAP_NONE;
    for (uint32_t i = 1; *sound && i < o->garbage_root; i++)
        *sound = o->parent[i] == HEAP_NONE || path_ends(o, i, good);
    for (uint32_t i = o->garbage_root; *sound && i < o->n_rows; i++)
        *sound = o->parent[i] == HEAP_NONE;
    free(good);
    return 0;
}

/* The sizes that whole subtrees hold, into sum[]: rows ascend, so children are done before their
 * dominator. False where it is more than 63 bits. */
static bool sum_subtrees(const struct diff_rows *o, const uint64_t *own, uint64_t *sum)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < o->n_rows; i++) {
        if (own[i] > INT64_MAX - total) return false;
        total += own[i];
        sum[i] = own[i];
    }
    for (uint32_t i = o->n_rows; i-- > 0;)
        if (o->dominator[i] != HEAP_NONE) sum[o->dominator[i]] += sum[i];
    return true;
}

/* What the snapshot's row says of all of it. */
static bool totals_agree(const struct diff_rows *o, const struct heapdb_snapshot *s)
{
    return s->n_live == (int64_t)o->garbage_root - 1 && s->live_size == (int64_t)o->retained[0] &&
           s->garbage_size == (int64_t)o->retained[o->garbage_root];
}

static void *array(uint32_t n, size_t size)
{
    return calloc(n, size);
}

/* Arrays that stay empty take no memory. */
static bool allocate(struct diff_rows *o, const struct reading *r, unsigned wants)
{
    uint32_t n = o->n_rows;
    return (o->last = array(n, sizeof *o->last)) &&
           (o->dominator = array(n, sizeof *o->dominator)) &&
           (o->parent = array(n, sizeof *o->parent)) && (o->type = array(n, sizeof *o->type)) &&
           (o->shallow = array(n, sizeof *o->shallow)) &&
           (o->retained = array(n, sizeof *o->retained)) &&
           (!r->position || (o->parent_position = array(n, sizeof *o->parent_position))) &&
           (!r->address || (o->identity = array(n, sizeof *o->identity))) &&
           (!r->native || (o->native = array(n, sizeof *o->native))) &&
           (!r->native || (o->retained_native = array(n, sizeof *o->retained_native))) &&
           (!r->stack || (o->stack = array(n, sizeof *o->stack))) &&
           (!(wants & DIFF_ROWS_HASHES) || (o->check = array(n, sizeof *o->check)));
}

/* The numbers of the snapshot row, checked against each other and the size of the database. */
static int set_shape(struct heapdb *db, const struct heapdb_snapshot *s, struct diff_rows *o)
{
    int64_t pages = 0, page_size = 0;
    if (heapdb_number(db, "PRAGMA page_count", 0, &pages) < 0 ||
        heapdb_number(db, "PRAGMA page_size", 0, &page_size) < 0)
        return STATUS_UNUSABLE;
    int64_t rows_at_most = pages * page_size / 8; /* no row is smaller */
    bool sound = s->n_objects >= 0 && s->n_objects < (int64_t)HEAP_MAX_NODES &&
                 s->n_objects + 2 <= rows_at_most && s->live_root_id > 0 &&
                 s->live_root_id < INT64_MAX / 2 && s->garbage_root_id > s->live_root_id &&
                 s->garbage_root_id - s->live_root_id <= s->n_objects + 1;
    if (!sound)
        return heapdb_damaged(db, "its snapshot %lld does not fit its objects",
                              (long long)s->id);
    o->first_id = s->live_root_id;
    o->n_rows = (uint32_t)(s->n_objects + 2);
    o->garbage_root = (uint32_t)(s->garbage_root_id - s->live_root_id);
    return 0;
}

static const char HASH_SQL[] = "SELECT diff_hash(object_id, content_hash) FROM detail "
                               "WHERE object_id BETWEEN ?1 AND ?2";

static const char SHARED_SQL[] =
    "SELECT diff_shared(m.object_id, iif(m.object_id = b.object_id, b.native_size, 0)) "
    "FROM shared_buffer b JOIN shared_buffer_object m "
    "ON m.snapshot_id = b.snapshot_id AND m.address = b.address "
    "WHERE b.snapshot_id = (SELECT snapshot_id FROM object WHERE id = ?1) AND m.object_id <= ?2";

static int read_rows(struct heapdb *db, const struct heapdb_snapshot *snapshot, unsigned wants,
                     struct reading *r)
{
    int status = choose_columns(db, snapshot, wants, r);
    if (!status && !allocate(r->rows, r, wants))
        status = message_no_memory("the objects of a snapshot");
    if (!status) status = scan_objects(db, r);
    if (!status && (wants & DIFF_ROWS_HASHES))
        status = scan(db, "diff_hash", 2, take_hash, HASH_SQL, r);
    if (!status && r->native) status = scan(db, "diff_shared", 2, take_shared, SHARED_SQL, r);
    return status;
}

int diff_rows_load(struct heapdb *db, const struct heapdb_snapshot *snapshot,
                   const struct diff_type_map *types, int side, unsigned wants,
                   struct diff_rows *out)
{
    struct reading r = { .rows = out, .types = types, .side = side };
    *out = (struct diff_rows){ 0 };
    bool agree = false;
    int status = set_shape(db, snapshot, out);
    r.flat = snapshot->n_refs == 0 && out->garbage_root + 1 == out->n_rows;
    if (!status) status = read_rows(db, snapshot, wants, &r);
    if (!status) status = check_rows(&r, &agree);
    agree = agree && sum_subtrees(out, out->shallow, out->retained) &&
            (!out->native || sum_subtrees(out, out->native, out->retained_native)) &&
            totals_agree(out, snapshot);
    if (!status && !agree)
        status = heapdb_damaged(db, "the objects of snapshot %lld do not fit each other",
                                (long long)snapshot->id);
    if (status) diff_rows_free(out);
    return status;
}

void diff_rows_free(struct diff_rows *o)
{
    free(o->last);
    free(o->dominator);
    free(o->parent);
    free(o->parent_position);
    free(o->type);
    free(o->shallow);
    free(o->retained);
    free(o->native);
    free(o->retained_native);
    free(o->identity);
    free(o->check);
    free(o->stack);
    *o = (struct diff_rows){ 0 };
}

struct heap_side diff_rows_side(const struct diff_rows *o, const uint64_t *step)
{
    return (struct heap_side){ .n_rows = o->n_rows,
                               .garbage_root = o->garbage_root,
                               .last = o->last,
                               .dominator = o->dominator,
                               .parent = o->parent,
                               .type = o->type,
                               .shallow_size = o->shallow,
                               .retained_size = o->retained,
                               .native_size = o->native,
                               .retained_native = o->retained_native,
                               .identity = o->identity,
                               .step = step,
                               .check = o->check };
}
