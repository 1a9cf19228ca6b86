/* SPDX-License-Identifier: MIT */
/*
 * See sql_shell.h. Dot commands are a table at the end.
 */
#include "db/sql_shell.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/options.h"

/* ---- time limit and interrupt -------------------------------------------------------------- */

/* Set by the handler of SIGINT; the only thing it may do. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = 1;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* SQLite calls it every some thousand steps; not 0 ends the query. */
static int on_progress(void *deadline)
{
    return interrupted || (*(uint64_t *)deadline && now_ns() > *(uint64_t *)deadline);
}

/* ---- parameters ---------------------------------------------------------------------------- */

static char *copy(const char *s, size_t n)
{
    char *c = malloc(n + 1);
    if (!c) return NULL;
    memcpy(c, s, n);
    c[n] = 0;
    return c;
}

int sql_shell_set(struct sql_shell *s, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment)
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "\"%s\" is not name=value", assignment);
    if (strchr(":@$", assignment[0])) assignment++;
    size_t n = (size_t)(equals - assignment);
    struct sql_parameter *p = NULL;
    for (size_t i = 0; i < s->n_parameters; i++)
        if (strlen(s->parameters[i].name) == n && !memcmp(s->parameters[i].name, assignment, n))
            p = &s->parameters[i];
    char *value = copy(equals + 1, strlen(equals + 1));
    if (!value) return message_no_memory("a parameter");
    if (!p) {
        struct sql_parameter *more =
            realloc(s->parameters, (s->n_parameters + 1) * sizeof *s->parameters);
        char *name = copy(assignment, n);
        if (more) s->parameters = more;
        if (!more || !name) {
            free(name);
            free(value);
            return message_no_memory("a parameter");
        }
        p = &s->parameters[s->n_parameters++];
        *p = (struct sql_parameter){ .name = name };
    }
    free(p->value);
    p->value = value;
    return 0;
}

void sql_shell_free(struct sql_shell *s)
{
    for (size_t i = 0; i < s->n_parameters; i++) {
        free(s->parameters[i].name);
        free(s->parameters[i].value);
    }
    free(s->parameters);
    s->parameters = NULL;
    s->n_parameters = 0;
}

static void bind_value(sqlite3_stmt *q, int at, const char *value)
{
    uint64_t number;
    bool minus = value[0] == '-';
    if (number_parse_u64(value + minus, &number) && (!minus || number <= INT64_MAX))
        sqlite3_bind_int64(q, at, minus ? -(int64_t)number : (int64_t)number);
    else
        sqlite3_bind_text(q, at, value, -1, SQLITE_STATIC);
}

/* Binds what is set; parameters without a value stay null. Returns the first that is, or NULL. */
static const char *bind_parameters(struct sql_shell *s, sqlite3_stmt *q)
{
    const char *missing = NULL;
    for (int at = 1; at <= sqlite3_bind_parameter_count(q); at++) {
        const char *name = sqlite3_bind_parameter_name(q, at);
        bool found = false;
        for (size_t i = 0; name && i < s->n_parameters && !found; i++) {
            found = strcmp(s->parameters[i].name, name + 1) == 0;
            if (found) bind_value(q, at, s->parameters[i].value);
        }
        if (!found && !missing && name) missing = name + 1;
    }
    return missing;
}

/* ---- statements ---------------------------------------------------------------------------- */

/* Says why a query ended early. */
static int ended_early(struct sql_shell *s, int rc, uint64_t deadline)
{
    char limit[NUMBER_MAX];
    if (rc == SQLITE_NOMEM) return message_no_memory("the result of a query");
    if (rc == SQLITE_INTERRUPT && !interrupted && deadline)
        return message_error(s->db->path, MESSAGE_NO_OFFSET, "a query by key, or --timeout",
                             "the query took longer than %s",
                             number_duration(limit, s->timeout_ns));
    if (rc == SQLITE_INTERRUPT)
        return message_error(s->db->path, MESSAGE_NO_OFFSET, NULL, "interrupted");
    if (rc == SQLITE_READONLY || rc == SQLITE_AUTH)
        return message_error(s->db->path, MESSAGE_NO_OFFSET,
                             "the sqlite3 shell, on a copy of the file",
                             "only queries are run here: nothing is written, no other file opened");
    return message_error(s->db->path, MESSAGE_NO_OFFSET, NULL, "%s", sqlite3_errmsg(s->db->sqlite));
}

