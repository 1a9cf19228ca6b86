/* SPDX-License-Identifier: MIT */
/*
 * Rows from pages: from the root down level by level to the list of leaves, then the leaves, those
 * that lie side by side at once. Contract in table_scan.h.
 */
#include "db/table_scan.h"

#include <stdlib.h>
#include <string.h>

#include "db/btree_private.h"

enum {
    BUFFER = 256 << 10,
    SLACK = 8, /* behind the buffer: an integer is read as eight bytes */
    FILE_HEADER = 100,
    LEVELS_MAX = 20,
    LEAF = 0x0d,
    INTERIOR = 0x05,
    HEADER_MAX = 127 /* bytes of a record's header whose length is one byte */
};

/* Where a column stands in records of one shape. */
struct place {
    uint16_t offset;  /* in the record */
    uint8_t bits;     /* of the integer; 0: it is `constant` */
    uint8_t constant;
};

/* Records with equal headers are alike; neighbours mostly are. */
struct shape {
    uint8_t header[HEADER_MAX]; /* its length is in the first byte; 0: no record was seen */
    uint64_t size;              /* of the records */
    unsigned null;
    struct place place[TABLE_SCAN_COLUMNS];
};

struct scanning {
    const struct table_scan *scan;
    sqlite3_file *file;
    uint32_t page_size, usable; /* bytes of a page, and those that rows can take */
    uint32_t n_pages;
    int8_t wanted[HEADER_MAX]; /* by number of a column in the table: which it is, or -1 */
    int n_numbers;             /* of columns up to the last that is wanted */
    uint8_t *buffer;                /* [BUFFER + SLACK] */
    struct shape shape;
    int64_t before; /* id of the last row; valid with `any` */
    bool any;
};

/* Pages of one level, in the order of their ids. */
struct level {
    uint32_t *page;
    size_t n, capacity;
};

/* ---- the file and the table ---------------------------------------------------------------- */

/* The first column of the first row, -1 without. */
static int64_t number_of(sqlite3 *db, const char *sql, const char *table, const char *column)
{
    sqlite3_stmt *q = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK &&
        sqlite3_bind_text(q, 1, table, -1, SQLITE_STATIC) == SQLITE_OK &&
        (!column || sqlite3_bind_text(q, 2, column, -1, SQLITE_STATIC) == SQLITE_OK) &&
        sqlite3_step(q) == SQLITE_ROW)
        number = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return number;
}

/* The root page, 0 without. In a transaction that was begun this is what first reads. */
static uint32_t find_table(struct scanning *s, sqlite3 *db)
{
    const struct table_scan *scan = s->scan;
    int64_t root = number_of(
        db, "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?1", scan->table,
        NULL);
    memset(s->wanted, -1, sizeof s->wanted);
    for (int i = 0; i < scan->n_columns; i++) {
        int64_t number = number_of(db, "SELECT cid FROM pragma_table_info(?1) WHERE name = ?2",
                                   scan->table, scan->column[i]);
        if (number < 0 || number >= HEADER_MAX || s->wanted[number] >= 0) return 0;
        s->wanted[number] = (int8_t)i;
        if (number >= s->n_numbers) s->n_numbers = (int)number + 1;
    }
    return root > 1 && root <= INT32_MAX ? (uint32_t)root : 0;
}

static bool read_at(const struct scanning *s, void *bytes, uint32_t n, uint64_t offset)
{
    return s->file->pMethods->xRead(s->file, bytes, (int)n, (sqlite3_int64)offset) == SQLITE_OK;
}

