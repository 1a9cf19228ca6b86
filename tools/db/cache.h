/* SPDX-License-Identifier: MIT */
/*
 * The cache of databases made from snapshot files on the way to an answer.
 *
 * `$XDG_CACHE_HOME/snap`, else `~/.cache/snap` (0700): one file a snapshot file (0600), named by
 * the hash and size of the file's bytes and the hash of the schema, so neither a name nor a time
 * stamp can lie, and a new schema starts anew. What was used last has the youngest time stamp;
 * the oldest go when the whole is too large (SNAP_CACHE_SIZE, by default 4 GiB, and a quarter of
 * the disk's free room if that is less).
 *
 * A directory that is not the user's own, or that others may write to, is not used.
 */
#ifndef SNAP_TOOLS_DB_CACHE_H
#define SNAP_TOOLS_DB_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/** The cache's directory, made where it is missing; the caller frees it. NULL when there is none
 *  that can be used: no home, no permission, not safe. */
char *cache_directory(void);

/** The name of the database for the snapshot file `path` in `directory`; the caller frees it.
 *  NULL with errno set when the file cannot be read. O(bytes). */
char *cache_name(const char *directory, const char *path);

/** Marks a database as used now. */
void cache_touch(const char *name);

/** Removes what was not used for longest until `incoming` more bytes fit; `keep` (may be NULL)
 *  stays. What a killed load has left goes after six hours. Other files are not touched. */
void cache_trim(const char *directory, uint64_t incoming, const char *keep);

#endif
