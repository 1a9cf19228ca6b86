/* SPDX-License-Identifier: MIT */
/*
 * Names, frames and one-frame stacks that a dump repeats with every object, each defined once in a
 * record sink. Memory does not grow with the length of texts: they are known by a 64-bit hash under
 * a seed that the maker of a file cannot know, so that two texts share an id once in 2^64 pairs.
 *
 * Functions return RECORD_OK, RECORD_STOP after the sink stopped, or NAME_NO_MEMORY. An empty text
 * is id 0, "none".
 */
#ifndef SNAP_TOOLS_IMPORT_NAME_TABLE_H
#define SNAP_TOOLS_IMPORT_NAME_TABLE_H

#include "import/record.h"
#include "info/u64map.h"

enum { NAME_NO_MEMORY = -1 };

/** All zero but for `sink` at the start. */
struct name_table {
    const struct record_sink *sink;
    uint64_t seed;
    uint64_t next_string, next_frame, next_stack;
    struct u64map strings, frames, stacks;
};

/** The id of a text. */
int name_string(struct name_table *t, struct record_text text, uint64_t *id);

/** The id of a frame. */
int name_frame(struct name_table *t, const snap_frame *frame, uint64_t *id);

/** The id of the stack that has `frame` on top of the stack `parent` (0: of nothing). */
int name_stack(struct name_table *t, uint64_t parent, uint64_t frame, uint64_t *id);

void name_table_free(struct name_table *t);

#endif
