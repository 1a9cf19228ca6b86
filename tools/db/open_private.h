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
};

/* Closes the connection and opens `name` in its place, after the file was changed. */
int heapdb_reopen(struct heapdb *db, const char *name);

#endif
