/* SPDX-License-Identifier: MIT */
/*
 * mutate_snap SEED IN OUT: a copy of a snapshot file with a few lies in it and every checksum right,
 * so that they get past the checksums to the code behind: fields of chunk headers, bytes of
 * payloads, chunks left out, doubled or exchanged. A compressed payload is unpacked before and, mostly,
 * packed again behind the lie. The same arguments give the same bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <snap/format.h>

enum { MAX_FILE = 1 << 24, MAX_CHUNKS = 4096 };

static unsigned char in[MAX_FILE], out[4 * MAX_FILE], scratch[2 * MAX_FILE];
static uint64_t state;

struct chunk {
    size_t at, size;
};

static struct chunk chunks[MAX_CHUNKS];

static uint64_t rnd(uint64_t below)
{
    state += 0x9e3779b97f4a7c15u;
    uint64_t x = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (x ^ x >> 31) % below;
}

static uint64_t get(const unsigned char *at, unsigned n)
{
    uint64_t v = 0;
    while (n--) v = v << 8 | at[n];
    return v;
}

static void put(unsigned char *at, unsigned n, uint64_t v)
{
    for (unsigned i = 0; i < n; i++) at[i] = (unsigned char)(v >> (8 * i));
}

/* A number that programs get wrong. */
static uint64_t bad_number(uint64_t old)
{
    static const uint64_t numbers[] = { 0, 1, 2, 127, 128, 255, 65535, 65536, 65537, 0x7fffffff,
                                        0x80000000, 0xffffffff, 0x7fffffffffffffff,
                                        0x8000000000000000, 0xfffffffffffffffe,
                                        0xffffffffffffffff };
    switch (rnd(4)) {
    case 0: return old + 1;
    case 1: return old - 1;
    case 2: return old ^ UINT64_C(1) << rnd(64);
    default: return numbers[rnd(sizeof numbers / sizeof numbers[0])];
    }
}

/* Makes the checksums of a chunk right. */
static void seal(unsigned char *chunk, size_t size)
{
    put(chunk + 48, 8, XXH3_64bits(chunk + 64, size - 64));
    put(chunk + 56, 8, XXH3_64bits(chunk, 56));
}

/* One lie in a chunk. */
static void lie(unsigned char *chunk, size_t size)
{
    static const struct {
        unsigned char at, n;
    } fields[] = { { 4, 2 }, { 6, 1 }, { 7, 1 }, { 12, 4 }, { 16, 4 }, { 20, 4 }, { 24, 8 },
                   { 32, 8 } };
    int is_stored = chunk[6] == 0;
    if (!is_stored || rnd(3) == 0) {
        size_t f = (size_t)rnd(sizeof fields / sizeof fields[0]);
        unsigned char *at = chunk + fields[f].at;
        put(at, fields[f].n, bad_number(get(at, fields[f].n)));
    } else {
        unsigned char *at = chunk + 64 + rnd(size - 64);
        *at = rnd(3) ? (unsigned char)bad_number(*at) : (unsigned char)rnd(256);
    }
    seal(chunk, size);
}

/* Stores a compressed payload without compression; returns the new size of the chunk. */
static size_t unpack(unsigned char *chunk, size_t size)
{
    size_t n = ZSTD_decompress(scratch, MAX_FILE, chunk + 64, size - 64);
    if (ZSTD_isError(n) || n != get(chunk + 12, 4)) return size;
    memcpy(chunk + 64, scratch, n);
    chunk[6] = 0;
    put(chunk + 8, 4, n);
    seal(chunk, 64 + n);
    return 64 + n;
}

/* The way back, where the header still says the truth and it gets smaller. */
static size_t repack(unsigned char *chunk, size_t size)
{
    if (chunk[6] != 0 || get(chunk + 12, 4) != size - 64) return size;
    size_t n = ZSTD_compress(scratch, sizeof scratch, chunk + 64, size - 64, 1);
    if (ZSTD_isError(n) || n >= size - 64) return size;
    memcpy(chunk + 64, scratch, n);
    chunk[6] = 1;
    put(chunk + 8, 4, n);
    seal(chunk, 64 + n);
    return 64 + n;
}

/* Lies in one chunk, below its compression; returns its new size. */
static size_t spoil(unsigned char *chunk, size_t size, unsigned lies)
{
    int packed = chunk[6] == 1 && rnd(8);
    if (packed) size = unpack(chunk, size);
    while (lies--) lie(chunk, size);
    return packed && rnd(4) ? repack(chunk, size) : size;
}

static size_t find_chunks(size_t n)
{
    size_t count = 0, at = SNAP_FILE_HEADER_SIZE;
    while (count < MAX_CHUNKS && at + SNAP_CHUNK_HEADER_SIZE < n &&
           memcmp(in + at, "\xc5" "chk", 4) == 0) {
        size_t size = SNAP_CHUNK_HEADER_SIZE + (size_t)get(in + at + 8, 4);
        if (size > n - at) break;
        chunks[count++] = (struct chunk){ at, size };
        at += size;
    }
    return count;
}

/* Copies the chunks with lies; returns the size. Sequence numbers are made right now and then, so
 * that a missing chunk is not always noticed by them. */
static size_t mutate(size_t n, size_t count)
{
    size_t size = SNAP_FILE_HEADER_SIZE, victim = (size_t)rnd(count);
    size_t second = (size_t)rnd(count);
    unsigned way = (unsigned)rnd(8), lies = 1 + (unsigned)rnd(3);
    int renumber = rnd(2) == 0;
    uint64_t sequence = 0;
    memcpy(out, in, size);
    if (way == 0) {
        struct chunk swap = chunks[victim];
        chunks[victim] = chunks[second];
        chunks[second] = swap;
    }
    for (size_t i = 0; i < count; i++) {
        unsigned copies = way == 1 && i == victim ? 0 : way == 2 && i == victim ? 2 : 1;
        while (copies--) {
            unsigned char *chunk = out + size;
            memcpy(chunk, in + chunks[i].at, chunks[i].size);
            if (renumber) {
                put(chunk + 32, 8, sequence);
                seal(chunk, chunks[i].size);
            }
            sequence++;
            size += way > 2 && i == victim ? spoil(chunk, chunks[i].size, lies) : chunks[i].size;
        }
    }
    size_t tail = chunks[count - 1].at + chunks[count - 1].size;
    if (way != 0 && n > tail) {
        memcpy(out + size, in + tail, n - tail);
        size += n - tail;
    }
    return size;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: mutate_snap SEED IN OUT\n");
        return 2;
    }
    state = strtoull(argv[1], NULL, 10) * 0x2545f4914f6cdd1du;
    FILE *f = fopen(argv[2], "rb");
    size_t n = f ? fread(in, 1, sizeof in, f) : 0, count = find_chunks(n);
    if (f) fclose(f);
    if (count == 0) {
        fprintf(stderr, "mutate_snap: %s: no chunks\n", argv[2]);
        return 2;
    }
    size_t size = mutate(n, count);
    f = fopen(argv[3], "wb");
    if (!f || fwrite(out, 1, size, f) != size || fclose(f)) {
        perror(argv[3]);
        return 2;
    }
    return 0;
}
