/* SPDX-License-Identifier: MIT */
/*
 * Texts as numbers: equal bytes get the same number, in the order of their first use from 0. What
 * two snapshots must agree on (type names, edge names, places in the program) is compared by these
 * numbers, since ids of strings and types differ between databases.
 *
 * Texts are hostile: any bytes, any length that memory holds. A failed allocation is remembered in
 * `failed`, and every later call answers TEXTS_NONE; check once at the end. Threads: one at a time.
 * Cost: O(length) expected.
 */
#ifndef SNAP_TOOLS_DB_DIFF_TEXTS_H
#define SNAP_TOOLS_DB_DIFF_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXTS_NONE UINT32_MAX

/** `{0}` is empty; members are private but for `n` and `failed`. */
struct texts {
    uint32_t n; /* texts so far */
    bool failed;
    struct texts_entry *texts; /* [cap] */
    uint32_t cap;
    uint32_t *slots; /* [n_slots], a power of two; number + 1, 0: free */
    uint32_t n_slots;
    uint64_t seed;
    struct texts_block *blocks;
};

/** The number of n bytes at s. */
uint32_t texts_add(struct texts *t, const char *s, size_t n);

/** The number of a C string. */
uint32_t texts_adds(struct texts *t, const char *s);

/** Its number if it was added before, else TEXTS_NONE. */
uint32_t texts_find(const struct texts *t, const char *s, size_t n);

/** The text behind a number that texts_add gave, ended by a 0 that *n does not count; valid until
 *  texts_free. `n` may be NULL. "" for TEXTS_NONE. */
const char *texts_get(const struct texts *t, uint32_t number, size_t *n);

/** A 64-bit hash of the text, the same in every run and process; 0 for TEXTS_NONE. */
uint64_t texts_hash(const struct texts *t, uint32_t number);

void texts_free(struct texts *t);

/** The hash itself: XXH3 of the bytes, never 0. Not keyed: it may be compared between runs. */
uint64_t texts_hash_bytes(const char *s, size_t n);

#endif
