/* SPDX-License-Identifier: MIT */
/*
 * Aligned tables; the contract is in table.h. All text lies in one growing string, a cell is an
 * offset into it. O(cells) time and memory; shrinking is O(columns * width of the terminal).
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "number.h"

enum {
    TABLE_GAP = 2,       /* blanks between columns */
    TABLE_MIN_SHRINK = 8 /* a column is not made narrower than this */
};

struct cell {
    size_t at;    /* offset in the table's text */
    size_t n;     /* bytes */
    size_t width; /* columns */
    enum color color;
};

struct table {
    const struct table_column *columns;
    size_t n_columns;
    struct cell *cells; /* row after row */
    size_t n_cells, cap_cells;
    size_t *widths;     /* of the columns, while printing */
    struct text text;
    enum color color;   /* of the next cell */
    bool failed;        /* an allocation failed */
};

struct table *table_new(const struct table_column *columns, size_t n)
{
    struct table *t = calloc(1, sizeof *t);
    size_t *widths = calloc(n ? n : 1, sizeof *widths);
    if (!t || !widths) {
        free(t);
        free(widths);
        return NULL;
    }
    t->columns = columns;
    t->n_columns = n;
    t->widths = widths;
    return t;
}

void table_free(struct table *t)
{
    if (!t) return;
    text_free(&t->text);
    free(t->cells);
    free(t->widths);
    free(t);
}

void table_color(struct table *t, enum color color)
{
    if (t) t->color = color;
}

/* Makes the text from `at` on the next cell. */
static void table_commit(struct table *t, size_t at)
{
    if (t->n_cells == t->cap_cells) {
        size_t cap = t->cap_cells ? t->cap_cells * 2 : 64;
        bool fits = cap <= SIZE_MAX / sizeof(struct cell);
        struct cell *cells = fits ? realloc(t->cells, cap * sizeof *cells) : NULL;
        if (!cells) {
            t->failed = true;
            return;
        }
        t->cells = cells;
        t->cap_cells = cap;
    }
    size_t n = t->text.n - at;
    t->cells[t->n_cells++] = (struct cell){
        .at = at, .n = n, .width = n ? text_width(t->text.s + at, n) : 0, .color = t->color
    };
    t->color = COLOR_PLAIN;
}

void table_tree(struct table *t, unsigned depth, const char *s, size_t n)
{
    if (!t) return;
    size_t at = t->text.n;
    for (unsigned i = 0; i < depth; i++) text_adds(&t->text, "  ");
    text_escape(&t->text, s, n);
    table_commit(t, at);
}

void table_cell(struct table *t, const char *s, size_t n)
{
    table_tree(t, 0, s, n);
}

void table_cells(struct table *t, const char *s)
{
    table_cell(t, s ? s : "", s ? strlen(s) : 0);
}

void table_text(struct table *t, const struct text *text)
{
    if (t && text->failed) t->failed = true;
    table_cell(t, text_str(text), text->n);
}

void table_cellf(struct table *t, const char *format, ...)
{
    struct text formatted = { 0 };
    va_list args;
    va_start(args, format);
    text_addv(&formatted, format, args);
    va_end(args);
    table_text(t, &formatted);
    text_free(&formatted);
}

void table_size(struct table *t, uint64_t bytes)
{
    char number[NUMBER_MAX];
    table_cells(t, number_size(number, bytes));
}

void table_count(struct table *t, uint64_t n)
{
    char number[NUMBER_MAX];
    table_cells(t, number_count(number, n));
}

/* Growth and shrinkage have their colours unless the caller gave one. */
static void table_sign(struct table *t, int64_t n)
{
    if (t && t->color == COLOR_PLAIN && n != 0) t->color = n > 0 ? COLOR_BAD : COLOR_GOOD;
}

void table_delta(struct table *t, int64_t bytes)
{
    char number[NUMBER_MAX];
    table_sign(t, bytes);
    table_cells(t, number_delta(number, bytes));
}

void table_count_delta(struct table *t, int64_t n)
{
    char number[NUMBER_MAX];
    table_sign(t, n);
    table_cells(t, number_count_delta(number, n));
}

