/* SPDX-License-Identifier: MIT */
/*
 * Writing B-trees; btree.h.
 *
 * A page is built in memory, cells from its end downwards. When a cell does not fit, the page goes
 * to the file, and its parent gets a divider: in a rowid table the page's last rowid, in an index
 * the page's last entry itself, which leaves the leaf (an index has each entry once).
 *
 * Leaves are noted in a list, each with the divider that follows it, and pages above them made of it
 * in the end: until then a leaf may move, and leaves of a second half follow as they are. The second
 * half of an index keeps its first entry apart, which divides it from the first.
 *
 * No page may stay without cells. A leaf is closed only when there is a row for the next one. An
 * interior page holds its last child back (`child`, with the divider that follows it): when it is
 * full, the last divider goes up, its child becomes the rightmost, and the one that was held back
 * begins the next page.
 */
#include "db/btree_private.h"

#include <stdlib.h>
#include <string.h>

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
    HEADER_INTERIOR = 12
};

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

/* Leaves that are written: of each its number, the size of the divider after it, the divider. */
struct leaves {
    uint8_t *at;
    size_t n, room;
};
enum { LEAF_HEAD = 6 };

struct btree {
    uint32_t root;
    int key_columns;
    bool any;
    int64_t key[3]; /* of the row before */
    bool continues;       /* the second half of another tree */
    int64_t first_key[3]; /* of such a one */
    struct divider first; /* and its first entry, of an index; size 0: none so far */
    struct leaves leaves;
    int n_levels;
    struct level *level[LEVELS]; /* the leaf first */
    uint8_t *cell; /* of the row in work */
    size_t room;
};

/* ---- numbers --------------------------------------------------------------------------------- */

/* The last `size` bytes of a number, of eight that may be written. */
static inline void put_big_endian(uint8_t *p, int64_t v, unsigned size)
{
    uint64_t high = (uint64_t)v << ((64 - 8 * size) & 63);
    p[0] = (uint8_t)(high >> 56); /* one store, where the compiler knows the order of bytes */
    p[1] = (uint8_t)(high >> 48);
    p[2] = (uint8_t)(high >> 40);
    p[3] = (uint8_t)(high >> 32);
    p[4] = (uint8_t)(high >> 24);
    p[5] = (uint8_t)(high >> 16);
    p[6] = (uint8_t)(high >> 8);
    p[7] = (uint8_t)high;
}

