/* SPDX-License-Identifier: MIT */
/*
 * The file that B-trees are written to: places of pages, the header; btree.h.
 *
 * The pages of two halves stand in turns of BTREE_BUFFERED behind what the file has: where a page
 * goes depends on how many its own half has, and not on how far the other one is, so that equal rows
 * make equal files. The half that has more leaves holes, which its last pages fill in the end.
 */
#include "db/btree_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    /* The file's own header, and places in it. */
    HEADER_FILE = 100,
    AT_CHANGES = 24,
    AT_PAGES = 28,
    AT_VALID_FOR = 92
};
#define PAGES_MAX UINT32_C(4294967294)

enum btree_status btree_write_at(int fd, const uint8_t *bytes, size_t n, uint64_t offset)
{
    while (n > 0) {
        ssize_t got = pwrite(fd, bytes, n, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            if (got == 0) errno = ENOSPC;
            return BTREE_IO;
        }
        bytes += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return BTREE_OK;
}

static uint64_t offset_of(uint32_t page)
{
    return (uint64_t)(page - 1) * BTREE_PAGE;
}

enum btree_status btree_flush(struct btree_file *f)
{
    enum btree_status status = BTREE_OK;
    if (f->n)
        status = btree_write_at(f->fd, f->buffer, (size_t)f->n * BTREE_PAGE, offset_of(f->first));
    f->n = 0;
    return status;
}

static enum btree_status read_header(const struct btree_file *f, uint8_t header[HEADER_FILE])
{
    ssize_t got = pread(f->fd, header, HEADER_FILE, 0);
    if (got >= 0 && got < HEADER_FILE) errno = EIO;
    return got < HEADER_FILE ? BTREE_IO : BTREE_OK;
}

enum btree_status btree_begin(struct btree_file *f)
{
    uint8_t header[HEADER_FILE];
    enum btree_status status = read_header(f, header);
    if (status == BTREE_OK) f->n_pages = get32(header + AT_PAGES);
    return status;
}

enum btree_status btree_end(struct btree_file *f)
{
    uint8_t header[HEADER_FILE];
    enum btree_status status = btree_flush(f);
    if (status == BTREE_OK) status = read_header(f, header);
    if (status) return status;
    uint32_t changes = get32(header + AT_CHANGES) + 1;
    put32(header + AT_CHANGES, changes);
    put32(header + AT_VALID_FOR, changes);
    put32(header + AT_PAGES, f->n_pages);
    return btree_write_at(f->fd, header, sizeof header, 0);
}

void btree_file_free(struct btree_file *f)
{
    free(f->buffer);
    f->buffer = NULL;
}

/* ---- places ---------------------------------------------------------------------------------- */

/* The page with this index, from 0, behind `base` pages: all but the one that is left out. */
static uint64_t page_at(uint32_t base, uint64_t index)
{
    uint64_t page = base + UINT64_C(1) + index;
    return page + (base < BTREE_LOCK_PAGE && page >= BTREE_LOCK_PAGE);
}

/* The index of a half's page: turns of BTREE_BUFFERED. */
static uint64_t index_in_halves(unsigned half, uint32_t i)
{
    return ((uint64_t)(i / BTREE_BUFFERED) * 2 + half) * BTREE_BUFFERED + i % BTREE_BUFFERED;
}

uint32_t btree_next_page(const struct btree_file *f)
{
    uint64_t page = f->is_half ? page_at(f->base, index_in_halves(f->half, f->n_pages))
                               : page_at(f->n_pages, 0);
    return page < PAGES_MAX ? (uint32_t)page : 0;
}

enum btree_status btree_page(struct btree_file *f, uint32_t *number, uint8_t **bytes)
{
    uint32_t page = btree_next_page(f);
    if (!page) return BTREE_TOO_LARGE;
    if (!f->buffer) f->buffer = malloc((size_t)BTREE_BUFFERED * BTREE_PAGE);
    if (!f->buffer) return BTREE_NO_MEMORY;
    if (f->n == BTREE_BUFFERED || (f->n && page != f->first + f->n)) {
        enum btree_status status = btree_flush(f);
        if (status) return status;
    }
    if (f->n == 0) f->first = page;
    f->n_pages = f->is_half ? f->n_pages + 1 : page;
    *bytes = f->buffer + (size_t)f->n++ * BTREE_PAGE;
    *number = page;
    return BTREE_OK;
}

/* ---- halves ---------------------------------------------------------------------------------- */

enum btree_status btree_split(struct btree_file *f, struct btree_file half[2])
{
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *buffer = half[i].buffer;
        half[i] = (struct btree_file){ .fd = f->fd, .is_half = true, .half = i,
                                       .base = f->n_pages, .buffer = buffer };
    }
    return btree_flush(f);
}

