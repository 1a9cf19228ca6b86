/* SPDX-License-Identifier: MIT */
/*
 * The compiler of programs to files, and back; see fuzz_grammar.h.
 */
#include "fuzz_grammar.h"

#include <stdlib.h>
#include <string.h>

#include <snap/snap.h>

#include "checksum.h"
#include "chunk.h"
#include "column.h"
#include "schema.h"
#include "varint.h"

enum { MOST_ROWS = 512, MOST_CHUNKS = 200, PAYLOAD = MOST_ROWS * 16 * 12 + 4096, ROOM = 8 << 20 };

/* How the values of a column come; other bytes are taken modulo HOW. */
enum { ABSENT, CONSTANT, COUNTING, GIVEN, HOW };

/* Flags of an item. */
enum { FIRST = 1, SNAPSHOT = 2, BY_ID = 4, TRUE_COUNTS = 8, PARTS = 16 };

#define NO_VALUE 0xffu

static const uint64_t telling[16] = {
    0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000u, 0xffffffffu,
    0x100000000u, 0x3fffffffffffffffu, 0x7fffffffffffffffu, 0x8000000000000000u,
    0xfffffffffffffffeu, 0xffffffffffffffffu,
};

struct maker {
    const uint8_t *at, *end;
    uint8_t *out;
    size_t size;
    uint32_t snapshot, snapshots;
    uint64_t next_id[SNAP_KIND_LAST + 1], rows[SNAP_KIND_LAST + 1], file_rows[SNAP_KIND_LAST + 1];
    uint64_t chunks_of[SNAP_KIND_LAST + 1], all_rows[SNAP_KIND_LAST + 1];
    uint64_t bytes_of[SNAP_KIND_LAST + 1];
    uint64_t index[MOST_CHUNKS + 8][6];
    unsigned chunks;
};

static uint8_t take(struct maker *m)
{
    return m->at < m->end ? *m->at++ : 0;
}

static uint64_t take_rest(struct maker *m, unsigned n)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < n; i++) x |= (uint64_t)take(m) << 8 * i;
    return x;
}

static uint64_t number_of(struct maker *m, uint8_t b)
{
    if (b < 0xe0) return b;
    if (b < 0xf0) return telling[b & 15];
    return take_rest(m, b < 0xf8 ? 2 : 8);
}

/* ---- columns ------------------------------------------------------------------------------- */

struct column {
    uint8_t bytes[PAYLOAD];
    size_t size;
    uint8_t encoding;
};

static void put(struct column *c, uint64_t x)
{
    c->size = (size_t)(varint_put(c->bytes + c->size, x) - c->bytes);
}

static uint64_t fitting(const struct schema_column *s, uint64_t x)
{
    return s->bits < 64 ? x & (((uint64_t)1 << s->bits) - 1) : x;
}

/* Numbers of rows that say which they have. The bitmap comes first where one has none. */
static void given_numbers(struct maker *m, const struct schema_column *s, unsigned rows,
                          struct column *c)
{
    uint8_t bits[MOST_ROWS / 8] = { 0 };
    uint64_t value[MOST_ROWS];
    unsigned n = 0;
    for (unsigned i = 0; i < rows; i++) {
        uint8_t b = take(m);
        if (b == NO_VALUE && (s->flags & SCHEMA_SPARSE)) continue;
        bits[i / 8] |= (uint8_t)(1u << i % 8);
        value[n++] = fitting(s, number_of(m, b));
    }
    c->encoding = COLUMN_VARINT;
    if (n == 0) c->encoding = 0;
    if (n && n < rows) {
        c->encoding |= COLUMN_SPARSE;
        memcpy(c->bytes, bits, (rows + 7) / 8);
        c->size = (rows + 7) / 8;
    }
    for (unsigned i = 0; i < n; i++) put(c, value[i]);
}

static void numbers(struct maker *m, const struct schema_column *s, unsigned rows, unsigned how,
                    struct column *c)
{
    if (how == GIVEN) {
        given_numbers(m, s, rows, c);
    } else {
        uint64_t x = number_of(m, take(m));
        c->encoding = how == CONSTANT ? COLUMN_CONSTANT : COLUMN_VARINT;
        for (unsigned i = 0; i < (how == CONSTANT ? 1 : rows); i++) put(c, fitting(s, x + i));
    }
}