/* Runs one prepared statement. */
static int run_statement(struct sql_shell *s, sqlite3_stmt *q)
{
    struct sigaction action = { .sa_handler = on_interrupt }, before;
    uint64_t started = now_ns(), deadline = s->timeout_ns ? started + s->timeout_ns : 0;
    interrupted = 0;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before);
    sqlite3_progress_handler(s->db->sqlite, 4000, on_progress, &deadline);
    int rc = sql_print(q, &s->style, stdout);
    sqlite3_progress_handler(s->db->sqlite, 0, NULL, NULL);
    sigaction(SIGINT, &before, NULL);
    int status = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : ended_early(s, rc & 0xff, deadline);
    if (s->timer) {
        char took[NUMBER_MAX];
        fflush(stdout);
        message_note("%s", number_duration(took, now_ns() - started));
    }
    return status;
}

static const char *skip_space(const char *sql)
{
    while (isspace((unsigned char)*sql) || *sql == ';') sql++;
    return sql;
}

/* Every statement of `sql`; `strict`: all parameters but :snapshot must have a value. */
static int run_all(struct sql_shell *s, const char *sql, bool strict)
{
    sql = skip_space(sql);
    while (*sql) {
        sqlite3_stmt *q;
        const char *tail;
        int rc = sqlite3_prepare_v2(s->db->sqlite, sql, -1, &q, &tail);
        if (rc != SQLITE_OK) return ended_early(s, rc & 0xff, 0);
        int status = 0;
        if (q) {
            const char *missing = bind_parameters(s, q);
            if (strict && missing && strcmp(missing, "snapshot") != 0)
                status = message_error(s->db->path, MESSAGE_NO_OFFSET, NULL,
                                       "the query asks for a parameter: --param %s=VALUE", missing);
            else
                status = run_statement(s, q);
        }
        sqlite3_finalize(q);
        if (status) return status;
        sql = skip_space(tail);
    }
    return 0;
}

/* ---- saved queries ------------------------------------------------------------------------- */

/* "No such query", with the nearest name. */
static int no_such_query(struct sql_shell *s, const char *name)
{
    sqlite3_stmt *q;
    const char *names[128] = { NULL };
    struct text all = { 0 };
    size_t n = 0, at[128];
    if (heapdb_prepare(s->db, &q, "SELECT name FROM saved_query ORDER BY name"))
        return STATUS_UNUSABLE;
    while (n < 127 && heapdb_step(s->db, q) > 0) {
        at[n++] = all.n;
        text_adds(&all, (const char *)sqlite3_column_text(q, 0));
        text_add(&all, "", 1);
    }
    sqlite3_finalize(q);
    for (size_t i = 0; i < n && !all.failed; i++) names[i] = all.s + at[i];
    const char *near = all.failed ? NULL : options_nearest(name, names);
    int status = message_error(s->db->path, MESSAGE_NO_OFFSET, near ? near : "--list",
                               "there is no saved query \"%s\"", name);
    text_free(&all);
    return status;
}

int sql_shell_saved(struct sql_shell *s, const char *name)
{
    sqlite3_stmt *q;
    int status = heapdb_prepare(s->db, &q, "SELECT sql FROM saved_query WHERE name = ?");
    if (status) return status;
    sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
    int got = heapdb_step(s->db, q);
    if (got < 0)
        status = STATUS_UNUSABLE;
    else if (got == 0)
        status = no_such_query(s, name);
    else
        status = run_all(s, (const char *)sqlite3_column_text(q, 0), true);
    sqlite3_finalize(q);
    return status;
}

int sql_shell_list(struct sql_shell *s)
{
    return run_all(s, "SELECT name, description FROM saved_query ORDER BY name", false);
}

