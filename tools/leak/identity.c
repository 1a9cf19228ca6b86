/* SPDX-License-Identifier: MIT */
/* The same object in another snapshot; see the header. */
#include "leak/identity.h"

int identity_begin(struct identity *x, struct heapdb *db)
{
    *x = (struct identity){ .db = db };
    int status = heapdb_prepare(db, &x->of,
                                "SELECT o.address, t.name, t.module FROM object o"
                                " JOIN type t ON t.id = o.type_id WHERE o.id = ?1");
    if (!status)
        status = heapdb_prepare(db, &x->same,
                                "SELECT o.id FROM address a JOIN object o ON o.id = a.object_id"
                                " JOIN type t ON t.id = o.type_id WHERE a.snapshot_id = ?1"
                                " AND a.address = ?2 AND t.name = ?3 AND t.module IS ?4");
    return status;
}

void identity_end(struct identity *x)
{
    sqlite3_finalize(x->of);
    sqlite3_finalize(x->same);
    *x = (struct identity){ 0 };
}

int identity_read(struct identity *x, int64_t object_id)
{
    sqlite3_bind_int64(x->of, 1, object_id);
    int got = heapdb_step(x->db, x->of);
    return got == 1 && sqlite3_column_type(x->of, 0) == SQLITE_NULL ? 0 : got;
}

void identity_reset(struct identity *x)
{
    sqlite3_reset(x->of);
}

int identity_find(struct identity *in, int64_t snapshot_id, const struct identity *read,
                  int64_t *object_id)
{
    sqlite3_bind_int64(in->same, 1, snapshot_id);
    for (int i = 0; i < 3; i++)
        sqlite3_bind_value(in->same, i + 2, sqlite3_column_value(read->of, i));
    int got = heapdb_step(in->db, in->same);
    if (got == 1) *object_id = sqlite3_column_int64(in->same, 0);
    sqlite3_reset(in->same);
    return got;
}
