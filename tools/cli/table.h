/* SPDX-License-Identifier: MIT */
/*
 * Aligned tables for people.
 *
 *     static const struct table_column columns[] = {
 *         { .title = "retained", .align = TABLE_RIGHT },
 *         { .title = "type", .shrink = true },
 *     };
 *     struct table *t = table_new(columns, 2);
 *     for (...) {
 *         table_size(t, row.retained);
 *         table_cell(t, row.type, strlen(row.type));
 *     }
 *     if (table_print(t, stdout)) status = message_no_memory("a table");
 *     table_free(t);
 *
 * Cells are added left to right; a row is complete when every column has its cell. Text is escaped
 * (text.h). On a terminal the columns marked `shrink` are shortened, the widest first, with an
 * ellipsis, until the row fits; into a pipe or a file nothing is ever cut. Trailing blanks are not
 * printed. Columns are separated by two blanks.
 *
 * The table is kept in memory until it is printed: for thousands of rows, not for millions.
 * A failed allocation is remembered and reported by table_print. Threads: one at a time.
 */
#ifndef SNAP_TOOLS_CLI_TABLE_H
#define SNAP_TOOLS_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "color.h"
#include "text.h"

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
    const char *title;       /* NULL for none; a table whose titles are all NULL has no heading */
    enum table_align align;
    bool shrink;             /* may be shortened on a terminal */
    enum text_cut cut;       /* which part is dropped then */
    unsigned max_width;      /* columns on a terminal, 0: no limit of its own */
};

struct table;

/** A new table; `columns` must outlive it. NULL when there is no memory; all functions take NULL
 *  (adding does nothing, table_print reports the failure). */
struct table *table_new(const struct table_column *columns, size_t n);
void table_free(struct table *t);

/** Colour of the next cell. */
void table_color(struct table *t, enum color color);

/** Next cell: n bytes of text, or a C string (NULL: an empty cell), or formatted text. */
void table_cell(struct table *t, const char *s, size_t n);
void table_cells(struct table *t, const char *s);
void table_cellf(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Next cell: a text; one that failed for want of memory fails the table. */
void table_text(struct table *t, const struct text *text);

/** Next cell: a number in the manner of number.h. */
void table_size(struct table *t, uint64_t bytes);
void table_count(struct table *t, uint64_t n);

/** Next cell: a signed change; growth is COLOR_BAD, shrinkage COLOR_GOOD unless table_color says
 *  otherwise. */
void table_delta(struct table *t, int64_t bytes);
void table_count_delta(struct table *t, int64_t n);

/** Next cell: indentation of `depth` steps of two blanks before the text; for trees. */
void table_tree(struct table *t, unsigned depth, const char *s, size_t n);

/** Number of complete rows. */
size_t table_rows(const struct table *t);

/** Prints heading and rows. Returns 0, or -1 when memory was short or a row was incomplete (then
 *  nothing is printed). Errors of `out` stay in the stream, for command_main to find. */
int table_print(struct table *t, FILE *out);

/** Columns of the terminal behind `out`; 0 when it is none. COLUMNS overrides the terminal's own
 *  answer, not the absence of a terminal. */
size_t table_terminal_width(FILE *out);

#endif
