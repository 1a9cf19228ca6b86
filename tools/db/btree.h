/* SPDX-License-Identifier: MIT */
/*
 * B-trees of SQLite's file format, written from rows that come in the order of their key:
 * https://sqlite.org/fileformat2.html, sections 1.5 to 2.1. Pages are filled to the brim and written
 * once, one after the other, so that a table costs little more than its bytes.
 *
 *   struct btree_file f = { .fd = fd };
 *   btree_begin(&f)                               where the file ends
 *   btree_new(&t, root_page, key_columns)         0 key columns: a rowid table
 *   for each row: btree_add(t, &f, row, columns, text_column)
 *   btree_finish(t, &f)                           what is not full yet, and the root
 *   btree_end(&f)                                 before anybody else looks at the file
 *
 * A tree takes rows at any time until it is finished; then pages of several trees lie mixed in the
 * file. Until it is finished its root page is as SQLite has made it: the table looks empty.
 *
 * Two threads can share the work, each with its half of the rows:
 *   rest = btree_continue(t), btree_split(&f, half)
 *   btree_add(t, &half[0], ..) for the first half in one thread,
 *   btree_add(rest, &half[1], ..) for the second in another, and nothing to f meanwhile
 *   btree_join(t, rest, &f, half), btree_free(rest)
 * The file is the same whichever is faster, or with both halves in one thread.
 *
 * A rowid table's first column is its INTEGER PRIMARY KEY. A table WITHOUT ROWID has its key
 * columns first, in the order of the key; they are integers. Only rowid tables may have text.
 *
 * Memory: a page for each level of a tree, about 18 B a leaf (5 MB for 1 GB), 1 MiB a file and half.
 * Time: O(bytes). Threads: one at a time for a file, a half, a tree.
 */
#ifndef SNAP_TOOLS_DB_BTREE_H
#define SNAP_TOOLS_DB_BTREE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/rows.h"

enum {
    BTREE_PAGE = 4096,
    /* The page at 1 GiB that no B-tree may use: SQLite locks bytes of it. */
    BTREE_LOCK_PAGE = (1 << 30) / BTREE_PAGE + 1,
    BTREE_BUFFERED = 256 /* pages written at once */
};

enum btree_status {
    BTREE_OK,
    BTREE_NO_MEMORY,
    BTREE_IO,       /* errno says why */
    BTREE_ORDER,    /* a row that does not come after the one before */
    BTREE_TOO_LARGE /* the file would have more pages than SQLite allows, or a row is too long */
};

/** The file that trees are written to. */
struct btree_file {
    int fd;
    uint32_t n_pages; /* in the file, or of the half, those in the buffer included */
    bool is_half;
    unsigned half; /* 0 or 1 */
    uint32_t base; /* of a half: pages of the file before */
    uint32_t first;   /* number of the first page in the buffer */
    uint32_t n;       /* pages in the buffer */
    uint8_t *buffer;  /* [BTREE_BUFFERED * BTREE_PAGE]; made when it is needed */
};

struct btree;

/** A tree for the table whose root is `root`, an empty page. NULL without memory. */
struct btree *btree_new(uint32_t root, int key_columns);
void btree_free(struct btree *t);

/** Adds one row. */
enum btree_status btree_add(struct btree *t, struct btree_file *f, const struct rows_row *row,
                            int columns, int text_column);

/** Writes what is left. After that the tree takes no more rows. */
enum btree_status btree_finish(struct btree *t, struct btree_file *f);

/** A tree for the second half of the rows that are added to `t` now. NULL without memory. */
struct btree *btree_continue(const struct btree *t);

/** Makes two halves of what follows in the file. They are {0}, or halves of before, whose buffers are
 *  used again. Rows with text go to no half: BTREE_ORDER. */
enum btree_status btree_split(struct btree_file *f, struct btree_file half[2]);

/** Brings the halves into `f`, without a gap between them, and the leaves of `rest` behind those of
 *  `t`, which has taken at least one row of them. */
enum btree_status btree_join(struct btree *t, struct btree *rest, struct btree_file *f,
                             struct btree_file half[2]);

/** Reads the header: pages go behind those that the file has. SQLite has no transaction open, and
 *  begins none until btree_end. */
enum btree_status btree_begin(struct btree_file *f);

/** Writes what is in the buffer, and in the header the number of pages and another change counter,
 *  by which SQLite notices that what it knows of the file is no longer true (section 1.3). */
enum btree_status btree_end(struct btree_file *f);
void btree_file_free(struct btree_file *f);

#endif
