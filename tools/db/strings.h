/* SPDX-License-Identifier: MIT */
/*
 * The texts of a database: equal texts are one row, whichever file and chunk they came from.
 *
 * Texts come in as bytes of any content and leave as UTF-8 that SQLite and its clients can show:
 * what is no UTF-8, and the byte 0, becomes U+FFFD; a text beyond STRINGS_MAX_TEXT bytes is cut and
 * ends in an ellipsis. Only texts that are used get a row (strings_row), in the order of their
 * first use. The hash is keyed with random bytes: names are hostile.
 *
 * Interning O(bytes). Memory: the texts once, and about 24 B for each.
 */
#ifndef SNAP_TOOLS_DB_STRINGS_H
#define SNAP_TOOLS_DB_STRINGS_H

#include "db/memory.h"

enum { STRINGS_MAX_TEXT = 65536 };

struct strings_entry {
    const char *text;
    uint32_t size;
    uint32_t row; /* id of its row in the table `string`; 0: not used so far */
};

/** {0} is empty. */
struct strings {
    struct budget *budget;
    struct strings_entry *at; /* [n]; number k is at[k-1] */
    size_t n, cap;
    uint32_t *slot;           /* hash table of numbers, 0 is free; a power of two */
    size_t slots;
    uint32_t *used;           /* [n_used] numbers in the order of their rows */
    size_t n_used, used_cap;
    char *block;              /* where texts are put, the newest block */
    size_t block_left;
    void *blocks;             /* list of all blocks */
    uint64_t seed;
};

void strings_init(struct strings *s, struct budget *budget);
void strings_free(struct strings *s);

/** The number of a text, from 1; 0 without memory. */
uint32_t strings_add(struct strings *s, const char *bytes, size_t size);

/** The text of a number, NUL-terminated; NULL for 0. */
const char *strings_text(const struct strings *s, uint32_t number);
uint32_t strings_size(const struct strings *s, uint32_t number);

/** The id of the row for a number, given at the first call; 0 for number 0 or without memory. */
uint32_t strings_row(struct strings *s, uint32_t number);

/** The same for a number that has its row, or is 0: two threads may ask at once. */
static inline uint32_t strings_row_given(const struct strings *s, uint32_t number)
{
    return number ? s->at[number - 1].row : 0;
}

#endif
