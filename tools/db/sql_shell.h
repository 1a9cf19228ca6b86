/* SPDX-License-Identifier: MIT */
/*
 * Running SQL of the user's on a heap database: single statements, saved queries, and a shell that
 * reads statements and dot commands from a stream, with the habits of the sqlite3 shell.
 *
 * The database is read-only whatever the SQL says. A query ends at the time limit, and at an
 * interrupt (SIGINT), with a message; the shell goes on after it.
 */
#ifndef SNAP_TOOLS_DB_SQL_SHELL_H
#define SNAP_TOOLS_DB_SQL_SHELL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "db/heapdb.h"
#include "db/sql_print.h"

/** A named parameter of statements: `:name`, `@name` or `$name`. */
struct sql_parameter {
    char *name; /* without the sign */
    char *value;
};

struct sql_shell {
    struct heapdb *db;
    struct sql_style style;
    uint64_t timeout_ns; /* 0: none */
    struct sql_parameter *parameters;
    size_t n_parameters;
    bool timer;
    bool quit;
};

/** Sets a parameter from "name=value"; a value that is a number (decimal, or 0x..) is bound as one,
 *  any other as text. Returns 0 or STATUS_UNUSABLE. */
int sql_shell_set(struct sql_shell *s, const char *assignment);
void sql_shell_free(struct sql_shell *s);

/** Runs all statements of `sql`, or one command of the shell (".tables"), and prints to stdout. */
int sql_shell_run(struct sql_shell *s, const char *sql);

/** Runs a saved query by name; parameters it needs must be set. */
int sql_shell_saved(struct sql_shell *s, const char *name);

/** Lists the saved queries. */
int sql_shell_list(struct sql_shell *s);

/** Reads and runs until the end of `in`, with prompts where `interactive`. Returns 0, or
 *  STATUS_UNUSABLE when a statement failed (not interactive: the first one ends it). */
int sql_shell_loop(struct sql_shell *s, FILE *in, bool interactive);

#endif