static bool is_used(const struct btree_file half[2], uint64_t index)
{
    uint64_t turn = index / BTREE_BUFFERED;
    return turn / 2 * BTREE_BUFFERED + index % BTREE_BUFFERED < half[turn % 2].n_pages;
}

static enum btree_status copy_pages(const struct btree_file *f, uint8_t *buffer,
                                    const struct btree_move *m)
{
    size_t n = (size_t)m->n * BTREE_PAGE, at = 0;
    while (at < n) {
        ssize_t got = pread(f->fd, buffer + at, n - at, (off_t)(offset_of(m->from) + at));
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;
        if (got <= 0) return BTREE_IO;
        at += (size_t)got;
    }
    return btree_write_at(f->fd, buffer, n, offset_of(m->to));
}

static bool note_move(struct btree_moves *moves, const struct btree_move *m)
{
    if (moves->n == moves->room) {
        size_t room = moves->room * 2 + 16;
        struct btree_move *at = realloc(moves->at, room * sizeof *at);
        if (!at) return false;
        moves->at = at;
        moves->room = room;
    }
    moves->at[moves->n++] = *m;
    return true;
}

/* How many pages from `hole` on are free, and as many used from `tail` on, in one piece each. */
static uint32_t run_length(const struct btree_file half[2], uint64_t total, uint64_t hole,
                           uint64_t tail)
{
    uint32_t base = half[0].base, n = 1;
    while (n < BTREE_BUFFERED && hole + n < total && !is_used(half, hole + n) &&
           is_used(half, tail + n) && page_at(base, hole + n) == page_at(base, hole) + n &&
           page_at(base, tail + n) == page_at(base, tail) + n)
        n++;
    return n;
}

/* Moves what stands behind the first `total` pages into the holes among them. */
static enum btree_status fill_holes(struct btree_file *f, const struct btree_file half[2],
                                    uint64_t total, struct btree_moves *moves)
{
    uint8_t *buffer = half[half[1].n_pages > half[0].n_pages].buffer; /* of that which has more */
    for (uint64_t hole = 0, tail = total; hole < total;) {
        if (is_used(half, hole)) {
            hole++;
        } else if (!is_used(half, tail)) {
            tail++;
        } else {
            struct btree_move m = { (uint32_t)page_at(half[0].base, tail),
                                    (uint32_t)page_at(half[0].base, hole),
                                    run_length(half, total, hole, tail) };
            if (!note_move(moves, &m)) return BTREE_NO_MEMORY;
            enum btree_status status = copy_pages(f, buffer, &m);
            if (status) return status;
            hole += m.n;
            tail += m.n;
        }
    }
    return BTREE_OK;
}

enum btree_status btree_close_gaps(struct btree_file *f, struct btree_file half[2],
                                   struct btree_moves *moves)
{
    uint64_t total = (uint64_t)half[0].n_pages + half[1].n_pages;
    enum btree_status status = btree_flush(&half[0]);
    if (status == BTREE_OK) status = btree_flush(&half[1]);
    if (status || !total) return status;
    status = fill_holes(f, half, total, moves);
    if (status) return status;
    f->n_pages = (uint32_t)page_at(half[0].base, total - 1);
    if (moves->n && ftruncate(f->fd, (off_t)offset_of(f->n_pages) + BTREE_PAGE) != 0)
        return BTREE_IO;
    return BTREE_OK;
}
