/* SPDX-License-Identifier: MIT */
/* A comparison reads its databases in one transaction each: how often a file is locked does not
 * depend on how much is looked up. */
#include "cu.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/schema.h"
#include "report/diff_report.h"

enum { OBJECTS = 100 };

static unsigned long locks;
static int (*real_fcntl)(int fd, int command, void *argument);

static int counting_fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (command == F_SETLK) locks++;
    return real_fcntl(fd, command, argument);
}

/* A database of OBJECTS roots; n of them are of a type of their own each. */
static void make(const char *path, int n)
{
    sqlite3 *s;
    char *sql = sqlite3_mprintf(
        "BEGIN;"
        "INSERT INTO snapshot (id, complete, live_root_id, garbage_root_id, n_objects, n_refs,"
        " shallow_size, live_size, garbage_size, n_live, n_garbage, n_roots, has_refs)"
        " VALUES (1, 1, 1, %d, %d, 0, %d, %d, 0, %d, 0, %d, 1);"
        "WITH i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n <= %d) INSERT INTO type"
        " (id, snapshot_id, name, kind, flags, n, shallow_size, retained_size, n_garbage,"
        "  garbage_size) SELECT n, 1, iif(n = 1, '(live)', 't' || n), 8, 0, 0, 0, 0, 0, 0 FROM i;"
        "INSERT INTO object (id, snapshot_id, address, type_id, shallow_size, retained_size,"
        " last_dominated, dominator_id, parent_id, distance, flags)"
        " SELECT id, 1, iif(id = 1, NULL, id * 16), id, iif(id = 1, 0, %d), iif(id = 1, %d, %d),"
        " iif(id = 1, %d, id), iif(id = 1, NULL, 1), iif(id = 1, NULL, 1),"
        " iif(id = 1, NULL, 1), 0 FROM type;"
        "INSERT INTO object (id, snapshot_id, address, type_id, shallow_size, retained_size,"
        " last_dominated, dominator_id, flags) VALUES (%d, 1, NULL, 1, 0, 0, %d, NULL, 0); COMMIT",
        OBJECTS + 2, OBJECTS, OBJECTS * n, OBJECTS * n, OBJECTS, OBJECTS, OBJECTS, n, OBJECTS * n,
        n, OBJECTS + 1, OBJECTS + 2, OBJECTS + 2);
    char *error = NULL;
    unlink(path);
    CHECK_I64(sqlite3_open(path, &s), SQLITE_OK);
    sqlite3_exec(s, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    CHECK_I64(sqlite3_exec(s, db_schema, NULL, NULL, NULL), SQLITE_OK);
    if (sqlite3_exec(s, sql, NULL, NULL, &error) != SQLITE_OK) CHECK_STR(error, "no error");
    sqlite3_free(error);
    sqlite3_free(sql);
    sqlite3_close(s);
}

static void test_locks(void)
{
    char paths[2][40] = { "test_diff_hold.a.db", "test_diff_hold.b.db" };
    struct heapdb *db[2] = { NULL, NULL };
    struct diff_report r;
    struct diff_options options = { .matching = DIFF_SIGNATURE, .top = UINT64_MAX };
    for (int i = 0; i < 2; i++) {
        make(paths[i], 16 + i);
        if (!CHECK_I64(heapdb_open(&db[i], paths[i], NULL), 0)) return;
    }
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    real_fcntl = (int (*)(int, int, void *))vfs->xGetSystemCall(vfs, "fcntl");
    vfs->xSetSystemCall(vfs, "fcntl", (sqlite3_syscall_ptr)counting_fcntl);
    struct diff_input inputs[2] = { { db[0], db[0]->snapshots }, { db[1], db[1]->snapshots } };
    if (CHECK_I64(diff_build(inputs, 2, &options, &r), 0)) {
        CHECK_U64(r.n_lines_all, OBJECTS);
        CHECK(locks > 0 && locks <= 10); /* three to begin, one to end, twice */
        CHECK(sqlite3_get_autocommit(db[0]->sqlite) && sqlite3_get_autocommit(db[1]->sqlite));
        diff_report_free(&r);
    }
    /* A transaction that the caller has open stays open. */
    if (CHECK_I64(heapdb_hold(db[0]), 0) && CHECK_I64(diff_build(inputs, 2, &options, &r), 0)) {
        CHECK(heapdb_is_held(db[0]) && !heapdb_is_held(db[1]));
        heapdb_release(db[0]);
        CHECK(!heapdb_is_held(db[0]));
        diff_report_free(&r);
    }
    vfs->xSetSystemCall(vfs, "fcntl", NULL);
    for (int i = 0; i < 2; i++) {
        heapdb_close(db[i]);
        unlink(paths[i]);
    }
}

CU_MAIN("diff hold", { "locks", test_locks })
