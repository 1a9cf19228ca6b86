/* SPDX-License-Identifier: MIT */
/* Pages of B-trees as SQLite reads them: every row comes back, and integrity_check finds nothing. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "cu.h"
#include "db/btree.h"

static char path[64];

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

/* A database with an empty table, and the file to write to. */
struct made {
    sqlite3 *db;
    struct btree_file file;
    struct btree *tree;
};

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    else
        printf("  %s: %s\n", sql, sqlite3_errmsg(db));
    sqlite3_finalize(q);
    return n;
}

static void make(struct made *m, const char *table, int key_columns)
{
    unlink(path);
    *m = (struct made){ .file = { .fd = -1 } };
    if (!CHECK(sqlite3_open(path, &m->db) == SQLITE_OK)) exit(1);
    sqlite3_exec(m->db, "PRAGMA page_size = 4096", NULL, NULL, NULL);
    if (!CHECK(sqlite3_exec(m->db, table, NULL, NULL, NULL) == SQLITE_OK)) exit(1);
    uint32_t root = (uint32_t)number(m->db, "SELECT rootpage FROM sqlite_schema WHERE name = 't'");
    int64_t pages = number(m->db, "PRAGMA page_count");
    sqlite3_close(m->db);
    m->file.fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK_U64(btree_begin(&m->file), BTREE_OK);
    CHECK_U64(m->file.n_pages, (uint64_t)pages);
    m->tree = btree_new(root, key_columns);
    if (!CHECK(m->file.fd >= 0 && m->tree)) exit(1);
}

/* Ends the tree and opens the database. */
static void finish(struct made *m)
{
    CHECK_U64(btree_finish(m->tree, &m->file), BTREE_OK);
    CHECK_U64(btree_end(&m->file), BTREE_OK);
    close(m->file.fd);
    btree_free(m->tree);
    btree_file_free(&m->file);
    CHECK(sqlite3_open(path, &m->db) == SQLITE_OK);
}

static void check_sound(struct made *m)
{
    sqlite3_stmt *q;
    CHECK(sqlite3_prepare_v2(m->db, "PRAGMA integrity_check(3)", -1, &q, NULL) == SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) CHECK_STR((const char *)sqlite3_column_text(q, 0), "ok");
    sqlite3_finalize(q);
}

static void done(struct made *m)
{
    sqlite3_close(m->db);
    unlink(path);
}

static void add(struct made *m, const struct rows_row *row, int columns, int text)
{
    CHECK_U64(btree_add(m->tree, &m->file, row, columns, text), BTREE_OK);
}

/* ---- rowid tables ---------------------------------------------------------------------------- */

#define TABLE "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, x TEXT) STRICT"

/* n rows, every `step`th rowid from `first` on, checked by reading all of them. */
static void check_table(int64_t n, int64_t first, int64_t step)
{
    struct made m;
    make(&m, TABLE, 0);
    for (int64_t i = 0; i < n; i++) {
        struct rows_row row = { 0 };
        rows_set(&row, 0, first + i * step);
        rows_set(&row, 1, i * i);
        if (i % 3) rows_set(&row, 2, -i);
        add(&m, &row, 4, 3);
    }
    finish(&m);
    check_sound(&m);
    sqlite3_stmt *q;
    CHECK(sqlite3_prepare_v2(m.db, "SELECT id, a, b, x FROM t", -1, &q, NULL) == SQLITE_OK);
    int64_t i = 0, wrong = 0;
    for (; sqlite3_step(q) == SQLITE_ROW; i++) {
        wrong += sqlite3_column_int64(q, 0) != first + i * step;
        wrong += sqlite3_column_int64(q, 1) != i * i;
        wrong += i % 3 ? sqlite3_column_int64(q, 2) != -i
                       : sqlite3_column_type(q, 2) != SQLITE_NULL;
        wrong += sqlite3_column_type(q, 3) != SQLITE_NULL;
    }
    sqlite3_finalize(q);
    CHECK_I64(i, n);
    CHECK_I64(wrong, 0);
    done(&m);
}

static void test_tables(void)
{
    for (int64_t n = 0; n < 3; n++) check_table(n, 1, 1);
    for (int64_t n = 280; n < 480; n += 7) check_table(n, 1, 1); /* one leaf, two leaves */
    check_table(130000, 1, 1);                                   /* about a full interior page */
    check_table(300000, INT64_C(1) << 42, 1);
    check_table(300000, INT64_C(1) << 61, INT64_C(1) << 40); /* rowids of nine bytes */
    for (int bits = 7; bits <= 56; bits += 7) check_table(900, (INT64_C(1) << bits) - 100, 1);
}

