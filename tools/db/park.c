/* SPDX-License-Identifier: MIT */
/*
 * Databases that are open in turn: a comparison of thousands of files has neither the descriptors
 * nor the memory to hold all of them open. See heapdb.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "db/open_private.h"

static bool identity(const char *name, struct heapdb_parked *out)
{
    struct stat st;
    if (stat(name, &st) != 0) return false;
    *out = (struct heapdb_parked){ (uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size };
    return true;
}

void heapdb_park(struct heapdb *db)
{
    struct heapdb_private *p = db->private;
    if (!db->sqlite || p->temporary || !identity(db->database, &p->parked)) return;
    sqlite3_close_v2(db->sqlite);
    db->sqlite = NULL;
}

/* The cache may have had to make room since; then the snapshot is loaded again, into the same name
 * unless its contents are others by now. */
static int load_again(struct heapdb *db)
{
    struct heapdb_private *p = db->private;
    char *name = NULL;
    int status = heapdb_load_cached(p->input.file, p->with_refs, &name);
    bool same = status == 0 && strcmp(name, p->database) == 0 && identity(name, &p->parked);
    free(name);
    if (status == STATUS_UNUSABLE || same) return status;
    return message_error(db->path, MESSAGE_NO_OFFSET, NULL, "changed while it was compared");
}

int heapdb_wake(struct heapdb *db)
{
    struct heapdb_parked now;
    int status = 0;
    if (db->sqlite) return 0;
    bool there = identity(db->database, &now);
    if (!there && db->private->cached)
        status = load_again(db);
    else if (!there || memcmp(&now, &db->private->parked, sizeof now) != 0)
        status = message_error(db->path, MESSAGE_NO_OFFSET, NULL, "changed while it was compared");
    return status ? status : heapdb_connect(db, db->database, false);
}
