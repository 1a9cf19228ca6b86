/* SPDX-License-Identifier: MIT */
/* What a group of objects retains; together.h. */
#include "leak/together.h"

#include <stdlib.h>

#include "cli/message.h"
#include "db/heapdb.h"

struct extent {
    int64_t id, last, retained;
};

struct group {
    struct extent *at;
    size_t n, room;
};

static void together_step(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct group *g = sqlite3_aggregate_context(c, sizeof *g);
    for (int i = 0; i < n; i++)
        if (sqlite3_value_type(v[i]) == SQLITE_NULL) return;
    if (g && g->n == g->room) {
        size_t room = g->room ? g->room * 2 : 64;
        struct extent *at = realloc(g->at, room * sizeof *at);
        if (at) g->room = room;
        if (at) g->at = at;
    }
    if (!g || g->n == g->room) {
        sqlite3_result_error_nomem(c);
        return;
    }
    g->at[g->n++] = (struct extent){ sqlite3_value_int64(v[0]), sqlite3_value_int64(v[1]),
                                     sqlite3_value_int64(v[2]) };
}

static int by_id(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void together_final(sqlite3_context *c)
{
    struct group *g = sqlite3_aggregate_context(c, 0);
    int64_t sum = 0;
    const struct extent *around = NULL;
    if (g && g->n) qsort(g->at, g->n, sizeof *g->at, by_id);
    for (size_t i = 0; g && i < g->n; i++) {
        const struct extent *e = &g->at[i];
        /* An object may have come twice. */
        if (around && (e->id == around->id || e->id <= around->last)) continue;
        around = e;
        if (e->retained > 0) sum = sum > INT64_MAX - e->retained ? INT64_MAX : sum + e->retained;
    }
    if (g) free(g->at);
    sqlite3_result_int64(c, sum);
}

int together_define(struct heapdb *db)
{
    int rc = sqlite3_create_function_v2(db->sqlite, "together", 3,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_DETERMINISTIC,
                                        NULL, NULL, together_step, together_final, NULL);
    return rc == SQLITE_OK ? 0 : heapdb_error(db, "adding functions");
}