/* ---- WITHOUT ROWID --------------------------------------------------------------------------- */

#define INDEX "CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER, PRIMARY KEY (a, b))" \
              " WITHOUT ROWID, STRICT"

static void check_index(int64_t n, int64_t first, int64_t step)
{
    struct made m;
    make(&m, INDEX, 2);
    for (int64_t i = 0; i < n; i++) {
        struct rows_row row = { 0 };
        rows_set(&row, 0, first + i / 5 * step);
        rows_set(&row, 1, i % 5);
        if (i % 2) rows_set(&row, 2, i << 20);
        add(&m, &row, 3, ROWS_NO_TEXT);
    }
    finish(&m);
    check_sound(&m);
    sqlite3_stmt *q;
    CHECK(sqlite3_prepare_v2(m.db, "SELECT a, b, c FROM t", -1, &q, NULL) == SQLITE_OK);
    int64_t i = 0, wrong = 0;
    for (; sqlite3_step(q) == SQLITE_ROW; i++) {
        wrong += sqlite3_column_int64(q, 0) != first + i / 5 * step;
        wrong += sqlite3_column_int64(q, 1) != i % 5;
        wrong += i % 2 ? sqlite3_column_int64(q, 2) != i << 20
                       : sqlite3_column_type(q, 2) != SQLITE_NULL;
    }
    sqlite3_finalize(q);
    CHECK_I64(i, n);
    CHECK_I64(wrong, 0);
    done(&m);
}

