/* SPDX-License-Identifier: MIT */
/*
 * Blocks that objects of the standard library's C types own and that nothing public tells of:
 * buffers, tables, locks, the states of compression and digest libraries. One table says for each
 * type where the pointers stand; each row is checked against an object made for the purpose before
 * it is used (probe.h), and left alone where the object looks otherwise.
 *
 * Which size a block counts in: what the interpreter's allocators gave to the type's own code is
 * part of the shallow size; what a library that knows nothing of Python (zlib, bzip2, liblzma,
 * OpenSSL, the C library) keeps for the object is native memory. Native blocks are measured by
 * malloc_usable_size, only where malloc is the C library's own.
 */
#ifndef HEAPSNAP_HIDDEN_H
#define HEAPSNAP_HIDDEN_H

#include "layout.h"
#include "probe.h"

#define HIDDEN_DEPTH 5u

/** What a step of a row does. `path`: the offset of a word in the object, then offsets in the block
 *  that each word points to; where a pointer on the way is NULL, the step has nothing to do. */
enum hidden_how {
    HIDDEN_ITEMS,   /* the word points to (word at `count` + `add`) items of `width` bytes */
    HIDDEN_HALF,    /* the same, the count is an int */
    HIDDEN_SIZES,   /* the same, one item for each item of the tuple at `count` */
    HIDDEN_GROUPS,  /* the same, two items for each group of the pattern at `count` */
    HIDDEN_OUTSIDE, /* the same, unless the word points into its own block, to `add` */
    HIDDEN_FIXED,   /* a block of `add` bytes */
    HIDDEN_RAW,     /* a block of `add` bytes that malloc gave in any configuration */
    HIDDEN_TEXT,    /* a string that ends with NUL */
    HIDDEN_CODES,   /* items of `width` bytes that end with one whose first word is NULL */
    HIDDEN_BACK,    /* not a block: unless the word is the object's address + `add`, stop here */
    HIDDEN_NATIVE   /* a library's block */
};

struct hidden_step {
    uint8_t how;
    uint8_t depth; /* offsets in `path` */
    uint16_t path[HIDDEN_DEPTH];
    uint16_t count;
    uint16_t width;
    uint32_t add;
};

struct hidden {
    const char *name; /* tp_name */
    uint32_t size;    /* tp_basicsize that this layout has */
    uint32_t n_steps;
    const struct hidden_step *steps;
    const struct layout_field *fields; /* references that tp_traverse does not show, or NULL */
    bool native;                       /* some steps are a library's */
    struct probe_structure probe;
};

/** The row of a C class of that name and size, whether or not it was found to hold; NULL: there is
 *  none. O(rows). */
const struct hidden *hidden_find(const char *name, size_t size);

/** Whether a row may be used: the probe has seen that it holds. */
bool hidden_holds(const struct hidden *hidden);

/** Whether it is known that objects of a C class have memory that no row tells of. */
bool hidden_unknown(const char *name);

/** Look at the allocator, then check the rows of modules that are loaded by now. For the
 *  conditions see probe_private. */
void hidden_probe(PyObject *modules);

/** Call `block` for each block of the interpreter's allocators (`raw`: of malloc in any
 *  configuration) and return the bytes of a library's blocks. O(steps). */
size_t hidden_blocks(const struct hidden *hidden, const PyObject *op,
                     void (*block)(void *ctx, size_t size, bool raw), void *ctx);

#endif
