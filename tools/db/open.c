/* SPDX-License-Identifier: MIT */
/*
 * Opening a heap database, whatever the user named; see heapdb.h.
 *
 * Every database is opened as if it came from a stranger, those of the cache too: there is one
 * way in.
 */
#include "db/heapdb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/output.h"
#include "cli/sniff.h"
#include "db/cache.h"
#include "db/complete.h"
#include "db/load.h"
#include "db/open_private.h"
#include "db/vet.h"
#include "import/import.h"

/* How long to wait for a process that completes the same database. */
#define BUSY_MS 60000

/* ---- one database -------------------------------------------------------------------------- */

/* Nothing reaches another file: neither ATTACH nor what is built on it (VACUUM INTO), whether it
 * stands in a query of the user's or in one that is saved in the database. */
static int authorize(void *opaque, int action, const char *a, const char *b, const char *database,
                     const char *trigger)
{
    (void)opaque, (void)a, (void)b, (void)database, (void)trigger;
    return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

static void harden(sqlite3 *s, bool writable)
{
    static const struct {
        int limit, value;
    } limits[] = {
        { SQLITE_LIMIT_LENGTH, 64 << 20 },     { SQLITE_LIMIT_SQL_LENGTH, 1 << 20 },
        { SQLITE_LIMIT_COLUMN, 500 },          { SQLITE_LIMIT_EXPR_DEPTH, 500 },
        { SQLITE_LIMIT_COMPOUND_SELECT, 100 }, { SQLITE_LIMIT_VDBE_OP, 250000 },
        { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 }, { SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        sqlite3_limit(s, limits[i].limit, limits[i].value);
    sqlite3_db_config(s, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(s, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(s, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_exec(s, "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536;"
                    "PRAGMA temp_store = MEMORY",
                 NULL, NULL, NULL);
    if (writable) return;
    sqlite3_exec(s, "PRAGMA query_only = ON", NULL, NULL, NULL);
    sqlite3_set_authorizer(s, authorize, NULL);
}

/* SQLite gives some names a meaning (":memory:", "file:..", ""); a path with a slash has none. */
static char *plain_name(const char *path)
{
    struct text t = { 0 };
    if (path[0] != '/') text_adds(&t, "./");
    text_adds(&t, path);
    if (t.failed) text_free(&t);
    return t.s;
}

static int64_t pragma_number(sqlite3 *s, const char *sql)
{
    sqlite3_stmt *q;
    int64_t value = -1;
    if (sqlite3_prepare_v2(s, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return value;
}

/* Is it a heap database of this version? Says what it is otherwise. */
static int check_version(sqlite3 *s, const char *path)
{
    int64_t id = pragma_number(s, "PRAGMA application_id");
    int64_t version = pragma_number(s, "PRAGMA user_version");
    if (id < 0 || version < 0)
        return message_error(path, MESSAGE_NO_OFFSET, NULL, "cannot be read as a database: %s",
                             sqlite3_errmsg(s));
    if (id != HEAPDB_APPLICATION_ID)
        return message_error(path, MESSAGE_NO_OFFSET, "sqlite3",
                             "an SQLite database, but not a heap database");
    if (version > HEAPDB_USER_VERSION)
        return message_error(path, MESSAGE_NO_OFFSET, "a newer version of this program",
                             "a heap database of version %lld; this program reads version %d",
                             (long long)version, HEAPDB_USER_VERSION);
    if (version < HEAPDB_USER_VERSION)
        return message_error(path, MESSAGE_NO_OFFSET, "snapload, to load the snapshot again",
                             "a heap database of the old version %lld", (long long)version);
    return 0;
}

/* A copy of a text column that lives as long as the database; NULL for null. */
static const char *keep_text(struct heapdb_private *p, sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    if (!text) return NULL;
    struct kept *k = malloc(sizeof *k + strlen(text) + 1);
    if (!k) return NULL;
    k->next = p->kept;
    p->kept = k;
    memcpy(k->text, text, strlen(text) + 1);
    return k->text;
}

static void read_snapshot(struct heapdb *db, sqlite3_stmt *q, struct heapdb_snapshot *s)
{
    struct heapdb_private *p = db->private;
    *s = (struct heapdb_snapshot){
        .id = sqlite3_column_int64(q, 0),
        .path = keep_text(p, q, 1),
        .runtime = keep_text(p, q, 2),
        .host = keep_text(p, q, 3),
        .service = keep_text(p, q, 4),
        .version = keep_text(p, q, 5),
        .captured_at = sqlite3_column_double(q, 6),
        .has_time = sqlite3_column_type(q, 6) != SQLITE_NULL,
        .complete = sqlite3_column_int64(q, 7) != 0,
        .has_refs = sqlite3_column_int64(q, 8) != 0,
        .stable_ids = sqlite3_column_int64(q, 9) != 0,
        .pid = sqlite3_column_int64(q, 10),
        .live_root_id = sqlite3_column_int64(q, 11),
        .garbage_root_id = sqlite3_column_int64(q, 12),
        .n_objects = sqlite3_column_int64(q, 13),
        .n_refs = sqlite3_column_int64(q, 14),
        .n_live = sqlite3_column_int64(q, 15),
        .n_garbage = sqlite3_column_int64(q, 16),
        .shallow_size = sqlite3_column_int64(q, 17),
        .live_size = sqlite3_column_int64(q, 18),
        .garbage_size = sqlite3_column_int64(q, 19),
        .live_native = sqlite3_column_int64(q, 20),
        .garbage_native = sqlite3_column_int64(q, 21),
    };
}

/* Numbers that contradict each other would send every tool into rows that are not there. */
static bool plausible(const struct heapdb_snapshot *s)
{
    return s->live_root_id > 0 && s->n_live >= 0 && s->n_garbage >= 0 &&
           s->n_live <= UINT32_MAX && s->n_garbage <= UINT32_MAX &&
           s->live_root_id < INT64_MAX - (INT64_C(1) << 34) &&
           s->garbage_root_id == s->live_root_id + s->n_live + 1 &&
           s->n_objects == s->n_live + s->n_garbage && s->n_refs >= 0;
}

static int read_snapshots(struct heapdb *db)
{
    sqlite3_stmt *q;
    size_t cap = 0;
    int status = heapdb_prepare(db, &q,
        "SELECT id, path, runtime, host, service, version, captured_at, complete, has_refs,"
        " stable_ids, pid, live_root_id, garbage_root_id, n_objects, n_refs, n_live, n_garbage,"
        " shallow_size, live_size, garbage_size, live_native, garbage_native FROM snapshot"
        " ORDER BY id");
    if (status) return status;
    for (int got; !status && (got = heapdb_step(db, q)) != 0;) {
        if (got < 0) {
            status = STATUS_UNUSABLE;
            break;
        }
        if (db->n_snapshots == cap) {
            size_t more = cap ? cap * 2 : 8;
            struct heapdb_snapshot *p = realloc(db->snapshots, more * sizeof *p);
            if (!p) {
                status = message_no_memory("the snapshots of a database");
                break;
            }
            db->snapshots = p;
            cap = more;
        }
        struct heapdb_snapshot *s = &db->snapshots[db->n_snapshots++];
        read_snapshot(db, q, s);
        /* Ids that do not rise come from pages that are linked in a circle. */
        if (!plausible(s) || (db->n_snapshots > 1 && s[-1].id >= s->id))
            status = heapdb_damaged(db, "the numbers of snapshot %lld contradict each other",
                                    (long long)s->id);
    }
    sqlite3_finalize(q);
    if (!status && !db->n_snapshots)
        status = message_error(db->path, MESSAGE_NO_OFFSET, NULL, "the database holds no snapshot");
    return status;
}

/* A process that was killed while it completed the database has left a journal, and only a
 * connection that may write can roll it back: that is what this one does, and nothing else. */
static void roll_back(const char *plain)
{
    sqlite3 *s = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(plain, &s, flags, NULL) == SQLITE_OK) {
        harden(s, true);
        sqlite3_busy_timeout(s, BUSY_MS);
        pragma_number(s, "SELECT count(*) FROM sqlite_schema");
    }
    sqlite3_close_v2(s);
}

/* Opens the file; where a journal has been left behind, a second time after it was rolled back. */
static int open_file(const char *plain, int flags, sqlite3 **out)
{
    for (int attempt = 0;; attempt++) {
        int rc = sqlite3_open_v2(plain, out, flags, NULL);
        if (rc != SQLITE_OK) return rc;
        sqlite3_busy_timeout(*out, BUSY_MS);
        rc = sqlite3_exec(*out, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL);
        if ((rc & 0xff) == SQLITE_BUSY) return SQLITE_BUSY; /* or each statement waits so long */
        if (rc != SQLITE_READONLY_ROLLBACK || attempt) return SQLITE_OK;
        sqlite3_close_v2(*out);
        *out = NULL;
        roll_back(plain);
    }
}

int heapdb_connect(struct heapdb *db, const char *name, bool writable)
{
    char *plain = plain_name(name);
    if (!plain) return message_no_memory("a file name");
    int flags = (writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_EXRESCODE;
    int rc = open_file(plain, flags, &db->sqlite);
    free(plain);
    if (rc == SQLITE_BUSY)
        return message_error(db->path, MESSAGE_NO_OFFSET, "again when it has done that",
                             "another program is writing to it");
    if (rc != SQLITE_OK) {
        int os = db->sqlite ? sqlite3_system_errno(db->sqlite) : 0;
        return os ? message_errno(db->path, os, "cannot open")
                  : message_error(db->path, MESSAGE_NO_OFFSET, NULL, "cannot open: %s",
                                  sqlite3_errstr(rc));
    }
    harden(db->sqlite, writable);
    int status = check_version(db->sqlite, db->path);
    return status ? status : vet_schema(db->sqlite, db->path);
}

/* Opens the file `name` as the database of `db`, and reads its list of snapshots. */
static int open_database(struct heapdb *db, const char *name, bool writable)
{
    int status = heapdb_connect(db, name, writable);
    return status ? status : read_snapshots(db);
}

static bool lacks_refs(const struct heapdb *db)
{
    for (size_t i = 0; i < db->n_snapshots; i++)
        if (!db->snapshots[i].has_refs) return true;
    return false;
}

/* Whether a file that has to be loaded is loaded with its references. */
static bool with_refs(const struct heapdb_options *o)
{
    return o->need_refs || o->load_refs;
}

/* ---- a snapshot file ----------------------------------------------------------------------- */

/* Loads `path` into the database `name`, which the output machinery makes whole or not at all. */
static int load_into(const char *path, const char *name, bool refs)
{
    struct output *out;
    struct load_result result;
    struct load_options lo = { .summary = !refs };
    int status = output_open(&out, name, OUTPUT_REGULAR | OUTPUT_FORCE);
    if (status) return status;
    status = load_files(&path, 1, output_temporary(out), name, &lo, &result);
    if (status) {
        output_discard(out);
        return status;
    }
    return output_publish(out);
}

/* Whether a cached database is there as it was published: a heap database of the length that its
 * header states (pages at offset 28, their size at 16). A full disk or a crash of the machine may
 * have cut it; then it is loaded anew. */
static bool cache_whole(const char *name)
{
    unsigned char h[100];
    struct sniff kind;
    struct stat st;
    if (sniff_path(name, &kind) != 0 || kind.kind != SNIFF_HEAPDB) return false;
    FILE *f = fopen(name, "rb");
    if (!f) return false;
    bool got = fread(h, 1, sizeof h, f) == sizeof h && fstat(fileno(f), &st) == 0;
    fclose(f);
    if (!got) return false;
    uint64_t page = (uint64_t)h[16] << 8 | h[17];
    uint64_t pages = (uint64_t)h[28] << 24 | (uint64_t)h[29] << 16 | (uint64_t)h[30] << 8 | h[31];
    return (uint64_t)st.st_size == pages * (page == 1 ? 65536 : page);
}

/* Whether it can be opened and its schema is whole: where a disk has lost more than the end. What
 * lies deeper shows when it is read; see heapdb_damaged. */
static bool cache_sound(const char *name)
{
    sqlite3 *s = NULL;
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    bool sound = sqlite3_open_v2(name, &s, flags, NULL) == SQLITE_OK;
    if (sound) {
        harden(s, false);
        sqlite3_busy_timeout(s, BUSY_MS);
        int64_t n = pragma_number(s, "SELECT count(*) FROM snapshot");
        int code = sqlite3_errcode(s);
        /* A journal, or a process that writes, is for the opening itself. */
        sound = n > 0 ? vet_schema(s, NULL) == 0
                      : code != SQLITE_CORRUPT && code != SQLITE_NOTADB && code != SQLITE_ERROR &&
                        n != 0;
    }
    sqlite3_close_v2(s);
    return sound;
}

int heapdb_load_cached(const char *path, bool refs, char **name)
{
    char *directory = cache_directory();
    if (!directory) return 1;
    int status = 0;
    *name = cache_name(directory, path);
    if (!*name) {
        status = message_errno(path, errno, "cannot read");
    } else if (cache_whole(*name) && cache_sound(*name)) {
        cache_touch(*name);
    } else {
        struct load_estimate e = load_estimate(&path, 1, !refs);
        cache_trim(directory, e.database_size, NULL);
        message_note("loading %s into %s", message_name(path), *name);
        status = load_check_room(*name, path, "XDG_CACHE_HOME, for a cache on another disk", &e);
        if (!status) status = load_into(path, *name, refs);
        if (!status) cache_trim(directory, 0, *name);
    }
    free(directory);
    return status;
}

/* A temporary file, which the caller discards when SQLite has opened it, and a signal removes. */
static int load_temporary(const char *path, const struct heapdb_options *o, struct output **out,
                          char **name)
{
    const char *directory = getenv("TMPDIR");
    struct text t = { 0 };
    if (!directory || directory[0] != '/') directory = "/tmp";
    text_addf(&t, "%s/snap-database-%ld", directory, (long)getpid());
    if (t.failed) return message_no_memory("a file name");
    int status = output_open(out, t.s, OUTPUT_REGULAR | OUTPUT_FORCE);
    text_free(&t);
    if (status) return status;
    *name = strdup(output_temporary(*out));
    if (!*name) return message_no_memory("a file name");
    struct load_result result;
    struct load_options lo = { .summary = !with_refs(o) };
    return load_files(&path, 1, *name, *name, &lo, &result);
}

static int open_snapshot(struct heapdb *db, const struct heapdb_options *o)
{
    char *name = NULL;
    struct output *out = NULL;
    const char *file = db->private->input.file;
    const struct import_format *format = import_open(file);
    if (!format) return STATUS_UNUSABLE;
    bool is_snap = strcmp(format->name, "snap") == 0;
    db->taken = is_snap ? HEAPDB_TAKEN_SNAP : HEAPDB_TAKEN_FOREIGN;
    db->taken_text = format->what;
    if (o->writable)
        return message_error(db->path, MESSAGE_NO_OFFSET, "snapload",
                             "this is %s, not a database that can be written to", format->what);
    int status = o->no_cache ? 1 : heapdb_load_cached(file, with_refs(o), &name);
    bool temporary = status == 1;
    db->private->cached = status == 0;
    db->private->temporary = temporary;
    db->private->with_refs = with_refs(o);
    if (temporary) status = load_temporary(file, o, &out, &name);
    db->private->database = name;
    db->database = name;
    if (!status) status = open_database(db, name, false);
    if (!status && with_refs(o) && lacks_refs(db)) {
        status = complete_database(db, name, file);
        if (!status) status = heapdb_reopen(db, name);
    }
    output_discard(out); /* SQLite has it open; it goes with the last descriptor */
    return status;
}

int heapdb_reopen(struct heapdb *db, const char *name)
{
    sqlite3_close_v2(db->sqlite);
    db->sqlite = NULL;
    free(db->snapshots);
    db->snapshots = NULL;
    db->n_snapshots = 0;
    return open_database(db, name, false);
}

/* ---- what the user named ------------------------------------------------------------------- */

static int open_any(struct heapdb *db, const struct heapdb_options *o)
{
    struct sniff s;
    const char *file = db->private->input.file;
    int error = sniff_path(file, &s);
    if (error) return message_errno(db->path, error, "cannot read");
    if (s.kind != SNIFF_HEAPDB && s.kind != SNIFF_SQLITE) return open_snapshot(db, o);
    db->taken = HEAPDB_TAKEN_DATABASE;
    db->taken_text = "a heap database";
    db->database = file;
    int status = open_database(db, file, o->writable);
    if (!status && o->need_refs && lacks_refs(db)) {
        status = complete_database(db, file, NULL);
        if (!status) status = heapdb_reopen(db, file);
    }
    return status;
}

/* The warnings of the loading, for who only sees the database: what is missing is missing still.
 * Oddities of a snapshot that is all there were told when it was loaded, and stand in the table. */
#define LASTING_WARNINGS                                                                           \
    " FROM warning w WHERE snapshot_id IS NULL OR offset IS NOT NULL"                              \
    " OR (SELECT complete FROM snapshot WHERE id = w.snapshot_id) IS NOT 1"

static int repeat_warnings(struct heapdb *db)
{
    enum { SHOWN = 5 };
    sqlite3_stmt *q;
    int got = 0;
    int64_t n = pragma_number(db->sqlite, "SELECT count(*)" LASTING_WARNINGS);
    if (n <= 0) return 0;
    int status = heapdb_prepare(db, &q, "SELECT offset, message" LASTING_WARNINGS " ORDER BY id");
    if (status) return status;
    for (int i = 0; i < SHOWN && (got = heapdb_step(db, q)) == 1; i++) {
        bool placed = sqlite3_column_type(q, 0) != SQLITE_NULL;
        const char *text = (const char *)sqlite3_column_text(q, 1);
        message_warning(db->path,
                        placed ? (uint64_t)sqlite3_column_int64(q, 0) : MESSAGE_NO_OFFSET, "%s",
                        text ? text : "");
    }
    sqlite3_finalize(q);
    if (n > SHOWN)
        message_warning(db->path, MESSAGE_NO_OFFSET, "%lld more warnings; see the table warning",
                        (long long)(n - SHOWN));
    return got < 0 ? STATUS_UNUSABLE : 0;
}

int heapdb_open(struct heapdb **out, const char *path, const struct heapdb_options *options)
{
    static const struct heapdb_options defaults = { 0 };
    uint64_t warnings = message_warnings();
    struct heapdb *db = calloc(1, sizeof *db);
    struct heapdb_private *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!db || !p) {
        free(db);
        free(p);
        return message_no_memory("a database");
    }
    int status = spool_open(&p->input, path);
    db->private = p;
    db->path = message_name(p->input.name);
    if (!status) status = open_any(db, options ? options : &defaults);
    if (!status && message_warnings() == warnings) status = repeat_warnings(db);
    if (status)
        heapdb_close(db);
    else
        *out = db;
    return status;
}

void heapdb_close(struct heapdb *db)
{
    if (!db) return;
    sqlite3_close_v2(db->sqlite);
    while (db->private->kept) {
        struct kept *next = db->private->kept->next;
        free(db->private->kept);
        db->private->kept = next;
    }
    spool_close(&db->private->input);
    free(db->private->database);
    free(db->private);
    free(db->snapshots);
    free(db);
}
