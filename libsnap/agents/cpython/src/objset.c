/* SPDX-License-Identifier: MIT */
/*
 * Open addressing over the queue of discovered objects. The contract is in objset.h.
 */
#include "objset.h"

#define QUEUE_START    (1u << 16)
#define TABLE_BITS_MIN 16u
/* The table grows when 7 of 10 slots are taken: linear probing then needs 2.2 probes for a hit. */
#define LOAD_NUM 7u
#define LOAD_DEN 10u
/* Slots looked ahead while the table is rebuilt, so that the misses overlap. */
#define REBUILD_AHEAD 16u

bool objset_init(struct objset *set, struct mem *mem)
{
    *set = (struct objset){ .mem = mem, .queue_room = QUEUE_START };
    set->queue = mem_map(mem, QUEUE_START * sizeof(*set->queue));
    return set->queue != NULL;
}

static bool queue_grow(struct objset *set)
{
    if (set->queue_room >= OBJSET_MAX) return false;
    uint64_t room = set->queue_room + set->queue_room / 2;
    if (room > OBJSET_MAX) room = OBJSET_MAX;
    void *queue = mem_remap(set->mem, set->queue, set->queue_room * sizeof(*set->queue),
                            room * sizeof(*set->queue));
    if (queue == NULL) return false;
    set->queue = queue;
    set->queue_room = room;
    return true;
}

bool objset_append(struct objset *set, uintptr_t addr)
{
    if (set->count == set->queue_room && !queue_grow(set)) return false;
    set->queue[set->count++] = addr;
    return true;
}

static void table_put(struct objset *set, uint64_t index)
{
    uint64_t mask = (UINT64_C(1) << (64 - set->shift)) - 1;
    uint64_t slot = objset_slot(set, set->queue[index]);

    while (set->table[slot] != 0) slot = (slot + 1) & mask;
    set->table[slot] = (uint32_t)(index + 1);
}

bool objset_index(struct objset *set, uint64_t expected)
{
    unsigned bits = TABLE_BITS_MIN;

    if (expected < set->count) expected = set->count;
    while (bits < 33 && ((UINT64_C(1) << bits) / LOAD_DEN) * LOAD_NUM <= expected) bits++;
    if (set->table != NULL)
        mem_unmap(set->mem, set->table, sizeof(*set->table) << (64 - set->shift));
    size_t bytes = sizeof(*set->table) << bits;
    set->table = mem_map(set->mem, bytes);
    if (set->table == NULL) return false;
    mem_advise_huge(set->table, bytes);
    set->shift = 64 - bits;
    set->table_room = ((UINT64_C(1) << bits) / LOAD_DEN) * LOAD_NUM;
    for (uint64_t i = 0; i < set->count; i++) {
        if (i + REBUILD_AHEAD < set->count)
            objset_prefetch_slot(set, set->queue[i + REBUILD_AHEAD]);
        table_put(set, i);
    }
    return true;
}

uint64_t objset_add(struct objset *set, uintptr_t addr)
{
    uint64_t mask = (UINT64_C(1) << (64 - set->shift)) - 1;
    uint64_t slot = objset_slot(set, addr);

    for (uint32_t index; (index = set->table[slot]) != 0; slot = (slot + 1) & mask) {
        if (set->queue[index - 1] == addr) return index - 1;
    }
    if (!objset_append(set, addr)) return OBJSET_NONE;
    if (set->count >= set->table_room) {
        if (!objset_index(set, set->count + set->count / 8)) return OBJSET_NONE;
    } else {
        set->table[slot] = (uint32_t)set->count;
    }
    return set->count - 1;
}

uint64_t objset_find(const struct objset *set, uintptr_t addr)
{
    uint64_t mask = (UINT64_C(1) << (64 - set->shift)) - 1;
    uint64_t slot = objset_slot(set, addr);

    if (set->table == NULL) return OBJSET_NONE;
    for (uint32_t index; (index = set->table[slot]) != 0; slot = (slot + 1) & mask) {
        if (set->queue[index - 1] == addr) return index - 1;
    }
    return OBJSET_NONE;
}

void objset_free(struct objset *set)
{
    if (set->table != NULL)
        mem_unmap(set->mem, set->table, sizeof(*set->table) << (64 - set->shift));
    mem_unmap(set->mem, set->queue, set->queue_room * sizeof(*set->queue));
    *set = (struct objset){ .mem = set->mem };
}
