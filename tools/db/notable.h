/* SPDX-License-Identifier: MIT */
/*
 * What a scan of `detail` would be needed for, made while its rows are written: contents that are
 * held several times (duplicate, duplicate_type), and the longest containers, those with most
 * unused room, and resources (long_object, sparse_object, resource_object). Beside them the objects
 * that retain most, memory outside the heap included (heavy_object), which no order by retained
 * size tells.
 *
 * Internal to the loader: init, an add for each row of `detail` in ascending order, write, free.
 * Memory: 12 B for each object with a content hash, 24 B more while they are sorted, 1 B a type;
 * the lists are bounded, but that of resources. O(n) beside the sort.
 */
#ifndef SNAP_TOOLS_DB_NOTABLE_H
#define SNAP_TOOLS_DB_NOTABLE_H

#include "db/loader.h"

/** A container of more elements than this is long; one with so much more room than twice its
 *  elements is sparse. */
enum { NOTABLE_LONG = 1000, NOTABLE_SPARE = 64 };

/** Entries of a list: by weight descending, then by row. */
struct notable_entry {
    uint64_t weight;
    uint32_t row;
};

struct notable_list {
    struct notable_entry *at;
    size_t n, cap;
    size_t keep; /* only the so many first; 0: all */
    bool full;   /* at[keep - 1] was the last of those kept: what comes after it is out */
};

/** Adds an entry; false without memory. A bounded list holds up to twice what it keeps, and takes
 *  none that is out already, so that an entry costs O(log keep) at most, in the mean. */
bool notable_list_add(struct budget *b, struct notable_list *list, uint64_t weight, uint32_t row);
/** Brings it into order and drops what is beyond `keep`. */
void notable_list_sort(struct notable_list *list);
void notable_list_free(struct budget *b, struct notable_list *list);

struct notable {
    struct loader *l;
    const struct snapshot *s;
    uint8_t *kind;  /* by type, see notable.c; NULL without hashes */
    uint64_t *hash; /* of the live objects that have one, and may share what it stands for */
    uint32_t *row;
    size_t n, hash_cap, row_cap;
    struct notable_list heaviest, longest, sparsest, resources;
    bool failed; /* no memory: said by notable_write */
};

/** What a row of `detail` says. */
struct notable_detail {
    uint64_t length, capacity;
    bool has_length, has_capacity;
    uint64_t hash;           /* 0: none */
    uint8_t resource, state; /* 0: none */
};

void notable_init(struct notable *x, struct loader *l, const struct snapshot *s);
void notable_add(struct notable *x, uint32_t row, const struct notable_detail *d);
/** Writes the six tables. A status; says its error. */
int notable_write(struct notable *x);
void notable_free(struct notable *x);

#endif
