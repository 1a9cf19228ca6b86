/* SPDX-License-Identifier: MIT */
/*
 * Property: whatever random valid rows are written, with whatever size of chunks and level, exactly
 * these rows are read, in order, by kind; and the file is whole.
 */
#include "cu.h"
#include "prop_snap_read.h"
#include "random_rows.h"
#include "snap_memory.h"

static void once(uint64_t seed, size_t rows, uint32_t chunk_rows, int level)
{
    struct memory_file f;
    struct gen_log want = { .n = { 0 } };
    struct gen_log got = { .n = { 0 } };
    snap_writer_options o = memory_options();
    o.chunk_rows = chunk_rows;
    o.level = level;
    snap_writer *w = memory_writer(&f, &o);
    if (!CHECK(w != NULL)) return;
    unsigned flags = (unsigned)(seed % 4) | (seed % 16 == 0 ? GEN_LONG : 0u);
    CHECK_I64(gen_random(w, seed, rows, flags, &want), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);

    if (!read_whole(f.bytes, f.size, &got) || !logs_agree(&got, &want))
        CHECK_U64(seed, 0); /* which one it was */
    gen_log_free(&got);
    gen_log_free(&want);
    memory_free(&f);
}

static void test_small(void)
{
    for (uint64_t seed = 1; seed <= 120; seed++) 
        once(seed, 1 + (size_t)seed * 3, (uint32_t)(seed % 40), 0);
}

static void test_large(void)
{
    once(1001, 60000, 0, 0);
    once(1002, 60000, SNAP_MAX_CHUNK_ROWS, 3);
    once(1003, 20000, 1000, 19);
}

CU_MAIN("prop_snap_roundtrip", { "small files, small chunks", test_small },
        { "large files", test_large })
