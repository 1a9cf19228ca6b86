/* SPDX-License-Identifier: MIT */
/*
 * See sql_print.h. One function a shape; all of them read the row where it stands in the statement.
 */
#include "db/sql_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/table.h"
#include "cli/text.h"

/* Rows aligned together; the next batch is aligned anew. */
#define BATCH_ROWS 1000

/* Beyond it a double cannot tell integers apart. */
#define JSON_EXACT (INT64_C(1) << 53)

const char *const sql_mode_names[] = { "column", "list", "csv", "json", "line", "ndjson", NULL };

/* The value as plain text, appended; null as the style says. */
static void add_value(struct text *t, sqlite3_stmt *q, int column, const struct sql_style *style)
{
    const unsigned char *bytes;
    switch (sqlite3_column_type(q, column)) {
    case SQLITE_NULL:
        text_adds(t, style->null_text);
        return;
    case SQLITE_BLOB:
        bytes = sqlite3_column_blob(q, column);
        text_adds(t, "X'");
        for (int i = 0; i < sqlite3_column_bytes(q, column); i++) text_addf(t, "%02x", bytes[i]);
        text_adds(t, "'");
        return;
    default:
        text_add(t, (const char *)sqlite3_column_text(q, column),
                 (size_t)sqlite3_column_bytes(q, column));
    }
}

/* ---- column -------------------------------------------------------------------------------- */

static int print_batch(sqlite3_stmt *q, const struct sql_style *style, struct table *t)
{
    struct text value = { 0 };
    int n = sqlite3_column_count(q), rc = SQLITE_ROW;
    for (size_t rows = 0; rows < BATCH_ROWS && rc == SQLITE_ROW; rows++) {
        for (int i = 0; i < n; i++) {
            text_clear(&value);
            add_value(&value, q, i, style);
            table_text(t, &value);
        }
        rc = sqlite3_step(q);
    }
    if (value.failed) rc = SQLITE_NOMEM;
    text_free(&value);
    return rc;
}

static int print_columns(sqlite3_stmt *q, const struct sql_style *style, FILE *out)
{
    int n = sqlite3_column_count(q), rc = sqlite3_step(q);
    bool first = true;
    while (rc == SQLITE_ROW) {
        struct table_column *columns = calloc((size_t)n, sizeof *columns);
        if (!columns) return SQLITE_NOMEM;
        for (int i = 0; i < n; i++) {
            int type = sqlite3_column_type(q, i);
            columns[i].title = first && style->headers ? sqlite3_column_name(q, i) : NULL;
            columns[i].align = type == SQLITE_INTEGER || type == SQLITE_FLOAT ? TABLE_RIGHT
                                                                              : TABLE_LEFT;
            columns[i].shrink = true;
        }
        struct table *t = table_new(columns, (size_t)n);
        rc = t ? print_batch(q, style, t) : SQLITE_NOMEM;
        if (table_print(t, out)) rc = SQLITE_NOMEM;
        table_free(t);
        free(columns);
        first = false;
    }
    return rc;
}

/* ---- list, line, csv ----------------------------------------------------------------------- */

static int print_list(sqlite3_stmt *q, const struct sql_style *style, FILE *out)
{
    struct text value = { 0 };
    int n = sqlite3_column_count(q), rc;
    for (int i = 0; i < n && style->headers; i++) {
        if (i) putc('|', out);
        text_put(out, sqlite3_column_name(q, i), strlen(sqlite3_column_name(q, i)));
        if (i == n - 1) putc('\n', out);
    }
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && !value.failed) {
        for (int i = 0; i < n; i++) {
            if (i) putc('|', out);
            text_clear(&value);
            add_value(&value, q, i, style);
            text_put(out, text_str(&value), value.n);
        }
        putc('\n', out);
    }
    if (value.failed) rc = SQLITE_NOMEM;
    text_free(&value);
    return rc;
}

static int print_lines(sqlite3_stmt *q, const struct sql_style *style, FILE *out)
{
    struct text value = { 0 };
    int n = sqlite3_column_count(q), rc;
    size_t width = 0;
    bool first = true;
    for (int i = 0; i < n; i++) {
        size_t w = strlen(sqlite3_column_name(q, i));
        if (w > width && w < 40) width = w;
    }
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && !value.failed) {
        if (!first) putc('\n', out);
        first = false;
        for (int i = 0; i < n; i++) {
            const char *name = sqlite3_column_name(q, i);
            for (size_t pad = strlen(name); pad < width; pad++) putc(' ', out);
            text_put(out, name, strlen(name));
            fputs(" = ", out);
            text_clear(&value);
            add_value(&value, q, i, style);
            text_put(out, text_str(&value), value.n);
            putc('\n', out);
        }
    }
    if (value.failed) rc = SQLITE_NOMEM;
    text_free(&value);
    return rc;
}

/* One field of RFC 4180. */
static void put_csv(FILE *out, const char *s, size_t n, bool is_text)
{
    bool formula = is_text && n && strchr("=+-@\t\r", s[0]);
    bool quote = formula;
    for (size_t i = 0; i < n && !quote; i++) quote = strchr(",\"\r\n", s[i]) && s[i];
    if (!quote) {
        fwrite(s, 1, n, out);
        return;
    }
    putc('"', out);
    if (formula) putc('\'', out);
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"') putc('"', out);
        putc(s[i], out);
    }
    putc('"', out);
}

