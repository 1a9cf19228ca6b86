/* SPDX-License-Identifier: MIT */
/*
 * Writing B-trees; btree.h.
 *
 * A page is built in memory, cells from its end downwards, and each cell downwards, too: values from
 * the last one on, their types, what stands before these. So a row is made where it will stay,
 * unless it has text or the page is nearly full. When a cell does not fit, the page goes to the
 * file, and its parent gets a divider: in a rowid table the page's last rowid, in an index the
 * page's last entry itself, which leaves the leaf (an index has each entry once).
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
    KEY_MAX = 3, /* columns */
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
    int64_t key[KEY_MAX];       /* of the row before */
    bool continues;             /* the second half of another tree */
    int64_t first_key[KEY_MAX]; /* of such a one */
    struct divider first;       /* and its first entry, of an index; size 0: none so far */
    struct leaves leaves;
    int n_levels;
    struct level *level[LEVELS]; /* the leaf first */
    uint8_t *cell; /* a cell is made at its end that is not made in the leaf */
    size_t room;
};

/* ---- numbers --------------------------------------------------------------------------------- */

/* All of a number, of which only the last bytes may be wanted: whoever writes downwards puts what
 * comes before them over the rest. */
static inline void put_big_endian(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)(v >> 56); /* one store, where the compiler knows the order of bytes */
    p[1] = (uint8_t)(v >> 48);
    p[2] = (uint8_t)(v >> 40);
    p[3] = (uint8_t)(v >> 32);
    p[4] = (uint8_t)(v >> 24);
    p[5] = (uint8_t)(v >> 16);
    p[6] = (uint8_t)(v >> 8);
    p[7] = (uint8_t)v;
}

/* Where the number begins that ends at `end`. */
static inline uint8_t *put_varint_before(uint8_t *end, uint64_t v)
{
    if (v >> 56) { /* nine bytes: the last has eight bits */
        *--end = (uint8_t)v;
        v >>= 8;
        for (int i = 1; i < VARINT_MAX; i++, v >>= 7) *--end = (uint8_t)(v | 0x80);
        return end;
    }
    *--end = (uint8_t)(v & 0x7f);
    while (v >>= 7) *--end = (uint8_t)(v | 0x80);
    return end;
}

static size_t put_varint(uint8_t *p, uint64_t v)
{
    uint8_t bytes[VARINT_MAX];
    const uint8_t *begin = put_varint_before(bytes + VARINT_MAX, v);
    size_t n = (size_t)(bytes + VARINT_MAX - begin);
    memcpy(p, begin, n);
    return n;
}

/* Integers by the bytes that they need, 1 to 8, but for the numbers 0 and 1, which need none. */
enum { INTEGER_0 = 9, INTEGER_KINDS = 11 };
static const uint8_t integer_types[INTEGER_KINDS] = { 0, 1, 2, 3, 4, 5, 5, 6, 6, 8, 9 };
static const uint8_t integer_sizes[INTEGER_KINDS] = { 0, 1, 2, 3, 4, 6, 6, 8, 8, 0, 0 };

