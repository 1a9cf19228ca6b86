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
        return heapdb_damaged(db, "its stacks are not numbered in order");
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

/* The last two names of a file's path, three where the last is one that every package has. */
static const char *tail_of(const char *file)
{
    const char *s = file + strlen(file);
    int names = strcmp(s - (s - file >= 11 ? 11 : 0), "__init__.py") == 0 ? 3 : 2;
    while (s > file && (s[-1] != '/' || --names > 0)) s--;
    return s;
}

/* Does another file of the database end in the same names? */
static int is_ambiguous(struct heapdb *db, const char *file, const char *tail, bool *other)
{
    sqlite3_stmt *q;
    *other = false;
    if (tail == file) return 0;
    if (heapdb_prepare(db, &q,
                       "SELECT 1 FROM frame WHERE file <> ?1 AND substr(file, -length(?2)) = ?2 "
                       "AND substr(file, -length(?2) - 1, 1) = '/' LIMIT 1"))
        return STATUS_UNUSABLE;
    sqlite3_bind_text(q, 1, file, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 2, tail, -1, SQLITE_TRANSIENT);
    int got = heapdb_step(db, q);
    *other = got == 1;
    sqlite3_finalize(q);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* Tracers that know lines only give none, or the name of the file. */
static bool is_no_function(const char *function, const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    return strcmp(function, "?") == 0 || (file && strcmp(function, slash ? slash + 1 : file) == 0);
}

/* "function (file:line)", or what of it is known. */
static void add_frame(struct text *t, sqlite3_stmt *q, int column, const char *file)
{
    const char *function = (const char *)sqlite3_column_text(q, column);
    if (function && is_no_function(function, file)) function = NULL;
    if (function || !file) text_adds(t, function ? function : "?");
    if (!file) return;
    text_addf(t, "%s%s", function ? " (" : "", file);
    if (sqlite3_column_type(q, column + 2) != SQLITE_NULL)
        text_addf(t, ":%lld", (long long)sqlite3_column_int64(q, column + 2));
    if (function) text_adds(t, ")");
}

void diff_place_frame(struct text *t, sqlite3_stmt *q, int column)
{
    const char *file = (const char *)sqlite3_column_text(q, column + 1);
    add_frame(t, q, column, file ? tail_of(file) : NULL);
}

/* Is a frame the capture's own? The agent's package calls what it was asked to run from other files
 * than this one, which holds the capture. */
static bool is_capture(const char *file)
{
    static const char own[] = "/heapsnap/__init__.py";
    size_t n = file ? strlen(file) : 0;
    return n >= sizeof own - 1 && strcmp(file + n - (sizeof own - 1), own) == 0;
}

/* Takes frame i of a stack, the row that `q` stands on. */
static int take_frame(struct heapdb *db, sqlite3_stmt *q, int i, struct texts *texts,
                      struct text *whole, struct text *brief, struct diff_place *out)
{
    const char *file = (const char *)sqlite3_column_text(q, 2), *tail = file ? tail_of(file) : NULL;
    bool ambiguous = false;
    if (i == 0) {
        out->function = keep(texts, q, 1);
        out->file = keep(texts, q, 2);
        out->line = sqlite3_column_int64(q, 3);
    }
    if (is_capture(file)) out->capture = true;
    if (whole->n) text_adds(whole, " < ");
    add_frame(whole, q, 1, file);
    if (i >= PLACE_BRIEF_FRAMES) return 0;
    if (file && is_ambiguous(db, file, tail, &ambiguous)) return STATUS_UNUSABLE;
    if (brief->n) text_adds(brief, " < ");
    add_frame(brief, q, 1, ambiguous ? file : tail);
    return 0;
}

int diff_place_read(struct heapdb *db, uint32_t stack, struct texts *texts, struct diff_place *out)
{
    struct text whole = { 0 }, brief = { 0 };
    sqlite3_stmt *q;
    *out = (struct diff_place){ .stack = "", .brief = "" };
    if (heapdb_prepare(db, &q,
                       "SELECT k.parent_id, f.function, f.file, f.line FROM stack k "
                       "LEFT JOIN frame f ON f.id = k.frame_id WHERE k.id = ?1"))
        return STATUS_UNUSABLE;
    int64_t id = stack;
    int got = 1, n = 0;
    while (got == 1 && id > 0 && n < PLACE_FRAMES) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, id);
        got = heapdb_step(db, q);
        if (got != 1) break;
        if (take_frame(db, q, n++, texts, &whole, &brief, out)) got = -1;
        id = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    if (n > PLACE_BRIEF_FRAMES) text_adds(&brief, " < ...");
    if (whole.n) out->stack = texts_get(texts, texts_add(texts, whole.s, whole.n), NULL);
    if (brief.n) out->brief = texts_get(texts, texts_add(texts, brief.s, brief.n), NULL);
    if (whole.failed || brief.failed) texts->failed = true;
    text_free(&whole);
    text_free(&brief);
    if (got < 0) return STATUS_UNUSABLE;
    return texts->failed ? message_no_memory("allocation stacks") : 0;
}