static int print_csv(sqlite3_stmt *q, const struct sql_style *style, FILE *out)
{
    struct text value = { 0 };
    int n = sqlite3_column_count(q), rc;
    for (int i = 0; i < n && style->headers; i++) {
        const char *name = sqlite3_column_name(q, i);
        if (i) putc(',', out);
        put_csv(out, name, strlen(name), true);
        if (i == n - 1) fputs("\r\n", out);
    }
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && !value.failed && !ferror(out)) {
        for (int i = 0; i < n; i++) {
            if (i) putc(',', out);
            text_clear(&value);
            add_value(&value, q, i, style);
            put_csv(out, text_str(&value), value.n, sqlite3_column_type(q, i) == SQLITE_TEXT);
        }
        fputs("\r\n", out);
    }
    if (value.failed) rc = SQLITE_NOMEM;
    text_free(&value);
    return rc;
}

/* ---- json ---------------------------------------------------------------------------------- */

static void put_json(struct json *j, const char *key, sqlite3_stmt *q, int column)
{
    struct text value = { 0 };
    int64_t v;
    switch (sqlite3_column_type(q, column)) {
    case SQLITE_NULL:
        json_null(j, key);
        return;
    case SQLITE_INTEGER:
        v = sqlite3_column_int64(q, column);
        if (v <= JSON_EXACT && v >= -JSON_EXACT)
            json_i64(j, key, v);
        else
            json_string(j, key, (const char *)sqlite3_column_text(q, column));
        return;
    case SQLITE_FLOAT:
        if (isinf(sqlite3_column_double(q, column)))
            json_string(j, key, (const char *)sqlite3_column_text(q, column));
        else
            json_double(j, key, sqlite3_column_double(q, column));
        return;
    case SQLITE_BLOB:
        add_value(&value, q, column, NULL);
        json_stringn(j, key, text_str(&value), value.n);
        text_free(&value);
        return;
    default:
        json_stringn(j, key, (const char *)sqlite3_column_text(q, column),
                     (size_t)sqlite3_column_bytes(q, column));
    }
}

static bool is_taken(char *const *keys, int n, const char *key)
{
    for (int i = 0; i < n; i++)
        if (strcmp(keys[i], key) == 0) return true;
    return false;
}

static void free_keys(char **keys, int n)
{
    for (int i = 0; keys && i < n; i++) free(keys[i]);
    free(keys);
}

/* The names of the columns, the second "a" as "a:1": readers keep one value of a key. NULL: no
 * memory. */
static char **make_keys(sqlite3_stmt *q, int n)
{
    char **keys = calloc((size_t)n, sizeof *keys);
    for (int i = 0; keys && i < n; i++) {
        const char *name = sqlite3_column_name(q, i);
        size_t size = name ? strlen(name) + 16 : 0;
        keys[i] = name ? malloc(size) : NULL;
        if (!keys[i]) {
            free_keys(keys, i);
            return NULL;
        }
        snprintf(keys[i], size, "%s", name);
        for (int more = 1; is_taken(keys, i, keys[i]); more++)
            snprintf(keys[i], size, "%s:%d", name, more);
    }
    return keys;
}

/* A row as an object. */
static void put_object(struct json *j, sqlite3_stmt *q, char *const *keys, int n)
{
    json_object(j, NULL);
    for (int i = 0; i < n; i++) put_json(j, keys[i], q, i);
    json_end_object(j);
}

static int print_ndjson(sqlite3_stmt *q, FILE *out)
{
    struct json j;
    int n = sqlite3_column_count(q), rc;
    char **keys = make_keys(q, n);
    if (!keys) return SQLITE_NOMEM;
    json_line(&j, out);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && !ferror(out)) {
        put_object(&j, q, keys, n);
        json_next(&j);
    }
    free_keys(keys, n);
    return rc;
}

static int print_json(sqlite3_stmt *q, const struct sql_style *style, FILE *out)
{
    struct json j;
    int n = sqlite3_column_count(q), rc;
    char **keys = make_keys(q, n);
    if (!keys) return SQLITE_NOMEM;
    json_begin(&j, out);
    if (style->envelope) {
        json_object(&j, NULL);
        json_string(&j, "schema", "snap.sql/1");
        json_array(&j, "columns");
        for (int i = 0; i < n; i++) json_string(&j, NULL, sqlite3_column_name(q, i));
        json_end_array(&j);
    }
    json_array(&j, style->envelope ? "rows" : NULL);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (!style->envelope) {
            put_object(&j, q, keys, n);
            continue;
        }
        json_array(&j, NULL);
        for (int i = 0; i < n; i++) put_json(&j, NULL, q, i);
        json_end_array(&j);
    }
    json_end_array(&j);
    if (style->envelope) json_end_object(&j);
    json_finish(&j);
    free_keys(keys, n);
    return rc;
}

int sql_print(sqlite3_stmt *q, const struct sql_style *style, FILE *out)
{
    if (sqlite3_column_count(q) == 0) return sqlite3_step(q);
    switch (style->mode) {
    case SQL_LIST:
        return print_list(q, style, out);
    case SQL_CSV:
        return print_csv(q, style, out);
    case SQL_JSON:
        return print_json(q, style, out);
    case SQL_LINE:
        return print_lines(q, style, out);
    case SQL_NDJSON:
        return print_ndjson(q, out);
    default:
        return print_columns(q, style, out);
    }
}
