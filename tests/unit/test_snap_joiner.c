/* SPDX-License-Identifier: MIT */
/*
 * Whole strings out of chunks against a model of the rule: parts follow each other under one id,
 * each but the last of a full part's size, and add up to what the first one said. Random sequences
 * of chunks, made by hand so that any of it can be wrong; ids, bytes, what is dropped, refusals.
 */
#include <stdlib.h>

#include "alloc.h"
#include "batch_impl.h"
#include "cu.h"
#include "snap_memory.h"

#define PART  SNAP_MAX_STRING_PART
#define CALLS 60u

static uint8_t *text; /* two full parts of bytes, and some */

/* A STRING batch as the decoder makes it: rows of bytes, or one part of a long string. */
struct chunk {
    struct snap_batch batch;
    uint64_t offset[5], part[1], total[1];
};

static const struct snap_batch *make(struct chunk *c, uint64_t first, uint32_t rows,
                                     const uint64_t *sizes)
{
    memset(c, 0, sizeof *c);
    c->batch.header = (struct chunk_header){ .kind = SNAP_KIND_STRING, .rows = rows,
                                             .first = first };
    c->batch.schema = schema_of(SNAP_KIND_STRING);
    for (uint32_t i = 0; i < rows; i++) c->offset[i + 1] = c->offset[i] + sizes[i];
    c->batch.column[0].values = c->offset;
    c->batch.column[0].bytes = (const char *)text;
    return &c->batch;
}

static const struct snap_batch *make_part(struct chunk *c, uint64_t id, uint64_t part,
                                          uint64_t size, const uint64_t *total)
{
    make(c, id, 1, &size);
    c->part[0] = part;
    c->batch.column[1].values = c->part;
    if (total) {
        c->total[0] = *total;
        c->batch.column[2].values = c->total;
    }
    return &c->batch;
}

/* What was given, in the order of giving. */
struct given {
    unsigned n;
    uint64_t id[CALLS], size[CALLS];
    unsigned wrong;  /* strings whose bytes are not those of the parts */
    unsigned refuse; /* the call that is answered by an error; 0: none */
};

static int take(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    struct given *g = opaque;
    if (g->n < CALLS) {
        g->id[g->n] = id;
        g->size[g->n] = size;
    }
    if (size > PART) {
        for (size_t i = 0; i < size; i += 997)
            g->wrong += (uint8_t)bytes[i] != text[i % PART];
    }
    return ++g->n == g->refuse;
}

static snap_string_joiner *joiner(struct given *g)
{
    snap_string_joiner *j = NULL;
    memset(g, 0, sizeof *g);
    CHECK_I64(snap_string_joiner_new(&j, NULL, take, g), SNAP_OK);
    return j;
}

static void setup(void)
{
    if (text) return;
    text = malloc(2 * PART + 100);
    if (!text) abort();
    for (size_t i = 0; i < 2 * PART + 100; i++) text[i] = (uint8_t)(i % PART % 253);
}

/* Ids are those of the rows, bytes those of the columns; an empty string is one, too. */
static void test_rows(void)
{
    struct given g;
    struct chunk c;
    setup();
    snap_string_joiner *j = joiner(&g);
    CHECK_I64(snap_string_joiner_feed(j, make(&c, 7, 4, (uint64_t[]){ 3, 0, 5, 1 })), SNAP_OK);
    CHECK_I64(snap_string_joiner_feed(j, make(&c, 100, 1, (uint64_t[]){ PART })), SNAP_OK);
    static const uint64_t id[] = { 7, 8, 9, 10, 100 }, size[] = { 3, 0, 5, 1, PART };
    CHECK_U64(g.n, 5);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_U64(g.id[i], id[i]);
        CHECK_U64(g.size[i], size[i]);
    }
    CHECK_U64(snap_string_joiner_free(j), 0);
}

