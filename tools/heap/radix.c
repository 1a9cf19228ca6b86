/* SPDX-License-Identifier: MIT */
/*
 * A stable radix sort of indexes by 64-bit keys, descending, least significant digit first.
 * Most sizes in a heap are small: one counting sort puts all keys of one digit in order, behind the
 * others, which alone go through the passes for all digits. Digits in which no two keys differ cost
 * nothing but the counting. Keys are gathered with prefetch instead of being carried along: 8 B an
 * element less.
 */
#include "heap/internal.h"

#define DIGIT_BITS   11u
#define DIGIT_VALUES (1u << DIGIT_BITS)
#define DIGITS       6u /* 66 bits */

static inline uint32_t digit_of(uint64_t key, uint32_t digit)
{
    return (uint32_t)(~key >> (digit * DIGIT_BITS)) & (DIGIT_VALUES - 1);
}

static void sort_digit(const uint64_t *key, const uint32_t *from, uint32_t *to, uint64_t n,
                       uint32_t digit, uint64_t *place)
{
    uint64_t sum = 0;
    for (uint32_t d = 0; d < DIGIT_VALUES; d++) {
        uint64_t count = place[d];
        place[d] = sum;
        sum += count;
    }
    for (uint64_t i = 0; i < n; i++) {
        if (i + HEAP_AHEAD < n) HEAP_PREFETCH(&key[from[i + HEAP_AHEAD]]);
        to[place[digit_of(key[from[i]], digit)]++] = from[i];
    }
}

/* Sorts all digits of the n indexes in `from`; the result is in `from` or in `to`. */
static uint32_t *sort_digits(const uint64_t *key, uint32_t *from, uint32_t *to, uint64_t n)
{
    uint64_t differ = 0, place[DIGIT_VALUES];
    for (uint64_t i = 1; i < n; i++) differ |= key[from[i]] ^ key[from[0]];
    for (uint32_t digit = 0; digit < DIGITS; digit++) {
        if (!(differ >> (digit * DIGIT_BITS) & (DIGIT_VALUES - 1))) continue;
        memset(place, 0, sizeof place);
        for (uint64_t i = 0; i < n; i++) {
            if (i + HEAP_AHEAD < n) HEAP_PREFETCH(&key[from[i + HEAP_AHEAD]]);
            place[digit_of(key[from[i]], digit)]++;
        }
        sort_digit(key, from, to, n, digit, place);
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

void heap_sort_descending(const uint64_t *key, uint32_t *index, uint32_t *scratch, uint64_t n)
{
    uint64_t place[DIGIT_VALUES] = { 0 }, large = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (i + HEAP_AHEAD < n) HEAP_PREFETCH(&key[index[i + HEAP_AHEAD]]);
        uint64_t k = key[index[i]];
        if (k < DIGIT_VALUES)
            place[k]++;
        else
            large++;
    }
    uint64_t sum = large;
    for (uint32_t d = DIGIT_VALUES; d-- > 0;) {
        uint64_t count = place[d];
        place[d] = sum;
        sum += count;
    }
    uint64_t next = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (i + HEAP_AHEAD < n) HEAP_PREFETCH(&key[index[i + HEAP_AHEAD]]);
        uint64_t k = key[index[i]];
        scratch[k < DIGIT_VALUES ? place[k]++ : next++] = index[i];
    }
    if (n > large)
        memcpy(index + large, scratch + large, (size_t)(n - large) * sizeof *index);
    uint32_t *sorted = sort_digits(key, scratch, index, large);
    if (sorted != index) memcpy(index, sorted, (size_t)large * sizeof *index);
}
