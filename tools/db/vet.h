/* SPDX-License-Identifier: MIT */
/*
 * Whether a database is laid out as format/schema.sql says, before anything of it is asked.
 *
 * A database may come from a stranger, and a name says nothing: `object` may be a view that never
 * ends, a virtual table, or a table with computed columns. So every table, view and index of the
 * schema must be there with the text that this program gives it; comments and the width of gaps do
 * not count. SQLite builds what the text says, so nothing else can stand behind a name. Tables and
 * views of the user's own beside them are no matter: nobody asks them.
 *
 * No statement is compiled that touches a table or view of the file other than sqlite_schema: to
 * compile a question to a view takes as long as the view's author likes. Some milliseconds the first
 * time, less than one after that. From one thread at a time.
 */
#ifndef SNAP_TOOLS_DB_VET_H
#define SNAP_TOOLS_DB_VET_H

#include <sqlite3.h>

/** Returns 0, or STATUS_UNUSABLE after a message that names the database as `path`; without one
 *  where `path` is NULL. */
int vet_schema(sqlite3 *s, const char *path);

#endif
