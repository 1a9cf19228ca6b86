/* SPDX-License-Identifier: MIT */
/* Hash map of 64-bit numbers; the contract is in u64map.h. */
#include "u64map.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014) over key and seed: a bijection, so that
 * different keys stay different before they are cut to the table's size. */
static size_t u64map_hash(uint64_t key, uint64_t seed, size_t mask)
{
    uint64_t x = key + seed;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (size_t)(x ^ x >> 31) & mask;
}

/* A seed that the maker of a file cannot know. */
static uint64_t u64map_seed(const void *address)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec) * 0x9e3779b97f4a7c15u ^
           (uint64_t)(uintptr_t)address;
}

/* The slot of `key`, or the free one where it belongs. The table is never full. */
static struct u64map_slot *u64map_find(const struct u64map *m, uint64_t key)
{
    size_t i = u64map_hash(key, m->seed, m->mask);
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
    if (!old.slots) m->seed = u64map_seed(slots);
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

static uint64_t *u64set_find(const struct u64set *s, uint64_t key)
{
    size_t i = u64map_hash(key, s->seed, s->mask);
    while (s->slots[i] != 0 && s->slots[i] != key) i = (i + 1) & s->mask;
    return &s->slots[i];
}

static bool u64set_grow(struct u64set *s)
{
    size_t n = s->slots ? (s->mask + 1) * 2 : 1024;
    if (n > SIZE_MAX / sizeof(uint64_t)) return false;
    uint64_t *slots = calloc(n, sizeof *slots);
    if (!slots) return false;
    struct u64set old = *s;
    if (!old.slots) s->seed = u64map_seed(slots);
    s->slots = slots;
    s->mask = n - 1;
    for (size_t i = 0; old.slots && i <= old.mask; i++)
        if (old.slots[i]) *u64set_find(s, old.slots[i]) = old.slots[i];
    free(old.slots);
    return true;
}

enum u64set_result u64set_add(struct u64set *s, uint64_t key)
{
    if (key == 0) {
        bool known = s->has_zero;
        s->has_zero = true;
        return known ? U64SET_KNOWN : U64SET_NEW;
    }
    if ((!s->slots || s->n / 2 >= (s->mask + 1) / 3) && !u64set_grow(s)) return U64SET_NO_MEMORY;
    uint64_t *slot = u64set_find(s, key);
    if (*slot) return U64SET_KNOWN;
    *slot = key;
    s->n++;
    return U64SET_NEW;
}

bool u64set_has(const struct u64set *s, uint64_t key)
{
    if (key == 0) return s->has_zero;
    return s->slots && *u64set_find(s, key) != 0;
}

void u64set_clear(struct u64set *s)
{
    if (s->slots) memset(s->slots, 0, (s->mask + 1) * sizeof *s->slots);
    s->n = 0;
    s->has_zero = false;
}

void u64set_free(struct u64set *s)
{
    free(s->slots);
    *s = (struct u64set){ 0 };
}
