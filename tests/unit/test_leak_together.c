/* SPDX-License-Identifier: MIT */
/* The aggregate together: known groups, nothing, lies, and random forests beside a plain twin that
 * marks every object which a group retains. */
#include <stdio.h>
#include <stdlib.h>

#include "cu.h"
#include "db/heapdb.h"
#include "heap_random.h"
#include "leak/together.h"

enum { OBJECTS = 60 };

/* The answer for the rows of a VALUES list; -1 where it fails. */
static int64_t ask(const char *values)
{
    struct heapdb db = { 0 };
    sqlite3_stmt *q = NULL;
    char sql[8192];
    int64_t answer = -1;
    snprintf(sql, sizeof sql, "SELECT together(column1, column2, column3) FROM (%s)", values);
    if (sqlite3_open(":memory:", &db.sqlite) == SQLITE_OK && together_define(&db) == 0 &&
        sqlite3_prepare_v2(db.sqlite, sql, -1, &q, NULL) == SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW)
        answer = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db.sqlite);
    return answer;
}

static void test_known(void)
{
    CHECK_I64(ask("SELECT 1 AS column1, 2 AS column2, 3 AS column3 WHERE 0"), 0);
    CHECK_I64(ask("VALUES (5, 5, 10)"), 10);
    CHECK_I64(ask("VALUES (5, 9, 100), (6, 9, 80), (7, 9, 60), (10, 10, 1)"), 101);
    CHECK_I64(ask("VALUES (10, 10, 1), (7, 9, 60), (5, 9, 100), (6, 9, 80)"), 101);
    CHECK_I64(ask("VALUES (5, 6, 100), (5, 6, 100), (5, 6, 100)"), 100);
    CHECK_I64(ask("VALUES (5, 6, 100), (NULL, 6, 1), (7, NULL, 1), (8, 8, NULL)"), 100);
    /* Of a damaged database: no end, negative sizes, sums beyond all numbers. */
    CHECK_I64(ask("VALUES (5, 0, 100), (5, 0, 100), (6, 0, 50)"), 150);
    CHECK_I64(ask("VALUES (1, 1, -7), (2, 2, 9)"), 9);
    CHECK_I64(ask("VALUES (1, 1, 9223372036854775807), (2, 2, 9223372036854775807)"), INT64_MAX);
}

/* A random tree in preorder: last[i] is the last object below i, ranges nest. */
static void make_tree(uint64_t *seed, int *parent, int *last)
{
    parent[0] = -1;
    for (int i = 1; i < OBJECTS; i++) {
        /* Any object of the path to the last one can be the next one's parent. */
        parent[i] = i - 1;
        while (parent[parent[i]] >= 0 && random_below(seed, 3) == 0) parent[i] = parent[parent[i]];
    }
    for (int i = 0; i < OBJECTS; i++) last[i] = i;
    for (int i = OBJECTS; i-- > 1;)
        if (last[i] > last[parent[i]]) last[parent[i]] = last[i];
}

static void test_random(void)
{
    for (uint64_t round = 1; round <= 300; round++) {
        uint64_t seed = round;
        int parent[OBJECTS], last[OBJECTS];
        int64_t shallow[OBJECTS], retained[OBJECTS], want = 0;
        bool held[OBJECTS] = { false };
        char values[8192] = "";
        size_t at = 0;
        make_tree(&seed, parent, last);
        for (int i = 0; i < OBJECTS; i++) shallow[i] = random_below(&seed, 1000);
        for (int i = 0; i < OBJECTS; i++) {
            retained[i] = 0;
            for (int k = i; k <= last[i]; k++) retained[i] += shallow[k];
        }
        for (int n = 0; n < 25; n++) {
            int i = (int)random_below(&seed, OBJECTS);
            for (int k = i; k <= last[i]; k++) held[k] = true;
            at += (size_t)snprintf(values + at, sizeof values - at, "%s(%d, %d, %lld)",
                                   n ? ", " : "VALUES ", i + 1, last[i] + 1,
                                   (long long)retained[i]);
        }
        for (int i = 0; i < OBJECTS; i++) want += held[i] ? shallow[i] : 0;
        if (!CHECK_I64(ask(values), want)) {
            printf("  round %llu\n", (unsigned long long)round);
            return;
        }
    }
}

CU_MAIN("leak together", { "known", test_known }, { "random", test_random })
