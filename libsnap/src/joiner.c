/* SPDX-License-Identifier: MIT */
/*
 * Whole strings out of STRING batches. Parts follow each other in the file, so one buffer suffices;
 * it grows with the bytes that have arrived, never by what a file announces. O(bytes).
 */
#include <snap/reader.h>

#include <string.h>

#include "alloc.h"

struct snap_string_joiner {
    snap_allocator allocator;
    snap_string_fn each;
    void *opaque;
    uint64_t dropped;

    int joining; /* a string with parts is under way */
    uint64_t id;
    uint64_t total;
    uint64_t next_part;
    uint8_t *bytes;
    size_t filled;
    size_t room;
};

snap_status snap_string_joiner_new(snap_string_joiner **joiner, const snap_allocator *allocator,
                                   snap_string_fn each, void *opaque)
{
    snap_allocator a = alloc_choose(allocator);
    snap_string_joiner *j = alloc_take(&a, sizeof *j);
    *joiner = j;
    if (!j) return SNAP_E_MEMORY;
    memset(j, 0, sizeof *j);
    j->allocator = a;
    j->each = each;
    j->opaque = opaque;
    return SNAP_OK;
}

static snap_status give(snap_string_joiner *j, uint64_t id, const char *bytes, size_t size)
{
    return j->each(j->opaque, id, bytes, size) ? SNAP_E_IO : SNAP_OK;
}

static void drop(snap_string_joiner *j)
{
    if (j->joining) j->dropped++;
    j->joining = 0;
}

/* A part of a string whose beginning was lost: counted once, by the first of its parts. */
static void lost_beginning(snap_string_joiner *j, uint64_t id)
{
    if (j->id != id) j->dropped++;
    j->id = id;
}

static snap_status append(snap_string_joiner *j, const char *bytes, size_t size)
{
    if (size > j->room - j->filled) {
        size_t room = 2 * (j->filled + size);
        uint8_t *grown = alloc_take(&j->allocator, room);
        if (!grown) return SNAP_E_MEMORY;
        if (j->filled) memcpy(grown, j->bytes, j->filled);
        alloc_give(&j->allocator, j->bytes, j->room);
        j->bytes = grown;
        j->room = room;
    }
    if (size) memcpy(j->bytes + j->filled, bytes, size);
    j->filled += size;
    return SNAP_OK;
}

/* One part of a long string. */
static snap_status feed_part(snap_string_joiner *j, const snap_batch *b)
{
    uint64_t id = snap_batch_first(b);
    uint64_t part = snap_batch_u64(b, SNAP_COL_STRING_PART)[0];
    size_t size;
    const char *bytes = snap_batch_bytes(b, SNAP_COL_STRING_BYTES, 0, &size);
    if (part == 0) {
        const uint64_t *total = snap_batch_u64(b, SNAP_COL_STRING_TOTAL);
        drop(j);
        j->joining = 1;
        j->id = id;
        j->total = total ? total[0] : 0;
        j->next_part = 0;
        j->filled = 0;
    }
    if (!j->joining) {
        lost_beginning(j, id);
        return SNAP_OK;
    }
    int fits = j->id == id && part == j->next_part && j->total <= SNAP_MAX_STRING &&
               size <= j->total - j->filled &&
               (size == SNAP_MAX_STRING_PART || size == j->total - j->filled);
    if (!fits) {
        drop(j);
        lost_beginning(j, id);
        return SNAP_OK;
    }
    j->next_part++;
    snap_status status = append(j, bytes, size);
    if (status != SNAP_OK || j->filled < j->total) return status;
    j->joining = 0;
    return give(j, id, (const char *)j->bytes, j->filled);
}

snap_status snap_string_joiner_feed(snap_string_joiner *j, const snap_batch *b)
{
    if (snap_batch_kind(b) != SNAP_KIND_STRING) return SNAP_E_MISUSE;
    if (snap_batch_u64(b, SNAP_COL_STRING_PART)) return feed_part(j, b);
    drop(j);
    uint64_t id = snap_batch_first(b);
    uint32_t rows = snap_batch_rows(b);
    for (uint32_t i = 0; i < rows; i++) {
        size_t size;
        const char *bytes = snap_batch_bytes(b, SNAP_COL_STRING_BYTES, i, &size);
        snap_status status = give(j, id + i, bytes, size);
        if (status != SNAP_OK) return status;
    }
    return SNAP_OK;
}

uint64_t snap_string_joiner_free(snap_string_joiner *j)
{
    if (!j) return 0;
    drop(j);
    uint64_t dropped = j->dropped;
    snap_allocator allocator = j->allocator;
    alloc_give(&allocator, j->bytes, j->room);
    alloc_give(&allocator, j, sizeof *j);
    return dropped;
}
