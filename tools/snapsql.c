/* SPDX-License-Identifier: MIT */
/*
 * snapsql: SQL on any snapshot. Options and flow; statements and the shell are in tools/db.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/options.h"
#include "db/heapdb.h"
#include "db/sql_shell.h"

struct options {
    struct common_options common;
    const char *saved;
    struct option_list params;
    bool list, no_headers, no_cache;
    int mode;
    uint64_t timeout;
};

static const struct option_spec specs[] = {
    OPT_STRING(struct options, saved, "saved", 's', "NAME", "run the saved query NAME"),
    OPT_FLAG(struct options, list, "list", 'l', "list the saved queries"),
    OPT_LIST(struct options, params, "param", 'p', "NAME=VALUE",
             "the value of :NAME in the SQL; may be repeated"),
    OPT_ENUM(struct options, mode, "mode", 'm', "MODE", sql_mode_names,
             "column (the default), list, csv, json, line or ndjson"),
    OPT_FLAG(struct options, no_headers, "no-headers", 0, "leave out the titles of the columns"),
    OPT_DURATION(struct options, timeout, "timeout", 't', "TIME",
                 "end a query that takes longer (10s, 2min; default: no limit)"),
    OPT_FLAG(struct options, no_cache, "no-cache", 0,
             "do not keep the database that is made of a snapshot"),
    OPT_COMMON(struct options, common),
    OPT_END
};

/* What was asked for, in the order: list, saved query, SQL of the command line, the shell. */
static int answer(struct sql_shell *s, const struct options *o, int n, char **operands)
{
    if (o->list) return sql_shell_list(s);
    if (o->saved) return sql_shell_saved(s, o->saved);
    int status = 0;
    for (int i = 1; i < n && !status && !s->quit; i++) status = sql_shell_run(s, operands[i]);
    if (n > 1) return status;
    bool interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (interactive)
        message_note("%s: %s; .help for help, .saved for questions, .docs for what is here",
                     s->db->path, s->db->taken_text);
    return sql_shell_loop(s, stdin, interactive);
}

static int run(void *options, int n, char **operands)
{
    struct options *o = options;
    struct heapdb_options open = { .need_refs = true, .no_cache = o->no_cache };
    struct sql_shell s = {
        .style = { .mode = (enum sql_mode)o->mode, .headers = !o->no_headers, .null_text = "" },
        .timeout_ns = o->timeout,
    };
    if ((o->list || o->saved) && n > 1)
        return message_usage("--%s takes no SQL", o->list ? "list" : "saved");
    if (o->common.json) {
        s.style.mode = SQL_JSON;
        s.style.envelope = true;
    }
    int status = heapdb_open(&s.db, operands[0], &open);
    for (size_t i = 0; i < o->params.n && !status; i++)
        status = sql_shell_set(&s, o->params.at[i]);
    if (!status) status = answer(&s, o, n, operands);
    sql_shell_free(&s);
    heapdb_close(s.db);
    return status;
}

static const struct command command = {
    .name = "snapsql",
    .summary = "Asks a heap snapshot in SQL; without SQL, reads statements from standard input.",
    .operands = "FILE [SQL...]",
    .min_operands = 1,
    .max_operands = COMMAND_ANY,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes = "FILE is a heap database, or a snapshot or a dump of another tool, of which a "
             "database is made in the cache first; `-` is standard input.\n"
             "\n"
             "Examples:\n"
             "  snapsql a.snap --list\n"
             "  snapsql a.snap --saved top_objects\n"
             "  snapsql a.snap .tables\n"
             "  snapsql a.snap "
             "'SELECT name, n, retained_size FROM types ORDER BY 3 DESC LIMIT 10'\n"
             "  echo .docs | snapsql a.snap",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { 0 };
    return command_main(&command, argc, argv, &o);
}