/* ---- dot commands -------------------------------------------------------------------------- */

/* At most this many words of a dot command. */
enum { WORDS = 8 };

struct dot_command {
    const char *name;
    const char *help;
    int (*run)(struct sql_shell *s, int n, char **words);
};

/* Runs `sql` with ?1 bound to the word, or null. */
static int run_with(struct sql_shell *s, const char *sql, const char *word)
{
    sqlite3_stmt *q;
    int status = heapdb_prepare(s->db, &q, sql);
    if (status) return status;
    if (word) sqlite3_bind_text(q, 1, word, -1, SQLITE_STATIC);
    status = run_statement(s, q);
    sqlite3_finalize(q);
    return status;
}

static int dot_tables(struct sql_shell *s, int n, char **words)
{
    return run_with(s, "SELECT m.name, m.type, (SELECT d.meaning FROM doc d WHERE d.name = m.name"
                       " AND d.column IS NULL) AS meaning FROM sqlite_schema m WHERE m.type IN"
                       " ('table', 'view') AND m.name NOT LIKE 'sqlite_%' AND"
                       " (?1 IS NULL OR m.name LIKE ?1) ORDER BY m.type DESC, m.name",
                    n > 1 ? words[1] : NULL);
}

static int dot_schema(struct sql_shell *s, int n, char **words)
{
    struct sql_style style = s->style;
    s->style.mode = SQL_LIST;
    s->style.headers = false;
    sqlite3_stmt *q;
    int status = heapdb_prepare(s->db, &q,
        "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND"
        " (?1 IS NULL OR tbl_name LIKE ?1) ORDER BY rowid");
    if (!status) {
        if (n > 1) sqlite3_bind_text(q, 1, words[1], -1, SQLITE_STATIC);
        /* The text is the database's own: shown with its lines, but nothing else unescaped. */
        while (!status && sqlite3_step(q) == SQLITE_ROW) {
            const char *line = (const char *)sqlite3_column_text(q, 0);
            while (line && *line) {
                size_t length = strcspn(line, "\n");
                text_put(stdout, line, length);
                putchar('\n');
                line += length + (line[length] == '\n');
            }
        }
        sqlite3_finalize(q);
    }
    s->style = style;
    return status;
}

static int dot_mode(struct sql_shell *s, int n, char **words)
{
    for (int i = 0; n > 1 && sql_mode_names[i]; i++) {
        if (strcmp(words[1], sql_mode_names[i]) != 0) continue;
        s->style.mode = (enum sql_mode)i;
        return 0;
    }
    return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "modes are column, list, csv, json, line, ndjson");
}

static int on_or_off(int n, char **words, bool *out)
{
    if (n > 1 && strcmp(words[1], "on") == 0)
        *out = true;
    else if (n > 1 && strcmp(words[1], "off") == 0)
        *out = false;
    else
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "%s takes on or off", words[0]);
    return 0;
}

static int dot_headers(struct sql_shell *s, int n, char **words)
{
    return on_or_off(n, words, &s->style.headers);
}

static int dot_timer(struct sql_shell *s, int n, char **words)
{
    return on_or_off(n, words, &s->timer);
}

static int dot_docs(struct sql_shell *s, int n, char **words)
{
    if (n < 2)
        return run_with(s, "SELECT name, meaning FROM doc WHERE column IS NULL ORDER BY rowid",
                        NULL);
    return run_with(s, "SELECT d.column, d.unit, d.meaning FROM doc d WHERE d.name = ?1"
                       " ORDER BY d.column IS NOT NULL, d.rowid",
                    words[1]);
}

static int dot_saved(struct sql_shell *s, int n, char **words)
{
    if (n < 2) return sql_shell_list(s);
    for (int i = 2; i < n; i++) {
        int status = sql_shell_set(s, words[i]);
        if (status) return status;
    }
    return sql_shell_saved(s, words[1]);
}