/* Texts: all lengths, then all bytes. */
static void texts(struct maker *m, const struct schema_column *s, unsigned rows, struct column *c)
{
    uint8_t bits[MOST_ROWS / 8] = { 0 }, bytes[MOST_ROWS * 16];
    unsigned length[MOST_ROWS], n = 0;
    size_t all = 0;
    for (unsigned i = 0; i < rows; i++) {
        uint8_t b = take(m);
        if (b == NO_VALUE && (s->flags & SCHEMA_SPARSE)) continue;
        bits[i / 8] |= (uint8_t)(1u << i % 8);
        length[n] = b % 64;
        if (length[n] > sizeof bytes - all) length[n] = (unsigned)(sizeof bytes - all);
        for (unsigned k = 0; k < length[n]; k++) bytes[all++] = take(m);
        n++;
    }
    if (n == 0) return;
    c->encoding = COLUMN_BYTES;
    if (n < rows) {
        c->encoding |= COLUMN_SPARSE;
        memcpy(c->bytes, bits, (rows + 7) / 8);
        c->size = (rows + 7) / 8;
    }
    for (unsigned i = 0; i < n; i++) put(c, length[i]);
    memcpy(c->bytes + c->size, bytes, all);
    c->size += all;
}

/* ---- chunks -------------------------------------------------------------------------------- */

static uint64_t first_of(const struct maker *m, unsigned kind)
{
    if (schema_of(kind)->definition) return m->next_id[kind];
    return m->snapshot ? m->rows[kind] : m->file_rows[kind];
}

/* The payload's columns, made; ends the item. */
struct made {
    struct column column[SCHEMA_MAX_COLUMNS];
    uint8_t there[SCHEMA_MAX_COLUMNS];
};

static void write_chunk(struct maker *m, struct chunk_header *h, const struct made *made)
{
    const struct schema_kind *schema = schema_of(h->kind);
    uint8_t *payload = m->out + m->size + SNAP_CHUNK_HEADER_SIZE, *p = payload;
    unsigned n = 0;
    for (unsigned i = 0; i < schema->n_columns; i++) n += made->there[i];
    p = varint_put(p, n);
    for (unsigned i = 0; i < schema->n_columns; i++) {
        if (!made->there[i]) continue;
        p = varint_put(p, schema->column[i].id);
        *p++ = made->column[i].encoding;
        p = varint_put(p, made->column[i].size);
    }
    for (unsigned i = 0; i < schema->n_columns; i++) {
        if (!made->there[i]) continue;
        memcpy(p, made->column[i].bytes, made->column[i].size);
        p += made->column[i].size;
    }
    h->codec = CHUNK_STORED;
    h->flags = schema->required ? CHUNK_REQUIRED : 0;
    h->raw_size = h->stored_size = (uint32_t)(p - payload);
    h->sequence = m->chunks;
    h->checksum = checksum64(payload, h->stored_size);
    chunk_header_put(m->out + m->size, h);
    uint64_t *index = m->index[m->chunks++];
    const uint64_t row[6] = { m->size, h->kind, h->rows, h->snapshot, h->first, h->stored_size };
    memcpy(index, row, sizeof row);
    m->size += SNAP_CHUNK_HEADER_SIZE + h->stored_size;
    m->chunks_of[h->kind]++;
    m->all_rows[h->kind] += h->rows;
    m->bytes_of[h->kind] += h->stored_size;
    m->next_id[h->kind] = h->first + h->rows;
    if (h->snapshot) m->rows[h->kind] += h->rows;
    else m->file_rows[h->kind] += h->rows;
}

/* A chunk whose columns hold these numbers, [rows][columns]. */
static void write_plain(struct maker *m, unsigned kind, const uint64_t *value, unsigned rows,
                        unsigned columns, uint64_t first)
{
    static struct made made;
    for (unsigned i = 0; i < SCHEMA_MAX_COLUMNS; i++) {
        made.there[i] = i < columns;
        made.column[i].size = 0;
        made.column[i].encoding = COLUMN_VARINT;
        for (unsigned k = 0; i < columns && k < rows; k++) {
            put(&made.column[i], value[k * columns + i]);
        }
    }
    struct chunk_header h = { .kind = (uint16_t)kind, .rows = rows, .first = first,
                              .snapshot = schema_of(kind)->scope == SCHEMA_FILE ? 0 : m->snapshot };
    write_chunk(m, &h, &made);
}

static void begin(struct maker *m)
{
    m->snapshot = ++m->snapshots;
    memset(m->rows, 0, sizeof m->rows);
}

