/* SPDX-License-Identifier: MIT */
/* A map from rows to 32-bit values: linear probing from a multiplicative hash (Fibonacci hashing,
 * Knuth, The Art of Computer Programming 3, 6.4), doubled when half full. */
#include "db/diff_rowmap.h"

#include <stddef.h>
#include <stdlib.h>

static uint32_t slot_of(const struct rowmap *m, uint32_t row)
{
    uint32_t i = (uint32_t)((row * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (m->n_slots - 1);
    while (m->keys[i] && m->keys[i] != row + 1) i = (i + 1) & (m->n_slots - 1);
    return i;
}

static bool grow(struct rowmap *m)
{
    if (m->n_slots > UINT32_MAX / 2) return false;
    struct rowmap wide = { .n = m->n, .n_slots = m->n_slots ? m->n_slots * 2 : 64 };
    wide.keys = calloc(wide.n_slots, sizeof *wide.keys);
    wide.values = malloc((size_t)wide.n_slots * sizeof *wide.values);
    if (!wide.keys || !wide.values) {
        rowmap_free(&wide);
        return false;
    }
    for (uint32_t i = 0; i < m->n_slots; i++) {
        if (!m->keys[i]) continue;
        uint32_t k = slot_of(&wide, m->keys[i] - 1);
        wide.keys[k] = m->keys[i];
        wide.values[k] = m->values[i];
    }
    rowmap_free(m);
    *m = wide;
    return true;
}

uint32_t rowmap_get(const struct rowmap *m, uint32_t row)
{
    if (!m->n_slots) return ROWMAP_NONE;
    uint32_t i = slot_of(m, row);
    return m->keys[i] ? m->values[i] : ROWMAP_NONE;
}

bool rowmap_set(struct rowmap *m, uint32_t row, uint32_t value)
{
    if (m->n >= m->n_slots / 2 && !grow(m)) return false;
    uint32_t i = slot_of(m, row);
    if (!m->keys[i]) m->n++;
    m->keys[i] = row + 1;
    m->values[i] = value;
    return true;
}

void rowmap_free(struct rowmap *m)
{
    free(m->keys);
    free(m->values);
    *m = (struct rowmap){ 0 };
}
