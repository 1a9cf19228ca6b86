/* SPDX-License-Identifier: MIT */
/* The search goes breadth first, over objects whose name is a beginning of the one asked for. */
#include "db/diff_find.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "db/diff_rowmap.h"

enum { OBJECTS_MAX = 1 << 18 };

struct finding {
    const struct diff_rows *rows;
    struct heapdb *db;
    struct diff_names *names;
    const struct sign *sign;
    const char *name;
    size_t n;
    uint32_t *queue; /* [OBJECTS_MAX] rows whose name is a beginning */
    uint32_t queued, looked;
    struct rowmap seen;
    bool found;
};

/* Is a text the name, or a beginning of it? An attribute dictionary stands for its owner. */
static bool begins(struct finding *f, const struct text *t, const char *dict)
{
    size_t n = t->n, end = strlen(dict);
    if (n == f->n && memcmp(text_str(t), f->name, n) == 0) f->found = true;
    if (n > end && memcmp(t->s + n - end, dict, end) == 0) n -= end;
    return n <= f->n && memcmp(text_str(t), f->name, n) == 0;
}

/* Looks at a row: queues it where its name is a beginning. */
static int look(struct finding *f, uint32_t row)
{
    uint32_t node;
    if (f->looked == OBJECTS_MAX) f->found = true;
    if (f->found || rowmap_get(&f->seen, row) != ROWMAP_NONE) return 0;
    if (!rowmap_set(&f->seen, row, 1)) return message_no_memory("names of objects");
    if (diff_names_row(f->names, row, &node)) return STATUS_UNUSABLE;
    struct text path = { 0 }, signature = { 0 };
    sign_path(f->sign, node, &path);
    sign_text(f->sign, node, &signature);
    bool failed = path.failed || signature.failed;
    if (!failed && (begins(f, &path, ".__dict__") || begins(f, &signature, ".__dict__<dict>")))
        f->queue[f->queued++] = row;
    f->looked++;
    text_free(&path);
    text_free(&signature);
    return failed ? message_no_memory("names of objects") : 0;
}

static int look_at_targets(struct finding *f, sqlite3_stmt *q, uint32_t row)
{
    int got = 0, status = 0;
    sqlite3_bind_int64(q, 1, f->rows->first_id + (int64_t)row);
    while (!status && !f->found && (got = heapdb_step(f->db, q)) == 1) {
        uint64_t target = (uint64_t)sqlite3_column_int64(q, 0) - (uint64_t)f->rows->first_id;
        if (target < f->rows->n_rows && heapdb_edge_holds(sqlite3_column_int64(q, 1)))
            status = look(f, (uint32_t)target);
    }
    sqlite3_reset(q);
    return got < 0 ? STATUS_UNUSABLE : status;
}

int diff_find(const struct diff_name_source *source, struct diff_names *names,
              const struct sign *sign, const char *name, size_t n, bool *found)
{
    struct finding f = { .rows = source->rows,
                         .db = source->db,
                         .names = names,
                         .sign = sign,
                         .name = name,
                         .n = n };
    sqlite3_stmt *q;
    if (heapdb_prepare(f.db, &q, "SELECT target_id, kind FROM ref WHERE source_id = ?1"))
        return STATUS_UNUSABLE;
    f.queue = malloc(OBJECTS_MAX * sizeof *f.queue);
    int status = f.queue ? 0 : message_no_memory("names of objects");
    for (uint32_t row = 0; !status && !f.found && row < f.rows->n_rows; row++)
        if (row == 0 || row == f.rows->garbage_root || f.rows->parent[row] == 0 ||
            diff_names_own(names, row))
            status = look(&f, row);
    for (uint32_t i = 0; !status && !f.found && i < f.queued; i++)
        status = look_at_targets(&f, q, f.queue[i]);
    sqlite3_finalize(q);
    rowmap_free(&f.seen);
    free(f.queue);
    *found = f.found;
    return status;
}
