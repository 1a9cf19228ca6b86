/* SPDX-License-Identifier: MIT */
/*
 * A heap database, opened from whatever the user named: what every query tool starts from.
 *
 *     struct heapdb *db;
 *     struct heapdb_options o = { .need_refs = true };
 *     if (heapdb_open(&db, path, &o)) return STATUS_UNUSABLE;
 *     sqlite3_stmt *q;
 *     if (heapdb_prepare(db, &q, "SELECT name, retained_size FROM types ORDER BY 2 DESC")) ...
 *     heapdb_close(db);
 *
 * Tables, views and columns: format/schema.sql. Functions print their error through cli/message.h
 * and return 0 or STATUS_UNUSABLE unless said otherwise. Texts out of a database are hostile:
 * escape them (cli/text.h; tables and JSON do it by themselves).
 *
 * Threads: one thread a database. Ids, addresses: 64-bit patterns; SQLite's signed integers are
 * cast.
 */
#ifndef SNAP_TOOLS_DB_HEAPDB_H
#define SNAP_TOOLS_DB_HEAPDB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/text.h"

/** The numbers in the header of a database; the same stand in format/schema.sql. */
#define HEAPDB_APPLICATION_ID 0x736e6170
#define HEAPDB_USER_VERSION   1
/** Objects listed for one type, site, cycle, and in top_object and heavy_object. */
#define HEAPDB_LIST_MAX 10000u
/** Objects listed in long_object and sparse_object. */
#define HEAPDB_NOTABLE_MAX 1000u
/** Ids a block of type_prefix. */
#define HEAPDB_PREFIX_IDS 32768u

/** What the file was taken for. */
enum heapdb_taken {
    HEAPDB_TAKEN_DATABASE, /* a heap database, opened as it is */
    HEAPDB_TAKEN_SNAP,     /* a snapshot file, loaded into a database in the cache */
    HEAPDB_TAKEN_FOREIGN   /* a dump of another tool, imported likewise */
};

struct heapdb_options {
    bool need_refs; /* ref and referrer are asked; a database without them is completed */
    bool load_refs; /* likewise, but a database without them will do as it is */
    bool no_cache;  /* load into a temporary database that goes when it is closed */
    bool writable;  /* for tools that add tables to a database of their own: opened read-write; only
                       for HEAPDB_TAKEN_DATABASE */
};

/** One row of `snapshot`. Texts are NULL where the row has null. */
struct heapdb_snapshot {
    int64_t id;
    const char *path, *runtime, *host, *service, *version;
    double captured_at; /* seconds since 1970; looked at where has_time */
    bool has_time;
    bool complete;      /* nothing is missing: conclusions about garbage and externals hold */
    bool has_refs;
    bool stable_ids;    /* an object keeps its id between snapshots of the process */
    int64_t pid;        /* 0: not known */
    int64_t live_root_id, garbage_root_id;
    int64_t n_objects, n_refs, n_live, n_garbage;
    int64_t shallow_size, live_size, garbage_size;
    int64_t live_native, garbage_native; /* outside the heap; 0 also where it is not known */
};

struct heapdb {
    sqlite3 *sqlite;
    const char *path;     /* as the user named it, for messages; "standard input" for `-` */
    const char *database; /* the database's own name: the input, or a file in the cache */
    enum heapdb_taken taken;
    const char *taken_text; /* "a heap snapshot", "a heap database": for JSON and messages */
    size_t n_snapshots;
    struct heapdb_snapshot *snapshots; /* by id ascending; at least one */
    struct heapdb_private *private;
};

/**
 * Opens `path`: a snapshot file (whole, `.part` or truncated: what is missing is a warning), a heap
 * database, or a dump that an importer knows. `-` is standard input; pipes are copied first.
 *
 * A database is opened read-only and defensively: SQLITE_DBCONFIG_DEFENSIVE, no trusted schema, no
 * extensions, lowered limits, no memory map, application id and version checked; nothing of the
 * file's own triggers or functions can run. Every table, view and index of the schema must be there
 * as format/schema.sql makes it (db/vet.h); others beside them are no matter. It may come from a
 * stranger.
 *
 * A snapshot is loaded into `$XDG_CACHE_HOME/snap` (else `~/.cache/snap`; directory 0700, files
 * 0600), named by a hash of the file's bytes, and found there the next time. The cache is kept
 * below SNAP_CACHE_SIZE (default 4 GiB, and never more than a quarter of the free disk) by removing
 * what was not used for longest. Loading is announced once on stderr, not with --quiet. Where no
 * cache directory can be made, a temporary file is used as with no_cache.
 *
 * Returns 0, or STATUS_UNUSABLE after a message; then *db is NULL.
 */
int heapdb_open(struct heapdb **db, const char *path, const struct heapdb_options *options);

/** Closes; removes a temporary database. NULL is allowed. */
void heapdb_close(struct heapdb *db);

/** Gives back the connection of a database, with its memory, until heapdb_wake; paths and snapshots
 *  stay. No statement may be left. A temporary database stays open. For who has many of them. */
void heapdb_park(struct heapdb *db);

/** Opens a parked database again; nothing on one that is open. One that was removed from the cache
 *  is loaded again; one that changed is an error. */
int heapdb_wake(struct heapdb *db);

/** One read transaction for all that is asked from here on: one state of the file, and no locks for
 *  each statement, which cost more than a look-up by key. Again: nothing. Ends with heapdb_release,
 *  and when the database is parked or closed; meanwhile nobody can complete it. */
int heapdb_hold(struct heapdb *db);

/** Ends what heapdb_hold began, if it did. No statement may be at work. Who was given a database
 *  asks heapdb_is_held first, and leaves a transaction that it found to its owner. */
