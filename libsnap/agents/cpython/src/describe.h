/* SPDX-License-Identifier: MIT */
/*
 * The columns of one object: sizes, reference count, flags, and what its type knows of it.
 *
 * Shallow size. The bytes that the allocator gave for the object's own block (with the collector's
 * header and the slots in front) and for each further block that it alone owns: items of a list,
 * keys and values of a dictionary, table of a set, cached UTF-8 of a str, values of instance
 * attributes where these are apart. A request is rounded as the allocator rounds: up to 512 bytes
 * to a multiple of 16 (pymalloc's classes), beyond that to malloc's chunks less their header
 * (glibc: 16 n + 8, at least 24). Objects inside loaded files and in the runtime's static state
 * were given nothing: their own block counts 0. What a library that knows nothing of Python gave
 * for an object, and mappings, are native size instead (hidden.h).
 */
#ifndef HEAPSNAP_DESCRIBE_H
#define HEAPSNAP_DESCRIBE_H

#include <snap/format.h>

#include "images.h"
#include "types.h"

struct describe {
    bool pooled;     /* pymalloc's classes below 513 bytes */
    int debug_bytes; /* added to each request; -1: unknown allocator, requests are not rounded */
    struct images images; /* objects in them are static */
    uintptr_t gap_start, gap_end; /* the gap between segments in which the last address lay */
};

/** Look at the process's segments and allocator. Takes the loader's lock: to be called before a
 *  fork, not in the child. */
void describe_init(struct describe *describe);

/** Bytes that the allocator gives for a request of `size`. O(1). */
size_t describe_block(const struct describe *describe, size_t size);

/** The same where the request goes to malloc in any configuration. */
size_t describe_malloc_block(const struct describe *describe, size_t size);

/** Fill the row of an object; `name` and the hash through `names`. `frozen`, `generation` and
 *  `tracked` are the caller's. O(1) but for the content hash of str and bytes. */
void describe_object(struct describe *describe, struct names *names, PyObject *op,
                     const struct type_info *info, snap_object *row);

/** A short text of the contents, for value previews; 0: none. `out` holds DESCRIBE_TEXT bytes. */
#define DESCRIBE_TEXT 1536u
size_t describe_text(PyObject *op, const struct type_info *info, char *out);

#endif
