/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target below checksums and compression: kind, number of rows and payload straight into the
 * decoder of chunks. What decodes must be usable, whatever it says.
 */
#include <stdlib.h>

#include "alloc.h"
#include "batch_impl.h"
#include "fuzz_snap_use.h"
#include "fuzz_target.h"
#include "random_rows.h"
#include "snap_memory.h"
#include <zstd.h>

#define HEAD 4u /* kind, three bytes of rows */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snap_batch batch = { .allocator = alloc_choose(NULL) };
    const char *text;
    size_t at;
    if (size <= HEAD || size > SNAP_MAX_CHUNK_BYTES) return 0;
    uint32_t rows = (uint32_t)data[1] | (uint32_t)data[2] << 8 | (uint32_t)data[3] << 16;
    struct chunk_header h = {
        .kind = (uint16_t)(1 + data[0] % SNAP_KIND_LAST),
        .raw_size = (uint32_t)(size - HEAD),
        .stored_size = (uint32_t)(size - HEAD),
        .rows = 1 + rows % SNAP_MAX_CHUNK_ROWS,
        .first = 1,
    };
    if (batch_decode(&batch, &h, data + HEAD, &text, &at) == SNAP_OK) {
        volatile uint64_t sum = use_batch(&batch);
        (void)sum;
    } else if (!text || at > size) {
        abort();
    }
    batch_free(&batch);
    return 0;
}

/* The payloads of a generated file, chunk by chunk. */
uint8_t *fuzz_seed(unsigned i, size_t *size)
{
    struct memory_file f;
    snap_writer *w = memory_writer(&f, NULL);
    if (!w || gen_random(w, 77, 40, 0, NULL) != SNAP_OK) abort();
    if (snap_writer_close(w, NULL) != SNAP_OK) abort();
    uint8_t *seed = NULL;
    size_t at = SNAP_FILE_HEADER_SIZE;
    struct chunk_header h;
    const char *text;
    for (unsigned k = 0; f.size - at >= SNAP_CHUNK_HEADER_SIZE; k++) {
        if (chunk_header_get(f.bytes + at, &h, &text) != CHUNK_GOOD) break;
        const uint8_t *stored = f.bytes + at + SNAP_CHUNK_HEADER_SIZE;
        at += SNAP_CHUNK_HEADER_SIZE + h.stored_size;
        if (k != i) continue;
        seed = malloc(HEAD + h.raw_size);
        if (!seed) abort();
        seed[0] = (uint8_t)(h.kind - 1);
        for (unsigned b = 0; b < 3; b++) seed[1 + b] = (uint8_t)((h.rows - 1) >> (8 * b));
        size_t got = h.raw_size;
        if (h.codec == CHUNK_STORED) memcpy(seed + HEAD, stored, got);
        else got = ZSTD_decompress(seed + HEAD, got, stored, h.stored_size);
        if (got != h.raw_size) abort();
        *size = HEAD + h.raw_size;
        break;
    }
    memory_free(&f);
    return seed;
}
