/* SPDX-License-Identifier: MIT */
/*
 * An open hash table of numbers over an array of records. See intern.h.
 */
#include "db/intern.h"

#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void intern_init(struct intern *t, struct budget *budget, size_t size)
{
    *t = (struct intern){ .budget = budget, .size = size };
    if (getrandom(&t->seed, sizeof t->seed, 0) != (ssize_t)sizeof t->seed)
        t->seed = (uint64_t)(uintptr_t)t;
}

void intern_free(struct intern *t)
{
    heap_free(t->at);
    heap_free(t->slot);
    *t = (struct intern){ 0 };
}

const void *intern_at(const struct intern *t, uint32_t number)
{
    return t->at + (size_t)(number - 1) * t->size;
}

static size_t slot_of(const struct intern *t, const void *record)
{
    size_t mask = t->slots - 1;
    size_t i = (size_t)XXH3_64bits_withSeed(record, t->size, t->seed) & mask;
    for (;; i = (i + 1) & mask)
        if (!t->slot[i] || memcmp(intern_at(t, t->slot[i]), record, t->size) == 0) return i;
}

/* Keeps the table at most half full. */
static bool rehash(struct intern *t)
{
    if (t->slots / 2 > t->n) return true;
    size_t slots = t->slots ? t->slots * 2 : 256;
    uint32_t *slot = memory_zeroed(t->budget, slots, sizeof *slot);
    if (!slot) return false;
    memory_free(t->budget, t->slot, t->slots, sizeof *t->slot);
    t->slot = slot;
    t->slots = slots;
    for (size_t k = 1; k <= t->n; k++)
        t->slot[slot_of(t, intern_at(t, (uint32_t)k))] = (uint32_t)k;
    return true;
}

uint32_t intern_add(struct intern *t, const void *record)
{
    if (!rehash(t)) return 0;
    size_t i = slot_of(t, record);
    if (t->slot[i]) return t->slot[i];
    if (t->n >= UINT32_MAX - 1) return 0;
    if (!memory_grow(t->budget, (void **)&t->at, &t->cap, t->n + 1, t->size)) return 0;
    memcpy(t->at + t->n * t->size, record, t->size);
    t->slot[i] = (uint32_t)++t->n;
    return t->slot[i];
}
