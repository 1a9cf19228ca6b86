/* SPDX-License-Identifier: MIT */
/*
 * Ranges of ids. Invariant: ranges ascend and do not overlap; neighbours that continue each other
 * in both ids and indexes are one range.
 */
#include "db/idmap.h"

#include <string.h>

/* The first range that ends beyond `id` (map->n if none). */
static size_t lower(const struct idmap *map, uint64_t id)
{
    size_t low = 0, high = map->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct idmap_range *r = &map->at[mid];
        if (r->first + (r->n - 1) < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

int idmap_add(struct budget *b, struct idmap *map, uint64_t first, uint64_t n)
{
    if (n == 0) return IDMAP_OK;
    if (first > UINT64_MAX - (n - 1)) return IDMAP_TAKEN;
    size_t at = map->n;
    if (map->n) {
        const struct idmap_range *last = &map->at[map->n - 1];
        if (first <= last->first + (last->n - 1)) at = lower(map, first);
    }
    if (at < map->n && map->at[at].first <= first + (n - 1)) return IDMAP_TAKEN;
    if (at > 0) {
        struct idmap_range *before = &map->at[at - 1];
        if (before->first + before->n == first && before->index + before->n == map->count) {
            before->n += n;
            map->count += n;
            return IDMAP_OK;
        }
    }
    if (!memory_grow(b, (void **)&map->at, &map->cap, map->n + 1, sizeof *map->at))
        return IDMAP_NO_MEMORY;
    memmove(&map->at[at + 1], &map->at[at], (map->n - at) * sizeof *map->at);
    map->at[at] = (struct idmap_range){ first, n, map->count };
    map->n++;
    map->count += n;
    return IDMAP_OK;
}

bool idmap_seek(struct idmap *map, uint64_t id)
{
    size_t at = lower(map, id);
    if (at >= map->n || id < map->at[at].first) return false;
    map->hint = at;
    return true;
}

void idmap_free(struct idmap *map)
{
    heap_free(map->at);
    *map = (struct idmap){ 0 };
}
