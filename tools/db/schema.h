/* SPDX-License-Identifier: MIT */
/*
 * The text of format/schema.sql, compiled in.
 */
#ifndef SNAP_TOOLS_DB_SCHEMA_H
#define SNAP_TOOLS_DB_SCHEMA_H

/** NUL-terminated SQL script that makes an empty heap database. */
extern const char db_schema[];

#endif