static inline size_t put_varint(uint8_t *p, uint64_t v)
{
    if (v < 128) {
        p[0] = (uint8_t)v;
        return 1;
    }
    if (v < 16384) {
        p[0] = (uint8_t)(v >> 7 | 0x80);
        p[1] = (uint8_t)(v & 0x7f);
        return 2;
    }
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
    enum btree_status status = btree_page(f, number, &bytes);
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

/* A record of integers: each column has one byte in the header, so that it is known where values
 * begin. Up to seven bytes behind the record are written, too. */
static inline size_t put_integers(uint8_t *out, const struct rows_row *row, int first, int columns)
{
    size_t n = (size_t)columns + 1;
    out[0] = (uint8_t)n;
    for (int i = 0; i < first; i++) out[1 + i] = 0;
    for (int i = first; i < columns; i++) {
        unsigned size = 0;
        bool has = row->has >> i & 1;
        out[1 + i] = has ? (uint8_t)integer_type(row->value[i], &size) : 0;
        if (!size) continue;
        put_big_endian(out + n, row->value[i], size);
        n += size;
    }
    return n;
}

/* The record of a row at `out`, which has room for it: section 2.1. Its text is the last column. */
static size_t put_record(uint8_t *out, const struct rows_row *row, int first, int columns,
                         int text_column)
{
    uint8_t type[VARINT_MAX];
    if (text_column < 0 || !(row->has >> text_column & 1))
        return put_integers(out, row, first, columns);
    size_t n = put_integers(out, row, first, text_column), header = (size_t)text_column + 1;
    size_t more = put_varint(type, (uint64_t)row->text_size * 2 + 13);
    memmove(out + header + more, out + header, n - header);
    memcpy(out + header, type, more);
    out[0] = (uint8_t)(header + more);
    memcpy(out + n + more, row->text, row->text_size);
    return n + more + row->text_size;
}

/* Whether the row comes after the one before; keeps its key. */
static inline bool comes_next(struct btree *t, const struct rows_row *row)
{
    int n = t->key_columns ? t->key_columns : 1, i = 0;
    bool next = !t->any;
    for (; !next && i < n && row->value[i] >= t->key[i]; i++) next = row->value[i] > t->key[i];
    if (!next) return false;
    if (!t->any) memcpy(t->first_key, row->value, (size_t)n * sizeof *t->first_key);
    t->any = true;
    for (i = 0; i < n; i++) t->key[i] = row->value[i];
    return true;
}

static bool leaves_reserve(struct leaves *s, size_t more)
{
    if (s->room - s->n >= more) return true;
    size_t room = s->room * 2 + more;
    uint8_t *at = realloc(s->at, room);
    if (!at) return false;
    s->at = at;
    s->room = room;
    return true;
}

static bool note_leaf(struct leaves *s, uint32_t number, const struct divider *after)
{
    if (!leaves_reserve(s, LEAF_HEAD + (size_t)after->size)) return false;
    put32(s->at + s->n, number);
    put16(s->at + s->n + 4, after->size);
    memcpy(s->at + s->n + LEAF_HEAD, after->bytes, after->size);
    s->n += LEAF_HEAD + (size_t)after->size;
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
    if (status) return status;
    return note_leaf(&t->leaves, number, after) ? BTREE_OK : BTREE_NO_MEMORY;
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

/* Adds an entry of an index: `n` bytes behind those of its head. */
static enum btree_status add_entry(struct btree *t, struct btree_file *f, const uint8_t *head,
                                   size_t n_head, const uint8_t *record, size_t n)
{
    struct level *l = t->level[0];
    if (!fits(l, 0, n_head + n)) {
        enum btree_status status = close_index_leaf(t, f);
        if (status) return status;
    }
    uint8_t *cell = push(l, 0, n_head + n);
    memcpy(cell, head, n_head);
    memcpy(cell + n_head, record, n);
    return BTREE_OK;
}

static enum btree_status add_to_index(struct btree *t, struct btree_file *f,
                                      const struct rows_row *row, int columns)
{
    uint8_t *record = t->cell + 2;
    size_t n = put_record(record, row, 0, columns, ROWS_NO_TEXT);
    size_t head = put_varint(t->cell, n);
    if (!t->continues || t->first.size) return add_entry(t, f, t->cell, head, record, n);
    set_divider(&t->first, t->cell, head);
    memcpy(t->first.bytes + head, record, n);
    t->first.size = (uint16_t)(head + n);
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
        enum btree_status status = btree_page(f, &number, &bytes);
        if (status) return status;
        if (!begun) *first = number;
        put32(bytes, part < n ? btree_next_page(f) : 0);
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
    free(t->leaves.at);
    free(t->cell);
    free(t);
}

enum btree_status btree_add(struct btree *t, struct btree_file *f, const struct rows_row *row,
                            int columns, int text_column)
{
    bool text = text_column >= 0 && row->has >> text_column & 1;
    if (text && f->is_half) return BTREE_ORDER; /* pages of a half may move, chains not */
    if (text && row->text_size > INT32_MAX / 2) return BTREE_TOO_LARGE;
    if (!reserve(t, (text ? row->text_size : 0) + 512)) return BTREE_NO_MEMORY;
    int64_t before = t->key[0];
    if (!comes_next(t, row)) return BTREE_ORDER;
    if (t->key_columns) return add_to_index(t, f, row, columns);
    t->key[1] = before;
    return add_to_table(t, f, row, columns, text_column);
}

/* ---- two halves ------------------------------------------------------------------------------ */

struct btree *btree_continue(const struct btree *t)
{
    struct btree *rest = btree_new(t->root, t->key_columns);
    if (rest) rest->continues = true;
    return rest;
}

static uint32_t moved_to(const struct btree_moves *moves, uint32_t page)
{
    size_t low = 0, high = moves->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct btree_move *m = &moves->at[middle];
        if (page < m->from)
            high = middle;
        else if (page - m->from >= m->n)
            low = middle + 1;
        else
            return m->to + (page - m->from);
    }
    return page;
}

static void follow_moves(struct leaves *s, const struct btree_moves *moves)
{
    if (!moves->n) return;
    for (size_t i = 0; i < s->n; i += LEAF_HEAD + (size_t)get16(s->at + i + 4))
        put32(s->at + i, moved_to(moves, get32(s->at + i)));
}

/* Whether the first row of `rest` comes after the last one of `t`. */
static bool follows(const struct btree *t, const struct btree *rest)
{
    int n = t->key_columns ? t->key_columns : 1;
    for (int i = 0; i < n; i++)
        if (rest->first_key[i] != t->key[i]) return rest->first_key[i] > t->key[i];
    return false;
}

/* Ends the open leaf of `t`, so that leaves of `rest` can follow. */
static enum btree_status close_half(struct btree *t, struct btree_file *f, const struct btree *rest)
{
    struct divider up;
    if (t->key_columns) return close_leaf(t, f, &rest->first);
    up.size = (uint16_t)put_varint(up.bytes, (uint64_t)t->key[0]);
    return close_leaf(t, f, &up);
}

/* Leaves and open leaf of `rest` go behind those of `t`. */
static enum btree_status append_half(struct btree *t, struct btree_file *f, struct btree *rest)
{
    if (!rest->any) return BTREE_OK;
    if (!t->any || !t->level[0]->n || !follows(t, rest)) return BTREE_ORDER;
    if (!rest->level[0]->n) { /* an index whose one entry is the divider */
        memcpy(t->key, rest->key, sizeof t->key);
        return add_entry(t, f, rest->first.bytes, rest->first.size, rest->first.bytes, 0);
    }
    enum btree_status status = close_half(t, f, rest);
    if (status) return status;
    if (!leaves_reserve(&t->leaves, rest->leaves.n)) return BTREE_NO_MEMORY;
    if (rest->leaves.n) memcpy(t->leaves.at + t->leaves.n, rest->leaves.at, rest->leaves.n);
    t->leaves.n += rest->leaves.n;
    memcpy(t->key, rest->key, sizeof t->key);
    struct level *open = t->level[0];
    t->level[0] = rest->level[0];
    rest->level[0] = open;
    return BTREE_OK;
}

enum btree_status btree_join(struct btree *t, struct btree *rest, struct btree_file *f,
                             struct btree_file half[2])
{
    struct btree_moves moves = { 0 };
    enum btree_status status = btree_close_gaps(f, half, &moves);
    if (status == BTREE_OK) {
        follow_moves(&t->leaves, &moves);
        follow_moves(&rest->leaves, &moves);
        status = append_half(t, f, rest);
    }
    free(moves.at);
    return status;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* The pages above the leaves that are written. */
static enum btree_status add_leaves(struct btree *t, struct btree_file *f)
{
    struct divider after;
    for (size_t i = 0; i < t->leaves.n; i += LEAF_HEAD + (size_t)after.size) {
        const uint8_t *leaf = t->leaves.at + i;
        set_divider(&after, leaf + LEAF_HEAD, get16(leaf + 4));
        enum btree_status status = add_child(t, f, 1, get32(leaf), &after);
        if (status) return status;
    }
    return BTREE_OK;
}

enum btree_status btree_finish(struct btree *t, struct btree_file *f)
{
    uint32_t number = 0;
    enum btree_status added = add_leaves(t, f);
    if (added) return added;
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
            enum btree_status status = btree_flush(f);
            return status ? status
                          : btree_write_at(f->fd, l->page, BTREE_PAGE,
                                     (uint64_t)(t->root - 1) * BTREE_PAGE);
        }
        enum btree_status status = write_page(f, l, &number);
        if (status) return status;
    }
    return BTREE_OK;
}
