/* SPDX-License-Identifier: MIT */
/* Names of registered numbers and words for references: those in C are those in the database. */
#include "cu.h"

#include <snap/format.h>

#include "db/heapdb.h"
#include "db/schema.h"

static sqlite3 *database(void)
{
    sqlite3 *s = NULL;
    CHECK_I64(sqlite3_open(":memory:", &s), SQLITE_OK);
    CHECK_I64(sqlite3_exec(s, db_schema, NULL, NULL, NULL), SQLITE_OK);
    return s;
}

static void check_names(const char *table, const char *(*name)(int64_t), int64_t last)
{
    char sql[128];
    sqlite3 *s = database();
    sqlite3_stmt *q;
    int64_t rows = 0;
    snprintf(sql, sizeof sql, "SELECT id, name FROM %s", table);
    CHECK_I64(sqlite3_prepare_v2(s, sql, -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        rows++;
        CHECK_STR(name(sqlite3_column_int64(q, 0)), (const char *)sqlite3_column_text(q, 1));
        CHECK(sqlite3_column_int64(q, 0) <= last);
    }
    CHECK(rows > 1);
    sqlite3_finalize(q);
    sqlite3_close(s);
    CHECK_STR(name(last + 1), "unknown");
    CHECK_STR(name(-1), "unknown");
    CHECK_STR(name(INT64_MAX), "unknown");
}

static void test_kinds(void)
{
    check_names("edge_kind", heapdb_edge_kind, SNAP_EDGE_RULED_OUT);
    check_names("root_kind", heapdb_root_kind, SNAP_ROOT_UNREACHABLE);
    check_names("resource_kind", heapdb_resource_kind, SNAP_RESOURCE_SELECTOR);
    check_names("resource_state", heapdb_resource_state, SNAP_STATE_CLOSED);
}

static void test_holds(void)
{
    sqlite3 *s = database();
    sqlite3_stmt *q;
    CHECK_I64(sqlite3_prepare_v2(s, "SELECT id, holds FROM edge_kind", -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW)
        CHECK_I64(heapdb_edge_holds(sqlite3_column_int64(q, 0)), sqlite3_column_int64(q, 1));
    sqlite3_finalize(q);
    sqlite3_close(s);
}

static void test_flags(void)
{
    sqlite3 *s = database();
    sqlite3_stmt *q;
    CHECK_I64(sqlite3_prepare_v2(s, "SELECT bit, name FROM object_flag", -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        struct text t = { 0 };
        heapdb_flags(&t, sqlite3_column_int64(q, 0));
        CHECK_STR(text_str(&t), (const char *)sqlite3_column_text(q, 1));
        text_free(&t);
    }
    sqlite3_finalize(q);
    sqlite3_close(s);
    struct text t = { 0 };
    heapdb_flags(&t, SNAP_OBJECT_TRACKED | SNAP_OBJECT_FROZEN | INT64_MIN);
    CHECK_STR(text_str(&t), "tracked, frozen");
    text_free(&t);
}

/* The label of one reference by the view `refs`, and by heapdb_label. */
static void check_label(sqlite3 *s, int kind, const char *name, bool has_key, uint64_t key)
{
    char sql[256];
    sqlite3_stmt *q;
    struct text t = { 0 };
    snprintf(sql, sizeof sql,
             "DELETE FROM ref; DELETE FROM string; INSERT INTO string VALUES (1, '%s');"
             "INSERT INTO ref VALUES (1, 7, 2, %d, %s, %s%llu%s)",
             name ? name : "", kind, name ? "1" : "NULL", has_key ? "" : "nullif(",
             (unsigned long long)key, has_key ? "" : ", 0)");
    CHECK_I64(sqlite3_exec(s, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_I64(sqlite3_prepare_v2(s, "SELECT label FROM refs", -1, &q, NULL), SQLITE_OK);
    CHECK_I64(sqlite3_step(q), SQLITE_ROW);
    heapdb_label(&t, kind, name, has_key, key, 7);
    CHECK_STR(text_str(&t), (const char *)sqlite3_column_text(q, 0));
    text_free(&t);
    sqlite3_finalize(q);
}

static void test_labels(void)
{
    sqlite3 *s = database();
    for (int kind = 0; kind <= SNAP_EDGE_RULED_OUT; kind++) {
        check_label(s, kind, NULL, false, 0);
        check_label(s, kind, "name", false, 0);
        check_label(s, kind, NULL, true, 0x5e1c90);
        check_label(s, kind, NULL, true, 5);
    }
    sqlite3_close(s);
}

CU_MAIN("db_names", { "kinds", test_kinds }, { "what holds", test_holds }, { "flags", test_flags },
        { "labels", test_labels })
