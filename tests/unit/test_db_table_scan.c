/* SPDX-License-Identifier: MIT */
/* Rows from pages are those that SQLite gives, or none are given; spoilt files do no harm. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "cu.h"
#include "db/table_scan.h"

static char path[64];
static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static void run(sqlite3 *db, const char *sql)
{
    char *error = NULL;
    if (!CHECK(sqlite3_exec(db, sql, NULL, NULL, &error) == SQLITE_OK)) {
        printf("  %s: %s\n", sql, error);
        exit(1);
    }
}

static sqlite3 *open_path(void)
{
    sqlite3 *db = NULL;
    if (!CHECK(sqlite3_open(path, &db) == SQLITE_OK)) exit(1);
    return db;
}

/* A new database with a table t(id, a, b, c, s, r); ids have gaps. */
static sqlite3 *make(int page_size, int rows)
{
    char sql[512];
    unlink(path);
    sqlite3 *db = open_path();
    snprintf(sql, sizeof sql, "PRAGMA page_size = %d", page_size);
    run(db, sql);
    run(db, "CREATE TABLE before (x)");
    run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, s TEXT, c INTEGER, "
            "r REAL)");
    snprintf(sql, sizeof sql,
             "WITH n(i) AS (SELECT -%d UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO t SELECT i * 3 + i %% 3, i, iif(i %% 5 = 0, NULL, (i * 2654435761) << "
             "(abs(i) %% 60)), substr('a longer text', 1, abs(i) %% 13), abs(i) %% 3, 0.5 FROM n "
             "WHERE %d > 0",
             rows / 3, rows - rows / 3, rows);
    run(db, sql);
    run(db, "UPDATE t SET b = -9223372036854775807 - 1 WHERE id % 11 = 0;"
            "UPDATE t SET b = 9223372036854775807 WHERE id % 11 = 1;"
            "UPDATE t SET b = -1 WHERE id % 11 = 2; DELETE FROM t WHERE id % 17 = 4");
    return db;
}

/* Checks rows against a statement. */
struct checking {
    sqlite3_stmt *q;
    uint64_t n;
    int n_columns;
    bool same;
};

static void take(void *opaque, int64_t id, const int64_t *value, unsigned null)
{
    struct checking *c = opaque;
    c->n++;
    if (!c->same) return;
    c->same = sqlite3_step(c->q) == SQLITE_ROW && sqlite3_column_int64(c->q, 0) == id;
    for (int i = 0; c->same && i < c->n_columns; i++)
        c->same = value[i] == sqlite3_column_int64(c->q, i + 1) &&
                  (null >> i & 1) == (sqlite3_column_type(c->q, i + 1) == SQLITE_NULL);
}

/* One scan of random columns beside a statement. False where it was not done. */
static bool compare(sqlite3 *db, int64_t first, int64_t last)
{
    static const char *const names[] = { "a", "b", "c" };
    struct checking c = { .same = true, .n_columns = 1 + (int)(next_random() % 3) };
    struct table_scan scan = { .table = "t", .n_columns = c.n_columns, .first = first,
                               .last = last, .take = take, .opaque = &c };
    char sql[256];
    int used = snprintf(sql, sizeof sql, "SELECT id");
    uint64_t from = next_random(), step = 1 + next_random() % 2;
    for (int i = 0; i < c.n_columns; i++) {
        scan.column[i] = names[(from % 3 + (uint64_t)i * step) % 3];
        used += snprintf(sql + used, sizeof sql - (size_t)used, ", %s", scan.column[i]);
    }
    snprintf(sql + used, sizeof sql - (size_t)used,
             " FROM t WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
    if (!CHECK(sqlite3_prepare_v2(db, sql, -1, &c.q, NULL) == SQLITE_OK)) exit(1);
    sqlite3_bind_int64(c.q, 1, first);
    sqlite3_bind_int64(c.q, 2, last);
    bool done = table_scan(db, &scan);
    CHECK(!done || (c.same && sqlite3_step(c.q) == SQLITE_DONE));
    sqlite3_finalize(c.q);
    return done;
}

static void test_rows(void)
{
    static const int page_sizes[] = { 512, 1024, 4096, 65536 };
    static const int rows[] = { 0, 1, 7, 300, 40000 };
    for (size_t i = 0; i < sizeof page_sizes / sizeof *page_sizes; i++)
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            sqlite3 *db = make(page_sizes[i], rows[k]);
            run(db, "BEGIN");
            CHECK(compare(db, INT64_MIN, INT64_MAX));
            for (int n = 0; n < 40; n++) {
                int64_t first = (int64_t)(next_random() % 200000) - 60000;
                CHECK(compare(db, first, first + (int64_t)(next_random() % 100000) - 10));
            }
            run(db, "COMMIT");
            sqlite3_close(db);
        }
    unlink(path);
}

/* ---- what is left to SQLite ------------------------------------------------------------------ */

static bool scans(sqlite3 *db, const char *table, const char *column)
{
    struct checking c = { .n_columns = 1 };
    struct table_scan scan = { .table = table, .column = { column }, .n_columns = 1,
                               .first = INT64_MIN, .last = INT64_MAX, .take = take, .opaque = &c };
    return table_scan(db, &scan);
}