/* Is the file what the transaction sees, page by page? */
static bool open_file(struct scanning *s, sqlite3 *db)
{
    uint8_t header[FILE_HEADER];
    sqlite3_int64 size = 0;
    if (sqlite3_txn_state(db, "main") != SQLITE_TXN_READ ||
        sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &s->file) != SQLITE_OK ||
        !s->file || !s->file->pMethods || !read_at(s, header, sizeof header, 0) ||
        s->file->pMethods->xFileSize(s->file, &size) != SQLITE_OK)
        return false;
    if (memcmp(header, "SQLite format 3", 16) != 0 || header[18] != 1 || header[19] != 1)
        return false; /* 2: with a write-ahead log */
    s->page_size = get16(header + 16) == 1 ? 65536 : get16(header + 16);
    if (s->page_size < 512 || (s->page_size & (s->page_size - 1)) || header[20] > 32) return false;
    s->usable = s->page_size - header[20];
    s->n_pages = (uint32_t)(size / s->page_size < INT32_MAX ? size / s->page_size : INT32_MAX);
    return true;
}

static bool read_pages(const struct scanning *s, uint32_t first, uint32_t n)
{
    return first > 1 && first <= s->n_pages && n <= s->n_pages - first + 1 &&
           read_at(s, s->buffer, n * s->page_size, (uint64_t)(first - 1) * s->page_size);
}

/* An integer of SQLite's variable length; 0 where it reaches beyond the end, else its bytes. */
static inline uint32_t varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    uint64_t v = 0;
    for (uint32_t i = 0; i < 8 && p + i < end; i++) {
        v = v << 7 | (p[i] & 0x7f);
        *out = v;
        if (p[i] < 0x80) return i + 1;
    }
    if (end - p < 9) return 0;
    *out = v << 8 | p[8];
    return 9;
}

/* ---- down to the leaves -------------------------------------------------------------------- */

static bool add_page(const struct scanning *s, struct level *l, uint32_t page)
{
    if (l->n == s->n_pages) return false; /* pages that are linked in a circle */
    if (l->n == l->capacity) {
        size_t capacity = l->capacity ? 2 * l->capacity : 64;
        uint32_t *grown = realloc(l->page, capacity * sizeof *grown);
        if (!grown) return false;
        l->page = grown;
        l->capacity = capacity;
    }
    l->page[l->n++] = page;
    return true;
}

/* Cells of a page, and where their offsets stand; false where these do not fit in. */
static bool cells_of(const struct scanning *s, const uint8_t *page, uint32_t header, uint32_t *n)
{
    *n = get16(page + 3);
    return header + 2 * *n <= s->usable;
}

/* The children of the page in the buffer that can have ids of the range: a cell is a child and the
 * largest id that it has; the last child has those beyond all cells. */
static bool add_children(const struct scanning *s, struct level *below)
{
    const uint8_t *page = s->buffer, *end = page + s->usable;
    uint32_t n;
    if (page[0] != INTERIOR || !cells_of(s, page, 12, &n)) return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = get16(page + 12 + (size_t)2 * i);
        uint64_t key;
        if (at + 4 > s->usable || !varint(page + at + 4, end, &key)) return false;
        if ((int64_t)key < s->scan->first) continue;
        if (!add_page(s, below, get32(page + at))) return false;
        if ((int64_t)key >= s->scan->last) return true;
    }
    return add_page(s, below, get32(page + 8));
}

/* Replaces the root in `l` by the leaves. All of them are on one level. */
static bool find_leaves(const struct scanning *s, struct level *l)
{
    for (int depth = 0; depth < LEVELS_MAX; depth++) {
        struct level below = { 0 };
        bool ok = read_pages(s, l->page[0], 1);
        if (ok && s->buffer[0] == LEAF) return true;
        for (size_t i = 0; ok && i < l->n; i++)
            ok = read_pages(s, l->page[i], 1) && add_children(s, &below);
        free(l->page);
        *l = below;
        if (!ok || !l->n) return false;
    }
    return false;
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Bytes of a value by its serial type. */
static uint64_t value_bytes(uint64_t type)
{
    static const uint8_t bytes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };
    return type < 12 ? bytes[type] : (type - 12) / 2;
}