static void auto_begin(struct maker *m)
{
    static struct made made;
    const uint64_t times[2] = { 1700000000000000000u, 5000 };
    begin(m);
    memset(made.there, 0, sizeof made.there);
    for (unsigned i = 0; i < 2; i++) {
        made.there[1 + i] = 1;
        made.column[1 + i].size = 0;
        made.column[1 + i].encoding = COLUMN_VARINT;
        put(&made.column[1 + i], times[i]);
    }
    struct chunk_header h = { .kind = SNAP_KIND_BEGIN, .rows = 1, .snapshot = m->snapshot };
    write_chunk(m, &h, &made);
}

static void auto_finish(struct maker *m)
{
    const uint64_t counts[5] = { m->rows[SNAP_KIND_OBJECT], m->rows[SNAP_KIND_EDGE],
                                 m->rows[SNAP_KIND_ROOT], SNAP_FINISH_COMPLETE, 6000 };
    write_plain(m, SNAP_KIND_FINISH, counts, 1, 5, m->rows[SNAP_KIND_FINISH]);
    m->snapshot = 0;
}

/* Columns of which a kind has one only, or needs. */
static unsigned how_of(const struct schema_kind *schema, unsigned kind, unsigned i, unsigned how,
                       unsigned flags)
{
    unsigned first = kind == SNAP_KIND_EDGE ? 1 : 0;
    if ((kind == SNAP_KIND_EDGE || kind == SNAP_KIND_ROOT) && (i == first || i == first + 1)) {
        if ((i == first) != ((flags & BY_ID) != 0)) return ABSENT;
        return how == ABSENT ? COUNTING : how;
    }
    if (kind == SNAP_KIND_STRING && i > 0 && !(flags & PARTS)) return ABSENT;
    if (how == ABSENT && (schema->column[i].flags & SCHEMA_NEEDED)) return COUNTING;
    return how;
}

static void item(struct maker *m)
{
    static struct made made;
    unsigned kind = 1 + take(m) % SNAP_KIND_VALUE, rows = take(m), flags = take(m);
    const struct schema_kind *schema = schema_of(kind);
    int one = kind == SNAP_KIND_BEGIN || kind == SNAP_KIND_FINISH ||
              (kind == SNAP_KIND_STRING && (flags & PARTS));
    rows = one ? 1 : rows < 0xc0 ? 1 + rows % 64 : 1 + (rows & 63) * 8;
    if (kind == SNAP_KIND_BEGIN) begin(m);
    if (!m->snapshot && schema->scope == SCHEMA_SNAPSHOT) auto_begin(m);
    struct chunk_header h = { .kind = (uint16_t)kind, .rows = rows, .first = first_of(m, kind) };
    h.snapshot = schema->scope == SCHEMA_FILE ? 0 : m->snapshot;
    if (flags & FIRST) h.first = number_of(m, take(m));
    if (flags & SNAPSHOT) h.snapshot = take(m);
    for (unsigned i = 0; i < schema->n_columns; i++) {
        struct column *c = &made.column[i];
        const struct schema_column *s = &schema->column[i];
        c->size = c->encoding = 0;
        unsigned how = how_of(schema, kind, i, take(m) % HOW, flags);
        if (how != ABSENT && (s->flags & SCHEMA_BYTES)) texts(m, s, rows, c);
        else if (how != ABSENT) numbers(m, s, rows, how, c);
        made.there[i] = c->encoding != 0;
        if (kind == SNAP_KIND_FINISH && i < 3 && (flags & TRUE_COUNTS)) {
            c->size = 0;
            put(c, m->rows[SNAP_KIND_OBJECT + i]);
        }
    }
    write_chunk(m, &h, &made);
    if (kind == SNAP_KIND_FINISH) m->snapshot = 0;
}

static void end_file(struct maker *m)
{
    uint64_t totals[(SNAP_KIND_LAST + 1) * 5], index = m->size;
    unsigned n = 0;
    for (unsigned kind = 1; kind < SNAP_KIND_INDEX; kind++) {
        const uint64_t row[5] = { kind, m->chunks_of[kind], m->all_rows[kind], m->bytes_of[kind],
                                  m->bytes_of[kind] };
        if (row[1] == 0) continue;
        memcpy(totals + 5 * n++, row, sizeof row);
    }
    if (n == 0) return;
    write_plain(m, SNAP_KIND_INDEX, m->index[0], m->chunks, 6, 0);
    uint64_t total = m->size;
    write_plain(m, SNAP_KIND_TOTAL, totals, n, 5, 0);
    chunk_trailer_put(m->out + m->size, index, total);
    m->size += SNAP_TRAILER_SIZE;
}

