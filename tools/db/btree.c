/* SPDX-License-Identifier: MIT */
/*
 * Writing B-trees; btree.h.
 *
 * A page is built in memory, cells from its end downwards. When a cell does not fit, the page goes
 * to the file, and its parent gets a divider: in a rowid table the page's last rowid, in an index
 * the page's last entry itself, which leaves the leaf (an index has each entry once).
 *
 * No page may stay without cells. A leaf is closed only when there is a row for the next one. An
 * interior page holds its last child back (`child`, with the divider that follows it): when it is
 * full, the last divider goes up, its child becomes the rightmost, and the one that was held back
 * begins the next page.
 */
#include "db/btree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    INTERIOR_INDEX = 2,
    INTERIOR_TABLE = 5,
    LEAF_INDEX = 10,
    LEAF_TABLE = 13,
    LEVELS = 20,
    VARINT_MAX = 9,
    CELL_MAX = 1100, /* of an interior page or an index leaf; integers only: far less */
    CHAIN_DATA = BTREE_PAGE - 4,
    /* What of a long row stays in a leaf of a table: section 1.6. */
    LOCAL_MAX = BTREE_PAGE - 35,
    LOCAL_MIN = (BTREE_PAGE - 12) * 32 / 255 - 23,
    HEADER_LEAF = 8,
    HEADER_INTERIOR = 12,
    /* The file's own header, and places in it. */
    HEADER_FILE = 100,
    AT_CHANGES = 24,
    AT_PAGES = 28,
    AT_VALID_FOR = 92
};
#define PAGES_MAX UINT32_C(4294967294)

/* Bytes of a divider: a varint (the rowid), or a payload with its size before it. */
struct divider {
    uint16_t size;
    uint8_t bytes[CELL_MAX];
};

struct level {
    uint16_t n, end;  /* cells; where the first of them begins */
    uint16_t last;    /* size of the newest cell */
    uint32_t child;   /* interior: the child held back; 0: none */
    struct divider after; /* what divides it from the next one */
    uint8_t page[BTREE_PAGE];
};

struct btree {
    uint32_t root;
    int key_columns;
    bool any;
    int64_t key[3]; /* of the row before */
    int n_levels;
    struct level *level[LEVELS]; /* the leaf first */
    uint8_t *cell; /* of the row in work */
    size_t room;
};

/* ---- numbers --------------------------------------------------------------------------------- */

static inline void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
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

static inline size_t put_varint(uint8_t *p, uint64_t v)
{
    uint8_t reversed[VARINT_MAX];
    size_t n = 0;
    if (v >> 56) { /* nine bytes: the last has eight bits */
        p[8] = (uint8_t)v;
        v >>= 8;
        for (int i = 7; i >= 0; i--, v >>= 7) p[i] = (uint8_t)(v | 0x80);
        return VARINT_MAX;
    }
    do reversed[n++] = (uint8_t)(v | 0x80);
    while (v >>= 7);
    reversed[0] &= 0x7f;
    for (size_t i = 0; i < n; i++) p[i] = reversed[n - 1 - i];
    return n;
}

