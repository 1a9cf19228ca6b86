/* SPDX-License-Identifier: MIT */
/* Hash map of 64-bit numbers; the contract is in u64map.h. */
#include "u64map.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014) over key and seed: a bijection, so that
 * different keys stay different before they are cut to the table's size. */
static size_t u64map_hash(const struct u64map *m, uint64_t key)
{
    uint64_t x = key + m->seed;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (size_t)(x ^ x >> 31) & m->mask;
}

/* The slot of `key`, or the free one where it belongs. The table is never full. */
static struct u64map_slot *u64map_find(const struct u64map *m, uint64_t key)
{
    size_t i = u64map_hash(m, key);
    while (m->slots[i].key != 0 && m->slots[i].key != key) i = (i + 1) & m->mask;
    return &m->slots[i];
}

static bool u64map_grow(struct u64map *m)
{
    size_t n = m->slots ? (m->mask + 1) * 2 : 1024;
    if (n > SIZE_MAX / sizeof(struct u64map_slot)) return false;
    struct u64map_slot *slots = calloc(n, sizeof *slots);
    if (!slots) return false;
    struct u64map old = *m;
    if (!old.slots) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        m->seed = ((uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec) * 0x9e3779b97f4a7c15u ^
                  (uint64_t)(uintptr_t)slots;
    }
    m->slots = slots;
    m->mask = n - 1;
    for (size_t i = 0; old.slots && i <= old.mask; i++)
        if (old.slots[i].key) *u64map_find(m, old.slots[i].key) = old.slots[i];
    free(old.slots);
    return true;
}

uint64_t *u64map_put(struct u64map *m, uint64_t key, bool *is_new)
{
    if (is_new) *is_new = false;
    if (key == 0) {
        if (!m->has_zero) {
            m->has_zero = true;
            m->zero = 0;
            m->n++;
            if (is_new) *is_new = true;
        }
        return &m->zero;
    }
    if ((!m->slots || m->n * 2 > m->mask) && !u64map_grow(m)) return NULL;
    struct u64map_slot *slot = u64map_find(m, key);
    if (slot->key == 0) {
        slot->key = key;
        m->n++;
        if (is_new) *is_new = true;
    }
    return &slot->value;
}

const uint64_t *u64map_get(const struct u64map *m, uint64_t key)
{
    if (key == 0) return m->has_zero ? &m->zero : NULL;
    if (!m->slots) return NULL;
    const struct u64map_slot *slot = u64map_find(m, key);
    return slot->key ? &slot->value : NULL;
}

void u64map_clear(struct u64map *m)
{
    if (m->slots) memset(m->slots, 0, (m->mask + 1) * sizeof *m->slots);
    m->n = 0;
    m->has_zero = false;
}

void u64map_free(struct u64map *m)
{
    free(m->slots);
    *m = (struct u64map){ 0 };
}
