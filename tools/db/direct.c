/* SPDX-License-Identifier: MIT */
/* Big tables past SQLite; direct.h. */
#include "db/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/btree.h"
#include "heap/beside.h"

/* The tables, and how many columns their keys have; 0: the rowid. Of the one with an index, rows come
 * in the order of that, too. site_object is not among them: stacks are shared between snapshots, so
 * that its rows do not come in the order of its key. */
static const struct {
    const char *name;
    int key_columns;
    const char *index; /* over the column `indexed` and the rowid; NULL: none */
    int indexed;
} tables[] = {
    { "object", 0, NULL, 0 },  { "detail", 0, NULL, 0 },
    { "root", 0, "root_by_object", 1 },
    { "ref", 2, NULL, 0 },     { "referrer", 3, NULL, 0 },
    { "child", 2, NULL, 0 },   { "type_object", 2, NULL, 0 },
    { "address", 2, NULL, 0 }, { "component_object", 2, NULL, 0 },
    { "type_prefix", 2, NULL, 0 },
};
enum { TABLES = sizeof tables / sizeof tables[0] };

struct direct {
    sqlite3 *db;
    char *path;
    bool two;               /* threads */
    struct btree_file file; /* fd -1 until it is needed */
    struct btree_file half[2];
    struct btree *tree[TABLES], *index[TABLES];
    char error[200];
    const char *advice;
};

struct direct *direct_new(sqlite3 *db, const char *path, bool two)
{
    struct direct *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    d->db = db;
    d->two = two;
    d->file.fd = -1;
    d->path = strdup(path);
    if (d->path) return d;
    free(d);
    return NULL;
}

void direct_free(struct direct *d)
{
    if (!d) return;
    for (int i = 0; i < TABLES; i++) {
        btree_free(d->tree[i]);
        btree_free(d->index[i]);
    }
    btree_file_free(&d->file);
    for (int i = 0; i < 2; i++) btree_file_free(&d->half[i]);
    if (d->file.fd >= 0) close(d->file.fd);
    free(d->path);
    free(d);
}

const char *direct_error(const struct direct *d)
{
    return d->error;
}

const char *direct_advice(const struct direct *d)
{
    return d->advice;
}

static int find_table(const char *name)
{
    int i = 0;
    while (i < TABLES && strcmp(tables[i].name, name) != 0) i++;
    return i;
}

bool direct_takes(const char *table)
{
    return find_table(table) < TABLES;
}

static int fail_full(struct direct *d)
{
    snprintf(d->error, sizeof d->error, "the disk is full");
    d->advice = "another file system with -o";
    return 1;
}

static int fail(struct direct *d, enum btree_status status, const char *table)
{
    switch (status) {
    case BTREE_OK: return 0;
    case BTREE_NO_MEMORY: snprintf(d->error, sizeof d->error, "out of memory"); break;
    case BTREE_IO:
        if (errno == ENOSPC || errno == EDQUOT) return fail_full(d);
        snprintf(d->error, sizeof d->error, "%s", strerror(errno));
        break;
    case BTREE_ORDER:
        snprintf(d->error, sizeof d->error, "rows of the table %s are out of order", table);
        d->advice = "snapload --loader=api";
        break;
    case BTREE_TOO_LARGE:
        snprintf(d->error, sizeof d->error, "the table %s is too large", table);
        break;
    }
    return 1;
}

static int fail_sqlite(struct direct *d)
{
    if (sqlite3_errcode(d->db) == SQLITE_FULL) return fail_full(d);
    snprintf(d->error, sizeof d->error, "%s", sqlite3_errmsg(d->db));
    return 1;
}

static int execute(struct direct *d, const char *sql)
{
    return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail_sqlite(d);
}

/* SQLite has no transaction open from here to the end. */
static int begin(struct direct *d)
{
    if (d->file.fd < 0) d->file.fd = open(d->path, O_RDWR | O_CLOEXEC);
    return fail(d, d->file.fd < 0 ? BTREE_IO : btree_begin(&d->file), NULL);
}

static int end(struct direct *d)
{
    return fail(d, btree_end(&d->file), NULL);
}

/* A tree of its own for a table or an index. */
static int make_tree(struct direct *d, const char *name, int key_columns, struct btree **out)
{
    sqlite3_stmt *q;
    if (sqlite3_prepare_v2(d->db, "SELECT rootpage FROM sqlite_schema WHERE name = ?", -1, &q,
                           NULL) != SQLITE_OK)
        return fail_sqlite(d);
    sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
    int root = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int(q, 0) : 0;
    sqlite3_finalize(q);
    if (root <= 0) return fail_sqlite(d);
    *out = btree_new((uint32_t)root, key_columns);
    return *out ? 0 : fail(d, BTREE_NO_MEMORY, NULL);
}