/* The serial type of an integer, and how many bytes it has. */
static inline int integer_type(int64_t v, unsigned *size)
{
    uint64_t u = v < 0 ? ~(uint64_t)v : (uint64_t)v;
    if (u < 128) {
        *size = (uint64_t)v > 1;
        return *size ? 1 : 8 + (int)v;
    }
    unsigned bits = 65 - (unsigned)__builtin_clzll(u); /* with the sign */
    unsigned bytes = (bits + 7) / 8;
    *size = bytes <= 4 ? bytes : bytes <= 6 ? 6 : 8;
    return bytes <= 4 ? (int)bytes : bytes <= 6 ? 5 : 6;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static enum btree_status write_at(int fd, const uint8_t *bytes, size_t n, uint64_t offset)
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

static enum btree_status flush(struct btree_file *f)
{
    enum btree_status status = BTREE_OK;
    if (f->n)
        status = write_at(f->fd, f->buffer, (size_t)f->n * BTREE_PAGE,
                          (uint64_t)(f->first - 1) * BTREE_PAGE);
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
    enum btree_status status = flush(f);
    if (status == BTREE_OK) status = read_header(f, header);
    if (status) return status;
    uint32_t changes = get32(header + AT_CHANGES) + 1;
    put32(header + AT_CHANGES, changes);
    put32(header + AT_VALID_FOR, changes);
    put32(header + AT_PAGES, f->n_pages);
    return write_at(f->fd, header, sizeof header, 0);
}

void btree_file_free(struct btree_file *f)
{
    free(f->buffer);
    f->buffer = NULL;
}

/* A page at the end of the file: its number, and where its bytes go until the next call. */
static enum btree_status new_page(struct btree_file *f, uint32_t *number, uint8_t **bytes)
{
    bool hole = f->n_pages + 1 == BTREE_LOCK_PAGE;
    if (f->n_pages >= PAGES_MAX - 2) return BTREE_TOO_LARGE;
    if (!f->buffer) f->buffer = malloc((size_t)BTREE_BUFFERED * BTREE_PAGE);
    if (!f->buffer) return BTREE_NO_MEMORY;
    if (f->n == BTREE_BUFFERED || hole) {
        enum btree_status status = flush(f);
        if (status) return status;
    }
    f->n_pages += 1 + hole;
    if (f->n == 0) f->first = f->n_pages;
    *bytes = f->buffer + (size_t)f->n++ * BTREE_PAGE;
    *number = f->n_pages;
    return BTREE_OK;
}

static void clear_level(struct level *l)
{
    l->n = 0;
    l->end = BTREE_PAGE;
    l->child = 0;
}

static struct level *add_level(struct btree *t)
{
    if (t->n_levels == LEVELS) return NULL;
    struct level *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    clear_level(l);
    return t->level[t->n_levels++] = l;
}

static inline unsigned header_size(int level)
{
    return level ? HEADER_INTERIOR : HEADER_LEAF;
}

static inline bool fits(const struct level *l, int level, size_t size)
{
    return header_size(level) + 2u * (l->n + 1u) + size <= l->end;
}

/* Room for a cell that fits. */
static inline uint8_t *push(struct level *l, int level, size_t size)
{
    l->end = (uint16_t)(l->end - size);
    put16(l->page + header_size(level) + 2 * l->n, l->end);
    l->n++;
    l->last = (uint16_t)size;
    return l->page + l->end;
}

/* Takes the newest cell away; its bytes stay where they are until the next push. */
static const uint8_t *pop(struct level *l)
{
    const uint8_t *cell = l->page + l->end;
    l->n--;
    l->end = (uint16_t)(l->end + l->last);
    return cell;
}

/* The head of a page whose cells are complete; what lies between pointers and cells is zeroed, so
 * that equal heaps make equal files. */
static void seal(const struct btree *t, struct level *l, int level, uint32_t rightmost)
{
    unsigned header = header_size(level), pointers = header + 2u * l->n;
    uint8_t *p = l->page;
    p[0] = level ? (t->key_columns ? INTERIOR_INDEX : INTERIOR_TABLE)
                 : (t->key_columns ? LEAF_INDEX : LEAF_TABLE);
    put16(p + 1, 0);
    put16(p + 3, l->n);
    put16(p + 5, l->end);
    p[7] = 0;
    if (level) put32(p + 8, rightmost);
    memset(p + pointers, 0, l->end - pointers);
}

static enum btree_status write_page(struct btree_file *f, const struct level *l, uint32_t *number)
{
    uint8_t *bytes;
    enum btree_status status = new_page(f, number, &bytes);
    if (status == BTREE_OK) memcpy(bytes, l->page, BTREE_PAGE);
    return status;
}

/* ---- levels above the leaves ----------------------------------------------------------------- */

static void set_divider(struct divider *d, const uint8_t *bytes, size_t size)
{
    memcpy(d->bytes, bytes, size);
    d->size = (uint16_t)size;
}

static void push_child(struct level *l, int level, uint32_t child, const struct divider *after)
{
    uint8_t *cell = push(l, level, 4u + after->size);
    put32(cell, child);
    memcpy(cell + 4, after->bytes, after->size);
}

/* Gives a level its next child, with what divides it from the one after. */
static enum btree_status add_child(struct btree *t, struct btree_file *f, int level, uint32_t child,
                                   const struct divider *after)
{
    struct divider up, next = *after;
    for (;; level++) {
        struct level *l = level < t->n_levels ? t->level[level] : add_level(t);
        if (!l) return BTREE_NO_MEMORY;
        uint32_t held = l->child, number;
        l->child = child;
        if (!held) {
            l->after = next;
            return BTREE_OK;
        }
        if (fits(l, level, 4u + l->after.size)) {
            push_child(l, level, held, &l->after);
            l->after = next;
            return BTREE_OK;
        }
        unsigned size = l->last - 4u;
        const uint8_t *cell = pop(l);
        uint32_t rightmost = get32(cell);
        set_divider(&up, cell + 4, size);
        seal(t, l, level, rightmost);
        enum btree_status status = write_page(f, l, &number);
        if (status) return status;
        clear_level(l);
        l->child = child;
        push_child(l, level, held, &l->after);
        l->after = next;
        child = number;
        next = up;
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool reserve(struct btree *t, size_t size)
{
    if (size <= t->room) return true;
    uint8_t *cell = realloc(t->cell, size * 2);
    if (!cell) return false;
    t->cell = cell;
    t->room = size * 2;
    return true;
}

/* The record of a row at `out`, which has room for it: section 2.1. */
static size_t put_record(uint8_t *out, const struct rows_row *row, int first, int columns,
                         int text_column)
{
    uint8_t body[ROWS_COLUMNS * 8];
    size_t header = 1, n = 0;
    for (int i = 0; i < first; i++) out[header++] = 0;
    for (int i = first; i < columns; i++) {
        if (!(row->has >> i & 1)) {
            out[header++] = 0;
        } else if (i == text_column) {
            header += put_varint(out + header, (uint64_t)row->text_size * 2 + 13);
        } else {
            unsigned size;
            int64_t v = row->value[i];
            out[header++] = (uint8_t)integer_type(v, &size);
            for (unsigned k = size; k-- > 0; v >>= 8) body[n + k] = (uint8_t)v;
            n += size;
        }
    }
    out[0] = (uint8_t)header;
    if (n > 0) memcpy(out + header, body, n);
    if (text_column >= 0 && row->has >> text_column & 1) {
        memcpy(out + header + n, row->text, row->text_size); /* it is the last column */
        n += row->text_size;
    }
    return header + n;
}

/* Whether the row comes after the one before; keeps its key. */
static inline bool comes_next(struct btree *t, const struct rows_row *row)
{
    int n = t->key_columns ? t->key_columns : 1, i = 0;
    bool next = !t->any;
    for (; !next && i < n && row->value[i] >= t->key[i]; i++) next = row->value[i] > t->key[i];
    if (!next) return false;
    t->any = true;
    for (i = 0; i < n; i++) t->key[i] = row->value[i];
    return true;
}

static enum btree_status close_leaf(struct btree *t, struct btree_file *f,
                                    const struct divider *after)
{
    struct level *l = t->level[0];
    uint32_t number;
    seal(t, l, 0, 0);
    enum btree_status status = write_page(f, l, &number);
    clear_level(l);
    return status ? status : add_child(t, f, 1, number, after);
}

/* The last entry of the leaf leaves it, and becomes the divider. */
static enum btree_status close_index_leaf(struct btree *t, struct btree_file *f)
{
    struct divider up;
    unsigned size = t->level[0]->last;
    const uint8_t *cell = pop(t->level[0]);
    set_divider(&up, cell, size);
    return close_leaf(t, f, &up);
}

static enum btree_status add_to_index(struct btree *t, struct btree_file *f,
                                      const struct rows_row *row, int columns)
{
    struct level *l = t->level[0];
    uint8_t *record = t->cell + 2;
    size_t n = put_record(record, row, 0, columns, ROWS_NO_TEXT);
    size_t head = put_varint(t->cell, n);
    if (!fits(l, 0, head + n)) {
        enum btree_status status = close_index_leaf(t, f);
        if (status) return status;
    }
    uint8_t *cell = push(l, 0, head + n);
    memcpy(cell, t->cell, head);
    memcpy(cell + head, record, n);
    return BTREE_OK;
}

/* Writes what of a long record does not stay in the leaf: a chain of pages, each with the number of
 * the next one. Pages of a chain are consecutive, but for the page that is left out. */
static enum btree_status write_chain(struct btree_file *f, const uint8_t *rest, size_t n,
                                     uint32_t *first)
{
    for (bool begun = false; n > 0; begun = true) {
        uint8_t *bytes;
        uint32_t number;
        size_t part = n < CHAIN_DATA ? n : CHAIN_DATA;
        enum btree_status status = new_page(f, &number, &bytes);
        if (status) return status;
        if (!begun) *first = number;
        uint32_t next = number + 1 + (number + 1 == BTREE_LOCK_PAGE);
        put32(bytes, part < n ? next : 0);
        memcpy(bytes + 4, rest, part);
        memset(bytes + 4 + part, 0, CHAIN_DATA - part);
        rest += part;
        n -= part;
    }
    return BTREE_OK;
}

/* How much of a record of n bytes stays in the leaf: section 1.6. */
static size_t local_part(size_t n)
{
    size_t kept = LOCAL_MIN + (n - LOCAL_MIN) % CHAIN_DATA;
    if (n <= LOCAL_MAX) return n;
    return kept <= LOCAL_MAX ? kept : LOCAL_MIN;
}

static enum btree_status add_to_table(struct btree *t, struct btree_file *f,
                                      const struct rows_row *row, int columns, int text_column)
{
    struct level *l = t->level[0];
    uint8_t head[2 * VARINT_MAX], chain[4];
    size_t n = put_record(t->cell, row, 1, columns, text_column), local = local_part(n);
    size_t n_head = put_varint(head, n);
    n_head += put_varint(head + n_head, (uint64_t)row->value[0]);
    size_t size = n_head + local + (local < n ? 4 : 0);
    if (local < n) {
        uint32_t first = 0;
        enum btree_status status = write_chain(f, t->cell + local, n - local, &first);
        if (status) return status;
        put32(chain, first);
    }
    if (!fits(l, 0, size)) {
        struct divider up; /* the rowid of the row before this one */
        up.size = (uint16_t)put_varint(up.bytes, (uint64_t)t->key[1]);
        enum btree_status status = close_leaf(t, f, &up);
        if (status) return status;
    }
    uint8_t *cell = push(l, 0, size);
    memcpy(cell, head, n_head);
    memcpy(cell + n_head, t->cell, local);
    if (local < n) memcpy(cell + n_head + local, chain, 4);
    return BTREE_OK;
}

struct btree *btree_new(uint32_t root, int key_columns)
{
    struct btree *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->root = root;
    t->key_columns = key_columns;
    if (!add_level(t) || !reserve(t, 1024)) {
        btree_free(t);
        return NULL;
    }
    return t;
}

void btree_free(struct btree *t)
{
    if (!t) return;
    for (int i = 0; i < t->n_levels; i++) free(t->level[i]);
    free(t->cell);
    free(t);
}

enum btree_status btree_add(struct btree *t, struct btree_file *f, const struct rows_row *row,
                            int columns, int text_column)
{
    bool text = text_column >= 0 && row->has >> text_column & 1;
    if (text && row->text_size > INT32_MAX / 2) return BTREE_TOO_LARGE;
    if (!reserve(t, (text ? row->text_size : 0) + 512)) return BTREE_NO_MEMORY;
    int64_t before = t->key[0];
    if (!comes_next(t, row)) return BTREE_ORDER;
    if (t->key_columns) return add_to_index(t, f, row, columns);
    t->key[1] = before;
    return add_to_table(t, f, row, columns, text_column);
}

enum btree_status btree_finish(struct btree *t, struct btree_file *f)
{
    uint32_t number = 0;
    for (int i = 0; i < t->n_levels; i++) {
        struct level *l = t->level[i];
        bool top = i + 1 == t->n_levels;
        /* The child below that was not full is the rightmost; one held back goes before it. */
        if (i && l->child) {
            struct divider none = { 0 };
            enum btree_status status = add_child(t, f, i, number, &none);
            if (status) return status;
            top = i + 1 == t->n_levels;
        }
        seal(t, l, i, number);
        if (top) {
            enum btree_status status = flush(f);
            return status ? status
                          : write_at(f->fd, l->page, BTREE_PAGE,
                                     (uint64_t)(t->root - 1) * BTREE_PAGE);
        }
        enum btree_status status = write_page(f, l, &number);
        if (status) return status;
    }
    return BTREE_OK;
}
