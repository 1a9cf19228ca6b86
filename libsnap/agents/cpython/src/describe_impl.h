/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files that describe objects: a row that is being filled.
 */
#ifndef HEAPSNAP_DESCRIBE_IMPL_H
#define HEAPSNAP_DESCRIBE_IMPL_H

#include "describe.h"

struct sum {
    const struct describe *describe;
    snap_object *row;
};

/** Add a further block that the object owns, by the size asked of the allocator; 0: none. `ctx` is
 *  a struct sum, so that the function can be handed to the layouts. */
void describe_add_block(void *ctx, size_t size);

static inline void set_length(snap_object *row, size_t length)
{
    row->length = length;
    row->have |= SNAP_HAS_LENGTH;
}

static inline void set_capacity(snap_object *row, size_t capacity)
{
    row->capacity = capacity;
    row->have |= SNAP_HAS_CAPACITY;
}

/** Types whose structures are private to their modules (describe_private.c). */
void describe_private(struct sum *sum, PyObject *op, const struct type_info *info);

#endif
