/* SPDX-License-Identifier: MIT */
/*
 * Open addressing over pairs of numbers. The contract is in pairmap.h.
 */
#include "pairmap.h"

#define BITS_START 8u

struct pairmap_slot {
    uint64_t a, b, value;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ (b << 32 | b >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
    h ^= h >> 29;
    return h * UINT64_C(0xBF58476D1CE4E5B9);
}

bool pairmap_init(struct pairmap *map, struct mem *mem)
{
    *map = (struct pairmap){ .mem = mem, .bits = BITS_START };
    map->slots = mem_map(mem, sizeof(*map->slots) << map->bits);
    return map->slots != NULL;
}

static struct pairmap_slot *find(struct pairmap_slot *slots, unsigned bits, uint64_t a, uint64_t b)
{
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint64_t at = mix(a, b) >> (64 - bits);

    while ((slots[at].a != 0 || slots[at].b != 0) && (slots[at].a != a || slots[at].b != b))
        at = (at + 1) & mask;
    return &slots[at];
}

static bool grow(struct pairmap *map)
{
    unsigned bits = map->bits + 1;
    struct pairmap_slot *slots = mem_map(map->mem, sizeof(*slots) << bits);

    if (slots == NULL) return false;
    for (uint64_t i = 0; i < UINT64_C(1) << map->bits; i++) {
        if (map->slots[i].a != 0 || map->slots[i].b != 0)
            *find(slots, bits, map->slots[i].a, map->slots[i].b) = map->slots[i];
    }
    mem_unmap(map->mem, map->slots, sizeof(*slots) << map->bits);
    map->slots = slots;
    map->bits = bits;
    return true;
}

uint64_t *pairmap_at(struct pairmap *map, uint64_t a, uint64_t b)
{
    if (map->count * 2 >= UINT64_C(1) << map->bits && !grow(map)) return NULL;
    struct pairmap_slot *slot = find(map->slots, map->bits, a, b);
    if (slot->a == 0 && slot->b == 0) {
        slot->a = a;
        slot->b = b;
        map->count++;
    }
    return &slot->value;
}

void pairmap_free(struct pairmap *map)
{
    mem_unmap(map->mem, map->slots, sizeof(*map->slots) << map->bits);
    *map = (struct pairmap){ .mem = map->mem };
}
