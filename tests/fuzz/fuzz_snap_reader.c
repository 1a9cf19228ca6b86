/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a whole file, read as a stream, joined, by index, strictly and not.
 */
#include <stdlib.h>

#include "fuzz_snap_use.h"
#include "fuzz_target.h"
#include "random_rows.h"
#include "snap_memory.h"

static int each(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) *(uint64_t *)opaque += (unsigned char)bytes[i] + id;
    return 0;
}

static void walk(const uint8_t *data, size_t size, int strict)
{
    snap_reader *r;
    const snap_batch *b;
    snap_string_joiner *j = NULL;
    uint64_t sum = 0;
    size_t chunks;
    snap_status s;
    snap_reader_options o = { .size = sizeof o, .strict = strict, .kinds = UINT64_MAX };
    if (snap_reader_open_memory(&r, data, size, &o, NULL) != SNAP_OK) return;
    if (snap_string_joiner_new(&j, NULL, each, &sum) != SNAP_OK) abort();
    while ((s = snap_reader_next(r, &b, NULL)) == SNAP_OK) {
        sum += use_batch(b);
        if (snap_batch_kind(b) == SNAP_KIND_STRING && snap_string_joiner_feed(j, b) != SNAP_OK) {
            abort();
        }
    }
    snap_string_joiner_free(j);
    if (!strict && s == SNAP_END && snap_reader_load_index(r, &chunks, NULL) == SNAP_OK) {
        for (size_t i = 0; i < chunks && i < 64; i++) {
            if (snap_reader_seek(r, i, NULL) != SNAP_OK) break;
            if (snap_reader_next(r, &b, NULL) == SNAP_OK) sum += use_batch(b);
        }
    }
    snap_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk(data, size, 0);
    walk(data, size, 1);
    return 0;
}

uint8_t *fuzz_seed(unsigned i, size_t *size)
{
    struct memory_file f;
    snap_writer_options o = memory_options();
    if (i >= 4) return NULL;
    o.chunk_rows = i % 2 ? 16 : 0;
    snap_writer *w = memory_writer(&f, &o);
    if (!w || gen_random(w, 40 + i, 30 + 20 * i, 0, NULL) != SNAP_OK) abort();
    if (snap_writer_close(w, NULL) != SNAP_OK) abort();
    *size = f.size;
    return f.bytes;
}