/* One string in three parts; and every way in which one part can be wrong. */
static void test_parts(void)
{
    static const struct {
        uint64_t id[3], part[3], size[3], total;
        unsigned given;
        uint64_t dropped;
    } cases[] = {
        { { 5, 5, 5 }, { 0, 1, 2 }, { PART, PART, 9 }, 2 * PART + 9, 1, 0 },
        { { 5, 5, 5 }, { 0, 1, 2 }, { PART, PART, PART }, 3 * PART, 1, 0 },
        { { 5, 5, 5 }, { 0, 1, 2 }, { PART, PART, 9 }, 2 * PART + 10, 0, 1 },   /* too short */
        { { 5, 5, 5 }, { 0, 1, 2 }, { PART, PART, 9 }, 2 * PART + 8, 0, 1 },    /* too long */
        { { 5, 5, 5 }, { 0, 2, 1 }, { PART, PART, 9 }, 2 * PART + 9, 0, 1 },    /* order */
        { { 5, 5, 5 }, { 0, 1, 1 }, { PART, PART, 9 }, 2 * PART + 9, 0, 1 },    /* twice */
        { { 5, 6, 6 }, { 0, 1, 2 }, { PART, PART, 9 }, 2 * PART + 9, 0, 2 },    /* another id */
        { { 5, 5, 6 }, { 0, 1, 2 }, { PART, PART, 9 }, 2 * PART + 9, 0, 2 },
        { { 5, 5, 5 }, { 0, 1, 2 }, { PART - 1, PART, 9 }, 2 * PART + 8, 0, 1 }, /* not full */
        { { 5, 5, 5 }, { 0, 1, 2 }, { PART, PART, 9 }, SNAP_MAX_STRING + 1, 0, 1 },
        { { 5, 5, 5 }, { 1, 2, 3 }, { PART, PART, 9 }, 2 * PART + 9, 0, 1 },    /* no beginning */
        { { 5, 6, 7 }, { 1, 1, 1 }, { PART, PART, 9 }, 2 * PART + 9, 0, 3 },    /* of three */
        { { 5, 5, 5 }, { 0, 0, 1 }, { PART, PART, 9 }, PART + 9, 1, 1 },        /* begun twice */
    };
    setup();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct given g;
        struct chunk c;
        snap_string_joiner *j = joiner(&g);
        for (int k = 0; k < 3; k++)
            CHECK_I64(snap_string_joiner_feed(j, make_part(&c, cases[i].id[k], cases[i].part[k],
                                                           cases[i].size[k],
                                                           cases[i].part[k] ? NULL
                                                                            : &cases[i].total)),
                      SNAP_OK);
        int good = CHECK_U64(g.n, cases[i].given) & CHECK_U64(g.wrong, 0);
        good &= CHECK_U64(snap_string_joiner_free(j), cases[i].dropped);
        if (cases[i].given) good &= CHECK_U64(g.id[0], 5) & CHECK_U64(g.size[0], cases[i].total);
        if (!good) printf("  case %zu\n", i);
    }
}

/* A first part that announces nothing, or nothing at all. */
static void test_no_total(void)
{
    struct given g;
    struct chunk c;
    uint64_t none = 0;
    setup();
    snap_string_joiner *j = joiner(&g);
    CHECK_I64(snap_string_joiner_feed(j, make_part(&c, 3, 0, PART, NULL)), SNAP_OK);
    CHECK_I64(snap_string_joiner_feed(j, make_part(&c, 4, 0, 0, &none)), SNAP_OK);
    CHECK_U64(g.n, 1); /* an empty string, if oddly written */
    CHECK_U64(g.id[0], 4);
    CHECK_U64(snap_string_joiner_free(j), 1);
}

/* ---- against a model ---- */

struct model {
    int joining;
    uint64_t id, total, filled, next_part, dropped;
    unsigned n;
    uint64_t given_id[CALLS], given_size[CALLS];
};

static void model_gives(struct model *m, uint64_t id, uint64_t size)
{
    if (m->n < CALLS) {
        m->given_id[m->n] = id;
        m->given_size[m->n] = size;
    }
    m->n++;
}

static void model_part(struct model *m, uint64_t id, uint64_t part, uint64_t size, uint64_t total)
{
    if (part == 0) {
        m->dropped += m->joining != 0;
        m->joining = 1;
        m->id = id;
        m->total = total;
        m->filled = 0;
        m->next_part = 0;
    }
    uint64_t left = m->total - m->filled;
    if (!m->joining || id != m->id || part != m->next_part || m->total > SNAP_MAX_STRING ||
        size > left || (size != PART && size != left)) {
        m->dropped += (m->joining != 0) + (m->id != id); /* this one, and one without beginning */
        m->joining = 0;
        m->id = id;
        return;
    }
    m->next_part++;
    m->filled += size;
    if (m->filled < m->total) return;
    m->joining = 0;
    model_gives(m, id, m->filled);
}

