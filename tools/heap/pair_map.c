/* SPDX-License-Identifier: MIT */
/* Open addressing with linear probing; pair_map.h. */
#include "heap/pair_map.h"

#include <stdbool.h>
#include <stdlib.h>

#include "heap/match.h"

struct pair_entry *pair_map_slot(const struct pair_map *map, uint64_t key, uint64_t key2)
{
    uint64_t i = heap_mix(heap_mix(map->seed, key2), key) & (map->size - 1);
    while (map->entry[i].value != HEAP_NONE &&
           (map->entry[i].key != key || map->entry[i].key2 != key2))
        i = (i + 1) & (map->size - 1);
    return &map->entry[i];
}

static bool pair_map_resize(struct pair_map *map, uint64_t size)
{
    if (size > PTRDIFF_MAX / sizeof *map->entry) return false;
    struct pair_map larger = { .size = size, .used = map->used };
    larger.entry = malloc((size_t)size * sizeof *larger.entry);
    if (!larger.entry) return false;
    larger.seed = (uint64_t)(uintptr_t)larger.entry;
    for (uint64_t i = 0; i < size; i++) larger.entry[i].value = HEAP_NONE;
    for (uint64_t i = 0; i < map->size; i++) {
        const struct pair_entry *e = &map->entry[i];
        if (e->value != HEAP_NONE) *pair_map_slot(&larger, e->key, e->key2) = *e;
    }
    free(map->entry);
    *map = larger;
    return true;
}

struct pair_entry *pair_map_get(struct pair_map *map, uint64_t key, uint64_t key2)
{
    if (map->used * 2 >= map->size && !pair_map_resize(map, map->size ? map->size * 2 : 64))
        return NULL;
    struct pair_entry *e = pair_map_slot(map, key, key2);
    if (e->value == HEAP_NONE) {
        e->key = key;
        e->key2 = key2;
        map->used++;
    }
    return e;
}

void pair_map_clear(struct pair_map *map)
{
    free(map->entry);
    *map = (struct pair_map){ 0 };
}
