/* SPDX-License-Identifier: MIT */
/* Opening databases that are not what they should be: a clear refusal, nothing run, nothing
 * changed. */
#include "cu.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "db/cache.h"
#include "db/heapdb.h"
#include "db/schema.h"

static char directory[] = "/tmp/test_db_open.XXXXXX";
static char path[64];

/* A database with the schema, one snapshot, and then `sql`. */
static void make(const char *sql)
{
    sqlite3 *s;
    char *error = NULL;
    unlink(path);
    CHECK_I64(sqlite3_open(path, &s), SQLITE_OK);
    sqlite3_exec(s, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    CHECK_I64(sqlite3_exec(s, db_schema, NULL, NULL, NULL), SQLITE_OK);
    CHECK_I64(sqlite3_exec(s,
        "INSERT INTO snapshot (id, complete, live_root_id, garbage_root_id, n_objects, n_refs,"
        " shallow_size, live_size, garbage_size, n_live, n_garbage, n_roots, has_refs)"
        " VALUES (1, 1, 1, 3, 1, 0, 5, 5, 0, 1, 0, 1, 1);"
        "INSERT INTO type VALUES (1, 1, '(live)', NULL, 8, 0, 0, 0, NULL, NULL, 0, 0, 0, NULL, NULL,"
        " NULL, NULL), (2, 1, 'int', NULL, 2, 1, 5, 5, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL);"
        "INSERT INTO object (id, snapshot_id, address, type_id, shallow_size, retained_size,"
        " last_dominated, dominator_id, flags) VALUES (1, 1, NULL, 1, 0, 5, 2, NULL, 0),"
        " (2, 1, 16, 2, 5, 5, 2, 1, 0), (3, 1, NULL, 1, 0, 0, 3, NULL, 0)",
        NULL, NULL, NULL), SQLITE_OK);
    if (sql && sqlite3_exec(s, sql, NULL, NULL, &error) != SQLITE_OK) CHECK_STR(error, "no error");
    sqlite3_free(error);
    sqlite3_close(s);
}

static int open_it(struct heapdb **db)
{
    return heapdb_open(db, path, NULL);
}

static void test_sound(void)
{
    struct heapdb *db;
    int64_t n;
    make(NULL);
    if (!CHECK_I64(open_it(&db), 0)) return;
    CHECK_I64(db->taken, HEAPDB_TAKEN_DATABASE);
    CHECK_U64(db->n_snapshots, 1);
    CHECK_I64(heapdb_number(db, "SELECT id FROM objects WHERE type = 'int'", 0, &n), 0);
    CHECK_I64(n, 2);
    CHECK_I64(heapdb_number(db, "SELECT 1 WHERE ?1 = 3", 4, &n), 1);
    CHECK(heapdb_snapshot_of(db, 2) == &db->snapshots[0]);
    CHECK(heapdb_snapshot_of(db, 4) == NULL);
    /* Read-only, whatever is asked. */
    CHECK(sqlite3_exec(db->sqlite, "DELETE FROM object", NULL, NULL, NULL) != SQLITE_OK);
    CHECK(sqlite3_exec(db->sqlite, "PRAGMA writable_schema = ON; PRAGMA query_only = OFF;"
                                   "DELETE FROM sqlite_schema", NULL, NULL, NULL) != SQLITE_OK);
    heapdb_close(db);
}

static int64_t pragma(struct heapdb *db, const char *sql)
{
    int64_t n = -1;
    CHECK_I64(heapdb_number(db, sql, 0, &n), 0);
    return n;
}

/* Each defence by itself, although any of them would do in most cases. */
static void test_settings(void)
{
    static const struct {
        int limit, value;
    } limits[] = {
        { SQLITE_LIMIT_LENGTH, 64 << 20 },     { SQLITE_LIMIT_SQL_LENGTH, 1 << 20 },
        { SQLITE_LIMIT_COLUMN, 500 },          { SQLITE_LIMIT_EXPR_DEPTH, 500 },
        { SQLITE_LIMIT_COMPOUND_SELECT, 100 }, { SQLITE_LIMIT_VDBE_OP, 250000 },
        { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 }, { SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
    };
    static const char *const elsewhere[] = {
        "ATTACH ':memory:' AS other", "VACUUM INTO '/dev/null'", "DETACH main",
    };
    static const char *const never[] = {
        "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')",
    };
    struct heapdb *db;
    int on = -1;
    make(NULL);
    if (!CHECK_I64(open_it(&db), 0)) return;
    sqlite3 *s = db->sqlite;
    sqlite3_db_config(s, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
    CHECK_I64(on, 1);
    sqlite3_db_config(s, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &on);
    CHECK_I64(on, 0);
    sqlite3_db_config(s, SQLITE_DBCONFIG_ENABLE_TRIGGER, -1, &on);
    CHECK_I64(on, 0);
    sqlite3_db_config(s, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1, &on);
    CHECK_I64(on, 0);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        CHECK_I64(sqlite3_limit(s, limits[i].limit, -1), limits[i].value);
    CHECK_I64(pragma(db, "SELECT query_only FROM pragma_query_only"), 1);
    CHECK_I64(pragma(db, "SELECT cell_size_check FROM pragma_cell_size_check"), 1);
    CHECK_I64(sqlite3_db_readonly(s, "main"), 1);
    CHECK_I64(pragma(db, "PRAGMA mmap_size"), 0);
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        CHECK_I64(sqlite3_exec(s, elsewhere[i], NULL, NULL, NULL) & 0xff, SQLITE_AUTH);
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        CHECK_I64(sqlite3_exec(s, never[i], NULL, NULL, NULL) & 0xff, SQLITE_ERROR);
    heapdb_close(db);
}

static void test_refused(void)
{
    static const char *const wrong[] = {
        "PRAGMA user_version = 2", "PRAGMA user_version = 0", "PRAGMA application_id = 5",
        "DELETE FROM snapshot", "DROP TABLE snapshot",
        "UPDATE snapshot SET garbage_root_id = 2", "UPDATE snapshot SET n_live = -1",
        "UPDATE snapshot SET live_root_id = 0, garbage_root_id = 2",
        "UPDATE snapshot SET live_root_id = 9223372036854775800, garbage_root_id = -9223372036854775807",
        "UPDATE snapshot SET n_objects = 2", "UPDATE snapshot SET n_refs = -1",
        "UPDATE snapshot SET n_live = 9000000000, garbage_root_id = 9000000002, n_objects = 9000000000",
    };
    struct heapdb *db;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        make(wrong[i]);
        CHECK_I64(open_it(&db), STATUS_UNUSABLE);
        CHECK(db == NULL);
    }
}

static void test_hostile(void)
{
    struct heapdb *db;
    int64_t n;
    /* A function that may not run from a schema: in a view, and in the place of one of ours. */
    make("CREATE VIEW mine AS SELECT load_extension('/tmp/x.so') AS id");
    if (!CHECK_I64(open_it(&db), 0)) return;
    CHECK_I64(heapdb_number(db, "SELECT id FROM mine", 0, &n), -1);
    heapdb_close(db);
    make("DROP VIEW objects; CREATE VIEW objects AS SELECT load_extension('/tmp/x.so') AS id");
    CHECK_I64(open_it(&db), STATUS_UNUSABLE);
    /* Garbage in the middle of the file. */
    make(NULL);
    FILE *f = fopen(path, "r+b");
    if (!CHECK(f != NULL)) return;
    for (long at = 4096; at < 200000; at += 512) {
        fseek(f, at, SEEK_SET);
        fputs("garbage garbage garbage", f);
    }
    fclose(f);
    if (open_it(&db) == 0) {
        CHECK_I64(heapdb_number(db, "SELECT count(*) FROM doc", 0, &n), -1);
        heapdb_close(db);
    }
}

/* Comments and gaps in the texts of the schema do not matter, what stands in quotes does. */
static void test_layout(void)
{
    static const struct {
        const char *sql;
        int status;
    } texts[] = {
        { "DROP TABLE label; CREATE TABLE label ( -- a\n-- b\n snapshot_id INTEGER NOT NULL"
          " REFERENCES snapshot (id),\n\n key TEXT NOT NULL, value TEXT NOT NULL,"
          " PRIMARY KEY (snapshot_id, key)\n) WITHOUT ROWID, STRICT", 0 },
        { "DROP TABLE label; CREATE TABLE label ( snapshot_id INTEGER NOT NULL"
          " REFERENCES snapshot (id), key TEXT NOT NULL, value TEXT,"
          " PRIMARY KEY (snapshot_id, key) ) WITHOUT ROWID, STRICT", STATUS_UNUSABLE },
        { "DROP VIEW packages; CREATE VIEW packages AS SELECT p.snapshot_id, p.depth,"
          " coalesce(p.name, '(none) ') AS name, p.n, p.shallow_size, p.retained_size,"
          " p.native_size, p.retained_native FROM package p", STATUS_UNUSABLE },
        { "DROP VIEW packages; CREATE VIEW packages AS SELECT p.snapshot_id, p.depth,"
          " coalesce(p.name, '(none)') AS name, p.n, p.shallow_size,\tp.retained_size,"
          " p.native_size, p.retained_native -- 'quoted\nFROM package p", 0 },
        { "CREATE TABLE notes (text); CREATE INDEX sizes ON object (shallow_size)", 0 },
    };
    struct heapdb *db;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        make(texts[i].sql);
        CHECK_I64(open_it(&db), texts[i].status);
        heapdb_close(db);
    }
}

static void test_no_database(void)
{
    struct heapdb *db;
    char missing[80];
    FILE *f = fopen(path, "wb");
    if (!CHECK(f != NULL)) return;
    fclose(f);
    CHECK_I64(open_it(&db), STATUS_UNUSABLE); /* empty */
    f = fopen(path, "wb");
    if (!CHECK(f != NULL)) return;
    fputs("SQLite format 3", f);
    fclose(f);
    CHECK_I64(open_it(&db), STATUS_UNUSABLE); /* cut off */
    CHECK_I64(heapdb_open(&db, directory, NULL), STATUS_UNUSABLE);
    snprintf(missing, sizeof missing, "%s/missing", directory);
    CHECK_I64(heapdb_open(&db, missing, NULL), STATUS_UNUSABLE);
    CHECK_I64(heapdb_open(&db, "", NULL), STATUS_UNUSABLE);
    CHECK_I64(heapdb_open(&db, ":memory:", NULL), STATUS_UNUSABLE);
    CHECK_I64(heapdb_open(&db, "/dev/null", NULL), STATUS_UNUSABLE);
    heapdb_close(NULL);
}

static void write_file(const char *name, size_t size, time_t when)
{
    FILE *f = fopen(name, "wb");
    struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
    if (!CHECK(f != NULL)) return;
    for (size_t i = 0; i < size; i++) putc('x', f);
    fclose(f);
    utimensat(0, name, times, 0);
}

static void test_cache(void)
{
    char name[4][256], other[128], *dir;
    static const char *const size_texts[] = { "10000", "2500", "1500" };
    static const int left[] = { 4, 2, 1 };
    setenv("XDG_CACHE_HOME", directory, 1);
    dir = cache_directory();
    if (!CHECK(dir != NULL)) return;
    snprintf(other, sizeof other, "%s/notes.txt", dir);
    write_file(other, 5000, 1);
    for (int i = 0; i < 4; i++) {
        snprintf(name[i], sizeof name[i], "%s/%032d-%016d-%016d.db", dir, i, 5, 7);
        write_file(name[i], 1000, 1000 + i);
    }
    cache_touch(name[0]); /* the oldest is used: the youngest now */
    for (int round = 0; round < 3; round++) {
        int n = 0;
        setenv("SNAP_CACHE_SIZE", size_texts[round], 1);
        cache_trim(dir, 0, NULL);
        for (int i = 0; i < 4; i++) n += access(name[i], F_OK) == 0;
        CHECK_I64(n, left[round]);
    }
    CHECK(access(name[0], F_OK) == 0);
    CHECK(access(other, F_OK) == 0); /* no database of the cache */
    /* Room for what comes; what is kept stays. */
    cache_trim(dir, 1000, name[0]);
    CHECK(access(name[0], F_OK) == 0);
    cache_trim(dir, 1000, NULL);
    CHECK(access(name[0], F_OK) != 0);
    /* The name is made of the contents. */
    char *one = cache_name(dir, other), *two;
    write_file(other, 5000, 99);
    two = cache_name(dir, other);
    CHECK_STR(one, two);
    free(two);
    write_file(other, 5001, 1);
    two = cache_name(dir, other);
    CHECK(one && two && strcmp(one, two) != 0);
    free(one);
    free(two);
    unlink(other);
    /* A directory that others may write to is not used. */
    chmod(dir, 0777);
    char *unsafe = cache_directory();
    CHECK(unsafe == NULL);
    free(unsafe);
    chmod(dir, 0700);
    unsafe = cache_directory();
    CHECK(unsafe != NULL);
    free(unsafe);
    /* Nor one of somebody else's, which root alone can make here. */
    if (geteuid() == 0 && chown(dir, 1, (gid_t)-1) == 0) {
        unsafe = cache_directory();
        CHECK(unsafe == NULL);
        free(unsafe);
    }
    rmdir(dir);
    free(dir);
    unsetenv("SNAP_CACHE_SIZE");
}

static void test_prepare(void)
{
    if (!mkdtemp(directory)) exit(97);
    snprintf(path, sizeof path, "%s/a.db", directory);
    message_setup("test_db_open", MESSAGE_QUIET);
    CHECK(path[0] != 0);
}

static void test_clean_up(void)
{
    unlink(path);
    CHECK_I64(rmdir(directory), 0);
}

CU_MAIN("db_open", { "prepare", test_prepare }, { "sound", test_sound }, { "settings", test_settings },
        { "refused", test_refused }, { "hostile", test_hostile },
        { "layout", test_layout }, { "no database", test_no_database }, { "cache", test_cache },
        { "clean up", test_clean_up })
