/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without a fuzzing engine, the same way every time.
 *
 *     fuzz_X FILE...                    each file once
 *     fuzz_X --mutate N SEED FILE...    N mutations of each of the target's seeds, then the files
 *     fuzz_X --seeds FOLDER             the seeds as files, for an engine to start from
 *
 * A file whose name ends in .hex is text: after lines that begin with '#', an input in hexadecimal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_target.h"

static uint64_t state;

static uint64_t rnd(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 9) % below;
}

static const uint64_t telling[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000,
                                    0x7fffffff, 0x80000000u, 0xffffffffu, 0x7fffffffffffffffu,
                                    0x8000000000000000u, 0xffffffffffffffffu };

/* One change; the size may shrink or grow within `room`. */
static size_t mutate(uint8_t *b, size_t size, size_t room)
{
    if (size == 0) return 0;
    size_t at = (size_t)rnd(size);
    size_t n = 1 + (size_t)rnd(size - at < 16 ? size - at : 16);
    switch (rnd(8)) {
    case 0: b[at] ^= (uint8_t)(1u << rnd(8)); break;
    case 1: b[at] = (uint8_t)rnd(256); break;
    case 2: b[at] = (uint8_t)(b[at] + rnd(5) - 2); break;
    case 3: {
        uint64_t x = telling[rnd(sizeof telling / sizeof *telling)];
        memcpy(b + at, &x, n < 8 ? n : 8);
        break;
    }
    case 4: memmove(b + at, b + at + n, size - at - n); return size - n;
    case 5:
        if (size + n > room) break;
        memmove(b + at + n, b + at, size - at);
        return size + n;
    case 6: memmove(b + at, b + rnd(size - n + 1), n); break;
    default: return rnd(20) ? size : at;
    }
    return size;
}

/* The input in a block of exactly its size, so that sanitizers see a step beyond it. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact) abort();
    if (size) memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

/* Returns the number of inputs that were run. */
static uint64_t mutate_seeds(uint64_t rounds, uint64_t seed)
{
    uint64_t runs = 0;
    for (unsigned i = 0;; i++) {
        size_t size;
        uint8_t *bytes = fuzz_seed(i, &size);
        if (!bytes) return runs;
        uint8_t *copy = malloc(2 * size + 64);
        if (!copy) abort();
        run(bytes, size);
        state = seed * 0x9E3779B97F4A7C15u + i + 1;
        for (uint64_t k = 0; k < rounds; k++) {
            size_t n = size;
            memcpy(copy, bytes, size);
            for (uint64_t changes = 1 + rnd(4); changes > 0; changes--) {
                n = mutate(copy, n, 2 * size + 64);
            }
            run(copy, n);
        }
        runs += 1 + rounds;
        free(copy);
        free(bytes);
    }
}

static int write_seeds(const char *folder)
{
    for (unsigned i = 0;; i++) {
        size_t size;
        char path[4096];
        uint8_t *bytes = fuzz_seed(i, &size);
        if (!bytes) return 0;
        snprintf(path, sizeof path, "%s/seed-%u", folder, i);
        FILE *f = fopen(path, "wb");
        int good = f && fwrite(bytes, 1, size, f) == size;
        if (f && fclose(f) != 0) good = 0;
        free(bytes);
        if (!good) {
            perror(path);
            return 1;
        }
    }
}

static int hex_digit(int c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* From hexadecimal text to bytes, in place; the size, or -1 where it is none. */
static ptrdiff_t unhex(uint8_t *text, size_t size)
{
    size_t n = 0;
    int high = -1;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '#') {
            while (i < size && text[i] != '\n') i++;
            continue;
        }
        if (text[i] == ' ' || text[i] == '\n') continue;
        int digit = hex_digit(text[i]);
        if (digit < 0) return -1;
        if (high >= 0) text[n++] = (uint8_t)(high << 4 | digit);
        high = high >= 0 ? -1 : digit;
    }
    return high >= 0 ? -1 : (ptrdiff_t)n;
}

static int run_file(const char *path)
{
    static uint8_t bytes[4 << 20];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    ptrdiff_t n = (ptrdiff_t)fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    size_t name = strlen(path);
    if (name > 4 && strcmp(path + name - 4, ".hex") == 0) n = unhex(bytes, (size_t)n);
    if (n < 0) {
        fprintf(stderr, "%s: no hexadecimal text\n", path);
        return 1;
    }
    run(bytes, (size_t)n);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0, first = 1;
    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) return write_seeds(argv[2]);
    if (argc >= 4 && strcmp(argv[1], "--mutate") == 0) {
        uint64_t runs = mutate_seeds(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
        printf("%" PRIu64 " inputs\n", runs);
        failed |= runs == 0;
        first = 4;
    }
    for (int i = first; i < argc; i++) failed |= run_file(argv[i]);
    return failed;
}
