/* SPDX-License-Identifier: MIT */
/*
 * Decompressing payloads with zstd over memory of the caller's: no call in this file allocates.
 * O(size of the payload).
 */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "chunk.h"

size_t chunk_unpacker_memory(void)
{
    return (ZSTD_estimateDCtxSize() + 63) & ~(size_t)63;
}

int chunk_unpacker_init(struct chunk_unpacker *unpacker, void *memory, size_t memory_size)
{
    unpacker->context = ZSTD_initStaticDCtx(memory, memory_size);
    return unpacker->context ? 0 : -1;
}

int chunk_unpack(struct chunk_unpacker *unpacker, const uint8_t *from, size_t size, uint8_t *raw,
                 size_t raw_size)
{
    /* Exactly one ordinary frame that announces the size which the chunk header gave; the output
     * buffer has that size, so a lying frame ends in an error, not in memory. */
    ZSTD_frameHeader frame;
    if (ZSTD_getFrameHeader(&frame, from, size) != 0) return -1;
    if (frame.frameType != ZSTD_frame || frame.dictID != 0) return -1;
    if (frame.frameContentSize != raw_size || frame.windowSize > SNAP_MAX_CHUNK_BYTES) return -1;
    if (ZSTD_findFrameCompressedSize(from, size) != size) return -1;
    size_t got = ZSTD_decompressDCtx(unpacker->context, raw, raw_size, from, size);
    return got == raw_size ? 0 : -1;
}