static void test_model(void)
{
    uint64_t x = 11;
    unsigned whole = 0;
    uint64_t dropped = 0;
    setup();
    for (unsigned round = 0; round < 150; round++) {
        struct given g;
        struct model m = { 0 };
        snap_string_joiner *j = joiner(&g);
        uint64_t id = 1, part = 0, total = 0;
        for (unsigned call = 0; call < 12; call++) {
            struct chunk c;
            x = x * 6364136223846793005u + 1442695040888963407u;
            unsigned dice = (unsigned)(x >> 59);
            if (dice < 3) {
                uint64_t sizes[] = { x >> 50 & 7, 2 };
                CHECK_I64(snap_string_joiner_feed(j, make(&c, id, 2, sizes)), SNAP_OK);
                m.dropped += m.joining != 0;
                m.joining = 0;
                model_gives(&m, id, sizes[0]);
                model_gives(&m, id + 1, 2);
                id += 2;
                part = 0;
                continue;
            }
            if (part == 0) total = PART * (1 + (x >> 40) % 2) + (x >> 30) % 50;
            uint64_t left = total > part * PART ? total - part * PART : 0;
            uint64_t size = left < PART ? left : PART;
            if (dice == 3) size = size ? size - 1 : 1;
            if (dice == 4) part++;
            if (dice == 5) id++;
            CHECK_I64(snap_string_joiner_feed(j, make_part(&c, id, part, size,
                                                           part ? NULL : &total)), SNAP_OK);
            model_part(&m, id, part, size, total);
            part++;
            if (left <= PART) id++, part = 0;
        }
        m.dropped += m.joining != 0;
        CHECK_U64(snap_string_joiner_free(j), m.dropped);
        CHECK_U64(g.n, m.n);
        CHECK_U64(g.wrong, 0);
        CHECK(memcmp(g.id, m.given_id, sizeof g.id) == 0);
        CHECK(memcmp(g.size, m.given_size, sizeof g.size) == 0);
        for (unsigned i = 0; i < m.n && i < CALLS; i++) whole += m.given_size[i] > PART;
        dropped += m.dropped;
    }
    CHECK(whole > 50 && dropped > 50);
}

/* ---- refusals ---- */

static void test_refused(void)
{
    struct given g;
    struct chunk c;
    uint64_t total = PART + 5;
    setup();
    snap_string_joiner *j = joiner(&g);
    make(&c, 1, 1, (uint64_t[]){ 1 });
    c.batch.header.kind = SNAP_KIND_TYPE;
    CHECK_I64(snap_string_joiner_feed(j, &c.batch), SNAP_E_MISUSE);
    CHECK_U64(g.n, 0);
    g.refuse = 2; /* the caller has enough after the second of four */
    CHECK_I64(snap_string_joiner_feed(j, make(&c, 1, 4, (uint64_t[]){ 1, 1, 1, 1 })), SNAP_E_IO);
    CHECK_U64(g.n, 2);
    g.refuse = 3;
    CHECK_I64(snap_string_joiner_feed(j, make_part(&c, 9, 0, PART, &total)), SNAP_OK);
    CHECK_I64(snap_string_joiner_feed(j, make_part(&c, 9, 1, 5, NULL)), SNAP_E_IO);
    CHECK_U64(g.id[2], 9);
    CHECK_U64(snap_string_joiner_free(j), 0); /* given, if not wanted: not dropped */
    CHECK_U64(snap_string_joiner_free(NULL), 0);
}

/* Memory: nothing beyond what has arrived, whatever a first part announces. */
static size_t held, peak, most;

static void *take_memory(void *opaque, size_t size)
{
    (void)opaque;
    if (held + size > most) return NULL;
    held += size;
    if (held > peak) peak = held;
    return malloc(size);
}

static void give_memory(void *opaque, void *ptr, size_t size)
{
    (void)opaque;
    held -= size;
    free(ptr);
}

static void test_memory(void)
{
    const snap_allocator a = { take_memory, give_memory, NULL };
    struct given g = { 0 };
    struct chunk c;
    uint64_t total = SNAP_MAX_STRING;
    snap_string_joiner *j = NULL;
    setup();
    most = 0;
    CHECK_I64(snap_string_joiner_new(&j, &a, take, &g), SNAP_E_MEMORY);
    CHECK(j == NULL);
    most = SIZE_MAX;
    CHECK_I64(snap_string_joiner_new(&j, &a, take, &g), SNAP_OK);
    CHECK_I64(snap_string_joiner_feed(j, make_part(&c, 1, 0, PART, &total)), SNAP_OK);
    CHECK(peak < 2 * PART + 1000); /* not the 256 MiB that are announced */
    most = held; /* no more: the next part is refused, the joiner stays in order */
    CHECK_I64(snap_string_joiner_feed(j, make_part(&c, 1, 1, PART, NULL)), SNAP_OK);
    CHECK_I64(snap_string_joiner_feed(j, make_part(&c, 1, 2, PART, NULL)), SNAP_E_MEMORY);
    CHECK_U64(g.n, 0);
    CHECK_U64(snap_string_joiner_free(j), 1);
    CHECK_U64(held, 0);
    free(text);
    text = NULL;
}

CU_MAIN("snap joiner", { "rows", test_rows }, { "parts", test_parts },
        { "nothing announced", test_no_total }, { "against a model", test_model },
        { "refused", test_refused }, { "memory", test_memory })