static void test_indexes(void)
{
    for (int64_t n = 0; n < 3; n++) check_index(n, 1, 1);
    for (int64_t n = 300; n < 900; n += 13) check_index(n, -40, 1);
    check_index(130000, 1, 1);
    check_index(400000, INT64_MIN, INT64_C(1) << 45);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void test_integers(void)
{
    struct made m;
    int64_t id = 0, wrong = 0;
    make(&m, TABLE, 0);
    for (int bit = 0; bit < 64; bit++) {
        for (int64_t d = -2; d <= 2; d++) {
            struct rows_row row = { 0 };
            rows_set(&row, 0, ++id);
            rows_set(&row, 1, (int64_t)((UINT64_C(1) << bit) + (uint64_t)d));
            rows_set(&row, 2, (int64_t)(0 - (UINT64_C(1) << bit) + (uint64_t)d));
            add(&m, &row, 4, 3);
        }
    }
    finish(&m);
    check_sound(&m);
    sqlite3_stmt *q;
    CHECK(sqlite3_prepare_v2(m.db, "SELECT a, b FROM t", -1, &q, NULL) == SQLITE_OK);
    for (int bit = 0; bit < 64; bit++) {
        for (int64_t d = -2; d <= 2; d++) {
            if (!CHECK(sqlite3_step(q) == SQLITE_ROW)) return;
            wrong += sqlite3_column_int64(q, 0) != (int64_t)((UINT64_C(1) << bit) + (uint64_t)d);
            wrong += sqlite3_column_int64(q, 1) !=
                     (int64_t)(0 - (UINT64_C(1) << bit) + (uint64_t)d);
        }
    }
    CHECK(sqlite3_step(q) == SQLITE_DONE);
    CHECK_I64(wrong, 0);
    sqlite3_finalize(q);
    done(&m);
}

static const size_t sizes[] = { 0,    1,    58,   59,   488,  489,  490,  4040,
                                4050, 4055, 4056, 4057, 4058, 4059, 4060, 4061,
                                4062, 4070, 4500, 8180, 8190, 100000, 3000000 };
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* Around every limit: the sizes above, and four bytes less. */
static size_t text_size(int i)
{
    size_t size = sizes[i % SIZES];
    return i % 5 && size > 4 ? size - 4 : size;
}

/* Long texts lie in chains of pages. */
static void test_texts(void)
{
    struct made m;
    char *text = malloc(3000001);
    for (size_t i = 0; i < 3000001; i++) text[i] = (char)('a' + i % 23);
    make(&m, TABLE, 0);
    for (int i = 0; i < 4 * SIZES; i++) {
        struct rows_row row = { 0 };
        rows_set(&row, 0, i + 1);
        rows_set(&row, 1, i);
        rows_set_text(&row, 3, text + i % 5, text_size(i));
        add(&m, &row, 4, 3);
    }
    finish(&m);
    check_sound(&m);
    sqlite3_stmt *q;
    CHECK(sqlite3_prepare_v2(m.db, "SELECT x FROM t", -1, &q, NULL) == SQLITE_OK);
    for (int i = 0; i < 4 * SIZES; i++) {
        size_t size = text_size(i);
        if (!CHECK(sqlite3_step(q) == SQLITE_ROW)) break;
        CHECK_U64(sqlite3_column_bytes(q, 0), size);
        CHECK(memcmp(sqlite3_column_text(q, 0), text + i % 5, size) == 0);
    }
    sqlite3_finalize(q);
    free(text);
    done(&m);
}

/* ---- any rows -------------------------------------------------------------------------------- */

/* A number of any size and sign, 0 and 1 among the most frequent. */
static int64_t any_number(uint64_t *seed)
{
    uint64_t v = next_random(seed), sign = next_random(seed) % 4 ? 0 : UINT64_MAX;
    unsigned bits = (unsigned)(next_random(seed) % 64);
    return (int64_t)((bits ? v >> (64 - bits) : 0) ^ sign);
}

/* Row i of a table whose key is its first columns; some columns after the key are null. */
static void any_row(struct rows_row *row, uint64_t *seed, int columns, int key_columns, int64_t i)
{
    row->has = 0;
    for (int c = 0; c < columns; c++) {
        int64_t v = any_number(seed);
        bool is_key = c < (key_columns ? key_columns : 1);
        if (c == 0) v = key_columns > 1 ? i / 7 - 3 : i - 3;
        if (c == 1 && is_key) v = i % 7 / (key_columns > 2 ? 2 : 1);
        if (c == 2 && is_key) v = i;
        if (is_key || next_random(seed) % 4) rows_set(row, c, v);
    }
}

static void make_any(struct made *m, int columns, int key_columns)
{
    char sql[500];
    size_t n = (size_t)snprintf(sql, sizeof sql, "CREATE TABLE t (c0 INTEGER%s",
                                key_columns ? "" : " PRIMARY KEY");
    for (int c = 1; c < columns; c++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", c%d INTEGER", c);
    for (int c = 0; c < key_columns; c++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, "%sc%d", c ? ", " : ", PRIMARY KEY (", c);
    snprintf(sql + n, sizeof sql - n, key_columns ? ")) WITHOUT ROWID" : ")");
    make(m, sql, key_columns);
}

/* Every row against the one that was given, made once more from the same seed. */
static void check_any(int columns, int key_columns, int64_t n, uint64_t seed)
{
    struct made m;
    struct rows_row row;
    uint64_t twin = seed;
    make_any(&m, columns, key_columns);
    for (int64_t i = 0; i < n; i++) {
        any_row(&row, &seed, columns, key_columns, i);
        add(&m, &row, columns, ROWS_NO_TEXT);
    }
    finish(&m);
    check_sound(&m);
    sqlite3_stmt *q;
    int64_t i = 0, wrong = 0;
    CHECK(sqlite3_prepare_v2(m.db, "SELECT * FROM t", -1, &q, NULL) == SQLITE_OK);
    for (; sqlite3_step(q) == SQLITE_ROW; i++) {
        any_row(&row, &twin, columns, key_columns, i);
        for (int c = 0; c < columns; c++)
            wrong += row.has >> c & 1 ? sqlite3_column_int64(q, c) != row.value[c]
                                      : sqlite3_column_type(q, c) != SQLITE_NULL;
    }
    sqlite3_finalize(q);
    CHECK_I64(i, n);
    CHECK_I64(wrong, 0);
    done(&m);
}

/* As many columns as there can be, and as few. */
static void test_any_rows(void)
{
    for (int columns = 2; columns <= ROWS_COLUMNS; columns++)
        for (int key_columns = 0; key_columns <= 3 && key_columns <= columns; key_columns++)
            check_any(columns, key_columns, 1500, (uint64_t)(columns * 4 + key_columns + 1));
}

/* ---- places and order ------------------------------------------------------------------------ */

/* No page of a tree may be the one at 1 GiB. The pages before it are a hole in the file. */
static void test_lock_page(void)
{
    for (uint32_t before = 1; before < 4; before++) {
        struct made m;
        make(&m, TABLE, 0);
        m.file.n_pages = BTREE_LOCK_PAGE - before;
        char text[9000];
        memset(text, 'x', sizeof text);
        for (int i = 1; i <= 3000; i++) {
            struct rows_row row = { 0 };
            rows_set(&row, 0, i);
            if (i < 6) rows_set_text(&row, 3, text, sizeof text);
            add(&m, &row, 4, 3);
        }
        finish(&m);
        CHECK_I64(number(m.db, "SELECT count(*) FROM t"), 3000);
        CHECK_I64(number(m.db, "SELECT sum(id) FROM t"), 3000 * 3001 / 2);
        CHECK_I64(number(m.db, "SELECT sum(x = replace(hex(zeroblob(4500)), '0', 'x')) FROM t"), 5);
        done(&m);
    }
}

static void test_order(void)
{
    struct made m;
    struct rows_row row = { 0 };
    make(&m, INDEX, 2);
    rows_set(&row, 0, 5);
    rows_set(&row, 1, 5);
    add(&m, &row, 3, ROWS_NO_TEXT);
    CHECK_U64(btree_add(m.tree, &m.file, &row, 3, ROWS_NO_TEXT), BTREE_ORDER);
    rows_set(&row, 1, 4);
    CHECK_U64(btree_add(m.tree, &m.file, &row, 3, ROWS_NO_TEXT), BTREE_ORDER);
    rows_set(&row, 0, 4);
    rows_set(&row, 1, 9);
    CHECK_U64(btree_add(m.tree, &m.file, &row, 3, ROWS_NO_TEXT), BTREE_ORDER);
    rows_set(&row, 0, 6);
    rows_set(&row, 1, 0);
    add(&m, &row, 3, ROWS_NO_TEXT);
    finish(&m);
    CHECK_I64(number(m.db, "SELECT count(*) FROM t"), 2);
    done(&m);
}

/* ---- two halves ------------------------------------------------------------------------------ */

enum { HALF_COLUMNS = 3 };

static void make_row(struct rows_row *row, int key_columns, int64_t i)
{
    *row = (struct rows_row){ 0 };
    rows_set(row, 0, key_columns ? i / 3 : i);
    rows_set(row, 1, key_columns ? i % 3 : i * 3);
    rows_set(row, 2, i * i);
}

/* Rows from..to-1, the first `middle` of them in the first half; the second half is made first where
 * `second` says so. */
static void add_halves(struct made *m, struct btree_file half[2], int key_columns, int64_t from,
                       int64_t middle, int64_t to, bool second)
{
    struct btree *tree[2] = { m->tree, btree_continue(m->tree) };
    CHECK_U64(btree_split(&m->file, half), BTREE_OK);
    for (int turn = 0; turn < 2; turn++) {
        int h = turn ^ second;
        for (int64_t i = h ? middle : from; i < (h ? to : middle); i++) {
            struct rows_row row;
            make_row(&row, key_columns, i);
            CHECK_U64(btree_add(tree[h], &half[h], &row, HALF_COLUMNS, ROWS_NO_TEXT), BTREE_OK);
        }
    }
    CHECK_U64(btree_join(m->tree, tree[1], &m->file, half), BTREE_OK);
    btree_free(tree[1]);
}

static uint64_t file_hash(void)
{
    uint64_t hash = 0;
    FILE *f = fopen(path, "rb");
    for (int c; f && (c = getc(f)) != EOF;) hash = (hash ^ (uint64_t)c) * UINT64_C(0x100000001b3);
    if (f) fclose(f);
    return hash;
}

/* Two times two halves, some rows before, between and after; returns a hash of the file. */
static uint64_t check_halves(int key_columns, int64_t first, int64_t second, bool later)
{
    struct made m;
    struct btree_file half[2] = { { 0 }, { 0 } };
    struct rows_row row;
    int64_t at = 0;
    make(&m, key_columns ? INDEX : TABLE, key_columns);
    for (int i = 0; i < 2; i++) {
        add_halves(&m, half, key_columns, at, at + first, at + first + second, later);
        at += first + second;
        for (int64_t end = at + 10; at < end; at++) {
            make_row(&row, key_columns, at);
            add(&m, &row, HALF_COLUMNS, ROWS_NO_TEXT);
        }
    }
    for (int i = 0; i < 2; i++) btree_file_free(&half[i]);
    finish(&m);
    check_sound(&m);
    CHECK_I64(number(m.db, "SELECT count(*) FROM t"), at);
    CHECK_I64(number(m.db, "PRAGMA freelist_count"), 0);
    CHECK_I64(number(m.db, key_columns ? "SELECT count(*) FROM t WHERE c = (a * 3 + b) * (a * 3 + b)"
                                       : "SELECT count(*) FROM t WHERE a = id * 3 AND b = id * id"),
              at);
    sqlite3_close(m.db);
    uint64_t hash = file_hash();
    unlink(path);
    return hash;
}

static void test_halves(void)
{
    static const int64_t sizes_of[][2] = { { 1, 0 }, { 1, 1 }, { 1, 2 }, { 2, 300 }, { 300, 1 },
                                           { 260, 260 }, { 1, 100000 }, { 100000, 1 },
                                           { 90000, 0 }, { 150000, 150000 }, { 60000, 190000 },
                                           { 190000, 60000 } };
    for (int key_columns = 0; key_columns <= 2; key_columns += 2)
        for (size_t i = 0; i < sizeof sizes_of / sizeof *sizes_of; i++) {
            const int64_t *n = sizes_of[i];
            uint64_t one = check_halves(key_columns, n[0], n[1], false);
            CHECK_U64(check_halves(key_columns, n[0], n[1], true), one);
        }
}

/* Halves around the page that is left out; one of them is longer, so that pages move across it. */
static void test_halves_lock_page(void)
{
    for (uint32_t before = 1; before < 1200; before += 253) {
        struct made m;
        struct btree_file half[2] = { { 0 }, { 0 } };
        make(&m, TABLE, 0);
        m.file.n_pages = BTREE_LOCK_PAGE - before;
        add_halves(&m, half, 0, 0, 90000, 330000, before % 2);
        for (int i = 0; i < 2; i++) btree_file_free(&half[i]);
        finish(&m);
        CHECK_I64(number(m.db, "SELECT count(*) FROM t WHERE a = id * 3 AND b = id * id"), 330000);
        CHECK_I64(number(m.db, "SELECT sum(id) FROM t"), INT64_C(330000) * 329999 / 2);
        done(&m);
    }
}

/* The second half does not come after the first one; text in a half. */
static void test_halves_order(void)
{
    struct made m;
    struct btree_file half[2] = { { 0 }, { 0 } };
    struct rows_row row;
    make(&m, TABLE, 0);
    struct btree *rest = btree_continue(m.tree);
    CHECK_U64(btree_split(&m.file, half), BTREE_OK);
    make_row(&row, 0, 7);
    CHECK_U64(btree_add(m.tree, &half[0], &row, 3, ROWS_NO_TEXT), BTREE_OK);
    rows_set_text(&row, 3, "x", 1);
    CHECK_U64(btree_add(rest, &half[1], &row, 4, 3), BTREE_ORDER);
    make_row(&row, 0, 7);
    CHECK_U64(btree_add(rest, &half[1], &row, 3, ROWS_NO_TEXT), BTREE_OK);
    CHECK_U64(btree_join(m.tree, rest, &m.file, half), BTREE_ORDER);
    btree_free(rest);
    btree_free(m.tree);
    for (int i = 0; i < 2; i++) btree_file_free(&half[i]);
    btree_file_free(&m.file);
    close(m.file.fd);
    unlink(path);
}

/* A file that cannot be written. */
static void test_failure(void)
{
    struct made m;
    make(&m, TABLE, 0);
    close(m.file.fd);
    m.file.fd = open(path, O_RDONLY | O_CLOEXEC);
    enum btree_status status = BTREE_OK;
    for (int i = 1; status == BTREE_OK && i < 1000000; i++) {
        struct rows_row row = { 0 };
        rows_set(&row, 0, i);
        status = btree_add(m.tree, &m.file, &row, 4, 3);
    }
    CHECK_U64(status, BTREE_IO);
    close(m.file.fd);
    btree_free(m.tree);
    btree_file_free(&m.file);
    unlink(path);
}

static void set_path(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.40s/btree-%ld.db", folder ? folder : "/tmp", (long)getpid());
}

static void test_begin(void)
{
    set_path();
    test_tables();
}

CU_MAIN("B-trees", { "tables", test_begin }, { "WITHOUT ROWID", test_indexes },
        { "integers", test_integers }, { "any rows", test_any_rows },
        { "texts", test_texts }, { "lock page", test_lock_page }, { "order", test_order },
        { "halves", test_halves },
        { "halves around the lock page", test_halves_lock_page },
        { "order of halves", test_halves_order }, { "failure", test_failure })