/* Notes where the wanted columns stand; false where one is missing or no integer. */
static bool learn(struct scanning *s, const uint8_t *record, uint64_t size)
{
    struct shape *shape = &s->shape;
    uint32_t length = record[0];
    const uint8_t *p = record + 1, *end = record + length;
    uint64_t offset = length;
    shape->header[0] = 0;
    if (length == 0 || length > HEADER_MAX || length > size) return false;
    shape->null = 0;
    for (int number = 0; number < s->n_numbers; number++) {
        uint64_t type;
        uint32_t used = varint(p, end, &type);
        int i = s->wanted[number];
        if (!used || value_bytes(type) > size - offset) return false;
        if (i >= 0) {
            if (type == 7 || type > 9) return false;
            shape->place[i] = (struct place){ .offset = (uint16_t)offset,
                                              .bits = (uint8_t)(8 * value_bytes(type)),
                                              .constant = type == 9 };
            shape->null |= (unsigned)(type == 0) << i;
        }
        offset += value_bytes(type);
        p += used;
    }
    shape->size = size;
    memcpy(shape->header, record, length);
    return true;
}

static int64_t value_at(const struct place *place, const uint8_t *record)
{
    if (!place->bits) return place->constant;
    const uint8_t *p = record + place->offset;
    uint64_t v = (uint64_t)get32(p) << 32 | get32(p + 4), sign = UINT64_C(1) << (place->bits - 1);
    return (int64_t)(((v >> (64 - place->bits)) ^ sign) - sign);
}

/* One cell; rows outside the range, at its ends, are left out. */
static bool take_cell(struct scanning *s, const uint8_t *cell, const uint8_t *end)
{
    const struct table_scan *scan = s->scan;
    const struct shape *shape = &s->shape;
    uint64_t size, key;
    uint32_t used = varint(cell, end, &size), more = used ? varint(cell + used, end, &key) : 0;
    const uint8_t *record = cell + used + more;
    /* A row that is larger goes on in other pages. */
    if (!more || !size || size > s->usable - 35 || size > (uint64_t)(end - record)) return false;
    int64_t id = (int64_t)key, value[TABLE_SCAN_COLUMNS];
    if (s->any && id <= s->before) return false;
    s->any = true;
    s->before = id;
    if (id < scan->first || id > scan->last) return true;
    bool alike = size == shape->size && record[0] == shape->header[0] &&
                 memcmp(record, shape->header, record[0]) == 0;
    if (!alike && !learn(s, record, size)) return false;
    for (int i = 0; i < scan->n_columns; i++) value[i] = value_at(&shape->place[i], record);
    scan->take(scan->opaque, id, value, shape->null);
    return true;
}

static bool take_leaf(struct scanning *s, const uint8_t *page)
{
    uint32_t n;
    if (page[0] != LEAF || !cells_of(s, page, 8, &n)) return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = get16(page + 8 + (size_t)2 * i);
        if (at >= s->usable || !take_cell(s, page + at, page + s->usable)) return false;
    }
    return true;
}

static bool take_leaves(struct scanning *s, const struct level *leaves)
{
    uint32_t at_once = BUFFER / s->page_size;
    for (size_t i = 0, n; i < leaves->n; i += n) {
        uint32_t first = leaves->page[i];
        for (n = 1; n < at_once && i + n < leaves->n && leaves->page[i + n] == first + n;) n++;
        if (!read_pages(s, first, (uint32_t)n)) return false;
        for (size_t k = 0; k < n; k++)
            if (!take_leaf(s, s->buffer + k * s->page_size)) return false;
    }
    return true;
}

bool table_scan(sqlite3 *db, const struct table_scan *scan)
{
    struct scanning s = { .scan = scan };
    struct level level = { 0 };
    uint32_t root = find_table(&s, db);
    bool ok = root && open_file(&s, db);
    if (ok) s.buffer = calloc(1, BUFFER + SLACK);
    ok = s.buffer && add_page(&s, &level, root) && find_leaves(&s, &level) &&
         take_leaves(&s, &level);
    free(level.page);
    free(s.buffer);
    return ok;
}
