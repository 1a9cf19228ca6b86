/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the writer of B-trees: btree.c makes pages of rows, btree_file.c gives pages
 * their places in the file; table_scan.c reads numbers of pages. Not for others.
 */
#ifndef SNAP_TOOLS_DB_BTREE_PRIVATE_H
#define SNAP_TOOLS_DB_BTREE_PRIVATE_H

#include "db/btree.h"

static inline void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/** A page for a tree: its number, and where its bytes go until the next call. */
enum btree_status btree_page(struct btree_file *f, uint32_t *number, uint8_t **bytes);

/** The number of the page that the next call gives; 0 beyond what a file may have. */
uint32_t btree_next_page(const struct btree_file *f);

/** Writes the pages that are in the buffer. */
enum btree_status btree_flush(struct btree_file *f);
enum btree_status btree_write_at(int fd, const uint8_t *bytes, size_t n, uint64_t offset);

/** Pages that were moved, in ascending order of where they were. */
struct btree_move {
    uint32_t from, to, n;
};

struct btree_moves {
    struct btree_move *at;
    size_t n, room;
};

/** Ends two halves: their pages stand behind those of the file without a gap; which of them are
 *  elsewhere now is in *moves, whose array the caller frees. */
enum btree_status btree_close_gaps(struct btree_file *f, struct btree_file half[2],
                                   struct btree_moves *moves);

#endif
