/* SPDX-License-Identifier: MIT */
/*
 * Compressing payloads with zstd over memory of the caller's: no call in this file allocates.
 * O(size of the payload).
 */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "chunk.h"

/* Payloads below this are not worth a frame. */
#define SMALLEST 64u

static ZSTD_compressionParameters parameters(int level, size_t payload)
{
    return ZSTD_getCParams(level, payload, 0);
}

size_t chunk_packer_memory(int level, size_t payload)
{
    if (level < 1 || level > 19) return 0;
    size_t size = ZSTD_estimateCCtxSize_usingCParams(parameters(level, payload));
    return ZSTD_isError(size) ? 0 : (size + 63) & ~(size_t)63;
}

/* All parameters are set one by one, so that they do not vary with the size of a payload and the
 * memory that was estimated for them suffices for each. */
static int set_parameters(ZSTD_CCtx *context, ZSTD_compressionParameters p)
{
    const struct {
        ZSTD_cParameter name;
        unsigned value;
    } list[] = {
        { ZSTD_c_windowLog, p.windowLog },       { ZSTD_c_hashLog, p.hashLog },
        { ZSTD_c_chainLog, p.chainLog },         { ZSTD_c_searchLog, p.searchLog },
        { ZSTD_c_minMatch, p.minMatch },         { ZSTD_c_targetLength, p.targetLength },
        { ZSTD_c_strategy, (unsigned)p.strategy }, { ZSTD_c_contentSizeFlag, 1 },
        { ZSTD_c_checksumFlag, 0 },              { ZSTD_c_dictIDFlag, 0 },
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (ZSTD_isError(ZSTD_CCtx_setParameter(context, list[i].name, (int)list[i].value))) {
            return -1;
        }
    }
    return 0;
}

int chunk_packer_init(struct chunk_packer *packer, int level, size_t payload, void *memory,
                      size_t memory_size, const void *scratch, uint8_t *out, size_t out_size)
{
    ZSTD_compressionParameters p = parameters(level, payload);
    ZSTD_CCtx *context = ZSTD_initStaticCCtx(memory, memory_size);
    if (!context || set_parameters(context, p) != 0) return -1;
    /* A full window is what takes the most memory. */
    size_t trial = (size_t)1 << p.windowLog;
    if (trial > payload) trial = payload;
    if (ZSTD_isError(ZSTD_compress2(context, out, out_size, scratch, trial))) return -1;
    packer->context = context;
    return 0;
}

size_t chunk_pack(struct chunk_packer *packer, const uint8_t *from, size_t size, uint8_t *out,
                  size_t out_size)
{
    if (size < SMALLEST) return 0;
    size_t packed = ZSTD_compress2(packer->context, out, out_size, from, size);
    return ZSTD_isError(packed) || packed >= size ? 0 : packed;
}
