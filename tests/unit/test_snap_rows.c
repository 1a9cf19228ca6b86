/* SPDX-License-Identifier: MIT */
/*
 * Open chunks: what is put comes out of the payload, at the sizes that the public interface hardly
 * reaches: owners of edges beyond 2^34, runs of every length, full chunks of the widest values.
 */
#include <stdlib.h>

#include "alloc.h"
#include "batch_impl.h"
#include "cu.h"
#include "rows.h"
#include "snap_memory.h"

enum { SOURCE = 0, TARGET = 1, KIND = 3, FLAGS = 4 };

static struct rows rows;
static void *memory;

static void make(unsigned kind, uint32_t room, uint32_t bytes)
{
    size_t size = rows_memory(kind, room, bytes);
    memory = malloc(size);
    if (!memory) abort();
    memset(memory, 0xEE, size);
    rows_init(&rows, kind, room, bytes, memory);
}

/* Encodes what is open and decodes it; free by batch_free. */
static struct snap_batch decode(snap_status want)
{
    struct rows_payload p;
    struct snap_batch batch = { .allocator = alloc_choose(NULL) };
    const char *text = "";
    size_t at;
    struct chunk_header h = { .kind = rows.kind, .rows = rows.count, .first = 1 };
    rows_encode(&rows, &p);
    h.raw_size = h.stored_size = (uint32_t)p.size;
    CHECK_U64(p.end[p.parts - 1], p.size);
    CHECK(p.bytes - SNAP_CHUNK_HEADER_SIZE >= (uint8_t *)memory);
    if (!CHECK_I64(batch_decode(&batch, &h, p.bytes, &text, &at), want)) puts(text);
    rows_reset(&rows);
    return batch;
}

static void put_edges(uint64_t source, uint32_t n)
{
    rows_put_run(&rows, SOURCE, source, n);
    for (uint32_t i = 0; i < n; i++) {
        rows_put_dense(&rows, TARGET, source * 31 + i);
        rows_put_dense(&rows, KIND, 1 + i % 3);
        rows_put_dense(&rows, FLAGS, 0);
        rows_next(&rows);
    }
}

/* `groups` owners from `base` on, `step` apart, of 1 to `most` edges. */
static void edges_once(uint64_t base, uint64_t step, uint32_t groups, uint32_t most)
{
    uint32_t row = 0;
    for (uint32_t g = 0; g < groups; g++) put_edges(base + g * step, 1 + g % most);
    struct snap_batch b = decode(SNAP_OK);
    const uint64_t *source = snap_batch_u64(&b, SNAP_COL_EDGE_SOURCE);
    const uint64_t *target = snap_batch_u64(&b, SNAP_COL_EDGE_TARGET);
    const uint64_t *position = snap_batch_u64(&b, SNAP_COL_EDGE_INDEX);
    for (uint32_t g = 0; g < groups && source; g++) {
        for (uint32_t i = 0; i < 1 + g % most; i++, row++) {
            int same = source[row] == base + g * step && position[row] == i &&
                       target[row] == (base + g * step) * 31 + i;
            if (!same) {
                CHECK_U64(row, UINT32_MAX);
                break;
            }
        }
    }
    CHECK(snap_batch_u64(&b, SNAP_COL_EDGE_FLAGS) == NULL); /* all zero: left out */
    batch_free(&b);
}

static void test_owners(void)
{
    static const uint64_t base[] = { 0, 127, 128, 1u << 20, ((uint64_t)1 << 34) - 40,
                                     (uint64_t)1 << 34, (uint64_t)1 << 48, UINT64_MAX - 90000 };
    static const uint32_t most[] = { 1, 3, 128, 129, 700 };
    make(SNAP_KIND_EDGE, 20000, 0);
    for (size_t b = 0; b < sizeof base / sizeof *base; b++) {
        for (size_t m = 0; m < sizeof most / sizeof *most; m++) {
            edges_once(base[b], 1, 30, most[m]);
            edges_once(base[b], 1000, 30, most[m]);
        }
        edges_once(base[b], 1, 20000, 1); /* a full chunk, every edge with an owner of its own */
    }
    put_edges((uint64_t)1 << 40, 9); /* runs that are spread in place, the first of them too */
    put_edges(3, 2);
    struct snap_batch wide = decode(SNAP_OK);
    const uint64_t *source = snap_batch_u64(&wide, SNAP_COL_EDGE_SOURCE);
    for (uint32_t i = 0; source && i < 11; i++)
        CHECK_U64(source[i], i < 9 ? (uint64_t)1 << 40 : 3);
    batch_free(&wide);
    put_edges(5, 7); /* one owner for all */
    put_edges(5, 7);
    struct snap_batch batch = decode(SNAP_OK);
    CHECK_U64(snap_batch_u64(&batch, SNAP_COL_EDGE_INDEX)[13], 13);
    CHECK_U64(snap_batch_u64(&batch, SNAP_COL_EDGE_SOURCE)[13], 5);
    batch_free(&batch);
    free(memory);
}

/* Every column of objects in use, with values that take all eight bytes: the encoder writes over
 * its own input, and must never be faster than it reads. */
static void test_widest(void)
{
    const uint32_t room = 4096;
    make(SNAP_KIND_OBJECT, room, 0);
    const struct schema_kind *schema = schema_of(SNAP_KIND_OBJECT);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < room; i++) {
            for (unsigned c = 0; c < rows.n_columns; c++) {
                uint64_t x = (i + 1) * 0x9E3779B97F4A7C15u * (c + 1);
                x >>= 64 - schema->column[c].bits;
                int has = !(schema->column[c].flags & SCHEMA_SPARSE) || round == 0 ||
                          (round == 1 && i != 77) || (round == 2 && i % 3 == c % 3);
                rows_put_if(&rows, c, x, (uint64_t)has);
            }
            rows_next(&rows);
        }
        struct snap_batch b = decode(SNAP_OK);
        unsigned wrong = 0;
        for (unsigned c = 0; c < rows.n_columns; c++) {
            const uint64_t *v = snap_batch_u64(&b, schema->column[c].id);
            for (uint32_t i = 0; i < room && v; i++) {
                uint64_t x = (i + 1) * 0x9E3779B97F4A7C15u * (c + 1);
                x >>= 64 - schema->column[c].bits;
                if (snap_batch_has(&b, schema->column[c].id, i)) wrong += v[i] != x;
                else wrong += v[i] != 0;
            }
            wrong += !v;
        }
        CHECK_U64(wrong, 0);
        batch_free(&b);
    }
    free(memory);
}

CU_MAIN("snap_rows", { "owners of edges", test_owners }, { "widest values", test_widest })