static void test_transactions(void)
{
    sqlite3 *db = make(4096, 1000);
    CHECK(!scans(db, "t", "a")); /* no transaction */
    run(db, "BEGIN");
    CHECK(scans(db, "t", "a"));
    run(db, "UPDATE t SET a = 5 WHERE id = 9"); /* in memory only */
    CHECK(!scans(db, "t", "a"));
    run(db, "COMMIT; BEGIN");
    CHECK(scans(db, "t", "a"));
    CHECK(compare(db, 0, 100));
    run(db, "COMMIT; PRAGMA journal_mode = WAL; UPDATE t SET a = 6 WHERE id = 9; BEGIN");
    CHECK(!scans(db, "t", "a"));
    run(db, "COMMIT");
    sqlite3_close(db);
    unlink(path);
    if (!CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK)) return;
    run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 2); BEGIN");
    CHECK(!scans(db, "t", "a"));
    sqlite3_close(db);
}

static void test_values(void)
{
    sqlite3 *db = make(1024, 1000);
    run(db, "BEGIN");
    CHECK(scans(db, "t", "a"));
    CHECK(!scans(db, "t", "s"));
    CHECK(!scans(db, "t", "r"));
    CHECK(!scans(db, "t", "nothing"));
    CHECK(!scans(db, "nothing", "a"));
    run(db, "COMMIT; UPDATE t SET s = printf('%2000d', 1) WHERE id = 301; BEGIN");
    CHECK(!scans(db, "t", "a")); /* a row that goes on in another page */
    run(db, "COMMIT; UPDATE t SET s = NULL WHERE id = 301; ALTER TABLE t ADD COLUMN d INTEGER;"
            "BEGIN");
    CHECK(scans(db, "t", "a"));
    CHECK(!scans(db, "t", "d")); /* rows of before end without it */
    run(db, "COMMIT");
    sqlite3_close(db);
    unlink(path);
}

/* ---- spoilt files ---------------------------------------------------------------------------- */

static void count(void *opaque, int64_t id, const int64_t *value, unsigned null)
{
    (void)id, (void)value, (void)null;
    ++*(uint64_t *)opaque;
}

static uint64_t count_rows(sqlite3 *db, bool *done)
{
    uint64_t n = 0;
    struct table_scan scan = { .table = "t", .column = { "a", "b" }, .n_columns = 2,
                               .first = INT64_MIN, .last = INT64_MAX, .take = count, .opaque = &n };
    *done = table_scan(db, &scan);
    return n;
}

static int64_t root_page(sqlite3 *db)
{
    sqlite3_stmt *q;
    int64_t root = 0;
    sqlite3_prepare_v2(db, "SELECT rootpage FROM sqlite_schema WHERE name = 't'", -1, &q, NULL);
    if (sqlite3_step(q) == SQLITE_ROW) root = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return root;
}

/* Random bytes in all pages but the first: there is an end, and no more rows than fit the file. */
static void test_spoilt(void)
{
    enum { PAGE = 512, ROWS = 3000, CASES = 400 };
    static uint8_t bytes[1 << 20];
    sqlite3 *db = make(PAGE, ROWS);
    sqlite3_close(db);
    for (int i = 0; i < CASES; i++) {
        bool done;
        int fd = open(path, O_RDWR | O_CLOEXEC);
        ssize_t size = read(fd, bytes, sizeof bytes);
        if (!CHECK(fd >= 0 && size > 10 * PAGE)) return;
        uint64_t pages = (uint64_t)size / PAGE, n = 1 + next_random() % 40;
        for (uint64_t k = 0; k < n; k++) {
            /* Where pages have their headers and offsets, more often than elsewhere. */
            uint64_t at = (1 + next_random() % (pages - 1)) * PAGE;
            uint64_t within = next_random() % 3 ? next_random() % 40 : next_random() % PAGE;
            uint8_t byte = (uint8_t)next_random();
            CHECK(pwrite(fd, &byte, 1, (off_t)(at + within)) == 1);
        }
        close(fd);
        db = open_path();
        run(db, "BEGIN");
        CHECK(count_rows(db, &done) <= (uint64_t)size);
        run(db, "COMMIT");
        sqlite3_close(db);
        fd = open(path, O_RDWR | O_CLOEXEC);
        CHECK(pwrite(fd, bytes, (size_t)size, 0) == size);
        close(fd);
    }
    unlink(path);
}

static void write_at(int64_t at, const uint8_t *bytes, size_t n)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(pwrite(fd, bytes, n, (off_t)at) == (ssize_t)n);
    close(fd);
}

/* A root that is its own child, and one with pages that the file has not. */
static void test_links(void)
{
    sqlite3 *db = make(512, 3000);
    int64_t root = root_page(db);
    bool done = true;
    const uint8_t itself[4] = { (uint8_t)(root >> 24), (uint8_t)(root >> 16), (uint8_t)(root >> 8),
                                (uint8_t)root };
    static const uint8_t beyond[4] = { 0x7f, 0xff, 0xff, 0xff };
    sqlite3_close(db);
    const uint8_t *const last[] = { itself, beyond };
    for (int i = 0; i < 2; i++) {
        write_at((root - 1) * 512 + 8, last[i], 4);
        db = open_path();
        run(db, "BEGIN");
        count_rows(db, &done);
        CHECK(!done);
        run(db, "COMMIT");
        sqlite3_close(db);
    }
    unlink(path);
}

static void test_begin(void)
{
    const char *folder = getenv("TMPDIR");
    random_state = 88172645463325252u;
    snprintf(path, sizeof path, "%.40s/scan-%ld.db", folder ? folder : "/tmp", (long)getpid());
    test_rows();
}

CU_MAIN("table scans", { "rows", test_begin }, { "transactions", test_transactions },
        { "values", test_values }, { "spoilt files", test_spoilt }, { "links", test_links })
