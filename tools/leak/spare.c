/* SPDX-License-Identifier: MIT */
/* Containers of CPython and their copies; spare.h. */
#include "leak/spare.h"

#include <stdbool.h>
#include <string.h>

enum {
    WORD = 8,
    SET_ENTRY = 16, SET_INSIDE = 8,      /* slots within the object itself */
    DICT_SMALLEST = 8, DICT_OBJECT = 64, /* collector's header and the object, without its table */
    DICT_TABLE = 32                      /* head of the table */
};

/* The smallest power of two, from `smallest`, that is n or more. */
static uint64_t power_of_two(uint64_t smallest, uint64_t n)
{
    uint64_t size = smallest;
    while (size < n && size < UINT64_C(1) << 60) size *= 2;
    return size;
}

/* Slots of a dict's table with room for n entries: 2/3 of them are used at most. */
static uint64_t dict_slots(uint64_t n)
{
    return power_of_two(DICT_SMALLEST, n + n / 2 + (n & 1));
}

/* Slots of the table of a copy. From 3.11 on up to four entries get twice of what they need
 * (calculate_log2_keysize). */
static uint64_t dict_copy_slots(uint64_t n)
{
    return n > 0 && n < 5 ? 2 * DICT_SMALLEST : dict_slots(n);
}

static uint64_t dict_index_bytes(uint64_t slots)
{
    return slots * (slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= UINT32_MAX ? 4 : 8);
}

/* Entries are of 16 bytes where all keys are text (from 3.11 on), else of 24: the size tells
 * which. */
static uint64_t dict_spare(uint64_t shallow, uint64_t length, uint64_t capacity)
{
    uint64_t slots = dict_slots(capacity), needed = dict_copy_slots(length);
    uint64_t index = dict_index_bytes(slots);
    if (needed >= slots || shallow < DICT_OBJECT + DICT_TABLE + index + capacity * 16) return 0;
    bool wide = shallow >= DICT_OBJECT + DICT_TABLE + index + capacity * 24;
    uint64_t entry = wide ? 24 : 16;
    uint64_t now = index + capacity * entry;
    uint64_t then = length ? dict_index_bytes(needed) + needed * 2 / 3 * entry : 0;
    return now - then + (length ? 0 : DICT_TABLE); /* an empty one shares its table */
}

static uint64_t set_spare(uint64_t length, uint64_t capacity)
{
    uint64_t slots = power_of_two(SET_INSIDE, 2 * length + 1);
    if (slots >= capacity) return 0;
    return SET_ENTRY * (capacity - (slots > SET_INSIDE ? slots : 0));
}

uint64_t spare_bytes(const char *type, uint64_t shallow, uint64_t length, uint64_t capacity)
{
    uint64_t spare = 0;
    /* Hostile numbers: a container has no more places than bytes. */
    if (!type || capacity > shallow || length > capacity) return 0;
    if (strcmp(type, "list") == 0)
        spare = WORD * (capacity - length);
    else if (strcmp(type, "bytearray") == 0)
        spare = capacity - length;
    else if (strcmp(type, "set") == 0)
        spare = set_spare(length, capacity);
    else if (strcmp(type, "dict") == 0 || strcmp(type, "defaultdict") == 0)
        spare = dict_spare(shallow, length, capacity);
    return spare <= shallow ? spare : 0;
}