static int dot_param(struct sql_shell *s, int n, char **words)
{
    if (n > 1 && strcmp(words[1], "clear") == 0) {
        sql_shell_free(s);
        return 0;
    }
    for (int i = 1; i < n; i++) {
        int status = sql_shell_set(s, words[i]);
        if (status) return status;
    }
    for (size_t i = 0; n < 2 && i < s->n_parameters; i++) {
        text_put(stdout, s->parameters[i].name, strlen(s->parameters[i].name));
        putchar('=');
        text_put(stdout, s->parameters[i].value, strlen(s->parameters[i].value));
        putchar('\n');
    }
    return 0;
}

static int dot_quit(struct sql_shell *s, int n, char **words)
{
    (void)n, (void)words;
    s->quit = true;
    return 0;
}

static int dot_help(struct sql_shell *s, int n, char **words);

static const struct dot_command commands[] = {
    { ".docs",
      ".docs [NAME]           what the tables and views are, or the columns of one",
      dot_docs },
    { ".exit", ".exit                  end", dot_quit },
    { ".headers", ".headers on|off        titles over columns", dot_headers },
    { ".help", ".help                  this list", dot_help },
    { ".mode", ".mode MODE             column, list, csv, json, line or ndjson", dot_mode },
    { ".param",
      ".param [NAME=VALUE..]  set parameters of statements, or show them; .param clear",
      dot_param },
    { ".quit", ".quit                  end", dot_quit },
    { ".saved", ".saved [NAME [P=V..]]  the saved queries, or run one", dot_saved },
    { ".schema", ".schema [NAME]         the SQL of tables and views", dot_schema },
    { ".tables", ".tables [PATTERN]      tables and views", dot_tables },
    { ".timer", ".timer on|off          say how long a query took", dot_timer },
};

static int dot_help(struct sql_shell *s, int n, char **words)
{
    (void)s, (void)n, (void)words;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) puts(commands[i].help);
    return 0;
}

static int run_dot(struct sql_shell *s, char *line)
{
    char *words[WORDS], *rest = NULL;
    int n = 0;
    for (char *w = strtok_r(line, " \t\r\n", &rest); w && n < WORDS;
         w = strtok_r(NULL, " \t\r\n", &rest))
        words[n++] = w;
    for (size_t i = 0; n && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(words[0], commands[i].name) == 0) return commands[i].run(s, n, words);
    return message_error(NULL, MESSAGE_NO_OFFSET, ".help", "unknown command \"%s\"",
                         n ? words[0] : ".");
}

/* ---- the loop ------------------------------------------------------------------------------ */

int sql_shell_run(struct sql_shell *s, const char *sql)
{
    if (*skip_space(sql) != '.') return run_all(s, sql, false);
    char *line = copy(skip_space(sql), strlen(skip_space(sql)));
    int status = line ? run_dot(s, line) : message_no_memory("a command");
    free(line);
    return status;
}

static void prompt(bool interactive, bool inside)
{
    if (!interactive) return;
    fputs(inside ? "  ...> " : "snap> ", stdout);
    fflush(stdout);
}

int sql_shell_loop(struct sql_shell *s, FILE *in, bool interactive)
{
    struct text sql = { 0 };
    char *line = NULL;
    size_t cap = 0;
    int status = 0;
    prompt(interactive, false);
    while (!s->quit && getline(&line, &cap, in) >= 0) {
        int one = 0;
        if (!sql.n && line[0] == '.') {
            one = run_dot(s, line);
        } else if (sql.n || *skip_space(line)) {
            text_adds(&sql, line);
            if (sql.failed) {
                one = message_no_memory("a statement");
                text_free(&sql);
            } else if (sqlite3_complete(text_str(&sql))) {
                one = run_all(s, text_str(&sql), false);
                text_clear(&sql);
            }
        }
        fflush(stdout);
        if (one) status = one;
        if (one && !interactive) break;
        if (!s->quit) prompt(interactive, sql.n > 0);
    }
    if (!status && sql.n && !s->quit) status = run_all(s, text_str(&sql), false);
    if (interactive && !s->quit) putchar('\n');
    free(line);
    text_free(&sql);
    return interactive ? 0 : status;
}
