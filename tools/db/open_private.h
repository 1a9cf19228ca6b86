/* SPDX-License-Identifier: MIT */
/*
 * What an open database owns beside its connection; for the files of heapdb.h only.
 */
#ifndef SNAP_TOOLS_DB_OPEN_PRIVATE_H
#define SNAP_TOOLS_DB_OPEN_PRIVATE_H

#include "cli/spool.h"
#include "db/heapdb.h"

/* A text that lives as long as the database. */
struct kept {
    struct kept *next;
    char text[];
};

struct heapdb_private {
    struct spool input; /* input.file is what to open, db->path what to call it */
    struct kept *kept;
    char *database; /* name in the cache, or of the temporary file */
    bool cached;    /* database is one of the cache: it can be made again */
    bool temporary; /* database has no name any more: it lasts as long as the connection */
    bool with_refs; /* as it was asked for */
    struct heapdb_parked {
        uint64_t device, inode, size;
    } parked;
};

/* Opens `name` as the database of `db` and checks what it is, without reading its snapshots. */
int heapdb_connect(struct heapdb *db, const char *name, bool writable);

/* The name in the cache of the database of this file, loaded where it is not there; 1: no cache. */
int heapdb_load_cached(const char *path, bool with_refs, char **name);

/* Closes the connection and opens `name` in its place, after the file was changed. */
int heapdb_reopen(struct heapdb *db, const char *name);

#endif
