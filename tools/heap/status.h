/* SPDX-License-Identifier: MIT */
/*
 * What every function of the graph core answers. The core is pure: arrays in, arrays out. It reads
 * no file, prints nothing, never exits, keeps no state between calls and has no globals. Calls on
 * different outputs may run in different threads at once; inputs are only read.
 *
 * When a function does not return HEAP_OK, its outputs own nothing and need not be freed.
 */
#ifndef HEAP_STATUS_H
#define HEAP_STATUS_H

#include <stdint.h>

enum heap_status {
    HEAP_OK = 0,
    HEAP_NO_MEMORY, /* an allocation failed; nothing was leaked, the call may be repeated */
    HEAP_TOO_LARGE, /* more than HEAP_MAX_NODES nodes, a node with 2^32-1 or more references, sizes
                       whose sum exceeds 2^63-1, or 2^32-1 or more references against the order in
                       which the depth-first search meets objects */
    HEAP_BAD_GRAPH  /* offsets that decrease, a target, root or row beyond the last one */
};

/* "None" in every array of 32-bit numbers: no dominator, no parent, not in a component. */
#define HEAP_NONE UINT32_MAX

/* With the two virtual roots every row number stays below HEAP_NONE. */
#define HEAP_MAX_NODES (UINT32_MAX - 3u)

/* An English phrase for a message ("out of memory"), without a full stop; never NULL. */
const char *heap_status_text(enum heap_status status);

#endif