size_t grammar_file(const uint8_t *program, size_t size, const uint8_t **file)
{
    static uint8_t out[ROOM];
    static struct maker m;
    static const uint8_t uuid[16] = { 1, 2, 3 };
    m = (struct maker){ .at = program, .end = program + size, .out = out };
    for (unsigned kind = 1; kind <= SNAP_KIND_LAST; kind++) m.next_id[kind] = 1;
    unsigned asked = take(&m);
    chunk_file_header_put(out, uuid);
    m.size = SNAP_FILE_HEADER_SIZE;
    while (m.at < m.end && m.chunks < MOST_CHUNKS && m.size < ROOM - 2 * 16 * PAYLOAD) item(&m);
    if (m.snapshot && !(asked & GRAMMAR_LEFT_OPEN)) auto_finish(&m);
    if (!(asked & GRAMMAR_CUT)) end_file(&m);
    *file = out;
    return m.size;
}

/* ---- back ---------------------------------------------------------------------------------- */

struct writer {
    uint8_t *at;
    size_t size;
};

static void say(struct writer *w, unsigned byte)
{
    if (w->size < GRAMMAR_PROGRAM_MOST) w->at[w->size++] = (uint8_t)byte;
}

static void say_number(struct writer *w, uint64_t x)
{
    unsigned n = x < 0xe0 ? 0 : x <= 0xffff ? 2 : 8;
    say(w, n == 0 ? (unsigned)x : n == 2 ? 0xf0 : 0xf8);
    for (unsigned i = 0; i < n; i++) say(w, (unsigned)(x >> 8 * i & 0xff));
}

static void say_column(struct writer *w, const snap_batch *b, const struct schema_column *s,
                       uint32_t rows)
{
    unsigned ids[SNAP_MAX_COLUMNS];
    size_t n = snap_batch_columns(b, ids, SNAP_MAX_COLUMNS), size = 0, k = 0;
    while (k < n && ids[k] != s->id) k++;
    say(w, k < n ? GIVEN : ABSENT);
    const uint64_t *value = k < n ? snap_batch_u64(b, s->id) : NULL;
    for (uint32_t i = 0; k < n && i < rows; i++) {
        if (!snap_batch_has(b, s->id, i)) {
            say(w, NO_VALUE);
        } else if (s->flags & SCHEMA_BYTES) {
            const char *bytes = snap_batch_bytes(b, s->id, i, &size);
            if (size > 63) size = 63;
            say(w, (unsigned)size);
            for (size_t j = 0; j < size; j++) say(w, (unsigned char)bytes[j]);
        } else {
            say_number(w, value ? value[i] : 0);
        }
    }
}

uint8_t *grammar_program(const uint8_t *file, size_t size, unsigned first, size_t *program_size)
{
    struct writer w = { malloc(GRAMMAR_PROGRAM_MOST), 0 };
    snap_reader_options o = { .size = sizeof o, .kinds = UINT64_MAX };
    snap_reader *r = NULL;
    const snap_batch *b = NULL;
    if (!w.at || snap_reader_open_memory(&r, file, size, &o, NULL) != SNAP_OK) abort();
    say(&w, first);
    while (snap_reader_next(r, &b, NULL) == SNAP_OK) {
        unsigned kind = snap_batch_kind(b), flags = TRUE_COUNTS;
        const struct schema_kind *schema = schema_of(kind);
        uint32_t rows = snap_batch_rows(b) < 64 ? snap_batch_rows(b) : 64;
        if (kind > SNAP_KIND_VALUE) continue;
        if (kind == SNAP_KIND_EDGE && snap_batch_u64(b, SNAP_COL_EDGE_TARGET)) flags |= BY_ID;
        if (kind == SNAP_KIND_ROOT && snap_batch_u64(b, SNAP_COL_ROOT_OBJECT)) flags |= BY_ID;
        say(&w, kind - 1);
        say(&w, rows - 1);
        say(&w, flags);
        for (unsigned i = 0; i < schema->n_columns; i++) {
            say_column(&w, b, &schema->column[i], rows);
        }
    }
    snap_reader_close(r);
    *program_size = w.size;
    return w.at;
}
