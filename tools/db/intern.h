/* SPDX-License-Identifier: MIT */
/*
 * Records of one fixed size, each kept once: frames, stacks and modules, which several snapshots
 * and files share. Numbers are given in the order of first appearance, from 1, so a record that
 * refers to earlier ones by number (a stack to its parent) always has the larger number.
 *
 * Records are compared byte by byte: callers zero them before they fill them in. O(1) expected; the
 * hash is keyed. Memory: the records and 8 B for each.
 */
#ifndef SNAP_TOOLS_DB_INTERN_H
#define SNAP_TOOLS_DB_INTERN_H

#include "db/memory.h"

struct intern {
    struct budget *budget;
    size_t size;      /* bytes of a record */
    unsigned char *at;
    size_t n, cap;
    uint32_t *slot;
    size_t slots;
    uint64_t seed;
};

void intern_init(struct intern *t, struct budget *budget, size_t size);
void intern_free(struct intern *t);

/** The number of a record; 0 without memory. */
uint32_t intern_add(struct intern *t, const void *record);

/** The record of a number from 1 to t->n. */
const void *intern_at(const struct intern *t, uint32_t number);

#endif
