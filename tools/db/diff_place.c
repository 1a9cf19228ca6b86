/* SPDX-License-Identifier: MIT */
/* Allocation stacks as places; see the header. The loader numbers callers before their callees; a
 * stack of a database that does not keep to that is taken as outermost, so nothing runs in a
 * circle. */
#include "db/diff_place.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "heap/match.h"

enum { IDS_MAX = 1 << 26 };

static uint64_t column_hash(sqlite3_stmt *q, int c)
{
    const char *s = (const char *)sqlite3_column_text(q, c);
    return s ? texts_hash_bytes(s, (size_t)sqlite3_column_bytes(q, c)) : 0;
}

/* An array by id for a table's rows, [largest id + 1], zeroed. */
static int by_id(struct heapdb *db, const char *sql, uint32_t *n, uint64_t **array)
{
    int64_t last = 0;
    int got = heapdb_number(db, sql, 0, &last);
    if (got < 0) return STATUS_UNUSABLE;
    if (last < 0 || last >= IDS_MAX)
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL,
                             "the database is damaged: its stacks are not numbered in order");
    *n = got == 0 ? (uint32_t)last + 1 : 0;
    *array = calloc((size_t)*n + 1, sizeof **array);
    return *array ? 0 : message_no_memory("allocation stacks");
}

static int frame_hashes(struct heapdb *db, uint32_t *n, uint64_t **hash)
{
    sqlite3_stmt *q;
    int got;
    if (by_id(db, "SELECT max(id) FROM frame", n, hash) ||
        heapdb_prepare(db, &q, "SELECT id, function, file, line FROM frame"))
        return STATUS_UNUSABLE;
    while ((got = heapdb_step(db, q)) == 1) {
        uint64_t id = (uint64_t)sqlite3_column_int64(q, 0);
        uint64_t line = (uint64_t)sqlite3_column_int64(q, 3);
        if (id < *n) (*hash)[id] = heap_mix(heap_mix(column_hash(q, 1), column_hash(q, 2)), line);
    }
    sqlite3_finalize(q);
    return got ? STATUS_UNUSABLE : 0;
}

static int stack_hashes(struct heapdb *db, const uint64_t *frame, uint32_t n_frames,
                        struct diff_places *out)
{
    sqlite3_stmt *q;
    int got;
    if (by_id(db, "SELECT max(id) FROM stack", &out->n, &out->hash) ||
        heapdb_prepare(db, &q, "SELECT id, parent_id, frame_id FROM stack ORDER BY id"))
        return STATUS_UNUSABLE;
    while ((got = heapdb_step(db, q)) == 1) {
        uint64_t id = (uint64_t)sqlite3_column_int64(q, 0);
        uint64_t parent = (uint64_t)sqlite3_column_int64(q, 1); /* 0 for null */
        uint64_t f = (uint64_t)sqlite3_column_int64(q, 2);
        if (id >= out->n) continue;
        uint64_t h = heap_mix(parent < id ? out->hash[parent] : 0, f < n_frames ? frame[f] : 0);
        out->hash[id] = h ? h : 1;
    }
    sqlite3_finalize(q);
    return got ? STATUS_UNUSABLE : 0;
}

int diff_places_load(struct heapdb *db, struct diff_places *out)
{
    uint64_t *frame = NULL;
    uint32_t n_frames = 0;
    *out = (struct diff_places){ 0 };
    int status = frame_hashes(db, &n_frames, &frame);
    if (!status) status = stack_hashes(db, frame, n_frames, out);
    free(frame);
    if (status) diff_places_free(out);
    return status;
}

void diff_places_free(struct diff_places *places)
{
    free(places->hash);
    *places = (struct diff_places){ 0 };
}

static const char *keep(struct texts *texts, sqlite3_stmt *q, int c)
{
    const char *s = (const char *)sqlite3_column_text(q, c);
    if (!s) return NULL;
    return texts_get(texts, texts_add(texts, s, (size_t)sqlite3_column_bytes(q, c)), NULL);
}

/* "function (file:line)", or what of it is known. */
static void add_frame(struct text *t, sqlite3_stmt *q)
{
    const char *function = (const char *)sqlite3_column_text(q, 1);
    const char *file = (const char *)sqlite3_column_text(q, 2);
    if (t->n) text_adds(t, " < ");
    if (function && strcmp(function, "?") == 0) function = NULL; /* tracers know lines only */
    if (function || !file) text_adds(t, function ? function : "?");
    if (!file) return;
    text_addf(t, "%s%s", function ? " (" : "", file);
    if (sqlite3_column_type(q, 3) != SQLITE_NULL)
        text_addf(t, ":%lld", (long long)sqlite3_column_int64(q, 3));
    if (function) text_adds(t, ")");
}

int diff_place_read(struct heapdb *db, uint32_t stack, struct texts *texts, struct diff_place *out)
{
    struct text t = { 0 };
    sqlite3_stmt *q;
    *out = (struct diff_place){ .stack = "" };
    if (heapdb_prepare(db, &q,
                       "SELECT k.parent_id, f.function, f.file, f.line FROM stack k "
                       "LEFT JOIN frame f ON f.id = k.frame_id WHERE k.id = ?1"))
        return STATUS_UNUSABLE;
    int64_t id = stack;
    int got = 1;
    for (int i = 0; got == 1 && id > 0 && i < PLACE_FRAMES; i++) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, id);
        got = heapdb_step(db, q);
        if (got != 1) break;
        if (i == 0) {
            out->function = keep(texts, q, 1);
            out->file = keep(texts, q, 2);
            out->line = sqlite3_column_int64(q, 3);
        }
        add_frame(&t, q);
        id = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    if (t.n) out->stack = texts_get(texts, texts_add(texts, t.s, t.n), NULL);
    if (t.failed) texts->failed = true;
    text_free(&t);
    if (got < 0) return STATUS_UNUSABLE;
    return texts->failed ? message_no_memory("allocation stacks") : 0;
}
