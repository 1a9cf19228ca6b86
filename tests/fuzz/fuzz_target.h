/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target: libFuzzer's entry point, and seeds for engines that have no corpus. A target must
 * take any bytes without a crash, a leak or a hang; wrong conclusions end in abort().
 */
#ifndef SNAP_TESTS_FUZZ_TARGET_H
#define SNAP_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Seed number `i` in memory of malloc's; NULL when there are no more. */
uint8_t *fuzz_seed(unsigned i, size_t *size);

/* A copy for fuzz_seed to return. */
static inline uint8_t *fuzz_copy(const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    memcpy(copy, bytes, size);
    return copy;
}

static inline void expect(int holds)
{
    if (!holds) abort();
}

/* Bytes that come in pieces, for parsers that read through a function. */
struct input {
    const uint8_t *at;
    size_t size, done, piece;
};

static inline ptrdiff_t input_read(void *opaque, void *to, size_t n)
{
    struct input *f = opaque;
    if (n > f->piece) n = f->piece;
    if (n > f->size - f->done) n = f->size - f->done;
    if (n) memcpy(to, f->at + f->done, n);
    f->done += n;
    return (ptrdiff_t)n;
}

#endif
