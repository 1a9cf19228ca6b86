/* SPDX-License-Identifier: MIT */
/*
 * Compressing payloads with zstd over memory of the caller's: no call in this file allocates.
 * O(size of the payload).
 *
 * A zstd block has one table of symbol frequencies. Columns differ, so a block that spans two of
 * them suits neither: each large column is handed over by a call of its own, which ends a block.
 */
#define ZSTD_STATIC_LINKING_ONLY
#define ZSTD_DISABLE_DEPRECATE_WARNINGS /* calls of our own block boundaries have no successor */
#include <zstd.h>

#include "chunk.h"

/* Payloads below this are not worth a frame. */
#define SMALLEST 64u

/* Parts are put together until they have this many bytes: a block's tables cost about a hundred. */
#define BLOCK_LEAST 2048u

static ZSTD_parameters parameters(int level, size_t payload)
{
    ZSTD_parameters p = { .cParams = ZSTD_getCParams(level, payload, 0) };
    p.fParams.contentSizeFlag = 1;
    p.fParams.noDictIDFlag = 1;
    return p;
}

size_t chunk_packer_memory(int level, size_t payload)
{
    if (level < 1 || level > 19) return 0;
    size_t size = ZSTD_estimateCCtxSize_usingCParams(parameters(level, payload).cParams);
    return ZSTD_isError(size) ? 0 : (size + 63) & ~(size_t)63;
}

int chunk_packer_init(struct chunk_packer *packer, int level, size_t payload, void *memory,
                      size_t memory_size, const void *scratch, uint8_t *out, size_t out_size)
{
    packer->context = ZSTD_initStaticCCtx(memory, memory_size);
    packer->level = level;
    packer->payload = payload;
    if (!packer->context) return -1;
    return chunk_pack(packer, scratch, &payload, 1, out, out_size) ? 0 : -1;
}

size_t chunk_pack(struct chunk_packer *packer, const uint8_t *from, const size_t *end,
                  unsigned parts, uint8_t *out, size_t out_size)
{
    ZSTD_CCtx *context = packer->context;
    size_t size = end[parts - 1];
    size_t at = 0, filled = 0;
    if (size < SMALLEST) return 0;
    /* The same parameters for every payload, so that the memory that was estimated suffices. */
    ZSTD_parameters p = parameters(packer->level, packer->payload);
    if (ZSTD_isError(ZSTD_compressBegin_advanced(context, NULL, 0, p, size))) return 0;
    for (unsigned i = 0; i < parts; i++) {
        int last = i + 1 == parts;
        if (!last && (end[i] - at < BLOCK_LEAST || size - end[i] < BLOCK_LEAST)) continue;
        size_t n = last ? ZSTD_compressEnd(context, out + filled, out_size - filled, from + at,
                                           end[i] - at)
                        : ZSTD_compressContinue(context, out + filled, out_size - filled,
                                                from + at, end[i] - at);
        if (ZSTD_isError(n)) return 0;
        filled += n;
        at = end[i];
    }
    return filled < size ? filled : 0;
}
