/* SPDX-License-Identifier: MIT */
/*
 * A hash map from 64-bit numbers to 64-bit numbers: open addressing, linear probing, at most half
 * full, 16 bytes a slot; and a set. Keys come from files and may be chosen by an enemy, so they are
 * mixed with the map's own seed. O(1) expected. Threads: one at a time.
 */
#ifndef SNAP_TOOLS_INFO_U64MAP_H
#define SNAP_TOOLS_INFO_U64MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct u64map_slot {
    uint64_t key;
    uint64_t value;
};

/** `{0}` is empty. Members are private but for n. */
struct u64map {
    struct u64map_slot *slots;
    size_t mask;        /* slots - 1; slots are a power of two, or none */
    size_t n;           /* keys in the map */
    uint64_t seed;
    uint64_t zero;      /* the value of key 0, which marks a free slot elsewhere */
    bool has_zero;
};

/** The value of `key` for reading and writing, entered as 0 where it is new (then *is_new is set,
 *  unless is_new is NULL). NULL: no memory. Valid until the next u64map_put. */
uint64_t *u64map_put(struct u64map *m, uint64_t key, bool *is_new);

/** The value of `key`, NULL where there is none. */
const uint64_t *u64map_get(const struct u64map *m, uint64_t key);

/** Forgets all keys and keeps the memory. O(slots). */
void u64map_clear(struct u64map *m);

/** Frees the memory; the map is empty afterwards. */
void u64map_free(struct u64map *m);

/** A set of 64-bit numbers in the same manner: 8 bytes a slot, at most two thirds full. */
struct u64set {
    uint64_t *slots;
    size_t mask;
    size_t n;
    uint64_t seed;
    bool has_zero;
};

enum u64set_result { U64SET_NEW, U64SET_KNOWN, U64SET_NO_MEMORY };

enum u64set_result u64set_add(struct u64set *s, uint64_t key);
bool u64set_has(const struct u64set *s, uint64_t key);

/** Forgets all keys and keeps the memory. */
void u64set_clear(struct u64set *s);
void u64set_free(struct u64set *s);

#endif