/* Trees are made when the first rows come; SQLite is asked before its transaction ends. */
static int find_trees(struct direct *d, int i)
{
    if (d->tree[i]) return 0;
    if (make_tree(d, tables[i].name, tables[i].key_columns, &d->tree[i])) return 1;
    return tables[i].index ? make_tree(d, tables[i].index, 2, &d->index[i]) : 0;
}

static enum btree_status add_to_index(struct direct *d, int table, const struct rows_row *row)
{
    struct rows_row entry;
    entry.has = 0;
    rows_set(&entry, 0, row->value[tables[table].indexed]);
    rows_set(&entry, 1, row->value[0]);
    return btree_add(d->index[table], &d->file, &entry, 2, ROWS_NO_TEXT);
}

/* Rows between two looks at the progress, and at the other half. */
enum { COUNT_EVERY = 4096 };

static int add_rows(struct direct *d, int table, const struct rows_source *source, struct rows *r)
{
    struct rows_row row;
    for (unsigned n = 1;; n++) {
        row.has = 0;
        if (!source->next(source->opaque, &row)) {
            rows_count(r, (n - 1) % COUNT_EVERY);
            return 0;
        }
        enum btree_status status = btree_add(d->tree[table], &d->file, &row, source->columns,
                                             source->text_column);
        if (!status && d->index[table]) status = add_to_index(d, table, &row);
        if (status) return fail(d, status, tables[table].name);
        if (n % COUNT_EVERY == 0) rows_count(r, COUNT_EVERY);
    }
}

int direct_rows(struct direct *d, const char *table, const struct rows_source *source,
                struct rows *r)
{
    int i = find_table(table);
    if (find_trees(d, i) || execute(d, "COMMIT") || begin(d)) return 1;
    if (add_rows(d, i, source, r) || end(d)) return 1;
    return execute(d, "BEGIN");
}

/* ---- two halves ------------------------------------------------------------------------------ */

struct half {
    BESIDE_APART const struct rows_source *source;
    struct btree *tree;
    struct btree_file *file;
    struct rows *rows;
    bool is_first;
    atomic_bool *failed; /* either half */
    enum btree_status status;
    int error; /* errno of BTREE_IO */
};

static void count(const struct half *h, unsigned n)
{
    if (h->is_first)
        rows_count(h->rows, n);
    else
        rows_count_beside(h->rows, n);
}

static void add_half(void *opaque)
{
    struct half *h = opaque;
    struct rows_row row;
    for (unsigned n = 1;; n++) {
        row.has = 0;
        if (!h->source->next(h->source->opaque, &row)) {
            count(h, (n - 1) % COUNT_EVERY);
            return;
        }
        h->status = btree_add(h->tree, h->file, &row, h->source->columns, h->source->text_column);
        if (h->status) break;
        if (n % COUNT_EVERY) continue;
        count(h, COUNT_EVERY);
        if (atomic_load_explicit(h->failed, memory_order_relaxed)) return;
    }
    h->error = errno;
    atomic_store(h->failed, true);
}

static int add_halves(struct direct *d, int table, const struct rows_source source[2],
                      struct rows *r)
{
    const char *name = tables[table].name;
    atomic_bool failed;
    atomic_init(&failed, false);
    struct btree *rest = btree_continue(d->tree[table]);
    if (!rest) return fail(d, BTREE_NO_MEMORY, NULL);
    enum btree_status status = btree_split(&d->file, d->half);
    struct half half[2];
    for (int i = 0; i < 2; i++)
        half[i] = (struct half){ .source = &source[i], .tree = i ? rest : d->tree[table],
                                 .file = &d->half[i], .rows = r, .is_first = i == 0,
                                 .failed = &failed };
    if (!status) beside_run(d->two, add_half, &half[0], &half[1]);
    for (int i = 0; i < 2 && !status; i++) {
        status = half[i].status;
        errno = half[i].error;
    }
    if (!status) status = btree_join(d->tree[table], rest, &d->file, d->half);
    int failure = fail(d, status, name); /* before errno is another */
    btree_free(rest);
    return failure;
}

int direct_halves(struct direct *d, const char *table, const struct rows_source source[2],
                  struct rows *r)
{
    int i = find_table(table);
    if (find_trees(d, i) || execute(d, "COMMIT") || begin(d)) return 1;
    if (add_halves(d, i, source, r) || end(d)) return 1;
    return execute(d, "BEGIN");
}

int direct_finish(struct direct *d)
{
    if (begin(d)) return 1;
    for (int i = 0; i < TABLES; i++) {
        if (!d->tree[i]) continue;
        enum btree_status status = btree_finish(d->tree[i], &d->file);
        if (!status && d->index[i]) status = btree_finish(d->index[i], &d->file);
        if (status) return fail(d, status, tables[i].name);
    }
    return end(d);
}
