/* SPDX-License-Identifier: MIT */
/*
 * From the ids of a file to dense indexes. Ids come in runs of consecutive numbers (a chunk carries
 * the first), so a map is a short sorted list of ranges: one for a whole file, one more for each
 * gap that a lost chunk leaves. Ids may be any 64-bit numbers, so they never size an array.
 *
 * Add: O(1) at the end, O(ranges) elsewhere. Find: O(1) near the last hit, else O(log ranges).
 */
#ifndef SNAP_TOOLS_DB_IDMAP_H
#define SNAP_TOOLS_DB_IDMAP_H

#include "db/memory.h"

struct idmap_range {
    uint64_t first, n; /* ids first .. first+n-1 */
    uint64_t index;    /* index of the first */
};

/** {0} is empty. */
struct idmap {
    struct idmap_range *at;
    size_t n, cap;
    size_t hint;    /* the range of the last hit */
    uint64_t count; /* indexes given out */
};

enum { IDMAP_OK = 0, IDMAP_TAKEN, IDMAP_NO_MEMORY };

/** Gives ids first .. first+n-1 the next n indexes, the first of which is map->count before the
 *  call. IDMAP_TAKEN when one of the ids has an index already, or ids would wrap: nothing is
 *  added. */
int idmap_add(struct budget *b, struct idmap *map, uint64_t first, uint64_t n);

/** Makes the range that holds an id that of the last hit; false: there is none. For idmap_find. */
bool idmap_seek(struct idmap *map, uint64_t id);

/** The index of an id; false when it has none. */
static inline bool idmap_find(struct idmap *map, uint64_t id, uint64_t *index)
{
    if ((map->hint >= map->n || id - map->at[map->hint].first >= map->at[map->hint].n) &&
        !idmap_seek(map, id))
        return false;
    const struct idmap_range *r = &map->at[map->hint];
    *index = r->index + (id - r->first);
    return true;
}

void idmap_free(struct idmap *map);

#endif
