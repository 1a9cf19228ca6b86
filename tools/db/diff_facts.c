/* SPDX-License-Identifier: MIT */
/* Facts about snapshots; see the header. */
#include "db/diff_facts.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

static const char *column(struct texts *texts, sqlite3_stmt *q, int c)
{
    const char *s = (const char *)sqlite3_column_text(q, c);
    if (!s) return NULL;
    return texts_get(texts, texts_add(texts, s, (size_t)sqlite3_column_bytes(q, c)), NULL);
}

static int64_t number_or(sqlite3_stmt *q, int c, int64_t otherwise)
{
    return sqlite3_column_type(q, c) == SQLITE_NULL ? otherwise : sqlite3_column_int64(q, c);
}

/* Numbers that are added up and subtracted: beyond this they are nobody's memory. */
static const int64_t SIZE_LIMIT = INT64_MAX / 16;

static int64_t size_or_none(sqlite3_stmt *q, int c)
{
    int64_t n = number_or(q, c, -1);
    return n < 0 || n > SIZE_LIMIT ? -1 : n;
}

static int read_row(struct heapdb *db, struct texts *texts, struct diff_facts *f)
{
    sqlite3_stmt *q;
    if (heapdb_prepare(
            db, &q,
            "SELECT service, version, host, runtime, runtime_version, boot_id, "
            "process_start, file_uuid, file_number, monotonic_ns, live_native, has_refs, "
            "reason FROM snapshot WHERE id = ?1"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, f->snapshot->id);
    int got = heapdb_step(db, q);
    if (got == 1) {
        f->service = column(texts, q, 0);
        f->version = column(texts, q, 1);
        f->host = column(texts, q, 2);
        f->runtime = column(texts, q, 3);
        f->runtime_version = column(texts, q, 4);
        f->boot_id = column(texts, q, 5);
        f->process_start = column(texts, q, 6);
        f->file_uuid = column(texts, q, 7);
        f->file_number = number_or(q, 8, 0);
        f->monotonic_ns = size_or_none(q, 9);
        f->native_size = size_or_none(q, 10);
        f->has_refs = sqlite3_column_int64(q, 11) != 0;
        f->reason = column(texts, q, 12);
    }
    sqlite3_finalize(q);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

static int read_counters(struct heapdb *db, struct texts *texts, struct diff_facts *f)
{
    sqlite3_stmt *q;
    if (heapdb_prepare(
            db, &q,
            "SELECT (SELECT value FROM counter WHERE snapshot_id = ?1 AND name = 'rss'), "
            "(SELECT value FROM counter WHERE snapshot_id = ?1 AND name = 'gc.enabled'), "
            "(SELECT value FROM metadata WHERE snapshot_id = ?1 AND key = 'names'), "
            "(SELECT value FROM label WHERE snapshot_id = ?1 AND key = 'instance'), "
            "(SELECT count(*) FROM warning WHERE snapshot_id IS NULL) + "
            "(SELECT count(*) FROM warning WHERE snapshot_id = ?1), "
            "(SELECT message FROM warning WHERE id = min("
            "coalesce((SELECT min(id) FROM warning WHERE snapshot_id IS NULL), 1 << 62), "
            "coalesce((SELECT min(id) FROM warning WHERE snapshot_id = ?1), 1 << 62))), "
            "(SELECT value FROM metadata WHERE snapshot_id = ?1 AND key = 'id.kind'), "
            "(SELECT value FROM counter WHERE snapshot_id = ?1 "
            "AND name = 'pymalloc.arena_bytes')"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, f->snapshot->id);
    int got = heapdb_step(db, q);
    if (got == 1) {
        const char *names = (const char *)sqlite3_column_text(q, 2);
        const char *ids = (const char *)sqlite3_column_text(q, 6);
        f->serial_ids = ids && strcmp(ids, "serial") == 0;
        f->rss = size_or_none(q, 0);
        f->arenas = size_or_none(q, 7);
        f->gc_enabled = number_or(q, 1, -1);
        f->data_keys = names && strcmp(names, "keys") == 0;
        f->instance = column(texts, q, 3);
        f->n_warnings = sqlite3_column_int64(q, 4);
        f->warning = column(texts, q, 5);
    }
    sqlite3_finalize(q);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

static int read_parts(struct heapdb *db, struct texts *texts, struct diff_facts *f)
{
    enum { PARTS_MAX = 64 };
    sqlite3_stmt *q;
    int got;
    f->parts = calloc(PARTS_MAX, sizeof *f->parts);
    if (!f->parts) return message_no_memory("the memory map");
    if (heapdb_prepare(db, &q,
                       "SELECT part, bytes, exact FROM memory_map WHERE snapshot_id = ?1 "
                       "ORDER BY position, part"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, f->snapshot->id);
    while ((got = heapdb_step(db, q)) == 1 && f->n_parts < PARTS_MAX) {
        const char *name = column(texts, q, 0);
        int64_t bytes = sqlite3_column_int64(q, 1);
        if (!name || bytes < -SIZE_LIMIT || bytes > SIZE_LIMIT) continue;
        f->parts[f->n_parts++] = (struct diff_part){ .name = name,
                                                     .bytes = bytes,
                                                     .exact = sqlite3_column_int64(q, 2) != 0 };
    }
    sqlite3_finalize(q);
    struct diff_part *fitted = realloc(f->parts, (f->n_parts + 1) * sizeof *f->parts);
    if (fitted) f->parts = fitted; /* there may be as many snapshots as a file can hold */
    return got < 0 ? STATUS_UNUSABLE : 0;
}

int diff_facts_read(struct heapdb *db, const struct heapdb_snapshot *snapshot, struct texts *texts,
                    struct diff_facts *out)
{
    *out = (struct diff_facts){ .snapshot = snapshot,
                                .path = db->path,
                                .taken = db->taken_text,
                                .monotonic_ns = -1,
                                .native_size = -1,
                                .rss = -1,
                                .arenas = -1,
                                .gc_enabled = -1 };
    int status =
        read_row(db, texts, out) || read_counters(db, texts, out) || read_parts(db, texts, out);
    if (!status && texts->failed) status = message_no_memory("facts about the snapshots");
    if (status) diff_facts_free(out);
    return status ? STATUS_UNUSABLE : 0;
}

void diff_facts_free(struct diff_facts *f)
{
    free(f->parts);
    f->parts = NULL;
    f->n_parts = 0;
}

static bool equal(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

bool diff_facts_same_process(const struct diff_facts *a, const struct diff_facts *b)
{
    return equal(a->boot_id, b->boot_id) && equal(a->process_start, b->process_start) &&
           a->snapshot->pid != 0 && a->snapshot->pid == b->snapshot->pid &&
           equal(a->runtime, b->runtime);
}

bool diff_facts_same_capture(const struct diff_facts *a, const struct diff_facts *b)
{
    return a->snapshot == b->snapshot ||
           (equal(a->file_uuid, b->file_uuid) && a->file_number == b->file_number);
}

bool diff_facts_garbage_counts(const struct diff_facts *f)
{
    static const char *const tracing[] = { "jvm", "ruby", "v8" };
    for (size_t i = 0; f->runtime && i < sizeof tracing / sizeof *tracing; i++)
        if (strcmp(f->runtime, tracing[i]) == 0) return false;
    return true;
}

int64_t diff_facts_managed(const struct diff_facts *f)
{
    const struct heapdb_snapshot *s = f->snapshot;
    return s->live_size + (f->native_size > 0 ? f->native_size : 0) +
           (diff_facts_garbage_counts(f) ? s->garbage_size : 0);
}

bool diff_facts_interval(const struct diff_facts *a, const struct diff_facts *b, double *seconds)
{
    if (equal(a->boot_id, b->boot_id) && a->monotonic_ns >= 0 && b->monotonic_ns >= 0) {
        *seconds = ((double)b->monotonic_ns - (double)a->monotonic_ns) / 1e9;
        return true;
    }
    if (!a->snapshot->has_time || !b->snapshot->has_time) return false;
    *seconds = b->snapshot->captured_at - a->snapshot->captured_at;
    return true;
}