void heapdb_release(struct heapdb *db);
bool heapdb_is_held(const struct heapdb *db);

/** Prints SQLite's last error on this database as an error about its file. STATUS_UNUSABLE. */
int heapdb_error(const struct heapdb *db, const char *doing);

/** Says that the database is damaged, how, and what to do: a database in the cache is removed, so
 *  that the next command loads the snapshot anew. STATUS_UNUSABLE. */
int heapdb_damaged(const struct heapdb *db, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Prepares one statement; the caller finalises it. */
int heapdb_prepare(struct heapdb *db, sqlite3_stmt **out, const char *sql);

/** Steps: 1 a row, 0 done, -1 after a message (the statement's file is damaged, or interrupted). */
int heapdb_step(struct heapdb *db, sqlite3_stmt *q);

/** The first column of the first row of a query with one parameter (bound when the SQL has one), as
 *  an integer: 0 with *out, 1 when there is no row or it is null, -1 after a message. */
int heapdb_number(struct heapdb *db, const char *sql, int64_t parameter, int64_t *out);

/* ---- which snapshot, which object ---- */

/** The snapshot that a user means: NULL or "last" the last, "first", or an id as in `snapshot`.
 *  *out points into db->snapshots. */
int heapdb_pick(struct heapdb *db, const char *which, const struct heapdb_snapshot **out);

/** The snapshot whose ids contain `id`; NULL if none does. O(snapshots). */
const struct heapdb_snapshot *heapdb_snapshot_of(const struct heapdb *db, int64_t id);

/**
 * The object that a user means: `#123` or `123` an id of the database, `0x7f..` an address in the
 * snapshot (the object that begins there, or the one whose shallow size reaches over it; the
 * message says which). A virtual root is refused. One line says what was wrong with the argument.
 */
int heapdb_resolve(struct heapdb *db, const struct heapdb_snapshot *snapshot, const char *argument,
                   int64_t *id);

/** A list of numbers; free with heapdb_ids_free. */
struct heapdb_ids {
    size_t n;
    int64_t *at;
};

/**
 * The types of a snapshot that a user means by `pattern`: an exact name ("dict", "Session"), a name
 * with its module ("app.models.Session"), or a glob over either ("*Session"). The largest retained
 * first. No match is an error whose hint names the nearest type.
 */
int heapdb_types(struct heapdb *db, const struct heapdb_snapshot *snapshot, const char *pattern,
                 struct heapdb_ids *out);
void heapdb_ids_free(struct heapdb_ids *ids);

/* ---- what things are called; the same words as in the views ---- */

/** One reference as a step: `.attribute`, `['key']`, `[#5e1c90]` (a key that was not recorded),
 *  `[3]`, `<local x>`, `<type>`. `kind` is snap_edge_kind, name may be NULL. */
void heapdb_label(struct text *t, int kind, const char *name, bool has_key, uint64_t key,
                  uint64_t position);

/** Names of registered numbers, as in the tables edge_kind, root_kind, resource_kind,
 *  resource_state; "unknown" for others. Never NULL. */
const char *heapdb_edge_kind(int64_t kind);
const char *heapdb_root_kind(int64_t kind);
const char *heapdb_resource_kind(int64_t kind);
const char *heapdb_resource_state(int64_t state);

/** Whether references of this kind keep their target alive; the filter of the loader. */
bool heapdb_edge_holds(int64_t kind);

/** "tracked, frozen" for SNAP_OBJECT_* bits; "" for none. */
void heapdb_flags(struct text *t, int64_t flags);

/** One object with its names. Texts belong to the structure; null is NULL. */
struct heapdb_object {
    int64_t id, snapshot_id, type_id;
    uint64_t address;
    char *type, *module, *name; /* name: the object's own (function, task) */
    int64_t shallow_size, retained_size, retained_count;
    int64_t native_size, retained_native, distance, dominator_id, parent_id, parent_position;
    int64_t component_id, stack_id, external_refs, refcount, generation, length, capacity, bound;
    int64_t resource, state;
    int64_t last_dominated, flags;
    bool is_garbage;
    bool virtual_root;
    /* which of the optional numbers hold a value */
    bool has_address, has_native, has_retained_native, has_distance, has_dominator, has_parent,
        has_component, has_stack, has_external_refs, has_refcount, has_generation, has_length,
        has_capacity, has_bound, has_resource, has_state;
};

/** Reads object `id`; an unknown id is an error. */
int heapdb_object(struct heapdb *db, int64_t id, struct heapdb_object *out);
void heapdb_object_free(struct heapdb_object *o);

/* ---- paths and sets ---- */

/** One step of a path from a root; texts belong to the path. */
struct heapdb_step {
    int64_t id;         /* the object reached */
    char *label;        /* the edge into it; for the first step the root: "global app", "local x" */
    char *type;
    int root_kind;      /* first step: snap_root_kind; else 0 */
    int64_t shallow_size, retained_size;
};

struct heapdb_path {
    size_t n;        /* steps here, the root object first */
    int64_t length;  /* steps of the whole path; larger than n when it was cut */
    struct heapdb_step *steps;
};

/** The shortest path to an object as the loader found it (parent_id), at most `limit` steps, the
 *  ones next to the object kept. n is 0 for garbage. O(steps). */
int heapdb_shortest_path(struct heapdb *db, int64_t id, size_t limit, struct heapdb_path *out);
void heapdb_path_free(struct heapdb_path *p);

/** Types of what `id` retains (itself included), as rows (type_id, name, n, shallow_size), largest
 *  first, prepared and bound: milliseconds at any size, through type_prefix. */
int heapdb_retained_types(struct heapdb *db, int64_t id, sqlite3_stmt **out);

#endif