size_t table_rows(const struct table *t)
{
    return t && t->n_columns ? t->n_cells / t->n_columns : 0;
}

size_t table_terminal_width(FILE *out)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    uint64_t n;
    int fd = fileno(out);
    if (fd < 0 || !isatty(fd)) return 0;
    if (columns && number_parse_u64(columns, &n) && n > 0 && n < 100000) return (size_t)n;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

/* Shortens columns, the widest first, until a row takes at most `limit` columns. */
static void table_shrink(struct table *t, size_t limit)
{
    size_t total = TABLE_GAP * (t->n_columns - 1);
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct table_column *c = &t->columns[i];
        if (c->max_width && t->widths[i] > c->max_width) t->widths[i] = c->max_width;
        if (c->shrink && t->widths[i] > limit) t->widths[i] = limit;
        total += t->widths[i];
    }
    while (total > limit) {
        size_t widest = t->n_columns;
        for (size_t i = 0; i < t->n_columns; i++)
            if (t->columns[i].shrink && t->widths[i] > TABLE_MIN_SHRINK &&
                (widest == t->n_columns || t->widths[i] > t->widths[widest]))
                widest = i;
        if (widest == t->n_columns) return; /* nothing left to give: the row is wide */
        t->widths[widest]--;
        total--;
    }
}

static void table_measure(struct table *t, size_t limit)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const char *title = t->columns[i].title;
        t->widths[i] = title ? text_width(title, strlen(title)) : 0;
    }
    for (size_t i = 0; i < t->n_cells; i++)
        if (t->cells[i].width > t->widths[i % t->n_columns])
            t->widths[i % t->n_columns] = t->cells[i].width;
    if (limit) table_shrink(t, limit);
}

static void table_pad(FILE *out, size_t n)
{
    for (size_t i = 0; i < n; i++) fputc(' ', out);
}

/* Prints one cell. *blanks is the padding owed by the cells before it: it is only printed when
 * something follows, so that no line ends in blanks. */
static void table_print_cell(const struct table *t, FILE *out, size_t column, const char *s,
                             size_t n, enum color color, size_t *blanks)
{
    const struct table_column *c = &t->columns[column];
    size_t width = t->widths[column];
    struct text cut = { 0 };
    if (text_width(s, n) > width) {
        text_shorten(&cut, s, n, width, c->cut);
        if (!cut.failed) {
            s = text_str(&cut);
            n = cut.n;
        }
    }
    size_t used = text_width(s, n), pad = used < width ? width - used : 0;
    if (c->align == TABLE_RIGHT) *blanks += pad;
    if (n) {
        table_pad(out, *blanks);
        fputs(color == COLOR_PLAIN ? "" : color_on(out, color), out);
        fwrite(s, 1, n, out);
        fputs(color == COLOR_PLAIN ? "" : color_off(out), out);
        *blanks = 0;
    }
    *blanks += TABLE_GAP + (c->align == TABLE_LEFT ? pad : 0);
    text_free(&cut);
}

static void table_print_heading(const struct table *t, FILE *out)
{
    size_t blanks = 0;
    bool any = false;
    for (size_t i = 0; i < t->n_columns; i++) any = any || t->columns[i].title;
    if (!any) return;
    for (size_t i = 0; i < t->n_columns; i++) {
        const char *title = t->columns[i].title ? t->columns[i].title : "";
        table_print_cell(t, out, i, title, strlen(title), COLOR_HEAD, &blanks);
    }
    fputc('\n', out);
}

int table_print(struct table *t, FILE *out)
{
    if (!t || t->failed || t->text.failed || t->n_columns == 0) return -1;
    if (t->n_cells % t->n_columns != 0) return -1;
    table_measure(t, table_terminal_width(out));
    table_print_heading(t, out);
    size_t blanks = 0;
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *cell = &t->cells[i];
        size_t column = i % t->n_columns;
        const char *s = cell->n ? t->text.s + cell->at : "";
        if (column == 0) blanks = 0;
        table_print_cell(t, out, column, s, cell->n, cell->color, &blanks);
        if (column == t->n_columns - 1) fputc('\n', out);
    }
    return 0;
}