/* Which of them. Without branches: sizes of neighbours differ at random. */
static inline unsigned integer_kind(int64_t v)
{
    uint64_t u = (uint64_t)v ^ (v < 0 ? UINT64_MAX : 0);
    unsigned highest = 63 ^ (unsigned)__builtin_clzll(u | 1);
    unsigned none = 0u - ((uint64_t)v < 2); /* all bits, where 1 byte is none */
    return (highest + 9) / 8 + (none & (INTEGER_0 - 1 + (unsigned)v)); /* 9: and the sign's bit */
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

/* What a cell of integers has at most, with what is overwritten before it while it is made. */
static inline size_t cell_room(int columns)
{
    return 2 * VARINT_MAX + 1 + 9 * (size_t)columns + 8;
}

/* Puts a value before *p, if there is one, and its type before those of the columns behind it. */
static inline void put_value(uint8_t **p, uint64_t *types, int64_t v, bool has)
{
    *types >>= 8;
    if (!has) return;
    unsigned kind = integer_kind(v);
    put_big_endian(*p - 8, (uint64_t)v);
    *p -= integer_sizes[kind];
    *types |= (uint64_t)integer_types[kind] << 56;
}

/* The same for n columns, at most eight, one after the other without a loop, which would cost as
 * much as the rest. Returns their types, one byte each. */
static inline uint64_t put_values(uint8_t **p, const int64_t *value, uint32_t has, int n)
{
    uint64_t types = 0;
    switch (n) {
    case 8: put_value(p, &types, value[7], has >> 7 & 1); /* fall through */
    case 7: put_value(p, &types, value[6], has >> 6 & 1); /* fall through */
    case 6: put_value(p, &types, value[5], has >> 5 & 1); /* fall through */
    case 5: put_value(p, &types, value[4], has >> 4 & 1); /* fall through */
    case 4: put_value(p, &types, value[3], has >> 3 & 1); /* fall through */
    case 3: put_value(p, &types, value[2], has >> 2 & 1); /* fall through */
    case 2: put_value(p, &types, value[1], has >> 1 & 1); /* fall through */
    default: put_value(p, &types, value[0], has & 1);
    }
    return types >> (64 - 8 * n);
}

enum { WORD = 8, TYPE_WORDS = (ROWS_COLUMNS + WORD - 1) / WORD };

/* The record of a row, section 2.1, downwards from `end`: the values of columns first .. columns-1,
 * before them their types, and at last the size of the header. `tail` is the type of what stands
 * behind them already. Returns where it begins. */
static inline uint8_t *put_integers(uint8_t *end, const struct rows_row *row, int first,
                                    int columns, const uint8_t *tail, size_t n_tail)
{
    uint64_t types[TYPE_WORDS];
    uint32_t has = row->has >> first << first;
    uint8_t *p = end;
    int words = (columns + WORD - 1) / WORD, n = columns;
    for (int i = words; i-- > 0; n = WORD * i)
        types[i] = put_values(&p, row->value + WORD * i, has >> WORD * i, n - WORD * i);
    for (size_t i = n_tail; i > 0; i--) *--p = tail[i - 1];
    n = columns;
    for (int i = words; i-- > 0; n = WORD * i) {
        put_big_endian(p - WORD, types[i]);
        p -= n - WORD * i;
    }
    *--p = (uint8_t)((size_t)columns + 1 + n_tail);
    return p;
}

static inline bool has_text(const struct rows_row *row, int text_column)
{
    return text_column >= 0 && row->has >> text_column & 1;
}

/* The same for a row that may have a text, which is its last column then. */
static uint8_t *put_record(uint8_t *end, const struct rows_row *row, int first, int columns,
                           int text_column)
{
    uint8_t type[VARINT_MAX];
    if (!has_text(row, text_column)) return put_integers(end, row, first, columns, NULL, 0);
    memcpy(end - row->text_size, row->text, row->text_size);
    return put_integers(end - row->text_size, row, first, text_column, type,
                        put_varint(type, (uint64_t)row->text_size * 2 + 13));
}

/* Whether key a comes after key b. */
static inline bool comes_after(const int64_t a[KEY_MAX], const int64_t b[KEY_MAX], int columns)
{
    bool third = columns > 2 && a[2] > b[2];
    bool second = columns > 1 && ((a[1] > b[1]) | ((a[1] == b[1]) & third));
    return (a[0] > b[0]) | ((a[0] == b[0]) & second);
}

/* Whether the row comes after the one before; keeps its key. */
static inline bool comes_next(struct btree *t, const struct rows_row *row)
{
    if (!t->any)
        memcpy(t->first_key, row->value, sizeof t->first_key);
    else if (!comes_after(row->value, t->key, t->key_columns))
        return false;
    t->any = true;
    memcpy(t->key, row->value, sizeof t->key);
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

/* Adds an entry of an index. */
static enum btree_status add_entry(struct btree *t, struct btree_file *f, const uint8_t *entry,
                                   size_t n)
{
    if (!fits(t->level[0], 0, n)) {
        enum btree_status status = close_index_leaf(t, f);
        if (status) return status;
    }
    memcpy(push(t->level[0], 0, n), entry, n);
    return BTREE_OK;
}

/* Whether a cell can be made in its leaf: any of so many integers fits. */
static inline bool has_room(const struct level *l, int columns)
{
    return fits(l, 0, cell_room(columns));
}

/* put_integers for at most eight columns, as all indexes have, in fewer steps. */
static inline uint8_t *put_few(uint8_t *end, const struct rows_row *row, int columns)
{
    uint8_t *p = end;
    uint64_t types = put_values(&p, row->value, row->has, columns);
    put_big_endian(p - WORD, types);
    p -= columns + 1;
    *p = (uint8_t)(columns + 1);
    return p;
}

static inline uint8_t *put_entry(uint8_t *end, const struct rows_row *row, int columns)
{
    uint8_t *record = columns <= WORD ? put_few(end, row, columns)
                                      : put_integers(end, row, 0, columns, NULL, 0);
    return put_varint_before(record, (uint64_t)(end - record));
}

/* The same where the cell cannot be made in the leaf. */
static enum btree_status add_to_index_apart(struct btree *t, struct btree_file *f,
                                            const struct rows_row *row, int columns)
{
    uint8_t *end = t->cell + t->room;
    const uint8_t *entry = put_entry(end, row, columns);
    if (!t->continues || t->first.size) return add_entry(t, f, entry, (size_t)(end - entry));
    set_divider(&t->first, entry, (size_t)(end - entry));
    return BTREE_OK;
}

static enum btree_status add_to_index(struct btree *t, struct btree_file *f,
                                      const struct rows_row *row, int columns)
{
    struct level *l = t->level[0];
    if ((t->continues && !t->first.size) || !has_room(l, columns))
        return add_to_index_apart(t, f, row, columns);
    uint8_t *end = l->page + l->end;
    push(l, 0, (size_t)(end - put_entry(end, row, columns)));
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

/* The head of a table's cell, before its record of n bytes. */
static inline uint8_t *put_head(uint8_t *record, size_t n, int64_t rowid)
{
    return put_varint_before(put_varint_before(record, (uint64_t)rowid), n);
}

/* Adds a row whose record is n bytes at `record`, with room for its head before it. */
static enum btree_status add_record(struct btree *t, struct btree_file *f, int64_t rowid,
                                    uint8_t *record, size_t n)
{
    size_t local = local_part(n);
    uint8_t *cell = put_head(record, n, rowid), chain[4];
    size_t kept = (size_t)(record - cell) + local, size = kept + (local < n ? sizeof chain : 0);
    if (local < n) {
        uint32_t first = 0;
        enum btree_status status = write_chain(f, record + local, n - local, &first);
        if (status) return status;
        put32(chain, first);
    }
    if (!fits(t->level[0], 0, size)) {
        struct divider up; /* the rowid of the row before this one */
        up.size = (uint16_t)put_varint(up.bytes, (uint64_t)t->key[1]);
        enum btree_status status = close_leaf(t, f, &up);
        if (status) return status;
    }
    uint8_t *at = push(t->level[0], 0, size);
    memcpy(at, cell, kept);
    if (local < n) memcpy(at + kept, chain, sizeof chain);
    return BTREE_OK;
}

static enum btree_status add_to_table(struct btree *t, struct btree_file *f,
                                      const struct rows_row *row, int columns, int text_column)
{
    struct level *l = t->level[0];
    if (!has_text(row, text_column) && has_room(l, columns)) {
        uint8_t *end = l->page + l->end, *record = put_integers(end, row, 1, columns, NULL, 0);
        const uint8_t *cell = put_head(record, (size_t)(end - record), row->value[0]);
        push(l, 0, (size_t)(end - cell));
        return BTREE_OK;
    }
    uint8_t *end = t->cell + t->room;
    uint8_t *record = put_record(end, row, 1, columns, text_column);
    return add_record(t, f, row->value[0], record, (size_t)(end - record));
}

struct btree *btree_new(uint32_t root, int key_columns)
{
    struct btree *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->root = root;
    t->key_columns = key_columns;
    if (!add_level(t) || !reserve(t, CELL_MAX)) {
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
    bool text = has_text(row, text_column);
    if (text && f->is_half) return BTREE_ORDER; /* pages of a half may move, chains not */
    if (text && row->text_size > INT32_MAX / 2) return BTREE_TOO_LARGE;
    if (text && !reserve(t, row->text_size + CELL_MAX)) return BTREE_NO_MEMORY;
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
    return comes_after(rest->first_key, t->key, t->key_columns);
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
        return add_entry(t, f, rest->first.bytes, rest->first.size);
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
