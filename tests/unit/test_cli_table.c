/* SPDX-License-Identifier: MIT */
/* Aligned tables, into a stream that is no terminal and on a pseudo-terminal. */
#include "cu.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/table.h"

static const struct table_column columns[] = {
    { .title = "size", .align = TABLE_RIGHT },
    { .title = "type", .shrink = true },
    { .title = "n", .align = TABLE_RIGHT },
};

static struct table *sample(void)
{
    struct table *t = table_new(columns, 3);
    table_size(t, 1536);
    table_cells(t, "dict");
    table_count(t, 12345);
    table_size(t, 7);
    table_cells(t, "a_rather_long_type_name\n");
    table_count(t, 1);
    return t;
}

/* Prints into memory and compares. */
static void expect(struct table *t, int status, const char *want)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    CHECK_I64(table_print(t, f), status);
    fclose(f);
    CHECK_STR(text, want);
    free(text);
    table_free(t);
}

static void test_aligned(void)
{
    struct table *t = sample();
    CHECK_U64(table_rows(t), 2);
    expect(t, 0, "   size  type                            n\n"
                 "1.5 KiB  dict                       12,345\n"
                 "    7 B  a_rather_long_type_name\\n       1\n");
}

static void test_no_trailing_blanks(void)
{
    static const struct table_column c[] = { { .title = "a" }, { 0 }, { .title = "b" } };
    struct table *t = table_new(c, 3);
    table_cells(t, "x");
    table_cells(t, "");
    table_cells(t, NULL);
    table_cells(t, "longer");
    table_cells(t, "y");
    table_cells(t, "z");
    expect(t, 0, "a          b\nx\nlonger  y  z\n");
}

static void test_headless(void)
{
    static const struct table_column c[] = { { .align = TABLE_RIGHT }, { .align = TABLE_LEFT } };
    struct table *t = table_new(c, 2);
    table_cellf(t, "%d", 5);
    table_tree(t, 2, "leaf", 4);
    table_delta(t, -1024);
    table_count_delta(t, 3);
    expect(t, 0, "       5      leaf\n-1.0 KiB  +3\n");
}

static void test_incomplete(void)
{
    struct table *t = table_new(columns, 3);
    table_cells(t, "one");
    expect(t, -1, "");
    CHECK_I64(table_print(NULL, stdout), -1);
    table_cells(NULL, "x");
    table_color(NULL, COLOR_BAD);
    table_free(NULL);
    CHECK_U64(table_rows(NULL), 0);
}

static void test_empty(void)
{
    expect(table_new(columns, 3), 0, "size  type  n\n");
}

/* Opens a pseudo-terminal of so many columns. */
static FILE *terminal(unsigned short width, int *master)
{
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0 || grantpt(*master) || unlockpt(*master)) return NULL;
    int slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    if (slave < 0) return NULL;
    struct winsize size = { .ws_row = 24, .ws_col = width };
    ioctl(slave, TIOCSWINSZ, &size);
    struct termios raw;
    tcgetattr(slave, &raw);
    raw.c_oflag &= (tcflag_t)~OPOST;
    tcsetattr(slave, TCSANOW, &raw);
    return fdopen(slave, "w");
}

static void test_terminal(void)
{
    int master;
    unsetenv("COLUMNS");
    FILE *f = terminal(32, &master);
    if (!f) {
        printf("skipped: there are no pseudo-terminals here ");
        return;
    }
    CHECK_U64(table_terminal_width(f), 32);
    struct table *t = sample();
    CHECK_I64(table_print(t, f), 0);
    fflush(f);
    static const char want[] = "   size  type                  n\n"
                               "1.5 KiB  dict             12,345\n"
                               "    7 B  a_rather_long_\xe2\x80\xa6       1\n";
    char got[512] = "";
    /* The terminal hands on line by line, in its own time. */
    for (size_t n = 0; n < sizeof want - 1;) {
        ssize_t more = read(master, got + n, sizeof got - 1 - n);
        if (!CHECK(more > 0)) break;
        n += (size_t)more;
    }
    CHECK_STR(got, want);
    table_free(t);
    setenv("COLUMNS", "77", 1);
    CHECK_U64(table_terminal_width(f), 77);
    CHECK_U64(table_terminal_width(stdin), isatty(0) ? 77 : 0);
    unsetenv("COLUMNS");
    fclose(f);
    close(master);
}

/* Thousands of rows, each cell where it belongs. */
static void test_many(void)
{
    static const struct table_column c[] = { { .title = NULL }, { .title = NULL } };
    struct table *t = table_new(c, 2);
    for (int i = 0; i < 20000; i++) {
        table_cellf(t, "%05d", i);
        table_cells(t, "x");
    }
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    CHECK_I64(table_print(t, f), 0);
    fclose(f);
    CHECK_U64(n, 20000 * 9);
    CHECK(memcmp(text + 19999 * 9, "19999  x\n", 9) == 0);
    free(text);
    table_free(t);
}

CU_MAIN("cli table", { "aligned", test_aligned }, { "no trailing blanks", test_no_trailing_blanks },
        { "headless", test_headless }, { "incomplete", test_incomplete }, { "empty", test_empty },
        { "terminal", test_terminal }, { "many rows", test_many })
