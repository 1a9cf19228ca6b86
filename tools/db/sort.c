/* SPDX-License-Identifier: MIT */
/*
 * Radix sort of pairs. See sort.h.
 */
#include "db/sort.h"

#include <string.h>

#include "db/sort_dense.h"

#define DIGIT_BITS 11u
#define DIGIT_VALUES (1u << DIGIT_BITS)
#define SIGN_BIT (UINT64_C(1) << 63)

struct pairs {
    uint64_t *key;
    uint32_t *number;
};

static void pass(const struct pairs *from, const struct pairs *to, uint32_t n, unsigned shift)
{
    _Static_assert(DIGIT_VALUES * sizeof(uint32_t) <= 16384, "the counters stay on a small stack");
    uint32_t place[DIGIT_VALUES];
    memset(place, 0, sizeof place);
    for (uint32_t i = 0; i < n; i++) place[from->key[i] >> shift & (DIGIT_VALUES - 1)]++;
    uint32_t sum = 0;
    for (uint32_t d = 0; d < DIGIT_VALUES; d++) {
        uint32_t count = place[d];
        place[d] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = place[from->key[i] >> shift & (DIGIT_VALUES - 1)]++;
        to->key[at] = from->key[i];
        to->number[at] = from->number[i];
    }
}

bool sort_ids(struct budget *b, const uint64_t *key, uint32_t n, uint32_t **order, bool *distinct)
{
    struct pairs p[2] = { { NULL, NULL }, { NULL, NULL } };
    uint64_t differ = 0;
    bool sorted = true, rising = true;
    for (uint32_t i = 1; i < n; i++) {
        differ |= key[i] ^ key[0];
        sorted &= (int64_t)key[i - 1] <= (int64_t)key[i];
        rising &= (int64_t)key[i - 1] < (int64_t)key[i];
    }
    p[0].number = memory_new(b, n, sizeof *p[0].number);
    if (!p[0].number) return false;
    *order = p[0].number;
    bool dense = !sorted && sort_dense(b, key, n, p[0].number);
    if (distinct) *distinct = rising || dense;
    if (dense) return true;
    for (uint32_t i = 0; i < n; i++) p[0].number[i] = i;
    if (sorted) return true;

    bool ok = false;
    p[0].key = memory_new(b, n, sizeof *p[0].key);
    p[1].key = memory_new(b, n, sizeof *p[1].key);
    p[1].number = memory_new(b, n, sizeof *p[1].number);
    if (!p[0].key || !p[1].key || !p[1].number) goto err0;
    for (uint32_t i = 0; i < n; i++) p[0].key[i] = key[i] ^ SIGN_BIT;
    unsigned now = 0;
    for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
        if (!(differ >> shift & (DIGIT_VALUES - 1))) continue;
        pass(&p[now], &p[1 - now], n, shift);
        now = 1 - now;
    }
    *order = p[now].number;
    p[now].number = NULL;
    ok = true;

err0:
    memory_free(b, p[0].key, n, sizeof *p[0].key);
    memory_free(b, p[1].key, n, sizeof *p[1].key);
    memory_free(b, p[0].number, n, sizeof *p[0].number);
    memory_free(b, p[1].number, n, sizeof *p[1].number);
    if (!ok) *order = NULL;
    return ok;
}
